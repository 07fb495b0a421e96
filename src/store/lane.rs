//! One stream of the session that is being written: its segments, its counters, its file names.

use super::codec::{self, Encoder, Gathered};
use super::disk;
use super::error::StoreError;
use super::grids::Grids;
use super::journal;
use super::keys;
use super::log::Log;
use super::rows::{SessionId, StreamRow};
use crate::signal::{Chunk, Frame, Nanos, StreamInfo, seconds};
use std::path::Path;

/// Where a stream stood when it was interrupted.
pub(super) struct Whereabouts {
    /// Stem of its files.
    pub stem: String,
    /// Number of its next frame.
    pub seq: u64,
    /// Index behind its last sample, and when that arrived.
    pub end: u64,
    pub last: Nanos,
}

/// How indices of the device become indices of the session.
enum Shift {
    None,
    /// To be found with the next samples.
    Wanted {
        end: u64,
        last: Nanos,
    },
    By {
        device: u64,
        session: u64,
    },
}

/// One stream's segments and counters.
pub(super) struct Lane {
    pub row: StreamRow,
    /// Frames that were counted but not written, for lack of consent.
    pub withheld: u64,
    pub log: Log,
    seq: u64,
    /// Index that the next sample or frame should have.
    expected: Option<u64>,
    grids: Grids,
    /// Samples that wait to be packed into a frame.
    gathered: Gathered,
    /// After an interruption the device counts from 0 again.
    shift: Shift,
    /// The row has changed since it was last put into the journal.
    pub changed: bool,
}

impl Lane {
    /// A stream that begins now. Its files have its name, unless one of these stems is taken already.
    pub(super) fn open(folder: &Path, info: &StreamInfo, taken: &[&str]) -> Result<Lane, StoreError> {
        let mut stem = plain_stem(&info.name);
        let used = taken.contains(&stem.as_str()) || !disk::segments(folder, &stem)?.is_empty();
        if stem.is_empty() || stem == journal::SESSION || used {
            stem = format!("{stem}_{}", info.id.0);
        }
        let (first_arrival, last_arrival) = (None, None);
        let row = StreamRow {
            info: info.clone(),
            written: 0,
            lost: 0,
            dropped: 0,
            first_arrival,
            last_arrival,
            first_index: 0,
            gaps: Vec::new(),
        };
        let log = Log::behind(folder, &stem)?;
        let (grids, gathered) = (Grids::new(&info.channels), Gathered::default());
        Ok(Lane { row, withheld: 0, log, seq: 0, expected: None, grids, gathered, shift: Shift::None, changed: false })
    }

    /// A stream that goes on after an interruption, in the next segment of its files.
    pub(super) fn resume(folder: &Path, row: StreamRow, there: Whereabouts) -> Result<Lane, StoreError> {
        let mut lane = Lane::open(folder, &row.info, &[])?;
        lane.log = Log::behind(folder, &there.stem)?;
        (lane.row, lane.seq, lane.expected) = (row, there.seq, Some(there.end));
        lane.shift = Shift::Wanted { end: there.end, last: there.last };
        Ok(lane)
    }

    /// The index in the session of `n` samples that the device calls `first`; `time` = when the last of them came.
    pub(super) fn place(&mut self, first: u64, n: u64, time: Nanos) -> u64 {
        if let Shift::Wanted { end, last } = self.shift {
            let passed = (seconds(time.saturating_sub(last)) * self.row.info.rate).round().max(0.0) as u64;
            let begin = (end + passed.saturating_sub(n)).max(end);
            self.shift = Shift::By { device: first, session: begin };
        }
        match self.shift {
            Shift::By { device, session } => session + first.saturating_sub(device),
            _ => first,
        }
    }

    /// Bytes that wait: packed ones for the disk, samples for being packed.
    pub(super) fn pending(&self) -> usize {
        self.log.pending() + self.gathered.bytes()
    }

    /// Takes samples in. Packets without a hole between them are packed together, a second of them at most.
    pub(super) fn gather(&mut self, session: SessionId, mut chunk: Chunk, encoder: &mut Encoder) -> Result<(), StoreError> {
        if chunk.len() > codec::MOST_SAMPLES {
            let (what, limit) = ("a packet of samples".into(), codec::MOST_SAMPLES);
            return Err(StoreError::TooLarge { what, bytes: chunk.len(), limit });
        }
        let most =
            if self.row.info.rate.is_finite() { (self.row.info.rate.max(1.0) as u64).min(codec::MOST_SAMPLES as u64) } else { 1 };
        if !matches!(self.shift, Shift::None) {
            chunk.first_index = self.place(chunk.first_index, chunk.len() as u64, chunk.arrived);
            chunk.lost_before = self.expected.map_or(0, |expected| chunk.first_index.saturating_sub(expected));
        }
        self.row.lost += chunk.lost_before;
        if !self.gathered.continues_with(&chunk) || self.gathered.len() + chunk.len() as u64 > most {
            self.seal(session, encoder)?;
        }
        self.follow(chunk.first_index, chunk.len() as u64);
        self.count(chunk.arrived, chunk.len() as u64);
        self.gathered.push(chunk);
        Ok(())
    }

    /// Packs what was gathered into a frame.
    pub(super) fn seal(&mut self, session: SessionId, encoder: &mut Encoder) -> Result<(), StoreError> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.grids.look(&self.gathered.rows());
        let key = keys::data_key(session, self.row.info.id.0, self.seq);
        let (gathered, known) = (&self.gathered, self.grids.known());
        let outcome = self.log.put_with(&key, |out| encoder.samples(gathered, known, out));
        self.grids.judge(encoder.used());
        self.gathered.clear();
        outcome?;
        self.seq += 1;
        Ok(())
    }

    /// Buffers one video frame.
    pub(super) fn film(&mut self, session: SessionId, frame: &Frame, index: u64, lost: u64) -> Result<(), StoreError> {
        let key = keys::data_key(session, self.row.info.id.0, self.seq);
        self.log.put_with(&key, |out| codec::encode_frame(frame, index, lost, out))?;
        self.seq += 1;
        Ok(())
    }

    /// Follows the index over `n` samples (or frames); answers how many are missing before them.
    pub(super) fn follow(&mut self, first: u64, n: u64) -> u64 {
        let missing = self.expected.map_or(0, |expected| first.saturating_sub(expected));
        match self.expected {
            None => self.row.first_index = first,
            Some(expected) if missing > 0 => self.row.gap(expected, missing),
            Some(_) => {}
        }
        self.expected = Some(first + n);
        missing
    }

    /// Counts `n` samples that were taken in.
    pub(super) fn count(&mut self, arrived: Nanos, n: u64) {
        self.row.written += n;
        self.row.first_arrival.get_or_insert(arrived);
        self.row.last_arrival = Some(arrived);
    }
}

/// The stem of a stream's files, where nothing else has it.
pub(super) fn plain_stem(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(plain).take(40).collect()
}
