//! R peaks of the ECG (after Pan and Tompkins 1985; algorithms 2.1) and the heart rate; beneath it what is made of
//! beats: correction, the interval series, its power over time.

mod ambiguity;
mod autoregressive;
mod beam;
pub mod chain;
pub mod correct;
mod edits;
pub mod hrv;
mod inverse_gaussian;
pub mod likeness;
pub mod spwvd;
mod two_sided;

use crate::prepare::filter::{Filter, Pass};
use crate::prepare::{PrepareError, Signals};

/// Shortest distance of two beats, s.
const REFRACTORY_S: f64 = 0.2;
/// A peak this soon after a beat may be its T wave, s.
const T_WAVE_S: f64 = 0.36;
/// Search back when a gap is this many mean intervals long.
const SEARCH_BACK: f64 = 1.66;
/// Intervals that a heart makes, s.
pub const PLAUSIBLE_S: std::ops::RangeInclusive<f64> = 0.3..=2.0;

/// Times of the R peaks in s from the first sample, ascending, finer than one sample. Any unit; either polarity.
///
/// # Errors
/// Less than two seconds, a rate too low for the 5-15 Hz band, or a value that is no number.
pub fn r_peaks(ecg: &[f64], rate: f64) -> Result<Vec<f64>, PrepareError> {
    let need = (2.0 * rate) as usize;
    if ecg.len() < need {
        return Err(PrepareError::TooShort { have: ecg.len(), need });
    }
    all_numbers(ecg, "the ECG")?;
    let wide = ecg_band(ecg, rate)?;
    let narrow = Filter::butterworth(Pass::Band(5.0, 15.0), 2, rate)?.zero_phase(ecg)?;
    let slope = five_point_slope(&narrow, rate);
    let energy = moving_mean(&slope.iter().map(|s| s * s).collect::<Vec<_>>(), (0.15 * rate).round() as usize);
    let beats = Detector::new(&energy, &slope, rate).run();
    Ok(fiducials(&wide, &beats, rate))
}

/// One value that is no number would make all that a filter gives none: it is refused instead.
pub(super) fn all_numbers(samples: &[f64], what: &str) -> Result<(), PrepareError> {
    match samples.iter().position(|v| !v.is_finite()) {
        Some(at) => Err(PrepareError::NotANumber { what: what.into(), at }),
        None => Ok(()),
    }
}

/// The ECG between 0.5 and 45 Hz, turned so that its skewness is positive.
fn ecg_band(ecg: &[f64], rate: f64) -> Result<Vec<f64>, PrepareError> {
    let (high, _) = super::filter::fitting_edge(45.0, rate);
    let mut wide = Filter::butterworth(Pass::Band(0.5, high), 4, rate)?.zero_phase(ecg)?;
    let mean = wide.iter().sum::<f64>() / wide.len() as f64;
    if wide.iter().map(|x| (x - mean).powi(3)).sum::<f64>() < 0.0 {
        wide.iter_mut().for_each(|x| *x = -*x);
    }
    Ok(wide)
}

fn five_point_slope(x: &[f64], rate: f64) -> Vec<f64> {
    let at = |i: usize, d: isize| x[i.saturating_add_signed(d).min(x.len() - 1)];
    (0..x.len()).map(|i| (at(i, 2) + 2.0 * at(i, 1) - 2.0 * at(i, -1) - at(i, -2)) * rate / 8.0).collect()
}

/// Centred mean over `width` samples; shorter at the ends.
pub(super) fn moving_mean(x: &[f64], width: usize) -> Vec<f64> {
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(x.iter().scan(0.0, |sum, v| {
            *sum += v;
            Some(*sum)
        }))
        .collect();
    let (back, ahead) = (width / 2, width - width / 2);
    (0..x.len())
        .map(|i| {
            let (from, to) = (i.saturating_sub(back), (i + ahead).min(x.len()));
            (sums[to] - sums[from]) / (to - from).max(1) as f64
        })
        .collect()
}

/// Adaptive levels over the candidates: what is a beat and what is noise.
struct Detector<'a> {
    energy: &'a [f64],
    slope: &'a [f64],
    rate: f64,
    signal_level: f64,
    noise_level: f64,
    beats: Vec<usize>,
}

