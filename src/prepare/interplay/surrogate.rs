//! What chance alone gives: the heart's series shifted in time against the brain's (algorithms 3.3).

use super::heart_to_brain;
use crate::prepare::heart::median;
use crate::signal::Seed;
use serde::{Deserialize, Serialize};

/// Choices of the shifted series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Surrogates {
    pub count: usize,
    /// Least circular shift to either side, samples (10 s at 1 Hz).
    pub least_shift: usize,
    pub seed: u64,
}

impl Default for Surrogates {
    fn default() -> Self {
        Surrogates { count: 50, least_shift: 10, seed: 1 }
    }
}

/// The median coefficient of a trial less the median of those with the heart's series shifted in a circle: 0 = no more
/// than chance. Both series normalised already. `None` where the trial is too short for any shift.
pub fn above_chance(brain: &[f64], heart: &[f64], window: usize, intercept: bool, options: &Surrogates) -> Option<f64> {
    let n = brain.len().min(heart.len());
    if n <= 2 * options.least_shift || options.count == 0 {
        return None;
    }
    let typical = |heart: &[f64]| {
        let slopes = heart_to_brain(brain, heart, window, intercept).into_iter().map(|c| c.heart);
        median(&slopes.filter(|c| c.is_finite()).collect::<Vec<_>>())
    };
    let mut seed = Seed::new(options.seed).fork("surrogates");
    let mut shifted = heart[..n].to_vec();
    let chance: Vec<f64> = (0..options.count)
        .map(|_| {
            let shift = options.least_shift + seed.below(n - 2 * options.least_shift + 1);
            shifted.copy_from_slice(&heart[..n]);
            shifted.rotate_right(shift);
            typical(&shifted)
        })
        .collect();
    Some(typical(&heart[..n]) - median(&chance))
}
