//! What inference and explanation ask of a network: logits, input gradients, Grad-CAM. Weights enter the graph as
//! constants, so no weight gradient is formed, and dropout is off because no seed is given.

use super::network::{Network, Plain};
use super::parameters::values;
use super::{Differentiable, Predictor, Walk};
use crate::signal::Seed;
use burn::tensor::{Tensor, activation};

/// Inputs per pass: larger chunks gain nothing measurable and memory grows linearly.
const CHUNK: usize = 256;

impl Network {
    /// Applies `pass` to the inputs in chunks and joins what it returns.
    fn in_chunks(&self, inputs: &[f32], n: usize, mut pass: impl FnMut(Tensor<4>, usize) -> Vec<f32>) -> Vec<f32> {
        let len = self.input_len();
        let mut all = Vec::new();
        for rows in inputs[..(n * len).min(inputs.len())].chunks(CHUNK * len.max(1)) {
            let n = rows.len() / len.max(1);
            all.extend(pass(self.batch(rows[..n * len].to_vec(), n), n));
        }
        all
    }
}

impl Predictor for Network {
    fn input_len(&self) -> usize {
        self.input_shape().iter().product()
    }

    fn classes(&self) -> usize {
        Network::classes(self)
    }

    fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32> {
        self.in_chunks(inputs, n, |x, _| values(self.forward(x, &Plain, None)))
    }

    fn runtime(&self) -> String {
        "limbic (burn flex)".into()
    }

    fn walk(&self, walk: &Walk) -> Option<Vec<f32>> {
        self.walked(walk)
    }
}

impl Differentiable for Network {
    fn gradients(&self, inputs: &[f32], n: usize, class: usize) -> Vec<f32> {
        let class = class.min(Network::classes(self) - 1);
        if let Some(gradients) = self.gradients_in_lanes(inputs, n, class) {
            return gradients;
        }
        self.in_chunks(inputs, n, |x, n| {
            let x = x.autodiff().require_grad();
            let logits = self.forward(x.clone(), &Plain, None);
            // Samples do not meet in the network, so the gradient of the sum is each sample's own.
            let mut gradients = logits.slice([0..n, class..class + 1]).sum().backward();
            x.grad_remove(&mut gradients).map(values).unwrap_or_else(|| vec![0.0; n * self.input_len()])
        })
    }

    fn grad_cam(&self, inputs: &[f32], n: usize, class: usize) -> Option<(Vec<f32>, usize, usize)> {
        let cut = self.cut()?;
        let class = class.min(Network::classes(self) - 1);
        let (mut height, mut width) = (0, 0);
        let maps = self.in_chunks(inputs, n, |x, n| {
            let features = self.through_maps(0..cut, x, &Plain);
            let [_, _, h, w] = features.dims();
            (height, width) = (h, w);
            let tracked = features.clone().autodiff().require_grad();
            let rest = self.through_maps(cut..self.maps.len(), tracked.clone(), &Plain);
            let logits = self.through_rows(rest, &Plain, None);
            let mut gradients = logits.slice([0..n, class..class + 1]).sum().backward();
            let Some(gradient) = tracked.grad_remove(&mut gradients) else { return vec![0.0; n * h * w] };
            let weights = gradient.mean_dim(3).mean_dim(2);
            values(activation::relu((features * weights).sum_dim(1)))
        });
        Some((maps, height, width))
    }

    fn image(&self) -> Option<[usize; 3]> {
        Some(self.input_shape())
    }

    fn shuffled(&self, seed: &mut Seed) -> Option<Box<dyn Differentiable>> {
        let mut network = self.clone();
        network.edit_parameters(|_, values| seed.shuffle(values));
        Some(Box::new(network))
    }

    fn deep_lift(&self, inputs: &[f32], n: usize, baseline: &[f32], class: usize) -> Option<Vec<f32>> {
        self.rescaled(inputs, n, baseline, class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::networks::face_small::face_small;
    use crate::train::networks::seed_a::seed_a;

    fn inputs(network: &Network, n: usize) -> Vec<f32> {
        let mut seed = Seed::new(17);
        (0..n * network.input_len()).map(|_| seed.normal() as f32).collect()
    }

    /// Central differences; a step that crosses the kink of a ReLU or changes a pool's winner may be off, hence the
    /// share of nine in ten.
    #[test]
    fn gradients_agree_with_finite_differences() {
        let network = face_small(8, 3, 8, &Seed::new(2)).expect("fits");
        let (x, step) = (inputs(&network, 2), 2e-3f32);
        let gradients = network.gradients(&x, 2, 1);
        let mut close = 0;
        for i in 0..x.len() {
            let (mut up, mut down) = (x.clone(), x.clone());
            up[i] += step;
            down[i] -= step;
            let at = |x: &[f32]| network.logits(x, 2)[3 * (i / 64) + 1];
            let slope = (at(&up) - at(&down)) / (2.0 * step);
            close += usize::from((slope - gradients[i]).abs() < 1e-3);
        }
        assert!(close * 10 >= x.len() * 9, "{close} of {}", x.len());
    }

    #[test]
    fn chunks_and_neighbours_do_not_change_an_answer() {
        let network = face_small(8, 3, 8, &Seed::new(2)).expect("fits");
        let x = inputs(&network, 300);
        let together = network.gradients(&x, 300, 0);
        let alone = network.gradients(&x[299 * 64..], 1, 0);
        assert_eq!(together.len(), x.len());
        for (a, b) in together[299 * 64..].iter().zip(&alone) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn grad_cam_keeps_the_electrode_grid_and_is_never_negative() {
        let network = seed_a(3, 8, &Seed::new(1)).expect("fits");
        let (maps, height, width) = network.grad_cam(&inputs(&network, 2), 2, 0).expect("has convolutions");
        assert_eq!((maps.len(), height, width), (2 * 484, 22, 22));
        assert!(maps.iter().all(|v| *v >= 0.0) && maps.iter().any(|v| *v > 0.0));
    }
}
