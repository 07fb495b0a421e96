//! A network as a list of layers over burn tensors: first layers on maps [n, channels, height, width], then, after
//! flattening, layers on rows [n, features]. The two lists have their own types, so a dense layer cannot meet a map.
//!
//! Randomness (initial weights, dropout) comes from [`Seed`] and not from burn, whose generator is shared by all
//! threads: a network is then the same function of its seed whatever else runs.

use crate::signal::Seed;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions, PadMode};
use burn::tensor::{Device, Tensor, TensorData, module};
use std::sync::{Arc, OnceLock};

pub use super::blocks::Training;
pub use super::layer::{Attention, BatchNorm, Conv2d, Conv3d, Curve, Dense, Gate, Join, MapLayer, Norm, RowLayer, Spread};
use super::walk::Plan;

/// Layers that do not fit each other.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    #[error("layer {layer} ({kind}) of network \"{network}\" does not fit: {why}")]
    Layer { network: String, layer: usize, kind: &'static str, why: String },
    #[error("network \"{0}\" does not end with a dense layer, so it has no classes")]
    NoClasses(String),
}

/// A feed-forward network whose output is logits. Made by [`Network::new`], which checks that the layers fit.
#[derive(Debug, Clone)]
pub struct Network {
    /// Name and size, as in the card: "seed-a-cnn hidden=512".
    pub name: String,
    input_shape: [usize; 3],
    classes: usize,
    pub(super) maps: Vec<MapLayer>,
    pub(super) rows: Vec<RowLayer>,
    /// Parameters by index that every step of training brings back to their limit.
    pub(super) limits: Vec<(usize, Limit)>,
    /// Weights in the order that walks want them; made at the first walk, dropped when a parameter changes.
    pub(super) plan: OnceLock<Option<Arc<Plan>>>,
}

/// What a parameter must keep to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// All values 0: a layer without a bias.
    Zero,
    /// The weights that make one output have at most this Euclidean norm.
    Norm(f32),
}

/// The non-linearities of a forward pass. Explainers put their own in their place and so change the backward rule
/// without writing the network twice.
pub trait Activation {
    fn curve<const D: usize>(&self, curve: Curve, z: Tensor<D>) -> Tensor<D>;
    fn max_pool(&self, z: Tensor<4>, size: [usize; 2], stride: [usize; 2]) -> Tensor<4>;
}

/// The functions themselves.
pub struct Plain;

impl Activation for Plain {
    fn curve<const D: usize>(&self, curve: Curve, z: Tensor<D>) -> Tensor<D> {
        curve.of(z)
    }

    fn max_pool(&self, z: Tensor<4>, size: [usize; 2], stride: [usize; 2]) -> Tensor<4> {
        module::max_pool2d(z, MaxPoolOptions::new(size).with_stride(stride))
    }
}

impl Network {
    /// A network for inputs [channels, height, width].
    ///
    /// # Errors
    /// Layers whose shapes do not fit, named by position; a network without a dense layer at its end.
    pub fn new(name: &str, input_shape: [usize; 3], maps: Vec<MapLayer>, rows: Vec<RowLayer>) -> Result<Self, NetworkError> {
        let fail = |layer: usize, kind, why| NetworkError::Layer { network: name.into(), layer, kind, why };
        let mut shape = input_shape;
        for (i, layer) in maps.iter().enumerate() {
            shape = layer.output_shape(shape).map_err(|why| fail(i, layer.kind(), why))?;
        }
        let mut features = shape.iter().product::<usize>();
        for (i, layer) in rows.iter().enumerate() {
            if let RowLayer::Norm(norm) = layer
                && norm.channels() != Some(features)
            {
                return Err(fail(
                    maps.len() + i,
                    "batch norm",
                    format!("{features} values arrive, it has {:?}", norm.scale.dims()),
                ));
            }
            if let RowLayer::Dense(dense) = layer {
                let [inputs, outputs] = dense.weight.dims();
                if inputs != features || dense.bias.dims() != [outputs] {
                    let why =
                        format!("{features} values arrive, weights are {inputs} x {outputs}, bias {}", dense.bias.dims()[0]);
                    return Err(fail(maps.len() + i, "dense", why));
                }
                features = outputs;
            }
        }
        if !matches!(rows.last(), Some(RowLayer::Dense(_))) || features == 0 {
            return Err(NetworkError::NoClasses(name.into()));
        }
        Ok(Network { name: name.into(), input_shape, classes: features, maps, rows, limits: Vec::new(), plan: OnceLock::new() })
    }

    /// [channels, height, width].
    pub fn input_shape(&self) -> [usize; 3] {
        self.input_shape
    }

    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How many numbers training may change.
    pub fn parameter_count(&self) -> usize {
        let zero = |index: usize| self.limits.contains(&(index, Limit::Zero));
        let parameters = self.parameters();
        let free = parameters.iter().enumerate().filter(|(i, p)| p.trained && !zero(*i));
        free.map(|(_, p)| p.shape().iter().product::<usize>()).sum()
    }

