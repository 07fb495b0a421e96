//! Brain to heart: sympathetic and vagal drive from the intervals by integral pulse frequency modulation, over brain
//! power (algorithms 3.2).

use std::f64::consts::{SQRT_2, TAU};

/// Angular frequencies of the two oscillators, 0.1 and 0.25 Hz.
const SYMPATHETIC: f64 = TAU * 0.1;
const VAGAL: f64 = TAU * 0.25;
/// Fewer intervals make no drive.
const LEAST_INTERVALS: usize = 3;

/// C_s and C_p at every time from the intervals whose closing beat lies within half of `window_s` (s) of it; no number
/// where there are fewer than three. `beats` ascending, s.
pub fn autonomic_drive(beats: &[f64], times: &[f64], window_s: f64) -> Vec<(f64, f64)> {
    let closing = beats.get(1..).unwrap_or_default();
    let intervals: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let half = window_s / 2.0;
    let at = |t: &f64| {
        let (from, to) = (closing.partition_point(|b| *b < t - half), closing.partition_point(|b| *b <= t + half));
        if to < from + LEAST_INTERVALS { (f64::NAN, f64::NAN) } else { drive(&intervals[from..to]) }
    };
    times.iter().map(at).collect()
}

/// C_s and C_p of one window of intervals (s).
fn drive(intervals: &[f64]) -> (f64, f64) {
    let (low, high) = intervals.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let length = high - low;
    let width = SQRT_2 * intervals.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
    let rate = intervals.len() as f64 / intervals.iter().sum::<f64>();
    let (s, p) = ((SYMPATHETIC / (2.0 * rate)).sin(), (VAGAL / (2.0 * rate)).sin());
    let gain = p - s;
    // Zero only where both angles mirror each other about a right angle: 0.35 beats a second.
    if gain.abs() < 1e-9 {
        return (f64::NAN, f64::NAN);
    }
    let sympathetic = (p * SYMPATHETIC * rate / (4.0 * s) * length - SQRT_2 * SYMPATHETIC * rate / (8.0 * s) * width) / gain;
    let vagal = (-s * VAGAL * rate / (4.0 * p) * length + SQRT_2 * VAGAL * rate / (8.0 * p) * width) / gain;
    (sympathetic, vagal)
}

/// Median of every window of `window` + 1 samples.
pub fn window_medians(series: &[f64], window: usize) -> Vec<f64> {
    let mut sorted = Vec::with_capacity(window + 1);
    let median = |samples: &[f64]| {
        sorted.clear();
        sorted.extend_from_slice(samples);
        // Values that are no number sort last and make a window's median one too.
        sorted.sort_unstable_by(f64::total_cmp);
        let (n, middle) = (sorted.len(), sorted.len() / 2);
        match n {
            _ if sorted[n - 1].is_nan() => f64::NAN,
            _ if n % 2 == 1 => sorted[middle],
            _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
        }
    };
    series.windows(window + 1).map(median).collect()
}

/// Median over every window of (drive - offset) / max(median brain power, `least`). `power` as [`window_medians`] of
/// the brain's series gives it; the divisor is one number a window, so the medians may be taken first.
pub fn brain_to_heart(power: &[f64], drive: &[f64], offset: f64, window: usize, least: f64) -> Vec<f64> {
    let ratio = |(c, e): (f64, &f64)| if e.is_nan() { f64::NAN } else { (c - offset) / e.max(least) };
    window_medians(drive, window).into_iter().zip(power).map(ratio).collect()
}
