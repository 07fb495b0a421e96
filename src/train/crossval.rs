//! Cross-validation by trial: trains one network per fold, calibrates it on that fold's validation trials, and pools
//! what each says about the trials it never saw (algorithms 5.4, 8.4).

use super::Predictor;
use super::card::{Card, Scores};
use super::fit::{EpochReport, Examples, FitError, FitOptions, Fitted, fit};
use super::input::{InputError, InputMaker};
use super::network::{Network, NetworkError};
use super::networks::{Architecture, Size};
use super::score::{argmax, scores};
use super::split::{Assignment, Fold, SplitError, TrialKey, assign, folds_of, hold_out};
use crate::infer::calibrate::temperature;
use crate::infer::predict::pooled;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::signal::Seed;

/// How to cross-validate.
#[derive(Debug, Clone)]
pub struct CrossvalOptions {
    /// As many folds as trials leaves one trial out.
    pub folds: usize,
    pub seed: u64,
    pub fit: FitOptions,
    pub network: Architecture,
    /// Units of the hidden dense layer.
    pub hidden: usize,
    /// Test folds decided elsewhere, so that two modalities are tested on the same trials; `None` assigns them here.
    pub assignment: Option<Assignment>,
    /// The model's name in its card; folds get ".1", ".2", ...
    pub name: String,
    /// "eeg" or "face".
    pub modality: String,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error("the data set has only the class(es) {0}; learning to tell emotions apart needs trials of at least two")]
    OneClass(String),
    #[error("stopped on request")]
    Stopped,
}

/// One fold: its network and what it says about data it did not learn from. Indices are into
/// [`Dataset::examples`]; logits are row-major, one row per index.
#[derive(Debug, Clone)]
pub struct FoldResult {
    /// As in the assignment.
    pub number: usize,
    pub network: Network,
    /// Its scores are those of this fold's test trials.
    pub card: Card,
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
    pub test: Vec<usize>,
    pub validation_logits: Vec<f32>,
    pub test_logits: Vec<f32>,
    pub epochs: Vec<EpochReport>,
}

/// A trial and what was said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialAnswer {
    pub key: TrialKey,
    pub label: usize,
    /// [`FoldResult::number`] of the network that answered; the trial was not in its training part.
    pub fold: usize,
    /// Calibrated; geometric mean over the trial's windows.
    pub probabilities: Vec<f64>,
}

/// All folds.
#[derive(Debug, Clone)]
pub struct CrossvalResult {
    pub folds: Vec<FoldResult>,
    /// Every trial once, as a test trial, in the order of the data set.
    pub held_out: Vec<TrialAnswer>,
    /// Every fold's validation trials (a trial may stand here for several folds): for fitting the fusion.
    pub validation: Vec<TrialAnswer>,
    /// Over `held_out`.
    pub scores: Scores,
    /// "grouped 4-fold by trial".
    pub protocol: String,
}

/// The data set by trial.
struct Trials {
    keys: Vec<TrialKey>,
    examples: Vec<Vec<usize>>,
    labels: Vec<usize>,
}

impl Trials {
    fn of(dataset: &Dataset) -> Result<Self, TrainError> {
        let (keys, examples): (Vec<TrialKey>, Vec<Vec<usize>>) = dataset.trials().into_iter().unzip();
        let labels: Vec<usize> = examples.iter().filter_map(|e| e.first()).map(|&i| dataset.examples[i].label).collect();
        if labels.is_empty() {
            return Err(InputError::Empty.into());
        }
        if let Some(&label) = labels.iter().find(|l| **l >= dataset.classes.len()) {
            return Err(FitError::Label { label, classes: dataset.classes.len() }.into());
        }
        if labels.iter().all(|l| *l == labels[0]) {
            return Err(TrainError::OneClass(dataset.classes[labels[0]].clone()));
        }
        Ok(Trials { keys, examples, labels })
    }

    fn examples_of(&self, trials: &[usize]) -> Vec<usize> {
        trials.iter().flat_map(|&t| self.examples[t].iter().copied()).collect()
    }
}

