//! Layers that a plain sequence does not need: batch normalisation that learns, convolutions over a third dimension,
//! gates, attention, interpolation, branches.
//!
//! A third dimension is folded into the channels: maps [n, channels x depth, height, width], the depth running
//! fastest, so that joining channels joins them for every depth.

use super::layer::{Dense, MapLayer};
use super::network::Activation;
use super::parameters::{tensor, uniform, values};
use crate::signal::Seed;
use burn::tensor::ops::{AvgPoolOptions, ConvOptions};
use burn::tensor::{Tensor, activation, module};

/// Share of the running statistics that a training step keeps.
const KEPT: f32 = 0.9;
pub(super) const EPSILON: f32 = 1e-5;

/// Batch normalisation (Ioffe and Szegedy 2015): by the batch's own statistics in training, by running ones otherwise.
#[derive(Debug, Clone)]
pub struct BatchNorm {
    pub gamma: Tensor<1>,
    pub beta: Tensor<1>,
    /// Running mean and variance; state, not trained.
    pub mean: Tensor<1>,
    pub variance: Tensor<1>,
    /// How many values of each channel lie folded behind one another; 1 in two dimensions.
    pub depth: usize,
}

/// Weights [out, in, depth, height, width], bias [out]; the stride is 1 along the depth.
#[derive(Debug, Clone)]
pub struct Conv3d {
    pub weight: Tensor<5>,
    pub bias: Tensor<1>,
    pub depth: usize,
    pub stride: usize,
    /// Along depth, height, width; the same on both sides.
    pub padding: [usize; 3],
}

/// A factor between 0 and 1 for every place or every depth, from the means over everything else.
#[derive(Debug, Clone)]
pub struct Gate {
    pub dense: Dense,
    /// `None` = a factor a place; else a factor a depth of so many.
    pub depth: Option<usize>,
}

/// Dot-product attention among the places of one map, with one learned scale (queries, keys and values are the
/// channels of a place). Samples of a batch never meet.
#[derive(Debug, Clone)]
pub struct Attention {
    pub scale: Tensor<1>,
}

/// Values at electrodes [n, kinds, 1, electrodes] as interpolated maps [n, kinds, height, width]; constant weights.
#[derive(Debug, Clone)]
pub struct Spread {
    /// [electrodes, height x width].
    pub matrix: Tensor<2>,
    pub side: [usize; 2],
}

/// How branches come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Their channels one after another.
    Concat,
    /// Their sum.
    Sum,
}

/// What a training pass needs and leaves behind.
#[derive(Debug)]
pub struct Training {
    /// Of dropout.
    pub seed: Seed,
    /// Mean and variance of the batch at every batch normalisation, in the order of the layers.
    pub statistics: Vec<[Vec<f32>; 2]>,
}

impl Training {
    pub fn new(seed: Seed) -> Training {
        Training { seed, statistics: Vec::new() }
    }
}

impl BatchNorm {
    pub fn init(channels: usize, depth: usize) -> BatchNorm {
        let filled = |value: f32| tensor(vec![value; channels], [channels]);
        BatchNorm { gamma: filled(1.0), beta: filled(0.0), mean: filled(0.0), variance: filled(1.0), depth }
    }

    pub fn apply(&self, x: Tensor<4>, training: &mut Option<&mut Training>) -> Tensor<4> {
        let ([n, folded, height, width], [channels]) = (x.dims(), self.gamma.dims());
        let shape = [1, channels, 1];
        let x = x.reshape([n, channels, self.depth * height * width]);
        let (mean, variance) = match training.as_deref_mut() {
            None => (self.mean.clone().reshape(shape), self.variance.clone().reshape(shape)),
            Some(training) => {
                let mean = x.clone().mean_dim(2).mean_dim(0);
                let off = x.clone() - mean.clone();
                let variance = (off.clone() * off).mean_dim(2).mean_dim(0);
                let kept = |t: &Tensor<3>| values(t.clone().without_autodiff());
                training.statistics.push([kept(&mean), kept(&variance)]);
                (mean, variance)
            }
        };
        let scale = self.gamma.clone().reshape(shape) / (variance + EPSILON).sqrt();
        let y = (x - mean) * scale + self.beta.clone().reshape(shape);
        y.reshape([n, folded, height, width])
    }

