//! A model on disk: NAME.onnx, and its card beside it as NAME.json for people and other programs.

use super::card::Card;
use super::network::Network;
use super::onnx::{self, OnnxError};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A model file that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot write {path}: {error}")]
    Write { path: PathBuf, error: io::Error },
    #[error("cannot read {path}: {error}")]
    Read { path: PathBuf, error: io::Error },
    #[error("{path}: {error}")]
    Model { path: PathBuf, error: OnnxError },
}

impl Network {
    /// Writes the model to `path` (NAME.onnx) and its card to NAME.json, readable by the owner only, since a model
    /// keeps traces of the people it was trained on. Both are written beside their places first, so that on an error
    /// what was there before is still there, whole; the card goes first, so a model is never without one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, path: &Path, card: &Card) -> Result<(), FileError> {
        let json = serde_json::to_vec_pretty(card).unwrap_or_default();
        let files = [(path.with_extension("json"), json), (path.to_path_buf(), onnx::write(self, card))];
        let failed = |(path, error): (&Path, io::Error)| FileError::Write { path: path.into(), error };
        write_together(&files.each_ref().map(|(path, bytes)| (path.as_path(), bytes.as_slice()))).map_err(failed)
    }

    /// The network in `path`, and its card where limbic wrote it.
    ///
    /// # Errors
    /// What the file system says; a model that limbic does not run by itself.
    pub fn load(path: &Path) -> Result<(Network, Option<Card>), FileError> {
        let bytes = std::fs::read(path).map_err(|error| FileError::Read { path: path.into(), error })?;
        onnx::read(&bytes).map_err(|error| FileError::Model { path: path.into(), error })
    }
}

/// Writes beside the target, then renames over it; both steps durable.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_together(&[(path, bytes)]).map_err(|(_, error)| error)
}

/// As [`write_whole`] for several files: all are written before the first takes its place. An error names the file.
fn write_together<'a>(files: &[(&'a Path, &[u8])]) -> Result<(), (&'a Path, io::Error)> {
    let mut unfinished = Vec::with_capacity(files.len());
    let written = files.iter().try_for_each(|&(path, bytes)| {
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let beside = folder(path).join(format!(".{name}.tmp-{}", std::process::id()));
        unfinished.push(beside.clone());
        let write = || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| (path, error))
    });
    let settled = written.and_then(|()| {
        files.iter().zip(&unfinished).try_for_each(|(&(path, _), beside)| {
            let settle = || std::fs::rename(beside, path).and_then(|()| File::open(folder(path))?.sync_all());
            settle().map_err(|error| (path, error))
        })
    });
    if settled.is_err() {
        // What is unfinished is of no use; that it may be gone already does not matter.
        unfinished.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
    settled
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;
    use crate::train::networks::face_small::face_small;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn saved_and_loaded_for_the_owner_only() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("face.onnx");
        let network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
        let card = super::super::onnx::tests::card();
        network.save(&path, &card).expect("saves");
        let (back, read) = Network::load(&path).expect("loads");
        assert_eq!((back.flat(), read), (network.flat(), Some(card.clone())));
        let json = std::fs::read(path.with_extension("json")).expect("card");
        assert_eq!(serde_json::from_slice::<Card>(&json).expect("JSON"), card);
        for entry in std::fs::read_dir(folder.path()).expect("folder") {
            let mode = entry.expect("entry").metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 2);
        assert!(matches!(Network::load(&folder.path().join("none.onnx")), Err(FileError::Read { .. })));
    }
}
