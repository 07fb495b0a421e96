//! Maps of InceptionV3 features (algorithms 7): what seed B's head learns from and answers by. Every epoch goes the way that
//! [`crate::infer::epoch`] goes live, with as much signal before it, and the maps of a trial are kept like other features: a
//! job that was stopped goes on behind the last whole trial.

use crate::infer::epoch::{EpochPath, FEATURES};
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::job::{Job, Stopped};
use crate::native::{Model, ModelCard};
use crate::prepare::dataset::Recipe;
use crate::prepare::eeg::Companions;
use crate::prepare::recipes::FeatureTable;
use crate::prepare::spectrogram::SpectrogramOptions;
use crate::prepare::{PrepareError, Signals, scalp_map};
use crate::study::StudyError;
use crate::study::features::{Content, FeatureCache};
use crate::study::rows::Rows;
use crate::train::Predictor;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

/// Kind of the recipe.
pub const KIND: &str = "inception-map";
/// Length of an epoch, s.
pub const EPOCH_S: f64 = 3.0;
/// Signal before an epoch that the filters lean on, and over which the bands are scaled with it, s.
pub const LEAD_S: f64 = 3.0;

/// Where InceptionV3 and ONNX Runtime lie; `None` = where `limbic setup` puts them.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// InceptionV3 without its top (ONNX).
    pub model: Option<PathBuf>,
    pub library_dir: Option<PathBuf>,
}

static PLACES: Mutex<Option<Places>> = Mutex::new(None);
static EXTRACTOR: OnceLock<Extractor> = OnceLock::new();

/// Says where to look before the first maps are made. A process opens InceptionV3 once, as it does the runtime.
pub fn look_in(places: Places) {
    if let Ok(mut kept) = PLACES.lock() {
        *kept = Some(places);
    }
}

/// InceptionV3, ready, with what tells its features from those of another file.
pub struct Extractor {
    path: EpochPath,
    options: SpectrogramOptions,
    file: PathBuf,
    /// SHA-256 of the file, hexadecimal.
    weights: String,
}

/// The process's own.
///
/// # Errors
/// No InceptionV3 or no ONNX Runtime here, or a file that is something else.
pub fn extractor() -> Result<&'static Extractor, StudyError> {
    if let Some(ready) = EXTRACTOR.get() {
        return Ok(ready);
    }
    let places = PLACES.lock().ok().and_then(|kept| kept.clone()).unwrap_or_default();
    let file = places.model.or_else(|| Model::Features.find()).ok_or(StudyError::NoInception)?;
    let opened = Extractor::open(&file, &Runtime::find(places.library_dir.as_deref()))?;
    Ok(EXTRACTOR.get_or_init(|| opened))
}

impl Extractor {
    fn open(file: &Path, runtime: &Runtime) -> Result<Extractor, StudyError> {
        let bytes = std::fs::read(file).map_err(|cause| StudyError::Read { path: file.into(), cause })?;
        let network = OnnxSession::from_bytes(runtime, &file.display().to_string(), &bytes).map_err(infer)?;
        let path = EpochPath::new(network, Arc::new(Headless), 1.0)?;
        let options = if path.sides().0 == 299 { SpectrogramOptions::side_299() } else { SpectrogramOptions::default() };
        let weights = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        Ok(Extractor { path, options, file: file.into(), weights })
    }

    /// What must be said of the network beside the scores of a head that stands on it.
    pub fn caveat(&self) -> String {
        ModelCard::caveat("The head stands on the frozen InceptionV3", &self.file, &self.weights)
    }

    /// The recipe of the maps: the 28 electrodes of the map, which must be among `labels`.
    ///
    /// # Errors
    /// Electrodes that are missing.
    pub fn recipe(&self, labels: &[String]) -> Result<Recipe, PrepareError> {
        scalp_map::channels(labels)?;
        let bands = self.options.bands_hz.iter().map(|band| format!("{}-{} Hz", band[0], band[1])).collect();
        let mut recipe = Recipe { kind: KIND.into(), channels: scalp_map::labels(), bands, parameters: Default::default() };
        let spectrogram = serde_json::to_string(&self.options).unwrap_or_default();
        let (epoch, lead) = (EPOCH_S.to_string(), LEAD_S.to_string());
        let named = [("spectrogram", spectrogram), ("epoch_s", epoch), ("lead_s", lead), ("weights", self.weights.clone())];
        recipe.parameters.extend(named.map(|(name, value)| (name.to_string(), value)));
        Ok(recipe)
    }

