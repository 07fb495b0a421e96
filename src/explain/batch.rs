//! Batches of rows through a network: bounded memory, and a look at the stop request between two batches.

use crate::explain::ExplainError;
use crate::job::{Job, Stopped};
use crate::train::{Differentiable, Predictor};

/// Rows in one batch; larger ones are not faster and memory grows with them.
pub(super) const ROWS: usize = 256;

/// Runs `rows` inputs, each written by `fill(row, values)`, and hands the logits of each to `take(row, logits)`.
/// Rows are filled in ascending order, so `fill` may carry state from one to the next.
pub(super) fn logits(
    network: &dyn Predictor,
    rows: usize,
    job: &Job,
    fill: impl FnMut(usize, &mut [f32]),
    take: impl FnMut(usize, &[f32]),
) -> Result<(), ExplainError> {
    run(network.input_len(), network.classes(), rows, job, |batch, n| network.logits(batch, n), fill, take)
}

/// As [`logits`], with the gradient of logit `class` for each row.
pub(super) fn gradients(
    network: &dyn Differentiable,
    class: usize,
    rows: usize,
    job: &Job,
    fill: impl FnMut(usize, &mut [f32]),
    take: impl FnMut(usize, &[f32]),
) -> Result<(), ExplainError> {
    let width = network.input_len();
    run(width, width, rows, job, |batch, n| network.gradients(batch, n, class), fill, take)
}

fn run(
    width: usize,
    answer: usize,
    rows: usize,
    job: &Job,
    compute: impl Fn(&[f32], usize) -> Vec<f32>,
    mut fill: impl FnMut(usize, &mut [f32]),
    mut take: impl FnMut(usize, &[f32]),
) -> Result<(), ExplainError> {
    let mut batch = vec![0.0; ROWS.min(rows) * width];
    let mut start = 0;
    while start < rows {
        if job.is_stopped() {
            return Err(Stopped.into());
        }
        let n = ROWS.min(rows - start);
        for i in 0..n {
            fill(start + i, &mut batch[i * width..(i + 1) * width]);
        }
        let answers = compute(&batch[..n * width], n);
        if answers.len() != n * answer {
            let found = answers.len();
            return Err(ExplainError::Mismatch(format!("it answered {n} inputs with {found} values, not {}", n * answer)));
        }
        for i in 0..n {
            take(start + i, &answers[i * answer..(i + 1) * answer]);
        }
        start += n;
    }
    Ok(())
}

/// Logit `class` of each of `n` inputs.
pub(super) fn class_logits(
    network: &dyn Predictor,
    inputs: &[f32],
    n: usize,
    class: usize,
    job: &Job,
) -> Result<Vec<f32>, ExplainError> {
    let width = network.input_len();
    let mut values = vec![0.0; n];
    let fill = |row: usize, buffer: &mut [f32]| buffer.copy_from_slice(&inputs[row * width..(row + 1) * width]);
    logits(network, n, job, fill, |row, logits| values[row] = logits.get(class).copied().unwrap_or(f32::NAN))?;
    Ok(values)
}
