//! Layers on rows, which stand as [value][sample]: dense layers, ReLU, dropout.

use super::super::adam::Target;
use super::super::network::{Curve, RowLayer};
use crate::signal::Seed;
use limbic_lanes::plain;
use limbic_lanes::product::{Left, Packed, add};
use rayon::prelude::*;

/// Inputs of a dense layer whose sums one task adds up.
const PART: usize = 1024;
/// Inputs whose weights stay in a core's cache while they are used.
const CHUNK: usize = 128;
/// Inputs whose gradients are made, and whose weights are moved, by one task.
const BLOCK: usize = 48;

/// Values that one task goes over.
pub(super) const STRETCH: usize = 1 << 14;

/// A layer on rows, and what its way back needs.
#[derive(Debug)]
pub(super) enum Row {
    Dense { index: usize, inputs: usize, outputs: usize, x: Vec<f32> },
    Relu { y: Vec<f32> },
    Dropout { probability: f64, mask: Vec<f32> },
}

impl Row {
    /// The layer, whose parameters (if any) begin with number `index`; `None` for one of another kind.
    pub fn of(layer: &RowLayer, index: usize) -> Option<Row> {
        match layer {
            RowLayer::Dense(dense) => {
                let [inputs, outputs] = dense.weight.dims();
                Some(Row::Dense { index, inputs, outputs, x: Vec::new() })
            }
            RowLayer::Relu | RowLayer::Curve(Curve::Relu) => Some(Row::Relu { y: Vec::new() }),
            RowLayer::Dropout(probability) => Some(Row::Dropout { probability: *probability, mask: Vec::new() }),
            RowLayer::Curve(_) | RowLayer::Norm(_) => None,
        }
    }

    /// Number of its first parameter.
    pub fn index(&self) -> Option<usize> {
        if let Row::Dense { index, .. } = self { Some(*index) } else { None }
    }

    /// Of rows `x` of `n` samples.
    pub fn forward(&mut self, mut x: Vec<f32>, n: usize, dropout: Option<&mut Seed>, targets: &[Option<Target<'_>>]) -> Vec<f32> {
        match self {
            Row::Dense { index, inputs, outputs, x: kept } => {
                let (weights, bias) = (weights(targets, *index), weights(targets, *index + 1));
                let y = sums(&x, weights, bias, [*inputs, *outputs, n]);
                *kept = x;
                y
            }
            Row::Relu { y } => {
                x.par_chunks_mut(STRETCH).for_each(plain::relu);
                y.clone_from(&x);
                x
            }
            Row::Dropout { probability, mask } => {
                mask.clear();
                if let (Some(seed), true) = (dropout, *probability > 0.0) {
                    draw(mask, x.len(), *probability, seed);
                    times(&mut x, mask);
                }
                x
            }
        }
    }

    /// The gradient at the layer's input from that at its output (empty unless `wanted`); parameters get theirs.
    pub fn backward(&mut self, mut dy: Vec<f32>, n: usize, wanted: bool, targets: &mut [Option<Target<'_>>]) -> Vec<f32> {
        match self {
            Row::Dense { index, outputs, x, .. } => {
                let bias: Vec<f32> = dy.chunks_exact(n.max(1)).map(|row| row.iter().sum()).collect();
                let dx = match targets[*index].take() {
                    Some(target) => back(target, x, &dy, [*outputs, n], wanted),
                    None => Vec::new(),
                };
                targets[*index + 1].iter_mut().for_each(|target| target.take(&bias));
                dx
            }
            Row::Relu { y } => {
                dy.par_chunks_mut(STRETCH).zip(y.par_chunks(STRETCH)).for_each(|(dy, y)| plain::gate(dy, y));
                dy
            }
            Row::Dropout { mask, .. } => {
                if !mask.is_empty() {
                    times(&mut dy, mask);
                }
                dy
            }
        }
    }
}

/// Values of a parameter that nobody has taken yet.
pub(super) fn weights<'a>(targets: &'a [Option<Target<'_>>], index: usize) -> &'a [f32] {
    targets.get(index).and_then(Option::as_ref).map_or(&[], Target::weights)
}

fn times(values: &mut [f32], mask: &[f32]) {
    values.par_chunks_mut(STRETCH).zip(mask.par_chunks(STRETCH)).for_each(|(values, mask)| plain::times(values, mask));
}

/// Inverted dropout: 0 with probability `p` (to 2^-16), else 1 / (1 - p). Four draws share one word, and every stretch of
/// values has words of its own.
fn draw(mask: &mut Vec<f32>, count: usize, p: f64, seed: &mut Seed) {
    let threshold = (p.min(1.0) * 65536.0).round() as u64;
    let scale = if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 };
    let pass = Seed::new(seed.bits());
    mask.resize(count, 0.0);
    mask.par_chunks_mut(STRETCH).enumerate().for_each(|(stretch, mask)| {
        let mut words = pass.fork(&stretch.to_string());
        for four in mask.chunks_mut(4) {
            let mut word = words.bits();
            for value in four {
                *value = if word & 0xFFFF < threshold { 0.0 } else { scale };
                word >>= 16;
            }
        }
    });
}

/// y [output][sample] of x [input][sample] and weights [input][output].
fn sums(x: &[f32], weights: &[f32], bias: &[f32], [inputs, outputs, n]: [usize; 3]) -> Vec<f32> {
    let part = |(x, weights): (&[f32], &[f32])| {
        let (mut sums, mut packed) = (vec![0.0; n * outputs], Packed::default());
        for (x, weights) in x.chunks(CHUNK * n).zip(weights.chunks(CHUNK * outputs)) {
            packed.fill(weights, weights.len() / outputs, outputs, outputs);
            add(n, Left { values: x, row: 1, term: n }, &packed, &mut sums, outputs);
        }
        sums
    };
    let parts: Vec<Vec<f32>> = match inputs > PART {
        true => x.par_chunks(PART * n).zip(weights.par_chunks(PART * outputs)).map(part).collect(),
        false => vec![part((x, weights))],
    };
    let mut all = bias.repeat(n);
    parts.iter().for_each(|part| plain::add_rows(&mut all, part));
    let mut y = vec![0.0; outputs * n];
    plain::turn(&all, [n, outputs], &mut y, [outputs, n]);
    y
}

/// dx [input][sample] of dy [output][sample], block by block of the weights, which get their gradient on the way.
fn back(target: Target<'_>, x: &[f32], dy: &[f32], [outputs, n]: [usize; 2], wanted: bool) -> Vec<f32> {
    let by_output = Packed::of(dy, outputs, n, n);
    let mut turned = vec![0.0; dy.len()];
    plain::turn(dy, [outputs, n], &mut turned, [n, outputs]);
    let by_sample = Packed::of(&turned, n, outputs, outputs);
    let mut dx = vec![0.0; if wanted { x.len() } else { 0 }];
    let mut places: Vec<&mut [f32]> = dx.chunks_mut(BLOCK * n).collect();
    places.resize_with(x.len().div_ceil(BLOCK * n), Default::default);
    let blocks = target.blocks(BLOCK * outputs).into_par_iter().zip(places).zip(x.par_chunks(BLOCK * n));
    blocks.for_each_init(Vec::new, |gradient, ((mut target, dx), x)| {
        let inputs = x.len() / n;
        if wanted {
            add(inputs, Left { values: target.weights(), row: outputs, term: 1 }, &by_output, dx, n);
        }
        gradient.clear();
        gradient.resize(inputs * outputs, 0.0);
        add(inputs, Left { values: x, row: n, term: 1 }, &by_sample, gradient, outputs);
        target.take(gradient);
    });
    dx
}
