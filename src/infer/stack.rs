//! Stacking: a multinomial logistic regression on the log-probabilities of both modalities (algorithms 8.4).

/// Validation trials that every class needs before stacking is worth fitting.
pub const LEAST_PER_CLASS: usize = 10;
/// Weight of the squared coefficients (intercepts are free).
const PENALTY: f64 = 1.0;
const ITERATIONS: usize = 2000;

/// Coefficients, classes x (2 classes + 1), the intercept last in each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    rows: Vec<Vec<f64>>,
}

impl Stack {
    /// Fitted on validation trials (EEG, face, class); `None` with fewer than [`LEAST_PER_CLASS`] of any class.
    pub fn fit(trials: &[(Vec<f64>, Vec<f64>, usize)], classes: usize) -> Option<Stack> {
        let enough = |c: usize| trials.iter().filter(|t| t.2 == c).count() >= LEAST_PER_CLASS;
        let shaped = trials.iter().all(|(e, f, c)| e.len() == classes && f.len() == classes && *c < classes);
        if classes < 2 || !shaped || !(0..classes).all(enough) {
            return None;
        }
        let inputs: Vec<Vec<f64>> = trials.iter().map(|(e, f, _)| features(e, f)).collect();
        let labels: Vec<usize> = trials.iter().map(|t| t.2).collect();
        // The loss is convex and its gradient changes at most this fast, so these steps cannot overshoot.
        let curvature = PENALTY + 0.5 * inputs.iter().flatten().map(|v| v * v).sum::<f64>();
        let mut stack = Stack { rows: vec![vec![0.0; 2 * classes + 1]; classes] };
        let mut ahead = stack.clone();
        for i in 0..ITERATIONS {
            // Accelerated gradient descent (Nesterov 1983).
            let gradient = ahead.gradient(&inputs, &labels);
            let before = stack.clone();
            let momentum = i as f64 / (i as f64 + 3.0);
            for (c, row) in gradient.iter().enumerate() {
                for (k, g) in row.iter().enumerate() {
                    stack.rows[c][k] = ahead.rows[c][k] - g / curvature;
                    ahead.rows[c][k] = stack.rows[c][k] + momentum * (stack.rows[c][k] - before.rows[c][k]);
                }
            }
        }
        Some(stack)
    }

    /// Probabilities from those of both modalities.
    pub fn combine(&self, eeg: &[f64], face: &[f64]) -> Vec<f64> {
        self.probabilities(&features(eeg, face))
    }

    fn probabilities(&self, input: &[f64]) -> Vec<f64> {
        let logits: Vec<f64> = self.rows.iter().map(|row| row.iter().zip(input).map(|(w, x)| w * x).sum()).collect();
        super::calibrate::softmax(&logits, 1.0)
    }

    fn gradient(&self, inputs: &[Vec<f64>], labels: &[usize]) -> Vec<Vec<f64>> {
        let mut gradient = self.rows.clone();
        for row in &mut gradient {
            row.iter_mut().for_each(|w| *w *= PENALTY);
            if let Some(intercept) = row.last_mut() {
                *intercept = 0.0;
            }
        }
        for (input, &label) in inputs.iter().zip(labels) {
            for (c, p) in self.probabilities(input).iter().enumerate() {
                let error = p - f64::from(u8::from(c == label));
                gradient[c].iter_mut().zip(input).for_each(|(g, x)| *g += error * x);
            }
        }
        gradient
    }
}

fn features(eeg: &[f64], face: &[f64]) -> Vec<f64> {
    eeg.iter().chain(face).map(|p| p.max(1e-6).ln()).chain([1.0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::calibrate::softmax;
    use crate::signal::Seed;

    /// EEG tells the classes apart, the face answers at random: the stack follows the EEG.
    #[test]
    fn follows_the_modality_that_knows() {
        let mut seed = Seed::new(8);
        let mut trial = |i: usize| {
            let label = i % 3;
            let mut draw = |own: f64| -> Vec<f64> {
                softmax(&(0..3).map(|c| seed.normal() + if c == label { own } else { 0.0 }).collect::<Vec<_>>(), 1.0)
            };
            (draw(2.5), draw(0.0), label)
        };
        let trials: Vec<_> = (0..60).map(&mut trial).collect();
        let stack = Stack::fit(&trials, 3).expect("20 per class");
        let gradient = stack.gradient(
            &trials.iter().map(|t| features(&t.0, &t.1)).collect::<Vec<_>>(),
            &trials.iter().map(|t| t.2).collect::<Vec<_>>(),
        );
        assert!(gradient.iter().flatten().all(|g| g.abs() < 1e-3), "not at the minimum: {gradient:?}");
        let p = stack.combine(&[0.9, 0.05, 0.05], &[0.05, 0.9, 0.05]);
        assert!(p[0] > 0.6, "{p:?}");
        assert_eq!(Stack::fit(&trials[..29], 3), None);
    }
}