    /// Where Grad-CAM cuts: the number of map layers up to the last convolution and what follows it value by value
    /// (batch norm, ReLU or another curve); `None` without a convolution.
    pub(super) fn cut(&self) -> Option<usize> {
        let last = self.maps.iter().rposition(|layer| matches!(layer, MapLayer::Conv2d(_)))?;
        let pointwise =
            |l: &&MapLayer| matches!(l, MapLayer::Relu | MapLayer::Curve(_) | MapLayer::Norm(_) | MapLayer::BatchNorm(_));
        Some(last + 1 + self.maps[last + 1..].iter().take_while(pointwise).count())
    }

    /// Map layers `range` applied to `x` [n, channels, height, width].
    pub(super) fn through_maps(&self, range: std::ops::Range<usize>, x: Tensor<4>, act: &impl Activation) -> Tensor<4> {
        apply(&self.maps[range], x, act, &mut None)
    }

    /// The map layers and the row layers.
    pub(super) fn layers(&self) -> (&[MapLayer], &[RowLayer]) {
        (&self.maps, &self.rows)
    }

    /// Flattens maps (channel, height, width) and applies the row layers: logits [n, classes]. Dropout acts only in a
    /// training pass.
    pub(super) fn through_rows(&self, x: Tensor<4>, act: &impl Activation, training: Option<&mut Training>) -> Tensor<2> {
        self.through_rows_from(0, x.flatten(1, 3), act, training)
    }

    /// Row layers from number `first` on, applied to `x` [n, features].
    pub(super) fn through_rows_from(
        &self,
        first: usize,
        x: Tensor<2>,
        act: &impl Activation,
        training: Option<&mut Training>,
    ) -> Tensor<2> {
        let mut training = training;
        self.rows[first..].iter().fold(x, |x, layer| match (layer, training.as_deref_mut()) {
            (RowLayer::Dense(dense), _) => module::linear(x, dense.weight.clone(), Some(dense.bias.clone())),
            (RowLayer::Relu, _) => act.curve(Curve::Relu, x),
            (RowLayer::Curve(curve), _) => act.curve(*curve, x),
            (RowLayer::Norm(norm), _) => norm.on_rows(x),
            (RowLayer::Dropout(p), Some(training)) if *p > 0.0 => {
                let [n, features] = x.dims();
                let mask = keep_mask(n * features, *p, &mut training.seed, &x.device());
                x * mask.reshape([n, features])
            }
            (RowLayer::Dropout(_), _) => x,
        })
    }

    /// Logits [n, classes] of `x` [n, channels, height, width].
    /// Batch statistics and dropout act only in a training pass.
    pub fn forward(&self, x: Tensor<4>, act: &impl Activation, training: Option<&mut Training>) -> Tensor<2> {
        let mut training = training;
        let maps = apply(&self.maps, x, act, &mut training);
        self.through_rows(maps, act, training)
    }

    /// Inputs as a tensor [n, channels, height, width]. `inputs` must hold `n` of them.
    pub(super) fn batch(&self, inputs: Vec<f32>, n: usize) -> Tensor<4> {
        self.batch_on(inputs, n, &Device::flex())
    }

    /// As [`Network::batch`], on that device.
    pub(super) fn batch_on(&self, inputs: Vec<f32>, n: usize, device: &Device) -> Tensor<4> {
        let [c, h, w] = self.input_shape;
        Tensor::from_data(TensorData::new(inputs, [n, c, h, w]), device)
    }
}

/// Map layers one after another on `x` [n, channels, height, width].
pub(super) fn apply(layers: &[MapLayer], x: Tensor<4>, act: &impl Activation, training: &mut Option<&mut Training>) -> Tensor<4> {
    layers.iter().fold(x, |x, layer| match layer {
        MapLayer::Conv2d(c) => {
            let options = ConvOptions::new(c.stride, c.padding, c.dilation, c.groups);
            module::conv2d(x, c.weight.clone(), Some(c.bias.clone()), options)
        }
        MapLayer::Relu => act.curve(Curve::Relu, x),
        MapLayer::Curve(curve) => act.curve(*curve, x),
        MapLayer::MaxPool2d { size, stride } => act.max_pool(x, *size, *stride),
        MapLayer::AvgPool2d { size, stride } => module::avg_pool2d(x, AvgPoolOptions::new(*size).with_stride(*stride)),
        MapLayer::Norm(norm) => norm.on_maps(x),
        MapLayer::Pad { sides: [top, left, bottom, right], value } => {
            x.pad((*left, *right, *top, *bottom), PadMode::Constant(*value))
        }
        MapLayer::Dropout(p) => match training.as_deref_mut() {
            Some(training) if *p > 0.0 => {
                let shape = x.dims();
                let mask = keep_mask(shape.iter().product(), *p, &mut training.seed, &x.device());
                x * mask.reshape(shape)
            }
            _ => x,
        },
        other => other.apply_block(x, act, training),
    })
}

/// Inverted dropout: 0 with probability `p` (to 2^-16), else 1 / (1 - p). Four draws share one word.
fn keep_mask(count: usize, p: f64, seed: &mut Seed, device: &Device) -> Tensor<1> {
    let threshold = (p.min(1.0) * 65536.0).round() as u64;
    let scale = if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 };
    let mut mask = vec![0.0f32; count];
    for four in mask.chunks_mut(4) {
        let mut word = seed.bits();
        for value in four {
            *value = if word & 0xFFFF < threshold { 0.0 } else { scale };
            word >>= 16;
        }
    }
    Tensor::from_data(TensorData::new(mask, [count]), &device.clone().without_autodiff())
}
