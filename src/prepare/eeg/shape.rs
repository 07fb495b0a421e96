//! Numbers about the shape of a signal: kurtosis, robust spread, correlation.

use crate::prepare::heart::median;

/// Excess kurtosis: 0 for normally distributed values, large where rare values are huge. 0 for a constant.
pub fn excess_kurtosis(x: &[f64]) -> f64 {
    let n = x.len().max(1) as f64;
    let mean = x.iter().sum::<f64>() / n;
    let (mut second, mut fourth) = (0.0, 0.0);
    for v in x {
        let square = (v - mean) * (v - mean);
        second += square;
        fourth += square * square;
    }
    if second <= 0.0 { 0.0 } else { n * fourth / (second * second) - 3.0 }
}

/// Median, and 1.4826 times the median distance from it: the SD of normal data, unmoved by rare large values.
pub fn centre_and_spread(x: &[f64]) -> (f64, f64) {
    let centre = median(x);
    let away: Vec<f64> = x.iter().map(|v| (v - centre).abs()).collect();
    (centre, 1.4826 * median(&away))
}

/// Pearson's r; 0 where one of them is constant.
pub fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len()).max(1) as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
        xy += (a - mx) * (b - my);
    }
    if xx <= 0.0 || yy <= 0.0 { 0.0 } else { xy / (xx * yy).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_shapes() {
        assert!((excess_kurtosis(&[-1.0, 1.0, -1.0, 1.0]) + 2.0).abs() < 1e-12);
        assert_eq!(excess_kurtosis(&[3.0; 9]), 0.0);
        let (centre, spread) = centre_and_spread(&[1.0, 2.0, 3.0, 4.0, 1000.0]);
        assert_eq!((centre, spread), (3.0, 1.4826));
        assert!((correlation(&[1.0, 2.0, 3.0], &[-2.0, -4.0, -6.0]) + 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[1.0, 2.0], &[5.0, 5.0]), 0.0);
    }
}