/// Trains and tests by folds over trials. `on_epoch` gets (fold from 0, epoch report).
///
/// # Errors
/// Data that cannot be split or do not fit the network; [`TrainError::Stopped`] when the job was stopped, since
/// scores over some of the folds only would not be those of the protocol.
pub fn cross_validate(
    dataset: &Dataset,
    options: &CrossvalOptions,
    job: &Job,
    on_epoch: &mut dyn FnMut(usize, &EpochReport),
) -> Result<CrossvalResult, TrainError> {
    let trials = Trials::of(dataset)?;
    let assignment = match &options.assignment {
        Some(assignment) => assignment.clone(),
        None => assign(&trials.keys, &trials.labels, options.folds, options.seed)?,
    };
    let folds = folds_of(&trials.keys, &trials.labels, &assignment, options.seed)?;
    let protocol = if folds.len() == trials.keys.len() {
        "leave one trial out".to_string()
    } else {
        format!("grouped {}-fold by trial", folds.len())
    };
    let mut results = Vec::with_capacity(folds.len());
    let (mut held_out, mut validation) = (Vec::new(), Vec::new());
    for fold in &folds {
        let stage = format!("train {} fold {}/{}", options.modality, fold.number + 1, folds.len());
        let part = Part { dataset, trials: &trials, fold, options, stage: &stage };
        let mut result = part.train(job, &mut |report| on_epoch(fold.number, report))?;
        let answers = part.answers(&fold.test, &result.test_logits, result.card.temperature);
        result.card.scores = score(&answers, dataset.classes.len(), options.seed);
        result.card.protocol.clone_from(&protocol);
        result.card.name = format!("{}.{}", options.name, fold.number + 1);
        held_out.extend(answers);
        validation.extend(part.answers(&fold.validation, &result.validation_logits, result.card.temperature));
        results.push(result);
    }
    let place = |answer: &TrialAnswer| trials.keys.iter().position(|k| *k == answer.key);
    held_out.sort_by_key(place);
    let scores = score(&held_out, dataset.classes.len(), options.seed);
    Ok(CrossvalResult { folds: results, held_out, validation, scores, protocol })
}

/// Trains on all trials but a validation part, for use on sessions to come. Its card carries the scores of the
/// cross-validation, since it has no test trials of its own.
///
/// # Errors
/// As [`cross_validate`].
pub fn train_on_all(
    dataset: &Dataset,
    options: &CrossvalOptions,
    crossval: &CrossvalResult,
    job: &Job,
    on_epoch: &mut dyn FnMut(&EpochReport),
) -> Result<(Network, Card), TrainError> {
    let trials = Trials::of(dataset)?;
    let all: Vec<usize> = (0..trials.keys.len()).collect();
    let (training, validation) = hold_out(&all, &trials.keys, &trials.labels, options.seed);
    let fold = Fold { number: crossval.folds.len(), training, validation, test: Vec::new() };
    let stage = format!("train {} on all trials", options.modality);
    let part = Part { dataset, trials: &trials, fold: &fold, options, stage: &stage };
    let FoldResult { network, mut card, .. } = part.train(job, on_epoch)?;
    card.scores = crossval.scores.clone();
    card.protocol.clone_from(&crossval.protocol);
    card.caveats.push("The scores are those of the cross-validation; this network was trained on all its trials.".into());
    Ok((network, card))
}

fn score(answers: &[TrialAnswer], classes: usize, seed: u64) -> Scores {
    let truth: Vec<usize> = answers.iter().map(|a| a.label).collect();
    let predicted: Vec<usize> = answers.iter().map(|a| argmax(&a.probabilities)).collect();
    scores(&truth, &predicted, classes, seed)
}

/// One training run: which trials, how.
struct Part<'a> {
    dataset: &'a Dataset,
    trials: &'a Trials,
    fold: &'a Fold,
    options: &'a CrossvalOptions,
    stage: &'a str,
}

