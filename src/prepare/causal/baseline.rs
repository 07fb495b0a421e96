//! The range of a baseline in place of the range of the whole trial. APPROXIMATE: a trial that leaves the baseline's
//! range leaves 0-1.

/// Smallest and largest value so far, frozen when the baseline is over.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningRange {
    low: f64,
    high: f64,
    frozen: bool,
}

impl Default for RunningRange {
    fn default() -> Self {
        RunningRange { low: f64::INFINITY, high: f64::NEG_INFINITY, frozen: false }
    }
}

impl RunningRange {
    /// Ends the baseline: later values are placed in its range and do not widen it.
    pub fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Widens the range by a value of the baseline (values that are no number are passed over) and places the value in
    /// it: (v - min) / (max - min). `None` before the baseline has two different values.
    pub fn push(&mut self, value: f64) -> Option<f64> {
        if !self.frozen && value.is_finite() {
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
        let range = self.high - self.low;
        (range > 0.0 && value.is_finite()).then(|| (value - self.low) / range)
    }
}
