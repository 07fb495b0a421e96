//! What inference and explanation ask of a network: logits, input gradients, Grad-CAM. Weights enter the graph as
//! constants, so no weight gradient is formed, and dropout is off because no seed is given.

use super::network::{Network, Plain};
use super::parameters::values;
use super::{Differentiable, Predictor};
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
}

impl Differentiable for Network {
    fn gradients(&self, inputs: &[f32], n: usize, class: usize) -> Vec<f32> {
        let class = class.min(Network::classes(self) - 1);
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
}
