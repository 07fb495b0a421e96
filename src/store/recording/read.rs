//! Samples by time with gaps explicit, and face frames: what is read of a session when it is asked for.

use super::super::codec;
use super::super::error::StoreError;
use super::super::segment::{read_body, read_frame};
use super::{Part, Recording, latency};
use crate::signal::{Channel, Frame, Nanos, StreamId, StreamInfo, StreamKind, to_nanos};

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

/// Memory that is kept from stretch to stretch.
#[derive(Debug, Default)]
pub struct Scratch {
    body: Vec<u8>,
    planar: Vec<f32>,
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

    /// Samples with indices from `low` to before `high`, as far as they were recorded.
    fn samples(&self, stream: StreamId, low: u64, high: u64) -> Result<Block, StoreError> {
        let (first, end) = self.extent(stream)?;
        let (low, high) = (low.max(first), high.min(end));
        let mut data = Vec::new();
        let lost = self.stretch(stream, low, high, &mut Scratch::default(), &mut data)?;
        let info = self.info(stream)?;
        let start = self.clock(stream).map_or(self.session.started, |clock| clock.time_of(low));
        Ok(Block { rate: info.rate, start, channels: info.channels.clone(), data, lost })
    }

    /// Index of a stream's first sample, and that behind its last one.
    ///
    /// # Errors
    /// No such stream of samples; nearly nothing but holes.
    pub fn extent(&self, stream: StreamId) -> Result<(u64, u64), StoreError> {
        let (info, parts) = (self.info(stream)?, self.parts(stream));
        let first = parts.iter().map(|p| p.head.first).min().unwrap_or(0);
        let end = parts.iter().map(|p| p.head.end()).max().unwrap_or(0);
        // What a damaged file cost at either end is as lost as what it cost in between.
        let written = self.tracks.get(&stream).and_then(|t| t.written).filter(|_| !parts.is_empty());
        let (first, end) = written.map_or((first, end), |(from, to)| (first.min(from), end.max(to)));
        let (n, found) = (end.saturating_sub(first), parts.iter().map(|p| u64::from(p.head.n)).sum::<u64>());
        if n > found.saturating_mul(100).saturating_add(10_000_000) {
            return Err(StoreError::Holes { stream: info.name.clone(), missing: n - found, found });
        }
        Ok((first, end))
    }

    /// Reads the samples with indices from `low` to before `high` into `data` (channels x samples, NaN where there are
    /// none), whose memory is used again. Answers how many there are none of.
    ///
    /// # Errors
    /// As [`Recording::block`].
    pub fn stretch(
        &self,
        stream: StreamId,
        low: u64,
        high: u64,
        scratch: &mut Scratch,
        data: &mut Vec<Vec<f32>>,
    ) -> Result<u64, StoreError> {
        let channels = self.info(stream)?.channels.len();
        let n = high.saturating_sub(low) as usize;
        data.resize_with(channels, Vec::new);
        data.iter_mut().for_each(|channel| {
            channel.clear();
            channel.reserve_exact(n);
        });
        let mut filled = vec![false; n];
        for part in self.parts_within(stream, low, high) {
            let (path, file) = &self.files[part.file];
            let key = read_body(file, path, part.offset, &mut scratch.body)?;
            let head = codec::decode_into(&scratch.body[key..], channels, &mut scratch.planar);
            let head = head.ok_or_else(|| self.damaged(part))?;
            let (a, b) = (head.first.max(low), head.end().min(high));
            let (source, target) = ((a - head.first) as usize, (a - low) as usize);
            let length = b.saturating_sub(a) as usize;
            for (channel, samples) in data.iter_mut().zip(scratch.planar.chunks(head.n.max(1) as usize)) {
                put(channel, target, &samples[source..source + length]);
            }
            filled[target..target + length].fill(true);
        }
        data.iter_mut().for_each(|channel| channel.resize(n, f32::NAN));
        Ok(filled.iter().filter(|there| !**there).count() as u64)
    }

    fn info(&self, stream: StreamId) -> Result<&StreamInfo, StoreError> {
        match self.streams.iter().find(|row| row.info.id == stream) {
            Some(row) if row.info.kind == StreamKind::Signal => Ok(&row.info),
            _ => Err(StoreError::NoStream { session: self.session.id, stream: stream.0 }),
        }
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

/// Puts samples at their place; what lies before it and is not there yet is NaN.
fn put(channel: &mut Vec<f32>, place: usize, samples: &[f32]) {
    if channel.len() < place {
        channel.resize(place, f32::NAN);
    }
    // Most often they follow what is there: nothing is written twice.
    let (over, behind) = samples.split_at((channel.len() - place).min(samples.len()));
    channel[place..place + over.len()].copy_from_slice(over);
    channel.extend_from_slice(behind);
}
