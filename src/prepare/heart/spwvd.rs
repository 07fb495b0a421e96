//! Power of heart-rate variability over time: the smoothed pseudo-Wigner-Ville distribution with an elliptic
//! exponential kernel (Orini et al. 2011; algorithms 2.5).

use super::ambiguity::Ambiguity;
use super::hrv::{HRV_HZ, Hrv};
use crate::prepare::PrepareError;
use crate::prepare::spectrum::power_between;
use limbic_fft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

/// Low frequencies: blood pressure, Hz.
pub const LF_HZ: (f64, f64) = (0.04, 0.15);
/// High frequencies: respiration, Hz.
pub const HF_HZ: (f64, f64) = (0.15, 0.4);
const BANDS: [(f64, f64); 2] = [LF_HZ, HF_HZ];
/// A shorter record does not resolve the low frequencies, s.
pub const RELIABLE_LF_S: f64 = 25.0;

/// The kernel and the length of the transform; belong in the recipe of every feature made with them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SpwvdOptions {
    /// Reach of the kernel along the lag, s.
    pub tau_s: f64,
    /// Reach along the frequency shift, Hz.
    pub nu_hz: f64,
    pub lambda: f64,
    /// Bins of the transform along the lag; the next power of two where the record is longer.
    pub bins: usize,
}

impl Default for SpwvdOptions {
    fn default() -> Self {
        SpwvdOptions { tau_s: 61.44, nu_hz: 0.06, lambda: 0.3, bins: 1024 }
    }
}

/// Density over frequency and time. Interference makes some values negative; they are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Spwvd {
    /// Row a frequency (k `step`), column a sample of the series; s^2/Hz.
    pub density: Vec<Vec<f64>>,
    /// Distance of two rows, Hz.
    pub step: f64,
    /// Power of the whole at each sample of the band, by the trapezoid rule, s^2.
    pub lf: Vec<f64>,
    pub hf: Vec<f64>,
}

/// LF and HF at the times of the EEG's spectra.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HrvPower {
    /// Whole seconds inside the series.
    pub times: Vec<f64>,
    /// s^2.
    pub lf: Vec<f64>,
    pub hf: Vec<f64>,
    /// False for records under 25 s.
    pub lf_reliable: bool,
}

/// The distribution of a series with `rate` samples a second. Its mean is taken off first.
///
/// # Errors
/// Fewer than eight samples; a value that is no number; a kernel without extent.
pub fn spwvd(series: &[f64], rate: f64, options: &SpwvdOptions) -> Result<Spwvd, PrepareError> {
    let bins = lag_bins(series, options)?;
    let step = rate / (2 * bins) as f64;
    let ambiguity = Ambiguity::new(series, rate, options);
    let rows = ((rate / 8.0 / step).ceil() as usize).clamp(1, bins);
    let mut density = ambiguity.in_time(&along_lags(&ambiguity, bins, rows, rate), rows + BANDS.len());
    let (hf, lf) = (density.pop().unwrap_or_default(), density.pop().unwrap_or_default());
    Ok(Spwvd { density, step, lf, hf })
}

/// LF and HF alone, as [`spwvd`] gives them: each is one weight a lag, so no density need be made.
fn powers(series: &[f64], rate: f64, options: &SpwvdOptions) -> Result<[Vec<f64>; 2], PrepareError> {
    let bins = lag_bins(series, options)?;
    let step = rate / (2 * bins) as f64;
    let [lf, hf] = BANDS.map(|(low, high)| lag_weights(bins, step, low, high, rate));
    Ok(Ambiguity::new(series, rate, options).weighted([&lf, &hf]))
}

/// Checks what is given; the length of the transform along the lag.
fn lag_bins(series: &[f64], options: &SpwvdOptions) -> Result<usize, PrepareError> {
    const FEWEST: usize = 8;
    let n = series.len();
    if n < FEWEST {
        return Err(PrepareError::TooShort { have: n, need: FEWEST });
    }
    if let Some(at) = series.iter().position(|v| !v.is_finite()) {
        return Err(PrepareError::NotANumber { what: "the interval series".into(), at });
    }
    for (name, value) in [("tau_s", options.tau_s), ("nu_hz", options.nu_hz), ("lambda", options.lambda)] {
        if value.is_nan() || value <= 0.0 {
            return Err(PrepareError::Option { name, value: value.to_string(), must: "above 0" });
        }
    }
    Ok(if n > options.bins { n.next_power_of_two() } else { options.bins.max(FEWEST) })
}

/// What each lag weighs in the power of a band: the transform of the trapezoid's weights, twice for a lag and its
/// negative.
fn lag_weights(bins: usize, step: f64, low: f64, high: f64, rate: f64) -> Vec<Complex64> {
    let (first, last) = ((low / step - 1e-9).ceil().max(0.0) as usize, (high / step + 1e-9).floor() as usize);
    let mut weights = vec![Complex64::default(); bins];
    for k in first..last.min(bins - 1) {
        weights[k] += step / 2.0 / rate;
        weights[k + 1] += step / 2.0 / rate;
    }
    limbic_fft::forward(bins).process(&mut weights);
    weights.iter_mut().skip(1).for_each(|w| *w *= 2.0);
    weights
}

