//! Plain text for people: tables, percentages, the review of a session, the Quality Test.

pub mod evaluation;
mod explanation;

use crate::lab::message::Review;
use crate::signal::{Marker, MarkerKind, Nanos, seconds};
use crate::store::rows::{Consent, PredictionRow, Session, SessionState, StreamRow, Trial};
use crate::store::{Delivery, Search};
pub use explanation::{quality_test, topographies};
use std::fmt::Write;

/// A table with left-aligned first column and right-aligned others, two spaces between.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let columns = head.len();
    let width = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).chain([head[c].chars().count()]).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let line = |cells: Vec<&str>| {
        let mut out = String::new();
        for (c, cell) in cells.iter().enumerate() {
            let pad = widths[c].saturating_sub(cell.chars().count());
            if c == 0 {
                let _ = write!(out, "{cell}{}", " ".repeat(pad));
            } else {
                let _ = write!(out, "  {}{cell}", " ".repeat(pad));
            }
        }
        out.trim_end().to_string()
    };
    let mut text = line(head.to_vec()) + "\n";
    for row in rows {
        let cells = (0..columns).map(|c| row.get(c).map_or("", String::as_str)).collect();
        text += &(line(cells) + "\n");
    }
    text
}

/// "72 %".
pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// "72 %" or "-".
pub fn percent_or_dash(share: Option<f64>) -> String {
    share.map_or("-".into(), percent)
}

/// UTC nanoseconds as "2026-11-21 14:02:10".
pub fn utc(t: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(t).format("%Y-%m-%d %H:%M:%S").to_string()
}

pub fn state(state: SessionState) -> &'static str {
    match state {
        SessionState::Prepared => "prepared",
        SessionState::Recording => "RECORDING",
        SessionState::Complete => "complete",
        SessionState::Aborted => "aborted",
        SessionState::Interrupted => "INTERRUPTED",
    }
}

/// "  SIMULATED" for whatever did not come from a person.
pub fn simulated_mark(simulated: bool) -> &'static str {
    if simulated { "  SIMULATED" } else { "" }
}

/// The session in a few lines, with every stream's counters; `usable` says which trials count.
pub fn session(
    session: &Session,
    streams: &[StreamRow],
    consent: &Consent,
    trials: &[Trial],
    usable: impl Fn(&Trial) -> bool,
) -> String {
    let mut text = format!(
        "{}/{}  {}  {}  {}{}\n",
        session.participant,
        session.number,
        session.id,
        utc(session.started_utc),
        state(session.state),
        simulated_mark(session.simulated)
    );
    let _ = writeln!(text, "rig      {}   player {}   source {}", session.rig_name, session.player, session.source);
    if let Some(ended) = session.ended {
        let _ = writeln!(text, "length   {:.1} s", seconds(ended - session.started));
    }
    if let Some(verdict) = &session.verdict {
        let _ = writeln!(text, "gate     {}: {}", if verdict.pass { "passed" } else { "NOT PASSED" }, verdict.why);
    }
    if let Some(reason) = &session.override_reason {
        let _ = writeln!(text, "override {reason}");
    }
    let rows = streams.iter().map(stream_row).collect::<Vec<_>>();
    text += "\n";
    text += &table(&["stream", "channels", "rate Hz", "written", "lost", "dropped", "device", "clock"], &rows);
    text += &deliveries(session, streams, consent);
    if !trials.is_empty() {
        let usable = trials.iter().filter(|t| usable(t)).count();
        // Many a data set asked for no word of an emotion.
        let words = !session.source.starts_with("import:") || trials.iter().any(|t| t.rating.emotion.is_some());
        let rated = trials.iter().filter(|t| t.rating.answers(words)).count();
        let _ = writeln!(text, "\ntrials   {} of {} usable, {rated} fully rated", usable, session.trials_planned);
    }
    text
}

