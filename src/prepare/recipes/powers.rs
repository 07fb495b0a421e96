//! The set "psd": band powers a window.

use super::{FeatureOptions, FeatureTable, Material, Prepared, note, prepared};
use crate::prepare::PrepareError;
use crate::prepare::dataset::Recipe;
use crate::prepare::features::window_features;

pub fn recipe(labels: &[String], options: &FeatureOptions) -> Recipe {
    let mut recipe = options.psd.recipe(labels);
    // Without cleaning the recipe is that of earlier models.
    if let Some(cleaning) = &options.cleaning {
        note(&mut recipe, "cleaning", cleaning);
    }
    if options.per_trial_mean {
        note(&mut recipe, "per_trial_mean", &true);
    }
    recipe
}

pub fn table(material: Material<'_>, options: &FeatureOptions) -> Result<FeatureTable, PrepareError> {
    of(&prepared(material, options)?, material, options)
}

/// From EEG that is prepared already.
pub fn of(made: &Prepared, material: Material<'_>, options: &FeatureOptions) -> Result<FeatureTable, PrepareError> {
    let (from, to) = material.span()?;
    let rows = window_features(&made.signals, from, to, &options.psd)?;
    Ok(FeatureTable {
        recipe: recipe(&material.eeg.labels, options),
        shape: vec![made.signals.labels.len(), options.psd.bands.len()],
        rows,
        notes: made.notes.clone(),
        cleaning: made.log.clone(),
    })
}
