//! How a writer comes into being: with a new session, or over what is there already.

use super::super::codec::Encoder;
use super::super::disk;
use super::super::error::{Named, StoreError};
use super::super::home::Home;
use super::super::journal;
use super::super::lane::Lane;
use super::super::log::Log;
use super::super::rows::{Consent, Entry, Participant, Session};
use super::SessionWriter;
use crate::signal::StreamId;
use std::collections::BTreeMap;
use std::path::PathBuf;

impl Home {
    /// Creates a session: its folder and, durable when this returns, the rows of the participant, the consent and
    /// the session itself.
    ///
    /// # Errors
    /// No consent to record, a code that cannot be one, an id that is taken, the disk.
    pub fn create_session(
        &self,
        session: Session,
        participant: Participant,
        consent: Consent,
    ) -> Result<SessionWriter, StoreError> {
        self.must_write()?;
        self.check_code(&participant.code)?;
        if !consent.recording {
            return Err(StoreError::NoConsent { participant: participant.code });
        }
        if session.participant != participant.code {
            return Err(StoreError::Foreign { what: "the participant", session: session.id });
        }
        let folder = self.session_dir(session.id);
        if folder.exists() {
            return Err(StoreError::Exists { session: session.id });
        }
        let encoder = Encoder::new().named("set up zstd for", &folder)?;
        if self.participants()?.iter().all(|known| *known != participant) {
            self.put(Entry::Participant(participant.clone()))?;
        }
        disk::private_dir(&folder).named("create", &folder)?;
        disk::sync_dir(self.dir())?;
        self.state().live.insert(session.id);
        let journal = Log::behind(&folder, journal::SESSION)?;
        let (rows, lanes) = (Vec::new(), BTreeMap::new());
        let (home, id) = (self.clone(), session.id);
        let mut writer = SessionWriter {
            home,
            session: session.clone(),
            consent: consent.clone(),
            folder,
            journal,
            rows,
            seq: 0,
            lanes,
            encoder,
            written: 0,
        };
        writer.put(Entry::Participant(participant))?;
        writer.put(Entry::Consent(id, consent))?;
        writer.put(Entry::Session(session))?;
        writer.flush_journal()?;
        Ok(writer)
    }
}

impl SessionWriter {
    /// A writer over what is there already.
    pub(in crate::store) fn over(
        home: Home,
        (session, consent): (Session, Consent),
        folder: PathBuf,
        (journal, seq): (Log, u32),
        lanes: BTreeMap<StreamId, Lane>,
        encoder: Encoder,
    ) -> SessionWriter {
        SessionWriter { home, session, consent, folder, journal, rows: Vec::new(), seq, lanes, encoder, written: 0 }
    }
}