/// The transform along the lag, one row a shift: the first `rows` of `bins` frequencies, and the powers of both bands.
fn along_lags(ambiguity: &Ambiguity, bins: usize, rows: usize, rate: f64) -> Vec<Complex64> {
    let forward = limbic_fft::forward(bins);
    let mut scratch = vec![Complex64::default(); forward.get_inplace_scratch_len()];
    let mut buffer = vec![Complex64::default(); bins];
    let mut made = Vec::new();
    let (mut real, mut imaginary) = (vec![0.0; rows], vec![0.0; rows]);
    ambiguity.columns(|_, before, after| {
        buffer[..after.len()].copy_from_slice(after);
        buffer[after.len()..bins - before.len()].fill(Complex64::default());
        buffer[bins - before.len()..].copy_from_slice(before);
        forward.process_with_scratch(&mut buffer, &mut scratch);
        for ((re, im), v) in real.iter_mut().zip(&mut imaginary).zip(&mut buffer) {
            *v /= rate;
            (*re, *im) = (v.re, v.im);
        }
        made.extend_from_slice(&buffer[..rows]);
        let step = rate / (2 * bins) as f64;
        let power =
            |(low, high)| Complex64::new(power_between(&real, step, low, high), power_between(&imaginary, step, low, high));
        made.extend(BANDS.map(power));
    });
    made
}

/// LF and HF of an interval series at the whole seconds inside it, where the EEG's spectra stand.
///
/// # Errors
/// As [`spwvd`].
pub fn hrv_power(hrv: &Hrv, options: &SpwvdOptions) -> Result<HrvPower, PrepareError> {
    let [lf, hf] = powers(&hrv.intervals, HRV_HZ, options)?;
    let (first, last) = match (hrv.times.first(), hrv.times.last()) {
        (Some(first), Some(last)) => (*first, *last),
        _ => return Err(PrepareError::FewBeats { have: 0, need: 5 }),
    };
    let times: Vec<f64> = (first.ceil() as i64..=last.floor() as i64).map(|t| t as f64).collect();
    let at = |values: &[f64], t: f64| {
        let place = (t - first) * HRV_HZ;
        let (below, above) = (place.floor().max(0.0) as usize, place.ceil().max(0.0) as usize);
        let (from, to) = (values[below.min(values.len() - 1)], values[above.min(values.len() - 1)]);
        from + (to - from) * place.fract()
    };
    Ok(HrvPower {
        lf: times.iter().map(|t| at(&lf, *t)).collect(),
        hf: times.iter().map(|t| at(&hf, *t)).collect(),
        times,
        lf_reliable: last - first >= RELIABLE_LF_S,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tones(n: usize) -> Vec<f64> {
        let t = |k: usize| k as f64 / HRV_HZ;
        (0..n).map(|k| 0.9 + 0.03 * (TAU * 0.1 * t(k)).sin() + 0.05 * (TAU * 0.25 * t(k)).cos()).collect()
    }

    #[test]
    fn each_tone_has_half_its_squared_amplitude_in_its_band() {
        let made = spwvd(&tones(480), HRV_HZ, &SpwvdOptions::default()).expect("long enough");
        let middle = |x: &[f64]| x[120..360].iter().sum::<f64>() / 240.0;
        let (lf, hf) = (middle(&made.lf), middle(&made.hf));
        assert!((lf / (0.03 * 0.03 / 2.0) - 1.0).abs() < 0.1, "{lf}");
        assert!((hf / (0.05 * 0.05 / 2.0) - 1.0).abs() < 0.1, "{hf}");
    }

    #[test]
    fn whole_seconds_are_given_and_short_records_flagged() {
        let series = |n: usize| Hrv { times: (3..n + 3).map(|k| k as f64 / HRV_HZ).collect(), intervals: tones(n) };
        let power = hrv_power(&series(81), &SpwvdOptions::default()).expect("long enough");
        assert_eq!((power.times[0], power.times.len(), power.lf_reliable), (1.0, 20, false));
        assert!(hrv_power(&series(120), &SpwvdOptions::default()).expect("long enough").lf_reliable);
        assert!(spwvd(&[1.0; 7], HRV_HZ, &SpwvdOptions::default()).is_err());
        assert!(spwvd(&[f64::NAN; 70], HRV_HZ, &SpwvdOptions::default()).is_err());
        assert!(spwvd(&tones(80), HRV_HZ, &SpwvdOptions { nu_hz: 0.0, ..SpwvdOptions::default() }).is_err());
    }

    #[test]
    fn the_powers_alone_are_those_of_the_density() {
        for n in [9, 80, 240, 241, 1201] {
            let (made, alone) = (
                spwvd(&tones(n), HRV_HZ, &SpwvdOptions::default()).expect("long enough"),
                powers(&tones(n), HRV_HZ, &SpwvdOptions::default()).expect("long enough"),
            );
            for (one, other) in [(&made.lf, &alone[0]), (&made.hf, &alone[1])] {
                let worst = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(one.len() == n && worst < 1e-12, "{n}: {worst}");
            }
        }
    }

    #[test]
    fn longer_records_take_a_longer_transform() {
        let made = spwvd(&tones(1300), HRV_HZ, &SpwvdOptions::default()).expect("long enough");
        assert!((made.step - HRV_HZ / 4096.0).abs() < 1e-12 && made.hf.len() == 1300);
    }
}
