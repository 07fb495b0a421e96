//! EEG, EOG and heart beats of a file or a session, on one time axis.

use crate::cli::Common;
use crate::exchange;
use crate::exchange::edf::ReadOptions;
use crate::prepare::physiology::{Physiology, heart_beats, physiology};
use crate::prepare::recipes::FeatureSet;
use crate::signal::{Role, StreamInfo, seconds};
use crate::store::rows::StreamRow;
use crate::store::{Home, Recording};
use anyhow::{Context, bail};
use std::path::Path;

/// EEG, EOG and beats of a session or a file.
pub fn load(path: &Path, set: FeatureSet, lenient: bool, common: &Common) -> anyhow::Result<(StreamInfo, Physiology)> {
    let (stream, physiology) = if path.exists() || path.extension().is_some() {
        of_file(path, lenient)?
    } else {
        let home = Home::view(&common.home)?;
        let session = home.find_session(&path.to_string_lossy())?;
        of_session(&home.recording(session.id)?)?
    };
    if set.needs_beats() && physiology.beats.is_empty() {
        let why = physiology.notes.iter().find(|n| n.starts_with("no heart beats")).map_or("", |n| n.as_str());
        bail!(
            "{}: {} needs an ECG or PPG beside the EEG; {}",
            path.display(),
            set.name(),
            if why.is_empty() { "it has none" } else { why }
        );
    }
    Ok((stream, physiology))
}

/// One stream's samples, channels x samples, and when they begin, s on an axis that all streams share.
struct Table {
    info: StreamInfo,
    start_s: f64,
    data: Vec<Vec<f32>>,
}

fn of_file(path: &Path, lenient: bool) -> anyhow::Result<(StreamInfo, Physiology)> {
    let imported = exchange::read(path, ReadOptions { lenient, raw_stamps: false })?;
    let tables = imported.streams.into_iter().map(|s| Table { info: s.info, start_s: s.start_s, data: s.data });
    let (info, mut physiology) = joined(tables.collect()).with_context(|| format!("{} cannot be used", path.display()))?;
    physiology.notes.splice(0..0, imported.notes);
    Ok((info, physiology))
}

fn of_session(recording: &Recording) -> anyhow::Result<(StreamInfo, Physiology)> {
    let table = |row: &StreamRow| -> anyhow::Result<Table> {
        let block = recording.whole(row.info.id)?;
        let start_s = seconds(block.start - recording.session.started);
        Ok(Table { info: row.info.clone(), start_s, data: block.data })
    };
    let signals = recording.streams.iter().filter(|row| !row.info.channels.is_empty());
    joined(signals.map(table).collect::<anyhow::Result<_>>()?)
}

/// The stream with the most EEG; where it has no heart channel, another stream's beats on its time axis.
fn joined(mut tables: Vec<Table>) -> anyhow::Result<(StreamInfo, Physiology)> {
    // The first of equal ones, as everywhere.
    let most =
        (0..tables.len()).rev().max_by_key(|&i| tables[i].info.with_role(Role::Eeg).len()).context("there are no signals")?;
    let eeg = tables.swap_remove(most);
    let mut physiology = physiology(&eeg.info.channels, eeg.info.rate, &eeg.data)?;
    if heart_beats(&eeg.info.channels, eeg.info.rate, &eeg.data).is_none() {
        let beats = |t: &Table| Some((t.start_s, heart_beats(&t.info.channels, t.info.rate, &t.data)?));
        if let Some((start_s, found)) = tables.iter().find_map(beats) {
            let shift = start_s - eeg.start_s - physiology.first_s;
            let inside = |t: &f64| (0.0..=physiology.eeg.seconds()).contains(t);
            physiology.beats = found?.into_iter().map(|t| t + shift).filter(inside).collect();
        }
    }
    Ok((eeg.info, physiology))
}
