//! The layers that a network is made of, and what each makes of a shape.

pub use super::blocks::{Attention, BatchNorm, Conv3d, Gate, Join, Spread};
use burn::tensor::{Tensor, activation};

/// Weights [out, in / groups, height, width], bias [out].
#[derive(Debug, Clone)]
pub struct Conv2d {
    pub weight: Tensor<4>,
    pub bias: Tensor<1>,
    pub stride: [usize; 2],
    /// The same on both sides.
    pub padding: [usize; 2],
    pub dilation: [usize; 2],
    pub groups: usize,
}

/// Weights [in, out] (ONNX Gemm without transB), bias [out].
#[derive(Debug, Clone)]
pub struct Dense {
    pub weight: Tensor<2>,
    pub bias: Tensor<1>,
}

/// Batch normalisation with its statistics fixed: x * scale + shift for every channel or row value.
#[derive(Debug, Clone)]
pub struct Norm {
    pub scale: Tensor<1>,
    pub shift: Tensor<1>,
}

impl Norm {
    /// Number of channels or values, if scale and shift agree on it.
    pub fn channels(&self) -> Option<usize> {
        let [channels] = self.scale.dims();
        (self.shift.dims() == [channels]).then_some(channels)
    }

    pub(super) fn on_maps(&self, x: Tensor<4>) -> Tensor<4> {
        let channels = self.scale.dims()[0];
        x * self.scale.clone().reshape([1, channels, 1, 1]) + self.shift.clone().reshape([1, channels, 1, 1])
    }

    pub(super) fn on_rows(&self, x: Tensor<2>) -> Tensor<2> {
        let values = self.scale.dims()[0];
        x * self.scale.clone().reshape([1, values]) + self.shift.clone().reshape([1, values])
    }
}

/// A function applied to every value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// max(z, 0).
    Relu,
    LeakyRelu(f32),
    Elu(f32),
    Sigmoid,
    Tanh,
    Gelu,
    /// GELU by its tanh approximation.
    GeluTanh,
    Softplus,
}

impl Curve {
    /// The function of every value.
    pub fn of<const D: usize>(self, z: Tensor<D>) -> Tensor<D> {
        match self {
            Curve::Relu => activation::relu(z),
            Curve::LeakyRelu(slope) => activation::leaky_relu(z, f64::from(slope)),
            Curve::Elu(alpha) => activation::elu(z, f64::from(alpha)),
            Curve::Sigmoid => activation::sigmoid(z),
            Curve::Tanh => activation::tanh(z),
            Curve::Gelu => activation::gelu(z),
            Curve::GeluTanh => activation::gelu_approximate(z),
            Curve::Softplus => activation::softplus(z, 1.0),
        }
    }
}

/// A layer on maps.
#[derive(Debug, Clone)]
pub enum MapLayer {
    Conv2d(Box<Conv2d>),
    Relu,
    Curve(Curve),
    MaxPool2d {
        size: [usize; 2],
        stride: [usize; 2],
    },
    AvgPool2d {
        size: [usize; 2],
        stride: [usize; 2],
    },
    Norm(Box<Norm>),
    /// Rows and columns of one value around the map: top, left, bottom, right.
    Pad {
        sides: [usize; 4],
        value: f32,
    },
    /// As [`RowLayer::Dropout`].
    Dropout(f64),
    BatchNorm(Box<BatchNorm>),
    Conv3d(Box<Conv3d>),
    /// Mean or maximum of `size` neighbours along a folded depth; what does not fill a window is dropped.
    PoolDepth {
        depth: usize,
        size: usize,
        mean: bool,
    },
    Gate(Box<Gate>),
    Attention(Box<Attention>),
    Spread(Box<Spread>),
    /// Some of the channels.
    Take {
        from: usize,
        count: usize,
    },
    /// Several lists of layers on the same maps; an empty list passes them on.
    Branches {
        parts: Vec<Vec<MapLayer>>,
        join: Join,
    },
}

