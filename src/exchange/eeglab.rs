//! EEGLAB's `.set` files, with the samples inside or in a `.fdt` file beside them.

use super::ExchangeError;
use super::imported::{self, Draft, Imported, ImportedStream, file_name, stream_name};
use super::mat::{self, Value};
use super::roles;
use std::collections::BTreeMap;
use std::path::Path;

/// Between the epochs of a cut recording, so that no window spans two of them, s.
const BETWEEN_EPOCHS_S: f64 = 2.0;

/// The samples, one after the other in time, channels fastest.
enum Samples {
    Singles(Vec<f32>),
    Doubles(Vec<f64>),
    File(Vec<u8>),
}

impl Samples {
    fn len(&self) -> usize {
        match self {
            Samples::Singles(values) => values.len(),
            Samples::Doubles(values) => values.len(),
            Samples::File(bytes) => bytes.len() / 4,
        }
    }

    fn at(&self, i: usize) -> f32 {
        match self {
            Samples::Singles(values) => values[i],
            Samples::Doubles(values) => values[i] as f32,
            Samples::File(bytes) => f32::from_le_bytes([bytes[4 * i], bytes[4 * i + 1], bytes[4 * i + 2], bytes[4 * i + 3]]),
        }
    }
}

/// Reads a file; samples are uV, as EEGLAB keeps them.
///
/// # Errors
/// It is no MAT-file of level 5, holds no `EEG`, or its `.fdt` file is absent or too short.
pub fn read(path: &Path) -> Result<Imported, ExchangeError> {
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    mat::each(path, |name, value| {
        match value {
            // Older versions keep one struct, newer ones its fields as variables.
            Value::Structs { fields: names, elements } if name == "EEG" => {
                fields.extend(names.into_iter().zip(elements.into_iter().next().unwrap_or_default()));
            }
            value => drop(fields.insert(name, value)),
        }
        Ok(())
    })?;
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "EEGLAB", why };
    let figure = |name: &str| fields.get(name).and_then(Value::number).filter(|v| v.is_finite() && *v > 0.0);
    let need = |name: &str| figure(name).ok_or_else(|| wrong(format!("it does not say {name}")));
    let (channels, points, rate) = (need("nbchan")? as usize, need("pnts")? as usize, need("srate")?);
    let epochs = figure("trials").unwrap_or(1.0) as usize;
    let mut notes = Vec::new();
    let data = fields.remove("data");
    let samples = samples(path, data, fields.get("datfile"), &mut notes)?;
    let wanted = channels.checked_mul(points).and_then(|n| n.checked_mul(epochs)).unwrap_or(usize::MAX);
    if samples.len() < wanted {
        let why =
            format!("{wanted} values are promised ({channels} channels x {points} x {epochs}) and {} are there", samples.len());
        return Err(ExchangeError::Cut { path: path.into(), why });
    }
    let drafts = drafts(fields.get("chanlocs"), channels, &mut notes);
    let made: Vec<_> = imported::channels(&drafts, &mut notes);
    let gap = if epochs > 1 { (BETWEEN_EPOCHS_S * rate).round() as usize } else { 0 };
    if epochs > 1 {
        notes.push(format!("the file is cut into {epochs} epochs; they stand {BETWEEN_EPOCHS_S} s apart"));
    }
    let column = |c: usize, factor: f64| {
        let mut column = Vec::with_capacity(epochs * (points + gap));
        for epoch in 0..epochs {
            column.extend((0..points).map(|t| (f64::from(samples.at((epoch * points + t) * channels + c)) * factor) as f32));
            column.resize(column.len() + if epoch + 1 < epochs { gap } else { 0 }, f32::NAN);
        }
        column
    };
    let table = made.iter().enumerate().map(|(c, (_, factor))| column(c, *factor)).collect();
    let channels: Vec<_> = made.into_iter().map(|(c, _)| c).collect();
    let name = stream_name(&channels, "signals");
    let mut info = imported::info(0, &name, format!("EEGLAB file {}", file_name(path)), rate, channels);
    info.simulated = fields.get("setname").is_some_and(|name| name.word().contains("SIMULATED"));
    let annotations = events(fields.get("event"), rate, points, gap, &mut notes);
    let streams = vec![ImportedStream { info, data: table, start_s: 0.0, stamps: Vec::new() }];
    Ok(Imported { format: "EEGLAB".into(), streams, annotations, notes, ..Imported::default() })
}

fn samples(path: &Path, data: Option<Value>, datfile: Option<&Value>, notes: &mut Vec<String>) -> Result<Samples, ExchangeError> {
    let named = match data {
        Some(Value::Singles { values, .. }) if !values.is_empty() => return Ok(Samples::Singles(values)),
        Some(Value::Doubles { values, .. }) if !values.is_empty() => return Ok(Samples::Doubles(values)),
        Some(Value::Text(name)) => name,
        _ => datfile.and_then(Value::text).unwrap_or_default().to_string(),
    };
    // Only a name beside the file is followed, never a path that leads elsewhere.
    let name = named.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let beside = path.with_file_name(name);
    let renamed = path.with_extension("fdt");
    let chosen = if !name.is_empty() && beside.is_file() { &beside } else { &renamed };
    if *chosen != beside {
        notes.push(format!("{} names \"{name}\" for its samples; {} is read", file_name(path), file_name(&renamed)));
    }
    let missing = |cause: std::io::Error| {
        let companion = if name.is_empty() { file_name(&renamed) } else { name.to_string() };
        ExchangeError::Companion { path: path.into(), companion, cause: cause.to_string() }
    };
    Ok(Samples::File(std::fs::read(chosen).map_err(missing)?))
}

fn drafts(locations: Option<&Value>, channels: usize, notes: &mut Vec<String>) -> Vec<Draft> {
    let described: Vec<(String, String)> =
        locations.map(|l| l.rows().map(|r| (word(r.get("labels")), word(r.get("type")))).collect()).unwrap_or_default();
    if described.len() < channels {
        notes.push(format!("{} of {channels} channels have no label and are numbered", channels - described.len()));
    }
    (0..channels)
        .map(|i| {
            let (label, kind) = described.get(i).cloned().unwrap_or_default();
            let label = if label.is_empty() { format!("ch{}", i + 1) } else { label };
            Draft::new(&label, "uV", roles::named(&kind).filter(|_| !kind.eq_ignore_ascii_case("EEG")))
        })
        .collect()
}

fn word(value: Option<&Value>) -> String {
    value.map(Value::word).unwrap_or_default()
}

/// Latencies are 1-based samples of the epochs one after the other.
fn events(list: Option<&Value>, rate: f64, points: usize, gap: usize, notes: &mut Vec<String>) -> Vec<(f64, f64, String)> {
    let Some(list) = list else { return Vec::new() };
    let mut skipped = 0;
    let found = list.rows().filter_map(|row| {
        let latency = row.get("latency").and_then(Value::number).filter(|l| l.is_finite());
        skipped += usize::from(latency.is_none());
        let sample = latency? - 1.0;
        let epoch = if points > 0 { (sample / points as f64).floor().max(0.0) } else { 0.0 };
        let duration = row.get("duration").and_then(Value::number).filter(|d| d.is_finite() && *d > 0.0).unwrap_or(0.0);
        Some(((sample + epoch * gap as f64) / rate, duration / rate, word(row.get("type"))))
    });
    let found = found.collect();
    if skipped > 0 {
        notes.push(format!("{skipped} events have no latency and are left out"));
    }
    found
}
