//! Training the last layer alone on a few examples of a new person (Gagliardi et al. 2025; algorithms 5.4).

use super::crossval::TrainError;
use super::fit::{Examples, FitOptions, fit};
use super::network::{Network, Plain, RowLayer};
use super::parameters::values;
use crate::job::Job;
use crate::train::Predictor;

/// Passes over the tuning examples (the paper's five).
pub const EPOCHS: u32 = 5;

/// The network with its last dense layer trained on `examples`; everything before it stays as it is.
///
/// # Errors
/// Examples that do not fit the network; a stop.
pub fn tune_last_layer(
    network: &Network,
    examples: Examples<'_>,
    options: &FitOptions,
    (job, stage): (&Job, &str),
) -> Result<Network, TrainError> {
    let mut body = network.clone();
    let Some(RowLayer::Dense(last)) = body.rows.pop() else { return Ok(network.clone()) };
    let n = examples.labels.len();
    let length = network.input_len().max(1);
    let mut inputs = Vec::new();
    for rows in examples.inputs.chunks(256 * length) {
        let hidden = body.forward(body.batch(rows.to_vec(), rows.len() / length), &Plain, None);
        inputs.extend(values(hidden));
    }
    let features = last.weight.dims()[0];
    if inputs.len() != n * features {
        return Err(super::fit::FitError::Length { inputs: examples.inputs.len(), labels: n, length }.into());
    }
    let head = Network::new("last layer", [1, 1, features], Vec::new(), vec![RowLayer::Dense(last)])?;
    let options = FitOptions { epochs: EPOCHS, patience: EPOCHS, plateau: 0, ..options.clone() };
    let none = Examples { inputs: &[], labels: &[] };
    let tuned =
        fit(head, Examples { inputs: &inputs, labels: examples.labels }, none, &options, (job, stage), None, &mut |_| {})?;
    body.rows.extend(tuned.network.rows);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;
    use crate::train::networks::face_small::face_small;

    #[test]
    fn only_the_last_layer_moves_and_it_learns() {
        let network = face_small(8, 2, 16, &Seed::new(1)).expect("fits");
        let mut seed = Seed::new(3);
        let inputs: Vec<f32> = (0..24 * 64).map(|_| seed.normal() as f32).collect();
        let labels: Vec<usize> = inputs.chunks(64).map(|x| usize::from(x[0] > 0.0)).collect();
        let options = FitOptions { learning_rate: 1e-2, batch: 8, ..FitOptions::default() };
        let examples = Examples { inputs: &inputs, labels: &labels };
        let tuned = tune_last_layer(&network, examples, &options, (&Job::silent(), "tune")).expect("tunes");
        let (before, after) = (network.flat(), tuned.flat());
        let last = 16 * 2 + 2;
        assert_eq!(before.len(), after.len());
        assert_eq!(before[..before.len() - last], after[..after.len() - last]);
        assert_ne!(before, after);
        let loss = |network: &Network| super::super::fit::evaluate(network, examples).0;
        assert!(loss(&tuned) < loss(&network));
    }
}
