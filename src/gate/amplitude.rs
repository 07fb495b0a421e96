//! Amplitude: far too small or far too large for EEG.

use crate::gate::check::{Check, Figure, each, ramp};
use crate::gate::{Reason, Window};
use crate::prepare::heart::median;

/// From the median absolute deviation to a normal distribution's standard deviation.
const NORMAL: f64 = 1.4826;

pub struct Amplitude;

impl Check for Amplitude {
    fn reason(&self) -> Reason {
        Reason::Amplitude
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        each(window, |channel| {
            let y = window.filtered[channel];
            let centre = median(y);
            let value = NORMAL * median(&y.iter().map(|v| (v - centre).abs()).collect::<Vec<_>>());
            Figure { score: ramp(value, 0.2, 1.0).min(ramp(value, 150.0, 50.0)), value }
        })
    }

    fn say(&self, value: f64, _mains_hz: f64) -> String {
        format!("amplitude {value:.1} uV; EEG has 1 to 50 uV")
    }
}
