//! Which trials train, which validate, which test. Windows of one trial never stand on two sides (algorithms 5.4):
//! they share most of their samples and their label, so a split through a trial measures memory, not emotion.

use crate::signal::Seed;
use std::collections::BTreeMap;

/// Session and trial number: what must not be split.
pub type TrialKey = (String, u32);

/// The test fold of every trial. Two modalities that use one assignment are tested on the same trials.
pub type Assignment = BTreeMap<TrialKey, usize>;

/// A split that cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SplitError {
    #[error(
        "{folds} folds need at least {folds} trials of which some can train; there are {trials}. Record more trials or use fewer folds"
    )]
    TooFew { folds: usize, trials: usize },
    #[error("folds must be 2 or more, one to test and the others to train; there are to be {0}")]
    TooFewFolds(usize),
    #[error("to leave one {what} out takes two or more; there is only {name}. Choose another protocol, or add sessions")]
    OneGroup { what: &'static str, name: String },
    #[error("to leave one video out, every trial must say what was watched; some do not. Choose another protocol")]
    NoStimulus,
    #[error("{trials} trials came with {labels} labels")]
    Labels { trials: usize, labels: usize },
    #[error("trial {1} of session {0} is in no fold; assign the folds from all the trials in use")]
    Unassigned(String, u32),
}

/// Indices of trials, each in exactly one of the three.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fold {
    /// As in the assignment.
    pub number: usize,
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
    pub test: Vec<usize>,
}

/// Share of the training trials that validates, before every class is given at least one (see [`folds_of`]).
pub const VALIDATION_SHARE: f64 = 0.12;

/// Deals the trials to `k` folds: label by label, the most frequent first, each trial (in seeded order) to the fold
/// that has the fewest of its label, then the fewest at all. `k` = number of trials leaves one trial out. Depends
/// on keys, labels and seed only, not on the order of the trials.
///
/// # Errors
/// Fewer than two folds or fewer trials than folds; unequal lengths.
pub fn assign(trials: &[TrialKey], labels: &[usize], k: usize, seed: u64) -> Result<Assignment, SplitError> {
    if trials.len() != labels.len() {
        return Err(SplitError::Labels { trials: trials.len(), labels: labels.len() });
    }
    if k < 2 {
        return Err(SplitError::TooFewFolds(k));
    }
    if trials.len() < k {
        return Err(SplitError::TooFew { folds: k, trials: trials.len() });
    }
    let mut by_label: BTreeMap<usize, Vec<&TrialKey>> = BTreeMap::new();
    for (trial, label) in trials.iter().zip(labels) {
        by_label.entry(*label).or_default().push(trial);
    }
    let mut groups: Vec<(usize, Vec<&TrialKey>)> = by_label.into_iter().collect();
    groups.sort_by_key(|(label, group)| (std::cmp::Reverse(group.len()), *label));
    let mut sizes = vec![0usize; k];
    let mut assignment = Assignment::new();
    for (label, mut group) in groups {
        group.sort();
        Seed::new(seed).fork(&format!("folds {label}")).shuffle(&mut group);
        let mut of_label = vec![0usize; k];
        for trial in group {
            let fold = (0..k).min_by_key(|&f| (of_label[f], sizes[f], f)).unwrap_or(0);
            of_label[fold] += 1;
            sizes[fold] += 1;
            assignment.insert(trial.clone(), fold);
        }
    }
    Ok(assignment)
}

/// The folds of an assignment, with a validation part cut from each training part: about an eighth of it, and at
/// least one trial of every class that can spare one (has two or more left), since early stopping and calibration
/// on trials of some classes only would favour those. Empty folds are left out.
///
/// # Errors
/// A trial that is not in the assignment; unequal lengths.
pub fn folds_of(trials: &[TrialKey], labels: &[usize], assignment: &Assignment, seed: u64) -> Result<Vec<Fold>, SplitError> {
    if trials.len() != labels.len() {
        return Err(SplitError::Labels { trials: trials.len(), labels: labels.len() });
    }
    let mut number = Vec::with_capacity(trials.len());
    for trial in trials {
        let fold = assignment.get(trial).ok_or_else(|| SplitError::Unassigned(trial.0.clone(), trial.1))?;
        number.push(*fold);
    }
    let count = number.iter().max().map_or(0, |last| last + 1);
    let mut folds = Vec::with_capacity(count);
    for fold in 0..count {
        let (test, rest): (Vec<usize>, Vec<usize>) = (0..trials.len()).partition(|&t| number[t] == fold);
        if test.is_empty() {
            continue;
        }
        let (training, validation) = hold_out(&rest, trials, labels, seed ^ (fold as u64 + 1));
        if training.is_empty() {
            return Err(SplitError::TooFew { folds: count, trials: trials.len() });
        }
        folds.push(Fold { number: fold, training, validation, test });
    }
    Ok(folds)
}

