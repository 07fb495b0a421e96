//! Topic 02: the PSD series of short windows and its band powers.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::spectrum::{Spectrum, band_powers, density_series, window_starts};
use limbic::signal::BANDS;

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let meta = topic.json("meta.json")?;
    let rate = meta["fs"].as_f64().ok_or("no fs")?;
    let samples = |key: &str| (meta[key].as_f64().unwrap_or(0.0) * rate).round() as usize;
    let (psd, bands) = (topic.array("psd.npy")?, topic.array("bands.npy")?);
    let (rows, columns) = (psd.shape[1], psd.shape[2]);
    let mut spectrum = Spectrum::new(samples("win_s"), rate).map_err(|e| e.to_string())?;
    let (mut found_psd, mut found_bands) = (Vec::new(), Vec::new());
    for channel in topic.array("x.npy")?.rows() {
        let series = density_series(&channel, &mut spectrum, samples("hop_s"));
        if series.len() != columns {
            return Err(format!("{} windows instead of {columns}", series.len()));
        }
        found_psd.extend((0..rows).flat_map(|k| series.iter().map(move |density| density[k]).collect::<Vec<_>>()));
        found_bands.extend(series.iter().flat_map(|density| band_powers(density, spectrum.step, &BANDS)));
    }
    let relative = |found: &[f64], wanted: &[f64]| {
        let size = wanted.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        largest_difference(found, wanted) / size
    };
    let ratios: Vec<f64> = found_bands.iter().zip(&bands.values).map(|(f, w)| f / w).collect();
    let ones = vec![1.0; bands.values.len()];
    let allowed = topic.tolerance("rtol")?;
    let frequencies: Vec<f64> = (0..=spectrum.length() / 2).map(|k| k as f64 * spectrum.step).collect();
    let centre = |start: usize| (start as f64 + spectrum.length() as f64 / 2.0) / rate;
    let samples_of_all = topic.array("x.npy")?.shape[1];
    let times: Vec<f64> = window_starts(samples_of_all, spectrum.length(), samples("hop_s")).map(centre).collect();
    Ok(vec![
        Outcome { of: "frequencies, Hz", largest: largest_difference(&frequencies, &topic.array("f.npy")?.values), allowed },
        Outcome { of: "times, s", largest: largest_difference(&times, &topic.array("t.npy")?.values), allowed },
        Outcome { of: "bands, relative", largest: largest_difference(&ratios, &ones), allowed },
        Outcome { of: "density / max", largest: relative(&found_psd, &psd.values), allowed },
    ])
}