    /// Running statistics after a batch with these.
    pub fn absorb(&mut self, [mean, variance]: &[Vec<f32>; 2]) {
        let mix = |old: &Tensor<1>, new: &[f32]| {
            let mixed: Vec<f32> = values(old.clone()).iter().zip(new).map(|(o, n)| KEPT * o + (1.0 - KEPT) * n).collect();
            let length = mixed.len();
            tensor(mixed, [length]).to_device(&old.device())
        };
        (self.mean, self.variance) = (mix(&self.mean, mean), mix(&self.variance, variance));
    }
}

impl Conv3d {
    /// Kernel and zero padding that keep the size at stride 1 (odd kernels), weights uniform in +-1/sqrt(fan-in).
    pub fn init(inputs: usize, outputs: usize, kernel: [usize; 3], depth: usize, seed: &mut Seed) -> Conv3d {
        let bound = 1.0 / ((inputs * kernel.iter().product::<usize>()).max(1) as f64).sqrt();
        let shape = [outputs, inputs, kernel[0], kernel[1], kernel[2]];
        Conv3d {
            weight: uniform(shape, bound, seed),
            bias: uniform([outputs], bound, seed),
            depth,
            stride: 1,
            padding: kernel.map(|k| k / 2),
        }
    }

    /// Depth, height and width behind the layer.
    pub fn sides(&self, height: usize, width: usize) -> Option<[usize; 3]> {
        let [_, _, deep, high, wide] = self.weight.dims();
        let side = |side: usize, kernel: usize, padding: usize, stride: usize| {
            Some((side + 2 * padding).checked_sub(kernel)? / stride.max(1) + 1)
        };
        let [a, b, c] = self.padding;
        Some([side(self.depth, deep, a, 1)?, side(height, high, b, self.stride)?, side(width, wide, c, self.stride)?])
    }

    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let [n, folded, height, width] = x.dims();
        let x = x.reshape([n, folded / self.depth, self.depth, height, width]);
        let options = ConvOptions::new([1, self.stride, self.stride], self.padding, [1; 3], 1);
        let y = module::conv3d(x, self.weight.clone(), Some(self.bias.clone()), options);
        let [_, channels, depth, height, width] = y.dims();
        y.reshape([n, channels * depth, height, width])
    }
}

impl Gate {
    pub fn init(values: usize, depth: Option<usize>, seed: &mut Seed) -> Gate {
        Gate { dense: Dense::init(values, values, seed), depth }
    }

    fn apply(&self, x: Tensor<4>, act: &impl Activation) -> Tensor<4> {
        let [n, folded, height, width] = x.dims();
        let depth = self.depth.unwrap_or(1);
        let x = x.reshape([n, folded / depth, depth, height * width]);
        let means: Tensor<2> = match self.depth {
            None => x.clone().mean_dim(1).reshape([n, height * width]),
            Some(_) => x.clone().mean_dim(3).mean_dim(1).reshape([n, depth]),
        };
        let factors = module::linear(means, self.dense.weight.clone(), Some(self.dense.bias.clone()));
        let factors = act.curve(super::layer::Curve::Sigmoid, factors);
        let shape = if self.depth.is_some() { [n, 1, depth, 1] } else { [n, 1, 1, height * width] };
        (x * factors.reshape(shape)).reshape([n, folded, height, width])
    }
}

impl Attention {
    pub fn init() -> Attention {
        Attention { scale: tensor(vec![1.0], [1]) }
    }

    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let [n, channels, height, width] = x.dims();
        let columns = x.reshape([n, channels, height * width]);
        let tokens = columns.clone().swap_dims(1, 2);
        let scores = tokens.clone().matmul(columns) * self.scale.clone().reshape([1, 1, 1]);
        let mixed = activation::softmax(scores, 2).matmul(tokens);
        mixed.swap_dims(1, 2).reshape([n, channels, height, width])
    }
}

impl Spread {
    fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let ([n, kinds, _, electrodes], [height, width]) = (x.dims(), self.side);
        let maps = x.reshape([n * kinds, electrodes]).matmul(self.matrix.clone());
        maps.reshape([n, kinds, height, width])
    }
}

