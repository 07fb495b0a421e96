//! From windows to a report: scores, limiting reasons, bridges, completeness (algorithms section 10).

use crate::gate::check::{CHECKS, Figure};
use crate::gate::correlation::bridges;
use crate::gate::window::{HOP_S, WINDOW_S, Window, gate_filter};
use crate::gate::{ChannelQuality, Method, QualityReport, Reason};
use crate::prepare::spectrum::{Spectrum, window_starts};
use crate::prepare::{PrepareError, Signals};
use rayon::prelude::*;

/// From this score upwards nothing is said to limit a channel.
const UNLIMITED: f64 = 90.0;
/// Shortest recording that is judged, as one short window, s.
const SHORTEST_S: f64 = 0.5;

/// Some EEG to be judged.
#[derive(Debug, Clone, PartialEq)]
pub struct EegWindow {
    pub rate: f64,
    pub labels: Vec<String>,
    /// Channel-major, uV, as recorded (no filter, no new reference).
    pub data: Vec<Vec<f64>>,
    /// 50 or 60 Hz.
    pub mains_hz: f64,
    /// Largest absolute value that the device gives, uV, where known.
    pub rail: Option<f64>,
    /// Samples per channel that should have come.
    pub expected_samples: usize,
}

/// One channel in one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// 0-100.
    pub score: f64,
    /// Index into [`CHECKS`] of the limiting check.
    pub limit: usize,
    /// That check's figure.
    pub value: f64,
}

/// All channels of one window, and the pairs of channels that gel joins.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowScores {
    pub channels: Vec<Score>,
    pub bridged: Vec<(usize, usize)>,
}

/// Runs every check over one window.
pub fn score_window(window: &Window) -> WindowScores {
    let answers: Vec<(usize, Vec<Figure>)> =
        CHECKS.iter().enumerate().filter_map(|(i, check)| Some((i, check.score(window)?))).collect();
    let worst = |channel: usize| {
        let mut worst = Score { score: 100.0, limit: 0, value: 0.0 };
        for (rank, (limit, figures)) in answers.iter().enumerate() {
            let Figure { score, value } = figures[channel];
            if rank == 0 || 100.0 * score < worst.score {
                worst = Score { score: 100.0 * score, limit: *limit, value };
            }
        }
        worst
    };
    WindowScores { channels: (0..window.raw.len()).map(worst).collect(), bridged: bridges(window) }
}

/// [`window_scores_by`] the default method.
///
/// # Errors
/// As there.
pub fn window_scores(eeg: &EegWindow) -> Result<Vec<WindowScores>, PrepareError> {
    window_scores_by(eeg, Method::default())
}

/// Scores of every 2-s window of a recording, 1 s apart; of the whole where it is shorter than that. Samples that are
/// no numbers are gaps: short ones are filled, and no window spans a long one.
///
/// # Errors
/// Less than half a second, no channels, ragged channels, a rate that leaves no band.
pub fn window_scores_by(eeg: &EegWindow, method: Method) -> Result<Vec<WindowScores>, PrepareError> {
    let signals = Signals { rate: eeg.rate, labels: eeg.labels.clone(), data: eeg.data.clone() };
    signals.check()?;
    let need = (SHORTEST_S * eeg.rate).ceil() as usize;
    let whole = (WINDOW_S * eeg.rate).round() as usize;
    let segments = signals.segments();
    let longest = segments.iter().map(|s| s.signals.samples()).max().unwrap_or(0);
    if longest < need {
        return Err(PrepareError::TooShort { have: longest, need });
    }
    let length = whole.min(longest);
    let long_enough = segments.iter().filter(|s| s.signals.samples() >= length);
    let scores = long_enough.map(|s| segment_scores(eeg, &s.signals, length, method)).collect::<Result<Vec<_>, _>>()?;
    Ok(scores.concat())
}

/// Scores of one stretch without gaps.
fn segment_scores(eeg: &EegWindow, segment: &Signals, length: usize, method: Method) -> Result<Vec<WindowScores>, PrepareError> {
    let filter = gate_filter(eeg.rate)?;
    let filtered = segment.data.par_iter().map(|x| filter.zero_phase(x)).collect::<Result<Vec<_>, _>>()?;
    let starts: Vec<usize> = window_starts(segment.samples(), length, (HOP_S * eeg.rate).round() as usize).collect();
    let score = |spectrum: &mut Spectrum, start: usize| {
        let span = start..start + length;
        score_window(&Window::cut(&segment.data, &filtered, span, spectrum, eeg.rate, eeg.mains_hz, eeg.rail).by(method))
    };
    let share = starts.len().div_ceil(rayon::current_num_threads()).max(1);
    let parts = starts.par_chunks(share).map(|starts| {
        let mut spectrum = Spectrum::new(length, eeg.rate)?;
        Ok(starts.iter().map(|start| score(&mut spectrum, *start)).collect::<Vec<_>>())
    });
    Ok(parts.collect::<Result<Vec<_>, PrepareError>>()?.concat())
}

/// Judges a stretch of EEG by the default method.
///
/// # Errors
/// As [`window_scores`].
pub fn try_judge(eeg: &EegWindow) -> Result<QualityReport, PrepareError> {
    try_judge_by(eeg, Method::default())
}

