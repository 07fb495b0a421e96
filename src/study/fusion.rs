//! Held-out answers of both modalities become one: weights from each fold's own validation trials, never from test.

use crate::infer::fuse::{Expert, Fusion};
use crate::prepare::dataset::Dataset;
use crate::store::rows::{PredictionRow, SessionId};
use crate::study::predict::single;
use crate::study::review::argmax;
use crate::train::CrossvalResult;
use crate::train::card::Scores;
use crate::train::crossval::TrialAnswer;
use crate::train::score::scores;

/// What the modalities said about the trials that their networks never saw.
pub struct Answers<'a> {
    pub classes: &'a [String],
    pub eeg: &'a CrossvalResult,
    pub face: Option<&'a CrossvalResult>,
}

/// The fused answers.
pub struct Fusions {
    /// One row a trial; model name and timeline are the caller's.
    pub rows: Vec<PredictionRow>,
    /// None without a second modality.
    pub scores: Option<Scores>,
    pub abstained: usize,
}

/// Fuses the held-out answers trial by trial.
pub fn fuse_held_out(answers: &Answers<'_>, seed: u64) -> Fusions {
    let fusions: Vec<Fusion> = (0..answers.eeg.folds.len()).map(|fold| fusion_of(answers, fold)).collect();
    let mut abstained = 0;
    let rows: Vec<PredictionRow> = answers
        .eeg
        .held_out
        .iter()
        .map(|eeg| {
            let face = answers.face.and_then(|f| find(&f.held_out, eeg));
            let fused = face.map(|face| {
                let expert = |p| Some(Expert { probabilities: p, quality: None });
                fusions[eeg.fold].fuse(expert(&eeg.probabilities), expert(&face.probabilities))
            });
            abstained += usize::from(fused.as_ref().is_some_and(|f| f.abstain.is_some()));
            PredictionRow {
                session: SessionId(u64::from_str_radix(&eeg.key.0, 16).unwrap_or(0)),
                trial: eeg.key.1,
                model: String::new(),
                classes: answers.classes.to_vec(),
                truth: Some(eeg.label),
                eeg: Some(single(&eeg.probabilities)),
                face: face.map(|f| single(&f.probabilities)),
                fused: fused.map(|f| single(&f.probabilities)),
                timeline: Vec::new(),
                held_out: true,
                runtime: "limbic (burn flex), cross-validation".into(),
            }
        })
        .collect();
    let scored: Vec<&PredictionRow> = rows.iter().filter(|r| r.fused.is_some()).collect();
    let truth: Vec<usize> = scored.iter().filter_map(|r| r.truth).collect();
    let predicted: Vec<usize> = scored.iter().filter_map(|r| r.fused.as_deref()).map(argmax).collect();
    let scores = (!scored.is_empty()).then(|| scores(&truth, &predicted, answers.classes.len(), seed));
    Fusions { rows, scores, abstained }
}

/// The fusion for one fold's test trials: its weights see that fold's validation trials only.
fn fusion_of(answers: &Answers<'_>, fold: usize) -> Fusion {
    let Some(face) = answers.face else { return Fusion::default() };
    let pairs: Vec<_> = answers
        .eeg
        .validation
        .iter()
        .filter(|a| a.fold == fold)
        .filter_map(|eeg| {
            let face = face.validation.iter().find(|f| f.fold == fold && f.key == eeg.key)?;
            Some((eeg.probabilities.clone(), face.probabilities.clone(), eeg.label))
        })
        .collect();
    Fusion::default().with_fitted_weights(&pairs)
}

fn find<'a>(answers: &'a [TrialAnswer], like: &TrialAnswer) -> Option<&'a TrialAnswer> {
    answers.iter().find(|a| a.key == like.key)
}

/// Per window of a held-out trial: (seconds since video onset, calibrated EEG probabilities).
pub fn timeline(folds: &CrossvalResult, data: &Dataset, row: &PredictionRow) -> Vec<(f32, Vec<f32>)> {
    let classes = data.classes.len().max(1);
    let session = row.session.to_string();
    let mut points = Vec::new();
    for fold in &folds.folds {
        for (&example, logits) in fold.test.iter().zip(fold.test_logits.chunks_exact(classes)) {
            let e = &data.examples[example];
            if e.trial == row.trial && e.session == session {
                points.push((e.time as f32, single(&crate::infer::calibrate::softmax(logits, fold.card.temperature))));
            }
        }
    }
    points
}
