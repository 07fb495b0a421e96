//! The reference of beat correction: intervals follow an inverse-Gaussian whose mean depends on the interval before
//! (after Citi, Brown and Barbieri 2012; algorithms 2.3). Greedy, beat by beat; kept because published figures and the
//! golden vectors were made with it. Reliable for mild heart-rate variability only.

use super::correct::{Edit, EditKind};
use super::median;

/// Surprise (difference of log-likelihoods) from which an edit is made, twice.
const ETA: f64 = 6.9;
const HISTORY: usize = 45;
/// Fewer accepted intervals than this: the first intervals' median stands in for the model.
const FEWEST: usize = 12;
const FIRST: usize = 39;
const FORGETTING: f64 = 0.98;
const RIDGE: f64 = 1e-3;
const LARGEST_SLOPE: f64 = 0.95;
const LARGEST_SHAPE: f64 = 4000.0;
/// Intervals this far from the mean, as a share of it, do not enter the history.
const FAR: f64 = 0.35;

/// Mean and shape of the next interval, s.
struct InverseGaussian {
    mean: f64,
    shape: f64,
}

impl InverseGaussian {
    fn next(history: &[f64], first_median: f64) -> Self {
        if history.len() < FEWEST {
            return InverseGaussian { mean: first_median, shape: first_median / 0.0064 };
        }
        let recent = &history[history.len().saturating_sub(HISTORY)..];
        let pairs = recent.len() - 1;
        let weight = |i: usize| FORGETTING.powi((pairs - 1 - i) as i32);
        let total: f64 = (0..pairs).map(weight).sum();
        let mean_of = |from: usize| (0..pairs).map(|i| weight(i) * recent[i + from]).sum::<f64>() / total;
        let (before, after) = (mean_of(0), mean_of(1));
        let sum = |f: &dyn Fn(usize) -> f64| (0..pairs).map(|i| weight(i) * f(i)).sum::<f64>();
        let together = sum(&|i| (recent[i] - before) * (recent[i + 1] - after));
        let alone = sum(&|i| (recent[i] - before).powi(2));
        let slope = (together / (alone + RIDGE)).clamp(-LARGEST_SLOPE, LARGEST_SLOPE);
        let offset = after - slope * before;
        let fit = |i: usize| offset + slope * recent[i];
        let spread = sum(&|i| (recent[i + 1] - fit(i)).powi(2) / (fit(i).powi(2) * recent[i + 1])) / total;
        let middle = median(recent);
        let last = recent[recent.len() - 1];
        InverseGaussian {
            mean: (offset + slope * last).clamp(0.6 * middle, 1.5 * middle),
            shape: (1.0 / spread.max(1e-12)).min(LARGEST_SHAPE),
        }
    }

    fn log_density(&self, x: f64) -> f64 {
        0.5 * (self.shape / (std::f64::consts::TAU * x.powi(3))).ln()
            - self.shape * (x - self.mean).powi(2) / (2.0 * self.mean.powi(2) * x)
    }

    /// Log-likelihood of an interval less that of the likeliest one: 0 or less.
    fn surprise(&self, x: f64) -> f64 {
        if x <= 0.0 {
            return -1e9;
        }
        let r = 3.0 * self.mean / (2.0 * self.shape);
        let mode = self.mean * ((1.0 + r * r).sqrt() - r);
        self.log_density(x) - self.log_density(mode)
    }
}

/// Beats in s, ascending, and what was changed.
pub(super) fn correct(beats: &[f64]) -> (Vec<f64>, Vec<Edit>) {
    let mut given = beats.to_vec();
    let (mut out, mut edits): (Vec<f64>, Vec<Edit>) = (beats.iter().take(1).copied().collect(), Vec::new());
    let intervals: Vec<f64> = beats.windows(2).take(FIRST).map(|pair| pair[1] - pair[0]).collect();
    let (first_median, mut history) = (median(&intervals), Vec::new());
    let mut i = 1;
    while i < given.len() {
        let (last, beat) = (out[out.len() - 1], given[i]);
        let model = InverseGaussian::next(&history, first_median);
        let ahead = given.get(i + 1).copied().zip(given.get(i + 2).copied());
        let mut learn = |interval: f64| {
            if (interval - model.mean).abs() < FAR * model.mean {
                history.push(interval);
            }
        };
        match ahead.and_then(|(next, after)| edit(&model, last, beat, next, after)) {
            Some(EditKind::Missed { beats: parts }) => {
                let step = (beat - last) / (parts + 1) as f64;
                out.extend((1..=parts + 1).map(|k| last + k as f64 * step));
                (0..=parts).for_each(|_| learn(step));
                edits.push(Edit { at: beat, kind: EditKind::Missed { beats: parts } });
                i += 1;
                continue;
            }
            Some(EditKind::Extra) => {
                edits.push(Edit { at: beat, kind: EditKind::Extra });
                given.remove(i);
                continue;
            }
            Some(EditKind::Moved { by }) => {
                edits.push(Edit { at: beat, kind: EditKind::Moved { by } });
                given[i] = (last + given[i + 1]) / 2.0;
            }
            None => {}
        }
        out.push(given[i]);
        learn(given[i] - last);
        i += 1;
    }
    (out, edits)
}

/// The best edit of `beat` between the accepted `last` and its followers, if it is much likelier than none.
fn edit(model: &InverseGaussian, last: f64, beat: f64, next: f64, after: f64) -> Option<EditKind> {
    let s = |x: f64| model.surprise(x);
    if s(beat - last) >= -ETA / 2.0 {
        return None;
    }
    let base = s(beat - last) + s(next - beat) + s(after - next);
    let parts = ((beat - last) / model.mean + 0.5).floor();
    let missed = (2.0..=6.0).contains(&parts).then(|| {
        let all = parts * s((beat - last) / parts) + s(next - beat) + s(after - next);
        (all, EditKind::Missed { beats: parts as usize - 1 })
    });
    let extra = (s(next - last) + s(after - next), EditKind::Extra);
    let middle = (last + next) / 2.0;
    let moved = (2.0 * s((next - last) / 2.0) + s(after - next), EditKind::Moved { by: middle - beat });
    let best = missed.into_iter().chain([extra, moved]).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 - base >= ETA / 2.0).then_some(best.1)
}
