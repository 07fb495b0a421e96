//! Scores of predictions by trial: confusion, precision, recall, F1, intervals, permutation test (algorithms 5.4, 5.5).

use super::card::Scores;
use crate::signal::Seed;
use std::collections::BTreeMap;

/// Label shufflings of the permutation test.
pub const PERMUTATIONS: usize = 1000;
/// Resamplings of the bootstrap.
pub const RESAMPLES: usize = 1000;

/// Precision, recall and F1 of one class (or their mean); 0 / 0 counts as 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClassScore {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// Items whose truth is this class.
    pub support: usize,
}

/// Counts, rows = truth, columns = prediction. Pairs outside `classes` are left out.
pub fn confusion(truth: &[usize], predicted: &[usize], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for (&t, &p) in truth.iter().zip(predicted) {
        if t < classes && p < classes {
            counts[t][p] += 1;
        }
    }
    counts
}

/// Precision, recall and F1 of every class.
pub fn per_class(confusion: &[Vec<usize>]) -> Vec<ClassScore> {
    let ratio = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
    (0..confusion.len())
        .map(|c| {
            let hits = confusion[c][c];
            let support: usize = confusion[c].iter().sum();
            let named: usize = confusion.iter().map(|row| row[c]).sum();
            ClassScore {
                precision: ratio(hits, named),
                recall: ratio(hits, support),
                f1: ratio(2 * hits, support + named),
                support,
            }
        })
        .collect()
}

/// Mean over classes, each counting the same.
pub fn macro_average(classes: &[ClassScore]) -> ClassScore {
    weighted_by(classes, |_| 1.0)
}

/// Mean over classes, weighted by support.
pub fn weighted_average(classes: &[ClassScore]) -> ClassScore {
    weighted_by(classes, |c| c.support as f64)
}

fn weighted_by(classes: &[ClassScore], weight: impl Fn(&ClassScore) -> f64) -> ClassScore {
    let total: f64 = classes.iter().map(&weight).sum();
    let mean = |value: fn(&ClassScore) -> f64| {
        if total == 0.0 { 0.0 } else { classes.iter().map(|c| weight(c) * value(c)).sum::<f64>() / total }
    };
    ClassScore {
        precision: mean(|c| c.precision),
        recall: mean(|c| c.recall),
        f1: mean(|c| c.f1),
        support: classes.iter().map(|c| c.support).sum(),
    }
}

/// Share of equal pairs; 0 without any.
pub fn accuracy(truth: &[usize], predicted: &[usize]) -> f64 {
    let hits = truth.iter().zip(predicted).filter(|(t, p)| t == p).count();
    if truth.is_empty() { 0.0 } else { hits as f64 / truth.len() as f64 }
}

/// Index of the largest value; ties go to the lowest index, nothing to 0.
pub fn argmax<T: PartialOrd>(values: &[T]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

/// Everything about held-out predictions, one per trial. Seeded: same input, same interval and p.
pub fn scores(truth: &[usize], predicted: &[usize], classes: usize, seed: u64) -> Scores {
    let confusion = confusion(truth, predicted, classes);
    let per_class = per_class(&confusion);
    let present: Vec<&ClassScore> = per_class.iter().filter(|c| c.support > 0).collect();
    let most = per_class.iter().map(|c| c.support).max().unwrap_or(0);
    Scores {
        accuracy: accuracy(truth, predicted),
        majority: if truth.is_empty() { 0.0 } else { most as f64 / truth.len() as f64 },
        chance: if classes == 0 { 0.0 } else { 1.0 / classes as f64 },
        balanced_accuracy: present.iter().map(|c| c.recall).sum::<f64>() / present.len().max(1) as f64,
        macro_f1: macro_average(&per_class).f1,
        interval: bootstrap(truth, predicted, seed),
        permutation_p: permutation(truth, predicted, seed),
        confusion,
        trials: truth.len(),
    }
}

/// 95 % percentile interval of the accuracy, trials drawn with replacement.
fn bootstrap(truth: &[usize], predicted: &[usize], seed: u64) -> (f64, f64) {
    let n = truth.len();
    if n == 0 {
        return (0.0, 0.0);
    }
    let hits: Vec<bool> = truth.iter().zip(predicted).map(|(t, p)| t == p).collect();
    let mut draws = Seed::new(seed).fork("bootstrap");
    let mut values: Vec<usize> =
        (0..RESAMPLES).map(|_| (0..n).filter(|_| hits.get(draws.below(n)).copied().unwrap_or(false)).count()).collect();
    values.sort_unstable();
    let at = |share: f64| values[((RESAMPLES - 1) as f64 * share).round() as usize] as f64 / n as f64;
    (at(0.025), at(0.975))
}

/// Fewest people for an interval by person. Drawn again, n people never give less than the lowest of them or more than the
/// highest; all n lie on one side of the middle of everybody with probability 2^(1-n), which falls below 5 % at six.
pub const FEWEST_PEOPLE: usize = 6;

/// 95 % percentile interval of the share of hits, whole clusters (participants) drawn with replacement: trials of one
/// person are alike, so drawing trials alone gives intervals that are too narrow. `None` with fewer than
/// [`FEWEST_PEOPLE`], and where all score the same: then every draw gives that score, as if it were certain.
pub fn clustered_interval(hits: &[bool], clusters: &[usize], seed: u64) -> Option<(f64, f64)> {
    let mut counts: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (hit, cluster) in hits.iter().zip(clusters) {
        let count = counts.entry(*cluster).or_default();
        *count = (count.0 + usize::from(*hit), count.1 + 1);
    }
    let counts: Vec<(usize, usize)> = counts.into_values().collect();
    if counts.len() < FEWEST_PEOPLE {
        return None;
    }
    let mut draws = Seed::new(seed).fork("clustered bootstrap");
    let mut one = || {
        let drawn = (0..counts.len()).map(|_| counts[draws.below(counts.len())]);
        let (hits, all) = drawn.fold((0, 0), |sum, c| (sum.0 + c.0, sum.1 + c.1));
        hits as f64 / all.max(1) as f64
    };
    let mut values: Vec<f64> = (0..RESAMPLES).map(|_| one()).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((RESAMPLES - 1) as f64 * share).round() as usize];
    let (low, high) = (at(0.025), at(0.975));
    (low < high).then_some((low, high))
}

