//! Why a file of the field cannot be read or written; every sentence names the file and the way out.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    // The cause stands in the sentence, so it is no `source`: a printed chain would say it twice.
    #[error("cannot read {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("cannot write {path}: {cause}")]
    Write { path: PathBuf, cause: std::io::Error },
    #[error("{path} is no EDF or BDF file: {why}")]
    NotEdf { path: PathBuf, why: String },
    #[error(
        "{path} is truncated: {expected} bytes expected, {found} found ({complete} of {records} records are whole); \
         copy the file again, or read the whole records with --lenient"
    )]
    Truncated { path: PathBuf, expected: u64, found: u64, complete: u64, records: u64 },
    #[error("{path} has a damaged header: {field} of {of} is \"{value}\", which is no {wanted}")]
    Field { path: PathBuf, field: &'static str, of: String, value: String, wanted: &'static str },
    #[error("session {session} holds no samples to write as {format}")]
    NoSamples { session: String, format: String },
    #[error("{path} holds no samples; record again or choose another file")]
    Empty { path: PathBuf },
    #[error("{path} cannot be used: {why}")]
    Unusable { path: PathBuf, why: String },
    #[error("{path} has gaps of {seconds:.0} s in all, more than limbic fills with silence; split the file first")]
    Gaps { path: PathBuf, seconds: f64 },
    #[error("{path} has no EEG channel; its channels are {labels}")]
    NoEeg { path: PathBuf, labels: String },
    #[error(
        "cannot read {path}: neither its first bytes nor its name are those of EDF, BDF, BrainVision, XDF, EEGLAB, WFDB, npz, \
         OpenBCI, BIDS, DEAP, MAHNOB-HCI or SEED; convert it to one of these"
    )]
    UnknownKind { path: PathBuf },
    #[error("{path} cannot be read as {format}: {why}")]
    Malformed { path: PathBuf, format: &'static str, why: String },
    #[error("{path} is {what}, which limbic does not read; {way_out}")]
    Unsupported { path: PathBuf, what: String, way_out: String },
    #[error("{path} names {companion}, which cannot be read ({cause}); put both into one folder")]
    Companion { path: PathBuf, companion: String, cause: String },
    #[error("{path} ends early: {why}; copy the file again, or read what is whole with --lenient")]
    Cut { path: PathBuf, why: String },
    #[error("{path} is a data set of {sessions} recordings; make sessions of it with `limbic import`")]
    Several { path: PathBuf, sessions: usize },
    #[error("{source_kind} may not be passed on under its licence; with --inside-lab you say that the copy stays in the lab")]
    Restricted { source_kind: String },
    #[error("session {session}: {message}")]
    Session { session: String, message: String },
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Stopped(#[from] crate::job::Stopped),
    #[error("{path} is no face video of limbic's: {why}")]
    NotMkv { path: PathBuf, why: String },
    #[error("session {session} holds no frames of {stream}: there was no camera, no consent to store video, or it was redacted")]
    NoFrames { session: String, stream: String },
    #[error("{participant} did not agree that face video leaves the lab; with --inside-lab you say that the file stays there")]
    NotShared { participant: String },
    #[error("array {name} cannot be written: {have} values for shape {shape:?}")]
    Shape { name: String, have: usize, shape: Vec<usize> },
}
