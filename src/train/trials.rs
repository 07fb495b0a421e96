//! A data set by trial: what must not be split, with its label and who it came from.

use super::crossval::TrainError;
use super::fit::FitError;
use super::input::InputError;
use super::split::TrialKey;
use crate::prepare::dataset::Dataset;

/// The trials of a data set in order of first appearance; all lists have one entry per trial.
pub struct Trials {
    pub keys: Vec<TrialKey>,
    /// Indices into [`Dataset::examples`].
    pub examples: Vec<Vec<usize>>,
    pub labels: Vec<usize>,
}

impl Trials {
    /// # Errors
    /// No example, labels outside the classes, trials of one class only.
    pub fn of(dataset: &Dataset) -> Result<Self, TrainError> {
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

    /// The examples of these trials, one trial after another.
    pub fn examples_of(&self, trials: &[usize]) -> Vec<usize> {
        trials.iter().flat_map(|&t| self.examples[t].iter().copied()).collect()
    }
}
