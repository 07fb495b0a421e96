//! `limbic show SESSION`: streams with their counters, trials, what was noted and marked, what was predicted.

use crate::cli::{Common, clocks, text};
use crate::store::rows::Trial;
use crate::store::{Delivery, Home};
use crate::study;

/// One session: streams, counters, trials, notes and markers, predictions
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic show P07/1")]
pub struct Args {
    #[arg(default_value = "last", help = session_help!("Session: ", ""))]
    session: String,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::view(&common.home)?;
    let session = home.find_session(&args.session)?;
    let review = study::review(&home, session.id)?;
    let recording = home.recording(session.id)?;
    if common.json {
        let mut value = serde_json::to_value(&review)?;
        value["clocks"] = serde_json::to_value(clocks::summaries(&recording))?;
        let session = &recording.session;
        let deliveries: Vec<_> = recording.streams.iter().map(|row| Delivery::of(session, row, &recording.consent)).collect();
        value["electrodes"] = serde_json::to_value(&recording.placements)?;
        // All of them, the course's own too; times as those of the trials.
        value["markers"] = serde_json::to_value(&recording.markers)?;
        value["segments"] = serde_json::to_value(&recording.segments)?;
        value["deliveries"] = serde_json::to_value(deliveries)?;
        value["unreadable"] = serde_json::to_value(&recording.unreadable)?;
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    print!("{}", text::session(&review.session, &review.streams, &recording.consent, &review.trials, |t| recording.is_usable(t)));
    for row in &recording.redactions {
        println!("redacted {}: {} frames {} on {}", row.stream, row.frames, row.how, text::utc(row.at_utc));
    }
    if !recording.marked_bad().is_empty() {
        println!("electrodes marked as bad: {}", recording.marked_bad().join(", "));
    }
    if !recording.segments.is_empty() {
        println!("felt segments: {} (limbic label {} --list)", recording.segments.len(), session.id);
    }
    print!("\n{}", clocks::text(&recording));
    if !review.trials.is_empty() {
        print!("\n{}", trials(&review.trials));
    }
    let remarks = text::remarks(&recording.markers, recording.session.started);
    if !remarks.is_empty() {
        print!("\nnotes and markers\n{remarks}");
    }
    if !review.predictions.is_empty() {
        print!("\n{}", text::review(&review));
    }
    Ok(())
}

/// The trials, with a column of notes where there is one.
fn trials(trials: &[Trial]) -> String {
    let mut head = vec!["trial", "stimulus", "intended", "felt", "valence", "arousal", "quality", "state"];
    let mut rows: Vec<Vec<String>> = trials.iter().map(trial_row).collect();
    let notes: Vec<String> = trials.iter().map(|trial| text::one_line(&trial.note)).collect();
    let width = notes.iter().map(|note| note.chars().count()).max().unwrap_or(0);
    if width == 0 {
        return text::table(&head, &rows);
    }
    // Words begin below each other; the table would let them end there.
    let width = width.max("note".len());
    let title = format!("{:<width$}", "note");
    head.push(&title);
    rows.iter_mut().zip(notes).for_each(|(row, note)| row.push(format!("{note:<width$}")));
    text::table(&head, &rows)
}

fn trial_row(trial: &Trial) -> Vec<String> {
    let number = |v: Option<f32>| v.map_or("-".into(), |v| format!("{v}"));
    let word = |e: Option<crate::signal::Emotion>| e.map_or("-".into(), |e| e.name().to_string());
    vec![
        if trial.attempt > 1 { format!("{} (attempt {})", trial.number, trial.attempt) } else { trial.number.to_string() },
        trial.stimulus.clone(),
        word(trial.intended),
        word(trial.rating.emotion),
        number(trial.rating.valence),
        number(trial.rating.arousal),
        trial.quality.map_or("-".into(), |q| format!("{q:.0} %")),
        format!("{:?}", trial.state).to_lowercase(),
    ]
}
