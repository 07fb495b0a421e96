//! A recording of a BIDS data set, with what its sidecars say.

use super::{events, lab, physio};
use crate::exchange::imported::{Imported, ReadOptions, file_name};
use crate::exchange::recognise::{Source, names};
use crate::exchange::trial_text;
use crate::exchange::tsv::Table;
use crate::exchange::{ExchangeError, roles};
use crate::signal::{Marker, MarkerKind, Rating, to_nanos};
use crate::store::rows::{Participant, Trial, TrialState};
use std::path::{Path, PathBuf};

/// One recording of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub root: PathBuf,
    /// The file with the samples (BrainVision: its header).
    pub recording: PathBuf,
    /// "sub-01" without "sub-".
    pub subject: String,
}

impl Run {
    /// A sidecar of the recording: the name up to "_eeg", then `end`.
    fn beside(&self, end: &str) -> PathBuf {
        let name = file_name(&self.recording);
        let base = name.rsplit_once("_eeg.").map_or(name.as_str(), |(base, _)| base);
        self.recording.with_file_name(format!("{base}{end}"))
    }
}

/// Every recording under `sub-*/[ses-*/]eeg`, and what is left out.
///
/// # Errors
/// A folder that cannot be read.
pub fn runs(root: &Path) -> Result<(Vec<Run>, Vec<String>), ExchangeError> {
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    let under = |folder: &Path, start: &str| -> Result<Vec<PathBuf>, ExchangeError> {
        Ok(names(folder)?.into_iter().filter(|p| p.is_dir() && file_name(p).starts_with(start)).collect())
    };
    for subject in under(root, "sub-")? {
        let mut places = under(&subject, "ses-")?;
        places.push(subject.clone());
        for place in places {
            for kind in names(&place)?.into_iter().filter(|p| p.is_dir() && !file_name(p).starts_with("ses-")) {
                if file_name(&kind) != "eeg" {
                    skipped.push(format!("{}: limbic reads eeg folders", kind.display()));
                    continue;
                }
                for file in names(&kind)? {
                    let name = file_name(&file);
                    if ["_eeg.vhdr", "_eeg.edf", "_eeg.bdf", "_eeg.set"].iter().any(|end| name.ends_with(end)) {
                        let subject = file_name(&subject).trim_start_matches("sub-").to_string();
                        found.push(Run { root: root.into(), recording: file, subject });
                    }
                }
            }
        }
    }
    if found.is_empty() {
        skipped.push("no recording (_eeg.vhdr, .edf, .bdf or .set) lies under sub-*/eeg".into());
    }
    Ok((found, skipped))
}

/// Reads one recording and its sidecars.
///
/// # Errors
/// As the reader of its format; a sidecar that cannot be read.
pub fn read(run: &Run, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let file = run.recording.clone();
    let source = match file.extension().and_then(|e| e.to_str()) {
        Some("vhdr") => Source::BrainVision(file),
        Some("set") => Source::Eeglab(file),
        _ => Source::Edf(file),
    };
    let mut imported = source.read(options)?;
    imported.format = "BIDS".into();
    // What was guessed about channels is settled by channels.tsv.
    let channels = run.beside("_channels.tsv");
    match channels.is_file() {
        true => apply_channels(&Table::read(&channels)?, &mut imported),
        false => imported.notes.push(format!("{} is not there; labels tell what is measured", file_name(&channels))),
    }
    let events = run.beside("_events.tsv");
    if events.is_file() {
        apply_events(&Table::read(&events)?, &mut imported);
    }
    physio::read_beside(&run.recording, &mut imported)?;
    lab::restore(run, &mut imported);
    imported.participant = Some(person(run)?);
    Ok(imported)
}

fn apply_channels(table: &Table, imported: &mut Imported) {
    let (mut unknown, mut odd) = (Vec::new(), Vec::new());
    imported.notes.retain(|n| !n.contains("are taken for EEG"));
    for row in &table.rows {
        let Some(name) = table.cell(row, "name") else { continue };
        let all = imported.streams.iter_mut().flat_map(|s| s.info.channels.iter_mut().zip(&mut s.data));
        let Some((channel, data)) = all.into_iter().find(|(c, _)| c.label == name) else {
            unknown.push(name.to_string());
            continue;
        };
        let said = table.cell(row, "units").unwrap_or_default();
        let Some(role) = table.cell(row, "type").and_then(roles::named) else { continue };
        // Values are in the file's unit; the role decides whether volts are kept as uV or mV.
        let (unit, factor) = crate::exchange::imported::in_our_unit(&channel.unit, role);
        if factor != 1.0 {
            data.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
            channel.step = channel.step.map(|step| step * factor);
            channel.zero *= factor;
        }
        let named = crate::exchange::imported::in_our_unit(said, role).0;
        if !said.is_empty() && !unit.is_empty() && named != unit {
            odd.push(format!("{name} ({said}, {unit})"));
        }
        (channel.role, channel.unit) = (role, unit);
    }
    if !unknown.is_empty() {
        imported.notes.push(format!("channels.tsv names channels that are not in the recording: {}", unknown.join(", ")));
    }
    if !odd.is_empty() {
        imported
            .notes
            .push(format!("units of channels.tsv and of the recording differ; the recording's are taken: {}", odd.join(", ")));
    }
    for stream in &mut imported.streams {
        stream.info.name = crate::exchange::imported::stream_name(&stream.info.channels, &stream.info.name.clone());
    }
}

