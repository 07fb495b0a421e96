//! Reading `.npz`: those that limbic exports, and any with an array of samples, a rate and labels.

use crate::exchange::ExchangeError;
use crate::exchange::imported::{self, Draft, Imported, ImportedStream, file_name, stream_name};
use crate::exchange::npy::{Content, Found};
use crate::exchange::{npy, roles};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// Names by which other programs call the samples, the rate, the labels and the units.
const SAMPLES: [&str; 6] = ["data", "eeg", "signals", "signal", "X", "x"];
const RATES: [&str; 6] = ["rate", "fs", "sfreq", "srate", "sampling_rate", "sample_rate"];
const LABELS: [&str; 5] = ["channels", "ch_names", "labels", "channel_names", "names"];

/// Every array of a file.
///
/// # Errors
/// It is no zip of `.npy` arrays, or one of them is damaged or of a type that is not read.
pub fn arrays(path: &Path) -> Result<BTreeMap<String, Found>, ExchangeError> {
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "npz", why };
    let file = std::fs::File::open(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| wrong(e.to_string()))?;
    let mut found = BTreeMap::new();
    for i in 0..archive.len() {
        let member = archive.by_index(i).map_err(|e| wrong(e.to_string()))?;
        let full = member.name().map_err(|e| wrong(e.to_string()))?.into_owned();
        let Some(name) = full.strip_suffix(".npy").map(str::to_string) else { continue };
        let mut bytes = Vec::new();
        // Deflate unfolds to a thousandfold at most: what promises more is damaged.
        let most = member.compressed_size().saturating_mul(1032).saturating_add(1024);
        member.take(most).read_to_end(&mut bytes).map_err(|e| wrong(format!("{name}: {e}")))?;
        let array = npy::parse(&bytes).map_err(|why| wrong(format!("array {name}: {why}")))?;
        found.insert(name, array);
    }
    if found.is_empty() { Err(wrong("it holds no arrays".into())) } else { Ok(found) }
}

/// Reads the streams of a file: "NAME" (channels x samples) with "NAME_rate", "NAME_channels" and so on, as limbic
/// writes them, or one array by a customary name with a rate.
///
/// # Errors
/// As [`arrays`]; no array of samples, or no rate.
pub fn read(path: &Path) -> Result<Imported, ExchangeError> {
    let found = arrays(path)?;
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "npz", why };
    let number = |key: &str| found.get(key).and_then(|f| f.numbers().first().copied());
    let words = |key: &str| found.get(key).map(Found::words).unwrap_or_default();
    let mut imported = Imported { format: "npz".into(), ..Imported::default() };
    let names: Vec<&str> =
        found.keys().filter_map(|key| key.strip_suffix("_rate")).filter(|name| found.contains_key(*name)).collect();
    let device = format!("NumPy file {}", file_name(path));
    if names.is_empty() {
        let key = SAMPLES.iter().find(|key| found.contains_key(**key));
        let all = found.keys().cloned().collect::<Vec<_>>().join(", ");
        let key = key.ok_or_else(|| wrong(format!("none of its arrays ({all}) is called {}", SAMPLES.join(", "))))?;
        let rate = RATES.iter().find_map(|r| number(r)).filter(|r| r.is_finite() && *r > 0.0);
        let rate = rate.ok_or_else(|| wrong(format!("no array says the rate; add one called {}", RATES[0])))?;
        let labels = LABELS.iter().map(|l| words(l)).find(|w| !w.is_empty()).unwrap_or_default();
        imported.notes.push(format!("array {key} is taken for the samples"));
        let stream = stream(&found[*key], (labels, words("units"), words("roles")), rate, &mut imported.notes).map_err(wrong)?;
        imported.streams.push(named(stream, "", &device));
    }
    for name in names {
        let of = |what: &str| words(&format!("{name}_{what}"));
        let rate = number(&format!("{name}_rate"))
            .filter(|r| r.is_finite() && *r > 0.0)
            .ok_or_else(|| wrong(format!("{name}_rate is no rate")))?;
        let lists = (of("channels"), of("units"), of("roles"));
        let mut stream = stream(&found[name], lists, rate, &mut imported.notes).map_err(wrong)?;
        stream.start_s = number(&format!("{name}_start")).filter(|s| s.is_finite()).unwrap_or(0.0);
        imported.streams.push(named(stream, name, &device));
    }
    let simulated = number("simulated") == Some(1.0);
    imported.streams.iter_mut().for_each(|s| s.info.simulated = simulated);
    imported::number_names(&mut imported.streams);
    let (onsets, durations) = (found.get("event_onset"), found.get("event_duration"));
    if let (Some(onsets), Some(durations)) = (onsets, durations) {
        let times = onsets.numbers().into_iter().zip(durations.numbers());
        imported.annotations = times.zip(words("event_text")).map(|((on, long), text)| (on, long, text)).collect();
    }
    imported.start_utc = number("started_utc").map(|t| t as i64).filter(|t| *t != 0);
    Ok(imported)
}

