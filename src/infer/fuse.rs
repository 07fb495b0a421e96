//! Fusion of EEG and face probabilities for one trial, with missing modalities and abstention (algorithms 8.4).

use super::aggregate::normalise;
use super::stack::Stack;

/// How two experts become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// p ~ prior^-(we + wf - 1) pe^we pf^wf: exact when the modalities are independent given the class.
    Product,
    /// (we pe + wf pf) / (we + wf).
    Mean,
}

/// What fusion needs to know; fitted on validation trials, never on test trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    pub mode: Mode,
    pub eeg_weight: f64,
    pub face_weight: f64,
    /// Decides in place of `mode` where there were enough validation trials to fit it.
    pub stack: Option<Stack>,
    /// Shares of the classes in the training trials; empty = equal.
    pub prior: Vec<f64>,
    /// Abstain when no class reaches this probability.
    pub least_probability: f64,
    /// Abstain when the entropy, as a share of the greatest possible, is above this.
    pub most_entropy: f64,
    /// A modality whose quality is below this counts as missing.
    pub least_quality: f64,
}

impl Default for Fusion {
    fn default() -> Self {
        Fusion {
            mode: Mode::Product,
            eeg_weight: 0.5,
            face_weight: 0.5,
            stack: None,
            prior: Vec::new(),
            least_probability: 0.4,
            most_entropy: 0.95,
            least_quality: 80.0,
        }
    }
}

/// Which modalities answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Both,
    EegOnly,
    FaceOnly,
    Neither,
}

impl Source {
    /// "fused", "eeg_only", "face_only", "missing".
    pub fn tag(self) -> &'static str {
        match self {
            Source::Both => "fused",
            Source::EegOnly => "eeg_only",
            Source::FaceOnly => "face_only",
            Source::Neither => "missing",
        }
    }
}

/// One modality's calibrated class probabilities, with its recording quality (0-100) where known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expert<'a> {
    pub probabilities: &'a [f64],
    pub quality: Option<f64>,
}

/// The fused answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Fused {
    /// Empty when both modalities are missing.
    pub probabilities: Vec<f64>,
    pub source: Source,
    /// Entropy as a share of ln(classes): 0 sure, 1 knows nothing.
    pub entropy: f64,
    /// Why no class should be named; the probabilities stand nevertheless.
    pub abstain: Option<String>,
}

impl Fusion {
    /// Fuses what is there.
    pub fn fuse(&self, eeg: Option<Expert<'_>>, face: Option<Expert<'_>>) -> Fused {
        let good = |e: &Expert<'_>| e.quality.is_none_or(|q| q >= self.least_quality) && !e.probabilities.is_empty();
        let (probabilities, source) = match (eeg.filter(good), face.filter(good)) {
            (Some(e), Some(f)) => (self.combine(e.probabilities, f.probabilities), Source::Both),
            (Some(e), None) => (e.probabilities.to_vec(), Source::EegOnly),
            (None, Some(f)) => (f.probabilities.to_vec(), Source::FaceOnly),
            (None, None) => (Vec::new(), Source::Neither),
        };
        let entropy = normalised_entropy(&probabilities);
        let best = probabilities.iter().copied().fold(0.0, f64::max);
        let abstain = if source == Source::Neither {
            Some("neither modality has a usable answer".to_string())
        } else if best < self.least_probability {
            Some(format!("no class reaches {:.2}; the most likely has {best:.2}", self.least_probability))
        } else if entropy > self.most_entropy {
            Some(format!("the answer is nearly flat: entropy {entropy:.2} of 1"))
        } else {
            None
        };
        Fused { probabilities, source, entropy, abstain }
    }

    fn combine(&self, eeg: &[f64], face: &[f64]) -> Vec<f64> {
        if let Some(stack) = &self.stack {
            return stack.combine(eeg, face);
        }
        let (we, wf) = (self.eeg_weight, self.face_weight);
        let classes = eeg.len().min(face.len());
        let mut fused: Vec<f64> = match self.mode {
            Mode::Mean => eeg.iter().zip(face).map(|(e, f)| we * e + wf * f).collect(),
            Mode::Product => {
                let logs: Vec<f64> = (0..classes)
                    .map(|c| {
                        let prior = self.prior.get(c).copied().unwrap_or(1.0);
                        we * floor(eeg[c]).ln() + wf * floor(face[c]).ln() - (we + wf - 1.0) * floor(prior).ln()
                    })
                    .collect();
                let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                logs.iter().map(|l| (l - top).exp()).collect()
            }
        };
        normalise(&mut fused);
        fused
    }

