//! What one trial of a stored session gives: rows of the wanted features with the time of each.

use crate::job::Job;
use crate::prepare::dataset::Recipe;
use crate::prepare::eeg::Companions;
use crate::prepare::features::{PsdOptions, psd_features};
use crate::prepare::interpolate::interpolate;
use crate::prepare::physiology::{heart_beats, physiology};
use crate::prepare::recipes::{self, FeatureOptions, FeatureSet, Material};
use crate::prepare::signals::Signals;
use crate::prepare::spectrogram::SpectrogramOptions;
use crate::signal::{Nanos, Role, seconds, to_nanos};
use crate::store::rows::{StreamRow, Trial};
use crate::store::{Block, Recording};
use crate::study::datasets::{eeg_signals, eeg_stream, no_eeg};
use crate::study::features::FeatureCache;
use crate::study::{StudyError, inception, stretches};

/// Signal on either side of a trial that the zero-phase filter may lean on, s.
const MARGIN_S: f64 = 3.0;

/// What the examples of a data set are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// A set that `limbic features` knows by the same name.
    Set(FeatureSet),
    /// Stretches of samples.
    Samples,
    /// Band entropies and courses of the potential.
    Courses,
    /// Features of every electrode's spectrograms by InceptionV3.
    Inception,
}

impl Default for Features {
    fn default() -> Self {
        Features::Set(FeatureSet::Psd)
    }
}

impl Features {
    /// All of them.
    pub fn all() -> Vec<Features> {
        FeatureSet::ALL
            .into_iter()
            .map(Features::Set)
            .chain([Features::Samples, Features::Courses, Features::Inception])
            .collect()
    }

    /// The features of that name: "psd", "bhi-hf-to-b", "spectrogram-map", ...
    ///
    /// # Errors
    /// Any other word; the sentence lists the names.
    pub fn named(name: &str) -> Result<Features, StudyError> {
        let found = Features::all().into_iter().find(|f| f.name() == name);
        found.ok_or_else(|| StudyError::UnknownFeatures(name.into()))
    }

    /// Also the kind of their recipe.
    pub fn name(self) -> String {
        match self {
            Features::Set(set) => set.name(),
            Features::Samples => "samples".into(),
            Features::Courses => "courses".into(),
            Features::Inception => inception::KIND.into(),
        }
    }

    /// The network that takes them when none is named.
    pub fn network(self) -> &'static str {
        match self {
            Features::Set(FeatureSet::SpectrogramMap) | Features::Inception => "seed-b-head",
            Features::Set(_) => "seed-a-cnn",
            Features::Samples => "eeg-itnet",
            Features::Courses => "sst-emotionnet",
        }
    }

    /// Adam's learning rate and the patience of early stopping where nobody says otherwise. The papers' 1e-4 is for tens of
    /// thousands of windows: one lab's session has hundreds, which need larger steps to get anywhere within as many epochs.
    /// A cell of InceptionV3's map has 2048 values, and there seed B's own choice serves.
    pub fn pace(self) -> (f64, u32) {
        if self == Features::Inception { (1e-4, 10) } else { (1e-3, 5) }
    }

    /// The recipe for channels with these labels.
    ///
    /// # Errors
    /// Electrodes that the features need and the labels lack; a network that makes them and is not here.
    pub fn recipe(self, labels: &[String]) -> Result<Recipe, StudyError> {
        Ok(match self {
            Features::Set(set) => recipes::recipe(set, labels, &options(set))?,
            Features::Samples => stretches::samples_recipe(labels),
            Features::Courses => stretches::courses_recipe(labels),
            Features::Inception => inception::extractor()?.recipe(labels)?,
        })
    }

    /// A trial of these keeps all cores busy for seconds: trials are made one after another.
    pub fn one_by_one(self) -> bool {
        self == Features::Inception
    }
}

/// Training's choices. Whole images (28 x 3 x 229 x 229 values an epoch) would not fit any memory for a whole study, so
/// the transform is as long as its window and its steps are 0.38 s: the same resolution on fewer points. The recipe says
/// so, and a model refuses other images.
fn options(set: FeatureSet) -> FeatureOptions {
    let spectrogram = match set {
        FeatureSet::Spectrogram => SpectrogramOptions { hop: 76, transform: 144, ..SpectrogramOptions::default() },
        _ => SpectrogramOptions::default(),
    };
    FeatureOptions { spectrogram, ..FeatureOptions::default() }
}

/// Rows of a trial: centre in s since video onset, and the values.
pub type Rows = Vec<(f64, Vec<f32>)>;

/// The features of one trial.
///
/// # Errors
/// The session cannot be read or has no EEG; `Ok(Err(why))` where this trial alone cannot have the features (too short,
/// no heart beats); the job was stopped.
pub fn rows(recording: &Recording, trial: &Trial, features: Features, job: &Job) -> Result<Result<Rows, String>, StudyError> {
    let stream = eeg_stream(recording).ok_or_else(|| no_eeg(recording))?;
    match features {
        Features::Set(FeatureSet::Psd) => powers(recording, stream, trial, &PsdOptions::default()).map(Ok),
        other => whole_trial(recording, stream, trial, other, job),
    }
}

fn span(trial: &Trial) -> (Nanos, Nanos) {
    (trial.video_on.unwrap_or(0), trial.video_off.unwrap_or(0))
}

fn around(recording: &Recording, stream: &StreamRow, trial: &Trial) -> Result<Block, StudyError> {
    let ((on, off), margin) = (span(trial), to_nanos(MARGIN_S));
    Ok(recording.block(stream.info.id, on - margin, off + margin)?)
}

