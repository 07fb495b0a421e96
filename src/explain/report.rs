//! The explanation of a model as a value: maps, Quality Test, winner per class. Screens and exports draw it.

use serde::{Deserialize, Serialize};

/// One explainer's answer for one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplainerResult {
    /// "IG", "Grad-CAM", ...
    pub explainer: String,
    /// Mean signed attribution over the test samples of the class: electrodes x bands, row-major, in the order of
    /// [`ExplanationReport::channels`] and [`ExplanationReport::bands`].
    pub map: Vec<f32>,
    /// Areas under the deletion, insertion and sensitivity curves, and the Quality Test (lower is better);
    /// algorithms 6.1-6.3. `None` where not estimable (fewer than 10 samples).
    pub audc: f64,
    pub auic: f64,
    pub ausc: Option<f64>,
    pub qt: Option<f64>,
    /// 95 % bootstrap interval of QT over trials.
    pub qt_interval: Option<(f64, f64)>,
    /// Score after 0, 1, 2, ... features were deleted / inserted.
    pub deletion: Vec<f32>,
    pub insertion: Vec<f32>,
}

/// Everything about one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassExplanation {
    pub class: String,
    pub samples: usize,
    pub trials: usize,
    /// Share of this class's test samples predicted as it.
    pub recall: f64,
    pub explainers: Vec<ExplainerResult>,
    /// Mean of random rankings, the control: (AUDC, AUIC, QT).
    pub random: Option<(f64, f64, f64)>,
    /// Their mean AUSC.
    #[serde(default)]
    pub random_ausc: Option<f64>,
    /// Where 95 % of the random rankings' Quality Tests lie.
    #[serde(default)]
    pub random_interval: Option<(f64, f64)>,
    /// Index into `explainers` of the best; None when not estimable or none beats random.
    pub winner: Option<usize>,
    /// "IG by 0.08", "not distinguishable: intervals of IG and Grad-CAM overlap", ...
    pub verdict: String,
    /// The blank input is predicted as this class: deletion and insertion say little (algorithms 6.1).
    pub blank_is_this_class: bool,
    /// "frontal theta up, occipital alpha down": read off the winner's map.
    pub words: String,
}

/// The explanation of one model on its held-out trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationReport {
    pub model: String,
    pub recipe: String,
    pub channels: Vec<String>,
    pub bands: Vec<String>,
    pub classes: Vec<ClassExplanation>,
    /// "recall" or "probability".
    pub metric: String,
    pub seed: u64,
    pub simulated: bool,
    pub caveats: Vec<String>,
    /// What was checked: maps with shuffled weights, agreement of the folds.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Where the input is a picture and no scalp: the mean input of every class, in the order of the maps; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Vec<f32>>,
}

/// How far the lowest Quality Test of a class stands for a most faithful explainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// Its interval lies apart from all others.
    Clear,
    /// Its interval overlaps another one.
    Overlapping,
    /// One trial: there is no interval.
    OneTrial,
}

impl ClassExplanation {
    /// None without a winner.
    pub fn lead(&self) -> Option<Lead> {
        let winner = self.winner?;
        let Some(own) = self.explainers.get(winner)?.qt_interval else { return Some(Lead::OneTrial) };
        let mut others = self.explainers.iter().enumerate().filter(|(i, e)| *i != winner && e.qt.is_some());
        let overlaps = others.any(|(_, e)| e.qt_interval.is_none_or(|other| other.0 <= own.1 && own.0 <= other.1));
        Some(if overlaps { Lead::Overlapping } else { Lead::Clear })
    }
}

impl ExplanationReport {
    /// The four (or however many) maps of one explainer for one class: for each band the value per channel.
    pub fn bands_of(&self, map: &[f32]) -> Vec<Vec<f64>> {
        let bands = self.bands.len();
        (0..bands).map(|b| map.iter().skip(b).step_by(bands.max(1)).map(|v| f64::from(*v)).collect()).collect()
    }
}
