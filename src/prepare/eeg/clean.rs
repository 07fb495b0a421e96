//! The whole chain of algorithms 1: band-pass, bad channels, wavelet-enhanced ICA, eyes and heart, interpolation,
//! average reference; every choice by name, and a log of what was done.

use super::bad::{BadChannel, BadChannels, bad_channels};
use super::components::{Cardiac, Finding, Kind, Ocular, cardiac, locked_part, ocular, ocular_references, site_of};
use super::ica::{Decomposition, IcaOptions, decompose};
use super::log::CleaningLog;
use super::wica::{WaveletIca, treat};
use crate::prepare::filter::{Filter, Pass, fitting_edge};
use crate::prepare::interpolate::interpolate;
use crate::prepare::reference::average_reference;
use crate::prepare::{PrepareError, Signals};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Every choice of the chain; a step that is `None` is left out. Stored with the features that come of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cleaning {
    /// Edges of the zero-phase Butterworth band-pass, Hz, and its order.
    pub low_hz: f64,
    pub high_hz: f64,
    pub order: usize,
    pub bad: BadChannels,
    pub ica: IcaOptions,
    pub wavelet: Option<WaveletIca>,
    pub ocular: Option<Ocular>,
    pub cardiac: Option<Cardiac>,
    /// Components of the second decomposition that stay whatever the rules say.
    pub keep: Vec<usize>,
    /// Components of the second decomposition that go whatever the rules say.
    pub remove: Vec<usize>,
    /// Bad channels are made anew from the others (at most a quarter of all).
    pub interpolate: bool,
    pub average_reference: bool,
}

impl Default for Cleaning {
    fn default() -> Self {
        Cleaning {
            low_hz: 0.5,
            high_hz: 45.0,
            order: 4,
            bad: BadChannels::default(),
            ica: IcaOptions::default(),
            wavelet: Some(WaveletIca::default()),
            ocular: Some(Ocular::default()),
            cardiac: Some(Cardiac::default()),
            keep: Vec::new(),
            remove: Vec::new(),
            interpolate: true,
            average_reference: true,
        }
    }
}

/// What was recorded beside the EEG and helps to tell its artefacts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Companions<'a> {
    /// EOG channels at the EEG's rate; without them Fp1, Fp2 and F7 - F8 stand for the eyes.
    pub eog: &'a [Vec<f64>],
    /// Times of the heart beats in s from the EEG's first sample; without them nothing is taken for cardiac.
    pub beats: &'a [f64],
}

/// Cleaned EEG with its log.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaned {
    pub signals: Signals,
    pub log: CleaningLog,
}

/// Runs the chain over one stretch of EEG without gaps (scalp channels in uV, whole recording rather than trial: the
/// components want minutes). With fewer than four good channels the components are left alone, and the log says so.
///
/// # Errors
/// No or ragged channels; too short for the filter; more than a quarter of the channels bad; impossible edges.
pub fn clean(eeg: &Signals, companions: Companions<'_>, options: &Cleaning) -> Result<Cleaned, PrepareError> {
    eeg.check_whole()?;
    let mut log = CleaningLog::default();
    let (high, note) = fitting_edge(options.high_hz, eeg.rate);
    log.notes.extend(note);
    let filter = Filter::butterworth(Pass::Band(options.low_hz, high), options.order, eeg.rate)?;
    let data = filter.zero_phase_all(&eeg.data)?;
    let mut signals = Signals { rate: eeg.rate, labels: eeg.labels.clone(), data };
    let bad = bad_channels(&signals, &options.bad);
    let label = |i: usize| eeg.labels.get(i).cloned().unwrap_or_default();
    log.bad = bad.iter().map(|(i, reason)| BadChannel { label: label(*i), reason: reason.clone() }).collect();
    let good: Vec<usize> = (0..signals.data.len()).filter(|i| bad.iter().all(|(b, _)| b != i)).collect();
    if good.len() >= LEAST_CHANNELS {
        let mut rest = signals.select(&good);
        reduce(&mut rest, companions, options, &mut log)?;
        good.iter().zip(rest.data).for_each(|(&i, x)| signals.data[i] = x);
    } else {
        log.notes.push(format!("{} good channels are too few to search components; none was removed", good.len()));
    }
    if options.interpolate && !bad.is_empty() {
        interpolate(&mut signals, &bad.iter().map(|(i, _)| *i).collect::<Vec<_>>())?;
        log.interpolated = log.bad.iter().map(|b| b.label.clone()).collect();
    }
    if options.average_reference && signals.data.len() > 1 {
        average_reference(&mut signals.data);
    }
    Ok(Cleaned { signals, log })
}

/// Fewer channels than this make no components worth the name.
const LEAST_CHANNELS: usize = 4;

