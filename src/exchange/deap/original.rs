//! DEAP's original recordings: BDF files, and all ratings in one table.

use super::{code, subject};
use crate::exchange::imported::{Imported, ReadOptions};
use crate::exchange::trials::{Answers, trial};
use crate::exchange::{ExchangeError, edf};
use crate::signal::{Rating, Role, to_nanos};
use crate::store::rows::Participant;
use std::path::Path;

/// Status codes: a video begins; the fixation cross after it.
const VIDEO_ON: u32 = 4;
const VIDEO_OFF: u32 = 5;
/// All videos last a minute.
const VIDEO_S: f64 = 60.0;

/// Reads `sNN.bdf` with the rows of `participant_ratings.csv` that belong to it.
///
/// # Errors
/// As the BDF reader; a table without the columns of DEAP's.
pub fn original(bdf: &Path, ratings: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let mut imported = edf::read_with(bdf, options)?;
    let rows = table(ratings, subject(bdf))?;
    let onsets = onsets(&imported);
    if onsets.len() != rows.len() {
        imported.notes.push(format!(
            "{} videos begin in the Status channel and {} were rated; they are matched in order",
            onsets.len(),
            rows.len()
        ));
    }
    let make = |((on, off), answers): ((f64, f64), Answers)| trial(answers, to_nanos(on), to_nanos(off));
    imported.trials = onsets.into_iter().zip(rows).map(make).collect();
    imported.format = "DEAP".into();
    imported.participant = Some(Participant { code: code(bdf), ..Participant::default() });
    Ok(imported)
}

/// Beginning and end of every video, s.
fn onsets(imported: &Imported) -> Vec<(f64, f64)> {
    let trigger = imported.streams.iter().find_map(|s| Some((s, *s.info.with_role(Role::Trigger).first()?)));
    let Some((stream, channel)) = trigger else { return Vec::new() };
    // The low byte is the experiment's, the others are the amplifier's.
    let code = |v: f32| v as u32 & 0xFF;
    let data = &stream.data[channel];
    let mut found: Vec<(f64, f64)> = Vec::new();
    let mut open = false;
    for t in 1..data.len() {
        let (before, now) = (code(data[t - 1]), code(data[t]));
        let at = t as f64 / stream.info.rate;
        if before != now && now == VIDEO_ON {
            found.push((at, at + VIDEO_S));
            open = true;
        } else if before != now && now == VIDEO_OFF && open {
            if let Some(last) = found.last_mut() {
                last.1 = at;
            }
            open = false;
        }
    }
    found
}

/// A participant's ratings in the order of the trials.
fn table(path: &Path, subject: Option<u32>) -> Result<Vec<Answers>, ExchangeError> {
    let text = std::fs::read_to_string(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "DEAP's ratings", why };
    let mut lines = text.lines();
    let head: Vec<String> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .map(|w| w.trim_matches(['"', ' ', '\u{feff}']).to_ascii_lowercase())
        .collect();
    let column = |name: &str| head.iter().position(|h| h == name).ok_or_else(|| wrong(format!("it has no column \"{name}\"")));
    let columns = ["participant_id", "trial", "experiment_id", "valence", "arousal", "dominance", "liking"];
    let columns: Vec<usize> = columns.into_iter().map(column).collect::<Result<_, _>>()?;
    let mut rows: Vec<Answers> = Vec::new();
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(|c| c.trim_matches(['"', ' '])).collect();
        let cell = |n: usize| cells.get(columns[n]).copied().unwrap_or_default();
        if cell(0).parse().ok() != subject {
            continue;
        }
        let scale = |n: usize| cell(n).parse().ok().filter(|v: &f32| (1.0..=9.0).contains(v));
        let rating = Rating { valence: scale(3), arousal: scale(4), emotion: None };
        let note = format!("dominance {}, liking {}", cell(5), cell(6));
        let number = cell(1).parse().map_err(|_| wrong(format!("\"{}\" is no trial", cell(1))))?;
        rows.push(Answers { number, stimulus: format!("deap-video-{}", cell(2)), intended: None, rating, note });
    }
    rows.sort_by_key(|r| r.number);
    Ok(rows)
}