/// A layer on rows.
#[derive(Debug, Clone)]
pub enum RowLayer {
    /// Inverted dropout with this probability; the identity outside training.
    Dropout(f64),
    Dense(Box<Dense>),
    Relu,
    Curve(Curve),
    Norm(Box<Norm>),
}

impl From<Conv2d> for MapLayer {
    fn from(conv: Conv2d) -> Self {
        MapLayer::Conv2d(Box::new(conv))
    }
}

impl From<BatchNorm> for MapLayer {
    fn from(norm: BatchNorm) -> Self {
        MapLayer::BatchNorm(Box::new(norm))
    }
}

impl From<Conv3d> for MapLayer {
    fn from(conv: Conv3d) -> Self {
        MapLayer::Conv3d(Box::new(conv))
    }
}

impl From<Gate> for MapLayer {
    fn from(gate: Gate) -> Self {
        MapLayer::Gate(Box::new(gate))
    }
}

impl From<Dense> for RowLayer {
    fn from(dense: Dense) -> Self {
        RowLayer::Dense(Box::new(dense))
    }
}

impl MapLayer {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            MapLayer::Conv2d(_) => "convolution",
            MapLayer::Relu => "ReLU",
            MapLayer::Curve(_) => "activation",
            MapLayer::MaxPool2d { .. } => "max-pool",
            MapLayer::AvgPool2d { .. } => "average pool",
            MapLayer::Norm(_) => "batch norm",
            MapLayer::Pad { .. } => "padding",
            MapLayer::Dropout(_) => "dropout",
            MapLayer::BatchNorm(_) => "batch norm",
            MapLayer::Conv3d(_) => "3-D convolution",
            MapLayer::PoolDepth { .. } => "depth pool",
            MapLayer::Gate(_) => "gate",
            MapLayer::Attention(_) => "attention",
            MapLayer::Spread(_) => "interpolation",
            MapLayer::Take { .. } => "choice of channels",
            MapLayer::Branches { .. } => "branches",
        }
    }

    /// [channels, height, width] behind the layer.
    pub(super) fn output_shape(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], String> {
        match self {
            MapLayer::Relu | MapLayer::Curve(_) | MapLayer::Dropout(_) | MapLayer::Attention(_) => Ok([channels, height, width]),
            MapLayer::Norm(norm) if norm.channels() == Some(channels) => Ok([channels, height, width]),
            MapLayer::Norm(norm) => Err(format!("{channels} channels arrive, it has {:?}", norm.scale.dims())),
            MapLayer::Pad { sides: [top, left, bottom, right], .. } => {
                Ok([channels, height + top + bottom, width + left + right])
            }
            MapLayer::MaxPool2d { size, stride } | MapLayer::AvgPool2d { size, stride } => {
                Ok([channels, output_side(height, size[0], stride[0], 0)?, output_side(width, size[1], stride[1], 0)?])
            }
            MapLayer::Conv2d(c) => {
                let [out, part, kh, kw] = c.weight.dims();
                if c.groups == 0 || part * c.groups != channels || out % c.groups.max(1) != 0 || c.bias.dims() != [out] {
                    return Err(format!("{channels} channels arrive, weights are {:?} in {} groups", c.weight.dims(), c.groups));
                }
                let reach = |side: usize, dilation: usize| if side == 0 || dilation == 0 { 0 } else { (side - 1) * dilation + 1 };
                let (kh, kw) = (reach(kh, c.dilation[0]), reach(kw, c.dilation[1]));
                Ok([out, output_side(height, kh, c.stride[0], c.padding[0])?, output_side(width, kw, c.stride[1], c.padding[1])?])
            }
            _ => self.block_shape([channels, height, width]),
        }
    }
}

fn output_side(side: usize, kernel: usize, stride: usize, padding: usize) -> Result<usize, String> {
    if kernel == 0 || stride == 0 || side + 2 * padding < kernel {
        return Err(format!("a window of {kernel} with stride {stride} has no place on a side of {side} padded by {padding}"));
    }
    Ok((side + 2 * padding - kernel) / stride + 1)
}
