//! Networks, the training loop, grouped evaluation, and the model file (ONNX with its card).

pub mod adam;
pub mod card;
pub mod checkpoint;
pub mod crossval;
mod differentiate;
pub mod evaluate;
pub mod file;
pub mod fit;
pub mod fusion;
pub mod input;
pub mod learn;
pub mod network;
pub mod networks;
pub mod onnx;
mod parameters;
pub mod protocol;
pub mod score;
pub mod split;
pub mod standardise;
pub mod trials;
pub mod tune;

pub use crossval::{CrossvalOptions, CrossvalResult, FoldResult, TrainError, cross_validate, train_on_all};
pub use fit::{EpochReport, FitOptions};
pub use fusion::{FusedResult, FusedTrial, fuse_held_out};
pub use network::Network;
pub use networks::{Architecture, architecture};

/// A network as inference sees it. Batches are plain rows: `n` inputs of [`Predictor::input_len`] values.
pub trait Predictor: Send + Sync {
    /// Values of one input: the network's own input tensor, flattened row-major ([1, 22, 22] -> 484).
    fn input_len(&self) -> usize;
    fn classes(&self) -> usize;
    /// Logits, `n` x classes, row-major. Dropout is off.
    fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32>;
    /// Who computes: "onnxruntime 1.31.1", "limbic (burn flex)".
    fn runtime(&self) -> String;
}

/// A network that can say how its logits depend on its input. ONNX Runtime cannot; limbic's own networks can.
pub trait Differentiable: Predictor {
    /// d logit[class] / d input for each of `n` inputs, same shape as `inputs`. Dropout is off.
    fn gradients(&self, inputs: &[f32], n: usize, class: usize) -> Vec<f32>;
    /// Grad-CAM's raw material (algorithms section 6): for each input the activations after the last
    /// convolution's ReLU weighted by the spatial mean of their gradients, summed over channels, ReLU; returned as
    /// `n` x height x width with that height and width. `None` for a network without convolutions.
    fn grad_cam(&self, inputs: &[f32], n: usize, class: usize) -> Option<(Vec<f32>, usize, usize)>;
}
