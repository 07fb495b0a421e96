//! Pulse peaks of the PPG (Elgendi et al. 2013; algorithms 2.2).

use crate::prepare::PrepareError;
use crate::prepare::filter::{Filter, Pass, fitting_edge};
use crate::prepare::heart::{all_numbers, moving_mean, vertex};

const PEAK_S: f64 = 0.111;
const BEAT_S: f64 = 0.667;
const APART_S: f64 = 0.3;
/// Share of the mean squared signal that is added to the threshold.
const OFFSET: f64 = 0.02;

/// Times of the pulse peaks in s from the first sample, ascending. Their intervals are pulse intervals, not RR: the
/// transit time varies and adds error to the high-frequency part of heart-rate variability.
///
/// # Errors
/// Less than two seconds; a value that is no number.
pub fn pulse_peaks(ppg: &[f64], rate: f64) -> Result<Vec<f64>, PrepareError> {
    let need = (2.0 * rate) as usize;
    if ppg.len() < need {
        return Err(PrepareError::TooShort { have: ppg.len(), need });
    }
    all_numbers(ppg, "the PPG")?;
    let (high, _) = fitting_edge(8.0, rate);
    let filtered = Filter::butterworth(Pass::Band(0.5, high), 3, rate)?.zero_phase(ppg)?;
    let squared: Vec<f64> = filtered.iter().map(|x| x.max(0.0).powi(2)).collect();
    let shortest = (PEAK_S * rate).round() as usize;
    let (peak, beat) = (moving_mean(&squared, shortest), moving_mean(&squared, (BEAT_S * rate).round() as usize));
    let offset = OFFSET * squared.iter().sum::<f64>() / squared.len() as f64;
    let mut tops: Vec<usize> = Vec::new();
    let mut start = None;
    for i in 0..=squared.len() {
        let inside = i < squared.len() && peak[i] > beat[i] + offset;
        match (start, inside) {
            (None, true) => start = Some(i),
            (Some(from), false) => {
                start = None;
                let top = (from..i).max_by(|a, b| filtered[*a].total_cmp(&filtered[*b]));
                let far = |top: usize| tops.last().is_none_or(|last| (top - last) as f64 > APART_S * rate);
                tops.extend(top.filter(|top| i - from >= shortest && far(*top)));
            }
            _ => {}
        }
    }
    Ok(tops.into_iter().map(|top| (top as f64 + vertex(&filtered, top)) / rate).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peak_a_pulse_despite_the_dicrotic_wave() {
        let (rate, period) = (64.0, 0.9);
        let ppg: Vec<f64> = (0..64 * 30)
            .map(|i| {
                let phase = (i as f64 / rate / period).fract();
                let wave = |centre: f64, width: f64| (-((phase - centre) / width).powi(2) / 2.0).exp();
                100.0 + wave(0.3, 0.08) + 0.3 * wave(0.65, 0.08)
            })
            .collect();
        let peaks = pulse_peaks(&ppg, rate).expect("long enough");
        assert!((32..=34).contains(&peaks.len()), "{}", peaks.len());
        assert!(peaks.windows(2).all(|pair| (pair[1] - pair[0] - period).abs() < 0.02), "{peaks:?}");
    }
}
