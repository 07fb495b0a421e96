//! Gradient x input: one gradient per sample; what Integrated Gradients becomes with a single step.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::train::Differentiable;

/// x * gradient at x.
pub struct GradientInput;

impl Explainer for GradientInput {
    fn name(&self) -> &'static str {
        "Gradient x input"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let width = network.input_len();
        let mut maps = inputs.to_vec();
        let fill = |row: usize, buffer: &mut [f32]| buffer.copy_from_slice(&inputs[row * width..(row + 1) * width]);
        let take = |row: usize, gradient: &[f32]| {
            maps[row * width..(row + 1) * width].iter_mut().zip(gradient).for_each(|(m, g)| *m *= g);
        };
        batch::gradients(network, class, n, context.job, fill, take)?;
        Ok(maps)
    }
}
