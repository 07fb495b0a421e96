//! Feature sets of sessions, trial by trial, kept in HOME/derived/features so that nothing is computed twice.

mod cache;

pub use cache::{Content, FOLDER, FeatureCache};

use crate::job::{Job, Stopped};
use crate::prepare::eeg::{Cleaning, Companions, clean};
use crate::prepare::interpolate::interpolate;
use crate::prepare::physiology::heart_beats;
use crate::prepare::recipes::{self, FeatureOptions, FeatureSet, FeatureTable, Material, features};
use crate::prepare::{PrepareError, Signals};
use crate::signal::{Nanos, Role, seconds, to_nanos};
use crate::store::rows::StreamRow;
use crate::store::{Block, Recording};
use crate::study::StudyError;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// EEG on either side of a trial that the filters may lean on, s.
const MARGIN_S: f64 = 3.0;
/// Heart signal on either side of a trial: intervals at its edges are as well known as those inside.
const HEART_MARGIN_S: f64 = 10.0;

/// One trial's features, or why it has none. Times count from the onset of its video.
#[derive(Debug)]
pub struct TrialFeatures {
    /// Number of the trial in its session.
    pub trial: u32,
    pub made: Result<FeatureTable, PrepareError>,
    /// Taken from the cache.
    pub kept: bool,
}

/// A feature set of every usable trial of a session, in order, several trials at a time. Tables that the cache has are
/// not computed; those that are computed are put into it, so that a job that was stopped goes on where it was. Where the
/// options ask for cleaning, the whole recording is cleaned once and the trials are cut from it.
///
/// # Errors
/// A session that cannot be read or has no EEG; electrodes that the set needs are missing; the job was stopped. What one
/// trial lacks (too short, no beats) is said in its own [`TrialFeatures::made`].
pub fn session_features(
    recording: &Recording,
    set: FeatureSet,
    options: &FeatureOptions,
    cache: Option<&FeatureCache>,
    job: &Job,
) -> Result<Vec<TrialFeatures>, StudyError> {
    let with = |role: Role| recording.streams.iter().find(|s| !s.info.with_role(role).is_empty());
    let eeg = with(Role::Eeg).ok_or_else(|| trouble(recording, "it has no EEG stream"))?;
    let source = Source { recording, eeg, heart: with(Role::Ecg).or_else(|| with(Role::Ppg)) };
    let watch = Watch { job, done: AtomicU64::new(0), all: recording.trials.iter().filter(|t| t.is_usable()).count() as u64 };
    let trials: Vec<(u32, Nanos, Nanos)> = recording
        .trials
        .iter()
        .filter(|t| t.is_usable())
        .map(|t| (t.number, t.video_on.unwrap_or(0), t.video_off.unwrap_or(0)))
        .collect();
    if let Some(cleaning) = &options.cleaning {
        return source.of_cleaned(&trials, set, cleaning, options, cache, &watch);
    }
    let one = |&(trial, on, off): &(u32, Nanos, Nanos)| -> Result<TrialFeatures, StudyError> {
        watch.look()?;
        let (made, kept) = source.part(on, off, set, options, cache)?;
        watch.tell(trial)?;
        Ok(TrialFeatures { trial, made, kept })
    };
    trials.par_iter().map(one).collect()
}

/// The job, and how many trials are done.
struct Watch<'a> {
    job: &'a Job,
    done: AtomicU64,
    all: u64,
}

impl Watch<'_> {
    fn look(&self) -> Result<(), Stopped> {
        if self.job.is_stopped() { Err(Stopped) } else { Ok(()) }
    }

    fn tell(&self, trial: u32) -> Result<(), Stopped> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.job.report_with("features", done, self.all, &format!("trial {trial}"))
    }
}

type Made = (Result<FeatureTable, PrepareError>, bool);

/// Where a session's EEG and heart come from.
struct Source<'a> {
    recording: &'a Recording,
    eeg: &'a StreamRow,
    heart: Option<&'a StreamRow>,
}

