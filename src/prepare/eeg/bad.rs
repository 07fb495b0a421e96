//! Bad channels of a whole recording, found before components are searched: they would each claim one
//! (algorithms 1.2 a, with the measures of section 10).

use super::shape::{centre_and_spread, correlation};
use crate::prepare::Signals;
use crate::prepare::heart::median;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What makes a channel bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BadChannels {
    /// Largest |robust z| of the logarithm of a channel's usual variance (the lower quartile over windows).
    pub largest_z: f64,
    /// Smallest SD of a channel that is not flat, uV.
    pub least_sd_uv: f64,
    /// Least correlation: median over windows of the 98th percentile of |r| with the other channels.
    pub least_correlation: f64,
    /// Length of those windows, s.
    pub window_s: f64,
    /// Fewer channels than this are not judged by their correlation or by the others' variance.
    pub least_channels: usize,
}

impl Default for BadChannels {
    fn default() -> Self {
        BadChannels { largest_z: 5.0, least_sd_uv: 0.1, least_correlation: 0.4, window_s: 2.0, least_channels: 8 }
    }
}

impl BadChannels {
    fn window_length(&self, rate: f64) -> usize {
        (self.window_s * rate).round().max(2.0) as usize
    }
}

/// Why a channel is bad.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its SD, uV.
    Flat(f64),
    /// Its robust z of log variance.
    Variance(f64),
    /// Its correlation with the others.
    Unlike(f64),
}

impl Reason {
    /// The reason in words.
    pub fn say(&self) -> String {
        match self {
            Reason::Flat(sd) => format!("flat, SD {sd:.3} uV"),
            Reason::Variance(z) => format!("its variance lies {z:.1} robust SD from the others'"),
            Reason::Unlike(r) => format!("it resembles no other channel (r {r:.2})"),
        }
    }
}

/// One bad channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BadChannel {
    pub label: String,
    pub reason: Reason,
}

/// Indices of the bad channels of band-passed EEG, ascending, each with its reason.
pub fn bad_channels(eeg: &Signals, options: &BadChannels) -> Vec<(usize, Reason)> {
    let length = options.window_length(eeg.rate);
    let sd: Vec<f64> = eeg.data.par_iter().map(|x| usual_deviation(x, length)).collect();
    let logs: Vec<f64> = sd.iter().filter(|s| **s >= options.least_sd_uv).map(|s| 2.0 * s.ln()).collect();
    // A few channels have no usual variance.
    let (centre, spread) = if logs.len() < options.least_channels { (0.0, 0.0) } else { centre_and_spread(&logs) };
    let close = likeness(eeg, options);
    let judge = |(i, s): (usize, &f64)| {
        let z = if spread > 0.0 { (2.0 * s.ln() - centre) / spread } else { 0.0 };
        let reason = if *s < options.least_sd_uv {
            Reason::Flat(*s)
        } else if z.abs() > options.largest_z {
            Reason::Variance(z)
        } else {
            let r = close.get(i).copied().filter(|r| *r < options.least_correlation)?;
            Reason::Unlike(r)
        };
        Some((i, reason))
    };
    sd.iter().enumerate().filter_map(judge).collect()
}

/// The lower quartile over windows of the standard deviation: blinks make a frontal channel's variance large, not bad,
/// and twenty a minute lie in most windows of two seconds.
fn usual_deviation(x: &[f64], length: usize) -> f64 {
    if x.len() < 2 * length {
        return standard_deviation(x);
    }
    percentile(x.chunks_exact(length).map(standard_deviation).collect(), 0.25)
}

fn standard_deviation(x: &[f64]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// Per channel the median over windows of the 98th percentile of |r| with the others; empty for few channels.
fn likeness(eeg: &Signals, options: &BadChannels) -> Vec<f64> {
    let (n, length) = (eeg.data.len(), options.window_length(eeg.rate));
    if n < options.least_channels {
        return Vec::new();
    }
    let starts: Vec<usize> = (0..eeg.samples().saturating_sub(length - 1)).step_by(length).collect();
    let window = |start: &usize| -> Vec<f64> {
        let cut: Vec<&[f64]> = eeg.data.iter().map(|x| &x[*start..start + length]).collect();
        let mut r = vec![vec![0.0; n]; n];
        for i in 0..n {
            for j in 0..i {
                r[i][j] = correlation(cut[i], cut[j]).abs();
                r[j][i] = r[i][j];
            }
        }
        (0..n).map(|i| percentile((0..n).filter(|j| *j != i).map(|j| r[i][j]).collect(), 0.98)).collect()
    };
    let windows: Vec<Vec<f64>> = starts.par_iter().map(window).collect();
    (0..n).map(|i| median(&windows.iter().map(|w| w[i]).collect::<Vec<_>>())).collect()
}

/// By linear interpolation between the sorted values.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = share * values.len().saturating_sub(1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (values.get(low), values.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (place - low as f64),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn flat_loud_and_foreign_channels_are_named() {
        let mut seed = Seed::new(6);
        let common: Vec<f64> = (0..5000).map(|_| 10.0 * seed.normal()).collect();
        let own = |level: f64, seed: &mut Seed| common.iter().map(|c| c + level * seed.normal()).collect::<Vec<f64>>();
        let mut data: Vec<Vec<f64>> = (0..12).map(|i| own(4.0 + 0.2 * f64::from(i), &mut seed)).collect();
        data[2].fill(3.0);
        data[5].iter_mut().for_each(|x| *x *= 20.0);
        data[9] = (0..5000).map(|_| 11.0 * seed.normal()).collect();
        let eeg = Signals { rate: 250.0, labels: (0..12).map(|i| format!("E{i}")).collect(), data };
        let found = bad_channels(&eeg, &BadChannels::default());
        assert_eq!(found.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [2, 5, 9], "{found:?}");
        assert!(matches!(found[0].1, Reason::Flat(_)) && matches!(found[1].1, Reason::Variance(z) if z > 5.0));
        assert!(matches!(found[2].1, Reason::Unlike(r) if r < 0.4));
        assert_eq!(percentile(vec![1.0, 3.0, 2.0], 0.75), 2.5);
    }
}