/// Share of shufflings of the true labels over trials that score at least as well, the observed one counted among
/// them (Phipson and Smyth 2010), so it is never 0. `None` with fewer than two trials.
fn permutation(truth: &[usize], predicted: &[usize], seed: u64) -> Option<f64> {
    if truth.len() < 2 {
        return None;
    }
    let observed = accuracy(truth, predicted);
    let mut shuffled = truth.to_vec();
    let mut draws = Seed::new(seed).fork("permutation");
    let mut as_good = 1;
    for _ in 0..PERMUTATIONS {
        draws.shuffle(&mut shuffled);
        as_good += usize::from(accuracy(&shuffled, predicted) >= observed);
    }
    Some(as_good as f64 / (PERMUTATIONS + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_never_named_scores_zero_not_nan() {
        let per_class = per_class(&confusion(&[0, 0, 1], &[0, 0, 0], 3));
        assert_eq!(per_class[1], ClassScore { precision: 0.0, recall: 0.0, f1: 0.0, support: 1 });
        assert_eq!(per_class[2].f1, 0.0);
        assert!((per_class[0].precision - 2.0 / 3.0).abs() < 1e-12 && per_class[0].recall == 1.0);
    }

    #[test]
    fn perfect_and_hopeless_predictions() {
        let truth: Vec<usize> = (0..24).map(|i| i % 4).collect();
        let perfect = scores(&truth, &truth, 4, 5);
        assert_eq!((perfect.accuracy, perfect.interval, perfect.majority), (1.0, (1.0, 1.0), 0.25));
        assert!(perfect.permutation_p.expect("enough trials") < 0.01);
        let constant = scores(&truth, &[0; 24], 4, 5);
        assert_eq!((constant.accuracy, constant.permutation_p), (0.25, Some(1.0)));
    }

    /// Six people, three all right and three all wrong: by trial the interval is narrow, by person it is nearly everything.
    /// Five are too few, and from people who score the same nothing can be said about others.
    #[test]
    fn people_not_trials_are_drawn_again() {
        let of = |people: usize, hit: fn(usize) -> bool| {
            let people: Vec<usize> = (0..40 * people).map(|i| i / 40).collect();
            clustered_interval(&(0..people.len()).map(hit).collect::<Vec<_>>(), &people, 1)
        };
        let (low, high) = of(6, |i| i / 40 % 2 == 0).expect("enough people");
        assert!(low < 0.2 && high > 0.8, "{low} {high}");
        assert_eq!(of(5, |i| i / 40 % 2 == 0), None);
        assert_eq!(of(12, |i| i % 8 < 3), None);
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        assert_eq!(argmax(&[0.1, 0.4, 0.4]), 1);
        assert_eq!(argmax::<f32>(&[]), 0);
    }
}
