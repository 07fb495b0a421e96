//! DeepLIFT with the rescale rule (Shrikumar et al. 2017; algorithms section 6): every non-linearity passes the
//! difference from a baseline on in proportion, in place of its derivative.
//!
//! Samples and baselines go through the network together, 2n rows. A non-linearity f then answers with
//! f(z) + M (z - z'), where z' is z as a constant: the value is f's, the derivative is the multiplier M
//! (straight-through). Gradients of the sample half are DeepLIFT's multipliers.

use super::network::{Activation, Curve, MapLayer, Network};
use super::parameters::values;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Int, Tensor, module};

/// Differences smaller than this get the derivative in place of a quotient (algorithms section 6).
const LEAST: f32 = 1e-10;
/// Samples a pass; each takes two rows.
const CHUNK: usize = 128;

struct Rescale;

/// The sample half and the baseline half, as constants.
fn halves<const D: usize>(z: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
    let n = z.dims()[0] / 2;
    let constant = z.clone().without_autodiff();
    (constant.clone().narrow(0, 0, n), constant.narrow(0, n, n))
}

/// f' at constants.
fn slope<const D: usize>(curve: Curve, z: Tensor<D>) -> Tensor<D> {
    if curve == Curve::Relu {
        return z.greater_elem(0.0).float();
    }
    let tracked = z.clone().autodiff().require_grad();
    let mut gradients = curve.of(tracked.clone()).sum().backward();
    tracked.grad_remove(&mut gradients).unwrap_or_else(|| z.zeros_like())
}

impl Activation for Rescale {
    fn curve<const D: usize>(&self, curve: Curve, z: Tensor<D>) -> Tensor<D> {
        let (sample, baseline) = halves(&z);
        let difference = sample.clone() - baseline.clone();
        let small = difference.clone().abs().lower_elem(LEAST);
        let risen = curve.of(sample.clone()) - curve.of(baseline);
        // 1 in place of a divisor that is too small, so that no NaN reaches the mask.
        let quotient = risen / difference.mask_fill(small.clone(), 1.0);
        let multiplier = quotient.mask_where(small, slope(curve, sample));
        let multiplier = Tensor::cat(vec![multiplier.clone(), multiplier], 0);
        let constant = z.clone().without_autodiff();
        (z - constant.clone()) * multiplier + curve.of(constant)
    }

    /// A window whose maximum rises from o' to o gives max(o, o') - o' to the sample's winner and the rest to the
    /// baseline's, each divided by its own difference: captum's rule. Where an input did not change, the derivative.
    fn max_pool(&self, z: Tensor<4>, size: [usize; 2], stride: [usize; 2]) -> Tensor<4> {
        let n = z.dims()[0] / 2;
        let (sample, baseline) = halves(&z);
        let pool = |x: Tensor<4>| module::max_pool2d_with_indices(x, MaxPoolOptions::new(size).with_stride(stride));
        let ((top, at), (base_top, base_at)) = (pool(sample.clone()), pool(baseline.clone()));
        let difference = sample.clone() - baseline;
        let small = difference.clone().abs().lower_elem(LEAST);
        let share = difference.mask_fill(small.clone(), 1.0).recip().mask_fill(small.clone(), 0.0);
        // The sample half's deviation from its own constant: zero in value, alive in derivative.
        let moved = z.narrow(0, 0, n) - sample;
        let scaled = moved.clone() * share;
        let higher = top.clone().max_pair(base_top.clone());
        let risen = picked(scaled.clone(), &at) * (higher.clone() - base_top.clone())
            + picked(scaled, &base_at) * (top.clone() - higher)
            + picked(moved * small.float(), &at);
        // Nobody asks for the baseline half's gradient.
        let constant_half = base_top.autodiff();
        Tensor::cat(vec![risen + top, constant_half], 0)
    }
}

