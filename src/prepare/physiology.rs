//! From a recorder's table of mixed channels to what feature sets want: EEG, EOG and heart beats on one time axis.

use crate::prepare::eeg::Companions;
use crate::prepare::heart::chain::check_alike;
use crate::prepare::heart::r_peaks;
use crate::prepare::pulse::pulse_peaks;
use crate::prepare::{PrepareError, Signals};
use crate::signal::{Channel, Role};

/// The longest stretch of a recording in which no EEG or EOG sample is missing for more than a second.
#[derive(Debug, Clone, PartialEq)]
pub struct Physiology {
    pub eeg: Signals,
    /// At the EEG's rate.
    pub eog: Vec<Vec<f64>>,
    /// s from the EEG's first sample.
    pub beats: Vec<f64>,
    /// Start of the stretch, s from the table's first sample.
    pub first_s: f64,
    pub notes: Vec<String>,
}

impl Physiology {
    pub fn companions(&self) -> Companions<'_> {
        Companions { eog: &self.eog, beats: &self.beats }
    }
}

/// Sorts a table (channels x samples, NaN where lost) by the channels' roles.
///
/// # Errors
/// No EEG, or none of it whole.
pub fn physiology(channels: &[Channel], rate: f64, data: &[Vec<f32>]) -> Result<Physiology, PrepareError> {
    let with = |role: Role| (0..channels.len().min(data.len())).filter(move |&c| channels[c].role == role);
    let (scalp, eyes): (Vec<usize>, Vec<usize>) = (with(Role::Eeg).collect(), with(Role::Eog).collect());
    if scalp.is_empty() {
        return Err(PrepareError::NoChannels);
    }
    let chosen = || scalp.iter().chain(&eyes);
    let table = Signals {
        rate,
        labels: chosen().map(|&c| channels[c].label.clone()).collect(),
        data: chosen().map(|&c| data[c].iter().map(|v| f64::from(*v)).collect()).collect(),
    };
    let segments = table.segments();
    let mut notes = Vec::new();
    if segments.len() > 1 {
        notes.push(format!("only the longest of {} stretches between gaps is used", segments.len()));
    }
    let silent = || table.data.iter().position(|x| x.iter().all(|v| !v.is_finite())).and_then(|i| table.labels.get(i));
    let whole = segments.into_iter().max_by_key(|s| s.signals.samples());
    let longest = whole.ok_or_else(|| match silent() {
        Some(label) => PrepareError::NotANumber { what: format!("channel {label}"), at: 0 },
        None => PrepareError::NoChannels,
    })?;
    if longest.filled > 0.0 {
        notes.push(format!("{:.2} % of the samples lie in short gaps and are filled linearly", 100.0 * longest.filled));
    }
    let first_s = longest.first_index as f64 / rate;
    let mut eeg = longest.signals;
    let eog = eeg.data.split_off(scalp.len());
    eeg.labels.truncate(scalp.len());
    let beats = match heart_beats(channels, rate, data) {
        Some(Ok(beats)) => beats.into_iter().map(|t| t - first_s).filter(|t| (0.0..=eeg.seconds()).contains(t)).collect(),
        Some(Err(why)) => {
            notes.push(format!("no heart beats: {why}"));
            Vec::new()
        }
        None => Vec::new(),
    };
    Ok(Physiology { eeg, eog, beats, first_s, notes })
}

/// Beats by the first ECG of a table, else by its first PPG, in s from the first sample; `None` where it has neither.
/// Gaps between whole stretches hold no beats, nor does a stretch whose beats do not resemble each other.
pub fn heart_beats(channels: &[Channel], rate: f64, data: &[Vec<f32>]) -> Option<Result<Vec<f64>, PrepareError>> {
    let find = |role: Role| channels.iter().zip(data).find(|(c, _)| c.role == role).map(|(_, x)| (role, x));
    let (role, samples) = find(Role::Ecg).or_else(|| find(Role::Ppg))?;
    let one = Signals { rate, labels: vec!["heart".into()], data: vec![samples.iter().map(|v| f64::from(*v)).collect()] };
    let detect = if role == Role::Ecg { r_peaks } else { pulse_peaks };
    let (mut beats, mut last) = (Vec::new(), None);
    for segment in one.segments() {
        let start = segment.first_index as f64 / rate;
        let samples = &segment.signals.data[0];
        let alike = |found: Vec<f64>| check_alike(samples, &found, rate).map(|()| found);
        match detect(samples, rate).and_then(alike) {
            Ok(found) => beats.extend(found.into_iter().map(|t| t + start)),
            // A stretch that is too short among longer ones only lacks its beats.
            Err(why) => last = Some(why),
        }
    }
    match last {
        Some(why) if beats.is_empty() => Some(Err(why)),
        None if beats.is_empty() => Some(Err(PrepareError::NoSignal)),
        _ => Some(Ok(beats)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(label: &str, role: Role) -> Channel {
        Channel { role, ..Channel::eeg(label) }
    }

    #[test]
    fn roles_are_sorted_and_beats_stand_on_the_stretch() {
        let channels =
            [channel("ECG", Role::Ecg), channel("Fz", Role::Eeg), channel("VEOG", Role::Eog), channel("Cz", Role::Eeg)];
        let rate = 200.0;
        let beat = |i: usize| (-(((i % 160) as f32 - 80.0) / 2.0).powi(2)).exp();
        let mut data: Vec<Vec<f32>> = vec![(0..6000).map(beat).collect()];
        data.extend((1..4).map(|c| (0..6000).map(|i| (i * c % 13) as f32).collect()));
        data[1][500..900].fill(f32::NAN);
        let found = physiology(&channels, rate, &data).expect("EEG is there");
        assert_eq!((found.eeg.labels.as_slice(), found.eog.len()), (&["Fz".to_string(), "Cz".into()][..], 1));
        assert_eq!((found.first_s, found.eeg.samples()), (4.5, 5100));
        // True beats lie at 0.4 + 0.8 k; the stretch begins at 4.5 s.
        let off = found.beats.iter().map(|t| ((t + 4.5 - 0.4) / 0.8).fract()).map(|f| f.min(1.0 - f)).fold(0.0, f64::max);
        assert!(found.beats.len() >= 30 && off < 0.02, "{} {off}", found.beats.len());
        assert_eq!(physiology(&channels[..1], rate, &data), Err(PrepareError::NoChannels));
        assert!(heart_beats(&channels[1..], rate, &data[1..]).is_none());
        let mut seed = crate::signal::Seed::new(8);
        data[0] = (0..6000).map(|_| seed.normal() as f32).collect();
        assert!(matches!(heart_beats(&channels, rate, &data), Some(Err(PrepareError::Beatless { .. }))), "noise has no beats");
        data[0].fill(f32::NAN);
        assert_eq!(heart_beats(&channels, rate, &data), Some(Err(PrepareError::NoSignal)));
        data[3].fill(f32::NAN);
        let silent = physiology(&channels, rate, &data).expect_err("Cz is no number throughout");
        assert_eq!(silent, PrepareError::NotANumber { what: "channel Cz".into(), at: 0 });
    }
}
