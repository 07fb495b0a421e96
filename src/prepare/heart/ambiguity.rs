//! The ambiguity function of a short series under the kernel of the smoothed pseudo-Wigner-Ville distribution
//! (algorithms 2.5), kept only where the kernel is not nothing.

use super::spwvd::SpwvdOptions;
use limbic_fft::num_complex::Complex64;
use limbic_lanes::decay::decay;
use std::f64::consts::PI;

/// The analytic signal of the series less its mean: negative frequencies are taken off.
fn analytic(series: &[f64]) -> Vec<Complex64> {
    let n = series.len();
    let mean = series.iter().sum::<f64>() / n as f64;
    let mut z: Vec<Complex64> = series.iter().map(|v| Complex64::new(v - mean, 0.0)).collect();
    limbic_fft::forward(n).process(&mut z);
    for (k, value) in z.iter_mut().enumerate() {
        *value *= match k {
            0 => 1.0,
            k if 2 * k == n => 1.0,
            k if 2 * k < n => 2.0,
            _ => 0.0,
        } / n as f64;
    }
    limbic_fft::inverse(n).process(&mut z);
    z
}

/// The ambiguity function times the kernel, column after column: one a shift 0 ..= `down` bins, beyond which the kernel is
/// nothing. A negative shift's column is that of its positive one turned round, in conjugates.
pub(super) struct Ambiguity {
    /// The analytic signal.
    z: Vec<Complex64>,
    /// Bins 0 ..= up and -down ..= -1 of a transform along the time.
    up: usize,
    down: usize,
    /// The squared distance from the middle of the kernel that a lag makes, and that a shift makes.
    late: Vec<f64>,
    far: Vec<f64>,
    /// The kernel's exponent.
    power: f64,
}

/// exp(-32) is 1e-14.
const NOTHING: f64 = 32.0;
/// Series that are gathered together: their values fill lines of the cache.
const TURNED: usize = 8;

impl Ambiguity {
    pub fn new(series: &[f64], rate: f64, options: &SpwvdOptions) -> Ambiguity {
        let n = series.len();
        let farthest = (NOTHING / PI).powf(0.25 / options.lambda) * options.nu_hz;
        let reach = (farthest * n as f64 / rate).ceil() as usize;
        let (up, down) = (reach.min((n - 1) / 2), reach.min(n / 2));
        let late = (0..n.div_ceil(2)).map(|m| (2.0 * m as f64 / rate / options.tau_s).powi(2)).collect();
        let far = (0..=down).map(|k| (k as f64 * rate / n as f64 / options.nu_hz).powi(2)).collect();
        Ambiguity { z: analytic(series), up, down, late, far, power: 2.0 * options.lambda }
    }

    /// Lags 0, 1, ...
    pub fn lags(&self) -> usize {
        self.late.len()
    }

