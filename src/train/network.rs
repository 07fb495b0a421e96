//! A network as a list of layers over burn tensors: first layers on maps [n, channels, height, width], then, after
//! flattening, layers on rows [n, features]. The two lists have their own types, so a dense layer cannot meet a map.
//!
//! Randomness (initial weights, dropout) comes from [`Seed`] and not from burn, whose generator is shared by all
//! threads: a network is then the same function of its seed whatever else runs.

use crate::signal::Seed;
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData, activation, module};

/// Weights [out, in / groups, height, width], bias [out].
#[derive(Debug, Clone)]
pub struct Conv2d {
    pub weight: Tensor<4>,
    pub bias: Tensor<1>,
    pub stride: [usize; 2],
    /// The same on both sides.
    pub padding: [usize; 2],
    pub groups: usize,
}

/// Weights [in, out] (ONNX Gemm without transB), bias [out].
#[derive(Debug, Clone)]
pub struct Dense {
    pub weight: Tensor<2>,
    pub bias: Tensor<1>,
}

/// A layer on maps.
#[derive(Debug, Clone)]
pub enum MapLayer {
    Conv2d(Box<Conv2d>),
    Relu,
    MaxPool2d { size: [usize; 2], stride: [usize; 2] },
}

/// A layer on rows.
#[derive(Debug, Clone)]
pub enum RowLayer {
    /// Inverted dropout with this probability; the identity outside training.
    Dropout(f64),
    Dense(Box<Dense>),
    Relu,
}

impl From<Conv2d> for MapLayer {
    fn from(conv: Conv2d) -> Self {
        MapLayer::Conv2d(Box::new(conv))
    }
}

impl From<Dense> for RowLayer {
    fn from(dense: Dense) -> Self {
        RowLayer::Dense(Box::new(dense))
    }
}

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
}

/// The non-linearity of a forward pass. Explainers put their own in its place and so change the backward rule
/// without writing the network twice.
pub trait Activation {
    fn relu<const D: usize>(&self, z: Tensor<D>) -> Tensor<D>;
}

/// max(z, 0).
pub struct Plain;

impl Activation for Plain {
    fn relu<const D: usize>(&self, z: Tensor<D>) -> Tensor<D> {
        activation::relu(z)
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
        Ok(Network { name: name.into(), input_shape, classes: features, maps, rows })
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
        self.parameters().iter().map(|p| p.shape().iter().product::<usize>()).sum()
    }

    /// Where Grad-CAM cuts: the number of map layers up to the last convolution and the ReLU behind it; `None`
    /// without a convolution.
    pub(super) fn cut(&self) -> Option<usize> {
        let last = self.maps.iter().rposition(|layer| matches!(layer, MapLayer::Conv2d(_)))?;
        Some(last + 1 + usize::from(matches!(self.maps.get(last + 1), Some(MapLayer::Relu))))
    }

    /// Map layers `range` applied to `x` [n, channels, height, width].
    pub(super) fn through_maps(&self, range: std::ops::Range<usize>, x: Tensor<4>, act: &impl Activation) -> Tensor<4> {
        self.maps[range].iter().fold(x, |x, layer| match layer {
            MapLayer::Conv2d(c) => {
                let options = ConvOptions::new(c.stride, c.padding, [1, 1], c.groups);
                module::conv2d(x, c.weight.clone(), Some(c.bias.clone()), options)
            }
            MapLayer::Relu => act.relu(x),
            MapLayer::MaxPool2d { size, stride } => module::max_pool2d(x, MaxPoolOptions::new(*size).with_stride(*stride)),
        })
    }

    /// Flattens maps (channel, height, width) and applies the row layers: logits [n, classes]. Dropout acts only
    /// where its seed is given.
    pub(super) fn through_rows(&self, x: Tensor<4>, act: &impl Activation, dropout: Option<&mut Seed>) -> Tensor<2> {
        let mut dropout = dropout;
        self.rows.iter().fold(x.flatten(1, 3), |x, layer| match (layer, dropout.as_deref_mut()) {
            (RowLayer::Dense(dense), _) => module::linear(x, dense.weight.clone(), Some(dense.bias.clone())),
            (RowLayer::Relu, _) => act.relu(x),
            (RowLayer::Dropout(p), Some(seed)) if *p > 0.0 => {
                let mask = keep_mask(x.dims(), *p, seed);
                x * mask
            }
            (RowLayer::Dropout(_), _) => x,
        })
    }

    /// Logits [n, classes] of `x` [n, channels, height, width].
    pub fn forward(&self, x: Tensor<4>, act: &impl Activation, dropout: Option<&mut Seed>) -> Tensor<2> {
        let maps = self.through_maps(0..self.maps.len(), x, act);
        self.through_rows(maps, act, dropout)
    }

    /// Inputs as a tensor [n, channels, height, width]. `inputs` must hold `n` of them.
    pub(super) fn batch(&self, inputs: Vec<f32>, n: usize) -> Tensor<4> {
        let [c, h, w] = self.input_shape;
        Tensor::from_data(TensorData::new(inputs, [n, c, h, w]), &Device::flex())
    }
}

impl MapLayer {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            MapLayer::Conv2d(_) => "convolution",
            MapLayer::Relu => "ReLU",
            MapLayer::MaxPool2d { .. } => "max-pool",
        }
    }

    fn output_shape(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], String> {
        match self {
            MapLayer::Relu => Ok([channels, height, width]),
            MapLayer::MaxPool2d { size, stride } => {
                Ok([channels, output_side(height, size[0], stride[0], 0)?, output_side(width, size[1], stride[1], 0)?])
            }
            MapLayer::Conv2d(c) => {
                let [out, part, kh, kw] = c.weight.dims();
                if c.groups == 0 || part * c.groups != channels || out % c.groups.max(1) != 0 || c.bias.dims() != [out] {
                    return Err(format!("{channels} channels arrive, weights are {:?} in {} groups", c.weight.dims(), c.groups));
                }
                Ok([out, output_side(height, kh, c.stride[0], c.padding[0])?, output_side(width, kw, c.stride[1], c.padding[1])?])
            }
        }
    }
}

fn output_side(side: usize, kernel: usize, stride: usize, padding: usize) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || side + 2 * padding < kernel {
        return Err(format!("a window of {kernel} with stride {stride} has no place on a side of {side} padded by {padding}"));
    }
    Ok((side + 2 * padding - kernel) / stride + 1)
}

/// Inverted dropout: 0 with probability `p` (to 2^-16), else 1 / (1 - p). Four draws share one word.
fn keep_mask([n, features]: [usize; 2], p: f64, seed: &mut Seed) -> Tensor<2> {
    let threshold = (p.min(1.0) * 65536.0).round() as u64;
    let scale = if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 };
    let mut mask = vec![0.0f32; n * features];
    for four in mask.chunks_mut(4) {
        let mut word = seed.bits();
        for value in four {
            *value = if word & 0xFFFF < threshold { 0.0 } else { scale };
            word >>= 16;
        }
    }
    Tensor::from_data(TensorData::new(mask, [n, features]), &Device::flex())
}
