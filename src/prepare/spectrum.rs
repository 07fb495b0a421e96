//! Power spectral densities over short windows, and band powers (algorithms 1.4).

use crate::prepare::PrepareError;
use crate::signal::Band;
use limbic_fft::Fft;
use limbic_fft::num_complex::Complex64;
use std::f64::consts::TAU;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// One window length's transform, planned once: constant detrend, periodic Hann window, one-sided density. Clones share
/// the plan.
#[derive(Clone)]
pub struct Spectrum {
    transform: Arc<dyn Fft<f64>>,
    window: Vec<f64>,
    /// 1 / (rate x sum of squared weights).
    scale: f64,
    /// Distance of two bins, Hz.
    pub step: f64,
    buffer: Vec<Complex64>,
    scratch: Vec<Complex64>,
}

impl Spectrum {
    /// For windows of `length` samples.
    ///
    /// # Errors
    /// A window of fewer than four samples.
    pub fn new(length: usize, rate: f64) -> Result<Spectrum, PrepareError> {
        if length < 4 || rate <= 0.0 {
            return Err(PrepareError::Option { name: "window", value: format!("{length} samples"), must: "4 samples or more" });
        }
        let window: Vec<f64> = (0..length).map(|i| 0.5 - 0.5 * (TAU * i as f64 / length as f64).cos()).collect();
        let transform = limbic_fft::forward(length);
        Ok(Spectrum {
            scale: 1.0 / (rate * window.iter().map(|w| w * w).sum::<f64>()),
            step: rate / length as f64,
            buffer: vec![Complex64::default(); length],
            scratch: vec![Complex64::default(); transform.get_inplace_scratch_len()],
            window,
            transform,
        })
    }

    /// Samples of one window.
    pub fn length(&self) -> usize {
        self.window.len()
    }

    /// Density in unit^2/Hz at 0, step, 2 step, ... up to half the rate. Reads at most one window's samples.
    pub fn density(&mut self, samples: &[f64]) -> Vec<f64> {
        let bins = self.length() / 2 + 1;
        let mut density = vec![0.0; bins];
        self.transform_pair(samples, samples);
        self.take_pair(0..bins, &mut density, &mut vec![0.0; bins]);
        density
    }

    /// Loads two windows as the real and the imaginary part of one transform: since both are real, their spectra are
    /// its even and its odd part, and two windows cost one transform.
    fn transform_pair(&mut self, first: &[f64], second: &[f64]) {
        let length = self.length();
        let count = length.min(first.len()).min(second.len());
        let (first, second) = (&first[..count], &second[..count]);
        let means = [first, second].map(|x| sum(x) / length as f64);
        let (filled, empty) = self.buffer.split_at_mut(count);
        for (((slot, w), a), b) in filled.iter_mut().zip(&self.window).zip(first).zip(second) {
            *slot = Complex64::new((a - means[0]) * w, (b - means[1]) * w);
        }
        empty.fill(Complex64::default());
        self.transform.process_with_scratch(&mut self.buffer, &mut self.scratch);
    }

    /// Some bins of the densities of both windows of the last transform, each in its place.
    fn take_pair(&self, bins: Range<usize>, first: &mut [f64], second: &mut [f64]) {
        let (n, scale) = (self.buffer.len(), 0.5 * self.scale);
        let powers = |x: Complex64, m: Complex64| {
            let (sum, difference) = (x + m, x - m);
            [scale * (sum.re * sum.re + difference.im * difference.im), scale * (difference.re * difference.re + sum.im * sum.im)]
        };
        // Bin k is mirrored at n - k, and bin 0 at itself.
        if bins.contains(&0) {
            [first[0], second[0]] = powers(self.buffer[0], self.buffer[0]);
        }
        let rest = bins.start.max(1)..bins.end.max(1);
        let mirrored = self.buffer[n + 1 - rest.end..n + 1 - rest.start].iter().rev();
        let places = first[rest.clone()].iter_mut().zip(&mut second[rest.clone()]);
        for ((x, m), (first, second)) in self.buffer[rest].iter().zip(mirrored).zip(places) {
            [*first, *second] = powers(*x, *m);
        }
        // What has no mirror of its own is not counted twice.
        for alone in [0, n / 2].into_iter().filter(|k| 2 * k % n == 0 && bins.contains(k)) {
            first[alone] *= 0.5;
            second[alone] *= 0.5;
        }
    }
}

/// Eight sums beside each other, because one alone would wait for its own last addition.
fn sum(x: &[f64]) -> f64 {
    let (eights, rest) = x.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for x in eights {
        sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
    }
    sums.iter().chain(rest).sum()
}

/// Trapezoid over the bins with low <= f <= high, both included, in unit^2.
pub fn power_between(density: &[f64], step: f64, low: f64, high: f64) -> f64 {
    trapezoid(density, step, bins_between(step, low, high))
}

/// The bins with low <= f <= high. One that misses an edge by rounding alone still belongs to the band.
fn bins_between(step: f64, low: f64, high: f64) -> RangeInclusive<usize> {
    (low / step - 1e-9).ceil().max(0.0) as usize..=(high / step + 1e-9).floor() as usize
}

