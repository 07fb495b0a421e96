//! The brain's background: broad sources with a 1/f spectrum and an alpha rhythm, mixed on the scalp, band by band.
//!
//! Every source is synthesised in the frequency domain: blocks of two seconds of Gaussian bins, joined by a sine
//! window with half overlap (sin^2 + cos^2 = 1, so the variance is constant). Because each band is synthesised by
//! itself, a state can scale one band at one electrode by an exact amount (module `effects`).

use super::CHANNELS;
use super::scenario::SourceModel;
use crate::signal::{BANDS, Montage, Position, Seed, position_of};
use limbic_fft::Fft;
use limbic_fft::num_complex::Complex;
use std::sync::Arc;

/// Below theta, the four of [`BANDS`], above gamma.
pub(super) const PARTS: usize = 6;
/// The first of [`BANDS`] among the parts.
pub(super) const FIRST_BAND: usize = 1;
const ALPHA: usize = FIRST_BAND + 1;

/// Sources spread evenly over the head above the ears.
const SOURCES: usize = 24;
/// Width of a source on the scalp, radians. Broad sources give neighbouring electrodes the correlation that real
/// recordings have and that the quality gate expects (algorithms 10).
const BROAD: f64 = 0.75;
const MEDIUM: f64 = 0.45;
/// Focal sources leave sites between them where little is to be seen.
const FOCAL: f64 = 0.3;
/// Far from a source its field has the other sign, as a radial dipole's has.
const FAR_SIDE: f64 = 0.2;
/// Power falls with the frequency to this power.
const SLOPE: f64 = 1.5;
/// Background at each electrode, uV rms.
const BACKGROUND_UV: f64 = 11.0;
/// The alpha rhythm's generators: electrode over which they lie, uV rms there with open eyes.
const RHYTHM: [(&str, f64); 4] = [("PO3", 5.0), ("PO4", 5.0), ("Pz", 3.0), ("Fz", 2.5)];
const RHYTHM_WIDTH: f64 = 0.6;
/// Muscles that are never quite slack, above gamma only: they cost some quality (algorithms 10), as on real heads.
const TONE: [&str; 6] = ["Fp1", "Fp2", "F7", "F8", "T7", "T8"];
/// Their level, uV rms, from person to person and muscle to muscle.
const TONE_UV: (f64, f64) = (1.5, 5.0);
const TONE_WIDTH: f64 = 0.4;
const HIGHEST_HZ: f64 = 100.0;

struct Generator {
    /// Weight at each electrode.
    weights: [f32; CHANNELS],
    /// Per part the bins it fills: (bin, standard deviation of real and imaginary part).
    bins: [Vec<(usize, f32)>; PARTS],
    seed: Seed,
    /// Second half of the last block, per part.
    tail: [Vec<f32>; PARTS],
}

/// One sample of all parts at all electrodes, uV.
pub(super) type Sample = [[f32; CHANNELS]; PARTS];

pub(super) struct Background {
    hop: usize,
    inverse: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    generators: Vec<Generator>,
    block: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    ready: Vec<Sample>,
    next: usize,
}

impl Background {
    pub fn new(seed: &Seed, rate: f64, montage: &Montage, model: SourceModel) -> Self {
        let hop = rate.round() as usize;
        let size = 2 * hop;
        let inverse = limbic_fft::inverse_f32(size);
        let window = (0..size).map(|n| (std::f64::consts::PI * (n as f64 + 0.5) / size as f64).sin() as f32).collect();
        let mut background = Background {
            hop,
            window,
            generators: generators(seed, rate / size as f64, 0.45 * rate, montage, hop, model),
            block: vec![Complex::default(); size],
            scratch: vec![Complex::default(); inverse.get_inplace_scratch_len()],
            inverse,
            ready: vec![[[0.0; CHANNELS]; PARTS]; hop],
            next: hop,
        };
        background.refill(); // the first half block only fades in: it fills the tails
        background.next = hop;
        background
    }

    /// The next sample.
    pub fn next(&mut self) -> &Sample {
        if self.next >= self.hop {
            self.refill();
            self.next = 0;
        }
        self.next += 1;
        &self.ready[self.next - 1]
    }

