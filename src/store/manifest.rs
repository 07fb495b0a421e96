//! manifest.json of a closed session: name, size and SHA-256 of each of its files.

use super::disk;
use super::error::{Named, StoreError};
use super::log::Digest;
use super::rows::SessionId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FORMAT: &str = "limbic session 1";
pub(super) const NAME: &str = "manifest.json";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// "limbic session 1".
    pub format: String,
    pub session: String,
    pub files: BTreeMap<String, Listed>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub bytes: u64,
    pub sha256: String,
}

/// Lists what a session's folder holds. Files that the manifest names already keep their checksum, so that a
/// later addition cannot hide that they have changed. `known` saves reading files that were hashed while they were
/// written.
pub(super) fn write(folder: &Path, session: SessionId, known: &[Digest]) -> Result<(), StoreError> {
    let mut manifest = match read(folder)? {
        Some(there) => there,
        None => Manifest { format: FORMAT.into(), session: session.to_string(), files: BTreeMap::new() },
    };
    for name in disk::file_names(folder)? {
        if name.ends_with(".seg") && !manifest.files.contains_key(&name) {
            let path = folder.join(&name);
            let bytes = std::fs::metadata(&path).named("look at", &path)?.len();
            let sha256 = match known.iter().find(|digest| digest.file == name && digest.bytes == bytes) {
                Some(digest) => digest.sha256.clone(),
                None => disk::sha256_of(&path)?,
            };
            manifest.files.insert(name, Listed { bytes, sha256 });
        }
    }
    disk::write_whole(&folder.join(NAME), &text(&manifest)?)
}

impl super::home::Home {
    /// A checksum of all that a session's folder holds, from its manifest; of a session that was not closed, from the
    /// names and sizes of its files.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn session_digest(&self, id: SessionId) -> Result<String, StoreError> {
        let folder = self.session_dir(id);
        let path = folder.join(NAME);
        if path.is_file() {
            return disk::sha256_of(&path);
        }
        let mut listed = String::new();
        for name in disk::file_names(&folder)? {
            let path = folder.join(&name);
            listed += &format!("{name} {}\n", std::fs::metadata(&path).named("look at", &path)?.len());
        }
        Ok(disk::sha256(listed.as_bytes()))
    }
}

fn text(manifest: &Manifest) -> Result<Vec<u8>, StoreError> {
    let row = |e: serde_json::Error| StoreError::Row { what: "the manifest".into(), message: e.to_string() };
    serde_json::to_vec_pretty(manifest).map_err(row)
}

/// The manifest of a session, every byte of it as this program writes it: what differs is damage.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(folder: &Path, session: SessionId) -> Result<Option<Manifest>, StoreError> {
    let Some(manifest) = read(folder)? else { return Ok(None) };
    let path = folder.join(NAME);
    let wrong = |message: &str| Err(StoreError::Row { what: path.display().to_string(), message: message.into() });
    if manifest.format != FORMAT {
        return wrong("it is of another format; a later limbic may have written it");
    }
    if manifest.session != session.to_string() {
        return wrong("it belongs to another session");
    }
    let found = std::fs::read(&path).named("read", &path)?;
    if found != text(&manifest)? {
        return wrong("it is not as it was written");
    }
    Ok(Some(manifest))
}

/// Begins the manifest of a copy of a session's folder: what the old one says of the files that were taken over. Their
/// checksums are not made anew, so that a copy cannot hide that they had changed.
pub(super) fn carry(from: &Path, to: &Path) -> Result<(), StoreError> {
    let Some(mut manifest) = read(from)? else { return Ok(()) };
    manifest.files.retain(|name, _| to.join(name).exists());
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|e| StoreError::Row { what: "the manifest".into(), message: e.to_string() })?;
    disk::write_whole(&to.join(NAME), &text)
}

/// The manifest of a session, if it has one.
pub(super) fn read(folder: &Path) -> Result<Option<Manifest>, StoreError> {
    let path: PathBuf = folder.join(NAME);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).named("read", &path),
    };
    let parsed = serde_json::from_slice(&text);
    parsed.map(Some).map_err(|e| StoreError::Row { what: path.display().to_string(), message: e.to_string() })
}