fn trapezoid(density: &[f64], step: f64, bins: RangeInclusive<usize>) -> f64 {
    let last = (*bins.end()).min(density.len().saturating_sub(1));
    match density.get(*bins.start()..=last) {
        Some(bins @ [first, .., last]) => (sum(bins) - 0.5 * (first + last)) * step,
        _ => 0.0,
    }
}

/// Powers of the bands in unit^2.
pub fn band_powers(density: &[f64], step: f64, bands: &[Band]) -> Vec<f64> {
    bands.iter().map(|band| power_between(density, step, band.low, band.high)).collect()
}

/// First samples of the windows that fit into `samples`, `hop` apart.
pub fn window_starts(samples: usize, length: usize, hop: usize) -> impl Iterator<Item = usize> {
    let last = samples.checked_sub(length);
    (0..).step_by(hop.max(1)).take_while(move |start| last.is_some_and(|last| *start <= last))
}

/// The density of every window of a channel, one row a window.
pub fn density_series(samples: &[f64], spectrum: &mut Spectrum, hop: usize) -> Vec<Vec<f64>> {
    let (mut series, bins) = (Vec::new(), 0..spectrum.length() / 2 + 1);
    each_density(samples, spectrum, hop, bins, |density| series.push(density.to_vec()));
    series
}

/// The band powers of every window of a channel in unit^2, windows x bands in one row: what [`density_series`] and
/// [`band_powers`] give, without keeping the densities or making those of no band.
pub fn band_series(samples: &[f64], spectrum: &mut Spectrum, hop: usize, bands: &[Band]) -> Vec<f64> {
    let (mut series, step, last) = (Vec::new(), spectrum.step, spectrum.length() / 2);
    let ranges: Vec<RangeInclusive<usize>> = bands.iter().map(|band| bins_between(step, band.low, band.high)).collect();
    let first = ranges.iter().map(|bins| *bins.start()).min().unwrap_or(0).min(last);
    let end = ranges.iter().map(|bins| *bins.end()).max().unwrap_or(0).min(last) + 1;
    each_density(samples, spectrum, hop, first..end, |density| {
        series.extend(ranges.iter().map(|bins| trapezoid(density, step, bins.clone())));
    });
    series
}

/// Calls `each` with the density of every window in order, two windows a transform; only the wanted bins are made, what lies
/// beside them is 0.
fn each_density(samples: &[f64], spectrum: &mut Spectrum, hop: usize, bins: Range<usize>, mut each: impl FnMut(&[f64])) {
    let length = spectrum.length();
    let [mut first, mut second] = [(); 2].map(|()| vec![0.0; length / 2 + 1]);
    let mut starts = window_starts(samples.len(), length, hop);
    while let Some(start) = starts.next() {
        let next = starts.next();
        let window = |start: usize| &samples[start..start + length];
        spectrum.transform_pair(window(start), window(next.unwrap_or(start)));
        spectrum.take_pair(bins.clone(), &mut first, &mut second);
        each(&first);
        if next.is_some() {
            each(&second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::BANDS;

    #[test]
    fn a_sine_of_amplitude_a_has_power_half_a_squared() {
        let wave: Vec<f64> = (0..512).map(|i| 7.0 + 3.0 * (TAU * 10.0 * i as f64 / 256.0).sin()).collect();
        let mut spectrum = Spectrum::new(512, 256.0).expect("long enough");
        let powers = band_powers(&spectrum.density(&wave), spectrum.step, &BANDS);
        assert!((powers[1] - 4.5).abs() < 1e-9 && powers[0] < 1e-20 && powers[3] < 1e-20, "{powers:?}");
    }

    #[test]
    fn adjacent_bands_add_up_and_odd_windows_lose_nothing() {
        let noise: Vec<f64> = (0..501).map(|i| ((i * 7919) % 101) as f64).collect();
        let mut spectrum = Spectrum::new(501, 250.5).expect("long enough");
        let density = spectrum.density(&noise);
        let parts = power_between(&density, spectrum.step, 4.0, 8.0) + power_between(&density, spectrum.step, 8.0, 12.0);
        assert!((parts - power_between(&density, spectrum.step, 4.0, 12.0)).abs() < 1e-9 * parts);
        assert_eq!(density.len(), 251);
    }

    #[test]
    fn two_windows_of_one_transform_do_not_mix() {
        let noise: Vec<f64> = (0..1280).map(|i| ((i * 7919) % 101) as f64 * if i < 600 { 1.0 } else { 1e3 }).collect();
        let mut spectrum = Spectrum::new(256, 256.0).expect("long enough");
        let series = density_series(&noise, &mut spectrum, 128);
        let bands = band_series(&noise, &mut spectrum, 128, &BANDS);
        assert_eq!((series.len(), bands.len()), (9, 36));
        for (i, density) in series.iter().enumerate() {
            let alone = spectrum.density(&noise[i * 128..i * 128 + 256]);
            assert!(alone.iter().zip(density).all(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(1e-6)), "window {i}");
            assert_eq!(band_powers(density, spectrum.step, &BANDS), bands[4 * i..4 * i + 4]);
        }
    }

    #[test]
    fn windows_that_do_not_fit_are_not_made() {
        assert_eq!(window_starts(3072, 512, 256).count(), 11);
        assert_eq!(window_starts(511, 512, 256).count(), 0);
    }
}