    /// The same fusion with weights (summing to 1) of least negative log-likelihood on validation trials given as
    /// (EEG, face, class), searched in steps of 0.1. Fewer than eight trials do not decide anything: equal weights.
    #[must_use]
    pub fn with_fitted_weights(mut self, trials: &[(Vec<f64>, Vec<f64>, usize)]) -> Self {
        (self.eeg_weight, self.face_weight) = (0.5, 0.5);
        if trials.len() < 8 {
            return self;
        }
        let loss = |fusion: &Fusion| -> f64 {
            trials.iter().map(|(e, f, c)| -floor(fusion.combine(e, f).get(*c).copied().unwrap_or(0.0)).ln()).sum()
        };
        let mut least = loss(&self);
        let equal = self.clone();
        for step in 1..10 {
            let weight = f64::from(step) / 10.0;
            let candidate = Fusion { eeg_weight: weight, face_weight: 1.0 - weight, ..equal.clone() };
            let value = loss(&candidate);
            if value < least - 1e-12 {
                (least, self) = (value, candidate);
            }
        }
        self
    }
}

/// Shares of the classes among these labels, each class counted once more than it occurs (Laplace), so that no prior is 0.
pub fn prior_of(labels: &[usize], classes: usize) -> Vec<f64> {
    let total = (labels.len() + classes) as f64;
    (0..classes).map(|c| (labels.iter().filter(|l| **l == c).count() + 1) as f64 / total).collect()
}

/// Keeps logarithms finite.
fn floor(p: f64) -> f64 {
    p.max(1e-12)
}

/// Entropy divided by ln(classes); 0 for fewer than two classes.
pub fn normalised_entropy(probabilities: &[f64]) -> f64 {
    if probabilities.len() < 2 {
        return 0.0;
    }
    let entropy: f64 = probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
    entropy / (probabilities.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expert(probabilities: &[f64]) -> Option<Expert<'_>> {
        Some(Expert { probabilities, quality: None })
    }

    #[test]
    fn a_missing_or_poor_modality_leaves_the_other_alone() {
        let fusion = Fusion::default();
        let alone = fusion.fuse(expert(&[0.9, 0.1]), None);
        assert_eq!((alone.source, alone.probabilities), (Source::EegOnly, vec![0.9, 0.1]));
        let poor = Some(Expert { probabilities: &[0.1, 0.9], quality: Some(50.0) });
        assert_eq!(fusion.fuse(poor, expert(&[0.8, 0.2])).source, Source::FaceOnly);
        let none = fusion.fuse(None, None);
        assert!(none.abstain.is_some() && none.probabilities.is_empty());
    }

    #[test]
    fn agreement_sharpens_and_flatness_abstains() {
        let fusion = Fusion { eeg_weight: 1.0, face_weight: 1.0, prior: vec![0.5, 0.5], ..Fusion::default() };
        let both = fusion.fuse(expert(&[0.8, 0.2]), expert(&[0.8, 0.2]));
        assert!((both.probabilities[0] - 0.64 / 0.68).abs() < 1e-12);
        assert!(fusion.fuse(expert(&[0.25; 4]), None).abstain.is_some());
    }

    #[test]
    fn the_better_expert_gets_the_weight() {
        let trials: Vec<(Vec<f64>, Vec<f64>, usize)> =
            (0..20).map(|i| (if i % 2 == 0 { vec![0.9, 0.1] } else { vec![0.1, 0.9] }, vec![0.5, 0.5], i % 2)).collect();
        let fusion = Fusion::default().with_fitted_weights(&trials);
        assert!(fusion.eeg_weight > 0.85, "{}", fusion.eeg_weight);
    }
}