impl Part<'_> {
    fn train(&self, job: &Job, on_epoch: &mut dyn FnMut(&EpochReport)) -> Result<FoldResult, TrainError> {
        let [training, validation, test] =
            [&self.fold.training, &self.fold.validation, &self.fold.test].map(|trials| self.trials.examples_of(trials));
        let maker = InputMaker::fit(self.dataset, &training)?;
        let labels = |examples: &[usize]| -> Vec<usize> { examples.iter().map(|&i| self.dataset.examples[i].label).collect() };
        let (training_inputs, training_labels) = (maker.inputs(self.dataset, &training)?, labels(&training));
        let (validation_inputs, validation_labels) = (maker.inputs(self.dataset, &validation)?, labels(&validation));
        let seed = self.options.seed.wrapping_add(self.fold.number as u64);
        let size = Size { input: maker.shape(), classes: self.dataset.classes.len(), hidden: self.options.hidden };
        let network = (self.options.network.build)(&size, &Seed::new(seed))?;
        let Fitted { network, epochs, stopped, .. } = fit(
            network,
            Examples { inputs: &training_inputs, labels: &training_labels },
            Examples { inputs: &validation_inputs, labels: &validation_labels },
            &FitOptions { seed, ..self.options.fit.clone() },
            (job, self.stage),
            on_epoch,
        )?;
        if stopped {
            return Err(TrainError::Stopped);
        }
        let validation_logits = network.logits(&validation_inputs, validation.len());
        let test_logits = network.logits(&maker.inputs(self.dataset, &test)?, test.len());
        let weights: Vec<f64> = self
            .fold
            .validation
            .iter()
            .flat_map(|&t| {
                let n = self.trials.examples[t].len();
                std::iter::repeat_n(1.0 / n.max(1) as f64, n)
            })
            .collect();
        let t = temperature(&validation_logits, &validation_labels, &weights, size.classes);
        let card = self.card(&maker, &network, t);
        Ok(FoldResult {
            number: self.fold.number,
            network,
            card,
            training,
            validation,
            test,
            validation_logits,
            test_logits,
            epochs,
        })
    }

    fn answers(&self, trials: &[usize], logits: &[f32], temperature: f64) -> Vec<TrialAnswer> {
        let classes = self.dataset.classes.len();
        let mut start = 0;
        let mut answers = Vec::with_capacity(trials.len());
        for &trial in trials {
            let end = start + self.trials.examples[trial].len() * classes;
            let probabilities = pooled(&logits[start..end], classes, temperature).unwrap_or_default();
            let (key, label) = (self.trials.keys[trial].clone(), self.trials.labels[trial]);
            answers.push(TrialAnswer { key, label, fold: self.fold.number, probabilities });
            start = end;
        }
        answers
    }

    fn card(&self, maker: &InputMaker, network: &Network, temperature: f64) -> Card {
        let standardiser = maker.standardiser();
        let used = self.fold.training.len() + self.fold.validation.len();
        let mut participants: Vec<String> = self.dataset.examples.iter().map(|e| e.participant.clone()).collect();
        participants.sort();
        participants.dedup();
        let mut caveats = Vec::new();
        if participants.len() == 1 {
            caveats.push("One participant: the scores say nothing about other people.".to_string());
        }
        if self.dataset.simulated {
            caveats.push("SIMULATED data: the scores say nothing about people.".to_string());
        }
        Card {
            name: self.options.name.clone(),
            modality: self.options.modality.clone(),
            network: network.name.clone(),
            input_shape: maker.shape().to_vec(),
            classes: self.dataset.classes.clone(),
            target: self.dataset.target,
            recipe: self.dataset.recipe.clone(),
            mean: standardiser.mean,
            sd: standardiser.sd,
            temperature,
            seed: self.options.seed,
            protocol: String::new(),
            scores: Scores::default(),
            trials: used,
            participants,
            simulated: self.dataset.simulated,
            limbic_version: env!("CARGO_PKG_VERSION").to_string(),
            caveats,
        }
    }
}

#[cfg(test)]
mod tests;
