//! Sweeping traces: every channel reduced to columns of (lowest, highest), high-passed so that offsets vanish.

use crate::lab::message::{TraceChannel, Traces};
use crate::signal::{Channel, Chunk, Role};
use std::collections::VecDeque;

/// Columns of a trace per second.
pub const COLUMNS_PER_S: f64 = 20.0;
/// Seconds of trace kept.
pub const SECONDS: f64 = 10.0;
const COLUMNS: usize = (COLUMNS_PER_S * SECONDS) as usize;
/// Corner of the display's high-pass, Hz: slow enough for theta, fast enough that an electrode's offset of millivolts
/// is gone within a second.
const HIGH_PASS: f64 = 0.5;
/// Samples a second that are kept to judge centre and spread.
const SPREAD_RATE: f64 = 32.0;
/// A hole of samples that never came.
const HOLE: (f32, f32) = (f32::NAN, f32::NAN);

/// The traces of one stream's channels.
pub struct StreamTraces {
    rate: f64,
    first_index: Option<u64>,
    channels: Vec<Trace>,
    /// Number of the column that is being filled; all before it are complete.
    filling: u64,
}

struct Trace {
    about: Channel,
    filter: HighPass,
    /// Complete columns, oldest first; the newest is number `filling - 1`.
    columns: VecDeque<(f32, f32)>,
    open: (f32, f32),
    /// The last sample as it came, and the column in which it last changed.
    last: f32,
    changed: u64,
    /// A thin choice of filtered samples of the last seconds.
    sample: VecDeque<f32>,
    centre: f32,
    spread: f32,
}

/// One-pole high-pass, started at its first sample so that a large offset leaves no transient.
#[derive(Default)]
struct HighPass {
    last: Option<(f64, f64)>,
}

impl HighPass {
    fn step(&mut self, x: f64, keep: f64) -> f64 {
        let y = self.last.map_or(0.0, |(x0, y0)| keep * (y0 + x - x0));
        self.last = Some((x, y));
        y
    }
}

impl StreamTraces {
    pub fn new(channels: &[Channel], rate: f64) -> Self {
        let trace = |about: &Channel| Trace {
            about: about.clone(),
            filter: HighPass::default(),
            columns: VecDeque::with_capacity(COLUMNS),
            open: HOLE,
            last: f32::NAN,
            changed: 0,
            sample: VecDeque::new(),
            centre: 0.0,
            spread: 0.0,
        };
        StreamTraces { rate: rate.max(1e-3), first_index: None, channels: channels.iter().map(trace).collect(), filling: 0 }
    }

    /// Takes in a chunk of this stream.
    pub fn push(&mut self, chunk: &Chunk) {
        let first = *self.first_index.get_or_insert(chunk.first_index);
        let keep = 1.0 / (1.0 + std::f64::consts::TAU * HIGH_PASS / self.rate);
        let thin = (self.rate / SPREAD_RATE).max(1.0) as u64;
        for (i, row) in chunk.rows.chunks_exact(chunk.channels.max(1)).enumerate() {
            let index = (chunk.first_index + i as u64).saturating_sub(first);
            self.close_until((index as f64 * COLUMNS_PER_S / self.rate) as u64);
            for (trace, x) in self.channels.iter_mut().zip(row) {
                if *x != trace.last && x.is_finite() {
                    (trace.last, trace.changed) = (*x, self.filling);
                }
                let y = trace.filter.step(f64::from(*x), keep) as f32;
                // f32::min and max return the other one where one is NaN, so a hole opens with its first sample.
                trace.open = (trace.open.0.min(y), trace.open.1.max(y));
                if index.is_multiple_of(thin) {
                    trace.sample.push_back(y);
                }
            }
        }
        let most = (SPREAD_RATE * SECONDS) as usize;
        for trace in &mut self.channels {
            let surplus = trace.sample.len().saturating_sub(most);
            trace.sample.drain(..surplus);
        }
    }

    fn close_until(&mut self, column: u64) {
        // After a long hole only the columns that are kept matter.
        let skip = column.saturating_sub(self.filling).saturating_sub(COLUMNS as u64 + 1);
        for _ in (self.filling + skip)..column {
            for trace in &mut self.channels {
                trace.columns.push_back(std::mem::replace(&mut trace.open, HOLE));
                if trace.columns.len() > COLUMNS {
                    trace.columns.pop_front();
                }
            }
        }
        self.filling = self.filling.max(column);
    }

    /// Channels on the participant that have not changed for a second, and how many such channels there are.
    pub fn still(&self) -> (Vec<String>, usize) {
        let worn: Vec<&Trace> =
            self.channels.iter().filter(|t| matches!(t.about.role, Role::Eeg | Role::Ecg | Role::Ppg)).collect();
        let still = worn.iter().filter(|t| self.filling.saturating_sub(t.changed) > COLUMNS_PER_S as u64);
        (still.map(|t| t.about.label.clone()).collect(), worn.len())
    }

