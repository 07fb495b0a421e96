//! Samples by time with gaps explicit, and face frames: what is read of a session when it is asked for.

use super::super::codec;
use super::super::error::StoreError;
use super::super::segment::read_frame;
use super::{Part, Recording, latency};
use crate::signal::{Channel, Frame, Nanos, StreamId, StreamKind, to_nanos};

/// Samples of one stream over a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Nominal samples a second.
    pub rate: f64,
    /// Time of the first sample, on the session's clock, latency subtracted.
    pub start: Nanos,
    pub channels: Vec<Channel>,
    /// Channels x samples, NaN where lost.
    pub data: Vec<Vec<f32>>,
    /// Samples that are NaN because they were lost or dropped.
    pub lost: u64,
}

impl Recording {
    /// Samples taken from `from` (inclusive) to `to` (exclusive) on the session's clock, as far as they were
    /// recorded. Lost samples in between are NaN.
    ///
    /// # Errors
    /// No such stream of samples; a frame that was damaged since the session was opened.
    pub fn block(&self, stream: StreamId, from: Nanos, to: Nanos) -> Result<Block, StoreError> {
        let Some(clock) = self.clock(stream) else { return self.samples(stream, 0, 0) };
        // A hair below the next whole number is that number: the line is in floating point.
        let edge = |t| (clock.index_at(t) - 1e-6).ceil().max(0.0) as u64;
        self.samples(stream, edge(from), edge(to))
    }

    /// All samples of a stream.
    ///
    /// # Errors
    /// As [`Recording::block`].
    pub fn whole(&self, stream: StreamId) -> Result<Block, StoreError> {
        self.samples(stream, 0, u64::MAX)
    }

    /// Samples with indices from `low` to before `high`.
    fn samples(&self, stream: StreamId, low: u64, high: u64) -> Result<Block, StoreError> {
        let info = match self.streams.iter().find(|row| row.info.id == stream) {
            Some(row) if row.info.kind == StreamKind::Signal => &row.info,
            _ => return Err(StoreError::NoStream { session: self.session.id, stream: stream.0 }),
        };
        let parts = self.parts(stream);
        let first = parts.iter().map(|p| p.head.first).min().unwrap_or(0);
        let end = parts.iter().map(|p| p.head.end()).max().unwrap_or(0);
        let (low, high) = (low.max(first), high.min(end));
        let n = high.saturating_sub(low);
        let found: u64 = parts.iter().map(|p| u64::from(p.head.n)).sum();
        if n > found.saturating_mul(100).saturating_add(10_000_000) {
            return Err(StoreError::Holes { stream: info.name.clone(), missing: n - found, found });
        }
        let mut data = vec![vec![f32::NAN; n as usize]; info.channels.len()];
        let mut filled = vec![false; n as usize];
        for part in parts.iter().filter(|p| p.head.first < high && p.head.end() > low) {
            let payload = self.payload(part)?;
            let (head, planar) = codec::decode_chunk(&payload, info.channels.len()).ok_or_else(|| self.damaged(part))?;
            let (a, b) = (head.first.max(low), head.end().min(high));
            let (source, target) = ((a - head.first) as usize, (a - low) as usize);
            let length = (b - a) as usize;
            for (channel, samples) in data.iter_mut().zip(planar.chunks(head.n.max(1) as usize)) {
                channel[target..target + length].copy_from_slice(&samples[source..source + length]);
            }
            filled[target..target + length].fill(true);
        }
        let lost = filled.iter().filter(|there| !**there).count() as u64;
        let start = self.clock(stream).map_or(self.session.started, |clock| clock.time_of(low));
        Ok(Block { rate: info.rate, start, channels: info.channels.clone(), data, lost })
    }

    /// Face frames taken from `from` (inclusive) to `to` (exclusive), in their order. The stream's latency counts in
    /// the choice; the frames keep the stamps that were recorded.
    ///
    /// # Errors
    /// No such stream of frames; a frame that was damaged since the session was opened.
    pub fn frames(&self, stream: StreamId, from: Nanos, to: Nanos) -> Result<Vec<Frame>, StoreError> {
        let latency = match self.streams.iter().find(|row| row.info.id == stream) {
            Some(row) if row.info.kind == StreamKind::Face => to_nanos(latency(&self.latencies, &row.info).0),
            _ => return Err(StoreError::NoStream { session: self.session.id, stream: stream.0 }),
        };
        let seen = |p: &&Part| p.head.device_time.unwrap_or(p.head.arrived).saturating_sub(latency);
        let wanted = self.parts(stream).iter().filter(|p| (from..to).contains(&seen(p)));
        wanted.map(|p| codec::decode_frame(&self.payload(p)?, stream).ok_or_else(|| self.damaged(p))).collect()
    }

    pub(in crate::store) fn payload(&self, part: &Part) -> Result<Vec<u8>, StoreError> {
        let (path, file) = &self.files[part.file];
        read_frame(file, path, part.offset).map(|(_, payload)| payload)
    }

    pub(in crate::store) fn damaged(&self, part: &Part) -> StoreError {
        StoreError::Damaged { path: self.files[part.file].0.clone(), offset: part.offset }
    }
}
