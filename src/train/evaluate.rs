//! An evaluation: the runs of a protocol one by one, and what their answers say together (algorithms 5.4, 5.5).

mod report;

pub use report::{ClassLine, Evaluation, Reliability, ShardLine, summarise};

use super::checkpoint::Checkpoint;
use super::crossval::TrainError;
use super::fit::Examples;
use super::learn::{LearnOptions, learn};
use super::protocol::Shard;
use super::tune::tune_last_layer;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::train::Predictor;
use serde::{Deserialize, Serialize};

/// What one run said about the examples it tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardAnswers {
    pub number: usize,
    pub held_out: String,
    /// Indices into [`Dataset::examples`].
    pub test: Vec<usize>,
    /// Row-major, one row of classes per index.
    pub logits: Vec<f32>,
    /// Fitted on the run's validation examples.
    pub temperature: f64,
    pub epochs: u32,
    pub best_epoch: u32,
    /// "seed-a-cnn hidden=512".
    pub network: String,
    pub parameters: usize,
}

/// Trains, tunes and tests one run. The same data, shard and options give the same answers bit for bit.
///
/// # Errors
/// Data that do not fit the network; [`TrainError::Stopped`].
pub fn run_shard(
    dataset: &Dataset,
    shard: &Shard,
    options: &LearnOptions,
    (job, stage): (&Job, &str),
    checkpoint: Option<&Checkpoint>,
) -> Result<ShardAnswers, TrainError> {
    let options = LearnOptions { seed: options.seed.wrapping_add(shard.number as u64), ..options.clone() };
    let learned = learn(dataset, &shard.training, &shard.validation, &options, (job, stage), checkpoint, &mut |_| {})?;
    let mut network = learned.network;
    if !shard.tuning.is_empty() {
        let inputs = learned.maker.inputs(dataset, &shard.tuning)?;
        let labels: Vec<usize> = shard.tuning.iter().map(|&i| dataset.examples[i].label).collect();
        let examples = Examples { inputs: &inputs, labels: &labels };
        network = tune_last_layer(&network, examples, &options.fit, (job, &format!("{stage}, last layer")))?;
    }
    let logits = network.logits(&learned.maker.inputs(dataset, &shard.test)?, shard.test.len());
    if job.is_stopped() {
        return Err(TrainError::Stopped);
    }
    Ok(ShardAnswers {
        number: shard.number,
        held_out: shard.held_out.clone(),
        test: shard.test.clone(),
        logits,
        temperature: learned.temperature,
        epochs: learned.epochs.len() as u32,
        best_epoch: learned.best_epoch,
        parameters: network.parameter_count(),
        network: network.name,
    })
}
