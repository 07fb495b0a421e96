//! Fourier transforms, planned by rustfft. A crate of its own only because rustfft's generic code is a fifth of what
//! limbic would otherwise compile again at every change, once for the program and once for its tests.

use rustfft::FftPlanner;
pub use rustfft::{Fft, num_complex};
use std::cell::RefCell;
use std::sync::Arc;

/// Plans that a thread keeps before it begins anew: recordings of many lengths must not fill the memory.
const KEPT: usize = 32;

/// Plans, and for which lengths and directions.
struct Plans {
    planner: FftPlanner<f64>,
    known: Vec<(usize, bool)>,
}

impl Plans {
    fn none() -> Plans {
        Plans { planner: FftPlanner::new(), known: Vec::new() }
    }

    fn plan(&mut self, length: usize, back: bool) -> Arc<dyn Fft<f64>> {
        if !self.known.contains(&(length, back)) {
            if self.known.len() == KEPT {
                *self = Plans::none();
            }
            self.known.push((length, back));
        }
        if back { self.planner.plan_fft_inverse(length) } else { self.planner.plan_fft_forward(length) }
    }
}

thread_local! {
    /// Each thread has its own: planning an awkward length takes as long as some hundred transforms.
    static PLANS: RefCell<Plans> = RefCell::new(Plans::none());
}

/// Forward transform of `length` values, without scaling.
pub fn forward(length: usize) -> Arc<dyn Fft<f64>> {
    PLANS.with_borrow_mut(|plans| plans.plan(length, false))
}

/// Inverse transform of `length` values, without scaling (a round trip multiplies by `length`).
pub fn inverse(length: usize) -> Arc<dyn Fft<f64>> {
    PLANS.with_borrow_mut(|plans| plans.plan(length, true))
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
