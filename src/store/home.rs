//! The home: the folder of all sessions, opened by one writer at a time or by anyone for reading.

use super::align::{apply, reconcile, session_ids};
use super::catalogue::{Catalogue, Head};
use super::disk;
use super::entrance::{free_stamp, lock};
use super::error::{Named, StoreError};
use super::journal::{self, Ledger};
use super::keys;
use super::log::Log;
use super::manifest;
use super::mend;
use super::recording::Recording;
use super::rows::{Entry, Session, SessionId, SessionState};
use rustix::fs::Access;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Least free space for opening a home to write: the catalogue cannot be opened on a full disk. Far below what ends
/// a recording, so that a home can be opened after its disk was found full.
const ROOM_MIB: u64 = 8;

/// All sessions of a lab. Clones share one opening.
#[derive(Clone)]
pub struct Home {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    state: Mutex<State>,
    notices: Vec<String>,
    /// Held as long as the home is open for writing; last, so that it is released last.
    lock: Option<File>,
}

#[derive(Default)]
pub(super) struct State {
    /// None: opened for reading, or sled failed; queries then read the journals.
    pub catalogue: Option<Catalogue>,
    /// The home's own journal; None when opened for reading.
    pub log: Option<Log>,
    /// Sessions that have a writer.
    pub live: BTreeSet<SessionId>,
}

/// What making the catalogue again found.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct RebuildReport {
    pub sessions: usize,
    pub rows: u64,
    /// The catalogue had been exactly what the journals say.
    pub was_equal: bool,
}

impl Home {
    /// Opens a home for writing, creating the folder if need be. Sessions that a dead process left unfinished are
    /// marked as interrupted, unless they were only prepared; imports that it left are removed; the catalogue is brought in
    /// line with the journals.
    ///
    /// # Errors
    /// Another process has it open, it cannot be written, or less than 8 MiB are free. Nothing is created then.
    pub fn open(dir: &Path) -> Result<Home, StoreError> {
        let cannot = |cause| StoreError::NotWritable { home: dir.into(), cause };
        if let Some(left) = disk::free_bytes(dir).map(|bytes| bytes >> 20).filter(|mib| *mib < ROOM_MIB) {
            return Err(StoreError::Full { home: dir.into(), left, wanted: ROOM_MIB });
        }
        if dir.exists() {
            rustix::fs::access(dir, Access::WRITE_OK | Access::EXEC_OK).map_err(|e| cannot(e.into()))?;
        }
        disk::private_dir(dir).map_err(cannot)?;
        let lock = lock(dir)?;
        let mut notices = Vec::new();
        super::erase::drop_superseded(dir)?;
        notices.extend(super::redact::clear_left_behind(dir)?);
        let log = Log::resume(dir, journal::HOME)?;
        let stamp = std::process::id().to_string();
        let (catalogue, notice) = Catalogue::open(dir, &free_stamp(dir, &stamp))?;
        notices.extend(notice);
        let renewed = reconcile(dir, &catalogue)?;
        if renewed > 0 {
            notices.push(format!("the catalogue was behind the journals of {renewed} session(s) and was brought up to date"));
        }
        let state = State { catalogue: Some(catalogue), log: Some(log), live: BTreeSet::new() };
        let inner = Inner { dir: dir.into(), state: Mutex::new(state), notices: Vec::new(), lock: Some(lock) };
        let home = Home { inner: Arc::new(inner) };
        let mut removed = false;
        for session in home.sessions()? {
            if session.state == SessionState::Prepared && session.is_half_import() {
                super::erase::remove_session(&home.session_dir(session.id))?;
                removed = true;
                let name = format!("{}/{} ({})", session.participant, session.number, session.rig_name);
                notices.push(format!("the import of {name} had not been finished and is removed; import it again"));
            } else if session.is_open() {
                let id = session.id;
                notices.push(home.interrupt(session).unwrap_or_else(|e| format!("session {id} had not been closed: {e}")));
            }
        }
        if removed {
            // The catalogue forgets what has no folder.
            home.rebuild()?;
        }
        Ok(home.with_notices(notices))
    }

