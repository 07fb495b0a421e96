//! BrainFlow's table of doubles, row by row, becomes chunks: selected rows, sample by sample, with an index that
//! leaves a hole for every lost sample.

use super::layout::Layout;
use super::outage::Outage;
use crate::acquire::Packet;
use crate::acquire::counter::{Counter, DEVICE_BURST_S, FILE_BURST_S, LEARN_FROM};
use crate::signal::{Chunk, Nanos, SECOND, StreamId};

/// Host stamps further from now than this are no stamps of this session (a playback file's own), ns.
const FOREIGN: Nanos = 60 * SECOND;

/// When a table was drained, on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Drained {
    pub now: Nanos,
    pub utc: Nanos,
}

/// Unpacks one board's tables in order.
pub struct Unpacker {
    stream: StreamId,
    layout: Layout,
    rate: f64,
    burst_s: f64,
    next_index: u64,
    learnt: bool,
    counter: Option<Counter>,
    outage: Outage,
}

impl Unpacker {
    /// `from_file`: the board plays a file, which has no bursts.
    pub fn new(stream: StreamId, layout: Layout, rate: f64, from_file: bool) -> Self {
        let burst_s = if from_file { FILE_BURST_S } else { DEVICE_BURST_S };
        Unpacker { stream, layout, rate, burst_s, next_index: 0, learnt: false, counter: None, outage: Outage::new(rate) }
    }

    /// Samples that the first table should hold, so that the board's way of counting shows.
    pub fn wants(&self) -> usize {
        if self.learnt { 1 } else { LEARN_FROM }
    }

    /// One table of `n` samples, `data[row * n + sample]`: one chunk for each stretch without loss.
    pub fn unpack(&mut self, data: &[f64], n: usize, drained: Drained) -> Vec<Packet> {
        if n == 0 {
            return Vec::new();
        }
        let row = |r: usize| &data[r * n..(r + 1) * n];
        let numbers = self.layout.package.map(row);
        if !self.learnt {
            self.learnt = true;
            self.counter = numbers.and_then(|numbers| Counter::learn(self.rate, self.burst_s, numbers));
        }
        let stamps = self.layout.timestamp.map(row);
        let mut losses = vec![(0, self.periods_lost(stamps, n))];
        let restarted = self.judge(numbers, stamps, &mut losses);
        let mut packets = Vec::new();
        if restarted {
            packets.push(self.trouble("the board's sample counter began anew; samples lost at that moment cannot be counted"));
        }
        let ends: Vec<usize> = losses[1..].iter().map(|(at, _)| *at).chain([n]).collect();
        let mut lost_before = 0;
        for ((from, lost), to) in losses.into_iter().zip(ends) {
            lost_before += lost;
            self.next_index += lost;
            if from < to {
                packets.push(Packet::Samples(self.chunk(data, n, from..to, lost_before, stamps, drained)));
                lost_before = 0;
                self.next_index += (to - from) as u64;
            }
        }
        packets
    }

    /// Adds (sample, lost just before it) to `losses`; answers whether the counter began anew.
    fn judge(&mut self, numbers: Option<&[f64]>, stamps: Option<&[f64]>, losses: &mut Vec<(usize, u64)>) -> bool {
        let (Some(counter), Some(numbers)) = (&mut self.counter, numbers) else {
            return false;
        };
        let mut restarted = false;
        for (i, number) in numbers.iter().enumerate() {
            let verdict = counter.next(*number, stamps.map_or(0.0, |s| s[i]));
            restarted |= verdict.restarted;
            if verdict.lost > 0 {
                losses.push((i, verdict.lost));
            }
        }
        restarted
    }

    fn periods_lost(&mut self, stamps: Option<&[f64]>, n: usize) -> u64 {
        let period = self.counter.as_ref().and_then(Counter::period_samples).unwrap_or(0);
        match stamps {
            Some(stamps) if stamps.len() == n => self.outage.judge(self.next_index, stamps, period),
            _ => 0,
        }
    }