    /// Judges centre and spread anew; once a second is often enough.
    pub fn rescale(&mut self) {
        for trace in &mut self.channels {
            let mut values: Vec<f32> = trace.sample.iter().copied().filter(|v| v.is_finite()).collect();
            trace.centre = median(&mut values);
            let centre = trace.centre;
            values.iter_mut().for_each(|v| *v = (*v - centre).abs());
            trace.spread = 1.4826 * median(&mut values);
        }
    }
}

/// All streams side by side. A stream that lags gets holes at its end; one that has stalled (`stalled[i]`) does not
/// hold the others back. `quality` gives a channel's last score by its label.
pub fn together(streams: &[&StreamTraces], stalled: &[bool], quality: &dyn Fn(&str) -> Option<f64>) -> Traces {
    let complete = |s: &&StreamTraces| s.filling.checked_sub(1);
    let flowing = streams.iter().zip(stalled).filter(|(_, stalled)| !**stalled).filter_map(|(s, _)| complete(s)).min();
    let newest = flowing.or_else(|| streams.iter().filter_map(complete).max());
    let Some(newest) = newest else { return Traces { columns_per_s: COLUMNS_PER_S, ..Traces::default() } };
    let mut channels = Vec::new();
    for stream in streams {
        let ahead = (stream.filling as usize).saturating_sub(newest as usize + 1);
        let behind = (newest as usize + 1).saturating_sub(stream.filling as usize).min(COLUMNS);
        for trace in &stream.channels {
            let kept = trace.columns.len().saturating_sub(ahead);
            let mut columns: Vec<(f32, f32)> = trace.columns.iter().take(kept).skip(behind).copied().collect();
            columns.extend(std::iter::repeat_n(HOLE, behind));
            channels.push(TraceChannel {
                label: trace.about.label.clone(),
                role: trace.about.role,
                unit: trace.about.unit.clone(),
                quality: quality(&trace.about.label),
                centre: trace.centre,
                spread: trace.spread,
                columns,
            });
        }
    }
    Traces { channels, columns_per_s: COLUMNS_PER_S, newest_column: newest }
}

fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::StreamId;

    fn chunk(first_index: u64, rows: Vec<f32>) -> Chunk {
        Chunk { stream: StreamId(0), first_index, lost_before: 0, arrived: 0, device_time: None, channels: 1, rows }
    }

    fn alone(traces: &StreamTraces) -> Traces {
        together(&[traces], &[false], &|_| None)
    }

    #[test]
    fn an_offset_vanishes_and_the_spread_is_the_signals() {
        let mut traces = StreamTraces::new(&[Channel::eeg("Fz")], 256.0);
        let wave = |i: usize| 4000.0 + 10.0 * (std::f32::consts::TAU * 10.0 * i as f32 / 256.0).sin();
        traces.push(&chunk(0, (0..2570).map(wave).collect()));
        traces.rescale();
        let shown = alone(&traces);
        // 2570 samples at 256 Hz are 200.8 columns of 1/20 s.
        assert_eq!(shown.newest_column, 199);
        let channel = &shown.channels[0];
        assert_eq!(channel.columns.len(), 200);
        assert!(channel.centre.abs() < 1.0, "{}", channel.centre);
        // 1.4826 times the median of |10 sin| = 10 / sqrt(2).
        assert!((channel.spread - 10.48).abs() < 1.0, "{}", channel.spread);
        let (low, high) = channel.columns[150];
        assert!(low > -12.0 && high < 12.0 && high - low > 5.0, "{low} {high}");
    }

    #[test]
    fn lost_samples_are_a_hole_and_the_sweep_goes_on_in_time() {
        let mut traces = StreamTraces::new(&[Channel::eeg("Fz")], 200.0);
        traces.push(&chunk(1000, vec![1.0; 20]));
        traces.push(&chunk(1040, vec![2.0; 10]));
        let shown = alone(&traces);
        assert_eq!(shown.newest_column, 3);
        let holes: Vec<bool> = shown.channels[0].columns.iter().map(|c| c.0.is_nan()).collect();
        assert_eq!(holes, [false, false, true, true]);
        traces.push(&chunk(1_000_000, vec![2.0; 20]));
        assert_eq!(alone(&traces).channels[0].columns.len(), 200);
    }

    #[test]
    fn streams_end_at_the_same_column() {
        let (mut fast, mut slow) =
            (StreamTraces::new(&[Channel::eeg("Fz")], 200.0), StreamTraces::new(&[Channel::eeg("Cz")], 20.0));
        fast.push(&chunk(0, vec![0.0; 105]));
        slow.push(&chunk(0, vec![0.0; 9]));
        let shown = together(&[&fast, &slow], &[false, false], &|l| (l == "Cz").then_some(55.0));
        assert_eq!(shown.newest_column, 7);
        assert!(shown.channels.iter().all(|c| c.columns.len() == 8));
        assert_eq!((shown.channels[0].quality, shown.channels[1].quality), (None, Some(55.0)));
        let shown = together(&[&fast, &slow], &[false, true], &|_| None);
        assert_eq!((shown.newest_column, shown.channels[1].columns.len()), (9, 8));
        assert!(shown.channels[1].columns[7].0.is_nan());
        assert_eq!(together(&[], &[], &|_| None).channels, []);
    }
}
