//! The sets "bhi-...": one family of brain-heart interplay from EEG and heart beats (algorithms 1.4, 2.3 to 2.5, 3).

use super::{FeatureOptions, FeatureTable, Material, Prepared, note, prepared};
use crate::prepare::PrepareError;
use crate::prepare::dataset::Recipe;
use crate::prepare::heart::correct::{HrvQuality, correct};
use crate::prepare::heart::hrv::hrv_series;
use crate::prepare::heart::spwvd::hrv_power;
use crate::prepare::interplay::{Family, Interplay, Trial, interplay};
use crate::prepare::spectrum::{Spectrum, band_series, window_starts};
use rayon::prelude::*;

pub fn recipe(family: Family, labels: &[String], options: &FeatureOptions) -> Recipe {
    let mut recipe = super::powers::recipe(labels, options);
    recipe.kind = format!("bhi-{}", family.name());
    // Brain power goes in as uV^2 whatever scale the plain powers would have.
    recipe.parameters.remove("scale");
    note(&mut recipe, "sdg", &options.sdg);
    note(&mut recipe, "beat_correction", &options.beats);
    note(&mut recipe, "spwvd", &options.spwvd);
    recipe
}

pub fn table(family: Family, material: Material<'_>, options: &FeatureOptions) -> Result<FeatureTable, PrepareError> {
    let made = prepared(material, options)?;
    Ok(of(family, &whole(&made, material, options)?, &made, material, options))
}

/// One family out of all four.
pub fn of(family: Family, found: &Interplay, made: &Prepared, material: Material<'_>, options: &FeatureOptions) -> FeatureTable {
    let rows = found.family(family);
    let row = |(i, t): (usize, &f64)| (*t, rows.iter().map(|series| series[i] as f32).collect());
    FeatureTable {
        recipe: recipe(family, &material.eeg.labels, options),
        shape: vec![made.signals.labels.len(), options.psd.bands.len()],
        rows: found.times.iter().enumerate().map(row).collect(),
        notes: made.notes.iter().chain(&found.notes).cloned().collect(),
        cleaning: made.log.clone(),
    }
}

/// All four families, which share everything but the choice of one.
pub fn whole(made: &Prepared, material: Material<'_>, options: &FeatureOptions) -> Result<Interplay, PrepareError> {
    let mut notes = Vec::new();
    let corrected = correct(material.beside.beats, options.beats);
    if corrected.quality() == HrvQuality::Excluded {
        return Err(PrepareError::Beatless { why: corrected.say() });
    }
    notes.push(corrected.say());
    // From here on every time counts from the part's start.
    let beats: Vec<f64> = corrected.beats.iter().map(|t| t - material.onset_s).collect();
    let power = hrv_power(&hrv_series(&beats)?, &options.spwvd)?;
    if !power.lf_reliable {
        notes.push("the record is too short for a reliable LF".into());
    }
    let (from, to) = material.span()?;
    let (rate, psd) = (made.signals.rate, &options.psd);
    let (length, hop) = ((psd.window_s * rate).round() as usize, ((psd.hop_s * rate).round() as usize).max(1));
    let centres: Vec<f64> =
        window_starts(to - from, length, hop).map(|start| (start as f64 + length as f64 / 2.0) / rate).collect();
    // Windows at which the heart's power is known: it ends with the first and the last beat.
    let known =
        |t: &f64| power.times.first().is_some_and(|f| *t >= f - 1e-9) && power.times.last().is_some_and(|l| *t <= l + 1e-9);
    let places: Vec<usize> = (0..centres.len()).filter(|i| known(&centres[*i])).collect();
    let times: Vec<f64> = places.iter().map(|&i| centres[i]).collect();
    if times.len() < centres.len() {
        notes.push(format!("{} of {} windows lie outside the heart beats", centres.len() - times.len(), centres.len()));
    }
    let spectrum = Spectrum::new(length, rate)?;
    let bands = psd.bands.len();
    let brain: Vec<Vec<f64>> = made
        .signals
        .data
        .par_iter()
        .map_init(|| spectrum.clone(), |spectrum, x| band_series(&x[from..to], spectrum, hop, &psd.bands))
        .flat_map_iter(|series| {
            let places = &places;
            (0..bands).map(move |band| places.iter().map(|i| series[i * bands + band]).collect()).collect::<Vec<_>>()
        })
        .collect();
    let (lf, hf) = (along(&power.times, &power.lf, &times), along(&power.times, &power.hf, &times));
    let mut found = interplay(Trial { times: &times, brain: &brain, lf: &lf, hf: &hf, beats: &beats }, &options.sdg)?;
    notes.append(&mut found.notes);
    Ok(Interplay { notes, ..found })
}

/// Values on equally spaced whole seconds, linearly at other times inside them.
fn along(seconds: &[f64], values: &[f64], times: &[f64]) -> Vec<f64> {
    let at = |t: &f64| {
        let place = (t - seconds.first().copied().unwrap_or(0.0)).max(0.0);
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        let value = |i: usize| values.get(i.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN);
        value(below) + (value(above) - value(below)) * place.fract()
    };
    times.iter().map(at).collect()
}