impl MapLayer {
    /// What the kinds of this file make of `x`; `x` itself for the others, which [`super::network`] knows.
    pub(super) fn apply_block(&self, x: Tensor<4>, act: &impl Activation, training: &mut Option<&mut Training>) -> Tensor<4> {
        match self {
            MapLayer::BatchNorm(norm) => norm.apply(x, training),
            MapLayer::Conv3d(conv) => conv.apply(x),
            MapLayer::Gate(gate) => gate.apply(x, act),
            MapLayer::Attention(attention) => attention.apply(x),
            MapLayer::Spread(spread) => spread.apply(x),
            MapLayer::Take { from, count } => x.narrow(1, *from, *count),
            MapLayer::PoolDepth { depth, size, mean } => {
                let [n, folded, height, width] = x.dims();
                let x = x.reshape([n, folded / depth, *depth, height * width]);
                let window = [*size, 1];
                let y = match mean {
                    true => module::avg_pool2d(x, AvgPoolOptions::new(window).with_stride(window)),
                    false => act.max_pool(x, window, window),
                };
                y.reshape([n, folded / depth * (depth / size), height, width])
            }
            MapLayer::Branches { parts, join } => {
                let mut answers = Vec::with_capacity(parts.len());
                for part in parts {
                    answers.push(super::network::apply(part, x.clone(), act, training));
                }
                match join {
                    Join::Concat => Tensor::cat(answers, 1),
                    Join::Sum => answers.into_iter().reduce(|a, b| a + b).unwrap_or(x),
                }
            }
            _ => x,
        }
    }

    /// [channels, height, width] behind the kinds of this file.
    pub(super) fn block_shape(&self, [channels, height, width]: [usize; 3]) -> Result<[usize; 3], String> {
        let folded = |depth: usize, own: usize| match depth > 0 && own * depth == channels {
            true => Ok(()),
            false => Err(format!("{channels} channels arrive where {own} x {depth} are wanted")),
        };
        match self {
            MapLayer::BatchNorm(norm) => folded(norm.depth, norm.gamma.dims()[0]).map(|()| [channels, height, width]),
            MapLayer::Conv3d(conv) => {
                folded(conv.depth, conv.weight.dims()[1])?;
                let [depth, height, width] =
                    conv.sides(height, width).ok_or_else(|| format!("its kernel has no place on {height} x {width}"))?;
                Ok([conv.weight.dims()[0] * depth, height, width])
            }
            MapLayer::Gate(gate) => {
                let (wanted, depth) = (gate.dense.weight.dims()[0], gate.depth.unwrap_or(1));
                folded(depth, channels / depth.max(1))?;
                let have = gate.depth.unwrap_or(height * width);
                if wanted == have { Ok([channels, height, width]) } else { Err(format!("{have} means arrive, it has {wanted}")) }
            }
            MapLayer::Spread(spread) => match spread.matrix.dims()[0] == width && height == 1 {
                true => Ok([channels, spread.side[0], spread.side[1]]),
                false => Err(format!("values at {width} electrodes arrive, it has {}", spread.matrix.dims()[0])),
            },
            MapLayer::Take { from, count } if from + count <= channels => Ok([*count, height, width]),
            MapLayer::Take { from, count } => Err(format!("{channels} channels have no {from} to {}", from + count)),
            MapLayer::PoolDepth { depth, size, .. } => {
                folded(*depth, channels / (*depth).max(1))?;
                if *size == 0 || size > depth {
                    return Err(format!("a window of {size} has no place on a depth of {depth}"));
                }
                Ok([channels / depth * (depth / size), height, width])
            }
            MapLayer::Branches { parts, join } => {
                let mut shapes = Vec::new();
                for part in parts {
                    let start = Ok([channels, height, width]);
                    shapes.push(part.iter().fold(start, |shape, layer| shape.and_then(|s| layer.output_shape(s)))?);
                }
                let first = shapes.first().copied().unwrap_or([channels, height, width]);
                let alike = shapes.iter().all(|s| s[1..] == first[1..] && (*join == Join::Concat || s[0] == first[0]));
                let total = if *join == Join::Concat { shapes.iter().map(|s| s[0]).sum() } else { first[0] };
                if alike { Ok([total, first[1], first[2]]) } else { Err(format!("its branches make {shapes:?}")) }
            }
            _ => Ok([channels, height, width]),
        }
    }
}
