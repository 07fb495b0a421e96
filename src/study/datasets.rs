//! From stored sessions to data sets: EEG windows and face frames of every usable trial, with the wanted label.

use crate::gate::{self, EegWindow, QualityReport};
use crate::job::{Job, Stopped};
use crate::prepare::dataset::{Dataset, Example, Recipe, Target};
use crate::prepare::signals::Signals;
use crate::signal::{Nanos, Role, SECOND, StreamKind, seconds};
use crate::store::rows::{StreamRow, Trial};
use crate::store::{Block, Recording};
use crate::study::StudyError;
use crate::study::face_input::FaceInput;
use crate::study::features::FeatureCache;
use crate::study::inception;
use crate::study::rows::{Features, rows};
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Side of the face crop in pixels.
pub const FACE_SIDE: usize = 32;

/// Classes of a target, in the order of their labels, as far as `recordings` have them.
pub fn classes(recordings: &[Recording], target: Target) -> Vec<String> {
    match target {
        Target::Valence | Target::Arousal => vec!["low".into(), "high".into()],
        Target::ValenceLevels | Target::ArousalLevels => (1..=9).map(|level| level.to_string()).collect(),
        Target::Intended | Target::Reported => {
            let mut found: Vec<_> =
                recordings.iter().flat_map(|r| &r.trials).filter(|t| t.is_usable()).filter_map(|t| word(t, target)).collect();
            found.sort_unstable();
            found.dedup();
            found.into_iter().map(|e| e.name().to_string()).collect()
        }
    }
}

fn word(trial: &Trial, target: Target) -> Option<crate::signal::Emotion> {
    match target {
        Target::Reported => trial.rating.emotion,
        _ => trial.intended,
    }
}

/// The class of a trial; None when the trial has no such label.
pub fn label(trial: &Trial, target: Target, classes: &[String]) -> Option<usize> {
    // Algorithms 5.2: below 4.5 is low, from 4.5 high, on the raw rating.
    let level = |rating: Option<f32>| rating.map(|r| usize::from(r >= 4.5));
    // The nearest of 1 to 9, halves up.
    let nine = |rating: Option<f32>| rating.map(|r| ((r + 0.5).floor().clamp(1.0, 9.0) as usize) - 1);
    match target {
        Target::Valence => level(trial.rating.valence),
        Target::Arousal => level(trial.rating.arousal),
        Target::ValenceLevels => nine(trial.rating.valence),
        Target::ArousalLevels => nine(trial.rating.arousal),
        Target::Intended | Target::Reported => {
            let name = word(trial, target)?.name();
            classes.iter().position(|c| c == name)
        }
    }
}

/// The stream that carries the EEG.
pub fn eeg_stream(recording: &Recording) -> Option<&StreamRow> {
    recording.streams.iter().find(|s| !s.info.with_role(Role::Eeg).is_empty())
}

pub(super) fn face_stream(recording: &Recording) -> Option<&StreamRow> {
    recording.streams.iter().find(|s| s.info.kind == StreamKind::Face && s.written > 0)
}

/// The EEG channels of a block, uV.
pub fn eeg_signals(block: &Block) -> Signals {
    let chosen: Vec<usize> = (0..block.channels.len()).filter(|&c| block.channels[c].role == Role::Eeg).collect();
    Signals {
        rate: block.rate,
        labels: chosen.iter().map(|&c| block.channels[c].label.clone()).collect(),
        data: chosen.iter().map(|&c| block.data[c].iter().map(|v| f64::from(*v)).collect()).collect(),
    }
}

/// Examples of every usable trial of some sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct EegData {
    pub dataset: Dataset,
    /// Labelled trials without an example, with the reason: "trial 3 of 018f...: too short".
    pub left_out: Vec<String>,
}

impl EegData {
    /// What must stand beside the scores: trials that are not in, the network that made the features.
    pub fn caveats(&self) -> Vec<String> {
        let count = self.left_out.len();
        let left_out = self.left_out.first().map(|first| format!("{count} labelled trials are left out, e.g. {first}."));
        let mapped = (self.dataset.recipe.kind == inception::KIND).then(inception::extractor);
        left_out.into_iter().chain(mapped.and_then(Result::ok).map(|made| made.caveat())).collect()
    }
}

