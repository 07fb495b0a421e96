//! The stationary wavelet transform with coiflets of order five, and the large part of a signal by hard thresholds
//! (Daubechies 1992; Nason and Silverman 1995; algorithms 1.2).
//!
//! Filtering is a product of spectra: period N, filters stretched by 2^j at level j.

use crate::prepare::heart::median;
use limbic_fft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Scaling filter of the coiflet with ten vanishing moments (Daubechies, Ten Lectures on Wavelets, table 8.3).
const COIF5: [f64; 30] = [
    -9.517657273819165e-08,
    -1.6744288576823017e-07,
    2.0637618513646814e-06,
    3.7346551751414047e-06,
    -2.1315026809955787e-05,
    -4.134043227251251e-05,
    0.00014054114970203437,
    0.0003022595818430634,
    -0.0006381313430451114,
    -0.0016628637020130838,
    0.0024333732126576722,
    0.006764185448053083,
    -0.009164231162481846,
    -0.01976177894257264,
    0.03268357426711183,
    0.0412892087501817,
    -0.10557420870333893,
    -0.06203596396290357,
    0.4379916261718371,
    0.7742896036529562,
    0.4215662066908515,
    -0.05204316317624377,
    -0.09192001055969624,
    0.02816802897093635,
    0.023408156785839195,
    -0.010131117519849788,
    -0.004159358781386048,
    0.0021782363581090178,
    0.00035858968789573785,
    -0.00021208083980379827,
];

/// Where the noise level behind a threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoiseLevel {
    /// The finest details. After a low-pass well below half the rate they are nearly empty, the threshold is nearly 0,
    /// and nearly the whole component counts as its large part.
    FinestDetails,
    /// Each level's own coefficients (Johnstone and Silverman 1997).
    EachLevel,
}

/// Choices of the thresholding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// Levels of the transform.
    pub levels: usize,
    /// Times sigma sqrt(2 ln N).
    pub multiplier: f64,
    pub noise: NoiseLevel,
}

impl Default for Threshold {
    fn default() -> Self {
        Threshold { levels: 5, multiplier: 1.0, noise: NoiseLevel::FinestDetails }
    }
}

/// Spectra of the scaling and the wavelet filter for signals of `n` samples.
fn filters(n: usize) -> (Vec<Complex64>, Vec<Complex64>) {
    let transform = limbic_fft::forward(n);
    let spectrum = |taps: &dyn Fn(usize) -> f64| {
        let mut x = vec![Complex64::default(); n];
        (0..COIF5.len()).for_each(|i| x[i % n].re += taps(i));
        transform.process(&mut x);
        x
    };
    let wavelet = |i: usize| COIF5[COIF5.len() - 1 - i] * if i.is_multiple_of(2) { 1.0 } else { -1.0 };
    (spectrum(&|i| COIF5[i]), spectrum(&wavelet))
}

