//! Training steps of plain sequences, forwards and backwards by hand: convolutions, ReLU, pooling, dropout and dense layers
//! as products of matrices (`limbic-lanes`), and the optimiser's step while a dense layer's gradient is still in the cache.
//!
//! A dense layer behind maps has nearly all weights of its network. Here a step reads them once forwards, and once backwards
//! together with the optimiser's memory; their gradient is never stored. Sums are cut in the same way whatever the number of
//! threads is, so that one seed gives the same weights.

mod conv;
mod maps;
mod rows;

use super::adam::{Adam, Target};
use super::network::{MapLayer, Network, RowLayer};
use crate::signal::Seed;
use maps::{Maps, Stage};
use rows::Row;

/// A network arranged for such steps, with the memory that they need.
#[derive(Debug)]
pub(super) struct Direct {
    stages: Vec<Stage>,
    rows: Vec<Row>,
    /// [channels, height, width] behind the maps.
    shape: [usize; 3],
    classes: usize,
}

impl Direct {
    /// `None` where a layer is of another kind, or a parameter has a limit.
    pub fn of(network: &Network) -> Option<Direct> {
        let (layers, rows) = network.layers();
        let (mut shape, mut index) = (network.input_shape(), 0);
        let mut stages = Vec::with_capacity(layers.len());
        for layer in layers {
            let output = layer.output_shape(shape).ok()?;
            stages.push(Stage::of(layer, shape, output, index)?);
            index += if matches!(layer, MapLayer::Conv2d(_)) { 2 } else { 0 };
            shape = output;
        }
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            all.push(Row::of(row, index)?);
            index += if matches!(row, RowLayer::Dense(_)) { 2 } else { 0 };
        }
        network.limits.is_empty().then_some(Direct { stages, rows: all, shape, classes: network.classes() })
    }

    /// One step of the optimiser; the loss before it.
    pub fn step(
        &mut self,
        network: &mut Network,
        (inputs, labels): (Vec<f32>, &[usize]),
        class_weights: &[f32],
        (adam, rate): (&mut Adam, f64),
        dropout: &mut Seed,
    ) -> f32 {
        network.edit_together(|parameters| {
            let lengths: Vec<usize> = parameters.iter().map(|p| p.len()).collect();
            let moves = adam.begin(&lengths, rate);
            let targets = parameters.iter_mut().zip(moves).map(|(weights, by)| Target::Move { weights, by }).collect();
            self.pass((inputs, labels), class_weights, Some(dropout), targets)
        })
    }

    /// As [`super::fit::loss_and_gradients`].
    pub fn gradients(&mut self, network: &Network, inputs: Vec<f32>, labels: &[usize], weights: &[f32]) -> (f32, Vec<Vec<f32>>) {
        let parameters: Vec<Vec<f32>> = network.parameters().iter().map(|p| p.values()).collect();
        let mut gradients: Vec<Vec<f32>> = parameters.iter().map(|p| vec![0.0; p.len()]).collect();
        let both = parameters.iter().zip(&mut gradients);
        let targets = both.map(|(weights, gradient)| Target::Keep { weights, gradient }).collect();
        let loss = self.pass((inputs, labels), weights, None, targets);
        (loss, gradients)
    }

    /// Forwards, the loss, backwards. `targets` stand in the order of the parameters.
    fn pass(
        &mut self,
        (inputs, labels): (Vec<f32>, &[usize]),
        class_weights: &[f32],
        mut dropout: Option<&mut Seed>,
        targets: Vec<Target<'_>>,
    ) -> f32 {
        let n = labels.len();
        let mut targets: Vec<Option<Target<'_>>> = targets.into_iter().map(Some).collect();
        let mut x = Maps::of_inputs(inputs, n, self.stages.first().map_or(self.shape, Stage::input));
        for stage in &mut self.stages {
            x = stage.forward(x, &targets);
        }
        let mut rows = x.turned();
        for row in &mut self.rows {
            rows = row.forward(rows, n, dropout.as_deref_mut(), &targets);
        }
        let (loss, mut gradient) = cross_entropy(&rows, labels, class_weights, self.classes);
        let first = self.rows.iter().position(|row| row.index().is_some());
        let below = !self.stages.iter().all(|stage| stage.index().is_none());
        for (i, row) in self.rows.iter_mut().enumerate().rev() {
            gradient = row.backward(gradient, n, below || Some(i) != first, &mut targets);
        }
        if below {
            let mut gradient = Maps::turned_back(&gradient, n, self.shape);
            let first = self.stages.iter().position(|stage| stage.index().is_some());
            for (i, stage) in self.stages.iter_mut().enumerate().rev() {
                if first.is_some_and(|first| i >= first) {
                    gradient = stage.backward(gradient, Some(i) != first, &mut targets);
                }
            }
        }
        loss
    }
}

