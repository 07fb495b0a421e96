//! Going on with a session that was interrupted: what is there stays as it is, everything new lies behind it.

use super::codec::Encoder;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::{self, Ledger};
use super::lane::Lane;
use super::log::Log;
use super::recording::Recording;
use super::rows::{ClockPair, Entry, SessionId, SessionState};
use super::writer::SessionWriter;
use crate::signal::{Clock, Nanos, SECOND, seconds};
use std::collections::BTreeMap;

/// Two clocks that name no origin are the same where they agree with the wall clock so far.
const AGREE: Nanos = 10 * SECOND;

/// How the clock of an interrupted session goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// What must be added to the present clock for the session's own; 0 where they are the same.
    pub shift: Nanos,
    /// Where the clocks are not the same: a sentence that says so, and how long the gap is by the wall clock.
    pub estimated: Option<String>,
}

impl Home {
    /// Opens an interrupted session for writing again, or one that was only prepared, in new segments. Streams go on with the indices that belong to
    /// the time that has passed: the interruption is a gap, counted as lost. `now` is the session's clock.
    ///
    /// # Errors
    /// The session has ended or is being recorded; `now` lies before its end, so that it is another clock
    /// (see [`Recording::continuation`]); the disk.
    pub fn resume_session(&self, id: SessionId, now: Nanos) -> Result<SessionWriter, StoreError> {
        self.must_write()?;
        if self.state().live.contains(&id) {
            return Err(StoreError::Live { session: id });
        }
        let recording = self.recording(id)?;
        if !matches!(recording.session.state, SessionState::Interrupted | SessionState::Prepared) {
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
        // Nothing is recorded before whoever writes says so.
        (session.state, session.ended) = (SessionState::Prepared, None);
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
    /// How the session's clock goes on now. After the computer was started again monotonic time counts from another
    /// moment; the session's time is then the last pair of readings, and what has passed since by the wall clock. That
    /// is an estimate: the wall clock may have been set meanwhile, and nothing in the session can tell.
    pub fn continuation(&self, clock: &dyn Clock) -> Continuation {
        let same = Continuation { shift: 0, estimated: None };
        let Some(last) = self.last_moment() else { return same };
        let begun = ClockPair { monotonic: self.session.started, utc: self.session.started_utc, origin: 0 };
        let pair = self.clock_pairs.iter().max_by_key(|p| p.monotonic).copied().unwrap_or(begun);
        let now = ClockPair::of(clock);
        let by_wall = pair.monotonic.saturating_add(now.utc.saturating_sub(pair.utc));
        let is_same = if pair.origin != 0 && now.origin != 0 {
            pair.origin == now.origin
        } else {
            now.monotonic >= last && by_wall.saturating_sub(now.monotonic).saturating_abs() <= AGREE
        };
        if is_same {
            return same;
        }
        let goes_on = by_wall.max(last.saturating_add(SECOND));
        let gap = seconds(goes_on - last);
        let text = if goes_on == by_wall {
            format!(
                "estimated gap: the computer was started again; by its wall clock {gap:.1} s are missing, which nothing confirms"
            )
        } else {
            format!(
                "estimated gap: the computer was started again and its wall clock set back; {gap:.1} s are put in for what is missing"
            )
        };
        Continuation { shift: goes_on - now.monotonic, estimated: Some(text) }
    }

    /// The trial to go on with: the first that was neither finished nor skipped.
    pub fn next_trial(&self) -> u32 {
        use super::rows::TrialState::{Redone, Running};
        let over = |number: &u32| self.trials.iter().any(|t| t.number == *number && !matches!(t.state, Running | Redone));
        (1..).find(|number| !over(number)).unwrap_or(1)
    }
}
