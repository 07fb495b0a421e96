//! Keeping the catalogue in line with the journals: new rows brought over, differences found and mended.

use super::catalogue::{Catalogue, Head};
use super::disk;
use super::error::{Named, StoreError};
use super::home::State;
use super::journal::{self, Ledger};
use super::keys::{self, Pair};
use super::log::Place;
use super::rows::SessionId;
use std::path::Path;

/// Brings rows that are durable in a journal into the catalogue. If sled fails, it is given up until the next
/// opening makes it again; the rows are safe.
pub(super) fn apply(state: &mut State, scope: u64, folder: &str, rows: Vec<Pair>, places: &[Place], bytes: u64) {
    let slim = |((key, value), place): (Pair, &Place)| (key, keys::slim(&value, folder, place));
    let rows: Vec<_> = rows.into_iter().zip(places).map(slim).collect();
    if let Some(catalogue) = &state.catalogue
        && catalogue.put(scope, &rows, bytes).and_then(|()| catalogue.flush()).is_err()
    {
        state.catalogue = None;
    }
}

/// Compares the catalogue with the journals, by size and by rows, and makes again what differs; answers how many
/// scopes that were.
pub(super) fn reconcile(dir: &Path, catalogue: &Catalogue) -> Result<usize, StoreError> {
    let counts = catalogue.counts()?;
    let ids = session_ids(dir)?;
    let scopes = std::iter::once(keys::HOME).chain(ids.iter().map(|id| id.0));
    let mut renewed = 0;
    for scope in scopes {
        let (folder, stem, name) = match scope {
            keys::HOME => (dir.to_path_buf(), journal::HOME, String::new()),
            _ => (dir.join(SessionId(scope).to_string()), journal::SESSION, SessionId(scope).to_string()),
        };
        let bytes = disk::segment_bytes(&folder, stem)?;
        let count = counts.get(&scope).copied().unwrap_or_default();
        if count.bad == 0 && catalogue.head(scope)? == (Head { bytes, rows: count.rows }) {
            continue;
        }
        let ledger = if scope == keys::HOME { Ledger::of_home(dir) } else { Ledger::of_session(&folder, SessionId(scope)) }?;
        catalogue.forget(scope)?;
        let slim = |(key, (value, place)): (Vec<u8>, (Vec<u8>, Place))| {
            let slim = keys::slim(&value, &name, &place);
            (key, slim)
        };
        catalogue.put(scope, &ledger.rows.into_iter().map(slim).collect::<Vec<_>>(), bytes)?;
        renewed += 1;
    }
    for scope in counts.keys().filter(|scope| **scope != keys::HOME && !ids.contains(&SessionId(**scope))) {
        catalogue.forget(*scope)?;
    }
    catalogue.flush()?;
    Ok(renewed)
}

/// The sessions whose folders are there, oldest first.
pub(super) fn session_ids(dir: &Path) -> Result<Vec<SessionId>, StoreError> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(dir).named("list", dir)? {
        let entry = entry.named("list", dir)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let id = (name.len() == 16).then(|| u64::from_str_radix(&name, 16).ok()).flatten().map(SessionId);
        ids.extend(id.filter(|id| id.to_string() == name && entry.path().is_dir()));
    }
    ids.sort();
    Ok(ids)
}
