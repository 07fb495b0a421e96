//! The control: attributions that know nothing. An explainer that does not beat it explains nothing.

use crate::explain::{Context, ExplainError, Explainer};
use crate::signal::Seed;
use crate::train::Differentiable;

/// An independent standard normal number for every input value, sample by sample.
pub struct Random;

impl Explainer for Random {
    fn name(&self) -> &'static str {
        "Random"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        _inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        Ok(noise(n * network.input_len(), &mut Seed::new(context.seed).fork(&format!("random explainer {class}"))))
    }
}

/// `count` standard normal numbers.
pub(super) fn noise(count: usize, seed: &mut Seed) -> Vec<f32> {
    (0..count).map(|_| seed.normal() as f32).collect()
}
