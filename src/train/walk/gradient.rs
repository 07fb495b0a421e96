//! Gradients of sixteen inputs at once, for networks of convolutions and ReLUs: what a ReLU switched off in all sixteen
//! is left out of the sums, forwards and back. Inputs that follow each other on a path, as those of Integrated Gradients
//! do, share most of it.

use super::step::Step;
use super::{Plan, place_count};
use crate::train::network::{Curve, Network, Plain};
use crate::train::parameters::{tensor, values};
use limbic_lanes::{LANES, Lane, alive};
use rayon::prelude::*;

/// At most so many groups of sixteen go together: they share what is read of the first dense layer's weights.
const GROUPS: usize = 8;
/// Fewer inputs than this are not worth sixteen lanes.
const LEAST: usize = 8;

impl Network {
    /// d logit[class] / d input of each of `n` inputs; `None` where whole tensors serve better or are needed.
    pub(in crate::train) fn gradients_in_lanes(&self, inputs: &[f32], n: usize, class: usize) -> Option<Vec<f32>> {
        let plan = if n < LEAST { return None } else { self.plan()? };
        if !plan.steps.iter().all(|s| matches!(s, Step::Conv(_) | Step::Curve(Curve::Relu))) {
            return None;
        }
        let rows = inputs.get(..n * self.input_shape().iter().product::<usize>())?;
        let groups = n.div_ceil(LANES).div_ceil(rayon::current_num_threads().max(1)).clamp(1, GROUPS);
        let some = groups * LANES * (rows.len() / n);
        let parts: Option<Vec<Vec<f32>>> = rows.par_chunks(some).map(|rows| self.some_gradients(&plan, rows, class)).collect();
        Some(parts?.concat())
    }

    fn some_gradients(&self, plan: &Plan, rows: &[f32], class: usize) -> Option<Vec<f32>> {
        let ([channels, height, width], area) = (self.input_shape(), place_count(self.input_shape()));
        let length = channels * height * width;
        // Per group, the map before the first step and after each.
        let groups: Vec<Vec<Vec<Lane>>> =
            rows.chunks(LANES * length).map(|rows| forward(plan, alive::of_rows(rows, channels, area))).collect();
        let last: Vec<&[Lane]> = groups.iter().map(|maps| maps.last().map_or(&[][..], Vec::as_slice)).collect();
        let at_sums = self.tail_gradients(plan, &plan.head.through(&last), class)?;
        let mut gradients = plan.head.gradient(&at_sums);
        for (gradient, maps) in gradients.iter_mut().zip(&groups) {
            for (i, step) in plan.steps.iter().enumerate().rev() {
                match step {
                    Step::Conv(kernel) => *gradient = kernel.gradient(gradient),
                    _ => alive::gate(gradient, &maps[i + 1]),
                }
            }
        }
        let counts = rows.chunks(LANES * length).map(|rows| rows.len() / length);
        Some(gradients.iter().zip(counts).flat_map(|(g, n)| alive::to_rows(g, channels, area, n)).collect())
    }

    /// The gradient at the first dense layer's sums, by the row layers behind it.
    fn tail_gradients(&self, plan: &Plan, sums: &[Vec<Lane>], class: usize) -> Option<Vec<Vec<Lane>>> {
        let units = plan.head.units();
        let rows: Vec<f32> = sums.iter().flat_map(|s| alive::to_rows(s, units, 1, LANES)).collect();
        let n = rows.len() / units.max(1);
        let tracked = tensor(rows, [n, units]).autodiff().require_grad();
        let logits = self.through_rows_from(plan.tail, tracked.clone(), &Plain, None);
        let mut gradients = logits.slice([0..n, class..class + 1]).sum().backward();
        // Where the dense layer is the last one, its sums are the logits.
        let gradients = values(tracked.grad_remove(&mut gradients)?);
        Some(gradients.chunks(LANES * units).map(|rows| alive::of_rows(rows, units, 1)).collect())
    }
}

/// The maps before the first step and after each; a ReLU's input is left empty, since its output says enough.
fn forward(plan: &Plan, input: Vec<Lane>) -> Vec<Vec<Lane>> {
    let mut maps = vec![input];
    for step in &plan.steps {
        let before = maps.last_mut();
        let next = match (step, before) {
            (Step::Conv(kernel), Some(before)) => kernel.through(before),
            (_, Some(before)) => {
                let mut bent = std::mem::take(before);
                alive::relu(&mut bent);
                bent
            }
            (_, None) => Vec::new(),
        };
        maps.push(next);
    }
    maps
}
