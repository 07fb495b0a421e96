//! Features as arrays, as JSON and in words.

use super::Args;
use super::made::Made;
use crate::exchange::npz::{Array, Values};
use crate::prepare::Scale;
use crate::prepare::recipes::FeatureTable;
use serde_json::{Value, json};
use std::io::Write;

/// Rows of all inputs, then the shape of a row.
pub fn shape(made: &[Made], first: &FeatureTable) -> Vec<usize> {
    std::iter::once(made.iter().map(|m| m.table.rows.len()).sum()).chain(first.shape.iter().copied()).collect()
}

pub fn arrays(made: &[Made], first: &FeatureTable) -> Vec<Array> {
    let shape = shape(made, first);
    let rows = || made.iter().enumerate().flat_map(|(i, m)| m.table.rows.iter().map(move |row| (i, row)));
    let files: Vec<String> = made.iter().map(|m| m.path.display().to_string()).collect();
    let recipe = serde_json::to_string(&first.recipe).unwrap_or_default();
    vec![
        Array::new("features", &shape, Values::F32(rows().flat_map(|(_, (_, values))| values.iter().copied()).collect())),
        Array::new("time_s", &shape[..1], Values::F64(rows().map(|(i, (time, _))| made[i].start_s + time).collect())),
        Array::new("file", &shape[..1], Values::I64(rows().map(|(i, _)| i as i64).collect())),
        Array::labels("files", &files),
        Array::labels("channels", &first.recipe.channels),
        Array::labels("bands", &first.recipe.bands),
        Array::labels("recipe", &[recipe]),
        Array::labels("recipe_id", &[first.recipe.id()]),
    ]
}

/// What machines read of one input. `first` are the first samples, `band_power` uV^2 by band in the recipe's order.
pub fn described(made: &Made) -> Value {
    let mut value = json!({
        "file": made.path,
        "format": made.format,
        "rate_hz": made.rate,
        "samples": made.samples,
        "simulated": made.stream.simulated,
        "rows": made.table.rows.len(),
        "kept": made.kept,
        "notes": made.notes,
    });
    match made.beats {
        Some(beats) => {
            value["beats"] = json!(beats);
            value["cleaning"] = json!(made.table.cleaning);
        }
        None => {
            let channel = |(i, label): (usize, &String)| {
                let power: Vec<f64> = made.map.iter().map(|band| band[i]).collect();
                json!({ "label": label, "unit": "uV", "first": made.first[i], "band_power": power })
            };
            value["all_channels"] = json!(made.stream.channels);
            value["eeg"] = made.labels.iter().enumerate().map(channel).collect();
            value["windows"] = json!(made.table.rows.len());
        }
    }
    value
}

/// One input in a few lines.
pub fn print(out: &mut impl Write, made: &Made) -> std::io::Result<()> {
    let mark = if made.stream.simulated { "  SIMULATED" } else { "" };
    let format = made.format.as_ref().map_or(String::new(), |f| format!("{f}, "));
    let beats = made.beats.map_or(String::new(), |beats| format!(", {beats} heart beats"));
    let seconds = made.samples as f64 / made.rate;
    let shape = format!("{} EEG channels, {} Hz, {seconds:.1} s{beats}", made.labels.len(), made.rate);
    writeln!(out, "{}: {format}{shape}{mark}", made.path.display())?;
    if !made.map.is_empty() {
        let labels = &made.table.recipe.channels;
        let more = if labels.len() > 12 { format!(", ... ({} in all)", labels.len()) } else { String::new() };
        writeln!(out, "channels {}{more}", labels.iter().take(12).cloned().collect::<Vec<_>>().join(", "))?;
    }
    for (band, powers) in made.table.recipe.bands.iter().zip(&made.map) {
        let mut sorted = powers.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(0.0));
        let middle = crate::prepare::heart::median(&sorted);
        writeln!(out, "{band:6} {middle:10.3} uV^2 in the median channel ({low:.3} to {high:.3})")?;
    }
    made.notes.iter().try_for_each(|note| writeln!(out, "! {note}"))?;
    if made.beats.is_some() { writeln!(out, "{} rows", made.table.rows.len()) } else { Ok(()) }
}

/// The last words: what the arrays are.
pub fn summary(args: &Args, shape: &[usize], first: &Made) -> String {
    let id = first.table.recipe.id();
    match (args.is_plain(), shape) {
        (true, [windows, channels, bands]) => {
            let unit = if args.psd().scale == Scale::Log10 { "log10 uV^2" } else { "uV^2" };
            format!("features {windows} windows x {channels} channels x {bands} bands in {unit}, recipe {id}")
        }
        _ => format!("features {}, recipe {id}", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")),
    }
}
