//! `limbic label SESSION`: the seconds of each clip in which an emotion was felt. On a terminal the labelling screen;
//! with an option, or for a script, by words.

use crate::cli::{Common, files, guided, text};
use crate::signal::{Clock, Emotion, Segment, SystemClock, seconds};
use crate::store::rows::{Entry, Session, Trial};
use crate::store::{Home, Recording};
use anyhow::{Context, bail};
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Mark the seconds of a clip in which an emotion was felt
///
/// Without an option: the labelling screen on a terminal, a list elsewhere.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples: limbic label P07/1\n          limbic label last --add 3 4.0 7.5 --emotion fear --intensity 6\n          \
                        limbic label last --events events.tsv\n          limbic train --windows labelled"
)]
pub struct Args {
    #[arg(default_value = "last", help = session_help!("Session: ", ""))]
    session: String,
    /// Which clip the screen begins with
    #[arg(long, value_name = "TRIAL")]
    trial: Option<u32>,
    /// Only list what is there
    #[arg(long)]
    list: bool,
    /// Add a segment: trial, from and to in seconds since the video's first frame
    #[arg(long, num_args = 3, value_names = ["TRIAL", "FROM", "TO"], conflicts_with_all = ["list", "remove"])]
    add: Option<Vec<f64>>,
    /// The emotion of the added segment; the trial's rating names it when absent
    #[arg(long, requires = "add")]
    emotion: Option<Emotion>,
    /// How strong, 1 to 9
    #[arg(long, requires = "add")]
    intensity: Option<u8>,
    /// Who says so
    #[arg(long, default_value = "experimenter", requires = "add")]
    by: String,
    /// Take a segment back; the row stays in the journal
    #[arg(long, value_name = "TRIAL/NUMBER")]
    remove: Option<String>,
    /// Write markers and segments as a table of events (BIDS: onset, duration, trial_type, ...)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let words = args.list || args.add.is_some() || args.remove.is_some() || args.events.is_some() || common.json;
    if !words && std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        let (session, trial) = first(args, common)?;
        return guided::label(common, session.id, trial);
    }
    let changes = args.add.is_some() || args.remove.is_some();
    let home = if changes { Home::open(&common.home)? } else { Home::view(&common.home)? };
    let session = home.find_session(&args.session)?;
    let mut recording = home.recording(session.id)?;
    let changed = match (&args.add, &args.remove) {
        (Some(add), _) => Some(added(args, add, &recording)?),
        (_, Some(word)) => Some(Segment { removed: true, ..find(word, &recording)? }),
        _ => None,
    };
    if let Some(segment) = changed {
        home.put(Entry::Segment(session.id, segment))?;
        recording = home.recording(session.id)?;
    }
    if let Some(file) = &args.events {
        write_events(file, &recording)?;
    }
    if common.json {
        let value = serde_json::json!({ "session": session.id, "segments": recording.segments });
        println!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        print!("{}", listed(&session, &recording));
    }
    Ok(())
}

/// The session and the clip that the screen begins with: the first without a segment.
fn first(args: &Args, common: &Common) -> anyhow::Result<(Session, u32)> {
    let home = Home::view(&common.home)?;
    let session = home.find_session(&args.session)?;
    let recording = home.recording(session.id)?;
    let shown = || recording.trials.iter().filter(|t| t.video_on.is_some() && t.video_off.is_some());
    let fresh = shown().find(|t| recording.felt(t).is_empty()).or_else(|| shown().next());
    let trial = args.trial.or_else(|| fresh.map(|t| t.number));
    let trial = trial.with_context(|| format!("{}/{} has no clip to label", session.participant, session.number))?;
    Ok((session, trial))
}

fn trial_of(recording: &Recording, number: u32) -> anyhow::Result<&Trial> {
    let last = recording.trials.last().map_or(0, |t| t.number);
    recording
        .trials
        .iter()
        .find(|t| t.number == number)
        .with_context(|| format!("there is no trial {number}; there are 1 to {last}"))
}

