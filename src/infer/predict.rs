//! Answers for trials, from any [`Predictor`]; and a predictor over any runtime that can run a graph, e.g. an ONNX
//! Runtime session.

use super::aggregate::geometric_mean;
use super::calibrate::softmax;
use crate::train::Predictor;
use std::sync::Arc;

/// Calibrated answer for one trial from the inputs of its windows (`n`, one after another): geometric mean over them.
/// `None` without inputs.
pub fn trial_answer(predictor: &dyn Predictor, inputs: &[f32], n: usize, temperature: f64) -> Option<Vec<f64>> {
    pooled(&predictor.logits(inputs, n), predictor.classes(), temperature)
}

/// As [`trial_answer`], from logits (rows of `classes`).
pub fn pooled(logits: &[f32], classes: usize, temperature: f64) -> Option<Vec<f64>> {
    let rows: Vec<Vec<f64>> = logits.chunks_exact(classes.max(1)).map(|row| softmax(row, temperature)).collect();
    geometric_mean(&rows)
}

/// A loaded graph with one input [batch, ...] and one output [batch, classes].
pub trait GraphRunner: Send + Sync {
    /// Runs the graph on `inputs` of this shape (batch first); the output row-major.
    ///
    /// # Errors
    /// What the runtime said.
    fn run(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<f32>, String>;
    /// "onnxruntime 1.31.1".
    fn name(&self) -> String;
}

/// A runtime that does not answer as it should.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PredictError {
    #[error(
        "{runtime} could not run the model: {why}. Run \"limbic doctor\", or go on without it: limbic's own forward pass needs no library"
    )]
    Run { runtime: String, why: String },
    #[error(
        "{runtime} returned {found} values for {n} inputs of {classes} classes; the model's file and its card do not belong together"
    )]
    Shape { runtime: String, found: usize, n: usize, classes: usize },
    #[error(
        "{runtime} and limbic's own forward pass differ by {difference} on a blank input (limit {limit}); do not use this runtime"
    )]
    Differs { runtime: String, difference: f32, limit: f32 },
}

/// How far a runtime's logits may be from our own.
pub const AGREEMENT: f32 = 1e-4;

/// Inputs per run, so that memory does not grow with the recording.
const CHUNK: usize = 256;

/// A network run by a [`GraphRunner`], with limbic's own forward pass as its spare.
pub struct GraphPredictor {
    runner: Box<dyn GraphRunner>,
    shape: Vec<usize>,
    classes: usize,
    spare: Option<Arc<dyn Predictor>>,
}

impl GraphPredictor {
    /// A predictor for inputs of `shape` (without the batch). Runs two blank inputs first: errors come now and not
    /// amid a session, and with a spare both must agree to [`AGREEMENT`].
    ///
    /// # Errors
    /// The runtime fails, answers with another shape, or differs from the spare.
    pub fn new(
        runner: Box<dyn GraphRunner>,
        shape: &[usize],
        classes: usize,
        spare: Option<Arc<dyn Predictor>>,
    ) -> Result<Self, PredictError> {
        let predictor = GraphPredictor { runner, shape: shape.to_vec(), classes, spare };
        let blank = vec![0.0; 2 * predictor.input_len()];
        let answer = predictor.try_logits(&blank, 2)?;
        if let Some(spare) = &predictor.spare {
            let own = spare.logits(&blank, 2);
            let difference = answer.iter().zip(&own).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            if own.len() != answer.len() || difference > AGREEMENT {
                return Err(PredictError::Differs { runtime: predictor.runner.name(), difference, limit: AGREEMENT });
            }
        }
        Ok(predictor)
    }

    /// [`Predictor::logits`] that says what went wrong.
    ///
    /// # Errors
    /// The runtime fails or answers with another shape.
    pub fn try_logits(&self, inputs: &[f32], n: usize) -> Result<Vec<f32>, PredictError> {
        let len = self.input_len().max(1);
        let mut all = Vec::with_capacity(n * self.classes);
        for part in inputs.chunks(CHUNK * len) {
            let rows = part.len() / len;
            let mut shape = vec![rows];
            shape.extend(&self.shape);
            let fail = |why| PredictError::Run { runtime: self.runner.name(), why };
            all.extend(self.runner.run(&part[..rows * len], &shape).map_err(fail)?);
        }
        if all.len() == n * self.classes {
            return Ok(all);
        }
        Err(PredictError::Shape { runtime: self.runner.name(), found: all.len(), n, classes: self.classes })
    }
}

impl Predictor for GraphPredictor {
    fn input_len(&self) -> usize {
        self.shape.iter().product()
    }

    fn classes(&self) -> usize {
        self.classes
    }

    /// Where the runtime fails after it had worked: the spare's answer, or NaN without a spare.
    fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32> {
        self.try_logits(inputs, n).unwrap_or_else(|_| match &self.spare {
            Some(spare) => spare.logits(inputs, n),
            None => vec![f32::NAN; n * self.classes],
        })
    }

    fn runtime(&self) -> String {
        self.runner.name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums the input into class 0, its negative into class 1; fails beyond a batch of `most`.
    struct Sums {
        most: usize,
    }

    impl GraphRunner for Sums {
        fn run(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<f32>, String> {
            if shape[0] > self.most {
                return Err("out of memory".into());
            }
            let len = shape[1..].iter().product::<usize>();
            Ok(inputs.chunks(len).flat_map(|row| [row.iter().sum::<f32>(), -row.iter().sum::<f32>()]).collect())
        }
        fn name(&self) -> String {
            "sums 1.0".into()
        }
    }

    #[test]
    fn batches_are_chunked_and_failures_named() {
        let predictor = GraphPredictor::new(Box::new(Sums { most: 256 }), &[1, 2], 2, None).expect("runs");
        let inputs: Vec<f32> = (0..600).map(|i| i as f32).collect();
        let logits = predictor.logits(&inputs, 300);
        assert_eq!((logits.len(), logits[2 * 299]), (600, 598.0 + 599.0));
        assert!(GraphPredictor::new(Box::new(Sums { most: 1 }), &[1, 2], 2, None).is_err());
        assert!(matches!(
            GraphPredictor::new(Box::new(Sums { most: 9 }), &[1, 2], 3, None),
            Err(PredictError::Shape { found: 4, .. })
        ));
    }
}