    /// Opens a home for reading: no lock, no sled, nothing on disk changes, and another process may be recording.
    /// Every query reads the journals afresh.
    ///
    /// # Errors
    /// The folder is not there or cannot be read.
    pub fn view(dir: &Path) -> Result<Home, StoreError> {
        std::fs::read_dir(dir).map_err(|cause| StoreError::NoHome { home: dir.into(), cause })?;
        let inner = Inner { dir: dir.into(), state: Mutex::default(), notices: Vec::new(), lock: None };
        Ok(Home { inner: Arc::new(inner) })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// Sentences about what opening it found and mended.
    pub fn notices(&self) -> &[String] {
        &self.inner.notices
    }

    pub fn is_writable(&self) -> bool {
        self.inner.lock.is_some()
    }

    /// Folder of a session; whether it exists is another question.
    pub fn session_dir(&self, id: SessionId) -> PathBuf {
        self.inner.dir.join(id.to_string())
    }

    /// Where model files go. [`Home::store_file`] creates it.
    pub fn model_dir(&self) -> PathBuf {
        self.inner.dir.join("models")
    }

    /// Writes a file that a row points to, wholly or not at all and durably; answers its SHA-256. `name` is
    /// relative to the home, e.g. "models/eeg-1.onnx".
    ///
    /// # Errors
    /// A name that leads out of the home; the disk.
    pub fn store_file(&self, name: &str, bytes: &[u8]) -> Result<String, StoreError> {
        self.must_write()?;
        let inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        let path = self.inner.dir.join(name);
        if !inside || name.is_empty() {
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "the name leads out of the home");
            return Err(source).named("write", &path);
        }
        let folder = path.parent().unwrap_or(&self.inner.dir);
        disk::private_dir(folder).named("create", folder)?;
        disk::write_whole(&path, bytes)?;
        Ok(disk::sha256(bytes))
    }

    /// Stores a row; durable in a journal when this returns. Rows of a session that is being recorded go to its
    /// writer instead.
    ///
    /// # Errors
    /// The home was opened for reading, the session is live or not there, the disk.
    pub fn put(&self, entry: Entry) -> Result<(), StoreError> {
        self.must_write()?;
        if let Some(id) = keys::session_of(&entry) {
            return self.amend(id, vec![entry]);
        }
        if let Entry::Participant(person) = &entry {
            self.check_code(&person.code)?;
        }
        let row = (keys::key_of(&entry, keys::HOME, 0)?, keys::seal(&entry)?);
        let mut state = self.state();
        let Some(log) = &mut state.log else { return Err(StoreError::ReadOnly { home: self.inner.dir.clone() }) };
        log.put(&row.0, &row.1)?;
        let places = log.flush().inspect_err(|_| log.discard())?;
        let bytes = disk::segment_bytes(&self.inner.dir, journal::HOME)?;
        apply(&mut state, keys::HOME, "", vec![row], &places, bytes);
        Ok(())
    }

    /// Adds rows to a session that nobody records: a new segment of its journal, never a change of an old one.
    pub(super) fn amend(&self, id: SessionId, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.must_write()?;
        let mut state = self.state();
        if state.live.contains(&id) {
            return Err(StoreError::Live { session: id });
        }
        let folder = self.session_dir(id);
        if !folder.is_dir() {
            return Err(StoreError::NoSession { word: id.to_string() });
        }
        // Numbers behind all that are there keep markers of the same moment apart.
        let seq = Ledger::of_session(&folder, id)?.frames as u32;
        let mut log = Log::behind(&folder, journal::SESSION)?;
        let mut rows = Vec::new();
        for (seq, entry) in (seq..).zip(&entries) {
            rows.push((keys::key_of(entry, id.0, seq)?, keys::seal(entry)?));
        }
        rows.iter().try_for_each(|(key, value)| log.put(key, value))?;
        let places = log.flush()?;
        if folder.join(manifest::NAME).exists() {
            manifest::write(&folder, id, &[])?;
        }
        let bytes = disk::segment_bytes(&folder, journal::SESSION)?;
        apply(&mut state, id.0, &id.to_string(), rows, &places, bytes);
        Ok(())
    }

