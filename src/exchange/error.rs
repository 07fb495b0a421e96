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
    #[error("{path} holds no samples; record again or choose another file")]
    Empty { path: PathBuf },
    #[error("{path} has gaps of {seconds:.0} s in all, more than limbic fills with silence; split the file first")]
    Gaps { path: PathBuf, seconds: f64 },
    #[error("{path} has no EEG channel; its channels are {labels}")]
    NoEeg { path: PathBuf, labels: String },
    #[error("cannot read {path}: limbic knows files by the end of their name, .edf or .bdf")]
    UnknownKind { path: PathBuf },
    #[error("{path} is no face video of limbic's: {why}")]
    NotMkv { path: PathBuf, why: String },
    #[error("session {session} holds no frames of {stream}: there was no camera, no consent to store video, or it was redacted")]
    NoFrames { session: String, stream: String },
    #[error("{participant} did not agree that face video leaves the lab; with --inside-lab you say that the file stays there")]
    NotShared { participant: String },
    #[error("array {name} cannot be written: {have} values for shape {shape:?}")]
    Shape { name: String, have: usize, shape: Vec<usize> },
}
