//! The training loop: Adam on cross-entropy, early stopping with the best weights kept, a learning rate that falls on
//! plateaus (algorithms 5.1).
//!
//! Order and dropout of an epoch are functions of (seed, epoch) and not of what was drawn before, so one seed gives
//! the same weights bit for bit on the same machine.

mod course;

use super::Predictor;
use super::checkpoint::{Checkpoint, Stand};
use super::device::{Compute, DeviceError};
use super::direct::Direct;
use super::network::{Network, Plain, Training};
use super::score::argmax;
use crate::job::Job;
use burn::tensor::{Tensor, TensorData, activation};
use course::Course;
use serde::{Deserialize, Serialize};

/// How to train. The default is the paper's: Adam 1e-4, batches of 64, at most 50 epochs, patience 5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitOptions {
    pub epochs: u32,
    pub batch: usize,
    pub learning_rate: f64,
    /// Stop after this many epochs without a better validation loss.
    pub patience: u32,
    /// Halve the learning rate after this many such epochs, down to [`LEAST_RATE`]; 0 = never.
    pub plateau: u32,
    /// Weigh classes by the inverse of their frequency in the training part.
    pub class_weights: bool,
    pub seed: u64,
    #[serde(default)]
    pub device: Compute,
}

/// The learning rate never falls below this.
pub const LEAST_RATE: f64 = 1e-6;

impl Default for FitOptions {
    fn default() -> Self {
        FitOptions {
            epochs: 50,
            batch: 64,
            learning_rate: 1e-4,
            patience: 5,
            plateau: 3,
            class_weights: false,
            seed: 1,
            device: Compute::Cpu,
        }
    }
}

/// Network inputs, one after another, with the class of each.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    pub inputs: &'a [f32],
    pub labels: &'a [usize],
}

/// What one epoch brought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// From 1.
    pub epoch: u32,
    /// Mean over the epoch's batches, dropout on.
    pub training_loss: f32,
    /// Without a validation part: the training loss and 0.
    pub validation_loss: f32,
    pub validation_accuracy: f32,
    pub learning_rate: f64,
}

/// A trained network.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// With the weights of the best epoch.
    pub network: Network,
    pub epochs: Vec<EpochReport>,
    pub best_epoch: u32,
    /// The job was stopped; the network is the best so far.
    pub stopped: bool,
}

/// Training that cannot begin, or ended before its first epoch.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    #[error("no training examples; choose sessions with usable trials")]
    NoExamples,
    #[error("{inputs} input values do not make {labels} examples of {length} values")]
    Length { inputs: usize, labels: usize, length: usize },
    #[error("label {label} is outside the network's {classes} classes")]
    Label { label: usize, classes: usize },
    #[error("training diverged in epoch {0}: the loss is not a number. Lower the learning rate, or look for non-finite features")]
    Diverged(u32),
    #[error("stopped on request before the first epoch ended")]
    Stopped,
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Trains `network`. Reports to `job` as `stage` and after every epoch to `on_epoch`; when the job is stopped, what
/// is best so far is returned. With a checkpoint, a run that was cut short goes on after its last saved epoch.
///
/// # Errors
/// Data that do not fit the network; a loss that is not a number; a stop before the first epoch's end.
pub fn fit(
    network: Network,
    training: Examples<'_>,
    validation: Examples<'_>,
    options: &FitOptions,
    (job, stage): (&Job, &str),
    checkpoint: Option<&Checkpoint>,
    on_epoch: &mut dyn FnMut(&EpochReport),
) -> Result<Fitted, FitError> {
    if training.labels.is_empty() {
        return Err(FitError::NoExamples);
    }
    check(&network, training)?;
    check(&network, validation)?;
    // Only what is kept need be recognised.
    let run = checkpoint.map_or(0, |_| identity(&network, training, validation, options));
    let mut course = Course::new(network, training.labels, options)?;
    let mut stand = Stand { run, epochs: Vec::new(), rate: course.rate, least: f32::INFINITY, stale: 0, best_epoch: 0, steps: 0 };
    let mut best: Option<Network> = None;
    if let Some((saved, its_best, adam)) = checkpoint.and_then(|c| c.load(run, &mut course.network)) {
        course.go_on(saved.rate, adam);
        (stand, best) = (saved, Some(its_best));
    }
    let first = stand.epochs.len() as u32 + 1;
    for epoch in first..=options.epochs.max(1) {
        if stand.stale >= options.patience.max(1) {
            break;
        }
        let Some(training_loss) = course.epoch(epoch, training, job, checkpoint.is_some()) else { break };
        let (validation_loss, validation_accuracy) =
            if validation.labels.is_empty() { (training_loss, 0.0) } else { course.evaluate(validation) };
        if !validation_loss.is_finite() {
            return Err(FitError::Diverged(epoch));
        }
        let report = EpochReport { epoch, training_loss, validation_loss, validation_accuracy, learning_rate: course.rate };
        stand.epochs.push(report);
        on_epoch(&report);
        stand.stale += 1;
        if validation_loss < stand.least {
            (stand.least, stand.stale, stand.best_epoch) = (validation_loss, 0, epoch);
            best = Some(course.network.clone());
        }
        if options.plateau > 0 && stand.stale > 0 && stand.stale.is_multiple_of(options.plateau) {
            course.rate = (course.rate / 2.0).max(LEAST_RATE);
        }
        (stand.rate, stand.steps) = (course.rate, course.adam.steps());
        let mut detail = format!("validation loss {validation_loss:.3}, accuracy {:.0} %", 100.0 * validation_accuracy);
        if let (Some(checkpoint), Some(best)) = (checkpoint, &best)
            && let Err(error) = checkpoint.save_if_due(&stand, &course.network, best, &course.adam)
        {
            detail += &format!(" (its state cannot be saved: {error})");
        }
        if job.report_with(stage, u64::from(epoch), u64::from(options.epochs), &detail).is_err() {
            break;
        }
    }
    let network = best.ok_or(FitError::Stopped)?;
    Ok(Fitted { network, epochs: stand.epochs, best_epoch: stand.best_epoch, stopped: job.is_stopped() })
}

