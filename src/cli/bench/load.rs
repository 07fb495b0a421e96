//! The load of the bench: the same seconds of an amplifier's 24-bit signal and of camera frames, over and over.

use crate::signal::{Channel, Chunk, Frame, LatencyOrigin, Nanos, SECOND, Seed, StreamId, StreamInfo, StreamKind};

/// Size of one count, uV: 4.5 V at gain 24 over 2^23 levels.
const STEP_UV: f64 = 187_500.0 / 8_388_608.0;
/// Seconds of signal that are made; fewer for very wide tables.
const SECONDS: usize = 4;
/// Values above which one second must do.
const WIDE: usize = 1 << 21;
/// Packets a second, as from a wireless cap.
pub const PACKETS: f64 = 16.0;
const SIGNAL: StreamId = StreamId(0);
const FACE: StreamId = StreamId(1);

/// How much comes how fast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    pub channels: usize,
    pub rate: f64,
    /// Camera frames a second; 0 = no camera.
    pub fps: f64,
    pub frame_bytes: usize,
}

/// What is fed.
pub struct Material {
    load: Load,
    rows: Vec<f32>,
    /// Samples in `rows`.
    samples: usize,
    jpegs: Vec<Vec<u8>>,
}

impl Load {
    pub fn streams(&self) -> Vec<StreamInfo> {
        let info = |id, name: &str, kind, rate, channels| StreamInfo {
            id,
            name: name.into(),
            kind,
            device: "SIMULATED load of the bench".into(),
            rate,
            channels,
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: LatencyOrigin::default(),
            simulated: true,
        };
        let channel = |i| Channel { step: Some(STEP_UV), ..Channel::eeg(format!("C{i}")) };
        let channels = (1..=self.channels).map(channel).collect();
        let mut streams = vec![info(SIGNAL, "eeg", StreamKind::Signal, self.rate, channels)];
        if self.fps > 0.0 {
            streams.push(info(FACE, "face", StreamKind::Face, self.fps, Vec::new()));
        }
        streams
    }

    /// Samples a packet.
    pub fn packet(&self) -> usize {
        ((self.rate / PACKETS).round() as usize).max(1)
    }

    /// Bytes a second as they are: f32 and JPEG.
    pub fn bytes_per_s(&self) -> f64 {
        self.channels as f64 * self.rate * 4.0 + self.fps * self.frame_bytes as f64
    }
}

impl Material {
    /// EEG-like: a slow random walk held at 10 uV rms, an alpha rhythm, mains, 1 uV rms of white noise (45 counts),
    /// a constant offset of the electrode, all rounded to counts. JPEGs are noise: they do not compress either.
    pub fn new(load: Load) -> Material {
        let second = load.rate.round().max(1.0) as usize;
        let samples = if second * load.channels * SECONDS > WIDE { second } else { second * SECONDS };
        let mut seed = Seed::new(24);
        let offsets: Vec<f64> = (0..load.channels).map(|_| 5000.0 * (2.0 * seed.uniform() - 1.0)).collect();
        let keep = (-2.0 * std::f64::consts::PI * 2.0 / load.rate).exp();
        let push = 10.0 * (1.0 - keep * keep).sqrt();
        let mut slow = vec![0.0; load.channels];
        let mut rows = Vec::with_capacity(samples * load.channels);
        for i in 0..samples {
            let t = std::f64::consts::TAU * i as f64 / load.rate;
            let common = 5.0 * (10.0 * t).sin() + 1.0 * (50.0 * t).sin();
            for (slow, offset) in slow.iter_mut().zip(&offsets) {
                *slow = keep * *slow + push * seed.normal();
                let count = ((offset + *slow + common + seed.normal()) / STEP_UV).round() as i32;
                rows.push((f64::from(count) * STEP_UV) as f32);
            }
        }
        let length = |seed: &mut Seed| (load.frame_bytes as f64 * (0.75 + 0.5 * seed.uniform())) as usize;
        let jpeg = |n: usize, seed: &mut Seed| {
            let mut bytes: Vec<u8> = (0..n.div_ceil(8)).flat_map(|_| seed.bits().to_le_bytes()).collect();
            bytes.truncate(n);
            bytes
        };
        let jpegs = (0..32)
            .map(|_| {
                let n = length(&mut seed);
                jpeg(n, &mut seed)
            })
            .collect();
        Material { load, rows, samples, jpegs }
    }

    /// Packet number `k`, as it arrives at that time.
    pub fn chunk(&self, k: u64, arrived: Nanos) -> Chunk {
        let n = self.load.packet();
        let first_index = k * n as u64;
        let from = (first_index % self.samples as u64) as usize;
        let width = self.load.channels;
        let mut rows = Vec::with_capacity(n * width);
        let head = n.min(self.samples - from);
        rows.extend_from_slice(&self.rows[from * width..(from + head) * width]);
        rows.extend_from_slice(&self.rows[..(n - head) * width]);
        Chunk { stream: SIGNAL, first_index, lost_before: 0, arrived, device_time: Some(arrived), channels: width, rows }
    }

    /// Frame number `i`.
    pub fn frame(&self, i: u64, arrived: Nanos) -> Frame {
        let jpeg = self.jpegs[i as usize % self.jpegs.len()].clone();
        Frame { stream: FACE, index: i, captured: arrived, arrived, jpeg }
    }

    /// When packet `k` is complete and frame `i` taken, since the start.
    pub fn due(&self, k: u64, i: u64) -> (Nanos, Option<Nanos>) {
        let at = |seconds: f64| (seconds * SECOND as f64) as Nanos;
        let packet = at((k + 1) as f64 * self.load.packet() as f64 / self.load.rate);
        (packet, (self.load.fps > 0.0).then(|| at(i as f64 / self.load.fps)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_follow_each_other_and_hold_whole_counts() {
        let load = Load { channels: 3, rate: 100.0, fps: 10.0, frame_bytes: 1000 };
        let material = Material::new(load);
        let mut next = 0;
        for k in 0..100 {
            let chunk = material.chunk(k, 0);
            assert_eq!((chunk.first_index, chunk.len(), chunk.channels), (next, 6, 3));
            next += 6;
            let whole = |v: &f32| ((f64::from(*v) / STEP_UV).round() * STEP_UV) as f32 == *v;
            assert!(chunk.rows.iter().all(whole));
        }
        assert_eq!(material.due(0, 5), (60_000_000, Some(500_000_000)));
        assert!((750..=1250).contains(&material.frame(7, 0).jpeg.len()));
    }
}