/// Judges a stretch of EEG.
///
/// # Errors
/// As [`window_scores`].
pub fn try_judge_by(eeg: &EegWindow, method: Method) -> Result<QualityReport, PrepareError> {
    let windows = window_scores_by(eeg, method)?;
    let samples = eeg.data.iter().map(Vec::len).min().unwrap_or(0);
    let received = (0..samples).filter(|t| eeg.data.iter().all(|x| x[*t].is_finite())).count();
    let expected = eeg.expected_samples.max(samples).max(1);
    let completeness = received as f64 / expected as f64;
    Ok(summarise(&eeg.labels, windows.iter(), completeness, samples as f64 / eeg.rate, eeg.mains_hz))
}

/// Judges a stretch of EEG. What cannot be judged scores 0, as MISSING, with the sentence that says why.
pub fn judge(eeg: &EegWindow) -> QualityReport {
    try_judge(eeg).unwrap_or_else(|error| {
        let missing = |label: &String| ChannelQuality {
            label: label.clone(),
            score: 0.0,
            reason: Some(Reason::Missing),
            detail: error.to_string(),
        };
        QualityReport {
            channels: eeg.labels.iter().map(missing).collect(),
            others: Vec::new(),
            overall: 0.0,
            completeness: 0.0,
            seconds: 0.0,
            bridged: Vec::new(),
        }
    })
}

/// Means over windows, the most frequent limit per channel, and the overall score.
pub(super) fn summarise<'a>(
    labels: &[String],
    windows: impl Iterator<Item = &'a WindowScores> + Clone,
    completeness: f64,
    seconds: f64,
    mains_hz: f64,
) -> QualityReport {
    let count = windows.clone().count();
    let channel = |(i, label): (usize, &String)| {
        let scores: Vec<Score> = windows.clone().filter_map(|w| w.channels.get(i).copied()).collect();
        channel_quality(label, &scores, mains_hz)
    };
    let channels: Vec<ChannelQuality> = labels.iter().enumerate().map(channel).collect();
    let mean = channels.iter().map(|c| c.score).sum::<f64>() / channels.len().max(1) as f64;
    let mut pairs = std::collections::BTreeMap::new();
    windows.flat_map(|w| w.bridged.iter()).for_each(|pair| *pairs.entry(*pair).or_insert(0) += 1);
    let name = |i: usize| labels.get(i).cloned().unwrap_or_default();
    // A bridge lasts; two channels that a large blink makes alike once do not count.
    let bridged = pairs.into_iter().filter(|(_, n)| 2 * n > count).map(|((i, j), _)| (name(i), name(j))).collect();
    QualityReport { channels, others: Vec::new(), overall: mean * completeness, completeness, seconds, bridged }
}

fn channel_quality(label: &str, scores: &[Score], mains_hz: f64) -> ChannelQuality {
    if scores.is_empty() {
        let detail = "no whole window of samples yet".into();
        return ChannelQuality { label: label.into(), score: 0.0, reason: Some(Reason::Missing), detail };
    }
    let score = scores.iter().map(|s| s.score).sum::<f64>() / scores.len() as f64;
    let mut times = [0usize; CHECKS.len()];
    scores.iter().filter(|s| s.score < UNLIMITED).for_each(|s| times[s.limit] += 1);
    let most = times.iter().copied().max().unwrap_or(0);
    let limit = times.iter().position(|n| *n == most).filter(|_| score < UNLIMITED && most > 0);
    let Some(limit) = limit else {
        return ChannelQuality { label: label.into(), score, reason: None, detail: String::new() };
    };
    let values: Vec<f64> = scores.iter().filter(|s| s.limit == limit && s.score < UNLIMITED).map(|s| s.value).collect();
    let detail = CHECKS[limit].say(crate::prepare::heart::median(&values), mains_hz);
    ChannelQuality { label: label.into(), score, reason: Some(CHECKS[limit].reason()), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four channels of broad noise; the first is flat.
    fn noise(samples: usize) -> EegWindow {
        let mut seed = crate::signal::Seed::new(9);
        let mut walk = 0.0;
        let mut channel = |flat: bool| {
            (0..samples)
                .map(|_| {
                    walk = 0.9 * walk + 4.0 * seed.normal();
                    if flat { 1.0 } else { walk }
                })
                .collect::<Vec<f64>>()
        };
        let data = vec![channel(true), channel(false), channel(false), channel(false)];
        let labels = ["Fz", "Cz", "Pz", "Oz"].map(String::from).to_vec();
        EegWindow { rate: 256.0, labels, data, mains_hz: 50.0, rail: None, expected_samples: samples }
    }

    #[test]
    fn a_flat_channel_is_named_and_losses_scale_the_whole() {
        let mut eeg = noise(2560);
        let whole = judge(&eeg);
        assert_eq!((whole.channels[0].score, whole.channels[0].reason), (0.0, Some(Reason::Flat)));
        assert!(whole.channels[1].score > 50.0 && whole.completeness == 1.0, "{whole:?}");
        eeg.expected_samples = 5120;
        assert!((judge(&eeg).overall - whole.overall / 2.0).abs() < 1e-9);
    }

    #[test]
    fn gaps_count_as_missing_and_spoil_no_window() {
        let mut eeg = noise(2560);
        eeg.data.iter_mut().for_each(|x| x[768..1536].fill(f64::NAN));
        let report = judge(&eeg);
        assert!((report.completeness - 0.7).abs() < 1e-9 && report.channels[1].score > 50.0, "{report:?}");
    }

    #[test]
    fn what_is_too_short_says_so() {
        let report = judge(&noise(100));
        assert_eq!(report.channels[1].reason, Some(Reason::Missing));
        assert!(report.channels[1].detail.contains("too short") && report.overall == 0.0);
        assert!(try_judge(&noise(200)).is_ok());
    }
}
