//! The ambiguity function of a short series under the kernel of the smoothed pseudo-Wigner-Ville distribution
//! (algorithms 2.5), kept only where the kernel is not nothing.

use super::spwvd::SpwvdOptions;
use limbic_fft::num_complex::Complex64;

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

/// The ambiguity function times the kernel, one row a lag m = 0, 1, ... (negative lags are conjugates), where the kernel
/// is not nothing: shifts beyond `up` and `down` bins are below the last digit of a double.
pub(super) struct Ambiguity {
    /// Samples of the series.
    samples: usize,
    /// Shifts 0 ..= up and -down ..= -1 in each row.
    up: usize,
    down: usize,
    rows: Vec<Vec<Complex64>>,
    /// Samples that carry all of the smoothed rows, since these have no faster part: at most `samples`.
    pub coarse: usize,
}

/// exp(-39) is 1e-17.
const NOTHING: f64 = 39.0;

impl Ambiguity {
    pub fn new(series: &[f64], rate: f64, options: &SpwvdOptions) -> Ambiguity {
        let (z, n) = (analytic(series), series.len());
        let forward = limbic_fft::forward(n);
        let mut scratch = vec![Complex64::default(); forward.get_inplace_scratch_len()];
        let farthest = (NOTHING / std::f64::consts::PI).powf(0.25 / options.lambda) * options.nu_hz;
        let reach = (farthest * n as f64 / rate).ceil() as usize;
        let (up, down) = (reach.min((n - 1) / 2), reach.min(n / 2));
        let far: Vec<f64> = (0..=down).map(|k| (k as f64 * rate / n as f64 / options.nu_hz).powi(2)).collect();
        let mut buffer = vec![Complex64::default(); n];
        let row = |m: usize| {
            // z[t+m] z*[t-m], zero where either lies outside the record.
            buffer[..m].fill(Complex64::default());
            buffer[n - m..].fill(Complex64::default());
            for ((slot, ahead), behind) in buffer[m..n - m].iter_mut().zip(&z[2 * m..]).zip(&z) {
                *slot = ahead * behind.conj();
            }
            forward.process_with_scratch(&mut buffer, &mut scratch);
            let late = (2.0 * m as f64 / rate / options.tau_s).powi(2);
            let kernel: Vec<f64> =
                far.iter().map(|far| (-std::f64::consts::PI * (late + far).powf(2.0 * options.lambda)).exp()).collect();
            let ahead = (0..=up).map(|k| buffer[k] * kernel[k]);
            ahead.chain((1..=down).rev().map(|k| buffer[n - k] * kernel[k])).collect()
        };
        let rows = (0..n.div_ceil(2)).map(row).collect();
        Ambiguity { samples: n, up, down, rows, coarse: smooth_length(2 * down + 2).min(n) }
    }

    /// Each row back in time at `coarse` samples.
    pub fn smoothed(&self) -> Vec<Vec<Complex64>> {
        let inverse = limbic_fft::inverse(self.coarse);
        let mut scratch = vec![Complex64::default(); inverse.get_inplace_scratch_len()];
        let back = |row: &Vec<Complex64>| {
            let mut back = spread(row, self.up, self.coarse, 1.0 / self.samples as f64);
            inverse.process_with_scratch(&mut back, &mut scratch);
            back
        };
        self.rows.iter().map(back).collect()
    }

    /// The real part of the sum of all rows, each times its weight, back in time at every sample.
    pub fn weighted(&self, weights: &[Complex64]) -> Vec<f64> {
        let mut sum = vec![Complex64::default(); self.up + self.down + 1];
        for (row, weight) in self.rows.iter().zip(weights) {
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value * weight);
        }
        let mut back = spread(&sum, self.up, self.samples, 1.0 / self.samples as f64);
        limbic_fft::inverse(self.samples).process(&mut back);
        back.into_iter().map(|v| v.re).collect()
    }
}

/// Shifts 0 ..= up and then those below 0 on the bins of a transform of `length`, scaled.
fn spread(shifts: &[Complex64], up: usize, length: usize, scale: f64) -> Vec<Complex64> {
    let (ahead, below) = shifts.split_at(up + 1);
    let mut bins = vec![Complex64::default(); length];
    bins.iter_mut().zip(ahead).for_each(|(bin, v)| *bin = v * scale);
    bins[length - below.len()..].iter_mut().zip(below).for_each(|(bin, v)| *bin = v * scale);
    bins
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

/// The same series at `samples` instead of their own number of times, by zeros between their spectra's halves: exact,
/// because they hold nothing that fast. Two real series share a transform.
pub(super) fn finer(series: &[Vec<f64>], samples: usize) -> Vec<Vec<f64>> {
    let coarse = series.first().map_or(0, Vec::len);
    if coarse == samples || coarse == 0 {
        return series.to_vec();
    }
    let (forward, inverse) = (limbic_fft::forward(coarse), limbic_fft::inverse(samples));
    let mut scratch = vec![Complex64::default(); forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len())];
    let reach = (coarse - 1) / 2;
    let mut buffer = vec![Complex64::default(); samples];
    let mut fine = Vec::with_capacity(series.len());
    for pair in series.chunks(2) {
        let second = pair.get(1).map_or(&pair[0], |x| x);
        let mut both: Vec<Complex64> = pair[0].iter().zip(second).map(|(a, b)| Complex64::new(*a, *b)).collect();
        forward.process_with_scratch(&mut both, &mut scratch);
        buffer.fill(Complex64::default());
        let scale = 1.0 / coarse as f64;
        buffer[..=reach].iter_mut().zip(&both).for_each(|(slot, v)| *slot = v * scale);
        let (slots, values) = (&mut buffer[samples - reach..], &both[coarse - reach..]);
        slots.iter_mut().zip(values).for_each(|(slot, v)| *slot = v * scale);
        inverse.process_with_scratch(&mut buffer, &mut scratch);
        fine.push(buffer.iter().map(|v| v.re).collect());
        if pair.len() == 2 {
            fine.push(buffer.iter().map(|v| v.im).collect());
        }
    }
    fine
}
