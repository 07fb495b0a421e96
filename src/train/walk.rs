//! A network arranged for sixteen inputs at a time: deletion and insertion without whole passes, and gradients.
//!
//! A changed input value reaches only a patch of every feature map, so only that patch is computed again, and the first
//! dense layer's sums move by what its changed inputs add. One pixel behind two 3 x 3 convolutions reaches 25 of 484
//! positions: a step costs a twentieth of a pass. The order of a walk is the same for all its samples, so that sixteen
//! of them go through the same sums side by side.

mod gradient;
mod step;

use super::network::{MapLayer, Network, Plain, RowLayer};
use super::parameters::{tensor, values};
use super::{Predictor, Walk};
use limbic_lanes::{Dense, LANES, Lane, Maps, Patch, Rect, alive};
use rayon::prelude::*;
use std::sync::Arc;
use step::Step;

/// Groups of sixteen samples that walk together: enough to share what is read of the dense layer's weights, few enough
/// for the memory of their maps.
const TOGETHER: usize = 8;

/// A network arranged for sixteen inputs at a time.
#[derive(Debug)]
pub struct Plan {
    steps: Vec<Step>,
    /// The first dense layer.
    head: Dense,
    /// Row layers up to and with it.
    tail: usize,
}

/// Of sixteen samples: the maps before the first layer and after each.
struct Group {
    maps: Vec<Maps>,
    samples: std::ops::Range<usize>,
}

fn place_count([_, height, width]: [usize; 3]) -> usize {
    height * width
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
            let input = [shape[1], shape[2]];
            shape = layer.output_shape(shape).ok()?;
            steps.push(Step::of(layer, input, [shape[1], shape[2]])?);
        }
        let (weight, bias) = (values(dense.weight.clone()), values(dense.bias.clone()));
        Some(Plan { steps, head: Dense::of(weight, bias, shape[0], place_count(shape)), tail: first + 1 })
    }

    /// Logits at every point of the walk, n x points x classes.
    pub(super) fn walked(&self, walk: &Walk) -> Option<Vec<f32>> {
        let plan = self.plan()?;
        let len = self.input_len();
        if len == 0 || walk.starts.len() != walk.n * len || walk.goals.len() != walk.n * len {
            return None;
        }
        let groups = walk.n.div_ceil(LANES);
        let share = groups.div_ceil(rayon::current_num_threads().max(1)).clamp(1, TOGETHER) * LANES;
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
        let (n, classes, units) = (walk.n, Predictor::classes(self), plan.head.units());
        let mut groups = self.begin(plan, walk);
        let last: Vec<&[Lane]> = groups.iter().map(|g| g.maps.last().map_or(&[][..], |m| m.values.as_slice())).collect();
        let mut sums = plan.head.through(&last);
        let mut logits = vec![0.0; n * walk.points.len() * classes];
        let mut done = 0;
        for (at, &point) in walk.points.iter().enumerate() {
            for &position in walk.order.get(done..point).unwrap_or_default() {
                self.change(plan, &mut groups, &mut sums, walk, position);
            }
            done = done.max(point);
            let each = groups.iter().zip(&sums).flat_map(|(g, s)| alive::to_rows(s, units, 1, g.samples.len()));
            let rows = self.through_rows_from(plan.tail, tensor(each.collect(), [n, units]), &Plain, None);
            for (sample, answer) in values(rows).chunks(classes).enumerate() {
                let start = (sample * walk.points.len() + at) * classes;
                logits[start..start + classes].copy_from_slice(answer);
            }
        }
        logits
    }

    /// The groups at the walk's start; computed once where all samples start alike.
    fn begin(&self, plan: &Plan, walk: &Walk) -> Vec<Group> {
        let len = self.input_len();
        let first = &walk.starts[..len];
        let alike = walk.starts.chunks(len).all(|start| start == first);
        let samples = |g: usize| g * LANES..((g + 1) * LANES).min(walk.n);
        let maps_of = |starts: &[f32]| {
            let mut x = self.batch(starts.to_vec(), starts.len() / len);
            let mut maps = vec![in_lanes(&x)];
            for i in 0..plan.steps.len() {
                x = self.through_maps(i..i + 1, x, &Plain);
                maps.push(in_lanes(&x));
            }
            maps
        };
        let groups = 0..walk.n.div_ceil(LANES);
        if alike {
            let maps = maps_of(first);
            return groups.map(|g| Group { maps: maps.clone(), samples: samples(g) }).collect();
        }
        let starts = |g: usize| &walk.starts[samples(g).start * len..samples(g).end * len];
        groups.map(|g| Group { maps: maps_of(starts(g)), samples: samples(g) }).collect()
    }

    /// Sets one input value of every sample to its goal and brings the groups and the dense layer's sums up to date.
    fn change(&self, plan: &Plan, groups: &mut [Group], sums: &mut [Vec<Lane>], walk: &Walk, position: usize) {
        let [_, height, width] = self.input_shape();
        let (channel, row, column) = (position / (height * width), position / width % height, position % width);
        let len = self.input_len();
        let patches = groups.iter_mut().map(|group| {
            let mut patch = Patch::zeros(Rect::pixel(row, column), group.maps[0].channels);
            let start = group.maps[0].start(row, column);
            let lane = &mut group.maps[0].values[start + channel];
            for (l, sample) in group.samples.clone().enumerate() {
                let goal = walk.goals[sample * len + position];
                patch.values[channel][l] = goal - lane[l];
                lane[l] = goal;
            }
            for (i, step) in plan.steps.iter().enumerate() {
                let (before, after) = group.maps.split_at_mut(i + 1);
                patch = step.update(&before[i], &patch, &mut after[0]);
                if patch.rect.is_empty() {
                    break;
                }
            }
            patch
        });
        let patches: Vec<Patch> = patches.collect();
        let width = groups.first().and_then(|g| g.maps.last()).map_or(0, |m| m.width);
        // Whether a patch is empty is a matter of its place, the same for all groups.
        if patches.iter().all(|p| !p.rect.is_empty()) {
            plan.head.change(&patches.iter().collect::<Vec<_>>(), width, sums);
        }
    }
}

/// At most sixteen inputs [n, channels, height, width]; the last one fills what is missing.
fn in_lanes(x: &burn::tensor::Tensor<4>) -> Maps {
    let [_, channels, height, width] = x.dims();
    Maps { values: alive::of_rows(&values(x.clone()), channels, height * width), width, channels }
}

#[cfg(test)]
mod tests;
