//! Temperature calibration (Guo et al. 2017; algorithms 8.4): one number per model, fitted on validation trials.

/// Search interval of log T.
const LOG_RANGE: (f64, f64) = (-3.0, 3.0);
/// Stops when the interval of log T is this narrow.
const TOLERANCE: f64 = 1e-6;

/// softmax(logits / temperature).
pub fn softmax<T: Copy + Into<f64>>(logits: &[T], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = logits.iter().map(|&z| z.into() / temperature).collect();
    let top = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scaled.iter().map(|z| (z - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| p / sum).collect()
}

/// The temperature in [e^-3, e^3] of least weighted negative log-likelihood, by golden-section search on its
/// logarithm. `logits` are rows of `classes`; `weights` one per row (give the windows of a trial 1 / their number
/// and trials count the same). 1 without rows.
pub fn temperature(logits: &[f32], labels: &[usize], weights: &[f64], classes: usize) -> f64 {
    if classes == 0 || labels.is_empty() || logits.len() < labels.len() * classes {
        return 1.0;
    }
    let loss = |log_t: f64| negative_log_likelihood(logits, labels, weights, classes, log_t.exp());
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = LOG_RANGE;
    let (mut a, mut b) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_a, mut at_b) = (loss(a), loss(b));
    while high - low > TOLERANCE {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - ratio * (high - low);
            at_a = loss(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + ratio * (high - low);
            at_b = loss(b);
        }
    }
    ((low + high) / 2.0).exp()
}

/// Weighted mean of -log p(label).
pub fn negative_log_likelihood(logits: &[f32], labels: &[usize], weights: &[f64], classes: usize, temperature: f64) -> f64 {
    let mut total = 0.0;
    let mut weight_sum = 0.0;
    for (i, (row, &label)) in logits.chunks_exact(classes.max(1)).zip(labels).enumerate() {
        let weight = weights.get(i).copied().unwrap_or(1.0);
        let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row.iter().map(|&z| (f64::from(z - top) / temperature).exp()).sum();
        let own = row.get(label).map_or(0.0, |&z| f64::from(z - top) / temperature);
        total += weight * (sum.ln() - own);
        weight_sum += weight;
    }
    if weight_sum > 0.0 { total / weight_sum } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    /// Labels drawn from softmax(z) while the model says 2.5 z: the right temperature is 2.5.
    #[test]
    fn finds_the_temperature_that_made_the_labels() {
        let mut seed = Seed::new(4);
        let (mut logits, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..20_000 {
            let z: Vec<f64> = (0..3).map(|_| 1.5 * seed.normal()).collect();
            let p = softmax(&z, 1.0);
            let draw = seed.uniform();
            labels.push(if draw < p[0] {
                0
            } else if draw < p[0] + p[1] {
                1
            } else {
                2
            });
            logits.extend(z.iter().map(|z| 2.5 * *z as f32));
        }
        let t = temperature(&logits, &labels, &[], 3);
        assert!((t - 2.5).abs() < 0.1, "{t}");
    }

    #[test]
    fn nothing_to_learn_from_leaves_one() {
        assert_eq!(temperature(&[], &[], &[], 4), 1.0);
    }
}
