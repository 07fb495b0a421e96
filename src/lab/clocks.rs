//! Watches the streams' clocks while samples come in: a rate off its nominal one, late packets, gaps (devices F).

use crate::lab::selftest::ClockFacts;
use crate::signal::{Chunk, ClockOffset, Nanos, SECOND, StreamId, StreamInfo, StreamKind, seconds};
use crate::store::StreamClock;
use std::collections::VecDeque;

/// A device's clock may be so far off its nominal rate, ppm.
const MOST_PPM: f64 = 200.0;
/// One in a hundred packets may be so late.
const MOST_LATE: Nanos = 50_000_000;
/// Losses longer than this are told one by one, s.
const LONGEST_GAP_S: f64 = 0.5;
/// Clocks are judged over so long, so often, and not before this much has come.
const WINDOW: Nanos = 300 * SECOND;
const EVERY: Nanos = 10 * SECOND;
const ENOUGH_S: f64 = 60.0;
/// Most chunks that are kept for it.
const MOST_POINTS: usize = 20_000;

/// The clocks of all streams of samples.
#[derive(Default)]
pub struct Clocks {
    watches: Vec<Watch>,
    /// The latest of each stream.
    offsets: Vec<ClockOffset>,
    judged: Nanos,
}

struct Watch {
    stream: StreamId,
    rate: f64,
    /// A replay runs at the speed that was asked for.
    replayed: bool,
    /// (index of the last sample, arrival) and (index of the first one, the device's stamp).
    arrivals: VecDeque<(u64, Nanos)>,
    stamped: VecDeque<(u64, Nanos)>,
    drifts: bool,
    late: bool,
}

impl Clocks {
    pub fn new(streams: &[StreamInfo]) -> Clocks {
        let signals = streams.iter().filter(|s| s.kind == StreamKind::Signal);
        let watch = |s: &StreamInfo| Watch {
            stream: s.id,
            rate: s.rate,
            replayed: s.clock.starts_with("replayed"),
            arrivals: VecDeque::new(),
            stamped: VecDeque::new(),
            drifts: false,
            late: false,
        };
        Clocks { watches: signals.map(watch).collect(), ..Clocks::default() }
    }

    /// Takes in the place of samples in time; answers a sentence where a gap before them is long.
    pub fn samples(&mut self, chunk: &Chunk) -> Option<String> {
        let watch = self.watches.iter_mut().find(|w| w.stream == chunk.stream)?;
        keep(&mut watch.arrivals, (chunk.first_index + (chunk.len() as u64).saturating_sub(1), chunk.arrived));
        chunk.device_time.into_iter().for_each(|at| keep(&mut watch.stamped, (chunk.first_index, at)));
        let gap_s = chunk.lost_before as f64 / watch.rate.max(1e-9);
        (gap_s > LONGEST_GAP_S).then(|| format!("a gap of {gap_s:.2} s: {} samples are missing", chunk.lost_before))
    }

    /// Takes in what is added to a stream's stamps from now on.
    pub fn offset(&mut self, offset: ClockOffset) {
        self.offsets.retain(|o| o.stream != offset.stream);
        self.offsets.push(offset);
    }

    /// What is being added to streams' stamps; a session that begins now starts with these.
    pub fn offsets(&self) -> &[ClockOffset] {
        &self.offsets
    }

    /// A stream's clock in figures, as far as they can be had.
    pub fn facts(&mut self, stream: StreamId) -> Option<ClockFacts> {
        let watch = self.watches.iter_mut().find(|w| w.stream == stream && w.arrivals.len() > 2)?;
        let clock = StreamClock::best(watch.arrivals.make_contiguous(), watch.stamped.make_contiguous(), watch.rate, 0.0);
        let late_s = seconds(clock.late_p99);
        Some(ClockFacts { span_s: clock.span_s, ppm: clock.free_ppm(), ppm_sd: clock.ppm_sd, late_s })
    }

