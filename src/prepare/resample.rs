//! Another sampling rate by polyphase filtering with a windowed sinc (Kaiser window, beta 5; Crochiere and Rabiner,
//! Multirate Digital Signal Processing, 2; algorithms 7).

use crate::prepare::PrepareError;
use std::f64::consts::PI;

/// Largest number of up- or down-steps: rates whose ratio needs more are refused.
const LARGEST_FACTOR: usize = 2000;
/// Zero crossings of the sinc on each side.
const CROSSINGS: usize = 10;
const BETA: f64 = 5.0;

/// A planned change of rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampler {
    up: usize,
    down: usize,
    /// Odd number of taps, symmetric; they sum to `up`.
    taps: Vec<f64>,
}

impl Resampler {
    /// From one rate to another, both in samples a second.
    ///
    /// # Errors
    /// Rates that are no positive numbers, or whose ratio is no fraction of numbers up to 2000.
    pub fn new(from: f64, to: f64) -> Result<Resampler, PrepareError> {
        let (up, down) = fraction(to / from).ok_or_else(|| PrepareError::Option {
            name: "rate",
            value: format!("{from} to {to} samples a second"),
            must: "two rates whose ratio is a simple fraction",
        })?;
        let widest = up.max(down);
        if widest == 1 {
            return Ok(Resampler { up, down, taps: vec![1.0] });
        }
        let half = (CROSSINGS * widest) as f64;
        let tap = |i: usize| {
            let (x, place) = ((i as f64 - half) / widest as f64, (i as f64 - half) / half);
            let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
            sinc * bessel(BETA * (1.0 - place * place).max(0.0).sqrt())
        };
        let mut taps: Vec<f64> = (0..=2 * CROSSINGS * widest).map(tap).collect();
        let scale = up as f64 / taps.iter().sum::<f64>();
        taps.iter_mut().for_each(|t| *t *= scale);
        Ok(Resampler { up, down, taps })
    }

    /// Samples that come of `n`.
    pub fn length(&self, n: usize) -> usize {
        (n * self.up).div_ceil(self.down)
    }

    /// The signal at the new rate; its first sample stays where it is. Beyond its ends the signal is taken for its mean,
    /// so the first and last ten samples (of the lower rate) are approximate.
    pub fn apply(&self, signal: &[f64]) -> Vec<f64> {
        if self.up == self.down || signal.is_empty() {
            return signal.to_vec();
        }
        let mean = signal.iter().sum::<f64>() / signal.len().max(1) as f64;
        let half = self.taps.len() / 2;
        let sample = |m: usize| {
            // Output m lies at m * down on the grid that is `up` times finer; input k at k * up.
            let at = m * self.down + half;
            let last = (at / self.up).min(signal.len() - 1);
            let first = (at + 1).saturating_sub(self.taps.len()).div_ceil(self.up);
            mean + (first..=last).map(|k| (signal[k] - mean) * self.taps[at - k * self.up]).sum::<f64>()
        };
        (0..self.length(signal.len())).map(sample).collect()
    }
}

/// The ratio as a reduced fraction, by continued fractions.
fn fraction(ratio: f64) -> Option<(usize, usize)> {
    if !(ratio.is_finite() && ratio > 0.0) {
        return None;
    }
    let (mut x, mut last, mut now) = (ratio, (1usize, 0usize), (ratio.floor() as usize, 1usize));
    for _ in 0..32 {
        let (up, down) = now;
        if up > LARGEST_FACTOR || down > LARGEST_FACTOR {
            return None;
        }
        if (up as f64 / down as f64 / ratio - 1.0).abs() < 1e-9 {
            return Some(now);
        }
        let rest = x - x.floor();
        x = 1.0 / rest;
        let whole = x.floor() as usize;
        (last, now) = (now, (whole.saturating_mul(up).saturating_add(last.0), whole.saturating_mul(down).saturating_add(last.1)));
    }
    None
}

/// The modified Bessel function of order zero, by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..60 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn rates_become_reduced_fractions() {
        assert_eq!(fraction(200.0 / 256.0), Some((25, 32)));
        assert_eq!(fraction(200.0 / 128.0), Some((25, 16)));
        assert_eq!(fraction(200.0 / 250.0), Some((4, 5)));
        assert_eq!(fraction(1.0), Some((1, 1)));
        assert_eq!((fraction(std::f64::consts::PI), fraction(0.0), fraction(f64::NAN)), (None, None, None));
        assert!(Resampler::new(200.0, 0.0).is_err());
    }

    #[test]
    fn a_slow_sine_keeps_its_course_and_a_fast_one_goes() {
        let wave = |hz: f64, rate: f64, n: usize| (0..n).map(|i| 5.0 + (TAU * hz * i as f64 / rate).sin()).collect::<Vec<f64>>();
        for from in [128.0, 250.0, 256.0, 512.0] {
            let n = (from * 4.0) as usize;
            let resampler = Resampler::new(from, 200.0).expect("a simple ratio");
            let made = resampler.apply(&wave(10.0, from, n));
            let wanted = wave(10.0, 200.0, made.len());
            assert_eq!(made.len(), 800);
            let middle = 100..700;
            let worst = made[middle.clone()].iter().zip(&wanted[middle]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 5e-3, "{from}: {worst}");
        }
        let fast = Resampler::new(512.0, 200.0).expect("simple").apply(&wave(150.0, 512.0, 2048));
        assert!(fast[100..700].iter().all(|x| (x - 5.0).abs() < 0.02));
    }
}
