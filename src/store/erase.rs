//! Erasing a person: their sessions, their rows, and every copy of them in the catalogue's log; and erasing a model.

mod models;

use super::align::reconcile;
use super::catalogue::Catalogue;
use super::disk;
use super::drafts;
use super::error::{Named, StoreError};
use super::home::{Home, State};
use super::journal::{self, Ledger};
use super::keys::{self, Tag, Value};
use super::log::Log;
use super::recording::Recording;
use super::rows::{Entry, ModelRow, Session, SessionId};
use super::search::{Needles, Search};
use super::segment::scan;
use std::collections::BTreeSet;
use std::path::Path;

/// Stem of the home's journal while it is written anew.
const RENEWED: &str = "renewed";
/// Folder of what was computed from sessions and can be computed again: cached features, runs of evaluations.
pub(super) const DERIVED: &str = "derived";
/// Stands in the rows of models for a person who was erased.
const NOBODY: &str = "(erased)";
/// Blocks of samples and pictures per stream of which a piece is looked for afterwards.
const PROBES: usize = 64;

/// What erasing a participant removed, and what it could not.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Erased {
    pub participant: String,
    #[serde(skip)]
    pub sessions: Vec<SessionId>,
    pub bytes: u64,
    pub predictions: usize,
    /// Models that were trained on this person and stay: their weights must be judged by people.
    pub models: Vec<String>,
    /// Models that went too.
    pub models_deleted: Vec<String>,
    /// The search for the code, the sessions' numbers, and pieces of samples and pictures in all files of the home; of what
    /// a simulator made no pieces are looked for.
    pub search: Search,
}

impl Home {
    /// Deletes a participant: the folders of their sessions, their predictions, their rows in the home's journal
    /// (which is written anew without them), and the catalogue (made again, since sled keeps deleted bytes). If it
    /// is cut short, doing it again finishes it. With models: also those that were trained on the participant, with all
    /// that they said of others.
    ///
    /// # Errors
    /// No such participant, one of their sessions is being recorded, the disk.
    pub fn erase_participant(&self, code: &str, with_models: bool) -> Result<Erased, StoreError> {
        self.must_write()?;
        let all = self.sessions()?;
        let theirs: Vec<Session> = all.into_iter().filter(|s| s.participant == code).collect();
        if theirs.is_empty() && !self.participants()?.iter().any(|p| p.code == code) {
            return Err(StoreError::NoParticipant { code: code.into() });
        }
        let ids: BTreeSet<SessionId> = theirs.iter().map(|s| s.id).collect();
        let mut erased = Erased { participant: code.into(), ..Erased::default() };
        let (known, trained) = (self.models()?, self.trained_on(code, &ids)?);
        match with_models {
            true => erased.models_deleted = trained,
            false => erased.models = trained,
        }
        let gone = Gone { code: Some(code), sessions: ids, models: erased.models_deleted.iter().cloned().collect() };
        let needles = traces(self.dir(), code, &gone.sessions);
        let mut state = self.state();
        if let Some(session) = state.live.first() {
            return Err(StoreError::Live { session: *session });
        }
        for id in &gone.sessions {
            erased.bytes += self.session_bytes(*id)?;
            remove_session(&self.session_dir(*id))?;
            erased.sessions.push(*id);
        }
        erased.bytes += self.remove_files_of(&gone.models, &known)?;
        // Features and evaluations mix people; they can all be made again without this one.
        let derived = self.dir().join(DERIVED);
        if derived.exists() {
            std::fs::remove_dir_all(&derived).named("remove", &derived)?;
        }
        drafts::forget(self.dir())?;
        disk::sync_dir(self.dir())?;
        erased.predictions = self.forget(&mut state, &gone)?;
        erased.search = needles.search(self.dir())?;
        Ok(erased)
    }

    /// Writes the home's journal without what is gone and makes the catalogue again; answers how many predictions went.
    fn forget(&self, state: &mut State, gone: &Gone) -> Result<usize, StoreError> {
        state.log = None;
        let (log, predictions) = rewrite(self.dir(), gone)?;
        state.log = Some(log);
        state.catalogue = None;
        for entry in std::fs::read_dir(self.dir()).named("list", self.dir())? {
            let entry = entry.named("list", self.dir())?;
            let name = entry.file_name();
            if name == "db" || name.to_string_lossy().starts_with("db.broken-") {
                std::fs::remove_dir_all(entry.path()).named("remove", &entry.path())?;
            }
        }
        let (catalogue, _) = Catalogue::open(self.dir(), "erase")?;
        reconcile(self.dir(), &catalogue)?;
        state.catalogue = Some(catalogue);
        Ok(predictions)
    }
}

/// Whose rows go.
#[derive(Default)]
struct Gone<'a> {
    code: Option<&'a str>,
    sessions: BTreeSet<SessionId>,
    models: BTreeSet<String>,
}