    /// Hands over each column in turn: its shift, the lags below 0 in ascending order, and those from 0 on.
    ///
    /// A column is the correlation of the signal with itself at that shift, at even distances only: the even and the odd
    /// samples each with their own kind. That takes fewer transforms than a transform of each lag's products, of a length
    /// that may be a fast one.
    pub fn columns(&self, mut take: impl FnMut(usize, &[Complex64], &[Complex64])) {
        let (n, lags) = (self.z.len(), self.lags());
        // The n-th roots of one.
        let turns: Vec<Complex64> = (0..n).map(|k| Complex64::cis(2.0 * PI * k as f64 / n as f64)).collect();
        let length = smooth_length(n);
        let (forward, inverse) = (limbic_fft::forward(length), limbic_fft::inverse(length));
        let mut scratch = vec![Complex64::default(); forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len())];
        // Even samples, then odd ones, each with as many zeros behind them.
        let apart = |samples: &mut dyn Iterator<Item = Complex64>, halves: &mut [Complex64]| {
            let (even, odd) = halves.split_at_mut(length);
            even[n / 2..].fill(Complex64::default());
            odd[n / 2..].fill(Complex64::default());
            for i in 0..n.div_ceil(2) {
                even[i] = samples.next().unwrap_or_default();
                odd[i] = samples.next().unwrap_or_default();
            }
        };
        let mut whole = vec![Complex64::default(); 2 * length];
        let mut shifted = whole.clone();
        apart(&mut self.z.iter().copied(), &mut whole);
        forward.process_with_scratch(&mut whole, &mut scratch);
        let (mut kernel, mut column) = (vec![0.0; lags], vec![Complex64::default(); 2 * lags - 1]);
        for (k, far) in self.far.iter().enumerate() {
            apart(&mut self.z.iter().zip(stepped(&turns, k)).map(|(v, turn)| v * turn), &mut shifted);
            forward.process_with_scratch(&mut shifted, &mut scratch);
            let (even, odd) = shifted.split_at_mut(length);
            let (whole_even, whole_odd) = whole.split_at(length);
            for (((a, b), even), odd) in whole_even.iter().zip(whole_odd).zip(even.iter_mut()).zip(odd.iter()) {
                *even = a * even.conj() + b * odd.conj();
            }
            inverse.process_with_scratch(even, &mut scratch);
            decay(PI, self.power, *far, &self.late, &mut kernel);
            let scale = 1.0 / length as f64;
            let (before, after) = column.split_at_mut(lags - 1);
            // The correlation counts from one of the two samples, the ambiguity function from between them.
            for (((slot, v), kernel), turn) in after.iter_mut().zip(even.iter()).zip(&kernel).zip(stepped(&turns, k)) {
                *slot = v * turn.conj() * (kernel * scale);
            }
            let back = before.iter_mut().rev().zip(even.iter().rev());
            for (((slot, v), kernel), turn) in back.zip(&kernel[1..]).zip(stepped(&turns, k).skip(1)) {
                *slot = v * turn * (kernel * scale);
            }
            take(k, before, after);
        }
    }

    /// For each set of weights, one a lag: the real part of the sum of all lags from 0 on times their weights, back in time
    /// at every sample.
    pub fn weighted<const N: usize>(&self, weights: [&[Complex64]; N]) -> [Vec<f64>; N] {
        let n = self.z.len();
        let mut sums: [Vec<Complex64>; N] = std::array::from_fn(|_| vec![Complex64::default(); n]);
        self.columns(|k, before, after| {
            for (sums, weights) in sums.iter_mut().zip(weights) {
                if k <= self.up {
                    sums[k] = after.iter().zip(weights).map(|(v, w)| v * w).sum::<Complex64>() / n as f64;
                }
                if k > 0 {
                    let middle = after[0].conj() * weights[0];
                    let below = before.iter().rev().zip(&weights[1..]).map(|(v, w)| v.conj() * w).sum::<Complex64>();
                    sums[n - k] = (middle + below) / n as f64;
                }
            }
        });
        let inverse = limbic_fft::inverse(n);
        sums.map(|mut back| {
            inverse.process(&mut back);
            back.into_iter().map(|v| v.re).collect()
        })
    }

    /// Series of real numbers, back in time at every sample, from their values at shifts 0 ..= down: value `i` of shift `k`
    /// is `shifts[k * width + i]`. Two series share a transform.
    pub fn in_time(&self, shifts: &[Complex64], width: usize) -> Vec<Vec<f64>> {
        let n = self.z.len();
        let inverse = limbic_fft::inverse(n);
        let mut scratch = vec![Complex64::default(); inverse.get_inplace_scratch_len()];
        let mut pairs = vec![Complex64::default(); TURNED / 2 * n];
        let mut series = Vec::with_capacity(width);
        for first in (0..width).step_by(TURNED) {
            let some = TURNED.min(width - first);
            for (k, values) in shifts.chunks_exact(width).enumerate() {
                for (pair, two) in pairs.chunks_exact_mut(n).zip(values[first..first + some].chunks(2)) {
                    let (a, b) = (two[0] / n as f64, two.get(1).copied().unwrap_or_default() / n as f64);
                    pair[k] = Complex64::new(a.re - b.im, a.im + b.re);
                    if k > 0 && k <= self.up {
                        pair[n - k] = Complex64::new(a.re + b.im, b.re - a.im);
                    }
                }
            }
            for (i, pair) in pairs.chunks_exact_mut(n).take(some.div_ceil(2)).enumerate() {
                pair[self.down + 1..n - self.up].fill(Complex64::default());
                inverse.process_with_scratch(pair, &mut scratch);
                series.push(pair.iter().map(|v| v.re).collect());
                if 2 * i + 1 < some {
                    series.push(pair.iter().map(|v| v.im).collect());
                }
            }
        }
        series
    }
}

/// Every `step`-th of the roots of one: their powers by `step`.
fn stepped(turns: &[Complex64], step: usize) -> impl Iterator<Item = Complex64> {
    let mut at = 0;
    std::iter::repeat_with(move || {
        let turn = turns[at];
        at += step;
        at -= if at >= turns.len() { turns.len() } else { 0 };
        turn
    })
}

/// The smallest length from `least` on with no prime factor above 5, which transforms fast.
fn smooth_length(least: usize) -> usize {
    let smooth = |n: &usize| {
        let mut rest = *n;
        for p in [2, 3, 5] {
            while rest.is_multiple_of(p) {
                rest /= p;
            }
        }
        rest == 1
    };
    (least.max(1)..).find(smooth).unwrap_or(least)
}
