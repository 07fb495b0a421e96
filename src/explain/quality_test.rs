//! The Quality Test (Gagliardi et al. 2025; algorithms 6.3): faithfulness and stability of an explainer's map in one
//! number, its interval over trials, a random control, and the winner per class.

use crate::explain::pool::{Attributed, Pool};
use crate::explain::report::ExplainerResult;
use crate::explain::{ExplainError, Options, curves, sensitivity};
use crate::job::Job;
use crate::signal::Seed;
use rayon::prelude::*;

/// Subsets a fraction within one bootstrap resample: enough, because the resamples average over them.
const RESAMPLE_SUBSETS: usize = 5;

/// A lead that would be written as 0.00 is none.
const SMALLEST_LEAD: f64 = 0.005;

/// (AUDC + 1 - AUIC + AUSC) weighted, 0..1, lower is better. `weights` sum to 1.
pub fn qt(audc: f64, auic: f64, ausc: f64, weights: [f64; 3]) -> f64 {
    weights[0] * audc + weights[1] * (1.0 - auic) + weights[2] * ausc
}

/// Random rankings: the mean (AUDC, AUIC, QT), the mean AUSC, and where 95 % of their Quality Tests lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Control {
    pub mean: (f64, f64, f64),
    pub ausc: f64,
    pub interval: (f64, f64),
}

/// What measuring one class needs.
pub(super) struct Bench<'a> {
    pub pool: &'a Pool<'a>,
    /// Whose scores the curves count: the class's own samples, or everyone's ([`Metric::Accuracy`](crate::explain::Metric)).
    pub scored: &'a Pool<'a>,
    pub options: &'a Options,
    pub weights: [f64; 3],
    /// Features changed at each point of a curve.
    pub points: &'a [usize],
    pub job: &'a Job,
}

