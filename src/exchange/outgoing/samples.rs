//! The samples of a stream on their way out: looked over once on all cores, then handed over a window at a time, the next
//! of which is read meanwhile. So an hour of many channels never lies in memory.

use super::Outgoing;
use crate::exchange::ExchangeError;
use crate::signal::StreamInfo;
use crate::store::{Recording, Scratch, StoreError, StreamClock};
use rayon::prelude::*;
use std::sync::mpsc;

/// Values of all channels that are in memory at once, about: a window should fit into a core's own cache.
const WINDOW: usize = 1 << 18;
/// Windows that wait while the one before them is written.
const AHEAD: usize = 2;
/// Values that are compared side by side.
const LANES: usize = 16;

impl<'a> Outgoing<'a> {
    /// Looks at every sample once.
    ///
    /// # Errors
    /// A frame of the session cannot be read.
    pub(super) fn new(recording: &'a Recording, info: StreamInfo, clock: StreamClock) -> Result<Outgoing<'a>, ExchangeError> {
        let (first, end) = recording.extent(info.id)?;
        let samples = if info.channels.is_empty() { 0 } else { end.saturating_sub(first) as usize };
        let (ranges, gaps) = (vec![None; info.channels.len()], Vec::new());
        let start = clock.time_of(first);
        let mut stream = Outgoing { info, recording, samples, first, start, clock, ranges, gaps };
        let window = stream.window(1);
        let look = |(scratch, data): &mut (Scratch, Vec<Vec<f32>>), number: usize| {
            let first = number * window;
            stream.read(first, window, scratch, data)?;
            Ok((data.iter().map(|channel| range(channel)).collect(), lost(data, first)))
        };
        let found: Result<Vec<(Vec<_>, Vec<_>)>, StoreError> =
            (0..samples.div_ceil(window)).into_par_iter().map_init(Default::default, look).collect();
        for (ranges, gaps) in found? {
            for (whole, part) in stream.ranges.iter_mut().zip(ranges) {
                *whole = whole.zip(part).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).or(*whole).or(part);
            }
            gaps.into_iter().for_each(|gap| append(&mut stream.gaps, gap));
        }
        Ok(stream)
    }

    /// Hands over all samples in order: the number of the first one, and channel-major some of them, a multiple of
    /// `step` but at the end; NaN where they were lost.
    ///
    /// # Errors
    /// `take` fails, or a frame of the session cannot be read.
    pub fn each<E: From<ExchangeError>>(
        &self,
        step: usize,
        mut take: impl FnMut(usize, &[Vec<f32>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let window = self.window(step);
        std::thread::scope(|scope| {
            let (sender, windows) = mpsc::sync_channel(AHEAD);
            let (back, used) = mpsc::channel();
            scope.spawn(move || {
                let mut scratch = Scratch::default();
                for first in (0..self.samples).step_by(window) {
                    let mut data: Vec<Vec<f32>> = used.try_recv().unwrap_or_default();
                    let outcome = self.read(first, window, &mut scratch, &mut data);
                    // Whoever failed has dropped the other end.
                    if sender.send(outcome.map(|()| (first, data))).is_err() {
                        return;
                    }
                }
            });
            for outcome in windows {
                let (first, data) = outcome.map_err(ExchangeError::from)?;
                take(first, &data)?;
                // Its memory serves again; behind the last window nobody takes it.
                let _ = back.send(data);
            }
            Ok(())
        })
    }

    /// Samples of a window: some multiple of `step`.
    fn window(&self, step: usize) -> usize {
        (WINDOW / self.info.channels.len().max(1) / step.max(1)).max(1) * step.max(1)
    }

    fn read(&self, first: usize, n: usize, scratch: &mut Scratch, data: &mut Vec<Vec<f32>>) -> Result<(), StoreError> {
        let (low, last) = (self.first + first as u64, (first + n).min(self.samples));
        self.recording.stretch(self.info.id, low, self.first + last as u64, scratch, data).map(|_| ())
    }
}

/// The lowest and the highest number.
fn range(values: &[f32]) -> Option<(f32, f32)> {
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut widen = |lane: usize, value: f32| {
        // What is no number is neither less nor more.
        low[lane] = if value < low[lane] { value } else { low[lane] };
        high[lane] = if value > high[lane] { value } else { high[lane] };
    };
    whole.iter().for_each(|values| (0..LANES).for_each(|lane| widen(lane, values[lane])));
    rest.iter().for_each(|value| widen(0, *value));
    let (low, high) = (low.into_iter().fold(f32::INFINITY, f32::min), high.into_iter().fold(f32::NEG_INFINITY, f32::max));
    if low.is_finite() && high.is_finite() {
        return Some((low, high));
    }
    let there = || values.iter().copied().filter(|v| v.is_finite());
    there().reduce(f32::min).zip(there().reduce(f32::max))
}

/// Where every channel is NaN: first, and how many. `before` = samples before these.
fn lost(data: &[Vec<f32>], before: usize) -> Vec<(usize, usize)> {
    let mut gaps = Vec::new();
    let Some(one) = data.first() else { return gaps };
    for (t, _) in one.iter().enumerate().filter(|(_, v)| v.is_nan()) {
        if data.iter().all(|channel| channel[t].is_nan()) {
            append(&mut gaps, (before + t, 1));
        }
    }
    gaps
}

fn append(gaps: &mut Vec<(usize, usize)>, (first, n): (usize, usize)) {
    match gaps.last_mut() {
        Some((start, length)) if *start + *length == first => *length += n,
        _ => gaps.push((first, n)),
    }
}
