//! One epoch of the second paper's pipeline, from raw samples to the head's probabilities (algorithms 7): bands,
//! spectrograms, InceptionV3's features of each channel, the 7 x 5 map of them, the head.

use crate::infer::calibrate::softmax;
use crate::infer::convert::keras::{SCALING_KEY, SIDE_KEY};
use crate::infer::runtime::{InferError, OnnxSession};
use crate::prepare::spectrogram::{SpectrogramOptions, Stft, banded};
use crate::prepare::{PrepareError, Signals, scalp_map};
use crate::signal::{Clock, Nanos};
use crate::train::Predictor;
use rayon::prelude::*;
use std::sync::Arc;

/// Features of one picture.
pub const FEATURES: usize = 2048;

/// Why an epoch has no answer.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    #[error("the model {model} gives {found} features a picture; {FEATURES} are wanted (InceptionV3 without its top)")]
    Features { model: String, found: usize },
    #[error("the head takes {found} values; the map has {wanted}")]
    Head { found: usize, wanted: usize },
}

/// How pictures of 0-1 are scaled for a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scaling {
    Unit,
    /// 2 v - 1 (Keras).
    Signed,
    /// By ImageNet's means and deviations (torchvision).
    ImageNet,
}

impl Scaling {
    /// Factor and offset of a band's values.
    fn of(self, band: usize) -> [f32; 2] {
        let (means, deviations) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        match self {
            Scaling::Unit => [1.0, 0.0],
            Scaling::Signed => [2.0, -1.0],
            Scaling::ImageNet => [1.0 / deviations[band % 3], -means[band % 3] / deviations[band % 3]],
        }
    }
}

/// The path, ready.
pub struct EpochPath {
    network: OnnxSession,
    head: Arc<dyn Predictor>,
    temperature: f64,
    stft: Stft,
    options: SpectrogramOptions,
    scaling: Scaling,
}

/// What one epoch took and gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub probabilities: Vec<f64>,
    /// Channels x 2048.
    pub features: Vec<f32>,
    pub spectrograms_ns: Nanos,
    pub network_ns: Nanos,
    pub head_ns: Nanos,
}

impl EpochPath {
    /// The path through a feature network and a head for maps of 2048 x 7 x 5.
    ///
    /// # Errors
    /// A network with another input than pictures, a head for another input.
    pub fn new(network: OnnxSession, head: Arc<dyn Predictor>, temperature: f64) -> Result<EpochPath, EpochError> {
        let wanted = FEATURES * scalp_map::ROWS * scalp_map::COLUMNS;
        if head.input_len() != wanted {
            return Err(EpochError::Head { found: head.input_len(), wanted });
        }
        let options = match network.input_shape() {
            // A file that takes one size only, or any and says what it was trained on in a way we need not follow.
            [_, 3, 299, 299] => SpectrogramOptions::side_299(),
            [_, 3, _, _] => SpectrogramOptions::default(),
            other => {
                let given = format!("{other:?}");
                let wanted = "pictures [batch, 3, side, side]".into();
                return Err(InferError::Input { model: network.name().into(), wanted, given }.into());
            }
        };
        let scaling = match network.metadata(SCALING_KEY) {
            Some("signed") => Scaling::Signed,
            Some("imagenet") => Scaling::ImageNet,
            _ => Scaling::Unit,
        };
        Ok(EpochPath { network, head, temperature, stft: Stft::new(&options)?, options, scaling })
    }

    /// Side of the pictures, and of those that the network was trained on where its file says so.
    pub fn sides(&self) -> (usize, Option<usize>) {
        (self.options.size().0, self.network.metadata(SIDE_KEY).and_then(|s| s.parse().ok()))
    }

    /// Pictures of the last whole epoch of these samples (the 28 electrodes of the map in its order), as the network
    /// wants them: channels x 3 x side x side. The bands are scaled over all the samples given.
    ///
    /// # Errors
    /// Channels that are too short for an epoch or for the filters.
    pub fn pictures(&self, eeg: &Signals) -> Result<Vec<f32>, EpochError> {
        let bands = banded(eeg, &self.options)?;
        let epochs = bands.epochs(&self.options);
        if epochs == 0 {
            let window = self.options.epoch as f64 / self.options.rate;
            return Err(PrepareError::ShorterThanWindow { have: eeg.seconds(), window }.into());
        }
        let (rows, frames) = self.options.size();
        let mut pictures = vec![0f32; bands.data.len() * 3 * rows * frames];
        pictures.par_chunks_exact_mut(3 * rows * frames).zip(&bands.data).for_each_init(
            || self.stft.clone(),
            |stft, (picture, channel)| stft.image_into(channel, epochs - 1, |band| self.scaling.of(band), picture),
        );
        Ok(pictures)
    }

    /// InceptionV3's features of each picture, row-major.
    ///
    /// # Errors
    /// The runtime fails, or the network gives another number of features.
    pub fn features(&self, pictures: &[f32]) -> Result<Vec<f32>, EpochError> {
        let side = self.options.size().0;
        let count = pictures.len() / (3 * side * side).max(1);
        let features = self.network.run(pictures, &[count, 3, side, side])?;
        if features.len() != count * FEATURES {
            return Err(EpochError::Features { model: self.network.name().into(), found: features.len() / count.max(1) });
        }
        Ok(features)
    }

    /// The head's probabilities for one map of features (channels x 2048, in the order of the map's electrodes).
    pub fn judge(&self, features: &[f32]) -> Vec<f64> {
        let labels = scalp_map::labels();
        // 7 x 5 x 2048 -> 2048 x 7 x 5: networks want the channels first.
        let cells = scalp_map::ROWS * scalp_map::COLUMNS;
        let mut map = vec![0f32; cells * FEATURES];
        for (label, vector) in labels.iter().zip(features.chunks_exact(FEATURES)) {
            if let Some((row, column)) = scalp_map::cell(label) {
                let cell = row * scalp_map::COLUMNS + column;
                vector.iter().enumerate().for_each(|(k, v)| map[k * cells + cell] = *v);
            }
        }
        softmax(&self.head.logits(&map, 1), self.temperature)
    }

    /// The whole path for the last epoch of these samples.
    ///
    /// # Errors
    /// As [`EpochPath::pictures`] and [`EpochPath::features`].
    pub fn answer(&self, eeg: &Signals, clock: &dyn Clock) -> Result<Answer, EpochError> {
        let begun = clock.now();
        let pictures = self.pictures(eeg)?;
        let drawn = clock.now();
        let features = self.features(&pictures)?;
        let seen = clock.now();
        let probabilities = self.judge(&features);
        let (spectrograms_ns, network_ns) = (drawn - begun, seen - drawn);
        Ok(Answer { probabilities, features, spectrograms_ns, network_ns, head_ns: clock.now() - seen })
    }
}
