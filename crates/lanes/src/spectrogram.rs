//! Levels of the spectra of many overlapping windows. Each is a product of a matrix of cosines and sines with the windows as
//! columns: a transform by matrix has more terms than a fast one, but neighbouring windows fill the vectors without any
//! exchange, all of it is fused additions, and frequencies and windows come out in the image's own order.
//!
//! Terms are saved twice. About the window's middle a cosine needs the sum of two samples and a sine their difference. And
//! of a transform of even length the frequency N/2 - k has the cosines and sines of k but for the sign of every other term,
//! so that even and odd terms summed apart give both.

mod vectors;

use crate::product::{Left, PANEL, VECTOR, kernel};
use std::f64::consts::TAU;

/// Frequencies that are summed together.
const ROWS: usize = 6;

/// Weights of the window, its hop and the length of the (zero-padded) transform, planned once.
#[derive(Debug, Clone)]
pub struct Spectrogram {
    /// Weights of the samples before, at and after the middle; short of any zeros at both ends.
    weights: Vec<f32>,
    middle: usize,
    hop: usize,
    transform: usize,
    /// What a signal that is always 1 gives at each summed frequency and at its mirror: cosines and sines of both. The mean
    /// of the samples is taken off before the sums and comes back here, so that it costs no digits.
    constant: Vec<[f32; 4]>,
    /// Even and odd places about the middle; all places are in the first where the transform is of odd length.
    parts: [Part; 2],
}

/// Places of one parity about the window's middle.
#[derive(Debug, Clone, Default)]
struct Part {
    places: Vec<usize>,
    /// Frequencies x places.
    cosines: Vec<f32>,
    sines: Vec<f32>,
}

/// How a power becomes a value: `factor` * clamp(dB, `floor`, 0) + `offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub floor: f32,
    pub factor: f32,
    pub offset: f32,
}

/// Memory that is used again.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// Of the samples; taken off from `phases`.
    mean: f32,
    /// Samples that are `hop` apart lie beside each other: hop x `stretch`.
    phases: Vec<f32>,
    stretch: usize,
    /// Of each part the weighted sums of its places, and the differences: places x [`PANEL`] windows.
    folded: [[Vec<f32>; 2]; 2],
}

impl Spectrogram {
    /// Plans windows with these weights.
    ///
    /// # Panics
    /// No weights, more of them than `transform`, or a hop of 0.
    pub fn new(weights: &[f64], hop: usize, transform: usize) -> Spectrogram {
        assert!(hop > 0 && (1..=transform).contains(&weights.len()));
        let middle = weights.len() / 2;
        let mut made = Spectrogram {
            weights: weights.iter().map(|w| *w as f32).collect(),
            middle,
            hop,
            transform,
            constant: Vec::new(),
            parts: Default::default(),
        };
        for place in 0..=middle {
            if made.pair(place) != [0.0; 2] {
                let odd = transform.is_multiple_of(2) && place % 2 == 1;
                made.parts[usize::from(odd)].places.push(place);
            }
        }
        // Every angle is a whole number of these steps.
        let table = [f64::cos, f64::sin].map(|wave: fn(f64) -> f64| -> Vec<f64> {
            (0..transform).map(|step| wave(TAU * step as f64 / transform as f64)).collect()
        });
        let waves = |places: &[usize], table: &[f64]| -> Vec<f32> {
            (0..made.base()).flat_map(|k| places.iter().map(move |place| table[k * place % transform] as f32)).collect()
        };
        let parts = made.parts.clone().map(|Part { places, .. }| Part {
            cosines: waves(&places, &table[0]),
            sines: waves(&places, &table[1]),
            places,
        });
        // Steps from the window's middle, which those before it take backwards.
        let sum = |k: usize, table: &[f64]| -> f32 {
            let (mut step, mut sum) = ((transform - k * middle % transform) % transform, 0.0);
            for w in weights {
                sum += w * table[step];
                step = if step + k < transform { step + k } else { step + k - transform };
            }
            sum as f32
        };
        let constant = |k: usize| {
            let mirror = made.mirror(k);
            // The mirror's sines have their sign turned where even places are summed.
            [sum(k, &table[0]), sum(k, &table[1]), sum(mirror, &table[0]), -sum(mirror, &table[1])]
        };
        let constant = (0..made.base()).map(constant).collect();
        Spectrogram { parts, constant, ..made }
    }

