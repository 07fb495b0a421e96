//! How a training goes, as far as this terminal has seen it: time left, folds that are done, the best epoch.

use crate::lab::message::{JobView, Snapshot};
use crate::signal::{Nanos, SECOND};

/// Progress is judged over at least so long.
const LEAST: Nanos = 3 * SECOND;

/// What was seen of one job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Course {
    /// When it was first seen, and how much was done then.
    began: Option<(Nanos, u64)>,
    now: Nanos,
    stage: String,
    /// Stages that are over: name, best epoch, its validation loss and accuracy.
    pub folds: Vec<(String, u32, f32, f32)>,
    latest: Option<(u32, f32, f32)>,
}

/// The epoch with the lowest validation loss: (epoch, loss, accuracy).
pub fn best(job: &JobView) -> Option<(u32, f32, f32)> {
    let finite = job.curve.iter().filter(|p| p.2.is_finite());
    finite.min_by(|a, b| a.2.total_cmp(&b.2)).map(|p| (p.0, p.2, p.3))
}

impl Course {
    /// Takes note of a snapshot.
    pub fn observe(&mut self, s: &Snapshot) {
        let Some(job) = s.job.as_ref().filter(|j| j.outcome.is_none()) else { return };
        self.now = s.now;
        let done = job.progress.done;
        // Less than before: another job.
        if self.began.is_none_or(|(_, first)| done < first) {
            *self = Course { began: Some((s.now, done)), now: s.now, ..Course::default() };
        }
        if job.progress.stage != self.stage {
            if let Some((epoch, loss, accuracy)) = self.latest.take() {
                self.folds.push((std::mem::take(&mut self.stage), epoch, loss, accuracy));
            }
            self.stage.clone_from(&job.progress.stage);
        } else if let Some(found) = best(job) {
            self.latest = Some(found);
        }
    }

    /// Seconds until it is done at the pace so far.
    pub fn left(&self, job: &JobView) -> Option<f64> {
        let (began, first) = self.began?;
        let (spent, made) = (self.now - began, job.progress.done.saturating_sub(first));
        if spent < LEAST || made == 0 {
            return None;
        }
        let more = job.progress.total.saturating_sub(job.progress.done);
        Some(spent as f64 / SECOND as f64 / made as f64 * more as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::example::training;

    #[test]
    fn time_left_follows_the_pace_and_folds_are_kept() {
        let mut s = training();
        let mut course = Course::default();
        let mut see = |s: &mut Snapshot, seconds: i64, done: u64, stage: &str| {
            s.now += seconds * SECOND;
            let job = s.job.as_mut().expect("a job");
            job.progress.done = done;
            job.progress.stage = stage.into();
            course.observe(s);
            course.left(s.job.as_ref().expect("a job"))
        };
        assert_eq!(see(&mut s, 0, 100, "train fold 1/4"), None, "nothing is known yet");
        assert_eq!(see(&mut s, 10, 200, "train fold 1/4"), Some(20.0), "100 in 10 s, 200 more to go");
        see(&mut s, 1, 210, "train fold 2/4");
        assert_eq!(course.folds.len(), 1);
        assert_eq!((course.folds[0].0.as_str(), best(s.job.as_ref().expect("a job")).map(|b| b.0)), ("train fold 1/4", Some(24)));
    }
}
