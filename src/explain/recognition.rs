//! Does the network tell a class from the others at all? Without that, an explanation of it concludes nothing.

use crate::explain::pool::Fold;
use crate::explain::{ExplainError, batch, options};
use crate::job::Job;
use std::collections::BTreeMap;

/// One-sided 5 % of the normal distribution.
const CRITICAL: f64 = 1.645;

/// Per trial: its class, its samples, and how often each class was answered.
pub(super) struct Recognition {
    trials: Vec<(usize, f64, Vec<f64>)>,
}

/// How a class is told from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    /// Mean share over the class's trials, and over the other trials, of samples predicted as the class.
    pub hits: f64,
    pub false_alarms: f64,
    /// How many trials there are of the class, and of the others.
    pub trials: (usize, usize),
    /// 90 % interval of the difference: its lower end is what the one-sided test at 5 % looks at.
    pub interval: (f64, f64),
    /// `None` with fewer than two trials on a side.
    pub apart: Option<bool>,
}

impl Told {
    /// What was found and why that is no proof: shares that differ may still do so by chance.
    pub fn unproven(&self) -> String {
        let percent = |share: f64| 100.0 * share;
        format!(
            "it is not shown that the network tells this class from the others: its {} trials are called so by {:.0} %, the {} \
             others by {:.0} %, and the 90 % interval of that difference, {:.0} to {:.0} points, does not exclude chance",
            self.trials.0,
            percent(self.hits),
            self.trials.1,
            percent(self.false_alarms),
            percent(self.interval.0),
            percent(self.interval.1)
        )
    }
}

impl Recognition {
    /// # Errors
    /// [`ExplainError::Stopped`] on request.
    pub fn of(folds: &[Fold], classes: usize, job: &Job) -> Result<Self, ExplainError> {
        let mut trials: BTreeMap<(usize, usize, usize), (f64, Vec<f64>)> = BTreeMap::new();
        for (f, (network, test)) in folds.iter().enumerate() {
            let width = network.input_len();
            let fill = |row: usize, buffer: &mut [f32]| buffer.copy_from_slice(&test.inputs[row * width..(row + 1) * width]);
            batch::logits(*network, test.labels.len(), job, fill, |row, logits| {
                let key = (f, test.trials[row], test.labels[row]);
                let (samples, answers) = trials.entry(key).or_insert_with(|| (0.0, vec![0.0; classes]));
                *samples += 1.0;
                answers[options::predicted(logits).min(classes.saturating_sub(1))] += 1.0;
            })?;
        }
        Ok(Recognition { trials: trials.into_iter().map(|((_, _, label), (n, answers))| (label, n, answers)).collect() })
    }

    /// Welch's test over trials: are a class's trials called so more often than others?
    pub fn told(&self, class: usize) -> Told {
        let shares = |own: bool| -> Vec<f64> {
            self.trials.iter().filter(|t| (t.0 == class) == own).map(|(_, n, answers)| answers[class] / n.max(1.0)).collect()
        };
        let (own, others) = (shares(true), shares(false));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len().max(1) as f64;
        let squared_error = |v: &[f64]| {
            let m = mean(v);
            v.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (v.len().saturating_sub(1).max(1) * v.len().max(1)) as f64
        };
        let (hits, false_alarms) = (mean(&own), mean(&others));
        let error = (squared_error(&own) + squared_error(&others)).sqrt();
        let (difference, margin) = (hits - false_alarms, CRITICAL * error);
        let apart = (own.len() > 1 && others.len() > 1).then_some(difference > margin);
        let interval = (difference - margin, difference + margin);
        Told { hits, false_alarms, trials: (own.len(), others.len()), interval, apart }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognition(own: &[f64], others: &[f64]) -> Told {
        let trial = |label: usize| move |share: &f64| (label, 10.0, vec![10.0 * (1.0 - share), 10.0 * share]);
        let trials = own.iter().map(trial(1)).chain(others.iter().map(trial(0))).collect();
        Recognition { trials }.told(1)
    }

    #[test]
    fn a_class_is_told_apart_or_not() {
        assert_eq!(recognition(&[0.9, 0.8, 1.0], &[0.1, 0.0, 0.2, 0.1]).apart, Some(true));
        assert_eq!(recognition(&[0.6, 0.1, 0.5], &[0.4, 0.6, 0.2, 0.5]).apart, Some(false));
        // Always called so: full recall, and nothing recognised.
        assert_eq!(recognition(&[1.0, 1.0], &[1.0, 1.0]).apart, Some(false));
        assert_eq!(recognition(&[1.0], &[0.0, 0.0]).apart, None);
    }

    #[test]
    fn shares_that_differ_are_said_with_the_interval_that_holds_chance() {
        let told = recognition(&[1.0, 0.2, 0.66], &[0.0, 0.5, 0.1, 0.32]);
        assert_eq!(told.apart, Some(false));
        let said = told.unproven();
        assert!(said.contains("its 3 trials are called so by 62 %, the 4 others by 23 %"), "{said}");
        assert!(told.interval.0 < 0.0 && said.contains("does not exclude chance"), "{said}");
    }
}
