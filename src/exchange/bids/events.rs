//! `_events.tsv` and its JSON: trials with what was answered, markers, gaps; and the answers once more as behaviour.

use crate::exchange::outgoing::Event;
use crate::exchange::trial_text;
use crate::exchange::tsv::Table;
use crate::signal::{Emotion, MarkerKind, Segment};
use crate::store::rows::Trial;
use serde_json::{Map, Value, json};

/// Answers stand in the columns 4 to 13.
const COLUMNS: [&str; 19] = [
    "onset",
    "duration",
    "trial_type",
    "text",
    "trial",
    "attempt",
    "state",
    "stimulus",
    "intended",
    "valence",
    "arousal",
    "emotion",
    "rated_by",
    "quality",
    "segment",
    "intensity",
    "live",
    "marked_utc",
    "sample",
];

/// One row an event; onsets in seconds by the count of samples, to the microsecond.
pub(super) fn table(events: &[Event], rate: f64) -> String {
    let mut table = Table::new(&COLUMNS);
    let mut rows: Vec<(i64, Vec<String>)> = events.iter().map(|event| row(event, rate)).collect();
    // Rounded onsets decide, so that the order is the same when the rows are read and written again.
    rows.sort_by_key(|(onset, _)| *onset);
    table.rows = rows.into_iter().map(|(_, row)| row).collect();
    table.text()
}

/// Onset in us, and the cells.
fn row(event: &Event, rate: f64) -> (i64, Vec<String>) {
    let micros = |s: f64| (s * 1e6).round() as i64;
    let (onset, end) = (micros(event.onset_s), micros(event.onset_s + event.duration_s));
    let text = event.trial.as_ref().map_or(&event.text, |t| &t.note).clone();
    let mut row = vec![decimal(onset), decimal(end - onset), event.kind.clone(), text];
    row.extend(match &event.felt {
        Some(felt) => felt_answers(felt),
        None => answers(event.trial.as_ref(), event.of_trial),
    });
    row.extend(event.felt.as_ref().map_or([const { String::new() }; 4], |felt| {
        let marked = chrono::DateTime::from_timestamp_nanos(felt.marked_utc).format("%Y-%m-%dT%H:%M:%S%.9fZ");
        let live = if felt.live { "yes" } else { "no" };
        let intensity = felt.intensity.map(|i| i.to_string()).unwrap_or_default();
        [felt.number.to_string(), intensity, live.into(), marked.to_string()]
    }));
    row.push(((onset as f64 * 1e-6 * rate).round() as i64).to_string());
    (onset, row)
}

/// Seconds of microseconds, without zeros at the end.
fn decimal(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{:06}", micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// The columns of answers for seconds in which an emotion was felt.
fn felt_answers(felt: &Segment) -> Vec<String> {
    let mut cells = vec![String::new(); 10];
    cells[0] = felt.trial.to_string();
    cells[1] = felt.attempt.to_string();
    cells[7] = felt.emotion.map_or(String::new(), |e| e.name().into());
    cells[8] = felt.by.clone();
    cells
}

/// The seconds of a row that [`table`] wrote, as a line of text; None: another kind of row.
pub(super) fn felt_line(table: &Table, row: &[String]) -> Option<String> {
    let number = |name: &str| table.cell(row, name).and_then(|n| n.parse::<u32>().ok());
    let marked = table.cell(row, "marked_utc").and_then(|t| chrono::DateTime::parse_from_rfc3339(t).ok());
    let felt = Segment {
        trial: number("trial")?,
        attempt: number("attempt")?,
        number: number("segment")?,
        emotion: table.cell(row, "emotion").and_then(|w| w.parse().ok()),
        intensity: number("intensity").and_then(|i| u8::try_from(i).ok()),
        by: table.cell(row, "rated_by").unwrap_or_default().into(),
        live: table.cell(row, "live") == Some("yes"),
        marked_utc: marked.and_then(|t| t.timestamp_nanos_opt()).unwrap_or(0),
        ..Segment::default()
    };
    (table.cell(row, "trial_type") == Some("felt")).then(|| trial_text::write_felt(&felt))
}

/// trial, attempt, state, stimulus, intended, valence, arousal, emotion, rated_by, quality.
fn answers(trial: Option<&Trial>, of_trial: Option<u32>) -> Vec<String> {
    let Some(t) = trial else {
        let mut cells = vec![String::new(); 10];
        cells[0] = of_trial.map(|n| n.to_string()).unwrap_or_default();
        return cells;
    };
    let scale = |v: Option<f32>| v.map(|v| v.to_string()).unwrap_or_default();
    let word = |e: Option<Emotion>| e.map(|e| e.name().to_string()).unwrap_or_default();
    vec![
        t.number.to_string(),
        t.attempt.to_string(),
        trial_text::state(t.state).into(),
        t.stimulus.clone(),
        word(t.intended),
        scale(t.rating.valence),
        scale(t.rating.arousal),
        word(t.rating.emotion),
        t.rated_by.clone(),
        t.quality.map(|q| q.to_string()).unwrap_or_default(),
    ]
}

/// The latest attempt at each trial, without times: what was answered.
pub(super) fn behaviour(trials: &[Trial]) -> String {
    let mut table = Table::new(&COLUMNS[4..14]);
    table.rows = trials.iter().map(|t| answers(Some(t), None)).collect();
    table.text()
}

/// What each kind of event is.
fn levels() -> Map<String, Value> {
    let mut levels = Map::new();
    for (kind, text) in [
        ("trial", "one attempt at one video, from its first to its last picture"),
        ("felt", "seconds of a video in which an emotion was felt"),
        ("BAD_gap", "samples were lost"),
    ] {
        levels.insert(kind.into(), json!(text));
    }
    for kind in MarkerKind::ALL {
        levels.insert(kind.name().into(), json!(meaning(kind)));
    }
    levels
}

fn meaning(kind: MarkerKind) -> &'static str {
    match kind {
        MarkerKind::SessionStart => "the session began",
        MarkerKind::SessionEnd => "the session ended",
        MarkerKind::EyesOpen => "a baseline with open eyes began",
        MarkerKind::EyesClosed => "a baseline with closed eyes began",
        MarkerKind::Fixation => "a fixation cross was shown",
        MarkerKind::VideoOn => "first picture of a video",
        MarkerKind::VideoOff => "last picture of a video",
        MarkerKind::RatingOn => "the questions were shown",
        MarkerKind::RatingOff => "the questions were answered",
        MarkerKind::Rest => "a rest began",
        MarkerKind::Pause => "the session was paused",
        MarkerKind::Resume => "the session went on",
        MarkerKind::Redo => "a trial is repeated",
        MarkerKind::Skip => "a trial is left out",
        MarkerKind::Abort => "the session was broken off",
        MarkerKind::Marker => "the experimenter pressed the marker key",
        MarkerKind::External => "another program or file said so; the text says what",
        MarkerKind::Note => "the experimenter wrote a note",
        MarkerKind::Gate => "the check of signal quality was passed",
        MarkerKind::Override => "the check of signal quality was overridden for the reason in the text",
        MarkerKind::Trouble => "a device failed, stalled or came back, or samples were lost",
    }
}

