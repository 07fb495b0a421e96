//! High frequency: muscle or noise above the EEG's band.

use crate::gate::check::{Check, Figure, each, ramp};
use crate::gate::window::upper_edge;
use crate::gate::{Reason, Window};

/// Hz on either side of the mains frequency that are left out.
const MAINS_GAP: f64 = 2.0;
/// With fewer Hz than this left, the question is not asked.
const NARROWEST: f64 = 4.0;

pub struct HighFrequency;

impl Check for HighFrequency {
    fn reason(&self) -> Reason {
        Reason::HighFrequency
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        let (low, high) = (upper_edge(window.rate), (0.45 * window.rate).min(90.0));
        let mains = window.mains_hz;
        let lost = (high.min(mains + MAINS_GAP) - low.max(mains - MAINS_GAP)).max(0.0);
        if high - low - lost < NARROWEST {
            return None;
        }
        each(window, |channel| {
            // The bin at the edge belongs to the band below.
            let above = window.power(channel, low, high, |f| f > low && (f - mains).abs() > MAINS_GAP);
            let value = (above / window.band_power(channel)).sqrt();
            Figure { score: window.excused(ramp(value, 1.0, 0.35), above), value }
        })
    }

    fn say(&self, value: f64, _mains_hz: f64) -> String {
        format!("above 45 Hz {value:.2} of the amplitude below; relaxed muscles give 0.35 or less")
    }
}
