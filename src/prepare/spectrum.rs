//! Power spectral densities over short windows, and band powers (algorithms 1.4).

use crate::prepare::PrepareError;
use crate::signal::Band;
use limbic_fft::Fft;
use limbic_fft::num_complex::Complex64;
use std::f64::consts::TAU;
use std::sync::Arc;

/// One window length's transform, planned once: constant detrend, periodic Hann window, one-sided density.
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
        let length = self.length();
        let mean = samples.iter().take(length).sum::<f64>() / length as f64;
        self.buffer.fill(Complex64::default());
        for ((slot, x), w) in self.buffer.iter_mut().zip(samples).zip(&self.window) {
            slot.re = (x - mean) * w;
        }
        self.transform.process_with_scratch(&mut self.buffer, &mut self.scratch);
        let last = length / 2;
        let doubled = |k: usize| k > 0 && (k < last || length % 2 == 1);
        (0..=last).map(|k| self.buffer[k].norm_sqr() * self.scale * if doubled(k) { 2.0 } else { 1.0 }).collect()
    }
}

/// Trapezoid over the bins with low <= f <= high, both included, in unit^2.
pub fn power_between(density: &[f64], step: f64, low: f64, high: f64) -> f64 {
    // A bin that misses an edge by rounding alone still belongs to the band.
    let (first, last) = ((low / step - 1e-9).ceil().max(0.0) as usize, (high / step + 1e-9).floor() as usize);
    let Some(bins) = density.get(first..=last.min(density.len().saturating_sub(1))) else { return 0.0 };
    bins.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0 * step).sum()
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
    let length = spectrum.length();
    window_starts(samples.len(), length, hop).map(|start| spectrum.density(&samples[start..start + length])).collect()
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
    fn windows_that_do_not_fit_are_not_made() {
        assert_eq!(window_starts(3072, 512, 256).count(), 11);
        assert_eq!(window_starts(511, 512, 256).count(), 0);
    }
}
