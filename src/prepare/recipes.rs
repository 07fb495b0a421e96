//! Feature sets by name: what `limbic features --recipe NAME` and training make of a recording or of one trial. Each
//! table carries the recipe with every choice behind it.

mod families;
mod images;
mod powers;

use crate::prepare::dataset::Recipe;
use crate::prepare::eeg::{Cleaning, CleaningLog, Companions, clean};
use crate::prepare::heart::correct::BeatMethod;
use crate::prepare::heart::spwvd::SpwvdOptions;
use crate::prepare::interplay::{Family, SdgOptions};
use crate::prepare::spectrogram::SpectrogramOptions;
use crate::prepare::{PrepareError, PsdOptions, Signals};

/// A feature set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureSet {
    /// Band powers: channels x bands a window.
    Psd,
    /// One family of brain-heart interplay: channels x bands a moment.
    Interplay(Family),
    /// Three-band spectrograms of the 28 electrodes: channels x bands x frequencies x frames an epoch.
    Spectrogram,
    /// The mean level of each spectrogram on the scalp map: 7 x 5 x bands an epoch.
    SpectrogramMap,
}

impl FeatureSet {
    pub const ALL: [FeatureSet; 7] = [
        FeatureSet::Psd,
        FeatureSet::Interplay(Family::LfToB),
        FeatureSet::Interplay(Family::HfToB),
        FeatureSet::Interplay(Family::BToLf),
        FeatureSet::Interplay(Family::BToHf),
        FeatureSet::Spectrogram,
        FeatureSet::SpectrogramMap,
    ];

    /// "psd", "bhi-lf-to-b", ..., "spectrogram", "spectrogram-map": also the kind of its recipe.
    pub fn name(self) -> String {
        match self {
            FeatureSet::Psd => "psd".into(),
            FeatureSet::Interplay(family) => format!("bhi-{}", family.name()),
            FeatureSet::Spectrogram => "spectrogram".into(),
            FeatureSet::SpectrogramMap => "spectrogram-map".into(),
        }
    }

    /// The set of that name.
    pub fn named(name: &str) -> Option<FeatureSet> {
        FeatureSet::ALL.into_iter().find(|set| set.name() == name)
    }

    /// It needs heart beats beside the EEG.
    pub fn needs_beats(self) -> bool {
        matches!(self, FeatureSet::Interplay(_))
    }
}

/// Every choice of every set; a set reads those that concern it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureOptions {
    /// `None` = band-pass and reference alone; else the whole chain of algorithms 1.2.
    pub cleaning: Option<Cleaning>,
    pub psd: PsdOptions,
    pub sdg: SdgOptions,
    /// How beats are corrected before their intervals are used.
    pub beats: BeatMethod,
    pub spwvd: SpwvdOptions,
    pub spectrogram: SpectrogramOptions,
    /// One sample a trial, the mean over its moments, instead of one a moment.
    pub per_trial_mean: bool,
}

/// A recording, and the part of it that features are made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// Scalp channels in uV. For a trial with a few seconds before and after it, where the filter's ends lie.
    pub eeg: &'a Signals,
    /// EOG, and heart beats in s from the EEG's first sample.
    pub beside: Companions<'a>,
    /// Start of the part in s from the first sample, and its length in s.
    pub onset_s: f64,
    pub length_s: f64,
    /// The EEG has been through [`clean`] with the same choices already (once for all parts of a recording), and this
    /// is the log of it: it is not cleaned again.
    pub cleaned: Option<&'a CleaningLog>,
}

impl<'a> Material<'a> {
    /// All of a recording.
    pub fn whole(eeg: &'a Signals, beside: Companions<'a>) -> Material<'a> {
        Material { eeg, beside, onset_s: 0.0, length_s: eeg.seconds(), cleaned: None }
    }

    /// First sample of the part and the one after its last.
    fn span(&self) -> Result<(usize, usize), PrepareError> {
        let at = |s: f64| (s * self.eeg.rate).round().max(0.0) as usize;
        let (from, to) = (at(self.onset_s), at(self.onset_s + self.length_s).min(self.eeg.samples()));
        if self.onset_s < 0.0 || from >= to {
            let value = format!("{:.3} s for {:.3} s", self.onset_s, self.length_s);
            return Err(PrepareError::Option { name: "the part", value, must: "inside the samples given" });
        }
        Ok((from, to))
    }
}

/// Features with all that made them.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureTable {
    pub recipe: Recipe,
    /// Of one row: [channels, bands] or as the set says.
    pub shape: Vec<usize>,
    /// Centre of the window or epoch in s since the part's start, and the values in C order.
    pub rows: Vec<(f64, Vec<f32>)>,
    /// What the data forced, filled, corrected or dropped.
    pub notes: Vec<String>,
    pub cleaning: Option<CleaningLog>,
}