    /// Synthesises and mixes the next hop.
    fn refill(&mut self) {
        self.ready.iter_mut().for_each(|s| *s = [[0.0; CHANNELS]; PARTS]);
        for generator in &mut self.generators {
            for part in 0..PARTS {
                if generator.bins[part].is_empty() {
                    continue;
                }
                self.block.fill(Complex::default());
                for &(bin, sd) in &generator.bins[part] {
                    let (re, im) = (generator.seed.normal() as f32, generator.seed.normal() as f32);
                    self.block[bin] = Complex::new(sd * re, sd * im);
                }
                self.inverse.process_with_scratch(&mut self.block, &mut self.scratch);
                for (value, w) in self.block.iter_mut().zip(&self.window) {
                    value.re *= w;
                }
                let tail = &mut generator.tail[part];
                for ((sample, value), old) in self.ready.iter_mut().zip(&self.block).zip(tail.iter()) {
                    let now = value.re + old;
                    for (out, weight) in sample[part].iter_mut().zip(&generator.weights) {
                        *out += weight * now;
                    }
                }
                for (old, value) in tail.iter_mut().zip(&self.block[self.hop..]) {
                    *old = value.re;
                }
            }
        }
    }
}

/// Which part a frequency belongs to.
fn part_of(hz: f64) -> usize {
    BANDS
        .iter()
        .position(|b| hz < b.low)
        .unwrap_or_else(|| if hz < BANDS[BANDS.len() - 1].high { BANDS.len() } else { PARTS - 1 })
}

fn generators(seed: &Seed, step: f64, nyquist: f64, montage: &Montage, hop: usize, model: SourceModel) -> Vec<Generator> {
    let positions = montage.positions();
    let mut place = seed.fork("places of the sources");
    let mut spectrum: [Vec<(usize, f32)>; PARTS] = Default::default();
    let highest = (nyquist.min(HIGHEST_HZ) / step) as usize;
    let power: f64 = (1..=highest).map(|bin| (bin as f64 * step).powf(-SLOPE)).sum();
    for bin in 1..=highest {
        let hz = bin as f64 * step;
        spectrum[part_of(hz)].push((bin, (hz.powf(-SLOPE) / power).sqrt() as f32));
    }
    let spots: Vec<Position> = (0..SOURCES).map(|i| spot(i, &mut place)).collect();
    let weights = mixing(&spots, &positions, model);
    let mut all: Vec<Generator> = weights
        .into_iter()
        .enumerate()
        .map(|(i, weights)| generator(weights, spectrum.clone(), seed.fork(&format!("source {i}")), hop))
        .collect();
    let peak = place.between(9.6, 10.6);
    for (label, level) in RHYTHM {
        let mut bins: [Vec<(usize, f32)>; PARTS] = Default::default();
        bins[ALPHA] = bump(peak + 0.2 * place.normal(), step);
        let weights = around(label, level, rhythm_width(model), &positions);
        all.push(generator(weights, bins, seed.fork(&format!("rhythm {label}")), hop));
    }
    let above = &spectrum[PARTS - 1];
    let flat = 1.0 / (above.len().max(1) as f32).sqrt();
    for label in TONE {
        let mut bins: [Vec<(usize, f32)>; PARTS] = Default::default();
        bins[PARTS - 1] = above.iter().map(|(bin, _)| (*bin, flat)).collect();
        let weights = around(label, place.between(TONE_UV.0, TONE_UV.1), TONE_WIDTH, &positions);
        all.push(generator(weights, bins, seed.fork(&format!("tone {label}")), hop));
    }
    all
}

/// Weights of something under one electrode: `level` there, less around it.
fn around(label: &str, level: f64, width: f64, electrodes: &[Position]) -> [f32; CHANNELS] {
    let here = position_of(label);
    std::array::from_fn(|ch| match (electrodes.get(ch), &here) {
        (Some(p), Some(here)) => (level * falloff(angle(p, here), width)) as f32,
        _ => 0.0,
    })
}

fn generator(weights: [f32; CHANNELS], bins: [Vec<(usize, f32)>; PARTS], seed: Seed, hop: usize) -> Generator {
    Generator { weights, bins, seed, tail: std::array::from_fn(|_| vec![0.0; hop]) }
}