impl Gone<'_> {
    /// Whether a row goes with them.
    fn takes(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Participant(row) => self.code == Some(&row.code),
            Entry::Prediction(row) => self.sessions.contains(&row.session) || self.models.contains(&row.model),
            Entry::Model(row) => self.models.contains(&row.name),
            Entry::Explanation(row) => self.models.contains(&row.model),
            _ => false,
        }
    }

    /// The row of a model without that person.
    fn without(&self, mut row: ModelRow) -> ModelRow {
        row.sessions.retain(|id| !self.sessions.contains(id));
        row.participants.iter_mut().filter(|p| self.code == Some(p)).for_each(|p| *p = NOBODY.into());
        row
    }
}

/// What would be left of a person if something were left.
fn traces(dir: &Path, code: &str, ids: &BTreeSet<SessionId>) -> Needles {
    let mut needles = Needles::default();
    // As it stands in rows (msgpack) and in JSON; bare, a short code would be found by chance.
    needles.add(&rmp_serde::to_vec(code).unwrap_or_default());
    needles.add(format!("\"{code}\"").as_bytes());
    for id in ids {
        needles.add(&id.0.to_be_bytes());
        needles.add(id.to_string().as_bytes());
        // A session that cannot be opened has no whole blocks either.
        let Ok(recording) = Recording::open(dir, *id) else { continue };
        // What a simulator made is equal for every code of the same seed, and no piece of a person.
        for row in recording.streams.iter().filter(|row| !row.info.simulated) {
            let parts = recording.parts(row.info.id);
            let some = parts.iter().step_by(parts.len().div_ceil(PROBES).max(1));
            some.filter_map(|part| recording.payload(part).ok()).for_each(|payload| needles.probe(&payload));
        }
    }
    needles
}

/// Removes a session's folder; the journal goes last, so that a folder left half-way still says whose it is.
pub(super) fn remove_session(folder: &Path) -> Result<(), StoreError> {
    let (journals, others): (Vec<String>, Vec<String>) = disk::file_names(folder)?
        .into_iter()
        .partition(|name| disk::segment_parts(name).is_some_and(|(stem, _)| stem == journal::SESSION));
    for name in others.iter().chain(journals.iter().rev()) {
        let path = folder.join(name);
        std::fs::remove_file(&path).named("remove", &path)?;
    }
    std::fs::remove_dir_all(folder).named("remove", folder)
}

/// Writes the home's journal anew without what is gone; answers it and the number of predictions left out.
fn rewrite(dir: &Path, gone: &Gone) -> Result<(Log, usize), StoreError> {
    let ledger = Ledger::of_home(dir)?;
    // Under another name until it is whole and durable: its first frame says that it replaces everything before.
    remove_renewed(dir)?;
    let mut renewed = Log::behind(dir, RENEWED)?;
    let mut predictions = 0;
    renewed.put(&keys::prefix(Tag::Base, keys::HOME), &[])?;
    for (key, (value, _)) in &ledger.rows {
        match keys::open(value) {
            Ok(Value::Row(entry)) if gone.takes(&entry) => predictions += usize::from(matches!(entry, Entry::Prediction(_))),
            Ok(Value::Row(Entry::Model(row))) => renewed.put(key, &keys::seal(&Entry::Model(gone.without(row)))?)?,
            _ => renewed.put(key, value)?,
        }
    }
    renewed.close()?;
    let next = disk::segments(dir, journal::HOME)?.last().map_or(0, |(n, _)| n + 1);
    let (from, to) = (dir.join(disk::segment_name(RENEWED, 0)), dir.join(disk::segment_name(journal::HOME, next)));
    std::fs::rename(&from, &to).named("rename", &from)?;
    disk::sync_dir(dir)?;
    drop_superseded(dir)?;
    Ok((Log::behind(dir, journal::HOME)?, predictions))
}

fn remove_renewed(dir: &Path) -> Result<(), StoreError> {
    for (_, name) in disk::segments(dir, RENEWED)? {
        let path = dir.join(name);
        std::fs::remove_file(&path).named("remove", &path)?;
    }
    Ok(())
}

/// Deletes segments of the home's journal that a later one replaces.
pub(super) fn drop_superseded(dir: &Path) -> Result<(), StoreError> {
    remove_renewed(dir)?;
    let base = keys::prefix(Tag::Base, keys::HOME);
    let segments = disk::segments(dir, journal::HOME)?;
    let mut replaced = 0;
    for (i, (_, name)) in segments.iter().enumerate() {
        let mut first = None;
        scan(&dir.join(name), |_, key, _| {
            first.get_or_insert(key == base);
            true
        })?;
        if first == Some(true) {
            replaced = i;
        }
    }
    for (_, name) in &segments[..replaced] {
        let path = dir.join(name);
        std::fs::remove_file(&path).named("remove", &path)?;
    }
    if replaced > 0 { disk::sync_dir(dir) } else { Ok(()) }
}
