//! Layers on maps, which stand as [sample][row][column][channel]: convolutions, ReLU, pooling.

use super::super::adam::Target;
use super::super::network::{Curve, MapLayer};
use super::conv::Conv;
use super::rows::STRETCH;
use limbic_lanes::plain;
use rayon::prelude::*;

/// Samples or channels that are turned together.
const TOGETHER: usize = 16;

/// Maps of a batch, [sample][row][column][channel].
#[derive(Debug, Clone, Default)]
pub(super) struct Maps {
    pub values: Vec<f32>,
    pub n: usize,
    /// [channels, height, width].
    pub shape: [usize; 3],
}

impl Maps {
    /// Values of one sample.
    pub fn size(&self) -> usize {
        self.shape.iter().product::<usize>().max(1)
    }

    pub fn zeros(n: usize, shape: [usize; 3]) -> Maps {
        Maps { values: vec![0.0; n * shape.iter().product::<usize>()], n, shape }
    }

    /// Of inputs [sample][channel][row][column].
    pub fn of_inputs(inputs: Vec<f32>, n: usize, shape: [usize; 3]) -> Maps {
        let (channels, places) = (shape[0], shape[1] * shape[2]);
        let mut values = inputs;
        if channels > 1 {
            let size = (channels * places).max(1);
            let mut turned = vec![0.0; values.len()];
            turned.par_chunks_exact_mut(size).zip(values.par_chunks_exact(size)).for_each(|(to, from)| {
                plain::turn(from, [channels, places], to, [places, channels]);
            });
            values = turned;
        }
        Maps { values, n, shape }
    }

    /// As rows [channel, row, column][sample].
    pub fn turned(&self) -> Vec<f32> {
        let ([channels, height, width], n, size) = (self.shape, self.n, self.size());
        let places = height * width;
        let mut rows = vec![0.0; self.values.len()];
        rows.par_chunks_mut((TOGETHER * places * n).max(1)).enumerate().for_each(|(block, rows)| {
            let first = block * TOGETHER;
            let some = TOGETHER.min(channels - first);
            for place in 0..places {
                let from = &self.values[place * channels + first..];
                plain::turn(from, [n, some], &mut rows[place * n..], [size, places * n]);
            }
        });
        rows
    }

    /// The inverse of [`Maps::turned`].
    pub fn turned_back(rows: &[f32], n: usize, shape: [usize; 3]) -> Maps {
        let (mut maps, channels, places) = (Maps::zeros(n, shape), shape[0], shape[1] * shape[2]);
        let size = maps.size();
        maps.values.par_chunks_mut(TOGETHER * size).enumerate().for_each(|(block, maps)| {
            let (first, some) = (block * TOGETHER, maps.len() / size);
            for place in 0..places {
                let from = &rows[place * n + first..];
                plain::turn(from, [channels, some], &mut maps[place * channels..], [places * n, size]);
            }
        });
        maps
    }
}

/// A layer on maps, and what its way back needs.
#[derive(Debug)]
pub(super) enum Stage {
    Conv(Box<Conv>),
    Relu {
        shape: [usize; 3],
        y: Vec<f32>,
    },
    /// Windows side by side; `most` says which value of its window each output is.
    Pool {
        input: [usize; 3],
        output: [usize; 3],
        size: [usize; 2],
        most: Vec<u32>,
    },
}

impl Stage {
    /// The layer between maps of these shapes, whose parameters (if any) begin with number `index`; `None` for one of
    /// another kind.
    pub fn of(layer: &MapLayer, input: [usize; 3], output: [usize; 3], index: usize) -> Option<Stage> {
        match layer {
            MapLayer::Conv2d(conv) => Some(Stage::Conv(Box::new(Conv::of(conv, input, output, index)?))),
            MapLayer::Relu | MapLayer::Curve(Curve::Relu) => Some(Stage::Relu { shape: input, y: Vec::new() }),
            MapLayer::MaxPool2d { size, stride } if size == stride => {
                Some(Stage::Pool { input, output, size: *size, most: Vec::new() })
            }
            _ => None,
        }
    }

    /// [channels, height, width] of what it takes.
    pub fn input(&self) -> [usize; 3] {
        match self {
            Stage::Conv(conv) => conv.input,
            Stage::Relu { shape, .. } => *shape,
            Stage::Pool { input, .. } => *input,
        }
    }

    /// Number of its first parameter.
    pub fn index(&self) -> Option<usize> {
        if let Stage::Conv(conv) = self { Some(conv.index) } else { None }
    }

    pub fn forward(&mut self, mut x: Maps, targets: &[Option<Target<'_>>]) -> Maps {
        match self {
            Stage::Conv(conv) => conv.forward(&x, targets),
            Stage::Relu { y, .. } => {
                x.values.par_chunks_mut(STRETCH).for_each(plain::relu);
                y.clone_from(&x.values);
                x
            }
            Stage::Pool { output, size, most, .. } => pooled(&x, *output, *size, most),
        }
    }

    /// The gradient at the layer's input from that at its output (nothing unless `wanted`); parameters get theirs.
    pub fn backward(&mut self, mut dy: Maps, wanted: bool, targets: &mut [Option<Target<'_>>]) -> Maps {
        match self {
            Stage::Conv(conv) => conv.backward(&dy, wanted, targets),
            Stage::Relu { y, .. } => {
                dy.values.par_chunks_mut(STRETCH).zip(y.par_chunks(STRETCH)).for_each(|(dy, y)| plain::gate(dy, y));
                dy
            }
            Stage::Pool { input, most, .. } => {
                let (mut dx, length) = (Maps::zeros(dy.n, *input), dy.size());
                let (size, from) = (dx.size(), dy.values.par_chunks(length).zip(most.par_chunks(length)));
                dx.values.par_chunks_mut(size).zip(from).for_each(|(dx, (dy, most))| {
                    dy.iter().zip(most).for_each(|(g, place)| dx[*place as usize] += g);
                });
                dx
            }
        }
    }
}

/// The largest value of every window, and where in its sample it stands.
fn pooled(x: &Maps, output: [usize; 3], size: [usize; 2], most: &mut Vec<u32>) -> Maps {
    let mut y = Maps::zeros(x.n, output);
    let ([channels, _, width], length) = (x.shape, y.size());
    most.clear();
    most.resize(y.values.len(), 0);
    let to = y.values.par_chunks_mut(length).zip(most.par_chunks_mut(length));
    to.zip(x.values.par_chunks(x.size())).for_each(|(to, x)| plain::pool(x, [width, channels], size, output[2], to));
    y
}
