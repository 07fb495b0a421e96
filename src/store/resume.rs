//! Going on with a session that was interrupted: what is there stays as it is, everything new lies behind it.

use super::codec::Encoder;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::{self, Ledger};
use super::lane::Lane;
use super::log::Log;
use super::recording::Recording;
use super::rows::{Entry, SessionId, SessionState};
use super::writer::SessionWriter;
use crate::signal::Nanos;
use std::collections::BTreeMap;

impl Home {
    /// Opens an interrupted session for writing again, in new segments. Streams go on with the indices that belong to
    /// the time that has passed: the interruption is a gap, counted as lost. `now` is the session's clock.
    ///
    /// # Errors
    /// The session was not interrupted or is being recorded; the computer was started again since, so that its clock
    /// does not go on; the disk.
    pub fn resume_session(&self, id: SessionId, now: Nanos) -> Result<SessionWriter, StoreError> {
        self.must_write()?;
        if self.state().live.contains(&id) {
            return Err(StoreError::Live { session: id });
        }
        let recording = self.recording(id)?;
        if recording.session.state != SessionState::Interrupted {
            return Err(StoreError::NotInterrupted { session: id });
        }
        if recording.last_moment().is_some_and(|last| now < last) {
            return Err(StoreError::OtherClock { session: id });
        }
        let folder = self.session_dir(id);
        let mut lanes = BTreeMap::new();
        for row in &recording.streams {
            let taken: Vec<String> = lanes.values().map(|lane: &Lane| lane.log.stem().to_string()).collect();
            let lane = match recording.whereabouts(row.info.id) {
                Some(there) => Lane::resume(&folder, row.clone(), there)?,
                None => Lane::open(&folder, &row.info, &taken.iter().map(String::as_str).collect::<Vec<_>>())?,
            };
            lanes.insert(row.info.id, lane);
        }
        // Numbers behind all that are there keep markers of the same moment apart.
        let seq = Ledger::of_session(&folder, id)?.frames as u32;
        let encoder = Encoder::new().named("set up zstd for", &folder)?;
        let mut session = recording.session.clone();
        (session.state, session.ended) = (SessionState::Recording, None);
        let journal = Log::behind(&folder, journal::SESSION)?;
        self.state().live.insert(id);
        let consent = recording.consent.clone();
        let mut writer = SessionWriter::over(self.clone(), (session.clone(), consent), folder, (journal, seq), lanes, encoder);
        writer.journal(Entry::Session(session))?;
        writer.flush_journal()?;
        Ok(writer)
    }
}

impl Recording {
    /// The trial to go on with: the first that was neither finished nor skipped.
    pub fn next_trial(&self) -> u32 {
        use super::rows::TrialState::{Redone, Running};
        let over = |number: &u32| self.trials.iter().any(|t| t.number == *number && !matches!(t.state, Running | Redone));
        (1..).find(|number| !over(number)).unwrap_or(1)
    }
}
