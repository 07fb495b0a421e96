//! Band powers of the last seconds at every electrode: what the live topographies show.

use crate::lab::guided::LiveBands;
use crate::prepare::spectrum::{Spectrum, band_powers};
use crate::signal::{BANDS, Chunk, Role, StreamId, StreamInfo, position_of};
use std::collections::VecDeque;
use std::sync::Arc;

/// Seconds that are looked at: theta has eight periods in them.
const WINDOW_S: f64 = 2.0;

/// The electrodes of one EEG stream.
pub struct Scalp {
    stream: StreamId,
    /// Column of the stream, label.
    electrodes: Vec<(usize, String)>,
    samples: Vec<VecDeque<f32>>,
    spectrum: Spectrum,
    rate: f64,
    latest: Option<Arc<LiveBands>>,
}

impl Scalp {
    /// The electrodes of a stream that have a place on the head; None where there are fewer than four.
    pub fn of(info: &StreamInfo) -> Option<Scalp> {
        let placed = |i: &usize| position_of(&info.channels[*i].label).is_some();
        let electrodes: Vec<(usize, String)> =
            info.with_role(Role::Eeg).into_iter().filter(placed).map(|i| (i, info.channels[i].label.clone())).collect();
        let spectrum = Spectrum::new((WINDOW_S * info.rate).round() as usize, info.rate).ok()?;
        let samples = vec![VecDeque::new(); electrodes.len()];
        let scalp = Scalp { stream: info.id, electrodes, samples, spectrum, rate: info.rate, latest: None };
        (scalp.electrodes.len() >= 4).then_some(scalp)
    }

    /// Takes in samples of its stream.
    pub fn push(&mut self, chunk: &Chunk) {
        if chunk.stream != self.stream {
            return;
        }
        let length = self.spectrum.length();
        for ((column, _), samples) in self.electrodes.iter().zip(&mut self.samples) {
            samples.extend(chunk.channel(*column));
            let surplus = samples.len().saturating_sub(length);
            samples.drain(..surplus);
        }
    }

    /// Judges anew; the lab does so once a second.
    pub fn refresh(&mut self) {
        let length = self.spectrum.length();
        if self.samples.iter().any(|s| s.len() < length) {
            return;
        }
        let step = self.rate / length as f64;
        let mut powers: Vec<Vec<f32>> = vec![Vec::with_capacity(self.samples.len()); BANDS.len()];
        for samples in &self.samples {
            let mean = samples.iter().map(|v| f64::from(*v)).sum::<f64>() / length as f64;
            let window: Vec<f64> = samples.iter().map(|v| f64::from(*v) - mean).collect();
            let of_bands = band_powers(&self.spectrum.density(&window), step, &BANDS);
            for (band, power) in powers.iter_mut().zip(of_bands) {
                band.push((10.0 * power.max(1e-6).log10()) as f32);
            }
        }
        let labels = self.electrodes.iter().map(|(_, label)| label.clone()).collect();
        self.latest = Some(Arc::new(LiveBands { labels, powers_db: powers }));
    }

    pub fn latest(&self) -> Option<Arc<LiveBands>> {
        self.latest.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Channel, StreamKind};

    #[test]
    fn ten_hertz_at_the_back_is_alpha_at_the_back() {
        let info = StreamInfo {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate: 128.0,
            channels: ["Fz", "Cz", "Pz", "Oz"].map(Channel::eeg).to_vec(),
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: true,
        };
        let mut scalp = Scalp::of(&info).expect("four electrodes");
        scalp.refresh();
        assert!(scalp.latest().is_none(), "nothing has come yet");
        let sample = |i: usize| (i as f32 / 128.0 * 10.0 * std::f32::consts::TAU).sin();
        let rows = (0..256).flat_map(|i| [0.1, 0.1, 1.0, 20.0].map(|a| a * sample(i))).collect();
        let chunk =
            Chunk { stream: StreamId(0), first_index: 0, lost_before: 0, arrived: 0, device_time: None, channels: 4, rows };
        scalp.push(&chunk);
        scalp.refresh();
        let bands = scalp.latest().expect("a map");
        assert_eq!((bands.labels.len(), bands.powers_db.len()), (4, BANDS.len()));
        let alpha = &bands.powers_db[1];
        // A sine of amplitude 20 has the power 200: 23 dB.
        assert!((alpha[3] - 23.0).abs() < 0.5 && (alpha[3] - alpha[2] - 26.0).abs() < 0.5, "{alpha:?}");
    }
}