    /// Features of the last [`EPOCH_S`] of these samples, 28 x 2048; what stands before is the lead. For live use.
    ///
    /// # Errors
    /// Missing electrodes, fewer samples than an epoch, a runtime that fails.
    pub fn newest(&self, eeg: &Signals) -> Result<Vec<f32>, StudyError> {
        let eeg = eeg.select(&scalp_map::channels(&eeg.labels).map_err(PrepareError::from)?);
        let from = (eeg.seconds() - EPOCH_S - LEAD_S).max(0.0);
        Ok(self.path.features(&self.path.pictures(&cut(&eeg, from, eeg.seconds()))?)?)
    }

    /// Features of every whole epoch from `onset_s` on for `length_s` (both in s of `eeg`), 28 x 2048 each, with the epoch's
    /// centre in s since `onset_s`. An epoch that has less than [`LEAD_S`] before it is left out.
    ///
    /// # Errors
    /// Missing electrodes, no whole epoch, a stop.
    pub fn rows(
        &self,
        eeg: &Signals,
        (onset_s, length_s): (f64, f64),
        cache: Option<&FeatureCache>,
        (job, what): (&Job, &str),
    ) -> Result<Result<Rows, String>, StudyError> {
        let eeg = eeg.select(&scalp_map::channels(&eeg.labels).map_err(PrepareError::from)?);
        let recipe = self.recipe(&eeg.labels)?;
        let content = Content::of(&eeg, Companions::default()).part(onset_s, length_s, &[], &recipe);
        if let Some(kept) = cache.and_then(|cache| cache.find(&content, &recipe)) {
            return Ok(Ok(kept.rows));
        }
        let first = onset_s.max(LEAD_S);
        let epochs = ((onset_s + length_s - first + 1e-6) / EPOCH_S).floor().max(0.0) as usize;
        if epochs == 0 {
            return Ok(Err(format!("{length_s:.1} s hold no whole epoch of {EPOCH_S} s with {LEAD_S} s before it")));
        }
        let mut rows = Vec::with_capacity(epochs);
        for epoch in 0..epochs {
            if job.report_with("InceptionV3 maps", epoch as u64, epochs as u64, what).is_err() {
                return Err(Stopped.into());
            }
            let start = first + epoch as f64 * EPOCH_S;
            let pictures = self.path.pictures(&cut(&eeg, start - LEAD_S, start + EPOCH_S))?;
            rows.push((start + EPOCH_S / 2.0 - onset_s, self.path.features(&pictures)?));
        }
        let shape = vec![recipe.channels.len(), FEATURES];
        let mut table = FeatureTable { recipe, shape, rows, notes: Vec::new(), cleaning: None };
        if let Some(cache) = cache {
            cache.keep(&content, &mut table);
        }
        Ok(Ok(table.rows))
    }
}

fn infer(error: crate::infer::runtime::InferError) -> StudyError {
    crate::infer::epoch::EpochError::from(error).into()
}

/// Samples between two moments.
fn cut(eeg: &Signals, from_s: f64, to_s: f64) -> Signals {
    let at = |s: f64| (s * eeg.rate).round().max(0.0) as usize;
    let data = eeg.data.iter().map(|x| x[at(from_s).min(x.len())..at(to_s).min(x.len())].to_vec()).collect();
    Signals { rate: eeg.rate, labels: eeg.labels.clone(), data }
}

/// Stands where the path wants a head while only features are asked for.
struct Headless;

impl Predictor for Headless {
    fn input_len(&self) -> usize {
        FEATURES * scalp_map::ROWS * scalp_map::COLUMNS
    }

    fn classes(&self) -> usize {
        1
    }

    fn logits(&self, _inputs: &[f32], n: usize) -> Vec<f32> {
        vec![0.0; n]
    }

    fn runtime(&self) -> String {
        String::new()
    }
}