/// A spectral line 0.5 Hz wide (SD) of unit variance within the alpha band.
fn bump(peak: f64, step: f64) -> Vec<(usize, f32)> {
    let (low, high) = (BANDS[1].low, BANDS[1].high);
    let level = |hz: f64| (-((hz - peak) / 0.5).powi(2) / 2.0).exp();
    let bins = (low / step).ceil() as usize..=(high / step - 1e-9) as usize;
    let total: f64 = bins.clone().map(|b| level(b as f64 * step)).sum();
    bins.map(|b| (b, (level(b as f64 * step) / total).sqrt() as f32)).collect()
}

/// The i-th of the sources: a spiral over the sphere above z = -0.4, each moved a little by chance.
fn spot(i: usize, place: &mut Seed) -> Position {
    let z = 0.98 - 1.38 * (i as f64 + 0.5) / SOURCES as f64;
    let turn = i as f64 * std::f64::consts::PI * (3.0 - 5f64.sqrt()) + 0.3 * place.normal();
    let z = (z + 0.05 * place.normal()).clamp(-0.5, 0.99);
    let across = (1.0 - z * z).sqrt();
    Position { x: across * turn.cos(), y: across * turn.sin(), z }
}

fn angle(a: &Position, b: &Position) -> f64 {
    a.dot(b).clamp(-1.0, 1.0).acos()
}

fn falloff(angle: f64, width: f64) -> f64 {
    (-(angle / width).powi(2) / 2.0).exp()
}

/// How far the alpha rhythm's generators reach: no farther than the sources around them where those are small.
fn rhythm_width(model: SourceModel) -> f64 {
    match model {
        SourceModel::Broad | SourceModel::Medium => RHYTHM_WIDTH,
        SourceModel::Focal => FOCAL,
        SourceModel::Independent => 0.05,
    }
}

/// Weight of each source at each electrode. Each electrode's sum of squares gives the background's level; with focal
/// sources only the mean over the electrodes does. Independent channels have a source each.
fn mixing(spots: &[Position], electrodes: &[Position], model: SourceModel) -> Vec<[f32; CHANNELS]> {
    let (width, far_side) = match model {
        SourceModel::Broad => (BROAD, FAR_SIDE),
        SourceModel::Medium => (MEDIUM, FAR_SIDE / 2.0),
        SourceModel::Focal => (FOCAL, 0.0),
        SourceModel::Independent => {
            let own = |source: usize| std::array::from_fn(|ch| if ch == source { BACKGROUND_UV as f32 } else { 0.0 });
            return (0..electrodes.len().min(CHANNELS)).map(own).collect();
        }
    };
    let mut weights = vec![[0f32; CHANNELS]; spots.len()];
    let at =
        |electrode: &Position| -> Vec<f64> { spots.iter().map(|s| falloff(angle(s, electrode), width) - far_side).collect() };
    let level = |raw: &[f64]| raw.iter().map(|w| w * w).sum::<f64>().sqrt().max(1e-9);
    let mean = electrodes.iter().map(|e| level(&at(e))).sum::<f64>() / electrodes.len().max(1) as f64;
    for (channel, electrode) in electrodes.iter().enumerate().take(CHANNELS) {
        let raw = at(electrode);
        let norm = if model == SourceModel::Focal { mean } else { level(&raw) };
        for (row, w) in weights.iter_mut().zip(raw) {
            row[channel] = (BACKGROUND_UV * w / norm) as f32;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_belongs_to_one_part() {
        for (hz, part) in [(0.5, 0), (3.9, 0), (4.0, 1), (8.0, 2), (12.0, 3), (29.9, 3), (30.0, 4), (45.0, 5), (80.0, 5)] {
            assert_eq!(part_of(hz), part, "{hz} Hz");
        }
    }

    #[test]
    fn level_is_as_stated_and_constant_over_the_hop() {
        let mut background = Background::new(&Seed::new(1), 128.0, &Montage::biosemi32(), SourceModel::Broad);
        let (mut early, mut middle) = (0.0f64, 0.0f64);
        let t7 = 6;
        for n in 0..128 * 200 {
            let sample = background.next();
            let value: f32 = (0..PARTS).map(|p| sample[p][t7]).sum();
            match n % 128 {
                0..32 => early += f64::from(value).powi(2),
                48..80 => middle += f64::from(value).powi(2),
                _ => {}
            }
        }
        let (early, middle) = ((early / 6400.0).sqrt(), (middle / 6400.0).sqrt());
        assert!((early - 11.6).abs() < 1.2 && (middle - 11.6).abs() < 1.2, "{early} {middle}");
    }
}