fn apply_events(table: &Table, imported: &mut Imported) {
    // What fills the last record of an EDF or BDF file is a matter of that file alone.
    imported.annotations.retain(|(_, _, text)| text == "BAD_gap: after the end");
    let mut skipped = 0;
    for row in &table.rows {
        let Some(onset) = table.number(row, "onset") else {
            skipped += 1;
            continue;
        };
        let duration = table.number(row, "duration").unwrap_or(0.0);
        match trial(table, row, imported.trials.len()) {
            Some(mut trial) => {
                (trial.video_on, trial.video_off) = (Some(to_nanos(onset)), (duration > 0.0).then(|| to_nanos(onset + duration)));
                imported.trials.push(trial);
            }
            None => {
                let kind = table.cell(row, "trial_type").or(table.cell(row, "value")).unwrap_or("event");
                let said = table.cell(row, "text").or(table.cell(row, "description"));
                let ours = MarkerKind::named(kind).filter(|_| table.head.iter().any(|h| h == "rated_by"));
                if let Some(kind) = ours {
                    let text = trial_text::with_duration(said.unwrap_or_default(), duration);
                    let trial = table.cell(row, "trial").and_then(|n| n.parse().ok());
                    imported.markers.push(Marker { at: to_nanos(onset), kind, text, trial });
                } else {
                    let line = || said.map_or(kind.into(), |text| format!("{kind}: {text}"));
                    imported.annotations.push((onset, duration, events::felt_line(table, row).unwrap_or_else(line)));
                }
            }
        }
    }
    if skipped > 0 {
        imported.notes.push(format!("{skipped} events have no onset and are left out"));
    }
}

/// A row that limbic wrote as a trial, or any with ratings.
fn trial(table: &Table, row: &[String], before: usize) -> Option<Trial> {
    let cell = |name: &str| table.cell(row, name);
    let scale = |name: &str| table.number(row, name).map(|v| v as f32);
    let rating =
        Rating { valence: scale("valence"), arousal: scale("arousal"), emotion: cell("emotion").and_then(|w| w.parse().ok()) };
    let felt = cell("trial_type") == Some("felt") && cell("segment").is_some();
    if felt || (cell("trial_type") != Some("trial") && rating == Rating::default()) {
        return None;
    }
    Some(Trial {
        number: cell("trial").and_then(|n| n.parse().ok()).unwrap_or(before as u32 + 1),
        attempt: cell("attempt").and_then(|n| n.parse().ok()).unwrap_or(1),
        stimulus: cell("stimulus").or(cell("stim_file")).unwrap_or("unknown").into(),
        intended: cell("intended").and_then(|w| w.parse().ok()),
        video_on: None,
        video_off: None,
        state: cell("state").and_then(trial_text::state_named).unwrap_or(TrialState::Done),
        rating,
        rated_by: cell("rated_by").unwrap_or_default().into(),
        quality: table.number(row, "quality"),
        note: cell("text").or(cell("description")).unwrap_or_default().into(),
    })
}

/// The row of participants.tsv.
fn person(run: &Run) -> Result<Participant, ExchangeError> {
    let path = run.root.join("participants.tsv");
    let code = run.subject.clone();
    if !path.is_file() {
        return Ok(Participant { code, ..Participant::default() });
    }
    let table = Table::read(&path)?;
    let wanted = format!("sub-{}", run.subject);
    let row = table.rows.iter().find(|row| table.cell(row, "participant_id") == Some(wanted.as_str()));
    let cell = |name: &str| row.and_then(|r| table.cell(r, name)).unwrap_or_default().to_string();
    let first = |text: String| text.chars().next().map(|c| c.to_ascii_uppercase());
    let sex = match first(cell("sex")) {
        Some('F') => "f",
        Some('M') => "m",
        Some('O') => "x",
        _ => "",
    };
    let hand = match first(if cell("handedness").is_empty() { cell("hand") } else { cell("handedness") }) {
        Some('R') => "right",
        Some('L') => "left",
        Some('A') => "both",
        _ => "",
    };
    let age_band = if cell("age_band").is_empty() { cell("age") } else { cell("age_band") };
    let code = if cell("code").is_empty() { code } else { cell("code") };
    Ok(Participant { code, age_band, sex: sex.into(), handedness: hand.into(), note: String::new() })
}
