//! What a quality check is, and the list of all of them in the order of algorithms section 10.

use crate::gate::{Reason, Window, amplitude, correlation, flat, high_frequency, line, railed};

/// A check's answer for one channel of one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// 0 (useless) to 1 (nothing to complain of).
    pub score: f64,
    /// The measured figure behind the score, in the check's own unit.
    pub value: f64,
}

/// One question about a window. A check knows nothing of the others.
pub trait Check: Sync {
    /// The reason that is shown when this check limits a channel.
    fn reason(&self) -> Reason;
    /// One figure a channel, in order; `None` where the window does not allow the question.
    fn score(&self, window: &Window) -> Option<Vec<Figure>>;
    /// A figure in words: "50 Hz line 12.1 dB over the signal".
    fn say(&self, value: f64, mains_hz: f64) -> String;
}

/// All checks. On equal scores the first one is the reason.
pub const CHECKS: [&dyn Check; 6] =
    [&flat::Flat, &railed::Railed, &amplitude::Amplitude, &line::Line, &high_frequency::HighFrequency, &correlation::Correlation];

/// 0 at `zero`, 1 at `one`, linear between and clipped outside; falls where `zero` > `one`.
pub fn ramp(value: f64, zero: f64, one: f64) -> f64 {
    ((value - zero) / (one - zero)).clamp(0.0, 1.0)
}

/// Asks one channel after the other.
pub(super) fn each(window: &Window, figure: impl Fn(usize) -> Figure) -> Option<Vec<Figure>> {
    Some((0..window.raw.len()).map(figure).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramps_rise_fall_and_clip() {
        let values = [ramp(0.5, 0.0, 1.0), ramp(100.0, 150.0, 50.0), ramp(9.0, 10.0, -3.0), ramp(-9.0, 0.0, 1.0)];
        assert_eq!(values, [0.5, 0.5, 1.0 / 13.0, 0.0]);
    }

    #[test]
    fn every_check_has_its_own_reason_and_words() {
        for (i, check) in CHECKS.iter().enumerate() {
            assert!(CHECKS[..i].iter().all(|other| other.reason() != check.reason()));
            assert!(check.say(0.25, 50.0).chars().any(|c| c.is_ascii_digit()));
        }
    }
}