/// The longest stretch of a session without gaps, with what was recorded beside it.
struct Whole {
    signals: Signals,
    eog: Vec<Vec<f64>>,
    /// s from the first sample.
    beats: Vec<f64>,
    /// Of the first sample.
    start: Nanos,
}

impl Source<'_> {
    /// A trial cut from the stream with its margins.
    fn part(
        &self,
        on: Nanos,
        off: Nanos,
        set: FeatureSet,
        options: &FeatureOptions,
        cache: Option<&FeatureCache>,
    ) -> Result<Made, StudyError> {
        let margin = to_nanos(MARGIN_S);
        let block = self.recording.block(self.eeg.info.id, on - margin, off + margin)?;
        let Some((signals, start)) = longest(self.recording, &with_role(&block, Role::Eeg), block.start)? else {
            return Ok((Err(PrepareError::NoChannels), false));
        };
        let beats = match self.beats(on, off, start) {
            Ok(beats) => beats,
            Err(why) if set.needs_beats() => return Ok((Err(why), false)),
            // A bad heart signal says nothing about the EEG.
            Err(_) => Vec::new(),
        };
        let (onset_s, length_s) = span(&signals, seconds(on - start), seconds(off - on));
        let late_s = onset_s - seconds(on - start);
        let beside = Companions { eog: &[], beats: &beats };
        let material = Material { eeg: &signals, beside, onset_s, length_s, cleaned: None };
        let (made, kept) = match cache {
            Some(cache) => cache.table(set, material, options),
            None => (features(set, material, options), false),
        };
        Ok((made.map(|table| later(table, late_s)), kept))
    }

    /// Trials cut from the recording after it was cleaned as a whole, which is done only where the cache lacks one.
    fn of_cleaned(
        &self,
        trials: &[(u32, Nanos, Nanos)],
        set: FeatureSet,
        cleaning: &Cleaning,
        options: &FeatureOptions,
        cache: Option<&FeatureCache>,
        watch: &Watch<'_>,
    ) -> Result<Vec<TrialFeatures>, StudyError> {
        let raw = self.whole()?;
        let beside = Companions { eog: &raw.eog, beats: &raw.beats };
        let content = Content::of(&raw.signals, beside);
        let recipe = recipes::recipe(set, &raw.signals.labels, options)?;
        let place = |&(trial, on, off): &(u32, Nanos, Nanos)| -> Result<Place, StudyError> {
            let (onset_s, length_s) = span(&raw.signals, seconds(on - raw.start), seconds(off - on));
            let beats = self.beats(on, off, raw.start);
            let content = content.part(onset_s, length_s, beats.as_deref().unwrap_or_default(), &recipe);
            let kept = cache.and_then(|cache| cache.find(&content, &recipe));
            let late_s = onset_s - seconds(on - raw.start);
            Ok(Place { trial, onset_s, late_s, length_s, beats, content, kept })
        };
        let places = trials.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        watch.look()?;
        let cleaned = match places.iter().all(|p| p.kept.is_some()) {
            true => None,
            false => Some(clean(&raw.signals, beside, cleaning)?),
        };
        let one = |place: Place| -> Result<TrialFeatures, StudyError> {
            watch.look()?;
            let (trial, late_s, kept) = (place.trial, place.late_s, place.kept.is_some());
            let mut made = match (place.kept, &cleaned, place.beats) {
                (Some(table), ..) => Ok(table),
                (None, _, Err(why)) => Err(why),
                (None, None, Ok(_)) => Err(PrepareError::NoChannels),
                (None, Some(cleaned), Ok(beats)) => {
                    let beside = Companions { eog: &[], beats: &beats };
                    let (eeg, log) = (&cleaned.signals, Some(&cleaned.log));
                    let part = Material { eeg, beside, onset_s: place.onset_s, length_s: place.length_s, cleaned: log };
                    features(set, part, options)
                }
            };
            if let (Ok(table), Some(cache), false) = (&mut made, cache, kept) {
                cache.keep(&place.content, table);
            }
            watch.tell(trial)?;
            Ok(TrialFeatures { trial, made: made.map(|table| later(table, late_s)), kept })
        };
        places.into_par_iter().map(one).collect()
    }

    /// Heart beats around a trial in s from `start`; none where the session has no heart channel.
    fn beats(&self, on: Nanos, off: Nanos, start: Nanos) -> Result<Vec<f64>, PrepareError> {
        let Some(heart) = self.heart else { return Ok(Vec::new()) };
        let margin = to_nanos(HEART_MARGIN_S);
        let unreadable = |e: crate::store::StoreError| PrepareError::Beatless { why: e.to_string() };
        let block = self.recording.block(heart.info.id, on - margin, off + margin).map_err(unreadable)?;
        let shift = seconds(block.start - start);
        let found = heart_beats(&block.channels, block.rate, &block.data).unwrap_or(Ok(Vec::new()))?;
        Ok(found.into_iter().map(|t| t + shift).collect())
    }

    fn whole(&self) -> Result<Whole, StudyError> {
        let block = self.recording.whole(self.eeg.info.id)?;
        let (signals, start) = longest(self.recording, &with_role(&block, Role::Eeg), block.start)?
            .ok_or_else(|| trouble(self.recording, "its EEG has no samples"))?;
        let first = (seconds(start - block.start) * block.rate).round() as usize;
        let cut = |x: Vec<f64>| x.get(first..first + signals.samples()).map(<[f64]>::to_vec);
        let eog: Vec<Vec<f64>> = with_role(&block, Role::Eog).data.into_iter().filter_map(cut).collect();
        let length = signals.seconds();
        let mut beats = self.beats(start, start + to_nanos(length), start).unwrap_or_default();
        beats.retain(|t| (0.0..=length).contains(t));
        // EOG with a hole in it tells no eyes.
        let eog = if eog.iter().flatten().all(|v| v.is_finite()) { eog } else { Vec::new() };
        Ok(Whole { signals, eog, beats, start })
    }
}

