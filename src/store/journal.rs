//! A journal as read: the latest row of every key, straight from the segments, without the catalogue.

use super::disk;
use super::error::StoreError;
use super::keys::{self, Tag, Value};
use super::log::{CLOSED, Place};
use super::rows::{Entry, SessionId};
use super::segment::{Recovery, scan};
use std::collections::BTreeMap;
use std::path::Path;

/// Stem of a session's journal.
pub(super) const SESSION: &str = "journal";
/// Stem of the home's journal.
pub(super) const HOME: &str = "home";

/// Every row of one journal.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Key -> value and where it stands; later frames of a key win.
    pub rows: BTreeMap<Vec<u8>, (Vec<u8>, Place)>,
    pub recovery: Recovery,
    /// Frames read, corrected rows included.
    pub frames: u64,
}

impl Ledger {
    /// Reads the journal of a session.
    pub(super) fn of_session(folder: &Path, id: SessionId) -> Result<Ledger, StoreError> {
        Ledger::read(folder, SESSION, id.0)
    }

    /// Reads the home's journal.
    pub(super) fn of_home(dir: &Path) -> Result<Ledger, StoreError> {
        Ledger::read(dir, HOME, keys::HOME)
    }

    fn read(folder: &Path, stem: &str, scope: u64) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        let base = keys::prefix(Tag::Base, scope);
        for (_, file) in disk::segments(folder, stem)? {
            let path = folder.join(&file);
            let Ledger { rows, frames, .. } = &mut ledger;
            let recovery = scan(&path, |offset, key, value| {
                if key == base {
                    rows.clear();
                } else if key != CLOSED {
                    if keys::scope_of(key) != Some(scope) {
                        return false;
                    }
                    rows.insert(key.to_vec(), (value.to_vec(), Place { file: file.clone(), offset }));
                }
                *frames += 1;
                true
            })?;
            ledger.recovery.add(recovery);
        }
        Ok(ledger)
    }

    /// All rows of one kind, in the order of their keys.
    ///
    /// # Errors
    /// A row of a later limbic.
    pub(super) fn entries(&self, tag: Tag) -> Result<Vec<Entry>, StoreError> {
        let rows = self.rows.iter().filter(|(key, _)| key.first() == Some(&(tag as u8)));
        rows.filter_map(|(_, (value, _))| match keys::open(value) {
            Ok(Value::Row(entry)) => Some(Ok(entry)),
            Ok(Value::Elsewhere(_)) => None,
            Err(e) => Some(Err(e)),
        })
        .collect()
    }
}