fn named(mut stream: ImportedStream, name: &str, device: &str) -> ImportedStream {
    let otherwise = if name.is_empty() { "signals" } else { name };
    stream.info.name = if name.is_empty() { stream_name(&stream.info.channels, otherwise) } else { name.into() };
    stream.info.device = device.into();
    stream
}

type Lists = (Vec<String>, Vec<String>, Vec<String>);

fn stream(found: &Found, (labels, units, kinds): Lists, rate: f64, notes: &mut Vec<String>) -> Result<ImportedStream, String> {
    let &[rows, columns] = found.shape.as_slice() else {
        return Err(format!("the samples have {} dimensions instead of channels x samples", found.shape.len()));
    };
    // Labels tell which way the table stands; without them the shorter side is the channels.
    let upright = if labels.is_empty() { rows > columns } else { labels.len() == columns && labels.len() != rows };
    let (channels, samples) = if upright { (columns, rows) } else { (rows, columns) };
    if channels == 0 || samples == 0 {
        return Err("the array of samples is empty".into());
    }
    if !labels.is_empty() && labels.len() != channels {
        return Err(format!("{} labels are given for {channels} channels", labels.len()));
    }
    let draft = |i: usize| {
        let label = labels.get(i).cloned().unwrap_or_else(|| format!("ch{}", i + 1));
        let unit = units.get(i).map_or(if units.is_empty() { "uV" } else { "" }, String::as_str);
        Draft::new(&label, unit, kinds.get(i).and_then(|k| roles::named(k)))
    };
    if units.is_empty() {
        notes.push("no units are given; uV is assumed".into());
    }
    let made = imported::channels(&(0..channels).map(draft).collect::<Vec<_>>(), notes);
    let value = |i: usize| match &found.content {
        Content::Singles(values) => f64::from(values[i]),
        Content::Numbers(values) => values[i],
        Content::Text(_) => f64::NAN,
    };
    let place = |c: usize, t: usize| if upright { t * channels + c } else { c * samples + t };
    let column = |(c, (_, factor)): (usize, &(_, f64))| (0..samples).map(|t| (value(place(c, t)) * factor) as f32).collect();
    let data = made.iter().enumerate().map(column).collect();
    let info = imported::info(0, "", String::new(), rate, made.into_iter().map(|(c, _)| c).collect());
    Ok(ImportedStream { info, data, start_s: 0.0, stamps: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::npz::{Array, Values, write};

    #[test]
    fn other_programs_arrays_are_found_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npz");
        let arrays = [
            Array::new("data", &[3, 2], Values::F64(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            Array::new("sfreq", &[1], Values::F64(vec![100.0])),
            Array::labels("ch_names", &["Fz".into(), "ECG".into()]),
        ];
        write(&path, &arrays).expect("written");
        let imported = read(&path).expect("read");
        let stream = &imported.streams[0];
        assert_eq!((stream.info.name.as_str(), stream.info.rate), ("eeg", 100.0));
        assert_eq!(stream.data, [vec![1.0, 3.0, 5.0], vec![0.002, 0.004, 0.006]]);
        write(&path, &arrays[..1]).expect("written");
        assert!(read(&path).expect_err("no rate").to_string().contains("rate"));
    }
}
