//! One training run of a cross-validation: some trials train, some validate, some test.

use super::{CrossvalOptions, FoldResult, TrainError, TrialAnswer};
use crate::infer::calibrate::temperature;
use crate::infer::predict::pooled;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::signal::Seed;
use crate::train::Predictor;
use crate::train::card::{Card, Scores};
use crate::train::fit::{EpochReport, Examples, FitError, FitOptions, Fitted, fit};
use crate::train::input::{InputError, InputMaker};
use crate::train::network::Network;
use crate::train::networks::Size;
use crate::train::split::{Fold, TrialKey};

/// The data set by trial.
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

    fn examples_of(&self, trials: &[usize]) -> Vec<usize> {
        trials.iter().flat_map(|&t| self.examples[t].iter().copied()).collect()
    }
}

/// One training run: which trials, how.
pub struct Part<'a> {
    pub dataset: &'a Dataset,
    pub trials: &'a Trials,
    pub fold: &'a Fold,
    pub options: &'a CrossvalOptions,
    pub stage: &'a str,
}

impl Part<'_> {
    /// Trains, calibrates on the validation trials (each counting the same) and answers the test trials. Scores and
    /// protocol of the card are left to the caller.
    pub fn train(&self, job: &Job, on_epoch: &mut dyn FnMut(&EpochReport)) -> Result<FoldResult, TrainError> {
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
        )
        .map_err(|error| if error == FitError::Stopped { TrainError::Stopped } else { error.into() })?;
        if stopped {
            return Err(TrainError::Stopped);
        }
        let validation_logits = network.logits(&validation_inputs, validation.len());
        let test_logits = network.logits(&maker.inputs(self.dataset, &test)?, test.len());
        let windows = self.fold.validation.iter().map(|&t| self.trials.examples[t].len());
        let weights: Vec<f64> = windows.flat_map(|n| std::iter::repeat_n(1.0 / n.max(1) as f64, n)).collect();
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

    /// Answers for `trials` from the logits of their examples, one trial after another.
    pub fn answers(&self, trials: &[usize], logits: &[f32], temperature: f64) -> Vec<TrialAnswer> {
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
        let mut seen: Vec<_> =
            self.fold.training.iter().chain(&self.fold.validation).map(|&t| self.trials.keys[t].clone()).collect();
        seen.sort();
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
            trials: seen.len(),
            trained_on: seen,
            participants,
            simulated: self.dataset.simulated,
            limbic_version: env!("CARGO_PKG_VERSION").to_string(),
            caveats,
        }
    }
}
