//! Deletion and insertion without whole passes: a changed input value reaches only a patch of every feature map, so
//! only that patch is computed again, and the first dense layer's sums move by what its changed inputs add.
//!
//! One pixel behind two 3 x 3 convolutions reaches 25 of 484 positions: a step costs a twentieth of a pass. Maps are
//! kept as [sample, row, column, channel], so that the dense layer's weights of a patch's row stand together and one
//! matrix product serves every sample (the order of a walk is the same for all).

mod maps;
mod patch;
mod step;

use super::network::{MapLayer, Network, Plain, RowLayer};
use super::parameters::{tensor, values};
use super::{Predictor, Walk};
use burn::tensor::Tensor;
use maps::{Maps, Patch, Rect};
use rayon::prelude::*;
use std::sync::Arc;
use step::Step;

/// Samples that walk together: enough for a matrix product, few enough for the memory of their maps.
const TOGETHER: usize = 128;

/// A network arranged for walks.
#[derive(Debug)]
pub struct Plan {
    steps: Vec<Step>,
    /// Weights of the first dense layer, rows in the order of [`Maps`].
    dense: Tensor<2>,
    /// Row layers behind it.
    tail: usize,
}

/// The maps before the first layer and after each, and the first dense layer's sums [n, units].
struct State {
    maps: Vec<Maps>,
    sums: Vec<f32>,
}

impl Network {
    /// The plan of this network; `None` where only whole passes will do (grouped convolutions, something else than
    /// dropout between the maps and the first dense layer).
    fn plan(&self) -> Option<Arc<Plan>> {
        self.plan.get_or_init(|| self.arranged().map(Arc::new)).clone()
    }

    fn arranged(&self) -> Option<Plan> {
        let (layers, rows) = self.layers();
        let first = rows.iter().position(|row| !matches!(row, RowLayer::Dropout(_)))?;
        let RowLayer::Dense(dense) = &rows[first] else { return None };
        if !layers.iter().any(|l| matches!(l, MapLayer::Conv2d(_))) {
            return None;
        }
        let mut shape = self.input_shape();
        let mut steps = Vec::with_capacity(layers.len());
        for layer in layers {
            shape = layer.output_shape(shape).ok()?;
            steps.push(Step::of(layer, [shape[1], shape[2]])?);
        }
        let ([channels, height, width], units) = (shape, dense.weight.dims()[1]);
        let weights = dense.weight.clone().reshape([channels, height * width, units]).swap_dims(0, 1);
        // Read out and put back: a tensor whose rows stand one behind the other.
        let dense = tensor(values(weights), [height * width * channels, units]);
        Some(Plan { steps, dense, tail: first + 1 })
    }

    /// Logits at every point of the walk, n x points x classes.
    pub(super) fn walked(&self, walk: &Walk) -> Option<Vec<f32>> {
        let plan = self.plan()?;
        let len = self.input_len();
        if len == 0 || walk.starts.len() != walk.n * len || walk.goals.len() != walk.n * len {
            return None;
        }
        let share = walk.n.div_ceil(rayon::current_num_threads().max(1)).clamp(1, TOGETHER);
        let parts: Vec<Vec<f32>> = walk
            .starts
            .par_chunks(share * len)
            .zip(walk.goals.par_chunks(share * len))
            .map(|(starts, goals)| {
                let part = Walk { starts, goals, n: starts.len() / len, ..*walk };
                self.walk_part(&plan, &part)
            })
            .collect();
        Some(parts.concat())
    }

    fn walk_part(&self, plan: &Plan, walk: &Walk) -> Vec<f32> {
        let (n, classes) = (walk.n, Predictor::classes(self));
        let mut state = self.begin(plan, walk);
        let mut logits = vec![0.0; n * walk.points.len() * classes];
        let mut done = 0;
        for (at, &point) in walk.points.iter().enumerate() {
            for &position in walk.order.get(done..point).unwrap_or_default() {
                self.change(plan, &mut state, walk, position);
            }
            done = done.max(point);
            let units = state.sums.len() / n.max(1);
            let rows = self.through_rows_from(plan.tail, tensor(state.sums.clone(), [n, units]), &Plain, None);
            for (sample, answer) in values(rows).chunks(classes).enumerate() {
                let start = (sample * walk.points.len() + at) * classes;
                logits[start..start + classes].copy_from_slice(answer);
            }
        }
        logits
    }

    /// The state at the walk's start; computed once where all samples start alike.
    fn begin(&self, plan: &Plan, walk: &Walk) -> State {
        let len = self.input_len();
        let first = &walk.starts[..len];
        let alike = walk.starts.chunks(len).all(|start| start == first);
        let (rows, copies) = if alike { (1, walk.n) } else { (walk.n, 1) };
        let mut x = self.batch(walk.starts[..rows * len].to_vec(), rows);
        let mut maps = vec![Maps::of(&x, copies)];
        for i in 0..plan.steps.len() {
            x = self.through_maps(i..i + 1, x, &Plain);
            maps.push(Maps::of(&x, copies));
        }
        let (_, layers) = self.layers();
        let sums = match &layers[plan.tail - 1] {
            RowLayer::Dense(dense) => x.flatten(1, 3).matmul(dense.weight.clone()) + dense.bias.clone().unsqueeze(),
            // The plan puts its tail behind a dense layer.
            _ => x.flatten(1, 3),
        };
        State { maps, sums: values(sums).repeat(copies) }
    }

    /// Sets one input value of every sample to its goal and brings the state up to date.
    fn change(&self, plan: &Plan, state: &mut State, walk: &Walk, position: usize) {
        let [_, height, width] = self.input_shape();
        let (channel, row, column) = (position / (height * width), position / width % height, position % width);
        let mut patch = Patch::zeros(walk.n, Rect::pixel(row, column), state.maps[0].channels);
        let len = self.input_len();
        let mut changed = false;
        for sample in 0..walk.n {
            let goal = walk.goals[sample * len + position];
            let value = &mut state.maps[0].at(sample, row, column)[channel];
            let difference = goal - *value;
            *value = goal;
            changed |= difference != 0.0;
            let channels = patch.channels;
            patch.values[sample * channels + channel] = difference;
        }
        if !changed {
            return;
        }
        for (i, step) in plan.steps.iter().enumerate() {
            let (before, after) = state.maps.split_at_mut(i + 1);
            patch = step.update(&before[i], &patch, &mut after[0]);
            if patch.rect.is_empty() {
                return;
            }
        }
        let width = state.maps[plan.steps.len()].width;
        patch::add_product(patch, width, &plan.dense, &mut state.sums);
    }
}

#[cfg(test)]
mod tests;
