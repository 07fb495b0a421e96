//! Topics 01-04 and 09: filters, spectra, interpolation, R peaks, scalp images.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::filter::{Filter, Pass};
use limbic::prepare::heart::r_peaks;
use limbic::prepare::reference::average_reference;
use limbic::prepare::spectrum::{Spectrum, band_powers, density_series};
use limbic::prepare::{Signals, image, interpolate};
use limbic::signal::{BANDS, Montage};

/// Zero-phase output against SciPy's, relative to the largest input; and the sections and states themselves.
pub fn filters(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let cases = topic.json("cases.json")?;
    let (mut output, mut design, mut gain) = (0.0f64, 0.0f64, 0.0f64);
    for case in cases.as_array().ok_or("cases.json is no list")? {
        let tag = case["tag"].as_str().ok_or("a case has no tag")?;
        let (order, rate) = (case["order"].as_u64().unwrap_or(0) as usize, case["fs"].as_f64().unwrap_or(0.0));
        let pass = match (case["type"].as_str(), case["wn"].as_array()) {
            (Some("bandpass"), Some(edges)) => Pass::Band(edges[0].as_f64().unwrap_or(0.0), edges[1].as_f64().unwrap_or(0.0)),
            (Some("lowpass"), _) => Pass::Low(case["wn"].as_f64().unwrap_or(0.0)),
            (Some("highpass"), _) => Pass::High(case["wn"].as_f64().unwrap_or(0.0)),
            _ => return Err(format!("{tag}: unknown type")),
        };
        let filter = Filter::butterworth(pass, order, rate).map_err(|e| e.to_string())?;
        if Some(filter.padding() as u64) != case["padlen"].as_u64() {
            return Err(format!("{tag}: padding {} instead of {}", filter.padding(), case["padlen"]));
        }
        let array = |kind: &str| topic.array(&format!("{tag}_{kind}.npy"));
        let (x, y) = (array("x")?.values, array("y")?.values);
        let size = x.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let found = filter.zero_phase(&x).map_err(|e| e.to_string())?;
        output = output.max(largest_difference(&found, &y) / size);
        let sections: Vec<f64> = filter.sections().iter().flat_map(|s| [s.b[0], s.b[1], s.b[2], 1.0, s.a[0], s.a[1]]).collect();
        let states: Vec<f64> = filter.sections().iter().flat_map(|s| s.step_state).collect();
        design = design.max(largest_difference(&sections, &array("sos")?.values));
        design = design.max(largest_difference(&states, &array("zi")?.values));
        for (frequency, decibel) in case["gain_db_one_pass"].as_object().into_iter().flatten() {
            let magnitude = filter.gain(frequency.parse().map_err(|_| "a frequency is no number")?, rate);
            gain = gain.max((magnitude - 10f64.powf(decibel.as_f64().unwrap_or(0.0) / 20.0)).abs());
        }
    }
    let allowed = topic.tolerance("rtol")?;
    Ok(vec![
        Outcome { of: "output / max|x|", largest: output, allowed },
        Outcome { of: "magnitude", largest: gain, allowed },
        // The order of the sections is free by the manifest; ours happens to be SciPy's, and this notices a change.
        Outcome { of: "sections and states", largest: design, allowed: 1e-6 },
    ])
}

pub fn spectra(topic: &Topic) -> Result<Vec<Outcome>, String> {
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
    Ok(vec![
        Outcome { of: "bands, relative", largest: largest_difference(&ratios, &ones), allowed },
        Outcome { of: "density / max", largest: relative(&found_psd, &psd.values), allowed },
    ])
}

