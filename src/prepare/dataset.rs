//! Examples with labels, and the recipe that made them.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How features were made. A model refuses features of another recipe (invariant 7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// "psd" or "face".
    pub kind: String,
    /// EEG: electrode labels in feature order. Face: empty.
    pub channels: Vec<String>,
    /// EEG: band names in feature order. Face: empty.
    pub bands: Vec<String>,
    /// Every other parameter by name, printed exactly: "window_s" -> "2", "hop_s" -> "1", "scale" -> "log10", ...
    pub parameters: std::collections::BTreeMap<String, String>,
}

impl Recipe {
    /// Short name that changes with any parameter: "psd-3f2a9c01".
    pub fn id(&self) -> String {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        let hash = Sha256::digest(&bytes);
        format!("{}-{:02x}{:02x}{:02x}{:02x}", self.kind, hash[0], hash[1], hash[2], hash[3])
    }
}

/// One window of one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// EEG "psd": channels x bands, row-major, before standardisation. Face: pixels, row-major, 0..1.
    pub features: Vec<f32>,
    /// Index into [`Dataset::classes`].
    pub label: usize,
    pub participant: String,
    /// Session id as printed; with `trial` it names the group that must not be split.
    pub session: String,
    pub trial: u32,
    /// What was watched; empty where that is not known. Leave-one-video-out groups by it.
    #[serde(default)]
    pub stimulus: String,
    /// Seconds since video onset (centre of the window).
    pub time: f64,
}

/// What the label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The emotion the video was chosen for.
    Intended,
    /// The emotion word the participant chose.
    Reported,
    /// Reported valence below / from 4.5 (algorithms 5.2).
    Valence,
    /// Reported arousal below / from 4.5.
    Arousal,
}

/// Examples of one recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dataset {
    pub recipe: Recipe,
    pub target: Target,
    pub classes: Vec<String>,
    pub examples: Vec<Example>,
    /// At least one session was simulated (invariant 9).
    pub simulated: bool,
}

impl Dataset {
    /// Trials in order of first appearance: (session, trial) -> the indices of its examples.
    pub fn trials(&self) -> Vec<((String, u32), Vec<usize>)> {
        let mut trials: Vec<((String, u32), Vec<usize>)> = Vec::new();
        let mut place = std::collections::BTreeMap::new();
        for (i, e) in self.examples.iter().enumerate() {
            let key = (e.session.clone(), e.trial);
            let at = *place.entry(key.clone()).or_insert_with(|| {
                trials.push((key, Vec::new()));
                trials.len() - 1
            });
            trials[at].1.push(i);
        }
        trials
    }
}
