//! How much work an explanation does, and the choices that the paper leaves open.

use crate::explain::{ExplainError, Explainer, explainers};

/// The four explainers that the paper compares.
pub const PAPER: [&str; 4] = ["IG", "EG", "DeepLIFT", "Grad-CAM"];

/// In which order features are deleted and inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Descending signed importance.
    Signed,
    /// Descending absolute importance.
    Absolute,
}

/// What a deletion or insertion curve counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Share of the class's samples that are predicted as it (ties: lowest class).
    Recall,
    /// Share of all samples, of every class, that are predicted as their own.
    Accuracy,
    /// Mean softmax probability of the class; does not degenerate when the blank input is predicted as it.
    Probability,
}

impl Metric {
    pub fn name(self) -> &'static str {
        match self {
            Metric::Recall => "recall",
            Metric::Accuracy => "accuracy",
            Metric::Probability => "probability",
        }
    }

    /// The score of one sample from its logits, 0..1.
    pub fn score(self, logits: &[f32], class: usize) -> f32 {
        match self {
            Metric::Recall | Metric::Accuracy => f32::from(u8::from(predicted(logits) == class)),
            Metric::Probability => {
                let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let sum: f32 = logits.iter().map(|l| (l - top).exp()).sum();
                logits.get(class).map_or(0.0, |l| (l - top).exp() / sum)
            }
        }
    }
}

/// The class of the largest logit; of equal ones the first.
pub(super) fn predicted(logits: &[f32]) -> usize {
    let mut best = 0;
    for (i, value) in logits.iter().enumerate() {
        if *value > logits[best] {
            best = i;
        }
    }
    best
}

/// What is deleted and inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// The electrode values.
    Electrodes,
    /// Every input value: of a scalp image also the pixels between the electrodes.
    All,
}

/// What DeepLIFT compares an input with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The zero input.
    Zero,
    /// The mean of the training samples (the paper's choice).
    Mean,
}

/// Choices of an explanation. [`Options::default`] is the full measure of algorithms section 6.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Names of the explainers to compare.
    pub explainers: Vec<String>,
    pub seed: u64,
    pub order: Order,
    pub metric: Metric,
    pub features: Features,
    /// Features deleted or inserted between two points of a curve.
    pub features_per_step: usize,
    /// At most this many test samples of a class, drawn evenly over its trials; `None`: all.
    pub samples_per_class: Option<usize>,
    /// Midpoint steps of Integrated Gradients, doubled for inputs whose attributions do not add up, up to `steps_max`.
    pub steps: usize,
    pub steps_max: usize,
    /// (Reference, alpha) pairs of Expected Gradients.
    pub pairs: usize,
    /// Baseline of DeepLIFT; without training samples it is zero.
    pub baseline: Baseline,
    /// Noisy copies of SmoothGrad.
    pub noisy: usize,
    /// Weights of AUDC, 1 - AUIC and AUSC in the Quality Test; normalised to sum 1.
    pub weights: [f64; 3],
    /// Fractions of the samples that the sensitivity curve is measured at: 1/p, 2/p, ..., 1.
    pub partitions: usize,
    /// Subsets drawn for each fraction.
    pub subsets: usize,
    /// Resamplings of the test trials for the interval of the Quality Test.
    pub bootstrap: usize,
    /// Random rankings whose mean is the control.
    pub random_rankings: usize,
    /// Test samples of a class that each random ranking is tried on; `None`: all.
    pub random_samples: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            explainers: PAPER.map(String::from).to_vec(),
            seed: 0,
            order: Order::Signed,
            metric: Metric::Recall,
            features: Features::Electrodes,
            features_per_step: 1,
            samples_per_class: None,
            steps: 64,
            steps_max: 512,
            pairs: 200,
            baseline: Baseline::Mean,
            noisy: 25,
            weights: [1.0; 3],
            partitions: 10,
            subsets: 20,
            bootstrap: 200,
            random_rankings: 20,
            random_samples: Some(24),
        }
    }
}

impl Options {
    /// Gradients that one explanation may cost beside a session: half a minute on two cores with the paper's network.
    pub const AFFORDABLE: usize = 16_000;

    /// A coarser measure that takes seconds where the full one takes minutes: at most 32 samples of a class, 16 pairs
    /// of Expected Gradients, few random rankings. The report says so.
    pub fn quick(seed: u64) -> Self {
        Options { seed, samples_per_class: Some(32), steps: 32, pairs: 16, random_samples: Some(8), ..Options::default() }
    }

    /// No more than about so many gradients in all: as many samples of each class as this allows with 32 steps of
    /// Integrated Gradients and at least 16 pairs of Expected Gradients, then as many pairs as are left over.
    #[must_use]
    pub fn within(self, gradients: usize, classes: usize) -> Self {
        const STEPS: usize = 32;
        const PAIRS: usize = 16;
        let affordable = (gradients / (classes.max(1) * (STEPS + PAIRS))).max(super::sensitivity::LEAST_SAMPLES);
        let samples = self.samples_per_class.unwrap_or(usize::MAX).min(affordable);
        let pairs = (gradients / (classes.max(1) * samples)).saturating_sub(STEPS).clamp(PAIRS, self.pairs.max(PAIRS));
        Options { samples_per_class: Some(samples), steps: STEPS, pairs, ..self }
    }

    /// The explainers asked for, in the order that decides ties.
    pub(super) fn chosen(&self) -> Result<Vec<&'static dyn Explainer>, ExplainError> {
        for name in &self.explainers {
            super::explainer_named(name)?;
        }
        let asked = |e: &&dyn Explainer| self.explainers.iter().any(|name| name.eq_ignore_ascii_case(e.name()));
        Ok(explainers().into_iter().filter(asked).collect())
    }

    /// Weights that sum to 1.
    pub(super) fn normalised_weights(&self) -> Result<[f64; 3], ExplainError> {
        if self.weights.iter().any(|w| !w.is_finite() || *w <= 0.0) {
            return Err(ExplainError::Weights(self.weights));
        }
        let sum: f64 = self.weights.iter().sum();
        Ok(self.weights.map(|w| w / sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_first_class_and_probabilities_sum_to_one() {
        assert_eq!(predicted(&[1.0, 3.0, 3.0]), 1);
        assert_eq!(Metric::Recall.score(&[2.0, 2.0], 1), 0.0);
        let sum: f32 = (0..3).map(|c| Metric::Probability.score(&[100.0, 99.0, -5.0], c)).sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_budget_bounds_samples_and_pairs() {
        let full = Options { samples_per_class: Some(200), ..Options::default() };
        let tight = full.clone().within(20_000, 4);
        assert_eq!((tight.samples_per_class, tight.steps, tight.pairs), (Some(104), 32, 16));
        let few = Options { samples_per_class: Some(20), ..full }.within(20_000, 4);
        assert_eq!((few.samples_per_class, few.pairs), (Some(20), 200));
    }

    #[test]
    fn weights_are_normalised_or_refused() {
        let options = Options { weights: [2.0, 1.0, 1.0], ..Options::default() };
        assert_eq!(options.normalised_weights(), Ok([0.5, 0.25, 0.25]));
        let options = Options { weights: [1.0, 0.0, 1.0], ..Options::default() };
        assert_eq!(options.normalised_weights(), Err(ExplainError::Weights([1.0, 0.0, 1.0])));
    }
}