impl<'a> Detector<'a> {
    fn new(energy: &'a [f64], slope: &'a [f64], rate: f64) -> Self {
        let start = &energy[..((2.0 * rate) as usize).clamp(1, energy.len())];
        let largest = start.iter().copied().fold(0.0, f64::max);
        let mean = start.iter().sum::<f64>() / start.len() as f64;
        Detector { energy, slope, rate, signal_level: 0.6 * largest, noise_level: 0.5 * mean, beats: Vec::new() }
    }

    fn threshold(&self) -> f64 {
        self.noise_level + 0.25 * (self.signal_level - self.noise_level)
    }

    /// Local maxima at least the refractory time apart; the larger of two close ones stays.
    fn candidates(&self) -> Vec<usize> {
        let apart = (REFRACTORY_S * self.rate).round() as usize;
        let e = self.energy;
        let mut found: Vec<usize> = Vec::new();
        for i in (1..e.len().saturating_sub(1)).filter(|&i| e[i] > e[i - 1] && e[i] >= e[i + 1]) {
            match found.last_mut() {
                Some(last) if i - *last < apart => {
                    if e[i] > e[*last] {
                        *last = i;
                    }
                }
                _ => found.push(i),
            }
        }
        found
    }

    fn run(mut self) -> Vec<usize> {
        let candidates = self.candidates();
        for (n, &peak) in candidates.iter().enumerate() {
            self.search_back(&candidates[..n], peak);
            let energy = self.energy[peak];
            if energy > self.threshold() && !self.is_t_wave(peak) {
                self.signal_level = 0.125 * energy + 0.875 * self.signal_level;
                self.beats.push(peak);
            } else {
                self.noise_level = 0.125 * energy + 0.875 * self.noise_level;
            }
        }
        self.search_back(&candidates, self.energy.len());
        self.beats
    }

    /// Where a gap is too long for the last eight intervals, the largest candidate in it counts at half threshold.
    fn search_back(&mut self, candidates: &[usize], now: usize) {
        while let Some(&last) = self.beats.last() {
            let recent = &self.beats[self.beats.len().saturating_sub(9)..];
            if recent.len() < 2 {
                return;
            }
            let mean = (last - recent[0]) as f64 / (recent.len() - 1) as f64;
            if (now - last) as f64 <= SEARCH_BACK * mean {
                return;
            }
            let apart = (REFRACTORY_S * self.rate) as usize;
            let missed = candidates.iter().copied().filter(|&c| c > last + apart && c + apart <= now && !self.is_t_wave(c));
            let Some(best) = missed.max_by(|a, b| self.energy[*a].total_cmp(&self.energy[*b])) else { return };
            if self.energy[best] <= self.threshold() / 2.0 {
                return;
            }
            self.signal_level = 0.25 * self.energy[best] + 0.75 * self.signal_level;
            self.beats.push(best);
        }
    }

    fn is_t_wave(&self, peak: usize) -> bool {
        let Some(&last) = self.beats.last() else { return false };
        if (peak - last) as f64 > T_WAVE_S * self.rate {
            return false;
        }
        self.steepest(peak) < self.steepest(last) / 2.0
    }

    /// Largest slope within 75 ms.
    fn steepest(&self, at: usize) -> f64 {
        let reach = (0.075 * self.rate) as usize;
        let span = at.saturating_sub(reach)..(at + reach + 1).min(self.slope.len());
        self.slope[span].iter().map(|s| s.abs()).fold(0.0, f64::max)
    }
}

/// Moves each beat to the extreme of the 0.5-45 Hz signal within 60 ms, of the sign that most beats have, and
/// between the samples by a parabola.
fn fiducials(wide: &[f64], beats: &[usize], rate: f64) -> Vec<f64> {
    let (reach, around) = ((0.06 * rate).round() as usize, (0.3 * rate).round() as usize);
    let span = |at: usize, reach: usize| at.saturating_sub(reach)..(at + reach + 1).min(wide.len());
    let levels: Vec<f64> = beats.iter().map(|&b| median(&wide[span(b, around)])).collect();
    let upward = beats
        .iter()
        .zip(&levels)
        .filter(|(b, level)| {
            let away = span(**b, reach).map(|i| wide[i] - **level);
            away.fold(0.0, |far: f64, d| if d.abs() > far.abs() { d } else { far }) >= 0.0
        })
        .count();
    let sign = if 2 * upward >= beats.len() { 1.0 } else { -1.0 };
    let mut times: Vec<f64> = beats
        .iter()
        .filter_map(|&b| span(b, reach).max_by(|i, j| (sign * wide[*i]).total_cmp(&(sign * wide[*j]))))
        .map(|top| (top as f64 + vertex(wide, top)) / rate)
        .collect();
    times.dedup_by(|later, earlier| *later - *earlier < REFRACTORY_S / 2.0);
    times
}