impl Bench<'_> {
    fn seed(&self, purpose: &str) -> Seed {
        Seed::new(self.options.seed).fork(&format!("quality test, class {}, {purpose}", self.pool.class))
    }

    fn estimable(&self) -> bool {
        self.pool.len() >= sensitivity::LEAST_SAMPLES
    }

    /// Area under the sensitivity curve of `maps` (samples x features).
    fn ausc(&self, maps: &[f32]) -> f64 {
        let everyone: Vec<usize> = (0..self.pool.len()).collect();
        let drawn = sensitivity::subsets(
            everyone.len(),
            self.options.partitions.max(2),
            self.options.subsets.max(1),
            &mut self.seed("subsets"),
        );
        sensitivity::area(&sensitivity::curve(maps, &self.pool.features, self.pool.width(), &everyone, &drawn))
    }

    /// Curves, areas, Quality Test and interval of what one explainer said.
    pub fn measure(&self, explainer: &str, attributed: &Attributed) -> Result<ExplainerResult, ExplainError> {
        let maps = &attributed.maps;
        let map = mean_map(maps, self.pool.width());
        let ranked = self.pool.ranking(attributed, self.options);
        let run = |mode| self.scored.scores(&ranked, self.points, mode, self.options.metric, self.job);
        let (deleted, inserted) = (run(curves::Mode::Deletion)?, run(curves::Mode::Insertion)?);
        let deletion = curves::mean(&deleted, self.points.len());
        let insertion = curves::mean(&inserted, self.points.len());
        let (audc, auic) = (curves::area(&deletion, self.points), curves::area(&insertion, self.points));
        let ausc = self.estimable().then(|| self.ausc(maps));
        let estimate = ausc.map(|ausc| qt(audc, auic, ausc, self.weights));
        let areas = (curves::areas(&deleted, self.points), curves::areas(&inserted, self.points));
        Ok(ExplainerResult {
            explainer: explainer.into(),
            map,
            audc,
            auic,
            ausc,
            qt: estimate,
            qt_interval: estimate.and_then(|estimate| self.interval(estimate, maps, &areas.0, &areas.1)),
            deletion,
            insertion,
        })
    }

    /// 95 % interval of the Quality Test (`estimate`) over resampled trials. The ranking stays what it was, so no
    /// forward pass is repeated: each sample brings the areas of its own curves. `None` for a single trial.
    fn interval(&self, estimate: f64, maps: &[f32], deleted: &[f64], inserted: &[f64]) -> Option<(f64, f64)> {
        let count = self.pool.trial_count();
        if count < 2 || self.options.bootstrap == 0 {
            return None;
        }
        let (by_trial, scored_by_trial) = (self.pool.by_trial(), self.scored.by_trial());
        let seed = self.seed("bootstrap");
        let same = std::ptr::eq(self.pool, self.scored);
        let draw = |groups: &[Vec<usize>], seed: &mut Seed| -> Vec<usize> {
            (0..groups.len()).flat_map(|_| groups[seed.below(groups.len())].iter().copied()).collect()
        };
        let one = |b: usize| {
            let mut seed = seed.fork(&b.to_string());
            let members = draw(&by_trial, &mut seed);
            let drawn = sensitivity::subsets(members.len(), self.options.partitions.max(2), RESAMPLE_SUBSETS, &mut seed);
            let curve = sensitivity::curve(maps, &self.pool.features, self.pool.width(), &members, &drawn);
            let scored = if same { members } else { draw(&scored_by_trial, &mut seed) };
            let mean = |areas: &[f64]| scored.iter().map(|&i| areas[i]).sum::<f64>() / scored.len().max(1) as f64;
            qt(mean(deleted), mean(inserted), sensitivity::area(&curve), self.weights)
        };
        let mut values: Vec<f64> = (0..self.options.bootstrap).into_par_iter().map(one).collect();
        values.sort_by(f64::total_cmp);
        // Trials drawn twice make maps look stabler than they are; the resamples' mean shows by how much.
        let shift = estimate - values.iter().sum::<f64>() / values.len() as f64;
        Some((percentile(&values, 0.025) + shift, percentile(&values, 0.975) + shift))
    }

    /// Random rankings; `None` where the Quality Test is not estimable.
    ///
    /// Each draw serves for two rankings, itself and its reverse: deleting in one order visits the same inputs as
    /// inserting in the other, so the curves of the reverse are the mirrored curves of the draw.
    pub fn random(&self) -> Result<Option<Control>, ExplainError> {
        let draws = self.options.random_rankings.div_ceil(2);
        if !self.estimable() || draws == 0 {
            return Ok(None);
        }
        let one = |draw: usize| -> Result<[f64; 3], ExplainError> {
            let mut seed = self.seed(&format!("random ranking {draw}"));
            let noise = self.pool.noise(&mut seed);
            let ranked = self.pool.ranking(&noise, self.options);
            let part = self.options.random_samples.map(|limit| self.scored.at_most(limit.max(1), &mut seed));
            let pool = part.as_ref().unwrap_or(self.scored);
            let area = |mode| -> Result<f64, ExplainError> {
                let scores = pool.scores(&ranked, self.points, mode, self.options.metric, self.job)?;
                Ok(curves::area(&curves::mean(&scores, self.points.len()), self.points))
            };
            Ok([area(curves::Mode::Deletion)?, area(curves::Mode::Insertion)?, self.ausc(&noise.maps)])
        };
        let tried: Vec<_> = (0..draws).into_par_iter().map(one).collect();
        let (mut areas, mut unsteady, mut quality) = (Vec::new(), Vec::new(), Vec::new());
        for one in tried {
            let [deleted, inserted, ausc] = one?;
            areas.extend([deleted, inserted]);
            unsteady.push(ausc);
            quality.extend([qt(deleted, inserted, ausc, self.weights), qt(inserted, deleted, ausc, self.weights)]);
        }
        // Over a draw and its reverse, AUDC and AUIC have the same mean.
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let (area, middle) = (mean(&areas), mean(&quality));
        quality.sort_by(f64::total_cmp);
        let interval = (percentile(&quality, 0.025), percentile(&quality, 0.975));
        Ok(Some(Control { mean: (area, area, middle), ausc: mean(&unsteady), interval }))
    }
}

/// Mean over samples, feature by feature.
pub(super) fn mean_map(maps: &[f32], width: usize) -> Vec<f32> {
    curves::mean(maps, width)
}

/// Linear interpolation between the order statistics of sorted values.
fn percentile(sorted: &[f64], p: f64) -> f64 {
    let at = p * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(a), Some(b)) => a + (b - a) * (at - at.floor()),
        _ => f64::NAN,
    }
}