    /// Frequencies: 0 to half the transform.
    pub fn rows(&self) -> usize {
        self.transform / 2 + 1
    }

    /// Frequencies that are summed; the others follow from them.
    fn base(&self) -> usize {
        if self.transform.is_multiple_of(2) { self.transform / 4 + 1 } else { self.rows() }
    }

    /// The frequency that has the cosines and sines of k but for signs; k itself where there is none.
    fn mirror(&self, k: usize) -> usize {
        if self.transform.is_multiple_of(2) { self.transform / 2 - k } else { k }
    }

    /// Weights of the samples so far after and before the middle.
    fn pair(&self, place: usize) -> [f32; 2] {
        let weight = |at: Option<usize>| at.and_then(|at| self.weights.get(at)).copied().unwrap_or(0.0);
        let before = if place == 0 { None } else { self.middle.checked_sub(place) };
        [weight(Some(self.middle + place)), weight(before)]
    }

    /// The image of `frames` windows: frequencies x frames. Samples beyond the end are 0; a power that is no number has the
    /// floor's level.
    ///
    /// # Panics
    /// An image of another size than [`Spectrogram::rows`] x `frames`.
    pub fn image(&self, samples: &[f64], frames: usize, scale: Scale, scratch: &mut Scratch, image: &mut [f32]) {
        assert_eq!(image.len(), self.rows() * frames);
        let least = 10f32.powf(scale.floor / 10.0).max(f32::MIN_POSITIVE);
        self.load(samples, frames, scratch);
        for first in (0..frames).step_by(PANEL) {
            let columns = (frames - first).min(PANEL);
            let width = columns.next_multiple_of(VECTOR);
            self.fold(first, width, scratch);
            let mut sums = [[0f32; ROWS * PANEL]; 4];
            for k in (0..self.base()).step_by(ROWS) {
                let rows = (self.base() - k).min(ROWS);
                for (i, sums) in sums.iter_mut().enumerate() {
                    // Cosines of even and odd places, then sines.
                    let (part, wave) = (i % 2, i / 2);
                    let terms = self.parts[part].places.len();
                    let matrix = [&self.parts[part].cosines, &self.parts[part].sines][wave];
                    let left = Left { values: &matrix[k * terms..], row: terms, term: 1 };
                    kernel::set([rows, width, terms], left, &scratch.folded[part][wave], sums, width);
                }
                let means = &self.constant[k..k + rows];
                vectors::levels(&mut sums, width, means, scratch.mean, least, scale);
                for (r, k) in (k..k + rows).enumerate() {
                    let mut line = |row: usize, levels: &[f32]| {
                        image[row * frames + first..][..columns].copy_from_slice(&levels[r * width..][..columns]);
                    };
                    line(k, &sums[0]);
                    if self.mirror(k) != k {
                        line(self.mirror(k), &sums[1]);
                    }
                }
            }
        }
    }

    /// Brings samples that are a hop apart together, less their mean; behind the last they are 0.
    fn load(&self, samples: &[f64], frames: usize, scratch: &mut Scratch) {
        let mean = samples.iter().sum::<f64>() / samples.len().max(1) as f64;
        let mean = if mean.is_finite() { mean as f32 } else { 0.0 };
        scratch.mean = mean;
        scratch.stretch = frames.next_multiple_of(VECTOR) + self.weights.len() / self.hop + 1;
        scratch.phases.clear();
        scratch.phases.resize(self.hop * scratch.stretch, -mean);
        for (phase, line) in scratch.phases.chunks_exact_mut(scratch.stretch).enumerate() {
            let some = samples.iter().skip(phase).step_by(self.hop);
            line.iter_mut().zip(some).for_each(|(to, x)| *to = (*x - f64::from(mean)) as f32);
        }
    }