fn added(args: &Args, add: &[f64], recording: &Recording) -> anyhow::Result<Segment> {
    let [number, from_s, to_s] = add else { bail!("--add needs a trial, a beginning and an end") };
    let trial = trial_of(recording, *number as u32)?;
    let Some((on, off)) = trial.video_on.zip(trial.video_off) else { bail!("trial {number} has no video to label") };
    let last = recording.segments.iter().filter(|s| s.trial == trial.number).map(|s| s.number).max().unwrap_or(0);
    let segment = Segment {
        trial: trial.number,
        attempt: trial.attempt,
        number: last + 1,
        from_s: *from_s,
        to_s: *to_s,
        emotion: args.emotion,
        intensity: args.intensity,
        by: args.by.clone(),
        live: false,
        marked_utc: SystemClock.utc(),
        removed: false,
    };
    match segment.problem(seconds(off - on)) {
        Some(problem) => bail!("{problem}"),
        None => Ok(segment),
    }
}

fn find(word: &str, recording: &Recording) -> anyhow::Result<Segment> {
    let parsed = word.split_once('/').and_then(|(t, n)| Some((t.parse::<u32>().ok()?, n.parse::<u32>().ok()?)));
    let (trial, number) = parsed.with_context(|| format!("\"{word}\" names no segment; write TRIAL/NUMBER, as the list does"))?;
    let found = recording.segments.iter().find(|s| (s.trial, s.number) == (trial, number));
    found.cloned().with_context(|| format!("there is no segment {trial}/{number}; `limbic label --list` shows them"))
}

fn felt_word(segment: &Segment) -> String {
    segment.emotion.map_or_else(|| "as rated".into(), |e| e.name().into())
}

fn listed(session: &Session, recording: &Recording) -> String {
    let mark = text::simulated_mark(session.simulated);
    let clips = recording.trials.iter().filter(|t| !recording.felt(t).is_empty()).count();
    let mut said = format!(
        "{}/{}{mark}: {} felt segments on {clips} of {} clips\n",
        session.participant,
        session.number,
        recording.segments.len(),
        recording.trials.len()
    );
    if recording.segments.is_empty() {
        said += "`limbic label SESSION` on a terminal marks them; --add TRIAL FROM TO by words.\n";
        return said;
    }
    let rows: Vec<Vec<String>> = recording
        .segments
        .iter()
        .map(|s| {
            vec![
                format!("{}/{}", s.trial, s.number),
                recording.trials.iter().find(|t| t.number == s.trial).map_or_else(String::new, |t| t.stimulus.clone()),
                format!("{:.1}", s.from_s),
                format!("{:.1}", s.to_s),
                felt_word(s),
                s.intensity.map_or_else(|| "-".into(), |i| i.to_string()),
                s.by.clone(),
                if s.live { "live" } else { "timeline" }.into(),
            ]
        })
        .collect();
    said + &text::table(&["segment", "clip", "from s", "to s", "felt", "strong", "by", "marked"], &rows)
}

/// Markers and segments as tab-separated events, by time since the session began.
fn write_events(file: &Path, recording: &Recording) -> anyhow::Result<()> {
    let began = recording.session.started;
    let clean = |text: &str| text.replace(['\t', '\n', '\r'], " ");
    let mut rows: Vec<(f64, String)> = Vec::new();
    for marker in &recording.markers {
        let at = seconds(marker.at - began);
        let trial = marker.trial.map_or_else(|| "n/a".into(), |t| t.to_string());
        rows.push((at, format!("{at:.6}\t0\t{}\t{trial}\tn/a\tn/a\t{}", marker.kind.name(), clean(&marker.text))));
    }
    for segment in &recording.segments {
        let of = |t: &&Trial| (t.number, t.attempt) == (segment.trial, segment.attempt);
        let Some(on) = recording.attempts.iter().find(of).and_then(|t| t.video_on) else { continue };
        let (at, long) = (seconds(on - began) + segment.from_s, segment.to_s - segment.from_s);
        let strong = segment.intensity.map_or_else(|| "n/a".into(), |i| i.to_string());
        let emotion = segment.emotion.map_or("n/a", Emotion::name);
        let how = if segment.live { "live" } else { "timeline" };
        let by = clean(&segment.by);
        rows.push((at, format!("{at:.6}\t{long:.6}\tfelt\t{}\t{emotion}\t{strong}\t{how} by {by}", segment.trial)));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut table = String::from("onset\tduration\ttrial_type\ttrial\temotion\tintensity\tvalue\n");
    for (_, row) in rows {
        writeln!(table, "{row}").context("cannot make the table")?;
    }
    files::write(file, table)
}