/// A number that two runs share only if they would train the same.
fn identity(network: &Network, training: Examples<'_>, validation: Examples<'_>, options: &FitOptions) -> u64 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(format!("{} {options:?}", network.name).as_bytes());
    for value in network.flat().iter().chain(training.inputs).chain(validation.inputs) {
        hash.update(&value.to_le_bytes());
    }
    let mut labels = crc32fast::Hasher::new();
    training.labels.iter().chain(validation.labels).for_each(|l| labels.update(&l.to_le_bytes()));
    u64::from(hash.finalize()) << 32 | u64::from(labels.finalize())
}

/// Cross-entropy of a batch, classes weighted (mean over the weights), and its gradient by parameter in the order of
/// [`Network::parameters`]; without dropout, batch norms by their running statistics.
pub fn loss_and_gradients(network: &Network, inputs: Vec<f32>, labels: &[usize], class_weights: &[f32]) -> (f32, Vec<Vec<f32>>) {
    match Direct::of(network) {
        Some(mut direct) => direct.gradients(network, inputs, labels, class_weights),
        None => pass_back(network, inputs, labels, class_weights, None),
    }
}

/// As [`loss_and_gradients`], whatever the network is.
#[cfg(test)]
pub(super) fn by_framework(network: &Network, inputs: Vec<f32>, labels: &[usize], weights: &[f32]) -> (f32, Vec<Vec<f32>>) {
    pass_back(network, inputs, labels, weights, None)
}

/// The same in a training pass.
#[cfg(test)]
pub(super) fn by_framework_in_training(
    network: &Network,
    inputs: Vec<f32>,
    labels: &[usize],
    weights: &[f32],
    pass: &mut Training,
) -> (f32, Vec<Vec<f32>>) {
    pass_back(network, inputs, labels, weights, Some(pass))
}

/// The loss is read at once: on the CPU nothing is asynchronous, so that costs nothing.
fn pass_back(
    network: &Network,
    inputs: Vec<f32>,
    labels: &[usize],
    class_weights: &[f32],
    pass: Option<&mut Training>,
) -> (f32, Vec<Vec<f32>>) {
    let mut tracked = network.tracked();
    let loss = loss_of(&tracked, network.batch(inputs, labels.len()), labels, class_weights, pass);
    let mut gradients = loss.backward();
    let collected = tracked.collect(&mut gradients);
    (super::parameters::values(loss.without_autodiff()).first().copied().unwrap_or(f32::NAN), collected)
}

/// Cross-entropy of the batch `x`, classes weighted, on the network's device.
pub(super) fn loss_of(
    network: &Network,
    x: Tensor<4>,
    labels: &[usize],
    class_weights: &[f32],
    pass: Option<&mut Training>,
) -> Tensor<1> {
    let (n, classes) = (labels.len(), network.classes());
    let weight = |label: usize| class_weights.get(label).copied().unwrap_or(1.0);
    let total: f32 = labels.iter().map(|&l| weight(l)).sum();
    let mut targets = vec![0.0f32; n * classes];
    for (row, &label) in targets.chunks_mut(classes).zip(labels) {
        row[label] = -weight(label) / total;
    }
    let targets = Tensor::<2>::from_data(TensorData::new(targets, [n, classes]), &x.device());
    (activation::log_softmax(network.forward(x, &Plain, pass), 1) * targets).sum()
}

/// Mean cross-entropy (unweighted) and accuracy, dropout off.
pub fn evaluate(network: &Network, examples: Examples<'_>) -> (f32, f32) {
    judge(&network.logits(examples.inputs, examples.labels.len()), examples, network.classes())
}

/// The same of logits that are there.
fn judge(logits: &[f32], examples: Examples<'_>, classes: usize) -> (f32, f32) {
    let loss = crate::infer::calibrate::negative_log_likelihood(logits, examples.labels, &[], classes, 1.0);
    let hits = logits.chunks_exact(classes).zip(examples.labels).filter(|(row, label)| argmax(row) == **label).count();
    (loss as f32, hits as f32 / examples.labels.len().max(1) as f32)
}

fn check(network: &Network, examples: Examples<'_>) -> Result<(), FitError> {
    let (inputs, labels, length) = (examples.inputs.len(), examples.labels.len(), network.input_len());
    if inputs != labels * length {
        return Err(FitError::Length { inputs, labels, length });
    }
    match examples.labels.iter().find(|l| **l >= network.classes()) {
        Some(&label) => Err(FitError::Label { label, classes: network.classes() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