    /// Judges every clock, every ten seconds; answers what has become wrong or right since.
    pub fn refresh(&mut self, now: Nanos) -> Vec<(StreamId, String)> {
        if now - self.judged < EVERY {
            return Vec::new();
        }
        self.judged = now;
        self.watches.iter_mut().flat_map(|w| w.judge().into_iter().map(|text| (w.stream, text)).collect::<Vec<_>>()).collect()
    }
}

fn keep(points: &mut VecDeque<(u64, Nanos)>, point: (u64, Nanos)) {
    points.push_back(point);
    while points.len() > MOST_POINTS || points.front().is_some_and(|(_, at)| point.1 - at > WINDOW) {
        points.pop_front();
    }
}

impl Watch {
    fn judge(&mut self) -> Vec<String> {
        let clock = StreamClock::best(self.arrivals.make_contiguous(), self.stamped.make_contiguous(), self.rate, 0.0);
        let mut said = Vec::new();
        let Some(sd) = clock.ppm_sd.filter(|_| clock.span_s >= ENOUGH_S) else { return said };
        let ppm = clock.free_ppm();
        let off = ppm.abs() - 2.0 * sd > MOST_PPM && !self.replayed;
        let p99 = 1e3 * seconds(clock.late_p99);
        if off && !self.drifts {
            said.push(format!(
                "its rate is {ppm:+.0} ppm off the nominal {} Hz; times of its samples are not to be trusted",
                self.rate
            ));
        }
        // Alarms end a little below where they begin, so that they do not flicker.
        self.drifts = off || (self.drifts && ppm.abs() > 0.8 * MOST_PPM);
        // A slow stream of grades may come late by less than its own step.
        let most = MOST_LATE.max(clock.period as Nanos);
        if clock.late_p99 > most && !self.late {
            said.push(format!("one packet in a hundred is {p99:.0} ms late or more: check the link"));
        }
        self.late = clock.late_p99 > most || (self.late && clock.late_p99 > most / 5 * 4);
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Channel;

    fn clocks() -> Clocks {
        Clocks::new(&[StreamInfo {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate: 256.0,
            channels: vec![Channel::eeg("Fz")],
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: true,
        }])
    }

    /// Chunks of eight for so many seconds, `ppm` fast; every `stall`th comes 0.2 s late.
    fn feed(clocks: &mut Clocks, length_s: u64, ppm: f64, stall: u64) -> Vec<String> {
        let mut said = Vec::new();
        for k in 0..length_s * 32 {
            let at =
                ((k * 8 + 7) as f64 / 256.0 / (1.0 + ppm * 1e-6) * 1e9) as Nanos + if k % stall == 0 { 200_000_000 } else { 0 };
            let chunk = Chunk {
                stream: StreamId(0),
                first_index: k * 8,
                lost_before: 0,
                arrived: at,
                device_time: None,
                channels: 1,
                rows: vec![0.0; 8],
            };
            said.extend(clocks.samples(&chunk));
            said.extend(clocks.refresh(at).into_iter().map(|(_, text)| text));
        }
        said
    }

    #[test]
    fn a_good_clock_is_not_spoken_of_and_a_bad_one_once() {
        assert_eq!(feed(&mut clocks(), 200, 150.0, 10_000), Vec::<String>::new());
        let said = feed(&mut clocks(), 200, 350.0, 10_000);
        assert!(said.len() == 1 && said[0].contains("+350 ppm"), "{said:?}");
        let said = feed(&mut clocks(), 200, 0.0, 20);
        assert!(said.len() == 1 && said[0].contains("200 ms late"), "{said:?}");
    }

    #[test]
    fn a_long_gap_is_told_at_once() {
        let mut clocks = clocks();
        let chunk = |lost_before| Chunk {
            stream: StreamId(0),
            first_index: 2000,
            lost_before,
            arrived: 0,
            device_time: None,
            channels: 1,
            rows: vec![0.0],
        };
        assert_eq!(clocks.samples(&chunk(100)), None);
        assert_eq!(clocks.samples(&chunk(909)).as_deref(), Some("a gap of 3.55 s: 909 samples are missing"));
    }
}
