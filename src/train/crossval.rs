//! Cross-validation by trial: trains one network per fold, calibrates it on that fold's validation trials, and pools
//! what each says about the trials it never saw (algorithms 5.4, 8.4).

mod part;

use super::card::{Card, Scores};
use super::fit::{EpochReport, FitError, FitOptions};
use super::input::InputError;
use super::network::{Network, NetworkError};
use super::networks::Architecture;
use super::score::{argmax, scores};
use super::split::{Assignment, Fold, SplitError, TrialKey, assign, folds_of, hold_out};
use super::trials::Trials;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use part::Part;

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
    #[error("network \"{network}\" takes {wants}; these are features of the kind \"{kind}\"")]
    Unfit { network: String, wants: &'static str, kind: String },
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
    card.caveats.push(Card::OTHER_SCORES.into());
    Ok((network, card))
}

fn score(answers: &[TrialAnswer], classes: usize, seed: u64) -> Scores {
    let truth: Vec<usize> = answers.iter().map(|a| a.label).collect();
    let predicted: Vec<usize> = answers.iter().map(|a| argmax(&a.probabilities)).collect();
    scores(&truth, &predicted, classes, seed)
}

#[cfg(test)]
mod tests;
