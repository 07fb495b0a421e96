//! A convolution of sixteen inputs at once: of whole maps, of their gradients, and of the changes of a patch.

use crate::{Alive, LANES, Lane, Panels, Patch, Rect, Term, Window};
use std::sync::OnceLock;

/// A convolution, arranged for sixteen inputs at once.
#[derive(Debug)]
pub struct Conv {
    /// Weights [kernel place x in, out].
    forward: Panels,
    /// Weights [kernel place x out, in]; made where a gradient is asked for.
    back: OnceLock<Panels>,
    /// [out, in, kernel places].
    weight: Vec<f32>,
    bias: Vec<f32>,
    window: Window,
    /// Height and width of the input.
    input: [usize; 2],
    inputs: usize,
}

impl Conv {
    /// Weights [out, in, kernel height, kernel width], a bias for each output, and the input's height and width; `window`
    /// says the rest, its size being the kernel's.
    pub fn of(weight: Vec<f32>, bias: Vec<f32>, window: Window, input: [usize; 2]) -> Self {
        let area = (window.size[0] * window.size[1]).max(1);
        let inputs = weight.len() / (bias.len() * area).max(1);
        let at = |row: usize, out: usize| weight[(out * inputs + row % inputs) * area + row / inputs];
        let forward = Panels::of(area * inputs, bias.len(), at);
        Conv { forward, back: OnceLock::new(), weight, bias, window, input, inputs }
    }

    fn outputs(&self) -> usize {
        self.bias.len()
    }

    fn back(&self) -> &Panels {
        self.back.get_or_init(|| {
            let (area, outputs) = (self.window.size[0] * self.window.size[1], self.outputs());
            let at = |row: usize, c: usize| self.weight[(row % outputs * self.inputs + c) * area + row / outputs];
            Panels::of(area * outputs, self.inputs, at)
        })
    }

    /// The output [place, out] of an input [place, in].
    pub fn through(&self, input: &[Lane]) -> Vec<Lane> {
        let (whole, window) = (Rect::whole(self.input), self.window);
        let mut sums: Vec<Lane> = Vec::with_capacity(window.output[0] * window.output[1] * self.outputs());
        for _ in 0..window.output[0] * window.output[1] {
            sums.extend(self.bias.iter().map(|b| [*b; LANES]));
        }
        let alive = Alive::of(input, self.inputs);
        gather(
            &self.forward,
            &alive,
            input,
            &Rect::whole(window.output),
            &mut sums,
            |place, k| {
                let (row, column) = window.looks_at(place, k)?;
                whole.index(row, column)
            },
            window,
        );
        sums
    }

    /// The gradient at the input [place, in] of one at the output [place, out].
    pub fn gradient(&self, output: &[Lane]) -> Vec<Lane> {
        let (whole, window) = (Rect::whole(self.window.output), self.window);
        let mut sums = vec![Lane::default(); self.input[0] * self.input[1] * self.inputs];
        let alive = Alive::of(output, self.outputs());
        gather(
            self.back(),
            &alive,
            output,
            &Rect::whole(self.input),
            &mut sums,
            |place, k| {
                let (row, column) = window.looked_at_from(place, k)?;
                whole.index(row, column)
            },
            window,
        );
        sums
    }

    /// The changes of the output that changes of the input make.
    pub fn changed(&self, changes: &Patch) -> Patch {
        let (from, window) = (changes.rect, self.window);
        let mut patch = Patch::zeros(window.reached(&from), self.outputs());
        let to = patch.rect;
        let alive = Alive::of(&changes.values, changes.channels);
        gather(
            &self.forward,
            &alive,
            &changes.values,
            &to,
            &mut patch.values,
            |place, k| {
                let (row, column) = window.looks_at(place, k)?;
                from.index(row, column)
            },
            window,
        );
        patch
    }
}

/// Adds to the sums at every place of `to` what it sees of `lanes`: `route` says where a place looks through a place of
/// the kernel.
fn gather(
    weights: &Panels,
    alive: &Alive,
    lanes: &[Lane],
    to: &Rect,
    sums: &mut [Lane],
    route: impl Fn([usize; 2], [usize; 2]) -> Option<usize>,
    window: Window,
) {
    let mut terms: Vec<Term> = Vec::with_capacity(weights.rows());
    for ((row, column), sums) in to.places().zip(sums.chunks_mut(weights.columns().max(1))) {
        terms.clear();
        for (number, (y, x)) in window.kernel_places() {
            if let Some(place) = route([row, column], [y, x]) {
                alive.extend(place, number, &mut terms);
            }
        }
        for panel in 0..weights.count() {
            weights.add(panel, &terms, lanes, &mut sums[weights.range(panel)]);
        }
    }
}