/// The wanted features of every usable trial.
///
/// # Errors
/// A session that cannot be read, sessions of different montages, or no usable trial at all.
pub fn eeg_dataset(recordings: &[Recording], target: Target, features: Features, job: &Job) -> Result<EegData, StudyError> {
    let classes = classes(recordings, target);
    let mut recipe: Option<Recipe> = None;
    let (mut examples, mut left_out) = (Vec::new(), Vec::new());
    for (done, recording) in recordings.iter().enumerate() {
        let tell = |detail: &str| job.report_with("EEG features", done as u64, recordings.len() as u64, detail);
        tell(&short(recording))?;
        if eeg_stream(recording).is_none() {
            continue;
        }
        let found = examples_of(recording, target, &classes, features, job, &tell)?;
        let first = recipe.get_or_insert_with(|| found.recipe.clone());
        if *first != found.recipe {
            return Err(StudyError::Session {
                session: recording.session.name(),
                message: format!(
                    "its montage differs from the first session's ({} and {} channels); train on sessions of one montage",
                    found.recipe.channels.len(),
                    first.channels.len()
                ),
            });
        }
        examples.extend(found.examples);
        left_out.extend(found.left_out);
    }
    match recipe {
        Some(recipe) if !examples.is_empty() => {
            let simulated = recordings.iter().any(|r| r.session.simulated);
            Ok(EegData { dataset: Dataset { recipe, target, classes, examples, simulated }, left_out })
        }
        _ => Err(StudyError::NothingToTrain(match left_out.first() {
            Some(first) => format!("no trial gives {}: {first}", features.name()),
            None => "no session has EEG and a finished, labelled trial; record one, or choose another target".into(),
        })),
    }
}

/// A line of progress has little room.
fn short(recording: &Recording) -> String {
    format!("{}/{}", recording.session.participant, recording.session.number)
}

/// What one session gives.
pub struct SessionExamples {
    pub recipe: Recipe,
    pub examples: Vec<Example>,
    /// As in [`EegData`].
    pub left_out: Vec<String>,
}

/// Rows of one session's usable trials that have a label, and the recipe that made them; `tell` hears of every trial.
///
/// # Errors
/// The session cannot be read or has no EEG; `tell` says that the job was stopped.
pub fn examples_of(
    recording: &Recording,
    target: Target,
    classes: &[String],
    features: Features,
    job: &Job,
    tell: &(impl Fn(&str) -> Result<(), Stopped> + Sync),
) -> Result<SessionExamples, StudyError> {
    let recipe = eeg_recipe(recording, features)?;
    let trials = labelled(recording, target, classes);
    let (name, done) = (short(recording), AtomicU64::new(0));
    let one = |(trial, label): &(&Trial, usize)| {
        if job.is_stopped() {
            return Err(Stopped.into());
        }
        let made = trial_windows(recording, trial, *label, features, job)?;
        tell(&format!("{name}, {} of {} trials", done.fetch_add(1, Ordering::Relaxed) + 1, trials.len()))?;
        Ok(made)
    };
    let made: Vec<Result<Vec<Example>, String>> = match features.one_by_one() {
        true => trials.iter().map(one).collect::<Result<_, StudyError>>()?,
        false => trials.par_iter().map(one).collect::<Result<_, StudyError>>()?,
    };
    let (mut examples, mut left_out) = (Vec::new(), Vec::new());
    for trial in made {
        match trial {
            Ok(rows) => examples.extend(rows),
            Err(why) => left_out.push(why),
        }
    }
    Ok(SessionExamples { recipe, examples, left_out })
}

/// The recipe that a session's EEG gives.
///
/// # Errors
/// It has no EEG, or lacks electrodes that the features need.
pub fn eeg_recipe(recording: &Recording, features: Features) -> Result<Recipe, StudyError> {
    let stream = eeg_stream(recording).ok_or_else(|| no_eeg(recording))?;
    let labels: Vec<String> = stream.info.channels.iter().filter(|c| c.role == Role::Eeg).map(|c| c.label.clone()).collect();
    features.recipe(&labels)
}

pub(super) fn no_eeg(recording: &Recording) -> StudyError {
    StudyError::Session { session: recording.session.name(), message: "it has no EEG stream".into() }
}

/// Usable trials that have a label, with it.
pub(super) fn labelled<'a>(recording: &'a Recording, target: Target, classes: &[String]) -> Vec<(&'a Trial, usize)> {
    recording.trials.iter().filter(|t| t.is_usable()).filter_map(|t| Some((t, label(t, target, classes)?))).collect()
}

/// Of its video.
fn length(trial: &Trial) -> Nanos {
    trial.video_off.unwrap_or(0) - trial.video_on.unwrap_or(0)
}

fn example(recording: &Recording, trial: &Trial, label: usize, time: f64, features: Vec<f32>) -> Example {
    Example {
        features,
        label,
        participant: recording.session.participant.clone(),
        session: recording.session.id.to_string(),
        trial: trial.number,
        stimulus: trial.stimulus.clone(),
        time,
    }
}

