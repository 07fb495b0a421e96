//! The cross-validation's answers as rows of the store: each trial by the networks that never saw it.

use crate::infer::calibrate::softmax;
use crate::prepare::dataset::Dataset;
use crate::store::rows::{PredictionRow, SessionId};
use crate::study::predict::{parts, single};
use crate::train::CrossvalResult;
use crate::train::crossval::TrialAnswer;
use crate::train::fusion::FusedResult;

/// One row a trial, in the data set's order.
pub fn rows(folds: &CrossvalResult, model: &str, data: &Dataset, fused: Option<&FusedResult>) -> Vec<PredictionRow> {
    folds.held_out.iter().map(|answer| row(answer, folds, model, data, fused)).collect()
}

fn row(answer: &TrialAnswer, folds: &CrossvalResult, model: &str, data: &Dataset, fused: Option<&FusedResult>) -> PredictionRow {
    let both = fused.and_then(|f| f.trials.iter().find(|t| t.key == answer.key));
    let face = both.and_then(|t| t.face.as_deref());
    PredictionRow {
        session: SessionId(u64::from_str_radix(&answer.key.0, 16).unwrap_or(0)),
        trial: answer.key.1,
        model: model.into(),
        classes: data.classes.clone(),
        truth: Some(answer.label),
        eeg: Some(single(&answer.probabilities)),
        face: face.map(single),
        fused: face.and(both).map(|t| single(&t.fused.probabilities)),
        timeline: timeline(answer, folds, data),
        held_out: true,
        runtime: "limbic (burn flex), cross-validation".into(),
        parts: both.map(|t| parts(&t.fused, [None, None])).unwrap_or_default(),
    }
}

/// Per window of the trial: (seconds since video onset, calibrated EEG probabilities).
fn timeline(answer: &TrialAnswer, folds: &CrossvalResult, data: &Dataset) -> Vec<(f32, Vec<f32>)> {
    let Some(fold) = folds.folds.get(answer.fold) else { return Vec::new() };
    let classes = data.classes.len().max(1);
    let of_trial = |example: usize| {
        let e = data.examples.get(example)?;
        (e.trial == answer.key.1 && e.session == answer.key.0).then_some(e.time as f32)
    };
    fold.test
        .iter()
        .zip(fold.test_logits.chunks_exact(classes))
        .filter_map(|(&example, logits)| Some((of_trial(example)?, single(&softmax(logits, fold.card.temperature)))))
        .collect()
}
