//! Numbers and commands as people read them: clocks, dates, sizes, scores, what is being done.

use crate::lab::message::{Action, Snapshot};
use crate::rig::{GateRig, Rig};
use crate::show::caps::Ink;
use crate::show::pen::{cells, clipped};
use crate::signal::{Nanos, SECOND, seconds};
use crate::store::rows::{SessionState, Trial, TrialState};
use std::path::Path;

/// 00:24:36.
pub fn clock(duration: Nanos) -> String {
    let s = (duration / SECOND).max(0);
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

/// 4:05.
pub fn minutes(duration: Nanos) -> String {
    let s = (duration / SECOND).max(0);
    format!("{}:{:02}", s / 60, s % 60)
}

/// 14:31:02 UTC of a monotonic time, tied by the snapshot's pair.
pub fn time_of_day(at: Nanos, snapshot: &Snapshot) -> String {
    chrono::DateTime::from_timestamp_nanos(snapshot.utc - (snapshot.now - at)).format("%H:%M:%S").to_string()
}

/// 2026-11-21 14:02 of UTC nanoseconds.
pub fn date(utc: Nanos) -> String {
    chrono::DateTime::from_timestamp_nanos(utc).format("%Y-%m-%d %H:%M").to_string()
}

/// 812G, 1.9G, 43M.
pub fn bytes(n: u64) -> String {
    let (mut value, mut unit) = (n as f64, 0);
    while value >= 1000.0 && unit < 5 {
        value /= 1000.0;
        unit += 1;
    }
    let unit = ["B", "k", "M", "G", "T", "P"][unit];
    if value < 10.0 && unit != "B" { format!("{value:.1}{unit}") } else { format!("{value:.0}{unit}") }
}

/// 91 %, or -- when unknown.
pub fn percent(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| "--".into(), |v| format!("{v:.0}%"))
}

/// .78, or -- when unknown.
pub fn share(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| " --".into(), |v| format!("{v:.2}"))
}

/// The word for a channel's score and its ink: the word always stands beside the colour.
pub fn judged(score: f64, pass: f64) -> (&'static str, Ink) {
    if score >= pass {
        ("ok", Ink::Good)
    } else if score >= pass / 2.0 {
        ("fair", Ink::Fair)
    } else {
        ("BAD", Ink::Bad)
    }
}

/// The percentage that the gate asks for, from the session's rig; the default where there is none.
pub fn pass_mark(snapshot: &Snapshot) -> f64 {
    let rig = snapshot.session.as_ref().filter(|s| !s.rig.is_empty());
    rig.and_then(|s| Rig::parse(&s.rig, Path::new("rig")).ok()).map_or_else(|| GateRig::default().pass, |r| r.gate.pass)
}

pub fn state(state: SessionState) -> (&'static str, Ink) {
    match state {
        SessionState::Prepared => ("prepared", Ink::Accent),
        SessionState::Recording => ("RECORDING", Ink::Bad),
        SessionState::Complete => ("complete", Ink::Good),
        SessionState::Aborted => ("ABORTED", Ink::Fair),
        SessionState::Interrupted => ("INTERRUPTED", Ink::Bad),
    }
}

/// How many trials were done.
pub fn done_trials(trials: &[Trial]) -> usize {
    trials.iter().filter(|t| t.state == TrialState::Done).count()
}

/// "1 redone, 3 cut off, 0 skipped": what else attempts at trials came to. Cut off are those that the end of the program
/// superseded, interrupted those that were paused and went on.
pub fn outcomes(trials: &[Trial]) -> String {
    let count = |holds: &dyn Fn(&Trial) -> bool| trials.iter().filter(|t| holds(t)).count();
    let redone = count(&|t| t.state == TrialState::Redone && !t.was_cut_off());
    let skipped = count(&|t| t.state == TrialState::Skipped);
    let mut text = format!("{redone} redone");
    for (n, word) in [(count(&Trial::was_cut_off), "cut off"), (count(&|t| t.state == TrialState::Interrupted), "paused")] {
        if n > 0 {
            text += &format!(", {n} {word}");
        }
    }
    text + &format!(", {skipped} skipped")
}

/// Cuts to `width` columns, with two dots where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if cells(text) <= width {
        return text.into();
    }
    if width < 3 { clipped(text, width).into() } else { format!("{}..", clipped(text, width - 2)) }
}

/// Seconds with one decimal.
pub fn tenths(duration: Nanos) -> String {
    format!("{:.1}", seconds(duration))
}

