//! Features that only networks ask for: stretches of samples for EEG-ITNet, band entropies with courses of the potential
//! for SST-EmotionNet (algorithms 9).

use super::rows::Rows;
use crate::prepare::dataset::Recipe;
use crate::prepare::features::{PsdOptions, prepare, window_features};
use crate::prepare::resample::Resampler;
use crate::prepare::{PrepareError, Signals};
use crate::signal::{BANDS, Band};
use std::f64::consts::{E, PI};

/// Samples a second of the stretches.
const RATE: f64 = 200.0;
/// Length of a stretch and distance of two, samples.
const LENGTH: usize = 600;
const HOP: usize = 200;
/// Moments of a course.
const MOMENTS: usize = 25;
/// The slowest band, Hz; the other four are those of the powers.
const DELTA: Band = Band { name: "delta", low: 1.0, high: 4.0 };

fn five_bands() -> PsdOptions {
    PsdOptions { bands: std::iter::once(DELTA).chain(BANDS).collect(), ..PsdOptions::default() }
}

/// The recipe of [`samples`].
pub fn samples_recipe(labels: &[String]) -> Recipe {
    let mut recipe = PsdOptions::default().recipe(labels);
    (recipe.kind, recipe.bands) = ("samples".into(), Vec::new());
    ["scale", "window", "bands_hz"].iter().for_each(|name| drop(recipe.parameters.remove(*name)));
    let (window, hop) = (LENGTH as f64 / RATE, HOP as f64 / RATE);
    for (name, value) in [("rate_hz", RATE), ("window_s", window), ("hop_s", hop)] {
        recipe.parameters.insert(name.into(), value.to_string());
    }
    recipe
}

/// Stretches of 3 s a second apart, electrodes x samples in uV: filtered and referenced as for the powers, 200 samples a
/// second.
///
/// # Errors
/// Too short for the filter or for one stretch; a rate that cannot be brought to 200.
pub fn samples(eeg: &Signals, onset_s: f64, length_s: f64) -> Result<Rows, PrepareError> {
    let prepared = prepare(eeg, &PsdOptions::default())?.signals;
    let resampler = Resampler::new(prepared.rate, RATE)?;
    let data: Vec<Vec<f64>> = prepared.data.iter().map(|x| resampler.apply(x)).collect();
    let (from, whole) = ((onset_s * RATE).round() as usize, (length_s * RATE).round() as usize);
    let count = data.first().map_or(0, Vec::len).saturating_sub(from).min(whole);
    if count < LENGTH {
        return Err(PrepareError::ShorterThanWindow { have: count as f64 / RATE, window: LENGTH as f64 / RATE });
    }
    let stretch = |start: usize| {
        let values = data.iter().flat_map(|x| x[from + start..from + start + LENGTH].iter().map(|v| *v as f32)).collect();
        ((start + LENGTH / 2) as f64 / RATE, values)
    };
    Ok((0..=count - LENGTH).step_by(HOP).map(stretch).collect())
}

/// The recipe of [`courses`].
pub fn courses_recipe(labels: &[String]) -> Recipe {
    let mut recipe = five_bands().recipe(labels);
    recipe.kind = "courses".into();
    recipe.bands.extend((1..=MOMENTS).map(|moment| format!("t{moment}")));
    recipe.parameters.insert("scale".into(), "differential entropy".into());
    recipe.parameters.insert("moments".into(), MOMENTS.to_string());
    recipe
}

/// A window's differential entropies in five bands (of a Gaussian of that power) and its potential averaged in 25 equal
/// parts; electrodes x (5 + 25).
///
/// # Errors
/// Too short for the filter or for one window.
pub fn courses(eeg: &Signals, onset_s: f64, length_s: f64) -> Result<Rows, PrepareError> {
    let options = five_bands();
    let signals = prepare(eeg, &options)?.signals;
    let (from, length) = ((onset_s * signals.rate).round() as usize, (length_s * signals.rate).round() as usize);
    let window = (options.window_s * signals.rate).round() as usize;
    let bands = options.bands.len();
    let rows = window_features(&signals, from, from + length, &options)?;
    let row = |(time, powers): (f64, Vec<f32>)| {
        let start = from + (time * signals.rate - window as f64 / 2.0).round().max(0.0) as usize;
        let mut values = Vec::with_capacity(signals.data.len() * (bands + MOMENTS));
        for (x, powers) in signals.data.iter().zip(powers.chunks(bands)) {
            values.extend(powers.iter().map(|log10| (0.5 * (2.0 * PI * E * 10f64.powf(f64::from(*log10))).ln()) as f32));
            for moment in 0..MOMENTS {
                let part = |m: usize| (start + window * m / MOMENTS).min(x.len());
                let samples = &x[part(moment)..part(moment + 1)];
                values.push((samples.iter().sum::<f64>() / samples.len().max(1) as f64) as f32);
            }
        }
        (time, values)
    };
    Ok(rows.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Montage, Seed};

    fn noise(seconds: usize) -> Signals {
        let mut seed = Seed::new(4);
        let data = (0..32).map(|_| (0..256 * seconds).map(|_| 10.0 * seed.normal()).collect()).collect();
        Signals { rate: 256.0, labels: Montage::biosemi32().labels, data }
    }

    #[test]
    fn stretches_and_courses_fit_their_recipes() {
        let eeg = noise(14);
        let rows = samples(&eeg, 1.0, 12.0).expect("long enough");
        assert_eq!((rows.len(), rows[0].0, rows[0].1.len()), (10, 1.5, 32 * 600));
        assert_eq!(samples_recipe(&eeg.labels).channels.len(), 32);
        assert!(samples(&eeg, 1.0, 2.0).is_err());
        let recipe = courses_recipe(&eeg.labels);
        let rows = courses(&eeg, 1.0, 12.0).expect("long enough");
        assert_eq!((rows.len(), rows[0].0, rows[0].1.len()), (11, 1.0, 32 * recipe.bands.len()));
        // White noise of 10 uV at 256 samples a second has about 0.78 uV^2/Hz: 3 Hz of it 2.3 uV^2, less the reference.
        let delta: f32 = rows.iter().map(|(_, v)| v[0]).sum::<f32>() / rows.len() as f32;
        assert!((0.8..2.6).contains(&delta), "{delta}");
        assert!(rows.iter().all(|(_, v)| v.iter().all(|v| v.is_finite())));
    }
}