/// The winner of a class and the sentence about it. `results` stand in the order that decides ties.
pub fn choose(results: &[ExplainerResult], random: Option<f64>, samples: usize) -> (Option<usize>, String) {
    if samples < sensitivity::LEAST_SAMPLES {
        let least = sensitivity::LEAST_SAMPLES;
        return (None, format!("not estimable: {samples} test samples of this class, at least {least} are needed"));
    }
    let mut ranked: Vec<(usize, f64)> = results.iter().enumerate().filter_map(|(i, r)| r.qt.map(|qt| (i, qt))).collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1)); // stable: equal ones keep their order
    let Some(&(best, best_qt)) = ranked.first() else {
        return (None, "not estimable: no explainer was tried".into());
    };
    let name = &results[best].explainer;
    // Curves that never leave zero say nothing about a ranking, and what is left of the Quality Test is stability alone.
    if results.iter().all(|r| r.audc == 0.0 && r.auic == 0.0) {
        let why = "no sample of this class is recognised, with any of its values deleted or inserted";
        return (None, format!("nothing can be concluded: {why}"));
    }
    if let Some(random) = random.filter(|r| best_qt >= *r) {
        let why = format!("none beats random rankings (best {name} {best_qt:.2}, random {random:.2})");
        return (None, format!("{why}: nothing can be concluded"));
    }
    let Some(&(_, second)) = ranked.get(1) else {
        return (Some(best), format!("{name}, the only one tried"));
    };
    let Some(interval) = results[best].qt_interval else {
        if second - best_qt < SMALLEST_LEAD {
            let other = &results[ranked[1].0].explainer;
            return (None, format!("nothing can be concluded: {name} and {other} are equal at {best_qt:.2}, in one trial"));
        }
        return (Some(best), format!("{name} by {:.2}; one trial, no interval", second - best_qt));
    };
    let overlaps = |i: &usize| results[*i].qt_interval.is_none_or(|other| other.0 <= interval.1 && interval.0 <= other.1);
    let near: Vec<&str> = ranked[1..].iter().map(|r| r.0).filter(overlaps).map(|i| results[i].explainer.as_str()).collect();
    if near.is_empty() {
        return (Some(best), format!("{name} by {:.2}", second - best_qt));
    }
    (Some(best), format!("not distinguishable: intervals of {name} and {} overlap", near.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(explainer: &str, qt: f64, interval: Option<(f64, f64)>) -> ExplainerResult {
        ExplainerResult {
            explainer: explainer.into(),
            map: Vec::new(),
            audc: 0.0,
            auic: 1.0,
            ausc: Some(0.0),
            qt: Some(qt),
            qt_interval: interval,
            deletion: Vec::new(),
            insertion: Vec::new(),
        }
    }

    #[test]
    fn the_quality_test_is_the_papers_sum() {
        let third = [1.0 / 3.0; 3];
        assert!((qt(0.18505859, 0.90738932, 0.05275547, third) - 0.11014158).abs() < 1e-7);
        assert_eq!(qt(0.0, 1.0, 0.0, third), 0.0);
    }

    #[test]
    fn the_lowest_wins_ties_go_to_the_first_and_overlap_is_said() {
        let apart = [result("IG", 0.5, Some((0.4, 0.6))), result("Grad-CAM", 0.3, Some((0.2, 0.35)))];
        assert_eq!(choose(&apart, Some(0.6), 40), (Some(1), "Grad-CAM by 0.20".into()));
        let tied = [result("IG", 0.3, Some((0.2, 0.4))), result("EG", 0.3, Some((0.2, 0.4)))];
        assert_eq!(choose(&tied, None, 40), (Some(0), "not distinguishable: intervals of IG and EG overlap".into()));
    }

    #[test]
    fn what_does_not_beat_random_is_never_best() {
        let (winner, verdict) = choose(&[result("IG", 0.5, Some((0.4, 0.6)))], Some(0.5), 40);
        assert_eq!(
            (winner, verdict.as_str()),
            (None, "none beats random rankings (best IG 0.50, random 0.50): nothing can be concluded")
        );
        assert_eq!(choose(&[result("IG", 0.1, None)], Some(0.5), 9).0, None);
    }

    #[test]
    fn a_tie_without_an_interval_and_curves_at_zero_have_no_winner() {
        let tied = [result("IG", 0.333, None), result("EG", 0.334, None)];
        let said = choose(&tied, Some(0.5), 40);
        assert_eq!(said, (None, "nothing can be concluded: IG and EG are equal at 0.33, in one trial".into()));
        let blind = |name, qt| ExplainerResult { auic: 0.0, ..result(name, qt, None) };
        let (winner, verdict) = choose(&[blind("IG", 0.2), blind("EG", 0.3)], Some(0.5), 40);
        assert!(winner.is_none() && verdict.contains("no sample of this class is recognised"), "{verdict}");
    }

    #[test]
    fn percentiles_interpolate() {
        assert!((percentile(&[0.0, 1.0, 2.0], 0.25) - 0.5).abs() < 1e-12);
        assert_eq!(percentile(&[3.0], 0.9), 3.0);
    }
}