pub fn interpolation(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let names = topic.json("labels.json")?;
    let (labels, bads) = (Topic::labels(&names["channels"]), Topic::labels(&names["bads"]));
    let montage = Montage::of(&labels).map_err(|e| e.to_string())?;
    let positions = montage.positions();
    let flat: Vec<f64> = positions.iter().flat_map(|p| [p.x, p.y, p.z]).collect();
    let bad: Vec<usize> = bads.iter().filter_map(|b| montage.index_of(b)).collect();
    let good: Vec<_> = (0..labels.len()).filter(|i| !bad.contains(i)).map(|i| positions[i]).collect();
    let wanted: Vec<_> = bad.iter().map(|i| positions[*i]).collect();
    let matrix = interpolate::weights(&good, &wanted).map_err(|e| e.to_string())?;
    let mut signals = Signals { rate: 256.0, labels, data: topic.array("X.npy")?.rows() };
    interpolate::interpolate(&mut signals, &bad).map_err(|e| e.to_string())?;
    let repaired = signals.data.concat();
    average_reference(&mut signals.data);
    let allowed = topic.tolerance("atol")?;
    let outcome = |of, found: &[f64], file: &str| -> Result<Outcome, String> {
        Ok(Outcome { of, largest: largest_difference(found, &topic.array(file)?.values), allowed })
    };
    Ok(vec![
        outcome("positions", &flat, "pos.npy")?,
        outcome("weights", &matrix.concat(), "M.npy")?,
        outcome("interpolated, uV", &repaired, "Y.npy")?,
        outcome("referenced, uV", &signals.data.concat(), "R.npy")?,
    ])
}

/// Detections matched one to one with the truth within `within` s: (matched differences, false detections).
fn matched(found: &[f64], truth: &[f64], within: f64) -> (Vec<f64>, usize) {
    let mut free = found.to_vec();
    let mut differences = Vec::new();
    for t in truth {
        let nearest = (0..free.len()).min_by(|a, b| (free[*a] - t).abs().total_cmp(&(free[*b] - t).abs()));
        if let Some(i) = nearest.filter(|i| (free[*i] - t).abs() <= within) {
            differences.push(free.swap_remove(i) - t);
        }
    }
    (differences, free.len())
}

/// The pass marks are shares, so the outcomes are 1 - sensitivity, 1 - PPV and the SD in s.
pub fn r_peak_times(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for (name, rate) in [("syn0", 256.0), ("syn1", 250.0)] {
        let truth = topic.array(&format!("{name}_true_s.npy"))?.values;
        let found = r_peaks(&topic.array(&format!("{name}_ecg.npy"))?.values, rate).map_err(|e| e.to_string())?;
        let (differences, wrong) = matched(&found, &truth, 0.05);
        let n = differences.len().max(1) as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let spread = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n).sqrt();
        outcomes.push(Outcome {
            of: "1 - sensitivity",
            largest: 1.0 - differences.len() as f64 / truth.len() as f64,
            allowed: 0.01,
        });
        outcomes.push(Outcome { of: "1 - PPV", largest: wrong as f64 / found.len().max(1) as f64, allowed: 0.01 });
        outcomes.push(Outcome { of: "SD, s", largest: spread, allowed: 0.005 });
    }
    let sure = topic.array("mitbih208_sure_s.npy")?.values;
    let found = r_peaks(&topic.array("mitbih208_ecg.npy")?.values, 360.0).map_err(|e| e.to_string())?;
    let (differences, _) = matched(&found, &sure, 0.075);
    outcomes.push(Outcome {
        of: "record 208: missed",
        largest: 1.0 - differences.len() as f64 / sure.len() as f64,
        allowed: 0.03,
    });
    Ok(outcomes)
}

pub fn images(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let map = topic.json("map.json")?;
    let wanted = topic.array("image.npy")?;
    let mut outcomes = Vec::new();
    let sets = [
        ("image", "features.npy", Topic::labels(&map["deap_geneva"])),
        ("image from permuted labels", "features_perm.npy", Topic::labels(&topic.json("labels_perm.json")?)),
    ];
    for (of, file, labels) in sets {
        let features = topic.array(file)?;
        let pixels = image::pixels(&labels, features.shape[2]).map_err(|e| e.to_string())?;
        let size = features.shape[1] * features.shape[2];
        let made = features.values.chunks_exact(size).flat_map(|row| {
            let row: Vec<f32> = row.iter().map(|v| *v as f32).collect();
            image::place(&row, &pixels).into_iter().map(f64::from).collect::<Vec<_>>()
        });
        let made: Vec<f64> = made.collect();
        outcomes.push(Outcome { of, largest: largest_difference(&made, &wanted.values), allowed: topic.tolerance("atol")? });
    }
    Ok(outcomes)
}
