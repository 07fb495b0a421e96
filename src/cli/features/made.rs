//! The features of one input, from the cache or anew.

use super::{Args, sources};
use crate::cli::{Common, files};
use crate::exchange::Loaded;
use crate::prepare::eeg::Companions;
use crate::prepare::recipes::{FeatureOptions, FeatureTable, Material, features};
use crate::prepare::{PrepareError, Signals, band_map};
use crate::signal::StreamInfo;
use crate::study::features::FeatureCache;
use std::path::{Path, PathBuf};

/// One input's features, without its samples: hundreds may stand side by side.
pub struct Made {
    pub path: PathBuf,
    pub format: Option<String>,
    pub stream: StreamInfo,
    pub rate: f64,
    pub samples: usize,
    /// EEG channels and their first five samples.
    pub labels: Vec<String>,
    pub first: Vec<Vec<f64>>,
    /// Heart beats, where the set looks for them.
    pub beats: Option<usize>,
    /// When the samples used begin, s.
    pub start_s: f64,
    pub notes: Vec<String>,
    pub table: FeatureTable,
    /// Bands x channels, uV^2; empty where nobody reads it.
    pub map: Vec<Vec<f64>>,
    /// From an earlier run.
    pub kept: bool,
}

/// The plain band powers: EEG alone, channels that the gate calls bad named. `map` = the mean power of every channel too.
///
/// # Errors
/// No readable EEG, no signal in it, or too little.
pub fn plain(
    path: &Path,
    args: &Args,
    options: &FeatureOptions,
    cache: Option<&FeatureCache>,
    map: bool,
    common: &Common,
) -> anyhow::Result<Made> {
    let loaded = files::load(path, args.lenient, common)?;
    let bad = files::bad_channels(&loaded)?;
    let (table, kept) = table(args, Material::whole(&loaded.eeg, Companions::default()), options, cache);
    let table = table.map_err(|error| match error {
        PrepareError::ShorterThanWindow { have, window } => anyhow::anyhow!(
            "it lasts {have:.2} s, which is shorter than one window of {window} s; a shorter window fits, e.g. --window-s {}",
            (have * 10.0).floor() / 10.0
        ),
        other => anyhow::Error::new(other),
    })?;
    let map = if map { band_map(&loaded.eeg)? } else { Vec::new() };
    let Loaded { format, stream, eeg, notes, .. } = loaded;
    let notes = notes.into_iter().chain(bad).chain(table.notes.iter().cloned()).collect();
    Ok(Made { format: Some(format), map, ..made(path, stream, &eeg, notes, table, kept) })
}

/// Any set, with the beats and the EOG that stand beside the EEG.
///
/// # Errors
/// No readable EEG, or what the set needs is missing.
pub fn set(
    path: &Path,
    args: &Args,
    options: &FeatureOptions,
    cache: Option<&FeatureCache>,
    common: &Common,
) -> anyhow::Result<Made> {
    let (stream, physiology) = sources::load(path, args.recipe, args.lenient, common)?;
    let (table, kept) = table(args, Material::whole(&physiology.eeg, physiology.companions()), options, cache);
    let mut notes = physiology.notes.clone();
    let table = table?;
    let place = if args.clean { "before cleaning" } else { "and are in these features" };
    let bad = files::bad(&physiology.eeg, None)?.map(|said| format!("{said} {place}; `limbic quality` says more"));
    notes.extend(files::offsets(&physiology.eeg).into_iter().chain(bad));
    notes.extend(table.notes.iter().cloned());
    let (beats, start_s) = (Some(physiology.beats.len()), physiology.first_s);
    Ok(Made { beats, start_s, ..made(path, stream, &physiology.eeg, notes, table, kept) })
}

fn table(
    args: &Args,
    material: Material<'_>,
    options: &FeatureOptions,
    cache: Option<&FeatureCache>,
) -> (Result<FeatureTable, PrepareError>, bool) {
    match cache {
        Some(cache) => cache.table(args.recipe, material, options),
        None => (features(args.recipe, material, options), false),
    }
}

fn made(path: &Path, stream: StreamInfo, eeg: &Signals, notes: Vec<String>, table: FeatureTable, kept: bool) -> Made {
    Made {
        path: path.into(),
        format: None,
        stream,
        rate: eeg.rate,
        samples: eeg.samples(),
        labels: eeg.labels.clone(),
        first: eeg.data.iter().map(|x| x.iter().take(5).copied().collect()).collect(),
        beats: None,
        start_s: 0.0,
        notes,
        table,
        map: Vec::new(),
        kept,
    }
}
