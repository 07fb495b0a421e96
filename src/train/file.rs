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
    /// keeps traces of the people it was trained on. Each file is there whole or not at all; the card goes first, so
    /// a model is never without one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn save(&self, path: &Path, card: &Card) -> Result<(), FileError> {
        let json = serde_json::to_vec_pretty(card).unwrap_or_default();
        for (path, bytes) in [(path.with_extension("json"), json), (path.to_path_buf(), onnx::write(self, card))] {
            write_whole(&path, &bytes).map_err(|error| FileError::Write { path, error })?;
        }
        Ok(())
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
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
    let unfinished = folder.join(format!(".{name}.tmp-{}", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&unfinished, path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // What failed to be written is of no use; that it may be gone already does not matter.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
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
