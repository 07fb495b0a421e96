//! Rows of a journal that were damaged, put back from the catalogue where that still has them.
//!
//! A row's frame is a function of its key and its value, so that what is put back is the file as it was, byte for
//! byte, and the manifest's checksum holds again. Earlier versions of a row, and rows too large for the catalogue, are
//! not in it and stay damaged; so do samples.

use super::align::session_ids;
use super::check::Damage;
use super::disk;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::{self, Ledger};
use super::keys;
use super::rows::SessionId;
use super::segment::put_frame;
use serde::Serialize;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Of the bytes of a damaged place, at least so many of a hundred must be those of the row that is put there: the
/// place then held this row, and not another of its length.
const LEAST_ALIKE: usize = 75;

/// One row that was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// The session's id in hex, or "home".
    pub name: String,
    pub file: String,
    pub offset: u64,
    pub bytes: u64,
    /// Bytes that were not what they should be.
    pub wrong: u64,
    /// What the row says something about: "the trial", "the marker".
    pub row: String,
}

impl Home {
    /// Puts damaged rows back, of one session or of all and the home's own journal. The damaged bytes are kept in
    /// `FILE.damaged-OFFSET` beside it.
    ///
    /// # Errors
    /// The home was opened for reading, a session that is being recorded, the disk.
    pub fn repair(&self, session: Option<SessionId>) -> Result<Vec<Repaired>, StoreError> {
        self.must_write()?;
        let scopes = match session {
            Some(id) => vec![id.0],
            None => std::iter::once(keys::HOME).chain(session_ids(self.dir())?.into_iter().map(|id| id.0)).collect(),
        };
        let mut repaired = Vec::new();
        for scope in scopes {
            repaired.extend(self.repair_scope(scope)?);
        }
        Ok(repaired)
    }

    fn repair_scope(&self, scope: u64) -> Result<Vec<Repaired>, StoreError> {
        let state = self.state();
        let id = SessionId(scope);
        if state.live.contains(&id) {
            return Err(StoreError::Live { session: id });
        }
        let Some(catalogue) = &state.catalogue else { return Ok(Vec::new()) };
        let (folder, stem, name) = match scope {
            keys::HOME => (self.dir().to_path_buf(), journal::HOME, "home".to_string()),
            _ => (self.session_dir(id), journal::SESSION, id.to_string()),
        };
        let ledger = if scope == keys::HOME { Ledger::of_home(self.dir()) } else { Ledger::of_session(&folder, id) }?;
        // A catalogue that is behind its journal does not know the latest rows: opening the home brings it up to date.
        if ledger.recovery.is_clean() || catalogue.head(scope)?.bytes != disk::segment_bytes(&folder, stem)? {
            return Ok(Vec::new());
        }
        let known = |key: &[u8], value: &[u8]| ledger.rows.get(key).is_some_and(|(there, _)| there == value);
        let mut frames = Vec::new();
        for (key, value) in catalogue.scope(scope)?.into_iter().filter(|(key, value)| !known(key, value)) {
            if let Ok(keys::Value::Row(entry)) = keys::open(&value) {
                let mut frame = Vec::new();
                put_frame(&mut frame, &key, |out| out.extend_from_slice(&value))?;
                frames.push((keys::name_of(&entry), frame));
            }
        }
        let mut repaired = Vec::new();
        for (_, file) in disk::segments(&folder, stem)? {
            let path = folder.join(&file);
            for damage in Damage::all(&path, &file, scope)? {
                let Some((row, wrong)) = put_back(&path, &damage, &frames)? else { continue };
                let (name, row) = (name.clone(), row.to_string());
                repaired.push(Repaired { name, file: file.clone(), offset: damage.offset, bytes: damage.bytes, wrong, row });
            }
        }
        Ok(repaired)
    }
}

/// Writes the frame that stood there, if it is among these; answers what it is and how many bytes were wrong.
fn put_back<'a>(path: &Path, damage: &Damage, frames: &[(&'a str, Vec<u8>)]) -> Result<Option<(&'a str, u64)>, StoreError> {
    let file = disk::private_file().open(path).named("open", path)?;
    let mut there = vec![0; damage.bytes as usize];
    file.read_exact_at(&mut there, damage.offset).named("read", path)?;
    let wrong = |frame: &Vec<u8>| frame.iter().zip(&there).filter(|(a, b)| a != b).count();
    let fitting = frames.iter().filter(|(_, frame)| frame.len() == there.len());
    let Some((row, frame)) = fitting.min_by_key(|(_, frame)| wrong(frame)) else { return Ok(None) };
    if (there.len() - wrong(frame)) * 100 < there.len() * LEAST_ALIKE {
        return Ok(None);
    }
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    disk::write_whole(&path.with_file_name(format!("{name}.damaged-{}", damage.offset)), &there)?;
    file.write_all_at(frame, damage.offset).and_then(|()| file.sync_all()).named("write", path)?;
    Ok(Some((row, wrong(frame) as u64)))
}
