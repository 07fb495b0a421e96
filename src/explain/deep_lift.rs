//! DeepLIFT with the rescale rule (Shrikumar et al. 2017): the difference of a logit from its value at a baseline,
//! shared out among the inputs in one backward pass.

use crate::explain::{Baseline, Context, ExplainError, Explainer, batch};
use crate::job::Stopped;
use crate::train::Differentiable;

/// Attributions against the mean training sample, or the zero input (`Options::baseline`).
pub struct DeepLift;

/// Attributions must add up to the change of the logit within this share of it.
const GAP: f64 = 1e-3;

impl Explainer for DeepLift {
    fn name(&self) -> &'static str {
        "DeepLIFT"
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
        let mut baseline = vec![0.0f32; width];
        let references = context.references.len() / width.max(1);
        match context.options.baseline {
            Baseline::Mean if references > 0 => {
                let mut sums = vec![0.0f64; width];
                for row in context.references.chunks_exact(width) {
                    sums.iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v));
                }
                baseline.iter_mut().zip(sums).for_each(|(b, s)| *b = (s / references as f64) as f32);
            }
            Baseline::Mean => context.note("DeepLIFT: without training samples the baseline is the zero input".into()),
            Baseline::Zero => {}
        }
        deep_lift(network, inputs, n, class, &baseline, context)
    }
}

/// DeepLIFT against a given baseline input.
///
/// # Errors
/// A network without the rule; [`ExplainError::Stopped`] on request.
pub fn deep_lift(
    network: &dyn Differentiable,
    inputs: &[f32],
    n: usize,
    class: usize,
    baseline: &[f32],
    context: &Context,
) -> Result<Vec<f32>, ExplainError> {
    let width = network.input_len();
    let mut maps = Vec::with_capacity(n * width);
    for rows in inputs[..n * width].chunks(batch::ROWS * width.max(1)) {
        if context.job.is_stopped() {
            return Err(Stopped.into());
        }
        let some = network.deep_lift(rows, rows.len() / width.max(1), baseline, class).ok_or(ExplainError::NoRule)?;
        maps.extend(some);
    }
    let at_input = batch::class_logits(network, inputs, n, class, context.job)?;
    let at_baseline = batch::class_logits(network, baseline, 1, class, context.job)?[0];
    let misses = maps.chunks(width.max(1)).zip(&at_input).filter(|(map, logit)| {
        let change = f64::from(**logit - at_baseline);
        let sum: f64 = map.iter().map(|v| f64::from(*v)).sum();
        // Single precision leaves about 1e-4 of a logit's own size.
        (sum - change).abs() > GAP * change.abs() + 1e-4 * f64::from(logit.abs().max(1.0))
    });
    let open = misses.count();
    if open > 0 {
        context.note(format!("DeepLIFT: the attributions of {open} of {n} samples miss the change of the logit by over 0.1 %"));
    }
    Ok(maps)
}
