//! Adam (Kingma and Ba 2015) in one pass over each parameter.
//!
//! burn's Adam is a dozen elementwise tensor operations, each of which reads and writes whole arrays; the dense
//! layer of seed A has 15.9 million weights, so on a CPU the step is memory traffic. Here weight, gradient and both
//! moments are read once and written once. Elements do not depend on each other: any number of threads gives the
//! same bits.

use super::network::Network;
use rayon::prelude::*;

/// Elements per task: four arrays of this length stay in a core's cache.
const BLOCK: usize = 16 * 1024;

/// Decay of the first and second moment, and the guard against division by zero, as in the paper.
pub(super) const BETA_1: f32 = 0.9;
pub(super) const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The optimiser's memory: first and second moments of every parameter, and how many steps were taken.
#[derive(Debug, Clone, Default)]
pub struct Adam {
    moments: Vec<(Vec<f32>, Vec<f32>)>,
    steps: i32,
}

impl Adam {
    pub fn new() -> Self {
        Adam::default()
    }

    /// First and second moments of all parameters, one after another; zeros before the first step.
    pub(super) fn flat(&self) -> (Vec<f32>, Vec<f32>) {
        (self.moments.iter().flat_map(|m| m.0.clone()).collect(), self.moments.iter().flat_map(|m| m.1.clone()).collect())
    }

    /// The optimiser after `steps` steps, from what [`Adam::flat`] returned.
    pub(super) fn of_flat(network: &Network, first: &[f32], second: &[f32], steps: i32) -> Self {
        let mut start = 0;
        let part = |parameter: &super::parameters::Parameter<'_>| {
            let span = start..start + parameter.shape().iter().product::<usize>();
            start = span.end;
            (first[span.clone()].to_vec(), second[span].to_vec())
        };
        Adam { moments: network.parameters().iter().map(part).collect(), steps }
    }

    pub(super) fn steps(&self) -> i32 {
        self.steps
    }

    /// Changes the network's parameters by one step. `gradients` stand in the order of the parameters; a parameter
    /// whose gradient is missing or of another length stays as it is.
    pub fn step(&mut self, network: &mut Network, gradients: &[Vec<f32>], learning_rate: f64) {
        let lengths: Vec<usize> = gradients.iter().map(Vec::len).collect();
        let mut moves = self.begin(&lengths, learning_rate).into_iter();
        network.edit_parameters(|index, weights| {
            let (Some(gradient), Some(by)) = (gradients.get(index), moves.next()) else { return };
            if gradient.len() == weights.len() && by.first.len() == weights.len() {
                let blocks: Vec<Target<'_>> = Target::Move { weights, by }.blocks(BLOCK);
                blocks.into_par_iter().zip(gradient.par_chunks(BLOCK)).for_each(|(mut block, gradient)| block.take(gradient));
            }
        });
    }

    /// Begins the next step: what it does to parameters of these lengths, one by one.
    pub(super) fn begin(&mut self, lengths: &[usize], learning_rate: f64) -> Vec<Move<'_>> {
        if self.moments.len() != lengths.len() {
            self.moments = lengths.iter().map(|&n| (vec![0.0; n], vec![0.0; n])).collect();
        }
        self.steps += 1;
        let (rate, epsilon) = corrected(self.steps, learning_rate);
        self.moments.iter_mut().map(|(first, second)| Move { first, second, rate, epsilon }).collect()
    }
}

/// The rate and the guard of step number `steps`: lr m_hat / (sqrt(v_hat) + eps), with both corrections moved out of the
/// loop.
pub(super) fn corrected(steps: i32, learning_rate: f64) -> (f32, f32) {
    let correction_1 = 1.0 - f64::from(BETA_1).powi(steps);
    let correction_2 = (1.0 - f64::from(BETA_2).powi(steps)).sqrt();
    ((learning_rate * correction_2 / correction_1) as f32, EPSILON * correction_2 as f32)
}

/// A parameter's moments and what a step does with them.
pub(super) struct Move<'a> {
    first: &'a mut [f32],
    second: &'a mut [f32],
    rate: f32,
    epsilon: f32,
}

/// What becomes of a parameter's gradient.
pub(super) enum Target<'a> {
    /// It is asked for.
    Keep { weights: &'a [f32], gradient: &'a mut [f32] },
    /// The optimiser's step, at once: the gradient need not be stored.
    Move { weights: &'a mut [f32], by: Move<'a> },
}

impl<'a> Target<'a> {
    pub fn weights(&self) -> &[f32] {
        match self {
            Target::Keep { weights, .. } => weights,
            Target::Move { weights, .. } => weights,
        }
    }

    /// The gradient of all its weights.
    pub fn take(&mut self, found: &[f32]) {
        match self {
            Target::Keep { gradient, .. } => gradient.copy_from_slice(found),
            Target::Move { weights, by } => {
                let (rate, epsilon) = (by.rate, by.epsilon);
                limbic_lanes::adam::update(weights, found, [by.first, by.second], [BETA_1, BETA_2], rate, epsilon);
            }
        }
    }

    /// Cut into parts of so many weights.
    pub fn blocks(self, length: usize) -> Vec<Target<'a>> {
        let length = length.max(1);
        match self {
            Target::Keep { weights, gradient } => {
                let both = weights.chunks(length).zip(gradient.chunks_mut(length));
                both.map(|(weights, gradient)| Target::Keep { weights, gradient }).collect()
            }
            Target::Move { weights, by: Move { first, second, rate, epsilon } } => {
                let moments = first.chunks_mut(length).zip(second.chunks_mut(length));
                let by = moments.map(|(first, second)| Move { first, second, rate, epsilon });
                weights.chunks_mut(length).zip(by).map(|(weights, by)| Target::Move { weights, by }).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;
    use crate::train::network::Dense;
    use burn::optim::Optimizer;
    use burn::tensor::{Device, Tensor, TensorData};

    /// Three steps with the same gradients as burn's own Adam.
    #[test]
    fn agrees_with_the_framework() {
        let mut seed = Seed::new(3);
        let dense = Dense::init(6, 4, &mut seed);
        let mut network = Network::new("one layer", [1, 2, 3], vec![], vec![dense.clone().into()]).expect("fits");
        let device = Device::flex();
        let theirs_adam = burn::optim::AdamConfig::new().with_epsilon(1e-8).build();
        let mut theirs = dense.weight;
        let mut state = None;
        let mut ours_adam = Adam::new();
        for _ in 0..3 {
            let gradient: Vec<f32> = (0..24).map(|_| seed.normal() as f32).collect();
            let tensor = Tensor::<2>::from_data(TensorData::new(gradient.clone(), [6, 4]), &device);
            (theirs, state) = theirs_adam.step(0.01, theirs, tensor, state);
            ours_adam.step(&mut network, &[gradient, vec![0.0; 4]], 0.01);
        }
        let expected = theirs.into_data().try_to_vec::<f32>().expect("f32");
        for (a, b) in network.flat().iter().zip(&expected) {
            assert!((a - b).abs() < 1e-6, "{a} {b}");
        }
    }
}
