//! Topic 12: three bands in 0-1, spectrograms in decibels, and the 7 x 5 scalp map.

use crate::topic::{Outcome, Topic, largest_difference};
use limbic::prepare::spectrogram::{SpectrogramOptions, Stft, banded};
use limbic::prepare::{Signals, scalp_map};

pub fn run(topic: &Topic) -> Result<Vec<Outcome>, String> {
    let meta = topic.json("meta.json")?;
    let number = |key: &str| meta[key].as_f64().ok_or_else(|| format!("meta.json has no {key}"));
    let edges = |band: &serde_json::Value| Some([band[0].as_f64()?, band[1].as_f64()?]);
    let bands_hz = meta["bands"].as_array().into_iter().flatten().filter_map(edges).collect();
    let options = SpectrogramOptions {
        bands_hz,
        order: number("order")? as usize,
        epoch: number("epoch")? as usize,
        window: number("win")? as usize,
        hop: number("hop")? as usize,
        transform: number("nfft")? as usize,
        floor_db: number("floor_db")?,
        ..SpectrogramOptions::default()
    };
    let data = topic.array("x.npy")?.rows();
    let labels = (0..data.len()).map(|i| i.to_string()).collect();
    let bands = banded(&Signals { rate: options.rate, labels, data }, &options).map_err(|e| e.to_string())?;
    let (norm, spec) = (topic.array("norm.npy")?, topic.array("spec.npy")?);
    let mut stft = Stft::new(&options).map_err(|e| e.to_string())?;
    let epochs = spec.shape[1];
    let mut found = Vec::new();
    for channel in &bands.data {
        for epoch in 0..epochs {
            for band in channel {
                let cut = &band[epoch * options.epoch..(epoch + 1) * options.epoch];
                found.extend(stft.decibels(cut).into_iter().map(f64::from));
            }
        }
    }
    if found.len() != spec.values.len() {
        return Err(format!("{} levels instead of {}", found.len(), spec.values.len()));
    }
    // The manifest's words: where the reference lies above -90 dB.
    let loud: Vec<(f64, f64)> = found.iter().copied().zip(spec.values.iter().copied()).filter(|(_, w)| *w > -90.0).collect();
    let worst = loud.iter().map(|(f, w)| (f - w).abs()).fold(0.0, f64::max);
    let quiet = found.iter().zip(&spec.values).filter(|(_, w)| **w <= -90.0).map(|(f, _)| f - -89.0).fold(f64::MIN, f64::max);
    let labels = Topic::labels(&topic.json("flex28.json")?["labels"]);
    let (features, map) = (topic.array("feat28.npy")?, topic.array("map75.npy")?);
    let width = features.shape[1];
    let placed = scalp_map::place(&labels, &features.values, width).map_err(|e| e.to_string())?;
    let wrong_cells = topic.json("flex28.json")?["map"].as_object().map_or(1, |cells| {
        let ours = |label: &str| scalp_map::cell(label).map(|(row, column)| serde_json::json!([row, column]));
        cells.iter().filter(|(label, cell)| ours(label).as_ref() != Some(*cell)).count()
    });
    Ok(vec![
        // The reference is stored in single precision.
        Outcome { of: "bands in 0-1", largest: largest_difference(&bands.data.concat().concat(), &norm.values), allowed: 1e-6 },
        Outcome { of: "levels, dB", largest: worst, allowed: topic.tolerance("atol")? },
        Outcome { of: "levels below -90 dB, excess over -89 dB", largest: quiet.max(0.0), allowed: 0.0 },
        Outcome { of: "7 x 5 map", largest: largest_difference(&placed, &map.values), allowed: 0.0 },
        Outcome { of: "cells that differ", largest: wrong_cells as f64, allowed: 0.0 },
    ])
}
