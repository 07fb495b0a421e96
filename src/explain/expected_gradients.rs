//! Expected Gradients (Erion et al. 2021): Integrated Gradients averaged over training samples as baselines.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::signal::Seed;
use crate::train::Differentiable;

/// Mean over K pairs (reference x', alpha) of (x - x') * gradient at x' + alpha (x - x'); K is `Options::pairs`.
pub struct ExpectedGradients;

impl Explainer for ExpectedGradients {
    fn name(&self) -> &'static str {
        "EG"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let references = context.references.len() / network.input_len().max(1);
        if references == 0 {
            return Err(ExplainError::NoReferences("EG"));
        }
        let mut seed = Seed::new(context.seed).fork("expected gradients");
        let pairs: Vec<_> = (0..context.options.pairs.max(1)).map(|_| (seed.below(references), seed.uniform() as f32)).collect();
        expected_gradients(network, inputs, n, class, &pairs, context)
    }
}

/// Expected Gradients with given pairs (reference row, alpha), the same for every input.
///
/// # Errors
/// A pair that names a reference there is not; [`ExplainError::Stopped`] on request.
pub fn expected_gradients(
    network: &dyn Differentiable,
    inputs: &[f32],
    n: usize,
    class: usize,
    pairs: &[(usize, f32)],
    context: &Context,
) -> Result<Vec<f32>, ExplainError> {
    let width = network.input_len();
    if pairs.is_empty() || pairs.iter().any(|&(row, _)| (row + 1) * width > context.references.len()) {
        return Err(ExplainError::NoReferences("EG"));
    }
    // Neighbours close to the input come one after the other: what they share need not be computed for each.
    let mut pairs = pairs.to_vec();
    pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let reference = |row: usize| {
        let at = pairs[row % pairs.len()].0;
        &context.references[at * width..(at + 1) * width]
    };
    let input = |row: usize| &inputs[row / pairs.len() * width..(row / pairs.len() + 1) * width];
    let mut sums = vec![0.0f64; n * width];
    let fill = |row: usize, buffer: &mut [f32]| {
        let alpha = pairs[row % pairs.len()].1;
        for ((b, x), r) in buffer.iter_mut().zip(input(row)).zip(reference(row)) {
            *b = r + alpha * (x - r);
        }
    };
    let take = |row: usize, gradient: &[f32]| {
        let sum = &mut sums[row / pairs.len() * width..(row / pairs.len() + 1) * width];
        for (((s, g), x), r) in sum.iter_mut().zip(gradient).zip(input(row)).zip(reference(row)) {
            *s += f64::from(x - r) * f64::from(*g);
        }
    };
    batch::gradients(network, class, n * pairs.len(), context.job, fill, take)?;
    Ok(sums.iter().map(|s| (s / pairs.len() as f64) as f32).collect())
}