/// What the columns mean; `player` names what showed the videos.
pub(super) fn describe(player: &str, only_answers: bool) -> Value {
    let words: Map<String, Value> =
        Emotion::ALL.iter().map(|e| (e.name().to_string(), json!(format!("felt {}", e.name())))).collect();
    let scale = |what: &str, low: &str, high: &str| {
        json!({
            "LongName": what,
            "Description": format!("self-assessment manikin, 1 ({low}) to 9 ({high})"),
            "Minimum": 1, "Maximum": 9, "Format": "number", "Units": "arbitrary",
        })
    };
    let mut about = Map::new();
    let mut say = |name: &str, text: Value| about.insert(name.into(), text);
    if !only_answers {
        say("trial_type", json!({ "Description": "what happened", "Levels": Value::Object(levels()) }));
        say("text", json!({ "Description": "text of a marker, note on a trial" }));
        say("segment", json!({ "Description": "felt: 1, 2, ... within the attempt" }));
        say(
            "intensity",
            json!({ "Description": "felt: 1 (barely) to 9 (as strong as can be)", "Minimum": 1, "Maximum": 9, "Format": "number" }),
        );
        say("live", json!({ "Description": "felt: marked while the video ran", "Levels": { "yes": "yes", "no": "afterwards" } }));
        say("marked_utc", json!({ "Description": "felt: when it was marked, UTC to the nanosecond" }));
        say("sample", json!({ "Description": "0-based sample of the recording at the onset" }));
        say(
            "StimulusPresentation",
            json!({ "SoftwareName": "limbic", "SoftwareVersion": env!("CARGO_PKG_VERSION"), "OperatingSystem": "Linux", "Code": format!("player: {player}") }),
        );
    }
    say("trial", json!({ "Description": "number of the trial in the session's order, from 1" }));
    say("attempt", json!({ "Description": "1, 2, ...: a repeated trial keeps its earlier attempts" }));
    let states = json!({
        "done": "shown to its end", "interrupted": "paused in the middle", "redone": "replaced by a later attempt",
        "skipped": "not shown", "running": "the recording ended during it",
    });
    say("state", json!({ "Description": "how the attempt ended", "Levels": states }));
    say("stimulus", json!({ "Description": "name of the video; the videos themselves are not part of the data set" }));
    say("intended", json!({ "Description": "the emotion that the video is meant to raise" }));
    say("valence", scale("valence", "unpleasant", "pleasant"));
    say("arousal", scale("arousal", "calm", "excited"));
    say("emotion", json!({ "Description": "the emotion that the participant reports", "Levels": Value::Object(words) }));
    say("rated_by", json!({ "Description": "who entered the ratings" }));
    say("quality", json!({ "Description": "EEG quality during the video", "Minimum": 0, "Maximum": 100, "Format": "number" }));
    Value::Object(about)
}
