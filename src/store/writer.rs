//! Writing one session: its journal and one row of segments a stream. Used by one thread at a time.

mod begin;
mod flush;

use super::codec::Encoder;
use super::error::StoreError;
use super::home::Home;
use super::keys::{self, Pair};
use super::lane::Lane;
use super::log::{Digest, Log};
use super::manifest;
use super::recorder::StreamTally;
use super::rows::{Consent, Entry, Session, SessionId, SessionState, StreamRow};
use crate::signal::{Chunk, Frame, Nanos, StreamId, StreamInfo};
pub(super) use flush::{Flush, Flushed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// When so many bytes wait for a disk that does not take them, samples are dropped (and counted) instead of
/// filling the memory.
const MOST_WAITING: usize = 32 << 20;

/// The only writer of one session. Everything but [`SessionWriter::flush`] and what calls it only fills buffers.
pub struct SessionWriter {
    home: Home,
    session: Session,
    consent: Consent,
    folder: PathBuf,
    journal: Log,
    /// Rows in the journal's buffer, in its order.
    rows: Vec<Pair>,
    /// Numbers rows that may happen twice at one time.
    seq: u32,
    lanes: BTreeMap<StreamId, Lane>,
    encoder: Encoder,
    written: u64,
}

impl SessionWriter {
    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Notes by what an import is known again; the close makes it durable.
    pub(super) fn set_content(&mut self, content: String) {
        self.session.content = content;
    }

    /// Bytes made durable so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Counters of all streams.
    pub fn streams(&self) -> Vec<StreamRow> {
        self.lanes.values().map(|lane| lane.row.clone()).collect()
    }

    /// Counters for the screen.
    pub fn tallies(&self) -> Vec<StreamTally> {
        let tally = |lane: &Lane| StreamTally {
            stream: lane.row.info.id,
            name: lane.row.info.name.clone(),
            written: lane.row.written,
            lost: lane.row.lost,
            dropped: lane.row.dropped,
            withheld: lane.withheld,
            gaps: lane.row.gaps.len(),
        };
        self.lanes.values().map(tally).collect()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Rows given to the journal so far.
    pub(super) fn rows_put(&self) -> u64 {
        u64::from(self.seq)
    }

    /// So many of them, the first ones, are durable.
    pub(super) fn rows_durable(&self) -> u64 {
        self.rows_put() - self.rows.len() as u64
    }

    /// Announces streams; durable on return. Known ones keep their counters.
    ///
    /// # Errors
    /// The disk.
    pub fn declare_streams(&mut self, streams: &[StreamInfo]) -> Result<(), StoreError> {
        for info in streams {
            if self.lanes.contains_key(&info.id) {
                continue;
            }
            let taken: Vec<&str> = self.lanes.values().map(|lane| lane.log.stem()).collect();
            let lane = Lane::open(&self.folder, info, &taken)?;
            self.put(Entry::Stream(self.session.id, lane.row.clone()))?;
            self.lanes.insert(info.id, lane);
        }
        self.flush_journal()
    }

    /// Buffers a row of this session for the journal.
    ///
    /// # Errors
    /// The row belongs elsewhere or is too large. The disk is only touched by a flush.
    pub fn journal(&mut self, entry: Entry) -> Result<(), StoreError> {
        if keys::session_of(&entry) != Some(self.session.id) {
            return Err(StoreError::Foreign { what: keys::name_of(&entry), session: self.session.id });
        }
        match &entry {
            Entry::Session(row) => self.session = row.clone(),
            Entry::Consent(_, row) => self.consent = row.clone(),
            _ => {}
        }
        self.put(entry)
    }

    fn put(&mut self, entry: Entry) -> Result<(), StoreError> {
        let (key, value) = (keys::key_of(&entry, self.session.id.0, self.seq)?, keys::seal(&entry)?);
        self.seq += 1;
        self.journal.put(&key, &value)?;
        self.rows.push((key, value));
        Ok(())
    }

    /// Buffers a chunk.
    ///
    /// # Errors
    /// An unknown stream, another width, or too much waits for the disk; the samples are counted as dropped.
    pub fn samples(&mut self, chunk: &Chunk) -> Result<(), StoreError> {
        self.take_samples(chunk.clone())
    }

    /// As [`SessionWriter::samples`], without a copy.
    ///
    /// # Errors
    /// As [`SessionWriter::samples`].
    pub fn take_samples(&mut self, chunk: Chunk) -> Result<(), StoreError> {
        let waiting = self.pending();
        let lane = lane(&mut self.lanes, chunk.stream, self.session.id)?;
        lane.changed = true;
        let found = chunk.channels;
        let expected = lane.row.info.channels.len();
        let refused = if found != expected || chunk.rows.len() != chunk.len() * found {
            Some(StoreError::Width { stream: lane.row.info.name.clone(), expected, found })
        } else {
            behind(waiting)
        };
        if let Some(refused) = refused {
            lane.row.lost += chunk.lost_before;
            lane.row.dropped += chunk.len() as u64;
            return Err(refused);
        }
        if chunk.is_empty() { Ok(()) } else { lane.gather(self.session.id, chunk, &mut self.encoder) }
    }

    /// Buffers a video frame. Without the consent to store faces it is counted and not written.
    ///
    /// # Errors
    /// As [`SessionWriter::samples`].
    pub fn frame(&mut self, frame: &Frame) -> Result<(), StoreError> {
        let waiting = self.pending();
        let stored = self.consent.face_stored;
        let lane = lane(&mut self.lanes, frame.stream, self.session.id)?;
        lane.changed = true;
        let index = lane.place(frame.index, 1, frame.captured);
        let lost = lane.follow(index, 1);
        lane.row.lost += lost;
        if !stored {
            lane.withheld += 1;
            lane.row.first_arrival.get_or_insert(frame.arrived);
            lane.row.last_arrival = Some(frame.arrived);
            return Ok(());
        }
        if let Some(refused) = behind(waiting) {
            lane.row.dropped += 1;
            return Err(refused);
        }
        lane.film(self.session.id, frame, index, lost)?;
        lane.count(frame.arrived, 1);
        Ok(())
    }

    /// Counts samples or frames that never reached the writer.
    pub fn note_dropped(&mut self, stream: StreamId, n: u64) {
        if let Some(lane) = self.lanes.get_mut(&stream) {
            lane.row.dropped += n;
            lane.changed = true;
        }
    }

    /// Puts the counters of all streams that went on into the journal; the next flush makes them durable.
    ///
    /// # Errors
    /// As [`SessionWriter::journal`].
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        let changed = |lane: &mut Lane| std::mem::take(&mut lane.changed).then(|| lane.row.clone());
        let changed: Vec<StreamRow> = self.lanes.values_mut().filter_map(changed).collect();
        changed.into_iter().try_for_each(|row| self.put(Entry::Stream(self.session.id, row)))
    }

    /// Bytes that wait for the next flush.
    pub fn pending(&self) -> usize {
        self.journal.pending() + self.lanes.values().map(Lane::pending).sum::<usize>()
    }

    /// Hands everything to the operating system without waiting for the disk: from then on it survives the end of
    /// this process, not yet a power cut.
    ///
    /// # Errors
    /// As [`SessionWriter::flush`].
    pub fn hand_over(&mut self) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for lane in self.lanes.values_mut() {
            let done = lane.seal(self.session.id, &mut self.encoder).and_then(|()| lane.log.write());
            outcome = outcome.and(done);
        }
        outcome
    }

    /// Ends the session: last counters, its state, the manifest with a checksum of every file.
    ///
    /// # Errors
    /// The disk. The session then stays as a killed process would leave it: everything flushed is there, and it is
    /// marked as interrupted when the home is opened next.
    pub fn close(mut self, state: SessionState, ended: Nanos) -> Result<Session, StoreError> {
        self.lanes.values_mut().for_each(|lane| lane.changed = true);
        self.checkpoint()?;
        let mut session = self.session.clone();
        (session.state, session.ended) = (state, Some(ended));
        // The samples first: a session that says it is complete has all of them.
        self.flush_samples()?;
        self.journal(Entry::Session(session.clone()))?;
        self.flush_journal()?;
        // Hashed while they were written: an hour of video need not be read again.
        let logs = self.lanes.values().map(|lane| &lane.log).chain([&self.journal]);
        let known: Vec<Digest> = logs.flat_map(Log::digests).collect();
        manifest::write(&self.folder, self.session.id, &known)?;
        Ok(session)
    }
}

impl Drop for SessionWriter {
    fn drop(&mut self) {
        self.home.state().live.remove(&self.session.id);
    }
}

fn lane(lanes: &mut BTreeMap<StreamId, Lane>, stream: StreamId, session: SessionId) -> Result<&mut Lane, StoreError> {
    lanes.get_mut(&stream).ok_or(StoreError::NoStream { session, stream: stream.0 })
}

fn behind(waiting: usize) -> Option<StoreError> {
    (waiting > MOST_WAITING).then_some(StoreError::Behind { waiting: waiting >> 20 })
}
