//! One session on its way to the disk: prepared, then recorded by the recorder's thread, then closed.

use crate::gate::QualityReport;
use crate::lab::message::StoredStream;
use crate::signal::{Chunk, Frame, Nanos, SharedClock, StreamId, StreamInfo};
use crate::store::rows::{Consent, Entry, Participant, Session, SessionId, SessionState};
use crate::store::{Home, Recorder, RecorderStatus, SessionWriter, StoreError, StreamTally};

/// Packets that may wait for the recorder: about ten seconds of everything that a rig delivers.
const CAPACITY: usize = 4096;

/// A session that is open for writing.
pub struct Recording {
    id: SessionId,
    /// It had been recorded in part before.
    resumed: bool,
    home: Home,
    stage: Stage,
    /// Everything up to this ticket is durable.
    durable: u64,
    failure: Option<String>,
    /// The recorder's last complaint, so that it is told once.
    complaint: Option<String>,
    since: Option<Nanos>,
    /// Length of what was recorded before interruptions, and the bytes that it takes.
    before: Nanos,
    bytes_before: u64,
    ends: Option<(Nanos, SessionState)>,
    /// What the pumps had dropped when recording began.
    dropped_before: Vec<(StreamId, u64)>,
}

enum Stage {
    /// Rows are written here and now; nothing is recorded.
    Prepared(Box<SessionWriter>),
    Running(Recorder),
    /// The recorder could not be started or closed.
    Broken,
}

/// What is known when recording begins.
pub struct Begun {
    pub session: Session,
    pub streams: Vec<StreamInfo>,
    pub report: Option<QualityReport>,
    pub at: Nanos,
    /// Samples that each pump has dropped so far.
    pub dropped: Vec<(StreamId, u64)>,
}

/// Counters for a screen.
#[derive(Debug, Clone, Default)]
pub struct Status {
    pub written: u64,
    pub durable_at: Option<Nanos>,
    pub streams: Vec<StoredStream>,
}

impl Recording {
    /// Creates the session; participant, consent and session are durable on return.
    ///
    /// # Errors
    /// The home cannot be written.
    pub fn prepare(home: &Home, session: Session, participant: &Participant, consent: &Consent) -> Result<Recording, StoreError> {
        let id = session.id;
        let writer = home.create_session(session, participant.clone(), consent.clone())?;
        Ok(Recording::over(home, id, writer, false))
    }

    /// Takes up an interrupted session, or one that was only prepared; `now` = the session's clock, `before` = length of
    /// what is recorded already.
    ///
    /// # Errors
    /// It cannot go on (see [`Home::resume_session`]).
    pub fn resume(home: &Home, id: SessionId, now: Nanos, before: Nanos) -> Result<Recording, StoreError> {
        let bytes_before = home.session_bytes(id)?;
        let writer = home.resume_session(id, now)?;
        let in_part = !writer.streams().is_empty();
        Ok(Recording { before, bytes_before, ..Recording::over(home, id, writer, in_part) })
    }

    fn over(home: &Home, id: SessionId, writer: SessionWriter, resumed: bool) -> Recording {
        Recording {
            id,
            resumed,
            home: home.clone(),
            stage: Stage::Prepared(Box::new(writer)),
            durable: 0,
            failure: None,
            complaint: None,
            since: None,
            before: 0,
            bytes_before: 0,
            ends: None,
            dropped_before: Vec::new(),
        }
    }

    /// Starts the recorder.
    ///
    /// # Errors
    /// The disk, or no thread is left; nothing is recorded then.
    pub fn begin(&mut self, begun: Begun, clock: &SharedClock) -> Result<(), StoreError> {
        let Stage::Prepared(writer) = &mut self.stage else { return Err(StoreError::Ended) };
        writer.declare_streams(&begun.streams)?;
        writer.journal(Entry::Session(begun.session))?;
        begun.report.map_or(Ok(()), |report| writer.journal(Entry::Quality(self.id, report)))?;
        writer.flush_journal()?;
        if let Stage::Prepared(writer) = std::mem::replace(&mut self.stage, Stage::Broken) {
            // On a simulated clock the sources wait for the recorder instead of overrunning it.
            self.stage = Stage::Running(Recorder::spawn(*writer, CAPACITY, clock.clone(), clock.is_simulated())?);
        }
        (self.since, self.dropped_before) = (Some(begun.at), begun.dropped);
        Ok(())
    }