/// Wavelets on the first decomposition, eyes and heart on the second.
fn reduce(
    signals: &mut Signals,
    companions: Companions<'_>,
    options: &Cleaning,
    log: &mut CleaningLog,
) -> Result<(), PrepareError> {
    let nothing = options.wavelet.is_none() && options.ocular.is_none() && options.cardiac.is_none();
    if nothing && options.remove.is_empty() {
        return Ok(());
    }
    let edge = edge(signals);
    let mut components = decompose(&inner(&signals.data, edge), &options.ica)?;
    note_search(&components, log);
    log.components = components.unmixing.len();
    if let Some(number) = options.remove.iter().chain(&options.keep).find(|number| **number >= log.components) {
        let must = "the number of a component that there is, counted from 0";
        return Err(PrepareError::Option { name: "component", value: number.to_string(), must });
    }
    if let Some(wavelet) = &options.wavelet {
        // Of a component that follows the heart the last step takes the average beat only, which costs less of the brain.
        let beating = |x: &[f64]| options.cardiac.as_ref().is_some_and(|h| cardiac(x, companions.beats, signals.rate, h).1);
        log.treated = treat(&mut signals.data, (signals.rate, edge), &components, wavelet, beating);
        // Where nothing changed, a second search would only find the same components again.
        if !log.treated.is_empty() {
            components = decompose(&inner(&signals.data, edge), &options.ica)?;
            note_search(&components, log);
        }
    }
    log.findings = find(signals, companions, &components, options)?;
    let gone: Vec<&Finding> = log.findings.iter().filter(|f| f.removed).collect();
    if !gone.is_empty() {
        let activities = components.activities(&signals.data);
        for finding in gone {
            let part = artefact(finding, &activities[finding.component], (signals.rate, edge), companions, options);
            components.subtract(&mut signals.data, finding.component, &part);
        }
    }
    Ok(())
}

/// Samples at both ends in which the filter rings: nothing is learnt or judged there, since ringing looks like an
/// artefact, and nothing but what the caller named is taken out. None of a recording that has hardly more.
fn edge(signals: &Signals) -> usize {
    let edge = signals.rate.round() as usize;
    if signals.samples() > 10 * edge { edge } else { 0 }
}

/// Without the samples of both ends.
fn inner(data: &[Vec<f64>], edge: usize) -> Vec<Vec<f64>> {
    data.iter().map(|x| x[edge..x.len() - edge].to_vec()).collect()
}

/// What of a component goes: all that the caller named, an eye where it moves, what follows the heart.
fn artefact(
    finding: &Finding,
    activity: &[f64],
    signals: (f64, usize),
    companions: Companions<'_>,
    options: &Cleaning,
) -> Vec<f64> {
    let (rate, edge) = signals;
    match (finding.kind, &options.ocular, &options.cardiac) {
        (Kind::Ocular, Some(Ocular { moments: Some(moments), .. }), _) => {
            activity.iter().zip(moments.weights(activity, rate, edge)).map(|(x, w)| x * w).collect()
        }
        (Kind::Cardiac, _, Some(heart)) if heart.average_s > 0.0 => {
            locked_part(activity, companions.beats, rate, heart.average_s)
        }
        _ => activity.to_vec(),
    }
}

fn note_search(components: &Decomposition, log: &mut CleaningLog) {
    log.rounds.push((components.iterations, components.converged));
}

