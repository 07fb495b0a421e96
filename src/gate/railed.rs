//! Railed: samples at the end of the device's range.

use crate::gate::check::{Check, Figure, each, ramp};
use crate::gate::{Reason, Window};

/// Share of the range from which a sample counts as railed.
const NEAR: f64 = 0.98;
/// Share of railed samples at which the score is 0.
const WORST: f64 = 0.05;

pub struct Railed;

impl Check for Railed {
    fn reason(&self) -> Reason {
        Reason::Railed
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        let rail = window.rail?;
        each(window, |channel| {
            let value = railed_share(window.raw[channel], rail);
            Figure { score: ramp(value, WORST, 0.0), value }
        })
    }

    fn say(&self, value: f64, _mains_hz: f64) -> String {
        format!("{:.0} % of the samples at the end of the range", 100.0 * value)
    }
}

/// Share of samples at the rail.
pub(super) fn railed_share(x: &[f64], rail: f64) -> f64 {
    x.iter().filter(|v| v.abs() >= NEAR * rail).count() as f64 / x.len().max(1) as f64
}