/// Band powers window by window: gaps cost the windows that they touch.
fn powers(recording: &Recording, stream: &StreamRow, trial: &Trial, options: &PsdOptions) -> Result<Rows, StudyError> {
    let (on, off) = span(trial);
    let block = around(recording, stream, trial)?;
    let mut signals = eeg_signals(&block);
    mend(recording, &mut signals)?;
    let (lead, length, half) = (seconds(on - block.start), seconds(off - on), options.window_s / 2.0);
    Ok(psd_features(&signals, options)?
        .into_iter()
        .map(|(t, features)| (t - lead, features))
        // Whole windows inside the video only, and none that a gap made meaningless.
        .filter(|(t, features)| *t - half >= -1e-6 && *t + half <= length + 1e-6 && features.iter().all(|v| v.is_finite()))
        .collect())
}

/// Features that look at a trial as one: of its longest stretch without a gap.
fn whole_trial(
    recording: &Recording,
    stream: &StreamRow,
    trial: &Trial,
    features: Features,
    job: &Job,
) -> Result<Result<Rows, String>, StudyError> {
    let (on, off) = span(trial);
    let block = around(recording, stream, trial)?;
    let mut found = match physiology(&stream.info.channels, block.rate, &block.data) {
        Ok(found) => found,
        Err(why) => return Ok(Err(why.to_string())),
    };
    mend(recording, &mut found.eeg)?;
    if matches!(features, Features::Set(set) if set.needs_beats()) && found.beats.is_empty() {
        found.beats = beats_elsewhere(recording, stream, &block, found.first_s)?;
        if found.beats.is_empty() {
            let why = found.notes.iter().find(|n| n.starts_with("no heart beats"));
            return Ok(Err(why.cloned().unwrap_or_else(|| "no heart beats: there is no ECG or PPG".into())));
        }
    }
    // The video's onset on the stretch's own axis; a stretch that begins later leaves the start out.
    let onset = seconds(on - block.start) - found.first_s;
    let from = onset.max(0.0);
    let length_s = (seconds(off - on) - (from - onset)).min(found.eeg.seconds() - from);
    let made = match features {
        Features::Samples => stretches::samples(&found.eeg, from, length_s),
        Features::Courses => stretches::courses(&found.eeg, from, length_s),
        Features::Inception => {
            let (cache, what) = (recording.home().map(FeatureCache::of), format!("trial {}", trial.number));
            let made = inception::extractor()?.rows(&found.eeg, (from, length_s), cache.as_ref(), (job, &what))?;
            return Ok(made.map(|rows| rows.into_iter().map(|(t, values)| (t + from - onset, values)).collect()));
        }
        Features::Set(set) => {
            let beside = Companions { eog: &found.eog, beats: &found.beats };
            let material = Material { eeg: &found.eeg, beside, onset_s: from, length_s, cleaned: None };
            recipes::features(set, material, &options(set)).map(|table| table.rows)
        }
    };
    Ok(made.map(|rows| rows.into_iter().map(|(t, values)| (t + from - onset, values)).collect()).map_err(|why| why.to_string()))
}

/// Beats of a heart channel in another stream, s on the axis of the EEG's stretch.
fn beats_elsewhere(recording: &Recording, eeg: &StreamRow, block: &Block, first_s: f64) -> Result<Vec<f64>, StudyError> {
    let has_heart = |s: &&StreamRow| s.info.channels.iter().any(|c| matches!(c.role, Role::Ecg | Role::Ppg));
    let samples = block.data.first().map_or(0, Vec::len);
    let end = block.start + to_nanos(samples as f64 / block.rate);
    for stream in recording.streams.iter().filter(|s| s.info.id != eeg.info.id).filter(has_heart) {
        let other = recording.block(stream.info.id, block.start, end)?;
        if let Some(Ok(beats)) = heart_beats(&stream.info.channels, other.rate, &other.data) {
            let shift = seconds(other.start - block.start) - first_s;
            return Ok(beats.into_iter().map(|t| t + shift).collect());
        }
    }
    Ok(Vec::new())
}

/// Electrodes that the experimenter marked as bad are made from the others (algorithms 1.3: spherical splines).
fn mend(recording: &Recording, signals: &mut Signals) -> Result<(), StudyError> {
    let marked = recording.marked_bad();
    let bad: Vec<usize> = (0..signals.labels.len()).filter(|i| marked.contains(&signals.labels[*i].as_str())).collect();
    interpolate(signals, &bad).map_err(|e| StudyError::Session {
        session: recording.session.name(),
        message: format!("its electrodes {} are marked as bad: {e}", marked.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Montage;

    #[test]
    fn every_recipe_has_a_name_and_fits_the_standard_montage() {
        let labels = Montage::biosemi32().labels;
        for features in Features::all() {
            assert_eq!(Features::named(&features.name()).expect("a name"), features);
            // Whether InceptionV3 is here decides the recipe of its maps.
            if features == Features::Inception {
                continue;
            }
            assert_eq!(features.recipe(&labels).expect("32 sites").kind, features.name());
        }
        let refused = Features::named("hrv").expect_err("unknown").to_string();
        assert!(refused.contains("bhi-hf-to-b") && refused.contains("spectrogram-map"), "{refused}");
        assert_eq!(Features::default().recipe(&labels).expect("32"), PsdOptions::default().recipe(&labels));
    }
}