/// The weighted mean of -log p(label) for logits [classes][samples], and its gradient in the same order.
fn cross_entropy(logits: &[f32], labels: &[usize], class_weights: &[f32], classes: usize) -> (f32, Vec<f32>) {
    let n = labels.len();
    let weight = |label: usize| class_weights.get(label).copied().unwrap_or(1.0);
    let total: f32 = labels.iter().map(|&l| weight(l)).sum();
    let (mut loss, mut gradient) = (0.0, vec![0.0; classes * n]);
    for (s, &label) in labels.iter().enumerate() {
        let own = || (0..classes).map(|c| logits[c * n + s]);
        let most = own().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = own().map(|z| (z - most).exp()).sum();
        let share = weight(label) / total;
        loss -= share * (logits[label * n + s] - most - sum.ln());
        for (c, z) in own().enumerate() {
            let wanted = if c == label { 1.0 } else { 0.0 };
            gradient[c * n + s] = share * ((z - most).exp() / sum - wanted);
        }
    }
    (loss, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Predictor;
    use crate::train::fit::{by_framework, loss_and_gradients};
    use crate::train::networks::{ARCHITECTURES, Size};

    /// The same loss and gradients as the framework's own, for batches that fill their vectors and ones that do not. Among
    /// the values of many samples one may stand at a kink (of a ReLU, of a maximum), where a last bit decides for a sample.
    #[test]
    fn agrees_with_the_framework() {
        for (name, input, hidden, direct) in [
            ("seed-a-cnn", [1, 22, 22], 20, true),
            ("seed-b-head", [5, 7, 5], 24, true),
            ("face-small", [1, 16, 12], 8, true),
            ("patt-lite", [1, 16, 16], 8, false),
        ] {
            let architecture = ARCHITECTURES.iter().find(|a| a.name == name).expect("known");
            let size = Size { input, classes: 3, hidden, channels: Vec::new() };
            let network = (architecture.build)(&size, &Seed::new(3)).expect("fits");
            assert_eq!(Direct::of(&network).is_some(), direct, "{name}");
            let mut draws = Seed::new(4);
            for n in [1, 7, 16, 70] {
                let inputs: Vec<f32> = (0..n * network.input_len()).map(|_| draws.normal() as f32).collect();
                let labels: Vec<usize> = (0..n).map(|_| draws.below(3)).collect();
                let weights = [1.0, 0.5, 2.0];
                let (ours, found) = loss_and_gradients(&network, inputs.clone(), &labels, &weights);
                let (theirs, wanted) = by_framework(&network, inputs, &labels, &weights);
                assert!((ours - theirs).abs() < 1e-5 * theirs.abs(), "{name}: {ours} {theirs}");
                for (i, (a, b)) in found.iter().zip(&wanted).enumerate() {
                    let largest = b.iter().fold(1e-6_f32, |most, v| most.max(v.abs()));
                    let off = a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
                    let limit = if n <= 16 { 1e-4 } else { 2e-2 };
                    assert!(a.len() == b.len() && off < limit * largest, "{name}, batch {n}, parameter {i}: {off} of {largest}");
                }
            }
        }
    }
}
