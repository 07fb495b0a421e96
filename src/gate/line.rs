//! Line: mains hum over the signal.

use crate::gate::check::{Check, Figure, each, ramp};
use crate::gate::window::upper_edge;
use crate::gate::{Reason, Window};

pub struct Line;

impl Check for Line {
    fn reason(&self) -> Reason {
        Reason::Line
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        let mains = window.mains_hz;
        // A mains frequency beyond half the rate leaves nothing to measure.
        if mains + 1.0 > window.rate / 2.0 || upper_edge(window.rate) <= 1.0 {
            return None;
        }
        each(window, |channel| {
            let hum = window.power(channel, mains - 1.0, mains + 1.0, |_| true);
            let value = 10.0 * (hum / window.band_power(channel)).max(1e-30).log10();
            Figure { score: window.excused(ramp(value, 10.0, -3.0), hum), value }
        })
    }

    fn say(&self, value: f64, mains_hz: f64) -> String {
        let side = if value >= 0.0 { "over" } else { "under" };
        format!("{mains_hz:.0} Hz line {:.1} dB {side} the signal", value.abs())
    }
}