    /// Closes a session whose writer could not, as opening the home would: by what was durable then.
    ///
    /// # Errors
    /// The session is being recorded or not there, the disk.
    pub fn close_abandoned(&self, id: SessionId) -> Result<Session, StoreError> {
        self.must_write()?;
        if self.state().live.contains(&id) {
            return Err(StoreError::Live { session: id });
        }
        let session = self.session(id)?;
        if session.is_open() {
            self.interrupt(session)?;
        }
        self.session(id)
    }

    /// Marks a session that no process writes any more, with counters as found in its segments.
    fn interrupt(&self, mut session: Session) -> Result<String, StoreError> {
        let moved = mend::set_tails_aside(&self.session_dir(session.id))?;
        let recording = Recording::open(&self.inner.dir, session.id)?;
        let mut entries: Vec<Entry> = recording.streams.iter().map(|row| Entry::Stream(session.id, row.clone())).collect();
        session.ended = session.ended.or_else(|| recording.last_moment()).or(Some(session.started));
        let (id, participant) = (session.id, session.participant.clone());
        let mut sentence = if session.state == SessionState::Prepared && recording.streams.is_empty() {
            format!("session {id} of {participant} was prepared when the program ended; nothing of it had been recorded")
        } else {
            session.state = SessionState::Interrupted;
            format!("session {id} of {participant} had not been closed and is marked as interrupted")
        };
        if moved > 0 {
            sentence += &format!("; {moved} bytes that were being written are set aside");
        }
        entries.push(Entry::Session(session));
        self.amend(id, entries)?;
        manifest::write(&self.session_dir(id), id, &[])?;
        Ok(sentence)
    }

    /// Makes the catalogue again from the journals.
    ///
    /// # Errors
    /// The home was opened for reading, a session is being recorded, the disk.
    pub fn rebuild(&self) -> Result<RebuildReport, StoreError> {
        self.must_write()?;
        let mut state = self.state();
        if let Some(session) = state.live.first() {
            return Err(StoreError::Live { session: *session });
        }
        let before = state.catalogue.as_ref().and_then(|c| c.all().ok());
        state.catalogue = None;
        let db = self.inner.dir.join("db");
        if db.exists() {
            std::fs::remove_dir_all(&db).named("remove", &db)?;
        }
        let (catalogue, _) = Catalogue::open(&self.inner.dir, "rebuild")?;
        reconcile(&self.inner.dir, &catalogue)?;
        let after = catalogue.all()?;
        let sessions = session_ids(&self.inner.dir)?.len();
        let report = RebuildReport { sessions, rows: after.len() as u64, was_equal: before.is_some_and(|b| b == after) };
        state.catalogue = Some(catalogue);
        Ok(report)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn must_write(&self) -> Result<(), StoreError> {
        if self.is_writable() { Ok(()) } else { Err(StoreError::ReadOnly { home: self.inner.dir.clone() }) }
    }

    fn with_notices(mut self, notices: Vec<String>) -> Home {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.notices = notices;
        }
        self
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A close that fails costs nothing: the next opening goes on in a new segment and compares.
        if let Some(log) = &mut state.log
            && log.close().is_ok()
            && let Some(catalogue) = &state.catalogue
            && let Ok(bytes) = disk::segment_bytes(&self.dir, journal::HOME)
            && let Ok(head) = catalogue.head(keys::HOME)
        {
            let _ = catalogue.set_head(keys::HOME, Head { bytes, ..head });
            let _ = catalogue.flush();
        }
    }
}
