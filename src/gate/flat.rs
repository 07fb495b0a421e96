//! Flat: no signal at all, or a value that is repeated over and over.

use crate::gate::check::{Check, Figure, each};
use crate::gate::{Reason, Window};

/// Standard deviation below which a channel is flat, uV.
const SMALLEST_SD: f64 = 0.1;
/// Share of successive samples that may be identical.
const LARGEST_REPEATED: f64 = 0.5;

pub struct Flat;

impl Check for Flat {
    fn reason(&self) -> Reason {
        Reason::Flat
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        each(window, |channel| {
            let x = window.raw[channel];
            let flat = is_flat(x);
            Figure { score: if flat { 0.0 } else { 1.0 }, value: deviation(x) }
        })
    }

    fn say(&self, value: f64, _mains_hz: f64) -> String {
        format!("no signal: deviation {value:.2} uV or samples that repeat")
    }
}

/// Whether samples in uV carry no signal.
pub(super) fn is_flat(x: &[f64]) -> bool {
    deviation(x) < SMALLEST_SD || repeated(x) > LARGEST_REPEATED
}

/// Share of samples equal to their predecessor.
pub(super) fn repeated(x: &[f64]) -> f64 {
    x.windows(2).filter(|pair| pair[0] == pair[1]).count() as f64 / x.len().saturating_sub(1).max(1) as f64
}

fn deviation(x: &[f64]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}