/// [`assign`] and [`folds_of`] in one.
///
/// # Errors
/// As both.
pub fn folds(trials: &[TrialKey], labels: &[usize], k: usize, seed: u64) -> Result<Vec<Fold>, SplitError> {
    folds_of(trials, labels, &assign(trials, labels, k, seed)?, seed)
}

/// Splits `rest` (indices) into training and validation trials as [`folds_of`] describes.
pub fn hold_out(rest: &[usize], trials: &[TrialKey], labels: &[usize], seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut by_label: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &trial in rest {
        by_label.entry(labels[trial]).or_default().push(trial);
    }
    for (label, group) in &mut by_label {
        group.sort_by_key(|&t| &trials[t]);
        Seed::new(seed).fork(&format!("validation {label}")).shuffle(group);
    }
    let wanted = ((rest.len() as f64 * VALIDATION_SHARE).round() as usize).max(1);
    let mut validation = Vec::new();
    for group in by_label.values_mut().filter(|group| group.len() > 1) {
        validation.extend(group.pop());
    }
    while validation.len() < wanted {
        // The class with the most trials left gives the next; a class never gives its last one.
        let Some(group) = by_label.values_mut().filter(|g| g.len() > 1).max_by_key(|g| g.len()) else { break };
        validation.extend(group.pop());
    }
    let mut training: Vec<usize> = by_label.into_values().flatten().collect();
    training.sort_unstable();
    validation.sort_unstable();
    (training, validation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(n: usize, classes: usize, seed: &mut Seed) -> (Vec<TrialKey>, Vec<usize>) {
        (0..n).map(|i| ((format!("s{}", i % 3), i as u32), seed.below(classes))).unzip()
    }

    /// Whatever the trials: every trial is tested once, no trial stands in two parts, labels are spread evenly.
    #[test]
    fn folds_never_leak() {
        let mut seed = Seed::new(11);
        for round in 0..200 {
            let k = 2 + seed.below(5);
            let n = 2 * k + seed.below(40);
            let (trials, labels) = trials(n, 2 + seed.below(4), &mut seed);
            let folds = folds(&trials, &labels, k, round).expect("enough trials");
            let mut tested = vec![0; n];
            for fold in &folds {
                let mut seen = vec![0; n];
                fold.test.iter().for_each(|&t| tested[t] += 1);
                fold.training.iter().chain(&fold.validation).chain(&fold.test).for_each(|&t| seen[t] += 1);
                assert!(seen.iter().all(|&s| s == 1), "a trial in two parts or none");
                assert!(!fold.training.is_empty());
            }
            assert!(tested.iter().all(|&t| t == 1));
            for label in 0..6 {
                let counts: Vec<usize> = folds.iter().map(|f| f.test.iter().filter(|&&t| labels[t] == label).count()).collect();
                let (low, high) = (counts.iter().min().expect("k"), counts.iter().max().expect("k"));
                assert!(high - low <= 1, "label {label}: {counts:?}");
            }
        }
    }

    #[test]
    fn the_order_of_trials_does_not_matter_and_the_seed_does() {
        let mut seed = Seed::new(2);
        let (mut trials, mut labels) = trials(24, 4, &mut seed);
        let first = assign(&trials, &labels, 4, 7).expect("assigned");
        trials.reverse();
        labels.reverse();
        assert_eq!(assign(&trials, &labels, 4, 7).expect("assigned"), first);
        assert_ne!(assign(&trials, &labels, 4, 8).expect("assigned"), first);
    }

    #[test]
    fn too_few_trials_are_refused() {
        assert_eq!(folds(&[("s".into(), 1)], &[0], 4, 1), Err(SplitError::TooFew { folds: 4, trials: 1 }));
        assert_eq!(folds(&[("s".into(), 1), ("s".into(), 2)], &[0, 1], 1, 1), Err(SplitError::TooFewFolds(1)));
    }
}
