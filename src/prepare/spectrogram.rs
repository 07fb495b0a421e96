//! Three-band spectrogram images of the EEG (Thanh and Thinh 2025; algorithms 7): band-pass into three bands, min-max
//! over the trial, epochs of 3 s, short-time Fourier transforms of 229 frequencies x 229 frames in decibels.

use crate::prepare::filter::{Filter, Pass};
use crate::prepare::interplay::normalised;
use crate::prepare::resample::Resampler;
use crate::prepare::{PrepareError, Signals};
use limbic_lanes::spectrogram::{Scale, Scratch, Spectrogram};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Every choice behind the images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpectrogramOptions {
    /// The EEG is brought to this rate, samples a second.
    pub rate: f64,
    /// Edges of the zero-phase Butterworth band-passes, Hz, and their order.
    pub bands_hz: Vec<[f64; 2]>,
    pub order: usize,
    /// Samples of an epoch; epochs follow each other without overlap, the tail is dropped.
    pub epoch: usize,
    /// Samples of the periodic Hann window, of its steps, and of the zero-padded transform. The side of the image
    /// follows: 1 + (epoch - window) / hop frames, transform / 2 + 1 frequencies.
    pub window: usize,
    pub hop: usize,
    pub transform: usize,
    /// Smallest level, dB: 0 of the image; 0 dB is its 1.
    pub floor_db: f64,
}

impl Default for SpectrogramOptions {
    fn default() -> Self {
        SpectrogramOptions {
            rate: 200.0,
            bands_hz: vec![[1.0, 14.0], [14.0, 31.0], [31.0, 51.0]],
            order: 4,
            epoch: 600,
            window: 144,
            hop: 2,
            transform: 456,
            floor_db: -100.0,
        }
    }
}

impl SpectrogramOptions {
    /// The variant for networks of 299 x 299 pixels.
    pub fn side_299() -> Self {
        SpectrogramOptions { window: 302, hop: 1, transform: 596, ..Self::default() }
    }

    /// Frequencies and frames of one image.
    pub fn size(&self) -> (usize, usize) {
        (self.transform / 2 + 1, 1 + self.epoch.saturating_sub(self.window) / self.hop.max(1))
    }

    fn check(&self) -> Result<(), PrepareError> {
        let fits = (4..=self.epoch).contains(&self.window) && self.transform >= self.window && self.hop >= 1;
        if !fits || self.floor_db >= 0.0 || self.bands_hz.is_empty() {
            let value = format!("{} of {} samples, transform {}", self.window, self.epoch, self.transform);
            return Err(PrepareError::Option {
                name: "the spectrogram's window",
                value,
                must: "4 samples to an epoch, and no longer than the transform",
            });
        }
        Ok(())
    }
}

/// Channel x band x time of a trial, each band in 0-1 over the whole trial (no numbers for a constant channel).
#[derive(Debug, Clone, PartialEq)]
pub struct Banded {
    pub rate: f64,
    pub labels: Vec<String>,
    pub data: Vec<Vec<Vec<f64>>>,
}

/// Resamples, splits into bands and normalises. Edges that the rate of the recording cannot carry are refused rather
/// than bent: 51 Hz needs more than 102 samples a second.
///
/// # Errors
/// No or ragged channels; a rate whose ratio is no simple fraction; too short for the filters.
pub fn banded(eeg: &Signals, options: &SpectrogramOptions) -> Result<Banded, PrepareError> {
    eeg.check_whole()?;
    options.check()?;
    let highest = options.bands_hz.iter().map(|band| band[1]).fold(0.0, f64::max);
    if 2.0 * highest >= eeg.rate {
        return Err(PrepareError::Edges { low: options.bands_hz[0][0], high: highest, rate: eeg.rate });
    }
    let resampler = Resampler::new(eeg.rate, options.rate)?;
    let filters = options
        .bands_hz
        .iter()
        .map(|band| Filter::butterworth(Pass::Band(band[0], band[1]), options.order, options.rate))
        .collect::<Result<Vec<_>, _>>()?;
    let resampled: Vec<Vec<f64>> = eeg.data.par_iter().map(|x| resampler.apply(x)).collect();
    let mut data = vec![Vec::with_capacity(filters.len()); resampled.len()];
    for filter in &filters {
        let filtered = filter.zero_phase_all(&resampled)?;
        let normal: Vec<Vec<f64>> = filtered.par_iter().map(|x| normalised(x)).collect();
        data.iter_mut().zip(normal).for_each(|(channel, band)| channel.push(band));
    }
    Ok(Banded { rate: options.rate, labels: eeg.labels.clone(), data })
}

impl Banded {
    /// Whole epochs.
    pub fn epochs(&self, options: &SpectrogramOptions) -> usize {
        self.data.first().and_then(|bands| bands.first()).map_or(0, Vec::len) / options.epoch.max(1)
    }

    /// Centre of an epoch, s since the first sample.
    pub fn time(&self, epoch: usize, options: &SpectrogramOptions) -> f64 {
        (epoch as f64 + 0.5) * options.epoch as f64 / self.rate
    }
}