/// Eyes, heart, and what the caller names among the components of `signals`.
fn find(
    signals: &Signals,
    companions: Companions<'_>,
    components: &Decomposition,
    options: &Cleaning,
) -> Result<Vec<Finding>, PrepareError> {
    let references = match &options.ocular {
        Some(eyes) => ocular_references(&signals.labels, &signals.data, companions.eog, signals.rate, eyes)?,
        None => Vec::new(),
    };
    let edge = edge(signals);
    let activities = components.activities(&signals.data);
    let judge = |(component, activity): (usize, &Vec<f64>)| -> Result<Option<Finding>, PrepareError> {
        let site = site_of(components, component, &signals.labels);
        let (r, reference, eyes) = match &options.ocular {
            Some(eyes) => ocular(activity, edge, &site, &references, signals.rate, eyes)?,
            None => (0.0, String::new(), false),
        };
        let (cardiac_ratio, heart) = match &options.cardiac {
            Some(heart) => cardiac(activity, companions.beats, signals.rate, heart),
            None => (0.0, false),
        };
        let named = options.remove.contains(&component);
        if !(eyes || heart || named) {
            return Ok(None);
        }
        let kind = match (eyes, heart) {
            (true, _) => Kind::Ocular,
            (_, true) => Kind::Cardiac,
            _ => Kind::Named,
        };
        let removed = named || !options.keep.contains(&component);
        let retained = 1.0 - components.share(component);
        Ok(Some(Finding { component, kind, r, reference, cardiac_ratio, site, retained, removed }))
    };
    let found: Vec<Option<Finding>> = activities.par_iter().enumerate().map(judge).collect::<Result<_, _>>()?;
    Ok(found.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Montage, Seed};

    /// Eight frontal-to-occipital channels: noise, and blinks that weigh most in front.
    fn blinking() -> (Signals, Vec<f64>) {
        let mut seed = Seed::new(21);
        let labels = Montage::of(&["Fp1", "Fp2", "F3", "F4", "C3", "C4", "O1", "O2"]).expect("sites").labels;
        let n = 128 * 60;
        let blink =
            |t: usize| if t % 500 < 40 { 90.0 * ((t % 500) as f64 / 40.0 * std::f64::consts::PI).sin().powi(2) } else { 0.0 };
        let weights = [1.0, 0.95, 0.4, 0.4, 0.1, 0.1, 0.02, 0.02];
        let common: Vec<f64> = (0..n).map(|_| 6.0 * seed.normal()).collect();
        let rows = weights.map(|_| (0..n).map(|t| common[t] + 6.0 * seed.normal()).collect::<Vec<f64>>());
        let data = rows.iter().zip(weights).map(|(x, w)| x.iter().enumerate().map(|(t, v)| v + w * blink(t)).collect());
        (Signals { rate: 128.0, labels, data: data.collect() }, (0..n).map(blink).collect())
    }

    #[test]
    fn blinks_go_by_either_way_and_the_caller_has_the_last_word() {
        let (eeg, blink) = blinking();
        let trace = |cleaned: &Cleaned| super::super::shape::correlation(&cleaned.signals.data[0], &blink).abs();
        let none = Cleaning { average_reference: false, wavelet: None, ocular: None, ..Cleaning::default() };
        let raw = trace(&clean(&eeg, Companions::default(), &none).expect("runs"));
        let wavelets = clean(&eeg, Companions::default(), &Cleaning { ocular: None, ..none_like(&none, true) }).expect("runs");
        assert_eq!(wavelets.log.treated.len(), 1, "{:?}", wavelets.log);
        let by_eyes = Cleaning { ocular: Some(Ocular::default()), ..none.clone() };
        let eyes = clean(&eeg, Companions::default(), &by_eyes).expect("runs");
        assert_eq!(eyes.log.findings.len(), 1, "{:?}", eyes.log);
        assert!(raw > 0.7 && trace(&wavelets) < 0.2 && trace(&eyes) < 0.2, "{raw} {} {}", trace(&wavelets), trace(&eyes));
        let keep = vec![eyes.log.findings[0].component];
        let kept = clean(&eeg, Companions::default(), &Cleaning { keep, ..by_eyes }).expect("runs");
        assert!((trace(&kept) - raw).abs() < 1e-9 && !kept.log.findings[0].removed);
        assert!(eyes.log.say().iter().any(|line| line.contains("ocular") && line.contains("removed")));
    }

    fn none_like(options: &Cleaning, wavelet: bool) -> Cleaning {
        Cleaning { wavelet: wavelet.then(WaveletIca::default), ..options.clone() }
    }

    #[test]
    fn what_cannot_be_cleaned_is_refused_or_left() {
        let (mut eeg, _) = blinking();
        let few = eeg.select(&[0, 1, 2]);
        let left = clean(&few, Companions::default(), &Cleaning::default()).expect("runs");
        assert!(left.log.findings.is_empty() && left.log.notes[0].contains("too few"), "{:?}", left.log);
        eeg.data[3].iter_mut().for_each(|x| *x += 1e6);
        let offset = clean(&eeg, Companions::default(), &Cleaning::default()).expect("an offset is filtered away");
        assert!(offset.signals.data.iter().flatten().all(|x| x.abs() < 200.0));
        eeg.data[3][70] = f64::NAN;
        let error = clean(&eeg, Companions::default(), &Cleaning::default()).expect_err("a hole");
        assert_eq!(error, PrepareError::NotANumber { what: "channel F4".into(), at: 70 });
        eeg.data.iter_mut().for_each(|x| x.fill(1.0));
        assert!(clean(&eeg, Companions::default(), &Cleaning::default()).is_err(), "all channels are flat");
    }

    #[test]
    fn choices_go_through_json_unchanged() {
        let options = Cleaning { remove: vec![3], cardiac: None, ..Cleaning::default() };
        let text = serde_json::to_string(&options).expect("JSON");
        assert_eq!(serde_json::from_str::<Cleaning>(&text).expect("back"), options);
        assert!(serde_json::from_str::<Cleaning>("{\"lowhz\": 3}").is_err(), "an unknown choice is refused");
    }
}
