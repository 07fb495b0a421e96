//! From a heart signal to the measures that brain-heart interplay needs: beats, correction, intervals at 4 Hz, their
//! power over time; with every repair written down and every doubt refused or marked.

use super::correct::{BeatMethod, Corrected, HrvQuality, correct};
use super::hrv::{Hrv, hrv_series};
use super::likeness::likeness;
use super::r_peaks;
use super::spwvd::{HrvPower, RELIABLE_LF_S, SpwvdOptions, hrv_power};
use crate::prepare::pulse::pulse_peaks;
use crate::prepare::{PrepareError, Signals};
use serde::{Deserialize, Serialize};

/// What the signal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeartSignal {
    Ecg,
    /// Intervals are pulse intervals: the transit time varies and adds error to the high frequencies.
    Ppg,
}

/// How the measures are made; belongs in their recipe.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct HeartOptions {
    pub method: BeatMethod,
    pub spwvd: SpwvdOptions,
}

/// The measures, all on the signal's own time axis.
#[derive(Debug, Clone, PartialEq)]
pub struct HeartSeries {
    /// Times of the beats in s, and what was corrected.
    pub beats: Corrected,
    /// Good or doubtful; what is to be excluded is refused instead.
    pub quality: HrvQuality,
    pub hrv: Hrv,
    pub power: HrvPower,
    /// Repairs and doubts, for the provenance.
    pub notes: Vec<String>,
}

/// Slowest sampling at which R peaks and pulses are placed well enough, samples a second.
const LOWEST_ECG_RATE: f64 = 100.0;
/// Likeness at which the quality gate's score of a heart signal is 0; asked from so many beats on.
const LEAST_ALIKE: f64 = 0.6;
const FEWEST_ALIKE: usize = 4;
const LOWEST_PPG_RATE: f64 = 20.0;

/// The chain of algorithms 2 over one channel in any unit. Values that are no number are gaps: up to 1 s they are
/// filled linearly and noted; longer ones split the signal, and the longest stretch is used and noted.
///
/// # Errors
/// A rate that is too low or no number, no signal, too few beats or beats unlike each other, more than 20 % of the beats corrected.
pub fn heart_series(samples: &[f64], rate: f64, kind: HeartSignal, options: &HeartOptions) -> Result<HeartSeries, PrepareError> {
    let lowest = if kind == HeartSignal::Ecg { LOWEST_ECG_RATE } else { LOWEST_PPG_RATE };
    if !rate.is_finite() || rate < lowest {
        let must = if kind == HeartSignal::Ecg { "100 samples a second or more for an ECG" } else { "20 or more for a PPG" };
        return Err(PrepareError::Option { name: "rate", value: rate.to_string(), must });
    }
    let mut notes = Vec::new();
    let (stretch, start) = longest_stretch(samples, rate, &mut notes)?;
    let found = match kind {
        HeartSignal::Ecg => r_peaks(&stretch, rate)?,
        HeartSignal::Ppg => pulse_peaks(&stretch, rate)?,
    };
    check_alike(&stretch, &found, rate)?;
    let found: Vec<f64> = found.iter().map(|t| t + start).collect();
    let beats = correct(&found, options.method);
    let quality = beats.quality();
    match quality {
        HrvQuality::Excluded => return Err(PrepareError::Beatless { why: beats.say() }),
        HrvQuality::Doubtful => notes.push(beats.say()),
        HrvQuality::Good if !beats.edits.is_empty() => notes.push(beats.say()),
        HrvQuality::Good => {}
    }
    if beats.implausible > 0 {
        notes.push(format!("{} intervals are outside 0.3 to 2 s and no correction explains them", beats.implausible));
    }
    if 5 * beats.implausible > beats.beats.len() {
        return Err(PrepareError::Beatless { why: notes.pop().unwrap_or_default() });
    }
    let hrv = hrv_series(&beats.beats)?;
    let power = hrv_power(&hrv, &options.spwvd)?;
    if !power.lf_reliable {
        notes.push(format!("the record is shorter than {RELIABLE_LF_S} s: its low frequencies are not reliable"));
    }
    if kind == HeartSignal::Ppg {
        notes.push("pulse intervals instead of RR: their high frequencies hold the transit time's changes".into());
    }
    Ok(HeartSeries { beats, quality, hrv, power, notes })
}

/// Refuses what detectors find in noise: beats that do not resemble each other.
pub(in crate::prepare) fn check_alike(samples: &[f64], beats: &[f64], rate: f64) -> Result<(), PrepareError> {
    let alike = likeness(samples, beats, rate);
    if beats.len() <= FEWEST_ALIKE || alike >= LEAST_ALIKE {
        return Ok(());
    }
    let why = format!("the {} beats found do not resemble each other (median r = {alike:.2}): this is no heartbeat", beats.len());
    Err(PrepareError::Beatless { why })
}

/// The longest stretch without a long gap, and its first sample's time in s.
fn longest_stretch(samples: &[f64], rate: f64, notes: &mut Vec<String>) -> Result<(Vec<f64>, f64), PrepareError> {
    let signals = Signals { rate, labels: vec!["heart".into()], data: vec![samples.to_vec()] };
    let segments = signals.segments();
    if segments.len() > 1 {
        notes.push(format!("only the longest of {} stretches between gaps is used", segments.len()));
    }
    let longest = segments.into_iter().max_by_key(|s| s.signals.samples());
    let Some(mut longest) = longest else { return Err(PrepareError::NoSignal) };
    if longest.filled > 0.0 {
        notes.push(format!("{:.2} % of the samples lie in short gaps and are filled linearly", 100.0 * longest.filled));
    }
    let data = longest.signals.data.pop().unwrap_or_default();
    let (low, high) = data.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    if high <= low {
        return Err(PrepareError::NoSignal);
    }
    Ok((data, longest.first_index as f64 / rate))
}