/// Mean of values of about 1: sixteen sums beside each other, since one alone would wait for its own last addition, and none
/// so long that single precision would lose its last digits.
pub fn mean_level(values: &[f32]) -> f64 {
    let sum_of = |values: &[f32]| {
        let (rows, rest) = values.as_chunks::<16>();
        let mut sums = [0f32; 16];
        for row in rows {
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        sums.iter().chain(rest).map(|v| f64::from(*v)).sum::<f64>()
    };
    values.chunks(1024).map(sum_of).sum::<f64>() / values.len() as f64
}

/// The transform of one set of options, planned once. Clones share the plan.
#[derive(Clone)]
pub struct Stft {
    options: SpectrogramOptions,
    plan: Arc<Spectrogram>,
    scratch: Scratch,
}

impl Stft {
    /// Plans the transform.
    ///
    /// # Errors
    /// A window longer than an epoch or than the transform.
    pub fn new(options: &SpectrogramOptions) -> Result<Stft, PrepareError> {
        options.check()?;
        let n = options.window;
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos();
        // Over their sum: a constant 1 has level 0 dB at 0 Hz.
        let sum: f64 = (0..n).map(hann).sum();
        let weights: Vec<f64> = (0..n).map(|i| hann(i) / sum).collect();
        let plan = Arc::new(Spectrogram::new(&weights, options.hop, options.transform));
        Ok(Stft { options: options.clone(), plan, scratch: Scratch::default() })
    }

    /// Levels of one epoch of one band in dB, frequencies x frames, row 0 = 0 Hz; clipped to the floor and to 0 dB. From
    /// the floor of -100 dB up they are right to 0.01 dB.
    pub fn decibels(&mut self, epoch: &[f64]) -> Vec<f32> {
        let (rows, frames) = self.options.size();
        let mut image = vec![0f32; rows * frames];
        self.levels_into(epoch, [1.0, 0.0], &mut image);
        image
    }

    /// The image of one epoch of one channel: bands x frequencies x frames in 0-1 (RGB of the network, before its own
    /// scaling).
    pub fn image(&mut self, bands: &[Vec<f64>], epoch: usize) -> Vec<f32> {
        let (rows, frames) = self.options.size();
        let mut image = vec![0f32; bands.len() * rows * frames];
        self.image_into(bands, epoch, |_| [1.0, 0.0], &mut image);
        image
    }

    /// As [`Stft::image`], written to its place; `scaling` gives a band's factor and offset for values of 0-1.
    pub fn image_into(&mut self, bands: &[Vec<f64>], epoch: usize, scaling: impl Fn(usize) -> [f32; 2], out: &mut [f32]) {
        let (from, to) = (epoch * self.options.epoch, (epoch + 1) * self.options.epoch);
        let floor = self.options.floor_db as f32;
        let (rows, frames) = self.options.size();
        for (k, (band, plane)) in bands.iter().zip(out.chunks_exact_mut((rows * frames).max(1))).enumerate() {
            let [factor, offset] = scaling(k);
            // (dB - floor) / -floor is 0-1.
            self.levels_into(band.get(from..to).unwrap_or_default(), [-factor / floor, factor + offset], plane);
        }
    }

    /// `factor * dB + offset` of every level, frequencies x frames.
    fn levels_into(&mut self, epoch: &[f64], [factor, offset]: [f32; 2], image: &mut [f32]) {
        let (_, frames) = self.options.size();
        let scale = Scale { floor: self.options.floor_db as f32, factor, offset };
        self.plan.image(epoch, frames, scale, &mut self.scratch, image);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_229_square_and_a_sine_is_a_line() {
        let options = SpectrogramOptions::default();
        assert_eq!((options.size(), SpectrogramOptions::side_299().size()), ((229, 229), (299, 299)));
        let wave: Vec<f64> = (0..600).map(|i| 0.5 + 0.5 * (TAU * 20.0 * i as f64 / 200.0).sin()).collect();
        let levels = Stft::new(&options).expect("fits").decibels(&wave);
        // Bins are 200 / 456 Hz apart: 20 Hz lies at 45.6. Its amplitude 0.5 is split over both signs: 0.25 = -12 dB.
        for frame in [0, 100, 228] {
            let column: Vec<f32> = (20..229).map(|row| levels[row * 229 + frame]).collect();
            let best = (0..column.len()).max_by(|a, b| column[*a].total_cmp(&column[*b])).expect("rows") + 20;
            assert!((best == 46 || best == 45) && (column[best - 20] + 12.0).abs() < 0.3, "{best} {}", column[best - 20]);
            assert!((levels[frame] + 6.0).abs() < 0.05, "the mean 0.5 is -6 dB at 0 Hz: {}", levels[frame]);
        }
    }

    #[test]
    fn bands_of_a_trial_fill_zero_to_one_and_a_slow_recording_is_refused() {
        let x: Vec<f64> = (0..256 * 7).map(|i| 30.0 * (i as f64 * 0.2).sin() + (i as f64 * 1.1).cos()).collect();
        let eeg = Signals { rate: 256.0, labels: vec!["Cz".into()], data: vec![x] };
        let options = SpectrogramOptions::default();
        let bands = banded(&eeg, &options).expect("runs");
        assert_eq!((bands.data[0].len(), bands.data[0][0].len(), bands.epochs(&options)), (3, 1400, 2));
        assert_eq!((bands.time(0, &options), bands.time(1, &options)), (1.5, 4.5));
        let (low, high) = bands.data[0][2].iter().fold((1.0f64, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
        assert_eq!((low, high), (0.0, 1.0));
        let image = Stft::new(&options).expect("fits").image(&bands.data[0], 1);
        assert!(image.len() == 3 * 229 * 229 && image.iter().all(|v| (0.0..=1.0).contains(v)));
        assert!(matches!(banded(&Signals { rate: 100.0, ..eeg }, &options), Err(PrepareError::Edges { .. })));
    }
}
