//! In and out: files of the field.
//!
//! In: [`recognise`] says what a path holds, [`Source::read`] makes an [`Imported`] of each recording. Out: a session of
//! the store goes through [`outgoing`] into a file or a data set.

pub mod arrays;
pub mod bids;
pub mod brainvision;
mod bytes;
pub mod deap;
pub mod edf;
pub mod eeglab;
mod error;
pub mod faces;
pub mod film;
mod imported;
pub mod mahnob;
pub mod mat;
pub mod mkv;
mod npy;
pub mod npz;
pub mod openbci;
pub mod outgoing;
pub mod parquet;
pub mod pickle;
mod put;
mod recognise;
mod roles;
pub mod seed;
pub mod trial_text;
mod trials;
mod tsv;
pub mod wfdb;
pub mod xdf;
mod xml;

pub use error::ExchangeError;
pub use imported::{Imported, ImportedStream, LabFacts, Opened, ReadOptions, which_eeg};
pub use recognise::{Recognised, Source, recognise};

use crate::prepare::Signals;
use crate::signal::{Role, StreamInfo};
use std::path::Path;

/// The EEG of a file, ready to be judged and made into features.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// "EDF+C", "BDF", ...
    pub format: String,
    /// The stream the EEG comes from, with all its channels.
    pub stream: StreamInfo,
    /// EEG channels only, in uV: the longest stretch without gaps.
    pub eeg: Signals,
    /// Largest absolute value that the device gives, uV, where all channels agree on it.
    pub rail: Option<f64>,
    pub notes: Vec<String>,
}

/// Reads any one recording that limbic knows.
///
/// # Errors
/// See [`ExchangeError`]; a data set of several recordings.
pub fn read(path: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let found = recognise(path)?;
    match found.sources.as_slice() {
        [only] => only.read(options),
        several => Err(ExchangeError::Several { path: path.into(), sessions: several.len() }),
    }
}

/// The EEG of a file with what else is needed to judge it.
///
/// # Errors
/// See [`ExchangeError`]; a file without EEG.
pub fn load(path: &Path, options: ReadOptions) -> Result<Loaded, ExchangeError> {
    let Imported { format, streams, mut notes, .. } = read(path, options)?;
    let labels = streams.iter().flat_map(|s| s.info.labels()).collect::<Vec<_>>().join(", ");
    let main = imported::main_stream(streams.iter().map(|s| (&s.info, s.data.first().map_or(0, Vec::len))));
    let most = main.and_then(|main| streams.into_iter().nth(main)).map(|s| (s.info, s.data));
    let no_eeg = || ExchangeError::NoEeg { path: path.into(), labels };
    let (stream, data) = most.ok_or_else(no_eeg)?;
    let channels = stream.with_role(Role::Eeg);
    let names: Vec<String> = channels.iter().map(|i| stream.channels[*i].label.clone()).collect();
    if let Some(odd) = channels.iter().map(|i| &stream.channels[*i]).find(|c| c.unit != "uV") {
        notes.push(format!("channel {} is in \"{}\"; its values are taken for uV", odd.label, odd.unit));
    }
    let table: Vec<Vec<f64>> = channels.iter().map(|c| data[*c].iter().map(|v| f64::from(*v)).collect()).collect();
    if let Some(silent) = table.iter().position(|x| !x.is_empty() && x.iter().all(|v| !v.is_finite())) {
        let why = format!("channel {} holds no number at all; leave it out of the file", names[silent]);
        return Err(ExchangeError::Unusable { path: path.into(), why });
    }
    let segments = Signals { rate: stream.rate, labels: names, data: table }.segments();
    if segments.len() > 1 {
        notes.push(format!("only the longest of {} stretches between gaps is used", segments.len()));
    }
    let empty = || ExchangeError::Empty { path: path.into() };
    let longest = segments.into_iter().max_by_key(|s| s.signals.samples()).ok_or_else(empty)?;
    if longest.filled > 0.0 {
        notes.push(format!("{:.2} % of the samples lie in short gaps and are filled linearly", 100.0 * longest.filled));
    }
    let rails: Vec<Option<f64>> = channels.iter().map(|i| stream.channels[*i].rail).collect();
    let rail = rails.first().copied().flatten().filter(|rail| rails.iter().all(|r| *r == Some(*rail)));
    Ok(Loaded { format, stream, eeg: longest.signals, rail, notes })
}

/// The EEG of a file in uV: the longest stretch without gaps.
///
/// # Errors
/// As [`load`].
pub fn load_signals(path: &Path) -> Result<Signals, ExchangeError> {
    Ok(load(path, ReadOptions::default())?.eeg)
}
