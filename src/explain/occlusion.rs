//! Occlusion (Zeiler and Fergus 2014): what a logit loses when all values of an electrode, or of a band, are set to 0.

use crate::explain::{Context, ExplainError, Explainer, batch};
use crate::train::Differentiable;

/// Every band of one electrode at a time; the loss is shared equally among its bands.
pub struct ElectrodeOcclusion;

/// Every electrode of one band at a time; the loss is shared equally among its electrodes.
pub struct BandOcclusion;

impl Explainer for ElectrodeOcclusion {
    fn name(&self) -> &'static str {
        "Occlusion by electrode"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let groups: Vec<Vec<usize>> = context.pixels.chunks(context.bands.max(1)).map(<[usize]>::to_vec).collect();
        occluded(network, inputs, n, class, &groups, self.name(), context)
    }
}

impl Explainer for BandOcclusion {
    fn name(&self) -> &'static str {
        "Occlusion by band"
    }

    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError> {
        let band = |b: usize| context.pixels.iter().copied().skip(b).step_by(context.bands.max(1)).collect();
        let groups: Vec<Vec<usize>> = (0..context.bands).map(band).collect();
        occluded(network, inputs, n, class, &groups, self.name(), context)
    }
}

/// The loss of every group of input positions.
fn occluded(
    network: &dyn Differentiable,
    inputs: &[f32],
    n: usize,
    class: usize,
    groups: &[Vec<usize>],
    name: &'static str,
    context: &Context,
) -> Result<Vec<f32>, ExplainError> {
    if groups.is_empty() {
        return Err(ExplainError::NoElectrodes(name));
    }
    let width = network.input_len();
    let whole = batch::class_logits(network, inputs, n, class, context.job)?;
    let mut maps = vec![0.0; n * width];
    let fill = |row: usize, buffer: &mut [f32]| {
        let sample = row / groups.len();
        buffer.copy_from_slice(&inputs[sample * width..(sample + 1) * width]);
        groups[row % groups.len()].iter().for_each(|&p| buffer[p] = 0.0);
    };
    let take = |row: usize, logits: &[f32]| {
        let (sample, group) = (row / groups.len(), &groups[row % groups.len()]);
        let loss = whole[sample] - logits.get(class).copied().unwrap_or(f32::NAN);
        group.iter().for_each(|&p| maps[sample * width + p] = loss / group.len() as f32);
    };
    batch::logits(network, n * groups.len(), context.job, fill, take)?;
    Ok(maps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Options;
    use crate::explain::testing::Linear;
    use crate::job::Job;

    /// Two electrodes x two bands of a linear network: the loss of a group is the sum of weight x value.
    #[test]
    fn losses_known_by_hand() {
        let network = Linear { weights: vec![vec![1.0, 2.0, 3.0, 4.0]] };
        let (options, job) = (Options::default(), Job::silent());
        let context = Context::new(&[], 0, &options, &job).of_features(&[0, 1, 2, 3], 2);
        let x = [1.0, 1.0, -1.0, 2.0];
        let run = |e: &dyn Explainer| e.attribute(&network, &x, 1, 0, &context).expect("attributes");
        assert_eq!(run(&ElectrodeOcclusion), [1.5, 1.5, 2.5, 2.5]);
        assert_eq!(run(&BandOcclusion), [-1.0, 5.0, -1.0, 5.0]);
    }
}