/// What a person typed or did while the session was prepared and recorded, a line each: notes, markers, what was done to
/// the course with its reason, and an override even where the gate passed afterwards.
pub fn remarks(markers: &[Marker], started: Nanos) -> String {
    let by_hand = |m: &&Marker| {
        use MarkerKind::{Abort, Marker, Note, Override, Pause, Redo, Resume, Skip};
        matches!(m.kind, Abort | Marker | Note | Override | Pause | Redo | Resume | Skip)
    };
    let mut text = String::new();
    for m in markers.iter().filter(by_hand) {
        let trial = m.trial.map(|n| format!("trial {n}")).unwrap_or_default();
        let line = format!("{:>9.1} s  {:<8}  {trial:<9}  {}", seconds(m.at - started), m.kind.name(), one_line(&m.text));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Typed words as they may stand on a line of a terminal.
pub fn one_line(typed: &str) -> String {
    typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What each stream promised and delivered, and where it has gaps.
fn deliveries(session: &Session, streams: &[StreamRow], consent: &Consent) -> String {
    const MOST: usize = 10;
    let mut text = String::from("\n");
    for row in streams {
        let delivery = Delivery::of(session, row, consent);
        let gaps = &delivery.gaps;
        let _ = writeln!(text, "{}", delivered(&delivery));
        for gap in gaps.iter().take(MOST) {
            let _ = writeln!(text, "  gap at {:.3} s: {} ({:.3} s)", gap.at_s, gap.samples, gap.seconds);
        }
        if gaps.len() > MOST {
            let _ = writeln!(text, "  and {} more gaps", gaps.len() - MOST);
        }
    }
    text
}

/// What a stream promised and delivered, in a line.
pub fn delivered(delivery: &Delivery) -> String {
    let Delivery { stream, promised, delivered, withheld, verdict, .. } = delivery;
    if *withheld {
        return format!("{stream}: {verdict}");
    }
    let about = if delivery.is_about() { "about " } else { "" };
    format!("{stream}: {delivered} of {about}{promised} promised; {verdict}")
}

fn stream_row(row: &StreamRow) -> Vec<String> {
    vec![
        row.info.name.clone(),
        if row.info.channels.is_empty() { "-".into() } else { row.info.channels.len().to_string() },
        format!("{}", row.info.rate),
        row.written.to_string(),
        row.lost.to_string(),
        row.dropped.to_string(),
        row.info.device.clone(),
        row.info.clock.clone(),
    ]
}

/// What was predicted, beside chance, beside what was felt; disagreements first.
pub fn review(review: &Review) -> String {
    let mut text = String::new();
    let mark = simulated_mark(review.session.simulated);
    if review.scored_trials == 0 {
        let _ = writeln!(text, "NO ACCURACY: {}{mark}", why_unscored(review));
    } else {
        let _ = writeln!(text, "ACCURACY on {} held-out trials (grouped by trial){mark}", review.scored_trials);
        text += &accuracies(review);
    }
    text += "\nTRIALS (disagreements first)\n";
    text += &predictions(review);
    for caveat in review.cards.iter().flat_map(|c| &c.caveats).collect::<std::collections::BTreeSet<_>>() {
        let _ = writeln!(text, "! {caveat}");
    }
    text
}

/// Why predictions without a single held-out, labelled trial have no score.
fn why_unscored(review: &Review) -> &'static str {
    match review.predictions.iter().any(|p| p.held_out) {
        true => "no trial has a label that the model knows",
        false => "the model was trained on these trials (or does not say on which), so that a score would say nothing",
    }
}

fn accuracies(review: &Review) -> String {
    let mut text = String::new();
    let chance = 1.0 / review.classes.len().max(1) as f64;
    let rows = [("EEG alone", review.eeg_accuracy), ("face alone", review.face_accuracy), ("fused", review.fused_accuracy)]
        .into_iter()
        .filter(|(_, a)| a.is_some())
        .map(|(name, a)| vec![name.into(), percent_or_dash(a)])
        .chain([vec!["always the most frequent".into(), percent(review.majority)], vec!["chance".into(), percent(chance)]])
        .collect::<Vec<_>>();
    text += &table(&["", "accuracy"], &rows);
    let _ = writeln!(text, "\nCONFUSION (rows = {})", target(review));
    text += &confusion(&review.classes, &review.confusion);
    text
}

/// What a search for erased bytes found, in one line.
pub fn searched(search: &Search) -> String {
    let Search { needles, files, bytes, found_in } = search;
    let looked = format!("looked for {needles} pieces of it in {files} files ({} kB)", bytes / 1000);
    if found_in.is_empty() { format!("{looked}: none is left") } else { format!("! {looked}: still in {}", found_in.join(", ")) }
}

/// Counts with the class names as heads.
pub fn confusion(classes: &[String], counts: &[Vec<usize>]) -> String {
    let head: Vec<&str> = std::iter::once("").chain(classes.iter().map(String::as_str)).collect();
    let rows: Vec<Vec<String>> = classes
        .iter()
        .zip(counts)
        .map(|(name, row)| std::iter::once(name.clone()).chain(row.iter().map(usize::to_string)).collect())
        .collect();
    table(&head, &rows)
}

fn best<'a>(classes: &'a [String], probabilities: Option<&Vec<f32>>) -> Option<(&'a str, f32)> {
    let probabilities = probabilities?;
    let mut at = 0;
    for (i, p) in probabilities.iter().enumerate() {
        if *p > probabilities[at] {
            at = i;
        }
    }
    Some((classes.get(at)?, *probabilities.get(at)?))
}

fn predictions(review: &Review) -> String {
    let said = |row: &PredictionRow, p: Option<&Vec<f32>>| {
        best(&row.classes, p).map(|(c, p)| format!("{c} .{:02.0}", (100.0 * p).min(99.0)))
    };
    let wrong = |row: &PredictionRow| {
        let truth = row.truth.and_then(|t| row.classes.get(t)).map(String::as_str);
        best(&row.classes, row.fused.as_ref().or(row.eeg.as_ref()).or(row.face.as_ref())).map(|(c, _)| c) != truth
    };
    let split = |row: &PredictionRow| match (best(&row.classes, row.eeg.as_ref()), best(&row.classes, row.face.as_ref())) {
        (Some((a, _)), Some((b, _))) => a != b,
        _ => false,
    };
    let mut rows: Vec<&PredictionRow> = review.predictions.iter().collect();
    rows.sort_by_key(|r| (!wrong(r), !split(r), r.trial));
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|r| {
            vec![
                r.trial.to_string(),
                r.truth.and_then(|t| r.classes.get(t)).cloned().unwrap_or("-".into()),
                said(r, r.eeg.as_ref()).unwrap_or("-".into()),
                said(r, r.face.as_ref()).unwrap_or("-".into()),
                said(r, r.fused.as_ref()).unwrap_or("-".into()),
                if wrong(r) {
                    "WRONG"
                } else if split(r) {
                    "split"
                } else {
                    ""
                }
                .into(),
                if r.held_out { "" } else { "IN-SAMPLE" }.into(),
                rests_on(r),
            ]
        })
        .collect();
    table(&["trial", target(review), "EEG", "face", "fused", "", "", ""], &rows)
}

/// What the predictions are judged by.
fn target(review: &Review) -> &'static str {
    review.cards.first().map_or("label", |card| evaluation::target(card.target))
}

/// Which modality was left out of a fused answer, and why no class should be named.
fn rests_on(row: &PredictionRow) -> String {
    let quality = |q: Option<f32>| q.map(|q| format!(", quality {q:.0}")).unwrap_or_default();
    let left_out = match row.parts.source.as_str() {
        "eeg_only" if row.face.is_some() || row.parts.face_quality.is_some() => {
            format!("EEG only (face{})", quality(row.parts.face_quality))
        }
        "face_only" => format!("face only (EEG{})", quality(row.parts.eeg_quality)),
        _ => String::new(),
    };
    let abstains = row.parts.abstain.as_ref().map(|why| format!("abstains: {why}"));
    [Some(left_out), abstains].into_iter().flatten().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ")
}
