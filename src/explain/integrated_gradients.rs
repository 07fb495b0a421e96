//! Integrated Gradients (Sundararajan et al. 2017) from the zero input, which after standardisation is the average one.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::train::Differentiable;

/// x * mean of the gradient along the straight line from 0 to x, by the midpoint rule (algorithms section 6).
pub struct IntegratedGradients;

impl Explainer for IntegratedGradients {
    fn name(&self) -> &'static str {
        "IG"
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
        let at_input = batch::class_logits(network, inputs, n, class, context.job)?;
        let at_zero = batch::class_logits(network, &vec![0.0; width], 1, class, context.job)?[0];
        let mut maps = vec![0.0; inputs.len()];
        let mut pending: Vec<usize> = (0..n).collect();
        let mut steps = context.options.steps.max(1);
        loop {
            integrate(network, inputs, class, &pending, steps, &mut maps, context)?;
            // Attributions must add up to the change of the logit; where they do not, the rule was too coarse.
            pending.retain(|&i| {
                let sum: f64 = maps[i * width..(i + 1) * width].iter().map(|v| f64::from(*v)).sum();
                let change = f64::from(at_input[i] - at_zero);
                (sum - change).abs() > 0.01 * change.abs() + 1e-3
            });
            if pending.is_empty() || steps * 2 > context.options.steps_max {
                break;
            }
            steps *= 2;
        }
        if !pending.is_empty() {
            let open = pending.len();
            context.note(format!("IG: the attributions of {open} of {n} samples miss the logit by over 1 % at {steps} steps"));
        }
        Ok(maps)
    }
}

/// Writes the attributions of the samples named in `pending` into `maps`.
fn integrate(
    network: &dyn Differentiable,
    inputs: &[f32],
    class: usize,
    pending: &[usize],
    steps: usize,
    maps: &mut [f32],
    context: &Context,
) -> Result<(), ExplainError> {
    let width = network.input_len();
    let input = |row: usize| &inputs[pending[row / steps] * width..(pending[row / steps] + 1) * width];
    let mut sums = vec![0.0f64; pending.len() * width];
    let fill = |row: usize, buffer: &mut [f32]| {
        let alpha = ((row % steps) as f32 + 0.5) / steps as f32;
        buffer.iter_mut().zip(input(row)).for_each(|(b, x)| *b = alpha * x);
    };
    let take = |row: usize, gradient: &[f32]| {
        let sum = &mut sums[row / steps * width..(row / steps + 1) * width];
        sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += f64::from(*g));
    };
    batch::gradients(network, class, pending.len() * steps, context.job, fill, take)?;
    for (place, &i) in pending.iter().enumerate() {
        for j in 0..width {
            let at = i * width + j;
            maps[at] = (f64::from(inputs[at]) * sums[place * width + j] / steps as f64) as f32;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Options;
    use crate::explain::testing::Step;
    use crate::job::Job;

    #[test]
    fn steps_are_doubled_until_the_attributions_add_up_and_said_when_they_never_do() {
        let (network, job) = (Step { at: 0.333 }, Job::silent());
        let coarse = Options { steps: 4, steps_max: 4, ..Options::default() };
        let context = Context::new(&[], 0, &coarse, &job);
        let map = IntegratedGradients.attribute(&network, &[1.0], 1, 0, &context).expect("attributes");
        assert!((map[0] - network.value(1.0)).abs() > 0.01, "{map:?}");
        assert_eq!(context.notes().len(), 1);
        let fine = Options { steps: 4, steps_max: 512, ..Options::default() };
        let context = Context::new(&[], 0, &fine, &job);
        let map = IntegratedGradients.attribute(&network, &[1.0], 1, 0, &context).expect("attributes");
        assert!((map[0] - network.value(1.0)).abs() < 0.01, "{map:?}");
        assert!(context.notes().is_empty());
    }

    #[test]
    fn a_stop_request_ends_the_work() {
        let (options, job) = (Options::default(), Job::silent());
        job.stop();
        let result = IntegratedGradients.attribute(&Step { at: 0.5 }, &[1.0], 1, 0, &Context::new(&[], 0, &options, &job));
        assert!(matches!(result, Err(ExplainError::Stopped(_))));
    }
}
