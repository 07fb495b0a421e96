//! What is asked of a home: people, sessions, models, predictions, explanations, one recording.

use super::align::session_ids;
use super::disk;
use super::entrance::is_held;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::Ledger;
use super::keys::{self, Pair, Pointer, Tag, Value};
use super::recording::Recording;
use super::rows::{
    Consent, Entry, ExplanationRow, ModelRow, Participant, PredictionRow, Session, SessionId, SessionState, StreamRow,
};
use super::segment::read_frame;
use crate::signal::{Clock, Nanos, Seed};
use std::collections::BTreeMap;
use std::fs::File;

impl Home {
    /// Everyone who was ever registered, by code.
    ///
    /// # Errors
    /// Unreadable rows; the disk. The same holds for all queries.
    pub fn participants(&self) -> Result<Vec<Participant>, StoreError> {
        let mut people: BTreeMap<String, Participant> = BTreeMap::new();
        // The home's own row comes first and wins; a session's copy serves where the home's journal was lost.
        for (_, entry) in self.entries(Tag::Participant)? {
            if let Entry::Participant(row) = entry {
                people.entry(row.code.clone()).or_insert(row);
            }
        }
        Ok(people.into_values().collect())
    }

    /// All sessions, newest first.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let mut sessions: Vec<Session> = self
            .entries(Tag::Session)?
            .into_iter()
            .filter_map(|(_, entry)| if let Entry::Session(row) = entry { Some(row) } else { None })
            .collect();
        for session in &mut sessions {
            session.state = self.told(session);
        }
        sessions.sort_by_key(|s| std::cmp::Reverse((s.started_utc, s.id)));
        Ok(sessions)
    }

    /// The state of a session as a reader is told it. To whoever only reads, a session whose writer died still says that it
    /// is being recorded until the home is opened for writing; where nobody holds the home it is called what it will be then.
    pub(super) fn told(&self, session: &Session) -> SessionState {
        let abandoned = session.state == SessionState::Recording && !self.is_writable() && !is_held(self.dir());
        if abandoned { SessionState::Interrupted } else { session.state }
    }

    /// One session by its id.
    ///
    /// # Errors
    /// [`StoreError::NoSession`].
    pub fn session(&self, id: SessionId) -> Result<Session, StoreError> {
        let found = self.sessions()?.into_iter().find(|s| s.id == id);
        found.ok_or_else(|| StoreError::NoSession { word: id.to_string() })
    }

    /// The session that a person means: "last", "P07/1" (participant and number), or the beginning of its id.
    ///
    /// # Errors
    /// [`StoreError::NoSession`], or [`StoreError::Ambiguous`] when the beginning fits several.
    pub fn find_session(&self, word: &str) -> Result<Session, StoreError> {
        let sessions = self.sessions()?;
        let missing = || StoreError::NoSession { word: word.into() };
        if word.eq_ignore_ascii_case("last") {
            return sessions.into_iter().next().ok_or_else(missing);
        }
        if let Some((code, number)) = word.rsplit_once('/') {
            let number: u32 = number.parse().map_err(|_| missing())?;
            return sessions.into_iter().find(|s| s.participant == code && s.number == number).ok_or_else(missing);
        }
        let beginning = word.to_ascii_lowercase();
        let mut fitting = sessions.into_iter().filter(|s| !beginning.is_empty() && s.id.to_string().starts_with(&beginning));
        let first = fitting.next().ok_or_else(missing)?;
        match fitting.next() {
            None => Ok(first),
            Some(second) => {
                let (first, second) = (first.id.to_string(), second.id.to_string());
                Err(StoreError::Ambiguous { word: word.into(), first, second })
            }
        }
    }

    /// What the participant of a session agreed to; a consent that is lost is none.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn consent(&self, session: SessionId) -> Result<Consent, StoreError> {
        let mut found = self.entries(Tag::Consent)?.into_iter().filter_map(|(_, entry)| match entry {
            Entry::Consent(id, row) if id == session => Some(row),
            _ => None,
        });
        Ok(found.next_back().unwrap_or_default())
    }

    /// The streams of a session with their counters, as they were stored last.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn streams(&self, session: SessionId) -> Result<Vec<StreamRow>, StoreError> {
        let rows = self.entries(Tag::Stream)?.into_iter().filter_map(|(_, entry)| match entry {
            Entry::Stream(id, row) if id == session => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// How many finished trials each session has; sessions without one are left out.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn usable_trials(&self) -> Result<BTreeMap<SessionId, u32>, StoreError> {
        let mut counts = BTreeMap::new();
        for (_, entry) in self.entries(Tag::Trial)? {
            if let Entry::Trial(id, trial) = entry
                && trial.is_usable()
            {
                *counts.entry(id).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// All models, newest first.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn models(&self) -> Result<Vec<ModelRow>, StoreError> {
        let mut rows: Vec<ModelRow> = self
            .entries(Tag::Model)?
            .into_iter()
            .filter_map(|(_, entry)| if let Entry::Model(row) = entry { Some(row) } else { None })
            .collect();
        rows.sort_by(|a, b| (b.created_utc, &b.name).cmp(&(a.created_utc, &a.name)));
        Ok(rows)
    }

    /// Predictions for a session, by trial and model.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn predictions(&self, session: SessionId) -> Result<Vec<PredictionRow>, StoreError> {
        let rows = self.entries(Tag::Prediction)?.into_iter().filter_map(|(_, entry)| match entry {
            Entry::Prediction(row) if row.session == session => Some(row),
            _ => None,
        });
        Ok(rows.collect())
    }

    /// All explanations, newest first.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn explanations(&self) -> Result<Vec<ExplanationRow>, StoreError> {
        let mut rows: Vec<ExplanationRow> = self
            .entries(Tag::Explanation)?
            .into_iter()
            .filter_map(|(_, entry)| if let Entry::Explanation(row) = entry { Some(row) } else { None })
            .collect();
        rows.sort_by(|a, b| (b.created_utc, &b.file).cmp(&(a.created_utc, &a.file)));
        Ok(rows)
    }

    /// The number that the participant's next session gets: 1, 2, ...
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn next_number(&self, participant: &str) -> Result<u32, StoreError> {
        let sessions = self.sessions()?;
        Ok(sessions.iter().filter(|s| s.participant == participant).map(|s| s.number).max().unwrap_or(0) + 1)
    }

    /// A session number that is not taken: milliseconds of `utc`, then twenty bits of the seed.
    pub fn new_session_id(&self, utc: Nanos, seed: &mut Seed) -> SessionId {
        let milliseconds = (utc.max(0) / 1_000_000) as u64;
        loop {
            let id = SessionId((milliseconds << 20) | (seed.bits() >> 44));
            if id.0 != keys::HOME && !self.session_dir(id).exists() {
                return id;
            }
        }
    }

    /// The row of a participant's next session, prepared now and not stored yet: nothing is known of its rig, playlist
    /// and player.
    ///
    /// # Errors
    /// As [`Home::participants`].
    pub fn new_session(&self, participant: &str, clock: &dyn Clock, seed: &mut Seed) -> Result<Session, StoreError> {
        let utc = clock.utc();
        let (id, number) = (self.new_session_id(utc, seed), self.next_number(participant)?);
        Ok(Session::prepared(id, participant, number, (utc, clock.now())))
    }

    /// Opens a session for reading.
    ///
    /// # Errors
    /// [`StoreError::NoSession`]; the disk. Damage is no error: it is counted in [`Recording::recovery`].
    pub fn recording(&self, id: SessionId) -> Result<Recording, StoreError> {
        let mut recording = Recording::open(self.dir(), id)?;
        recording.session.state = self.told(&recording.session);
        Ok(recording)
    }

    /// All rows of a kind with their scopes: from the catalogue, or from the journals where it does not serve.
    fn entries(&self, tag: Tag) -> Result<Vec<(u64, Entry)>, StoreError> {
        {
            let mut state = self.state();
            let from_sled = state.catalogue.as_ref().map(|c| c.scan(tag).and_then(|rows| self.resolve(rows)));
            match from_sled {
                Some(Ok(rows)) => return Ok(rows),
                // Damaged since it was opened: the journals answer until the next opening makes it again.
                Some(Err(_)) => state.catalogue = None,
                None => {}
            }
        }
        let mut all = Vec::new();
        all.extend(Ledger::of_home(self.dir())?.entries(tag)?.into_iter().map(|e| (keys::HOME, e)));
        for id in session_ids(self.dir())? {
            let folder = self.session_dir(id);
            // A session that is just being erased is no error.
            match Ledger::of_session(&folder, id) {
                Ok(ledger) => all.extend(ledger.entries(tag)?.into_iter().map(|e| (id.0, e))),
                Err(_) if !folder.exists() => {}
                Err(e) => return Err(e),
            }
        }
        Ok(all)
    }

    fn resolve(&self, rows: Vec<Pair>) -> Result<Vec<(u64, Entry)>, StoreError> {
        let mut entries = Vec::new();
        for (key, value) in rows {
            let entry = match keys::open(&value)? {
                Value::Row(entry) => entry,
                Value::Elsewhere(pointer) => self.follow(&pointer, &key)?,
            };
            entries.push((keys::scope_of(&key).unwrap_or(keys::HOME), entry));
        }
        Ok(entries)
    }

    /// Reads a large row where it stands.
    fn follow(&self, pointer: &Pointer, key: &[u8]) -> Result<Entry, StoreError> {
        let path = self.dir().join(&pointer.file);
        let file = File::open(&path).named("open", &path)?;
        let (found, value) = read_frame(&file, &path, pointer.offset)?;
        match keys::open(&value)? {
            Value::Row(entry) if found == key => Ok(entry),
            _ => Err(StoreError::Damaged { path, offset: pointer.offset }),
        }
    }

    /// Bytes of a session's folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn session_bytes(&self, id: SessionId) -> Result<u64, StoreError> {
        let folder = self.session_dir(id);
        disk::file_names(&folder)?.iter().try_fold(0, |sum, name| {
            let path = folder.join(name);
            Ok(sum + std::fs::metadata(&path).named("look at", &path)?.len())
        })
    }
}
