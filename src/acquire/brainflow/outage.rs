//! Finds losses of whole counter periods: after an outage of seconds the package number alone cannot tell how often
//! it has wrapped, but the samples stay late by that much.

/// Late by this share of a period counts as late.
const LATE: f64 = 0.6;
/// Samples must stay late for so long by their stamps, s: a burst after a stall catches up sooner.
const PATIENCE_S: f64 = 1.0;
/// How fast the expected lateness may follow a board that is off its nominal rate, s per s.
const DRIFT: f64 = 0.01;

/// Watches how late samples are against their index.
#[derive(Debug, Clone)]
pub struct Outage {
    rate: f64,
    usual: Option<f64>,
    /// While late: since when, and the least lateness since.
    suspicion: Option<(f64, f64)>,
}

impl Outage {
    pub fn new(rate: f64) -> Self {
        Outage { rate, usual: None, suspicion: None }
    }

    /// Judges a block of consecutive samples that begins at `first_index`, stamped in seconds; `period` is the
    /// counter's in samples. Answers the samples (whole periods) that must have been lost unnoticed.
    pub fn judge(&mut self, first_index: u64, stamps: &[f64], period: u64) -> u64 {
        let lateness = |(i, stamp): (usize, &f64)| stamp - (first_index + i as u64) as f64 / self.rate;
        let least = stamps.iter().enumerate().map(lateness).fold(f64::INFINITY, f64::min);
        if !least.is_finite() || period == 0 {
            return 0;
        }
        let usual = *self.usual.get_or_insert(least);
        let period_s = period as f64 / self.rate;
        if least - usual < LATE * period_s {
            self.suspicion = None;
            self.usual = Some(usual + (least - usual).min(DRIFT * stamps.len() as f64 / self.rate));
            return 0;
        }
        let latest = stamps.last().copied().unwrap_or(0.0);
        let (since, lowest) = self.suspicion.unwrap_or((stamps[0], f64::INFINITY));
        let lowest = lowest.min(least);
        if latest - since < PATIENCE_S {
            self.suspicion = Some((since, lowest));
            return 0;
        }
        self.suspicion = None;
        ((lowest - usual) / period_s).round() as u64 * period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 10 samples at 250 Hz; `stamp_of` gives each sample's stamp.
    fn run(samples: u64, stamp_of: impl Fn(u64) -> f64) -> u64 {
        let mut outage = Outage::new(250.0);
        let mut index = 0;
        let mut lost = 0;
        for block in 0..samples / 10 {
            let stamps: Vec<f64> = (block * 10..block * 10 + 10).map(&stamp_of).collect();
            let more = outage.judge(index, &stamps, 256);
            lost += more;
            index += more + 10;
        }
        lost
    }

    #[test]
    fn two_lost_periods_are_found() {
        assert_eq!(run(3000, |i| if i < 1000 { i as f64 / 250.0 } else { (i + 512) as f64 / 250.0 }), 512);
    }

    #[test]
    fn a_late_burst_is_no_loss() {
        // Samples 1000..1500 are held back and come together at the end of a two-second stall.
        assert_eq!(run(3000, |i| if (1000..1500).contains(&i) { 6.0 } else { i as f64 / 250.0 }), 0);
    }

    #[test]
    fn a_board_off_its_rate_for_an_hour_is_no_loss() {
        assert_eq!(run(900_000, |i| i as f64 / 249.1), 0);
    }
}