/// The faces of every usable trial; None where no session stored any, or no face was found in them.
///
/// # Errors
/// A session that cannot be read.
pub fn face_dataset(
    recordings: &[Recording],
    target: Target,
    input: &FaceInput,
    job: &Job,
) -> Result<Option<Dataset>, StudyError> {
    let classes = classes(recordings, target);
    let with_faces: Vec<_> =
        recordings.iter().filter_map(|r| Some((r, face_stream(r)?, labelled(r, target, &classes)))).collect();
    let trials = || with_faces.iter().flat_map(|(_, _, trials)| trials);
    let every_s = input.every_s(trials().map(|(t, _)| seconds(length(t))).sum());
    let (done, all) = (AtomicU64::new(0), trials().count() as u64);
    let mut examples = Vec::new();
    for (recording, stream, trials) in &with_faces {
        job.report("face frames", done.load(Ordering::Relaxed), all)?;
        let one = |(trial, label): &(&Trial, usize)| -> Result<Vec<Example>, StudyError> {
            let made = face_trial(recording, stream, (trial, *label), (input, every_s), job)?;
            job.report("face frames", done.fetch_add(1, Ordering::Relaxed) + 1, all)?;
            Ok(made)
        };
        let made: Vec<Vec<Example>> = trials.par_iter().map(one).collect::<Result<_, _>>()?;
        examples.extend(made.into_iter().flatten());
    }
    if examples.is_empty() {
        return Ok(None);
    }
    let simulated = recordings.iter().any(|r| r.session.simulated);
    Ok(Some(Dataset { recipe: input.recipe(), target, classes, examples, simulated }))
}

/// Examples of one trial, or why it has none.
///
/// # Errors
/// The session cannot be read or has no EEG; the job was stopped.
pub(super) fn trial_windows(
    recording: &Recording,
    trial: &Trial,
    label: usize,
    features: Features,
    job: &Job,
) -> Result<Result<Vec<Example>, String>, StudyError> {
    let made = match rows(recording, trial, features, job)? {
        Ok(rows) if rows.is_empty() => Err("it has no whole window".to_string()),
        other => other,
    };
    let named = |why| format!("trial {} of {}: {why}", trial.number, recording.session.id);
    let one = |(time, features)| example(recording, trial, label, time, features);
    Ok(made.map(|rows| rows.into_iter().map(one).collect()).map_err(named))
}

pub(super) fn face_trial(
    recording: &Recording,
    stream: &StreamRow,
    (trial, label): (&Trial, usize),
    (input, every_s): (&FaceInput, f64),
    job: &Job,
) -> Result<Vec<Example>, StudyError> {
    let (on, off) = (trial.video_on.unwrap_or(0), trial.video_off.unwrap_or(0));
    let step = (SECOND as f64 * every_s) as i64;
    let mut next = on;
    let (mut times, mut frames) = (Vec::new(), Vec::new());
    for frame in recording.frames(stream.info.id, on, off)? {
        if frame.captured < next {
            continue;
        }
        next = frame.captured + step - step / 10; // a tenth of slack for jitter
        times.push(seconds(frame.captured - on));
        frames.push(frame.jpeg);
    }
    let cache = recording.home().map(FeatureCache::of);
    // A frame that is no JPEG was damaged on disk or in the camera: left out, and counted by `verify`.
    let found = times.into_iter().zip(input.of_frames(&frames, cache.as_ref(), job)?);
    Ok(found.filter_map(|(time, face)| Some(example(recording, trial, label, time, face?))).collect())
}

/// The whole EEG of a stored session, uV.
///
/// # Errors
/// As [`session_quality`].
pub fn stored_signals(recording: &Recording) -> Result<Signals, StudyError> {
    let stream = eeg_stream(recording).ok_or_else(|| no_eeg(recording))?;
    Ok(eeg_signals(&recording.whole(stream.info.id)?))
}

/// The gate's report over a whole stored session.
///
/// # Errors
/// A session that cannot be read or has no EEG.
pub fn session_quality(recording: &Recording, mains_hz: f64) -> Result<QualityReport, StudyError> {
    let stream = eeg_stream(recording).ok_or_else(|| no_eeg(recording))?;
    let block = recording.whole(stream.info.id)?;
    let signals = eeg_signals(&block);
    let expected = signals.data.first().map_or(0, Vec::len);
    Ok(gate::judge(&EegWindow {
        rate: signals.rate,
        labels: signals.labels,
        data: signals.data,
        mains_hz,
        rail: stream.info.channels.iter().find(|c| c.role == Role::Eeg).and_then(|c| c.rail),
        expected_samples: expected,
    }))
}
