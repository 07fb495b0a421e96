//! Brain-heart interplay by the synthetic data generation model: both directions, four families (Catrambone et al.
//! 2019; Gagliardi et al. 2025, section 3.4; algorithms 3).
//!
//! What the numbers are not: with min-max series and no intercept two *independent* series have a median coefficient
//! of about +0.18, and the coefficient saturates with the strength of a coupling. They are features, not amounts, and
//! their sign is no evidence of a direction; [`above_chance`] is what may be displayed.

mod autoregression;
mod generation;
mod normalise;
mod surrogate;

pub use autoregression::{Coupling, heart_to_brain};
pub use generation::{autonomic_drive, brain_to_heart};
pub use normalise::{Mode, normalised};
pub use surrogate::{Surrogates, above_chance};

use crate::prepare::PrepareError;
use serde::{Deserialize, Serialize};

/// One of the four feature families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// From the heart's low frequencies (0.04-0.15 Hz) to the brain.
    LfToB,
    /// From the heart's high frequencies (0.15-0.4 Hz) to the brain.
    HfToB,
    /// From the brain to the sympathetic drive C_s.
    BToLf,
    /// From the brain to the vagal drive C_p.
    BToHf,
}

impl Family {
    /// In the order of the paper.
    pub const ALL: [Family; 4] = [Family::LfToB, Family::HfToB, Family::BToLf, Family::BToHf];

    /// "lf-to-b", "hf-to-b", "b-to-lf", "b-to-hf".
    pub fn name(self) -> &'static str {
        match self {
            Family::LfToB => "lf-to-b",
            Family::HfToB => "hf-to-b",
            Family::BToLf => "b-to-lf",
            Family::BToHf => "b-to-hf",
        }
    }
}

/// Every choice of the model. Sources differ in them and their results are not interchangeable (algorithms 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SdgOptions {
    pub mode: Mode,
    /// Window of the regression and of the medians: so many steps of the series, one sample more (15 s at 1 Hz = 16
    /// samples and 15 equations).
    pub window: usize,
    /// Window of intervals around each moment behind C_s and C_p, s.
    pub interval_window_s: f64,
    /// Smallest median brain power that a drive is divided by.
    pub least_power: f64,
    /// False = as published; true removes the bias of series whose mean is not zero.
    pub intercept: bool,
    /// Largest share of moments without C_s and C_p (fewer than three intervals); beyond it the trial is excluded.
    pub largest_missing: f64,
}

impl Default for SdgOptions {
    fn default() -> Self {
        SdgOptions {
            mode: Mode::MinMax,
            window: 15,
            interval_window_s: 15.0,
            least_power: 1e-3,
            intercept: false,
            largest_missing: 0.2,
        }
    }
}

/// What the model works on. All series stand on `times`, which are equally spaced (1 s).
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Centre of each PSD window, s.
    pub times: &'a [f64],
    /// Band power series in uV^2, one row a channel and band: rows x times.
    pub brain: &'a [Vec<f64>],
    /// Power of the intervals' low and high frequencies, s^2, at the same times.
    pub lf: &'a [f64],
    pub hf: &'a [f64],
    /// Heart beats, s on the same axis.
    pub beats: &'a [f64],
}

/// The four families of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Interplay {
    /// Centre of each window: the first moment plus half a window, then 1 Hz.
    pub times: Vec<f64>,
    /// Rows x times, in the order of [`Family::ALL`]. No number where a window is degenerate.
    pub families: [Vec<Vec<f64>>; 4],
    /// Sympathetic and vagal drive on the trial's own times, normalised, gaps filled.
    pub cs: Vec<f64>,
    pub cp: Vec<f64>,
    /// Oddities for the provenance: constant series, moments without a drive.
    pub notes: Vec<String>,
}

impl Interplay {
    pub fn family(&self, family: Family) -> &[Vec<f64>] {
        &self.families[family as usize]
    }
}

/// Computes all four families.
///
/// # Errors
/// Series of unequal length, fewer moments than two more than a window, more than a fifth of the moments without three
/// intervals around them.
pub fn interplay(trial: Trial<'_>, options: &SdgOptions) -> Result<Interplay, PrepareError> {
    let n = trial.times.len();
    if n < options.window + 1 || options.window < 3 {
        return Err(PrepareError::FewMoments { have: n, need: options.window.max(3) + 1 });
    }
    let lengths = [trial.lf.len(), trial.hf.len()].into_iter().chain(trial.brain.iter().map(Vec::len));
    if let Some(have) = lengths.into_iter().find(|have| *have != n) {
        return Err(PrepareError::Ragged { label: "of the interplay".into(), have, need: n });
    }
    let mut notes = Vec::new();
    let drives = autonomic_drive(trial.beats, trial.times, options.interval_window_s);
    let missing = drives.iter().filter(|(cs, _)| cs.is_nan()).count();
    if missing as f64 > options.largest_missing * n as f64 {
        return Err(PrepareError::NoDrive { missing, all: n });
    }
    if missing > 0 {
        notes.push(format!("{missing} of {n} moments had fewer than three intervals; they took the nearest drive"));
    }
    let mode = options.mode;
    let (cs, cp): (Vec<f64>, Vec<f64>) = drives.into_iter().unzip();
    let (cs, cp) = (mode.drive(&normalise::filled(&cs)), mode.drive(&normalise::filled(&cp)));
    let (lf, hf) = (mode.heart(trial.lf), mode.heart(trial.hf));
    for (name, series) in [("LF", &lf), ("HF", &hf), ("C_s", &cs), ("C_p", &cp)] {
        if series.iter().all(|v| v.is_nan()) {
            notes.push(format!("{name} is constant, so what depends on it has no value"));
        }
    }
    let [offset_s, offset_p] = mode.offsets();
    let (mut from_lf, mut from_hf, mut to_lf, mut to_hf) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in trial.brain {
        let brain = mode.brain(row);
        let slopes = |heart: &[f64]| -> Vec<f64> {
            heart_to_brain(&brain, heart, options.window, options.intercept).into_iter().map(|c| c.heart).collect()
        };
        from_lf.push(slopes(&lf));
        from_hf.push(slopes(&hf));
        let power = generation::window_medians(&brain, options.window);
        to_lf.push(brain_to_heart(&power, &cs, offset_s, options.window, options.least_power));
        to_hf.push(brain_to_heart(&power, &cp, offset_p, options.window, options.least_power));
    }
    let half = options.window as f64 / 2.0;
    let step = (trial.times[n - 1] - trial.times[0]) / (n - 1) as f64;
    let times = trial.times[..n - options.window].iter().map(|t| t + half * step).collect();
    Ok(Interplay { times, families: [from_lf, from_hf, to_lf, to_hf], cs, cp, notes })
}

#[cfg(test)]
mod tests;