/// The command stores something that a person said or decided.
pub fn saves(action: &Action) -> bool {
    use Action::{Abort, Mark, Moment, Note, Override, Place, Prepare, Rate, Segment, Unrate};
    matches!(
        action,
        Place { .. }
            | Moment { .. }
            | Segment { .. }
            | Prepare { .. }
            | Override { .. }
            | Note { .. }
            | Mark { .. }
            | Rate { .. }
            | Unrate { .. }
            | Abort { .. }
    )
}

/// What is being saved or done, while the lab has not answered.
pub fn doing(action: &Action) -> &'static str {
    match action {
        Action::Prepare { .. } => "participant and consent",
        Action::Resume { .. } => "the session goes on; connect its rig",
        Action::Connect { .. } => "connecting the devices",
        Action::Disconnect => "releasing the devices",
        Action::Place { .. } => "the electrode's mark",
        Action::SelfTest => "the self-test",
        Action::Preview { .. } => "the preview",
        Action::Order { .. } => "the playlist's order",
        Action::CheckPlaylist => "looking at the playlist's files",
        Action::Moment { .. } => "the moment",
        Action::Label { .. } => "reading the timeline",
        Action::Segment { .. } => "the segment",
        Action::Draft { .. } => "draft",
        Action::Override { .. } => "the reason to go on",
        Action::Begin => "beginning the recording",
        Action::Pause { .. } => "pause",
        Action::Continue => "going on",
        Action::Redo { .. } => "redo",
        Action::Skip { .. } => "skip",
        Action::Abort { .. } => "ending the session",
        Action::Note { .. } => "note",
        Action::Mark { .. } => "marker",
        Action::Rate { .. } => "answer",
        Action::Unrate { .. } => "taking the answer back",
        Action::Next => "next phase",
        Action::Review { .. } => "reading the session",
        Action::Train { .. } => "starting the training",
        Action::StopJob => "stopping the job",
        Action::Quit => "leaving",
    }
}

/// A command that was acknowledged.
pub fn done(action: &Action) -> String {
    match action {
        Action::Connect { .. } => "devices connected".into(),
        Action::SelfTest => "the self-test runs again".into(),
        Action::Preview { on: true } => "preview on: a small picture every two seconds, to this terminal only".into(),
        Action::Preview { on: false } => "preview off".into(),
        Action::Order { seed: Some(seed) } => format!("another order: seed {seed}"),
        Action::Order { seed: None } => "the order is as listed".into(),
        Action::CheckPlaylist => "every file of the playlist is there".into(),
        Action::Place { label, state, .. } => format!("saved: {label} {}", state.name()),
        Action::Segment { segment, .. } if segment.removed => "taken back; z brings it again".into(),
        Action::Begin => "recording".into(),
        Action::Review { .. } => "session read".into(),
        Action::Label { .. } => "timeline read".into(),
        Action::Train { .. } => "training started".into(),
        Action::Disconnect | Action::Continue | Action::Next | Action::StopJob | Action::Quit => {
            format!("done: {}", doing(action))
        }
        _ => format!("saved: {}", doing(action)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_had_redone_is_told_from_what_was_cut_off() {
        let trial = |state, note: &str| Trial {
            number: 1,
            attempt: 1,
            stimulus: String::new(),
            intended: None,
            video_on: None,
            video_off: None,
            state,
            rating: Default::default(),
            rated_by: String::new(),
            quality: None,
            note: note.into(),
        };
        let cut_off = trial(TrialState::Redone, Trial::CUT_OFF);
        let trials = [
            trial(TrialState::Redone, "movement"),
            cut_off.clone(),
            Trial { note: format!("sneezed; {}", Trial::CUT_OFF), ..cut_off },
            trial(TrialState::Done, ""),
        ];
        assert_eq!((done_trials(&trials), outcomes(&trials)), (1, "1 redone, 2 cut off, 0 skipped".into()));
        assert_eq!(outcomes(&[trial(TrialState::Interrupted, "door")]), "0 redone, 1 paused, 0 skipped");
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(clock(3_723 * SECOND), "01:02:03");
        assert_eq!(clock(-5), "00:00:00");
        assert_eq!((bytes(812_400_000_000), bytes(1_940_000_000), bytes(12)), ("812G".into(), "1.9G".into(), "12B".into()));
        assert_eq!(date(0), "1970-01-01 00:00");
        assert_eq!(cut("a long name.mp4", 8), "a long..");
        assert_eq!(percent(None), "--");
    }
}