    /// Weighted sums and differences about the middle of `width` windows from `first` on.
    fn fold(&self, first: usize, width: usize, scratch: &mut Scratch) {
        let Scratch { phases, stretch, folded, .. } = scratch;
        let line = |at: usize| &phases[at % self.hop * *stretch + at / self.hop + first..][..width];
        for (part, [sums, differences]) in self.parts.iter().zip(folded) {
            for to in [&mut *sums, &mut *differences] {
                to.resize(part.places.len() * PANEL, 0.0);
            }
            let rows = sums.chunks_exact_mut(PANEL).zip(differences.chunks_exact_mut(PANEL));
            for (&place, (sum, difference)) in part.places.iter().zip(rows) {
                let (after, before) = (line(self.middle + place), line(self.middle - place));
                vectors::fold(after, before, self.pair(place), &mut sum[..width], &mut difference[..width]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level by the definition.
    fn level(samples: &[f64], weights: &[f64], start: usize, turn: f64, floor: f64) -> f64 {
        let at = |i: usize| samples.get(start + i).copied().unwrap_or(0.0) * weights[i];
        let sum = |wave: fn(f64) -> f64| (0..weights.len()).map(|i| at(i) * wave(TAU * turn * i as f64)).sum::<f64>();
        (10.0 * (sum(f64::cos).powi(2) + sum(f64::sin).powi(2)).log10()).clamp(floor, 0.0)
    }

    /// Even and odd windows and transforms, one that is even but not by four, a hop that leaves samples out, more frames than
    /// a panel holds, and frames that reach beyond the samples.
    #[test]
    fn levels_are_those_of_the_definition() {
        let samples: Vec<f64> = (0..400).map(|i| 0.4 + 0.1 * ((i * 7919 % 101) as f64 / 50.0 - 1.0)).collect();
        for (window, hop, transform, frames) in [(144, 2, 456, 100), (31, 16, 45, 24), (30, 3, 46, 70), (9, 12, 12, 3)] {
            let hann = |i: usize| (0.5 - 0.5 * (TAU * i as f64 / window as f64).cos()) / (window as f64 / 2.0);
            let weights: Vec<f64> = (0..window).map(hann).collect();
            let plan = Spectrogram::new(&weights, hop, transform);
            let scale = Scale { floor: -80.0, factor: 0.5, offset: 3.0 };
            let (mut image, mut scratch) = (vec![0.0; plan.rows() * frames], Scratch::default());
            plan.image(&samples, frames, scale, &mut scratch, &mut image);
            for (place, found) in image.iter().enumerate() {
                let (k, frame) = (place / frames, place % frames);
                let wanted = level(&samples, &weights, frame * hop, k as f64 / transform as f64, -80.0);
                let found = (f64::from(*found) - 3.0) / 0.5;
                assert!((found - wanted).abs() < 0.005, "{window} {transform}: {k}, {frame}: {found} dB instead of {wanted}");
            }
        }
    }

    #[test]
    fn what_is_no_number_lies_on_the_floor() {
        let plan = Spectrogram::new(&[0.5, 0.5], 1, 4);
        let mut image = vec![1.0; 3 * 5];
        let scale = Scale { floor: -100.0, factor: 1.0, offset: 0.0 };
        plan.image(&[f64::NAN; 6], 5, scale, &mut Scratch::default(), &mut image);
        assert_eq!(image, [-100.0; 15]);
        plan.image(&[], 5, scale, &mut Scratch::default(), &mut image);
        assert_eq!(image, [-100.0; 15]);
    }
}