/// Offset in samples, within half a sample, of the parabola through a peak and its neighbours.
pub(super) fn vertex(x: &[f64], top: usize) -> f64 {
    if top == 0 || top + 1 >= x.len() {
        return 0.0;
    }
    let (before, at, after) = (x[top - 1], x[top], x[top + 1]);
    let bend = before - 2.0 * at + after;
    if bend.abs() < 1e-30 { 0.0 } else { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) }
}

/// The middle value (mean of the two middle ones); 0 for no values.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    // Selection instead of sorting: this is asked for every beat and every window.
    let (below, upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return *upper;
    }
    let lower = below.iter().copied().max_by(f64::total_cmp).unwrap_or(*upper);
    (lower + *upper) / 2.0
}

/// Beats a minute from the median plausible interval; `None` with fewer than two plausible beats.
pub fn heart_rate(beats: &[f64]) -> Option<f64> {
    let intervals: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).filter(|i| PLAUSIBLE_S.contains(i)).collect();
    (!intervals.is_empty()).then(|| 60.0 / median(&intervals))
}

/// Heart rate of an ECG channel by its index in `signals`.
///
/// # Errors
/// As [`r_peaks`].
pub fn ecg_rate(signals: &Signals, channel: usize) -> Result<Option<f64>, PrepareError> {
    let samples = signals.data.get(channel).ok_or(PrepareError::NoChannels)?;
    Ok(heart_rate(&r_peaks(samples, signals.rate)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    /// R, S and T waves as Gaussians around each beat, with noise, drift and either polarity.
    fn ecg(beats: &[f64], rate: f64, seconds: f64, sign: f64) -> Vec<f64> {
        let mut seed = Seed::new(5);
        let wave = |t: f64, centre: f64, width: f64, height: f64| height * (-((t - centre) / width).powi(2) / 2.0).exp();
        (0..(seconds * rate) as usize)
            .map(|i| {
                let t = i as f64 / rate;
                let qrst = |b: &f64| wave(t, *b, 0.012, 1.0) + wave(t, b + 0.03, 0.012, -0.25) + wave(t, b + 0.25, 0.04, 0.3);
                sign * beats.iter().map(qrst).sum::<f64>() + 0.3 * (0.8 * t).sin() + 0.03 * seed.normal()
            })
            .collect()
    }

    #[test]
    fn every_beat_is_found_at_its_time() {
        let beats: Vec<f64> = (0..40).map(|k| 0.7 + 0.82 * k as f64 + 0.05 * (0.9 * k as f64).sin()).collect();
        for (rate, sign) in [(256.0, 1.0), (250.0, -1.0), (128.0, 1.0)] {
            let found = r_peaks(&ecg(&beats, rate, 34.0, sign), rate).expect("long enough");
            assert_eq!(found.len(), beats.len(), "{rate} {sign} {found:?}");
            let worst = found.iter().zip(&beats).map(|(f, b)| (f - b).abs()).fold(0.0, f64::max);
            assert!(worst < 0.01, "{rate}: {worst}");
            let bpm = heart_rate(&found).expect("beats");
            assert!((bpm - 60.0 / 0.82).abs() < 2.0, "{bpm}");
        }
    }

    #[test]
    fn too_little_is_refused_and_silence_has_no_rate() {
        assert!(matches!(r_peaks(&[0.0; 100], 256.0), Err(PrepareError::TooShort { .. })));
        assert_eq!(r_peaks(&[0.0; 2560], 256.0).map(|beats| heart_rate(&beats)), Ok(None));
    }
}
