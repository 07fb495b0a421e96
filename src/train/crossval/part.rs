//! One training run of a cross-validation: some trials train, some validate, some test.

use super::{CrossvalOptions, FoldResult, TrainError, TrialAnswer};
use crate::infer::predict::pooled;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::train::Predictor;
use crate::train::card::{Card, Scores};
use crate::train::fit::EpochReport;
use crate::train::input::InputMaker;
use crate::train::learn::{LearnOptions, Learned, learn};
use crate::train::network::Network;
use crate::train::split::Fold;
use crate::train::trials::Trials;

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
        let options = LearnOptions {
            network: self.options.network,
            hidden: self.options.hidden,
            fit: self.options.fit.clone(),
            seed: self.options.seed.wrapping_add(self.fold.number as u64),
        };
        let learned = learn(self.dataset, &training, &validation, &options, (job, self.stage), None, on_epoch)?;
        let Learned { network, maker, temperature, validation_logits, epochs, .. } = learned;
        let test_logits = network.logits(&maker.inputs(self.dataset, &test)?, test.len());
        let card = self.card(&maker, &network, temperature);
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
            device: self.options.fit.device,
            limbic_version: env!("CARGO_PKG_VERSION").to_string(),
            caveats,
        }
    }
}
