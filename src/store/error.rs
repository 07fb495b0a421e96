//! What can go wrong with the store; every sentence names the thing and the way out.

use super::entrance::CODE_RULE;
use super::rows::SessionId;
use crate::signal::counted;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do what it was asked. The operating system's reason is called `cause`: a field called `source`
/// would be told a second time by whoever prints the chain of errors.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "another limbic{by} has the home {} open; end it first (an idle lab: `limbic lab --stop`), or use a command that only reads",
        home.display()
    )]
    Locked { home: PathBuf, by: String },
    #[error("another program holds {}; end it first (`fuser` names its process)", path.display())]
    Held { path: PathBuf },
    #[error("the home {} cannot be written: {cause}; choose another with --home", home.display())]
    NotWritable { home: PathBuf, cause: io::Error },
    #[error("{} is no home of limbic: {cause}; choose another with --home", home.display())]
    NoHome { home: PathBuf, cause: io::Error },
    #[error("only {left} MiB are free at {}; free some space ({wanted} MiB) before anything is written there", home.display())]
    Full { home: PathBuf, left: u64, wanted: u64 },
    #[error(
        "there is room for {} at {} ({free} MiB free) and the session needs about {}; free some space or choose another --home",
        counted(*minutes, "minute"), home.display(), counted(*wanted, "minute")
    )]
    NoRoom { home: PathBuf, minutes: usize, wanted: usize, free: u64 },
    #[error("the home {} was opened for reading only", home.display())]
    ReadOnly { home: PathBuf },
    #[error("cannot {what} {}: {cause}", path.display())]
    Io { what: &'static str, path: PathBuf, cause: io::Error },
    #[error("{} is damaged at byte {offset}; `limbic verify` says what is lost", path.display())]
    Damaged { path: PathBuf, offset: u64 },
    #[error("{what} is {bytes} bytes, more than the {limit} that fit; put it into a file and store its name")]
    TooLarge { what: String, bytes: usize, limit: usize },
    #[error("{what} cannot be read: {message}")]
    Row { what: String, message: String },
    #[error("the catalogue of {} failed ({message}); `limbic verify --rebuild` makes it again", home.display())]
    Catalogue { home: PathBuf, message: String },
    #[error("{participant} did not agree to be recorded; without that consent no session is created")]
    NoConsent { participant: String },
    #[error("\"{code}\" cannot be the code of a new participant: {CODE_RULE}")]
    BadCode { code: String },
    #[error("no session is called \"{word}\"; use participant and number, such as P07/1, or last (`limbic sessions` lists them)")]
    NoSession { word: String },
    #[error("\"{word}\" could be {first} or {second}; type more of it, or participant and number, such as P07/1")]
    Ambiguous { word: String, first: String, second: String },
    #[error("there is no participant {code} in this home")]
    NoParticipant { code: String },
    #[error("session {session} exists already")]
    Exists { session: SessionId },
    #[error(
        "{what} is already here as {session}, and the same samples twice would stand in both training and test; use that session, or import into another home with --home"
    )]
    Twice { what: String, session: String },
    #[error("it was stopped, and nothing of it is stored")]
    Stopped,
    #[error("session {session} is being recorded; end it first")]
    Live { session: SessionId },
    #[error("session {session} has ended; only an interrupted or a prepared one can go on")]
    NotInterrupted { session: SessionId },
    #[error(
        "the computer was started again since session {session} was interrupted, so its clock cannot go on; record a new one"
    )]
    OtherClock { session: SessionId },
    #[error("{what} does not belong to session {session}")]
    Foreign { what: &'static str, session: SessionId },
    #[error("session {session} has no stream {stream}")]
    NoStream { session: SessionId, stream: u16 },
    #[error("stream {stream} has {expected} channels, but a chunk of {found} arrived; it was not written")]
    Width { stream: String, expected: usize, found: usize },
    #[error("stream {stream} has holes of {missing} samples in {found}; the device's counter cannot be right")]
    Holes { stream: String, missing: u64, found: u64 },
    #[error("the disk does not keep up: {waiting} MiB wait to be written; what comes now is dropped and counted")]
    Behind { waiting: usize },
    #[error(
        "the file system of {} cannot exchange two folders in one step; nothing was changed: copy the home to a local disk",
        home.display()
    )]
    NoExchange { home: PathBuf },
    #[error("the recorder has ended; nothing more can be written to this session")]
    Ended,
}

/// Gives an input/output error the name of its file.
pub(super) trait Named<T> {
    fn named(self, what: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> Named<T> for io::Result<T> {
    fn named(self, what: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|cause| StoreError::Io { what, path: path.into(), cause })
    }
}

impl<T> Named<T> for rustix::io::Result<T> {
    fn named(self, what: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|e| StoreError::Io { what, path: path.into(), cause: e.into() })
    }
}
