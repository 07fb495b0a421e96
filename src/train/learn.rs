//! One network from some examples: standardised on them, stopped early and calibrated on others.

use super::checkpoint::Checkpoint;
use super::crossval::TrainError;
use super::fit::{EpochReport, Examples, FitError, FitOptions, Fitted, fit};
use super::input::InputMaker;
use super::network::Network;
use super::networks::{Architecture, Size};
use crate::infer::calibrate::temperature;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::signal::Seed;
use crate::train::Predictor;
use std::collections::BTreeMap;

/// Which network, trained how.
#[derive(Debug, Clone)]
pub struct LearnOptions {
    pub network: Architecture,
    /// Units of the hidden dense layer.
    pub hidden: usize,
    pub fit: FitOptions,
    /// Of the initial weights, the order of examples and dropout.
    pub seed: u64,
}

/// What came of it.
pub struct Learned {
    pub network: Network,
    pub maker: InputMaker,
    /// Fitted on the validation examples, each trial counting the same.
    pub temperature: f64,
    /// Logits of the validation examples, row-major.
    pub validation_logits: Vec<f32>,
    pub epochs: Vec<EpochReport>,
    pub best_epoch: u32,
}

/// Trains on `training` and keeps the weights that do best on `validation` (both indices into the examples).
///
/// # Errors
/// Data that do not fit the network; [`TrainError::Stopped`].
pub fn learn(
    dataset: &Dataset,
    training: &[usize],
    validation: &[usize],
    options: &LearnOptions,
    (job, stage): (&Job, &str),
    checkpoint: Option<&Checkpoint>,
    on_epoch: &mut dyn FnMut(&EpochReport),
) -> Result<Learned, TrainError> {
    let kind = dataset.recipe.kind.as_str();
    if !(options.network.takes)(kind) {
        let (network, wants) = (options.network.name.into(), options.network.wants);
        return Err(TrainError::Unfit { network, wants, kind: kind.into() });
    }
    let maker = InputMaker::fit(dataset, training)?;
    let labels = |examples: &[usize]| -> Vec<usize> { examples.iter().map(|&i| dataset.examples[i].label).collect() };
    let (training_inputs, training_labels) = (maker.inputs(dataset, training)?, labels(training));
    let (validation_inputs, validation_labels) = (maker.inputs(dataset, validation)?, labels(validation));
    let (input, classes, channels) = (maker.shape(), dataset.classes.len(), dataset.recipe.channels.clone());
    let size = Size { input, classes, hidden: options.hidden, channels };
    let network = (options.network.build)(&size, &Seed::new(options.seed))?;
    let Fitted { network, epochs, best_epoch, stopped } = fit(
        network,
        Examples { inputs: &training_inputs, labels: &training_labels },
        Examples { inputs: &validation_inputs, labels: &validation_labels },
        &FitOptions { seed: options.seed, ..options.fit.clone() },
        (job, stage),
        checkpoint,
        on_epoch,
    )
    .map_err(|error| if error == FitError::Stopped { TrainError::Stopped } else { error.into() })?;
    if stopped {
        return Err(TrainError::Stopped);
    }
    let validation_logits = network.logits(&validation_inputs, validation.len());
    let weights = trial_weights(dataset, validation);
    let temperature = temperature(&validation_logits, &validation_labels, &weights, size.classes);
    Ok(Learned { network, maker, temperature, validation_logits, epochs, best_epoch })
}

/// 1 / (number of these examples in the same trial) for each of them.
fn trial_weights(dataset: &Dataset, examples: &[usize]) -> Vec<f64> {
    let key = |i: usize| (dataset.examples[i].session.as_str(), dataset.examples[i].trial);
    let mut windows: BTreeMap<_, usize> = BTreeMap::new();
    examples.iter().for_each(|&i| *windows.entry(key(i)).or_default() += 1);
    examples.iter().map(|&i| 1.0 / windows[&key(i)] as f64).collect()
}
