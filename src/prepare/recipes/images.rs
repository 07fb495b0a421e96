//! The sets "spectrogram" and "spectrogram-map": three-band images of the 28 electrodes of the scalp map
//! (algorithms 4 and 7).

use super::{FeatureOptions, FeatureSet, FeatureTable, Material, cleaned, note};
use crate::prepare::dataset::Recipe;
use crate::prepare::spectrogram::{Banded, SpectrogramOptions, Stft, banded, mean_level};
use crate::prepare::{PrepareError, Signals, scalp_map};
use rayon::prelude::*;

/// Values of one table beyond which it is refused: 2 GB.
const MOST_VALUES: usize = 500_000_000;

pub fn recipe(set: FeatureSet, labels: &[String], options: &FeatureOptions) -> Result<Recipe, PrepareError> {
    scalp_map::channels(labels)?;
    let bands = options.spectrogram.bands_hz.iter().map(|band| format!("{}-{} Hz", band[0], band[1])).collect();
    let mut recipe = Recipe { kind: set.name(), channels: scalp_map::labels(), bands, parameters: Default::default() };
    note(&mut recipe, "spectrogram", &options.spectrogram);
    if let Some(cleaning) = &options.cleaning {
        note(&mut recipe, "cleaning", cleaning);
    }
    if options.per_trial_mean {
        note(&mut recipe, "per_trial_mean", &true);
    }
    Ok(recipe)
}

pub fn table(set: FeatureSet, material: Material<'_>, options: &FeatureOptions) -> Result<FeatureTable, PrepareError> {
    let places = scalp_map::channels(&material.eeg.labels)?;
    let (mut notes, mut log) = (Vec::new(), None);
    let whole: Signals = match &options.cleaning {
        Some(cleaning) => {
            let (signals, made) = cleaned(material, cleaning)?;
            notes = made.say();
            log = Some(made);
            signals
        }
        None => material.eeg.clone(),
    };
    let (from, to) = material.span()?;
    let mut part = whole.select(&places);
    part.data.iter_mut().for_each(|x| *x = x[from..to].to_vec());
    let choices = &options.spectrogram;
    let bands = banded(&part, choices)?;
    let epochs = bands.epochs(choices);
    if epochs == 0 {
        let window = choices.epoch as f64 / choices.rate;
        return Err(PrepareError::ShorterThanWindow { have: material.length_s, window });
    }
    let (rows, frames) = choices.size();
    let image = choices.bands_hz.len() * rows * frames;
    if set == FeatureSet::Spectrogram && epochs.saturating_mul(places.len() * image) > MOST_VALUES {
        return Err(PrepareError::TooLarge { rows: epochs, values: places.len() * image });
    }
    let shape = match set {
        FeatureSet::Spectrogram => vec![places.len(), choices.bands_hz.len(), rows, frames],
        _ => vec![scalp_map::ROWS, scalp_map::COLUMNS, choices.bands_hz.len()],
    };
    let stft = Stft::new(choices)?;
    let epoch = |stft: &mut Stft, epoch: usize| -> Result<(f64, Vec<f32>), PrepareError> {
        let values = if set == FeatureSet::Spectrogram {
            let mut values = vec![0f32; bands.data.len() * image];
            let places = bands.data.iter().zip(values.chunks_exact_mut(image));
            places.for_each(|(channel, place)| stft.image_into(channel, epoch, |_| [1.0, 0.0], place));
            values
        } else {
            levels(stft, &bands, epoch, choices)?
        };
        Ok((bands.time(epoch, choices), values))
    };
    let rows = (0..epochs).into_par_iter().map_init(|| stft.clone(), epoch).collect::<Result<Vec<_>, _>>()?;
    Ok(FeatureTable { recipe: recipe(set, &material.eeg.labels, options)?, shape, rows, notes, cleaning: log })
}

/// The mean of every channel's image by band, on the 7 x 5 map.
fn levels(stft: &mut Stft, bands: &Banded, epoch: usize, choices: &SpectrogramOptions) -> Result<Vec<f32>, PrepareError> {
    let count = choices.bands_hz.len();
    let mut values = Vec::with_capacity(bands.data.len() * count);
    for channel in &bands.data {
        let image = stft.image(channel, epoch);
        let size = image.len() / count;
        values.extend(image.chunks_exact(size).map(|band| mean_level(band) as f32));
    }
    Ok(scalp_map::place(&scalp_map::labels(), &values, count)?)
}
