//! SmoothGrad (Smilkov et al. 2017): gradients averaged over noisy copies of the input, times the input.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::signal::Seed;
use crate::train::Differentiable;

/// x * mean gradient at x + noise. The noise's standard deviation is [`NOISE`] of the sample's range; values that
/// are exactly 0 stay so, because between the electrodes an image has no values at all.
pub struct SmoothGrad;

/// Noise, as a share of the largest minus the smallest value of a sample.
const NOISE: f32 = 0.15;

impl Explainer for SmoothGrad {
    fn name(&self) -> &'static str {
        "SmoothGrad"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let (width, copies) = (network.input_len(), context.options.noisy.max(1));
        let input = |row: usize| &inputs[row / copies * width..(row / copies + 1) * width];
        let mut seed = Seed::new(context.seed).fork("smooth gradients");
        let mut sums = vec![0.0f64; n * width];
        let fill = |row: usize, buffer: &mut [f32]| {
            let x = input(row);
            let (low, high) = x.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            for (b, v) in buffer.iter_mut().zip(x) {
                *b = if *v == 0.0 { 0.0 } else { v + NOISE * (high - low) * seed.normal() as f32 };
            }
        };
        let take = |row: usize, gradient: &[f32]| {
            let sum = &mut sums[row / copies * width..(row / copies + 1) * width];
            sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += f64::from(*g));
        };
        batch::gradients(network, class, n * copies, context.job, fill, take)?;
        Ok(sums.iter().zip(inputs).map(|(s, x)| (f64::from(*x) * s / copies as f64) as f32).collect())
    }
}