/// The part of `signal` that large coefficients make: the inverse transform of those coefficients (details of every
/// level and the last approximation) whose size reaches sigma sqrt(2 ln N) x multiplier; sigma = median |d| / 0.6745.
/// The signal is filled up with zeros to a multiple of 2^levels and then taken as periodic.
pub fn large_part(signal: &[f64], threshold: &Threshold) -> Vec<f64> {
    let (levels, own) = (threshold.levels.min(16), signal.len());
    let n = own.next_multiple_of(1 << levels).max(1 << levels);
    let (low, high) = filters(n);
    let (forward, inverse) = (limbic_fft::forward(n), limbic_fft::inverse(n));
    let mut spectrum = vec![Complex64::default(); n];
    spectrum.iter_mut().zip(signal).for_each(|(s, x)| s.re = *x);
    forward.process(&mut spectrum);
    let at_level = |filter: &[Complex64], level: usize, k: usize| filter[(k << level) % n];
    let universal = (2.0 * (own.max(2) as f64).ln()).sqrt() * threshold.multiplier;
    let mut finest = None;
    // The spectrum of those coefficients that are kept.
    let mut keep = |coefficients: &[Complex64]| {
        let mut time = coefficients.to_vec();
        inverse.process(&mut time);
        let real: Vec<f64> = time.iter().map(|c| c.re / n as f64).collect();
        let level = || median(&real[..own].iter().map(|c| c.abs()).collect::<Vec<_>>()) / 0.6745;
        let sigma = match threshold.noise {
            NoiseLevel::FinestDetails => *finest.get_or_insert_with(level),
            NoiseLevel::EachLevel => level(),
        };
        let limit = sigma * universal;
        let kept = real.iter().map(|&c| Complex64::new(if c.abs() >= limit { c } else { 0.0 }, 0.0));
        let mut kept: Vec<Complex64> = kept.collect();
        forward.process(&mut kept);
        kept
    };
    let mut details = Vec::with_capacity(levels);
    for level in 0..levels {
        let detail: Vec<Complex64> = spectrum.iter().enumerate().map(|(k, x)| x * at_level(&high, level, k)).collect();
        details.push(keep(&detail));
        spectrum.iter_mut().enumerate().for_each(|(k, x)| *x *= at_level(&low, level, k));
    }
    // Each level's inverse is the mean of the two decimated ones: half the sum of both filters' transposes.
    let mut sum = keep(&spectrum);
    for (level, detail) in details.iter().enumerate().rev() {
        for (k, (s, d)) in sum.iter_mut().zip(detail).enumerate() {
            *s = (*s * at_level(&low, level, k).conj() + d * at_level(&high, level, k).conj()) * 0.5;
        }
    }
    inverse.process(&mut sum);
    sum.iter().take(own).map(|c| c.re / n as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn the_filter_is_the_coiflet() {
        let shifted = |by: usize| -> f64 { COIF5.iter().zip(&COIF5[by..]).map(|(a, b)| a * b).sum() };
        assert!((COIF5.iter().sum::<f64>() - 2f64.sqrt()).abs() < 1e-8);
        assert!((shifted(0) - 1.0).abs() < 1e-8);
        assert!((1..15).all(|k| shifted(2 * k).abs() < 1e-8));
        // Ten vanishing moments of the wavelet: sum of (-1)^k (k/10)^m h[k].
        for m in 0..10 {
            let moment: f64 =
                (0..30).map(|k| (k as f64 / 10.0).powi(m) * COIF5[29 - k] * if k % 2 == 0 { 1.0 } else { -1.0 }).sum();
            assert!(moment.abs() < 1e-4, "moment {m}: {moment}");
        }
    }

    #[test]
    fn without_a_threshold_everything_comes_back() {
        let mut seed = Seed::new(2);
        let noise: Vec<f64> = (0..1000).map(|_| seed.normal()).collect();
        let whole = large_part(&noise, &Threshold { multiplier: 0.0, ..Threshold::default() });
        let worst = noise.iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-7, "{worst}");
    }

    #[test]
    fn noise_is_left_alone_and_a_blink_is_found() {
        let mut seed = Seed::new(3);
        let noise: Vec<f64> = (0..4096).map(|_| seed.normal()).collect();
        for noise_level in [NoiseLevel::FinestDetails, NoiseLevel::EachLevel] {
            let threshold = Threshold { noise: noise_level, ..Threshold::default() };
            let power = |x: &[f64]| x.iter().map(|v| v * v).sum::<f64>();
            assert!(power(&large_part(&noise, &threshold)) < 0.02 * power(&noise));
            let bump = |i: usize| {
                if (2000..2080).contains(&i) {
                    15.0 * ((i - 2000) as f64 / 80.0 * std::f64::consts::PI).sin().powi(2)
                } else {
                    0.0
                }
            };
            let blink: Vec<f64> = noise.iter().enumerate().map(|(i, x)| x + bump(i)).collect();
            let found = large_part(&blink, &threshold);
            let missed: f64 = (1960..2120).map(|i| (found[i] - bump(i)).powi(2)).sum();
            assert!(missed < 0.1 * (0..4096).map(|i| bump(i).powi(2)).sum::<f64>(), "{missed}");
        }
    }
}
