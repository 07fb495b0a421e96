//! The live heart: beats of the last ten seconds from one channel.

use crate::lab::message::HeartView;
use crate::prepare::heart::{heart_rate, r_peaks};
use crate::prepare::pulse::pulse_peaks;
use crate::signal::{Chunk, Nanos, Role, StreamId, StreamInfo, to_nanos};
use std::collections::VecDeque;

const SECONDS: f64 = 10.0;
/// Longer holes begin anew; shorter ones hold the last value.
const LONGEST_FILL_S: f64 = 1.0;

/// The ring of one ECG or PPG channel and the beats in it.
pub struct LiveHeart {
    stream: StreamId,
    channel: usize,
    role: Role,
    rate: f64,
    samples: VecDeque<f64>,
    next_index: u64,
    /// When the newest sample was taken.
    newest: Nanos,
    beats: Vec<Nanos>,
    rhythm: Option<f64>,
}

impl LiveHeart {
    /// The first channel of this role, if the stream has one.
    pub fn of(info: &StreamInfo, role: Role) -> Option<LiveHeart> {
        let channel = info.with_role(role).into_iter().next().filter(|_| info.rate > 0.0)?;
        Some(LiveHeart {
            stream: info.id,
            channel,
            role,
            rate: info.rate,
            samples: VecDeque::new(),
            next_index: 0,
            newest: 0,
            beats: Vec::new(),
            rhythm: None,
        })
    }

    /// Takes in a chunk, if it is of this stream.
    pub fn push(&mut self, chunk: &Chunk) {
        if chunk.stream != self.stream || chunk.is_empty() {
            return;
        }
        let hole = chunk.first_index.saturating_sub(self.next_index);
        match self.samples.back().copied() {
            Some(last) if (hole as f64) < LONGEST_FILL_S * self.rate => {
                self.samples.extend(std::iter::repeat_n(last, hole as usize))
            }
            _ => self.samples.clear(),
        }
        self.samples.extend(chunk.channel(self.channel).map(f64::from));
        let surplus = self.samples.len().saturating_sub((SECONDS * self.rate) as usize);
        self.samples.drain(..surplus);
        self.next_index = chunk.first_index + chunk.len() as u64;
        // Without a stamp of its own, the newest sample is taken to have arrived at once.
        let span = to_nanos((chunk.len() - 1) as f64 / self.rate);
        self.newest = chunk.device_time.map_or(chunk.arrived, |first| first + span);
    }

    /// Finds the beats anew.
    pub fn refresh(&mut self) {
        let samples: Vec<f64> = self.samples.iter().copied().collect();
        let found = if self.role == Role::Ecg { r_peaks(&samples, self.rate) } else { pulse_peaks(&samples, self.rate) };
        // Too short so far: no beats yet.
        let found = found.unwrap_or_default();
        let first = self.newest - to_nanos(samples.len().saturating_sub(1) as f64 / self.rate);
        self.beats = found.iter().map(|s| first + to_nanos(*s)).collect();
        self.rhythm = heart_rate(&found);
    }

    pub fn view(&self) -> HeartView {
        HeartView { from: self.role.name().into(), beats_per_minute: self.rhythm, beats: self.beats.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Channel, SECOND, StreamKind};

    #[test]
    fn seventy_five_beats_a_minute_are_seen_at_their_times() {
        let rate = 250.0;
        let info = StreamInfo {
            id: StreamId(1),
            name: "ecg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate,
            channels: vec![Channel::eeg("Cz"), Channel { role: Role::Ecg, ..Channel::eeg("ECG") }],
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: true,
        };
        assert!(LiveHeart::of(&info, Role::Ppg).is_none());
        let mut heart = LiveHeart::of(&info, Role::Ecg).expect("has an ECG");
        // A beat every 0.8 s, the first at 0.4 s: a narrow wave of 1 mV.
        let ecg = |i: u64| {
            (-(((i as f64 / rate + 0.4) % 0.8 - 0.8 * f64::from((i as f64 / rate + 0.4) % 0.8 > 0.4)) / 0.012).powi(2) / 2.0)
                .exp()
        };
        for k in 0..60u64 {
            let rows = (0..50).flat_map(|i| [0.0, ecg(k * 50 + i) as f32]).collect();
            let arrived = ((k + 1) as Nanos * 50 - 1) * SECOND / 250;
            heart.push(&Chunk {
                stream: StreamId(1),
                first_index: k * 50,
                lost_before: 0,
                arrived,
                device_time: None,
                channels: 2,
                rows,
            });
        }
        heart.refresh();
        let view = heart.view();
        assert_eq!(view.from, "ECG");
        let rhythm = view.beats_per_minute.expect("beats");
        assert!((rhythm - 75.0).abs() < 0.5, "{rhythm}");
        for beat in &view.beats {
            let off = (*beat as f64 / 1e9 - 0.4).rem_euclid(0.8);
            assert!(off.min(0.8 - off) < 0.02, "{beat}");
        }
        assert!(view.beats.len() >= 10, "{:?}", view.beats);
    }
}
