//! The two ways to bring brain, heart and drive onto common scales (algorithms 3.3).

use serde::{Deserialize, Serialize};

/// How series are normalised. A model refuses features of another mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything to 0-1 over the trial. Uses the whole trial, future included: for live use a baseline's running range
    /// takes its place (`causal`), which is an approximation.
    #[default]
    MinMax,
    /// The square root of brain power; heart power and drives over their SD; drives less 0.25 (LF) and 0.24 (HF).
    SqrtStd,
}

impl Mode {
    pub(super) fn brain(self, series: &[f64]) -> Vec<f64> {
        match self {
            Mode::MinMax => normalised(series),
            Mode::SqrtStd => series.iter().map(|x| x.max(0.0).sqrt()).collect(),
        }
    }

    pub(super) fn heart(self, series: &[f64]) -> Vec<f64> {
        match self {
            Mode::MinMax => normalised(series),
            Mode::SqrtStd => over_sd(series),
        }
    }

    pub(super) fn drive(self, series: &[f64]) -> Vec<f64> {
        self.heart(series)
    }

    /// What is taken from C_s and C_p.
    pub(super) fn offsets(self) -> [f64; 2] {
        match self {
            Mode::MinMax => [0.0, 0.0],
            Mode::SqrtStd => [0.25, 0.24],
        }
    }
}

/// (v - min) / (max - min); no numbers for a constant series.
pub fn normalised(series: &[f64]) -> Vec<f64> {
    let (low, high) = series.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
    let range = high - low;
    series.iter().map(|x| if range > 0.0 { (x - low) / range } else { f64::NAN }).collect()
}

/// Over the sample SD (n - 1); no numbers for a constant series.
fn over_sd(series: &[f64]) -> Vec<f64> {
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let sd = (series.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    series.iter().map(|x| if sd > 0.0 { x / sd } else { f64::NAN }).collect()
}

/// Values that are no number take the nearest one that is, the earlier at a tie.
pub(super) fn filled(series: &[f64]) -> Vec<f64> {
    let known: Vec<usize> = (0..series.len()).filter(|i| !series[*i].is_nan()).collect();
    let nearest = |i: usize| known.iter().min_by_key(|k| k.abs_diff(i)).map_or(f64::NAN, |k| series[*k]);
    (0..series.len()).map(nearest).collect()
}