    /// Samples are being written.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running(_))
    }

    /// How long was recorded until now; the time of an interruption is no part of it.
    pub fn recorded(&self, now: Nanos) -> Nanos {
        self.before + self.since.map_or(0, |at| now - at)
    }

    /// Hands samples to the recorder, where one runs.
    pub fn samples(&self, chunk: Chunk) {
        if let Stage::Running(recorder) = &self.stage {
            recorder.samples(chunk);
        }
    }

    /// Hands a frame to the recorder, where one runs. Without consent it is counted there and not written.
    pub fn frame(&self, frame: Frame) {
        if let Stage::Running(recorder) = &self.stage {
            recorder.frame(frame);
        }
    }

    /// Writes a row; [`Recording::durable`] reaches `ticket` when it is safe.
    pub fn journal(&mut self, entry: impl FnOnce(SessionId) -> Entry, ticket: u64) {
        let entry = entry(self.id);
        match &mut self.stage {
            Stage::Prepared(writer) => match writer.journal(entry).and_then(|()| writer.flush_journal()) {
                Ok(()) => self.durable = ticket,
                Err(e) => self.failure = Some(e.to_string()),
            },
            Stage::Running(recorder) => recorder.journal(entry, ticket),
            Stage::Broken => self.failure = Some("the recorder has ended".into()),
        }
    }

    /// Takes in the recorder's acknowledgements; returns up to which ticket everything is durable.
    pub fn durable(&mut self) -> u64 {
        if let Stage::Running(recorder) = &self.stage {
            for ack in recorder.acks().try_iter() {
                match ack {
                    Ok(ticket) => self.durable = self.durable.max(ticket),
                    Err(why) => self.failure = Some(why),
                }
            }
        }
        self.durable
    }

    /// A row that can never be written, once.
    pub fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// What troubles the recorder, told once each time it changes.
    pub fn take_complaint(&mut self) -> Option<String> {
        let Stage::Running(recorder) = &self.stage else { return None };
        let now = recorder.status().trouble;
        if now == self.complaint {
            return None;
        }
        self.complaint.clone_from(&now);
        now
    }

    /// Recording ends at that time, in that state.
    pub fn end_at(&mut self, at: Nanos, state: SessionState) {
        self.ends = Some((at, state));
    }

    /// The time to end has come.
    pub fn is_over(&self, now: Nanos) -> bool {
        self.ends.is_some_and(|(at, _)| now >= at)
    }

    pub fn status(&self) -> Status {
        match &self.stage {
            Stage::Running(recorder) => {
                let RecorderStatus { written_bytes, streams, last_durable, .. } = recorder.status();
                let (written, streams) = (self.bytes_before + written_bytes, streams.into_iter().map(stored).collect());
                Status { written, durable_at: last_durable, streams }
            }
            Stage::Prepared(writer) => Status {
                written: self.bytes_before + writer.written(),
                durable_at: None,
                streams: writer.tallies().into_iter().map(stored).collect(),
            },
            Stage::Broken => Status::default(),
        }
    }

    /// What the pump of a stream dropped since recording began.
    pub fn dropped_since(&self, stream: StreamId, now: u64) -> u64 {
        now.saturating_sub(self.dropped_before.iter().find(|(id, _)| *id == stream).map_or(0, |(_, n)| *n))
    }

    /// Ends the session; everything is durable on return. `dropped` = samples that each pump has dropped so far.
    ///
    /// # Errors
    /// The disk; what was flushed before is safe.
    pub fn close(mut self, now: Nanos, dropped: &[(StreamId, u64)]) -> Result<Session, StoreError> {
        let state = self.ends.map_or(SessionState::Interrupted, |(_, state)| state);
        let session = match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Running(recorder) => recorder.close(state, now)?,
            Stage::Prepared(writer) if self.resumed => writer.close(SessionState::Interrupted, now)?,
            Stage::Prepared(writer) => writer.close(SessionState::Prepared, now)?,
            Stage::Broken => return Err(StoreError::Ended),
        };
        let before_pumps: Vec<(StreamId, u64)> =
            dropped.iter().map(|(id, n)| (*id, self.dropped_since(*id, *n))).filter(|(_, n)| *n > 0).collect();
        // What the pumps dropped never came to the recorder; its rows are corrected by later ones.
        if !before_pumps.is_empty() {
            for mut row in self.home.recording(self.id)?.streams {
                if let Some((_, n)) = before_pumps.iter().find(|(id, _)| *id == row.info.id) {
                    row.dropped += n;
                    self.home.put(Entry::Stream(self.id, row))?;
                }
            }
        }
        Ok(session)
    }
}

fn stored(tally: StreamTally) -> StoredStream {
    let StreamTally { stream: id, name, written, lost, dropped, gaps, .. } = tally;
    StoredStream { id, name, written, missing: lost + dropped, gaps, delivery: None }
}
