//! How much the beats of one signal resemble each other: what is no heart has no beat of its own (algorithms 10).

use super::median;

/// Half the length of a beat's template, s.
const TEMPLATE_S: f64 = 0.25;

/// Median correlation of the beats (peaks in s from the first sample) with their mean, 0.25 s on either side; 0 with
/// fewer than three whole beats.
pub fn likeness(samples: &[f64], peaks: &[f64], rate: f64) -> f64 {
    let half = (TEMPLATE_S * rate).round() as usize;
    let beats: Vec<&[f64]> = peaks
        .iter()
        .filter_map(|t| {
            let centre = (t * rate).round() as usize;
            samples.get(centre.checked_sub(half)?..centre + half)
        })
        .collect();
    if beats.len() < 3 {
        return 0.0;
    }
    let template: Vec<f64> = (0..2 * half).map(|i| beats.iter().map(|beat| beat[i]).sum::<f64>() / beats.len() as f64).collect();
    median(&beats.iter().map(|beat| correlation(beat, &template)).collect::<Vec<_>>())
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - mean_a) * (y - mean_b);
        aa += (x - mean_a).powi(2);
        bb += (y - mean_b).powi(2);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn beats_are_alike_and_noise_is_not() {
        let mut seed = Seed::new(4);
        let noise: Vec<f64> = (0..2560).map(|_| seed.normal()).collect();
        let peaks: Vec<f64> = (1..10).map(f64::from).collect();
        let beat = |i: usize| 20.0 * (-(((i % 256) as f64 - 128.0) / 8.0).powi(2)).exp();
        let shifted: Vec<f64> = peaks.iter().map(|t| t - 0.5).collect();
        let ecg: Vec<f64> = noise.iter().enumerate().map(|(i, n)| n + beat(i)).collect();
        assert!(likeness(&ecg, &shifted, 256.0) > 0.9 && likeness(&noise, &peaks, 256.0) < 0.6);
        assert_eq!(likeness(&noise, &[1.0, 2.0], 256.0), 0.0);
    }
}
