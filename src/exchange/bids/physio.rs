//! `_physio.tsv.gz`: signals of other rates than the EEG's, without a head; a JSON file says what they are.

use crate::exchange::imported::{self, Draft, Imported, ImportedStream, file_name};
use crate::exchange::outgoing::Outgoing;
use crate::exchange::put::put;
use crate::exchange::recognise::names;
use crate::exchange::{ExchangeError, roles};
use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use serde_json::{Map, Value, json};
use std::io::{Read, Write};
use std::path::Path;

/// Writes a stream; `start_s` is its first sample's time on the EEG's count. Values are printed so that they come back
/// bit for bit.
pub(super) fn write(base: &Path, stream: &Outgoing, start_s: f64) -> Result<(), ExchangeError> {
    let failed = |cause| ExchangeError::Write { path: base.with_extension("tsv.gz"), cause };
    // No name and no time in the file's head: the same session gives the same bytes.
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
    let mut line = String::new();
    stream.each(1, |_, data| {
        for t in 0..data.first().map_or(0, Vec::len) {
            line.clear();
            for (c, channel) in data.iter().enumerate() {
                line += if c > 0 { "\t" } else { "" };
                line += &if channel[t].is_nan() { "n/a".into() } else { channel[t].to_string() };
            }
            line.push('\n');
            out.write_all(line.as_bytes()).map_err(failed)?;
        }
        Ok::<(), ExchangeError>(())
    })?;
    let name = base.as_os_str().to_string_lossy().into_owned();
    put(Path::new(&format!("{name}.tsv.gz")), &out.finish().map_err(failed)?).map_err(failed)?;
    let labels: Vec<String> = stream.info.labels();
    let mut about = Map::new();
    about.insert("SamplingFrequency".into(), json!(stream.info.rate));
    about.insert("StartTime".into(), json!(start_s));
    about.insert("Columns".into(), json!(labels));
    about.insert("Manufacturer".into(), json!(stream.info.device));
    for channel in &stream.info.channels {
        let unit = if channel.unit.is_empty() { "n/a" } else { &channel.unit };
        let text = format!("{} of stream {}", channel.role.name(), stream.info.name);
        about.insert(channel.label.clone(), json!({ "Description": text, "Units": unit, "ChannelType": channel.role.name() }));
    }
    let text = format!("{:#}\n", Value::Object(about));
    put(Path::new(&format!("{name}.json")), text.as_bytes()).map_err(failed)
}

/// Reads the physio files that belong to a recording.
pub(super) fn read_beside(recording: &Path, imported: &mut Imported) -> Result<(), ExchangeError> {
    let name = file_name(recording);
    let base = name.rsplit_once("_eeg.").map_or(name.as_str(), |(base, _)| base);
    let folder = recording.parent().unwrap_or(Path::new("."));
    for file in names(folder)? {
        let name = file_name(&file);
        let Some(middle) = name.strip_prefix(base).and_then(|n| n.strip_suffix("_physio.tsv.gz")) else { continue };
        let stream = read(&file, middle.trim_start_matches("_recording-"), imported)?;
        imported.streams.push(stream);
    }
    imported::number_names(&mut imported.streams);
    Ok(())
}

fn read(path: &Path, name: &str, imported: &mut Imported) -> Result<ImportedStream, ExchangeError> {
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "physio", why };
    let sidecar = path.with_file_name(file_name(path).replace(".tsv.gz", ".json"));
    let text = std::fs::read_to_string(&sidecar).map_err(|cause| ExchangeError::Companion {
        path: path.into(),
        companion: file_name(&sidecar),
        cause: cause.to_string(),
    })?;
    let about: Value = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let rate = about["SamplingFrequency"]
        .as_f64()
        .filter(|r| *r > 0.0)
        .ok_or_else(|| wrong("its JSON says no SamplingFrequency".into()))?;
    let columns: Vec<String> =
        about["Columns"].as_array().into_iter().flatten().filter_map(|c| c.as_str().map(str::to_string)).collect();
    let file = std::fs::File::open(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let most = file.metadata().map_or(0, |m| m.len()).saturating_mul(1032);
    let mut text = String::new();
    MultiGzDecoder::new(file).take(most).read_to_string(&mut text).map_err(|e| wrong(e.to_string()))?;
    let drafts: Vec<Draft> = columns
        .iter()
        .map(|label| {
            let of = |key: &str| about[label.as_str()][key].as_str().unwrap_or_default();
            Draft::new(label, of("Units"), roles::named(of("ChannelType")))
        })
        .collect();
    let made = imported::channels(&drafts, &mut imported.notes);
    let mut data = vec![Vec::new(); made.len()];
    for (number, line) in text.lines().enumerate() {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells.len() != data.len() {
            return Err(wrong(format!("line {} has {} cells instead of {}", number + 1, cells.len(), data.len())));
        }
        for ((channel, cell), (_, factor)) in data.iter_mut().zip(cells).zip(&made) {
            let value = cell.parse::<f32>().unwrap_or(f32::NAN);
            channel.push(if *factor == 1.0 { value } else { (f64::from(value) * factor) as f32 });
        }
    }
    let channels = made.into_iter().map(|(c, _)| c).collect();
    let device = about["Manufacturer"].as_str().unwrap_or("BIDS physio").to_string();
    let mut info = imported::info(0, name, device, rate, channels);
    info.simulated = imported.streams.iter().any(|s| s.info.simulated);
    Ok(ImportedStream { info, data, start_s: about["StartTime"].as_f64().unwrap_or(0.0), stamps: Vec::new() })
}