/// A trial in a recording that is cleaned as a whole.
struct Place {
    trial: u32,
    onset_s: f64,
    /// How much later than the video the samples begin, s.
    late_s: f64,
    length_s: f64,
    beats: Result<Vec<f64>, PrepareError>,
    content: Content,
    kept: Option<FeatureTable>,
}

fn trouble(recording: &Recording, message: &str) -> StudyError {
    StudyError::Session { session: recording.session.name(), message: message.into() }
}

/// The channels of one role.
fn with_role(block: &Block, role: Role) -> Signals {
    let chosen = || (0..block.channels.len()).filter(|&c| block.channels[c].role == role);
    Signals {
        rate: block.rate,
        labels: chosen().map(|c| block.channels[c].label.clone()).collect(),
        data: chosen().map(|c| block.data[c].iter().map(|v| f64::from(*v)).collect()).collect(),
    }
}

/// The longest stretch without a gap, electrodes that the experimenter marked as bad made from the others, and when it
/// begins; `None` where no sample is whole.
fn longest(recording: &Recording, signals: &Signals, start: Nanos) -> Result<Option<(Signals, Nanos)>, StudyError> {
    let Some(longest) = signals.segments().into_iter().max_by_key(|s| s.signals.samples()) else { return Ok(None) };
    let mut signals = longest.signals;
    let marked = recording.marked_bad();
    let bad: Vec<usize> = (0..signals.labels.len()).filter(|i| marked.contains(&signals.labels[*i].as_str())).collect();
    interpolate(&mut signals, &bad)
        .map_err(|e| trouble(recording, &format!("its electrodes {} are marked as bad: {e}", marked.join(", "))))?;
    let start = start + to_nanos(longest.first_index as f64 / signals.rate);
    Ok(Some((signals, start)))
}

/// The same table, its times counted from a moment so much earlier.
fn later(mut table: FeatureTable, by_s: f64) -> FeatureTable {
    table.rows.iter_mut().for_each(|(time, _)| *time += by_s);
    table
}

/// Onset and length of a part, as far as the samples reach.
fn span(eeg: &Signals, onset_s: f64, length_s: f64) -> (f64, f64) {
    let from = onset_s.max(0.0);
    (from, (onset_s + length_s).min(eeg.seconds()) - from)
}
