//! `limbic show SESSION`: streams with their counters, trials, what was predicted.

use crate::cli::{Common, clocks, text};
use crate::store::{Delivery, Home};
use crate::study;

/// One session: streams, counters, trials, predictions
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
        let rows: Vec<Vec<String>> = review.trials.iter().map(trial_row).collect();
        print!("\n{}", text::table(&["trial", "stimulus", "intended", "felt", "valence", "arousal", "quality", "state"], &rows));
    }
    if !review.predictions.is_empty() {
        print!("\n{}", text::review(&review));
    }
    Ok(())
}

fn trial_row(trial: &crate::store::rows::Trial) -> Vec<String> {
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
