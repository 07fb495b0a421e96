//! Fourier transforms, planned by rustfft. A crate of its own only because rustfft's generic code is a fifth of what
//! limbic would otherwise compile again at every change, once for the program and once for its tests.

use rustfft::FftPlanner;
pub use rustfft::{Fft, num_complex};
use std::sync::Arc;

/// Forward transform of `length` values, without scaling.
pub fn forward(length: usize) -> Arc<dyn Fft<f64>> {
    FftPlanner::new().plan_fft_forward(length)
}

/// Inverse transform of `length` values, without scaling (a round trip multiplies by `length`).
pub fn inverse(length: usize) -> Arc<dyn Fft<f64>> {
    FftPlanner::new().plan_fft_inverse(length)
}

/// As [`inverse`], in single precision: for synthesis, where speed counts more than the last digits.
pub fn inverse_f32(length: usize) -> Arc<dyn Fft<f32>> {
    FftPlanner::new().plan_fft_inverse(length)
}

#[cfg(test)]
mod tests {
    use super::{forward, inverse, num_complex::Complex64};

    #[test]
    fn a_round_trip_multiplies_by_the_length() {
        let signal: Vec<Complex64> = (0..12).map(|i| Complex64::new(f64::from(i * i % 7), 0.0)).collect();
        let mut turned = signal.clone();
        forward(12).process(&mut turned);
        inverse(12).process(&mut turned);
        assert!(signal.iter().zip(&turned).all(|(a, b)| (a * 12.0 - b).norm() < 1e-12));
    }
}
