//! The samples of one rate: read a window at a time, by record, and made physical values.

use super::records::Records;
use crate::exchange::ExchangeError;
use crate::store::{StoreError, Windows};
use std::ops::Range;

/// Values of all channels that are read at once where all are wanted, about.
const WINDOW: usize = 1 << 18;
/// Bytes that are read at once, or one record where that is longer.
const BLOCK: usize = 1 << 20;

/// How digital values become physical ones.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scale {
    Linear {
        gain: f64,
        offset: f64,
    },
    /// Trigger words: the bits as they are, without sign.
    Bits(u32),
}

/// Where the samples of one stream are.
pub struct Samples {
    records: Records,
    /// Bytes of a sample, and samples of a record.
    width: usize,
    samples: usize,
    /// The sample that each record begins with.
    begins: Vec<usize>,
    /// Each channel's place in a record, and its scale.
    channels: Vec<(usize, Scale)>,
    /// What the file fills and says to be missing.
    lost: Vec<Range<usize>>,
    bytes: Vec<u8>,
}

impl Samples {
    /// `places` = where the records begin, in records since the first.
    pub(super) fn new(records: Records, width: usize, samples: usize, places: &[f64], channels: Vec<(usize, Scale)>) -> Samples {
        let mut end = 0;
        let begin = |place: &f64| {
            // None lies in the one before it, however the places are rounded.
            let begin = ((place * samples as f64).round() as usize).max(end);
            end = begin + samples;
            begin
        };
        let begins = places.iter().map(begin).collect();
        Samples { records, width, samples, begins, channels, lost: Vec::new(), bytes: Vec::new() }
    }

    /// These samples are none, whatever the file says.
    pub fn lose(&mut self, range: Range<usize>) {
        self.lost.extend(Some(range).filter(|range| !range.is_empty()));
    }

    /// All samples, channel-major; NaN where there are none.
    pub(super) fn whole(mut self) -> Result<Vec<Vec<f32>>, ExchangeError> {
        let n = self.len();
        // All of it is taken at once: growing would take it twice.
        let mut data: Vec<Vec<f32>> = self.channels.iter().map(|_| Vec::with_capacity(n)).collect();
        let step = (WINDOW / self.channels.len().max(1)).max(self.samples) / self.samples.max(1) * self.samples.max(1);
        for first in (0..n).step_by(step.max(1)) {
            self.append(first..(first + step).min(n), &mut data)
                .map_err(|cause| ExchangeError::Read { path: self.records.path().into(), cause })?;
        }
        Ok(data)
    }

    /// Appends a window to the channels.
    fn append(&mut self, range: Range<usize>, data: &mut [Vec<f32>]) -> std::io::Result<()> {
        let Samples { records, width, samples, begins, channels, lost, bytes } = self;
        let from = begins.partition_point(|begin| begin + *samples <= range.start);
        let to = begins.partition_point(|begin| *begin < range.end).max(from);
        let before = data.first().map_or(0, Vec::len);
        // Where the others have a far higher rate, few samples of these lie in many bytes.
        let step = (BLOCK / records.bytes().max(1)).max(1);
        for block in (from..to).step_by(step).map(|first| first..(first + step).min(to)) {
            records.take(block.clone(), bytes)?;
            for (channel, (offset, scale)) in data.iter_mut().zip(channels.iter()) {
                for (begin, record) in begins[block.clone()].iter().zip(bytes.chunks_exact(records.bytes())) {
                    let (first, last) = (range.start.max(*begin), range.end.min(begin + *samples));
                    channel.resize(before + first - range.start, f32::NAN);
                    let bytes = &record[*offset + (first - begin) * *width..*offset + (last - begin) * *width];
                    decode(channel, bytes, *width, scale);
                }
            }
        }
        for channel in data {
            channel.resize(before + range.len(), f32::NAN);
            for hole in lost.iter().filter(|hole| hole.start < range.end && hole.end > range.start) {
                let (first, last) = (hole.start.max(range.start), hole.end.min(range.end));
                channel[before + first - range.start..before + last - range.start].fill(f32::NAN);
            }
        }
        Ok(())
    }
}

impl Windows for Samples {
    fn len(&self) -> usize {
        self.begins.last().map_or(0, |begin| begin + self.samples)
    }

    fn stride(&self) -> usize {
        self.samples
    }

    fn window(&mut self, range: Range<usize>, data: &mut Vec<Vec<f32>>) -> Result<(), StoreError> {
        data.resize_with(self.channels.len(), Vec::new);
        data.iter_mut().for_each(Vec::clear);
        let outcome = self.append(range, data);
        outcome.map_err(|cause| StoreError::Io { what: "read", path: self.records.path().into(), cause })
    }
}

/// Appends one channel of one record.
fn decode(channel: &mut Vec<f32>, bytes: &[u8], width: usize, scale: &Scale) {
    match *scale {
        Scale::Linear { gain, offset } => each(channel, bytes, width, |value| (f64::from(value) * gain + offset) as f32),
        Scale::Bits(mask) => each(channel, bytes, width, |value| (value as u32 & mask) as f32),
    }
}

#[inline(always)]
fn each(channel: &mut Vec<f32>, bytes: &[u8], width: usize, physical: impl Fn(i32) -> f32) {
    if width == 3 {
        let words = bytes.as_chunks::<3>().0.iter();
        channel.extend(words.map(|[low, middle, high]| physical(i32::from_le_bytes([0, *low, *middle, *high]) >> 8)));
    } else {
        let words = bytes.as_chunks::<2>().0.iter();
        channel.extend(words.map(|word| physical(i32::from(i16::from_le_bytes(*word)))));
    }
}