/// The recipe of a set for channels with these labels, before any data is looked at.
///
/// # Errors
/// Electrodes that the set needs and the labels lack.
pub fn recipe(set: FeatureSet, labels: &[String], options: &FeatureOptions) -> Result<Recipe, PrepareError> {
    match set {
        FeatureSet::Psd => Ok(powers::recipe(labels, options)),
        FeatureSet::Interplay(family) => Ok(families::recipe(family, labels, options)),
        FeatureSet::Spectrogram | FeatureSet::SpectrogramMap => images::recipe(set, labels, options),
    }
}

/// Makes a feature set of the part.
///
/// # Errors
/// Whatever the set's stages refuse: too short, no beats, a missing electrode, too many bad channels.
pub fn features(set: FeatureSet, material: Material<'_>, options: &FeatureOptions) -> Result<FeatureTable, PrepareError> {
    material.eeg.check()?;
    material.span()?;
    let table = match set {
        FeatureSet::Psd => powers::table(material, options)?,
        FeatureSet::Interplay(family) => families::table(family, material, options)?,
        FeatureSet::Spectrogram | FeatureSet::SpectrogramMap => images::table(set, material, options)?,
    };
    Ok(finished(table, options))
}

/// Band powers and the four families of interplay together, in the order of [`FeatureSet::ALL`]: the EEG is filtered and
/// the beats are corrected once, not five times. The same tables as by [`features`].
///
/// # Errors
/// As [`features`].
pub fn powers_and_families(material: Material<'_>, options: &FeatureOptions) -> Result<Vec<FeatureTable>, PrepareError> {
    material.eeg.check()?;
    material.span()?;
    let made = prepared(material, options)?;
    let found = families::whole(&made, material, options)?;
    let family = |family| families::of(family, &found, &made, material, options);
    let tables = std::iter::once(powers::of(&made, material, options)?).chain(Family::ALL.map(family));
    Ok(tables.map(|table| finished(table, options)).collect())
}

/// Rows without a value left out, and the mean taken where that is wanted.
fn finished(mut table: FeatureTable, options: &FeatureOptions) -> FeatureTable {
    let before = table.rows.len();
    // Blocks without a way out of their middle are looked at in vectors: an epoch of spectrograms holds millions of values.
    let finite = |block: &[f32]| block.iter().fold(true, |all, v| all & v.is_finite());
    table.rows.retain(|(_, values)| values.chunks(256).all(finite));
    if table.rows.len() < before {
        table.notes.push(format!("{} of {before} rows had no value and were left out", before - table.rows.len()));
    }
    if options.per_trial_mean && !table.rows.is_empty() {
        table.rows = vec![mean(&table.rows)];
    }
    table
}

fn mean(rows: &[(f64, Vec<f32>)]) -> (f64, Vec<f32>) {
    let share = 1.0 / rows.len() as f64;
    let mut sum = vec![0.0; rows[0].1.len()];
    for (_, values) in rows {
        sum.iter_mut().zip(values).for_each(|(s, v)| *s += share * f64::from(*v));
    }
    (rows.iter().map(|(t, _)| t * share).sum(), sum.into_iter().map(|v| v as f32).collect())
}

/// The EEG as the options want it: filtered, cleaned where asked, referenced, channels in feature order.
fn prepared(material: Material<'_>, options: &FeatureOptions) -> Result<Prepared, PrepareError> {
    let Some(cleaning) = &options.cleaning else {
        let made = crate::prepare::features::prepare(material.eeg, &options.psd)?;
        return Ok(Prepared { signals: made.signals, notes: made.notes, log: None });
    };
    let (cleaned, log) = cleaned(material, cleaning)?;
    let (order, labels) = crate::prepare::feature_channels(&material.eeg.labels);
    let mut signals = cleaned.select(&order);
    signals.labels = labels;
    Ok(Prepared { signals, notes: log.say(), log: Some(log) })
}

/// The cleaned EEG in its own order, and the log of it.
fn cleaned(material: Material<'_>, cleaning: &Cleaning) -> Result<(Signals, CleaningLog), PrepareError> {
    match material.cleaned {
        Some(log) => Ok((material.eeg.clone(), log.clone())),
        None => clean(material.eeg, material.beside, cleaning).map(|made| (made.signals, made.log)),
    }
}

struct Prepared {
    signals: Signals,
    notes: Vec<String>,
    log: Option<CleaningLog>,
}

/// Adds a group of choices to a recipe as JSON, which prints every field by name.
fn note(recipe: &mut Recipe, name: &str, choices: &impl serde::Serialize) {
    let text = serde_json::to_string(choices).unwrap_or_default();
    recipe.parameters.insert(name.into(), text);
}

#[cfg(test)]
mod tests;
