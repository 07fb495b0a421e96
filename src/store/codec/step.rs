//! Finding the step of a converter in samples that nobody declared one for.

/// Fewest samples to look at.
pub(in crate::store) const ENOUGH: usize = 64;

/// The step of one channel: 1 where all values are whole numbers, else the largest step of which all values are
/// exact multiples (each a count times the step, rounded to f32), found from their smallest difference. None where
/// there is no such step, or where these samples do not settle it.
pub(in crate::store) fn detect(values: &[f32]) -> Option<f64> {
    if values.len() < ENOUGH || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    if values.iter().all(|v| v.fract() == 0.0 && v.abs() < 2f32.powi(24)) {
        return Some(1.0);
    }
    let mut sorted: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let smallest = sorted.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    let largest = sorted.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    // Rounding to f32 must be small beside the step, or everything is a multiple of something.
    if !smallest.is_finite() || largest * f64::from(f32::EPSILON) > smallest / 8.0 {
        return None;
    }
    narrow(&sorted, smallest)
}

/// Narrows the step from the smallest values to the largest: each says between which bounds the step lies.
fn narrow(sorted: &[f64], smallest: f64) -> Option<f64> {
    let mut by_size: Vec<f64> = sorted.iter().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
    by_size.sort_by(f64::total_cmp);
    let half = f64::from(f32::EPSILON) / 2.0;
    let slack = 2.0 * by_size.last()? * half;
    let (mut low, mut high) = (smallest - slack, smallest + slack);
    for value in by_size {
        let (fewest, most) = (value * (1.0 - half) / high, value * (1.0 + half) / low);
        let count = (value / (0.5 * (low + high))).round();
        if most - fewest > 1.0 || count < fewest.floor() || count > most.ceil() || count < 1.0 {
            return None;
        }
        low = low.max(value * (1.0 - half) / count);
        high = high.min(value * (1.0 + half) / count);
        if low > high {
            return None;
        }
    }
    let step = 0.5 * (low + high);
    let whole = |v: &f64| ((v / step).round() * step) as f32 == *v as f32;
    sorted.iter().all(whole).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    fn noise(seed: u64, n: usize, sd: f64, step: f64) -> Vec<f32> {
        let mut seed = Seed::new(seed);
        (0..n).map(|_| ((sd * seed.normal()).round() * step) as f32 + 0.0).collect()
    }

    #[test]
    fn the_step_of_a_converter_is_found() {
        for (sd, step) in [(40.0, 4.5e6 / 24.0 / 8_388_607.0), (300.0, 0.03125), (15.0, 0.1), (2000.0, 0.5)] {
            let values = noise(7, 512, sd, step);
            let found = detect(&values).expect("found");
            assert!((found / step - 1.0).abs() < 1e-6, "{found} for {step}");
            assert!(values.iter().all(|v| ((f64::from(*v) / found).round() * found) as f32 == *v));
        }
        assert_eq!(detect(&noise(8, 64, 5.0, 1.0)), Some(1.0));
        assert_eq!(detect(&[0.0; 64]), Some(1.0));
    }

    #[test]
    fn what_has_no_step_has_none() {
        let mut seed = Seed::new(9);
        let smooth: Vec<f32> = (0..512).map(|_| (20.0 * seed.normal()) as f32).collect();
        assert_eq!(detect(&smooth), None);
        assert_eq!(detect(&[0.5; 10]), None, "too few");
        let mut odd = noise(1, 512, 40.0, 0.1);
        odd[100] = 0.234;
        assert_eq!(detect(&odd), None);
        odd[100] = f32::NAN;
        assert_eq!(detect(&odd), None);
    }
}