    fn chunk(
        &self,
        data: &[f64],
        n: usize,
        samples: std::ops::Range<usize>,
        lost_before: u64,
        stamps: Option<&[f64]>,
        drained: Drained,
    ) -> Chunk {
        let rows: Vec<f32> =
            samples.clone().flat_map(|i| self.layout.rows.iter().map(move |row| data[row * n + i] as f32)).collect();
        Chunk {
            stream: self.stream,
            first_index: self.next_index,
            lost_before,
            arrived: drained.now,
            device_time: stamps.and_then(|s| on_our_clock(s[samples.start], drained)),
            channels: self.layout.rows.len(),
            rows,
        }
    }

    pub fn trouble(&self, message: &str) -> Packet {
        Packet::Trouble { stream: self.stream, message: message.into() }
    }
}

/// BrainFlow's stamp (seconds since 1970, taken when the packet was parsed) on the monotonic clock.
fn on_our_clock(stamp: f64, drained: Drained) -> Option<Nanos> {
    // The age is small, so that the double's 0.2 us is all that is lost.
    let age = drained.utc as f64 / SECOND as f64 - stamp;
    let age = (age * SECOND as f64).round() as Nanos;
    (age.abs() < FOREIGN).then(|| drained.now - age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Channel;

    const UTC: f64 = 1_700_000_000.0;

    fn unpacker() -> Unpacker {
        let layout = Layout {
            channels: vec![Channel::eeg("Fz"), Channel::eeg("Cz")],
            rows: vec![2, 1],
            package: Some(0),
            timestamp: Some(3),
        };
        Unpacker::new(StreamId(4), layout, 250.0, false)
    }

    /// A table of 4 rows: package number, two signals, stamp.
    fn table(indices: &[u64]) -> Vec<f64> {
        let row = |f: &dyn Fn(u64) -> f64| indices.iter().map(|i| f(*i)).collect::<Vec<_>>();
        [row(&|i| (i % 256) as f64), row(&|i| i as f64), row(&|i| -(i as f64)), row(&|i| UTC + i as f64 / 250.0)].concat()
    }

    fn chunks(packets: Vec<Packet>) -> Vec<Chunk> {
        packets.into_iter().filter_map(|p| if let Packet::Samples(c) = p { Some(c) } else { None }).collect()
    }

    #[test]
    fn rows_become_samples_and_holes_become_indices() {
        let mut unpacker = unpacker();
        let indices: Vec<u64> = (0..60).filter(|i| !(40..43).contains(i)).collect();
        let drained = Drained { now: 5 * SECOND, utc: (UTC as i64 + 1) * SECOND };
        let chunks = chunks(unpacker.unpack(&table(&indices), indices.len(), drained));
        assert_eq!(chunks.len(), 2);
        assert_eq!((chunks[0].first_index, chunks[0].lost_before, chunks[0].len()), (0, 0, 40));
        assert_eq!((chunks[1].first_index, chunks[1].lost_before, chunks[1].len()), (43, 3, 17));
        assert_eq!(chunks[1].rows[..4], [-43.0, 43.0, -44.0, 44.0]);
        // Sample 0 was stamped one second before the drain, sample 43 172 ms later.
        let stamp = chunks[1].device_time.expect("stamped");
        assert!((stamp - (4 * SECOND + 172_000_000)).abs() < 1_000, "{stamp}");
    }

    #[test]
    fn a_hole_between_two_tables_is_counted() {
        let mut unpacker = unpacker();
        let drained = Drained { now: 0, utc: UTC as i64 * SECOND };
        let first: Vec<u64> = (0..300).collect();
        let second: Vec<u64> = (310..320).collect();
        unpacker.unpack(&table(&first), 300, drained);
        let chunks = chunks(unpacker.unpack(&table(&second), 10, drained));
        assert_eq!((chunks[0].first_index, chunks[0].lost_before), (310, 10));
    }

    #[test]
    fn stamps_of_another_day_are_no_device_time() {
        assert_eq!(on_our_clock(UTC - 86_400.0, Drained { now: 0, utc: UTC as i64 * SECOND }), None);
    }
}
