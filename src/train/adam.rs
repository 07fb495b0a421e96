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
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
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
        if self.moments.len() != gradients.len() {
            self.moments = gradients.iter().map(|g| (vec![0.0; g.len()], vec![0.0; g.len()])).collect();
        }
        self.steps += 1;
        let correction_1 = 1.0 - f64::from(BETA_1).powi(self.steps);
        let correction_2 = (1.0 - f64::from(BETA_2).powi(self.steps)).sqrt();
        // lr m_hat / (sqrt(v_hat) + eps), with both corrections moved out of the loop.
        let rate = (learning_rate * correction_2 / correction_1) as f32;
        let epsilon = EPSILON * correction_2 as f32;
        let moments = &mut self.moments;
        network.edit_parameters(|index, weights| {
            let (Some(gradient), Some((first, second))) = (gradients.get(index), moments.get_mut(index)) else { return };
            if gradient.len() != weights.len() || first.len() != weights.len() {
                return;
            }
            weights
                .par_chunks_mut(BLOCK)
                .zip(gradient.par_chunks(BLOCK))
                .zip(first.par_chunks_mut(BLOCK))
                .zip(second.par_chunks_mut(BLOCK))
                .for_each(|(((w, g), m), v)| update(w, g, m, v, rate, epsilon));
        });
    }
}

fn update(weights: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32], rate: f32, epsilon: f32) {
    for (((w, &g), m), v) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
        *m = BETA_1 * *m + (1.0 - BETA_1) * g;
        *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
        *w -= rate * *m / (v.sqrt() + epsilon);
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
