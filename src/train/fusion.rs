//! Two cross-validations fused: EEG and face on the same held-out trials, beside what each says alone.

use super::card::Scores;
use super::crossval::{CrossvalResult, TrialAnswer};
use super::score::{argmax, scores};
use super::split::TrialKey;
use crate::infer::fuse::{Expert, Fused, Fusion, prior_of};
use crate::infer::stack::Stack;

/// A trial with the answers of both modalities and the fused one.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedTrial {
    pub key: TrialKey,
    pub label: usize,
    pub eeg: Option<Vec<f64>>,
    pub face: Option<Vec<f64>>,
    pub fused: Fused,
}

/// Held-out answers and what they score.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedResult {
    /// Every trial that either modality answered, in the order of its key.
    pub trials: Vec<FusedTrial>,
    /// Over the trials that both modalities answered: the same trials for all three.
    pub eeg: Scores,
    pub face: Scores,
    pub fused: Scores,
    /// Trials on which the fused answer abstains (it is scored nevertheless).
    pub abstained: usize,
}

/// Fuses the held-out answers of two cross-validations over one fold assignment. What fusion needs is fitted per
/// fold, on that fold's validation trials, so no trial has a part in fusing its own answer. The prior is that of
/// all other trials' labels.
pub fn fuse_held_out(eeg: &CrossvalResult, face: &CrossvalResult, classes: usize, fusion: &Fusion, seed: u64) -> FusedResult {
    let mut keys: Vec<&TrialKey> = eeg.held_out.iter().chain(&face.held_out).map(|a| &a.key).collect();
    keys.sort();
    keys.dedup();
    let mut trials = Vec::with_capacity(keys.len());
    for key in keys {
        let find = |result: &'_ CrossvalResult| result.held_out.iter().find(|a| a.key == *key).cloned();
        let (e, f) = (find(eeg), find(face));
        let Some(first) = e.as_ref().or(f.as_ref()) else { continue };
        let fitted = fit_for(first.fold, eeg, face, classes, fusion);
        let fused = fitted.fuse(expert(e.as_ref()), expert(f.as_ref()));
        let label = first.label;
        trials.push(FusedTrial {
            key: key.clone(),
            label,
            eeg: e.map(|a| a.probabilities),
            face: f.map(|a| a.probabilities),
            fused,
        });
    }
    let both: Vec<&FusedTrial> = trials.iter().filter(|t| t.eeg.is_some() && t.face.is_some()).collect();
    let truth: Vec<usize> = both.iter().map(|t| t.label).collect();
    let scored = |answer: &dyn Fn(&FusedTrial) -> usize| {
        scores(&truth, &both.iter().map(|t| answer(t)).collect::<Vec<_>>(), classes, seed)
    };
    FusedResult {
        eeg: scored(&|t| argmax(t.eeg.as_deref().unwrap_or_default())),
        face: scored(&|t| argmax(t.face.as_deref().unwrap_or_default())),
        fused: scored(&|t| argmax(&t.fused.probabilities)),
        abstained: trials.iter().filter(|t| t.fused.abstain.is_some()).count(),
        trials,
    }
}

fn expert(answer: Option<&TrialAnswer>) -> Option<Expert<'_>> {
    answer.map(|a| Expert { probabilities: &a.probabilities, quality: None })
}

/// The fusion for one fold's test trials.
fn fit_for(fold: usize, eeg: &CrossvalResult, face: &CrossvalResult, classes: usize, fusion: &Fusion) -> Fusion {
    let of_fold = |result: &'_ CrossvalResult| -> Vec<TrialAnswer> {
        result.validation.iter().filter(|a| a.fold == fold).cloned().collect()
    };
    let faces = of_fold(face);
    let pairs: Vec<(Vec<f64>, Vec<f64>, usize)> = of_fold(eeg)
        .into_iter()
        .filter_map(|e| {
            let f = faces.iter().find(|f| f.key == e.key)?;
            Some((e.probabilities, f.probabilities.clone(), e.label))
        })
        .collect();
    let others: Vec<usize> = eeg.held_out.iter().filter(|a| a.fold != fold).map(|a| a.label).collect();
    let mut fitted = Fusion { prior: prior_of(&others, classes), ..fusion.clone() }.with_fitted_weights(&pairs);
    fitted.stack = Stack::fit(&pairs, classes);
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(correct: impl Fn(u32) -> bool, trials: std::ops::Range<u32>) -> CrossvalResult {
        let held_out = trials
            .map(|t| {
                let label = t as usize % 2;
                let own = if correct(t) { 0.8 } else { 0.4 };
                let probabilities = if label == 0 { vec![own, 1.0 - own] } else { vec![1.0 - own, own] };
                TrialAnswer { key: ("s".into(), t), label, fold: t as usize % 4, probabilities }
            })
            .collect();
        CrossvalResult { folds: vec![], held_out, validation: vec![], scores: Scores::default(), protocol: String::new() }
    }

    /// Each errs (unsurely) where the other knows: together they are right; a trial without a face is not scored.
    #[test]
    fn fusion_is_scored_on_the_trials_of_both() {
        let (eeg, face) = (result(|t| t % 3 != 0, 0..13), result(|t| t % 3 == 0, 0..12));
        let fused = fuse_held_out(&eeg, &face, 2, &Fusion::default(), 1);
        assert_eq!((fused.trials.len(), fused.fused.trials, fused.fused.accuracy), (13, 12, 1.0));
        assert!((fused.eeg.accuracy - 8.0 / 12.0).abs() < 1e-12 && (fused.face.accuracy - 4.0 / 12.0).abs() < 1e-12);
        assert_eq!(fused.trials[12].fused.source.tag(), "eeg_only");
    }
}
