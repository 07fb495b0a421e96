//! The card of a model: everything that inference, explanation and a reviewer must know. Stored as metadata inside
//! the ONNX file (key "limbic.card", JSON) and as NAME.json beside it.

use crate::prepare::dataset::{Recipe, Target};
use crate::train::device::Compute;
use serde::{Deserialize, Serialize};

/// What a model is and how far it may be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub name: String,
    /// "eeg" or "face".
    pub modality: String,
    /// The network's name and size: "seed-a-cnn hidden=512".
    pub network: String,
    /// Without the batch: [1, 22, 22].
    pub input_shape: Vec<usize>,
    pub classes: Vec<String>,
    pub target: Target,
    pub recipe: Recipe,
    /// Per feature, from the training part only (algorithms 5.3); empty where the recipe scales by itself.
    pub mean: Vec<f32>,
    pub sd: Vec<f32>,
    /// Calibration temperature (1 = not calibrated).
    pub temperature: f64,
    pub seed: u64,
    /// "grouped 4-fold by trial".
    pub protocol: String,
    pub scores: Scores,
    pub trials: usize,
    /// (session, trial) of everything that training or early stopping saw; empty where that is not known, and then no
    /// trial counts as held out.
    #[serde(default)]
    pub trained_on: Vec<(String, u32)>,
    pub participants: Vec<String>,
    pub simulated: bool,
    /// Where it was trained.
    #[serde(default)]
    pub device: Compute,
    pub limbic_version: String,
    /// Sentences that must stand wherever its numbers are shown.
    pub caveats: Vec<String>,
}

impl Card {
    /// Stands on the card of a network that was trained on all trials: nothing is left that its own scores could be of.
    pub const OTHER_SCORES: &str = "The scores are those of the cross-validation; this network was trained on all its trials.";

    /// Whether any trial of this session was seen.
    pub fn saw(&self, session: &str) -> bool {
        self.trained_on.iter().any(|(seen, _)| seen == session)
    }

    /// Whether the network has certainly never seen this trial.
    pub fn never_saw(&self, session: &str, trial: u32) -> bool {
        !self.trained_on.is_empty() && !self.trained_on.iter().any(|(s, t)| s == session && *t == trial)
    }
}

/// Held-out scores, pooled over folds, by trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Scores {
    pub accuracy: f64,
    /// Share of the most frequent class: what always guessing it would score.
    pub majority: f64,
    /// 1 / classes.
    pub chance: f64,
    pub balanced_accuracy: f64,
    pub macro_f1: f64,
    /// 95 % interval of the accuracy, bootstrap over trials.
    pub interval: (f64, f64),
    /// Share of label shufflings (by trial) that score at least as well.
    pub permutation_p: Option<f64>,
    /// Rows = truth.
    pub confusion: Vec<Vec<usize>>,
    pub trials: usize,
}
