//! Networks, the training loop, grouped evaluation, and the model file (ONNX with its card).

pub mod adam;
mod blocks;
pub mod card;
pub mod checkpoint;
pub mod crossval;
mod deep_lift;
pub mod device;
mod differentiate;
mod direct;
pub mod evaluate;
pub mod file;
pub mod fit;
pub mod fusion;
mod held;
pub mod input;
mod layer;
mod layout;
pub mod learn;
pub mod network;
pub mod networks;
mod on_device;
pub mod onnx;
mod parameters;
pub mod protocol;
pub mod score;
pub mod split;
pub mod standardise;
pub mod trials;
pub mod tune;
mod walk;

pub use crossval::{CrossvalOptions, CrossvalResult, FoldResult, TrainError, cross_validate, train_on_all};
pub use fit::{EpochReport, FitOptions};
pub use fusion::{FusedResult, FusedTrial, fuse_held_out};
pub use network::Network;
pub use networks::{Architecture, architecture};

use crate::signal::Seed;

/// A network as inference sees it. Batches are plain rows: `n` inputs of [`Predictor::input_len`] values.
pub trait Predictor: Send + Sync {
    /// Values of one input: the network's own input tensor, flattened row-major ([1, 22, 22] -> 484).
    fn input_len(&self) -> usize;
    fn classes(&self) -> usize;
    /// Logits, `n` x classes, row-major. Dropout is off.
    fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32>;
    /// Who computes: "onnxruntime 1.31.1", "limbic (burn flex)".
    fn runtime(&self) -> String;
    /// Logits along a walk, `n` x points x classes, where this costs less than a whole pass at every point; `None`
    /// where it does not.
    fn walk(&self, _walk: &Walk) -> Option<Vec<f32>> {
        None
    }
}

/// Inputs that change value by value, in an order that is the same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'a> {
    /// `n` inputs before the first change, row-major.
    pub starts: &'a [f32],
    /// Where the changed values come from, `n` inputs, row-major.
    pub goals: &'a [f32],
    pub n: usize,
    /// Positions in the input, first changed first.
    pub order: &'a [usize],
    /// How many values have been changed when the logits are wanted, ascending.
    pub points: &'a [usize],
}

/// A network that can say how its logits depend on its input. ONNX Runtime cannot; limbic's own networks can.
pub trait Differentiable: Predictor {
    /// d logit[class] / d input for each of `n` inputs, same shape as `inputs`. Dropout is off.
    fn gradients(&self, inputs: &[f32], n: usize, class: usize) -> Vec<f32>;
    /// Grad-CAM's raw material (algorithms section 6): for each input the activations after the last
    /// convolution's ReLU weighted by the spatial mean of their gradients, summed over channels, ReLU; returned as
    /// `n` x height x width with that height and width. `None` for a network without convolutions.
    fn grad_cam(&self, inputs: &[f32], n: usize, class: usize) -> Option<(Vec<f32>, usize, usize)>;
    /// [channels, height, width] of an input; `None` where it is not known to be an image.
    fn image(&self) -> Option<[usize; 3]> {
        None
    }
    /// The same network with the weights of every layer shuffled; `None` where that cannot be done.
    fn shuffled(&self, _seed: &mut Seed) -> Option<Box<dyn Differentiable>> {
        None
    }
    /// DeepLIFT's attributions (rescale rule) of logit `class` against one `baseline` input, same shape as `inputs`;
    /// `None` for a network that has no such rule.
    fn deep_lift(&self, _inputs: &[f32], _n: usize, _baseline: &[f32], _class: usize) -> Option<Vec<f32>> {
        None
    }
}