/// x [n, c, h, w] at the flat positions `at` [n, c, oh, ow].
fn picked(x: Tensor<4>, at: &Tensor<4, Int>) -> Tensor<4> {
    let ([n, c, h, w], [_, _, oh, ow]) = (x.dims(), at.dims());
    x.reshape([n, c, h * w]).gather(2, at.clone().reshape([n, c, oh * ow])).reshape([n, c, oh, ow])
}

impl Network {
    /// Multipliers times (input - baseline) for logit `class`.
    pub(super) fn rescaled(&self, inputs: &[f32], n: usize, baseline: &[f32], class: usize) -> Option<Vec<f32>> {
        let len = self.input_shape().iter().product::<usize>();
        // A product of two values that both depend on the input has no rescale rule.
        let mut products = false;
        super::held::each(&self.maps, &mut |l| products |= matches!(l, MapLayer::Gate(_) | MapLayer::Attention(_)));
        if products || baseline.len() != len || inputs.len() < n * len || class >= self.classes() {
            return None;
        }
        let mut all = Vec::with_capacity(n * len);
        for rows in inputs[..n * len].chunks(CHUNK * len.max(1)) {
            let n = rows.len() / len.max(1);
            let mut both = rows.to_vec();
            (0..n).for_each(|_| both.extend_from_slice(baseline));
            let x = self.batch(both, 2 * n).autodiff().require_grad();
            let logits = self.forward(x.clone(), &Rescale, None);
            let mut gradients = logits.slice([0..n, class..class + 1]).sum().backward();
            let multipliers = values(x.grad_remove(&mut gradients)?);
            let each = rows.iter().zip(&multipliers).enumerate();
            all.extend(each.map(|(i, (x, m))| m * (x - baseline[i % len])));
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;
    use crate::train::layer::{Dense, RowLayer};
    use crate::train::networks::face_small::face_small;
    use crate::train::parameters::tensor;
    use crate::train::{Differentiable, Predictor};

    /// Attributions add up to the change of the logit, through convolutions, ReLU and max-pools that overlap or not.
    #[test]
    fn attributions_add_up_to_the_change_of_the_logit() {
        let network = face_small(8, 3, 8, &Seed::new(2)).expect("fits");
        let mut seed = Seed::new(3);
        let x: Vec<f32> = (0..5 * 64).map(|_| seed.normal() as f32).collect();
        let baseline: Vec<f32> = (0..64).map(|_| 0.3 * seed.normal() as f32).collect();
        let maps = network.deep_lift(&x, 5, &baseline, 1).expect("has the rule");
        let (at_x, at_baseline) = (network.logits(&x, 5), network.logits(&baseline, 1)[1]);
        for i in 0..5 {
            let sum: f32 = maps[64 * i..64 * (i + 1)].iter().sum();
            let change = at_x[3 * i + 1] - at_baseline;
            assert!((sum - change).abs() < 1e-5 + 1e-3 * change.abs(), "{sum} {change}");
        }
    }

    /// max(2 x, y) from (0, 0) to (1, 1): the winner gets all of it; from (0, 3) to (1, 1): the fall from 3 to 2 is
    /// charged to the baseline's winner, which fell by 2.
    #[test]
    fn a_max_pool_known_by_hand() {
        let conv = super::super::network::Conv2d {
            weight: tensor(vec![1.0], [1, 1, 1, 1]),
            bias: tensor(vec![0.0], [1]),
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        };
        let pool = MapLayer::MaxPool2d { size: [1, 2], stride: [1, 2] };
        let dense = Dense { weight: tensor(vec![1.0], [1, 1]), bias: tensor(vec![0.5], [1]) };
        let network = Network::new("max", [1, 1, 2], vec![conv.into(), pool], vec![RowLayer::from(dense)]).expect("fits");
        assert_eq!(network.deep_lift(&[2.0, 1.0], 1, &[0.0, 0.0], 0), Some(vec![2.0, 0.0]));
        assert_eq!(network.deep_lift(&[2.0, 1.0], 1, &[0.0, 3.0], 0), Some(vec![0.0, -1.0]));
    }
}
