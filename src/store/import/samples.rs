//! Samples on their way into a session: in memory, or read where they are wanted; and how they are cut into chunks.

use super::super::error::StoreError;
use super::{WholeStream, even, rate};
use crate::signal::{Chunk, to_nanos};
use std::fmt;
use std::ops::Range;

/// Values of all channels that are fetched at once, about: they should fit into a core's own cache.
const WINDOW: usize = 1 << 18;
/// Samples that are turned round at a time.
const TILE: usize = 64;

/// Samples that lie elsewhere, in a file that need not be in memory as a whole.
pub trait Windows: Send {
    /// Samples per channel.
    fn len(&self) -> usize;

    /// There are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Samples that are stored together: windows should be long beside them.
    fn stride(&self) -> usize;

    /// Reads these samples into `data` (channels x samples, NaN where there are none), whose memory is used again.
    ///
    /// # Errors
    /// They cannot be read.
    fn window(&mut self, range: Range<usize>, data: &mut Vec<Vec<f32>>) -> Result<(), StoreError>;
}

/// The samples of a stream. A sample at which every channel is NaN was lost; any other NaN stays.
pub enum Samples {
    /// Channel-major, all channels equally long.
    Held(Vec<Vec<f32>>),
    Elsewhere(Box<dyn Windows>),
}

impl From<Vec<Vec<f32>>> for Samples {
    fn from(data: Vec<Vec<f32>>) -> Samples {
        Samples::Held(data)
    }
}

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples", self.len())
    }
}

impl Samples {
    /// Samples per channel.
    pub fn len(&self) -> usize {
        match self {
            Samples::Held(data) => data.iter().map(Vec::len).min().unwrap_or(0),
            Samples::Elsewhere(windows) => windows.len(),
        }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Cuts a stream into chunks of a second at most, none across a hole, for as long as they are taken.
pub(super) fn cut(stream: &mut WholeStream, mut take: impl FnMut(Result<Chunk, StoreError>) -> bool) {
    let n = stream.samples.len();
    let step = (rate(&stream.info).round() as usize).max(1);
    // Whole seconds, so that a chunk never lies in two windows.
    let stride = if let Samples::Elsewhere(windows) = &stream.samples { windows.stride() } else { 1 };
    let most = (WINDOW / stream.info.channels.len().max(1)).max(8 * stride);
    let window = (most / step).max(1) * step;
    let mut samples = std::mem::replace(&mut stream.samples, Samples::Held(Vec::new()));
    let (mut data, mut next) = (Vec::new(), None);
    for first in (0..n).step_by(window) {
        let range = first..(first + window).min(n);
        let there: Vec<&[f32]> = match &mut samples {
            Samples::Held(held) => held.iter().map(|channel| &channel[range.clone()]).collect(),
            Samples::Elsewhere(windows) => {
                if let Err(e) = windows.window(range, &mut data) {
                    take(Err(e));
                    return;
                }
                data.iter().map(Vec::as_slice).collect()
            }
        };
        if !chunks(stream, &there, first, step, &mut next, |chunk| take(Ok(chunk))) {
            return;
        }
    }
}

/// The chunks of a window that begins with sample `begin`; `next` = behind the last chunk. Answers whether all were
/// taken.
fn chunks(
    stream: &WholeStream,
    data: &[&[f32]],
    begin: usize,
    step: usize,
    next: &mut Option<usize>,
    mut take: impl FnMut(Chunk) -> bool,
) -> bool {
    let WholeStream { info, stamps, .. } = stream;
    let n = data.iter().map(|channel| channel.len()).min().unwrap_or(0);
    let stamp = |index: usize| stamps.get(index).filter(|t| t.is_finite()).map(|t| to_nanos(*t));
    let time = |index: usize| stamp(index).unwrap_or_else(|| even(stream, index));
    let lost = |index: usize| data.iter().all(|channel| channel[index].is_nan());
    let mut first = 0;
    while first < n {
        if lost(first) {
            first += 1;
            continue;
        }
        // To the next whole second, or to the next hole.
        let edge = ((first / step + 1) * step).min(n);
        let last = (first + 1..edge).find(|i| lost(*i)).unwrap_or(edge);
        let taken = take(Chunk {
            stream: info.id,
            first_index: (begin + first) as u64,
            lost_before: next.map_or(0, |next| (begin + first - next) as u64),
            // As a device without delay would have stamped it: on arrival of its last sample.
            arrived: time(begin + last - 1) + to_nanos(info.latency_s),
            device_time: (!stamps.is_empty()).then(|| time(begin + first)),
            channels: data.len(),
            rows: rows(data, first..last),
        });
        if !taken {
            return false;
        }
        (*next, first) = (Some(begin + last), last);
    }
    true
}

/// Sample by sample. In tiles, so that what is read and what is written both stay at hand.
fn rows(data: &[&[f32]], range: Range<usize>) -> Vec<f32> {
    let mut rows = vec![0f32; range.len() * data.len()];
    for (first, rows) in range.clone().step_by(TILE).zip(rows.chunks_mut(TILE * data.len().max(1))) {
        let last = (first + TILE).min(range.end);
        for (c, channel) in data.iter().enumerate() {
            let places = rows.iter_mut().skip(c).step_by(data.len());
            places.zip(&channel[first..last]).for_each(|(place, value)| *place = *value);
        }
    }
    rows
}
