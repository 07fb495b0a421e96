//! Reading `.vhdr`, `.vmrk` and `.eeg`.

use crate::exchange::ExchangeError;
use crate::exchange::bytes::Kind;
use crate::exchange::imported::{self, Draft, Imported, ImportedStream, ReadOptions, file_name, stream_name};
use std::path::{Path, PathBuf};

/// Sections of a header or marker file: name, then keys and values.
type Sections = Vec<(String, Vec<(String, String)>)>;

/// Reads the recording that a `.vhdr` file describes.
///
/// # Errors
/// One of the three files is absent, a variant is not read (ASCII), the samples end early.
pub fn read(path: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "BrainVision", why };
    let sections = sections(path)?;
    let value = |section: &str, key: &str| lookup(&sections, section, key);
    let need = |key: &str| value("Common Infos", key).ok_or_else(|| wrong(format!("its header has no {key}")));
    if value("Common Infos", "DataFormat").is_some_and(|f| !f.eq_ignore_ascii_case("BINARY")) {
        let (what, way_out) = ("BrainVision with samples as text".into(), "export it in binary format".into());
        return Err(ExchangeError::Unsupported { path: path.into(), what, way_out });
    }
    let count: usize = need("NumberOfChannels")?.parse().map_err(|_| wrong("its number of channels is no number".into()))?;
    let interval: f64 = need("SamplingInterval")?
        .parse()
        .ok()
        .filter(|i| *i > 0.0)
        .ok_or_else(|| wrong("its sampling interval is no time".into()))?;
    let kind = match value("Binary Infos", "BinaryFormat").unwrap_or("INT_16") {
        "INT_16" => Kind::I16,
        "UINT_16" => Kind::U16,
        "INT_32" => Kind::I32,
        "IEEE_FLOAT_32" => Kind::F32,
        other => return Err(wrong(format!("{other} is no binary format it can have"))),
    };
    let vectorized = match value("Common Infos", "DataOrientation").unwrap_or("MULTIPLEXED") {
        "MULTIPLEXED" => false,
        "VECTORIZED" => true,
        other => return Err(wrong(format!("{other} is no orientation it can have"))),
    };
    let mut notes = Vec::new();
    let (drafts, gains) = drafts(&sections, count, kind);
    let made = imported::channels(&drafts, &mut notes);
    let samples_path = companion(path, need("DataFile")?, "eeg", &mut notes);
    let bytes = std::fs::read(&samples_path).map_err(|cause| ExchangeError::Companion {
        path: path.into(),
        companion: file_name(&samples_path),
        cause: cause.to_string(),
    })?;
    let row = count * kind.width();
    if row == 0 || bytes.len() < row {
        return Err(ExchangeError::Empty { path: samples_path });
    }
    if bytes.len() % row != 0 {
        let why = format!("{} bytes are no whole number of samples of {count} channels", bytes.len());
        if !options.lenient {
            return Err(ExchangeError::Cut { path: samples_path, why });
        }
        notes.push(format!("{why}; the last one is left out"));
    }
    let points = bytes.len() / row;
    let place = |c: usize, t: usize| if vectorized { c * points + t } else { t * count + c };
    let column = |(c, (_, factor)): (usize, &(_, f64))| -> Vec<f32> {
        let gain = gains[c] * factor;
        (0..points)
            .map(|t| {
                let at = place(c, t) * kind.width();
                (kind.value(&bytes[at..at + kind.width()], false) * gain) as f32
            })
            .collect()
    };
    let data: Vec<Vec<f32>> = made.iter().enumerate().map(column).collect();
    let channels: Vec<_> = made.into_iter().map(|(c, _)| c).collect();
    let rate = 1e6 / interval;
    // An interval of whole microseconds cannot say every rate: 256 Hz is written as 3906.25, by some as 3906.
    let whole = rate.round();
    let rate = if whole > 0.0 && (1e6 / whole - interval).abs() < 1e-6 * interval { whole } else { rate };
    let name = stream_name(&channels, "signals");
    let mut info = imported::info(0, &name, format!("BrainVision file {}", file_name(path)), rate, channels);
    info.simulated = lookup(&sections, "Comment", "limbic").is_some_and(|text| text.contains("SIMULATED"));
    let (annotations, start_utc) = markers(path, value("Common Infos", "MarkerFile"), rate, &mut notes);
    let streams = vec![ImportedStream { info, data, start_s: 0.0, stamps: Vec::new() }];
    Ok(Imported { format: "BrainVision".into(), streams, annotations, start_utc, notes, ..Imported::default() })
}

/// Channels and what their stored numbers are multiplied by to be in the unit that the file names.
fn drafts(sections: &Sections, count: usize, kind: Kind) -> (Vec<Draft>, Vec<f64>) {
    (1..=count.min(100_000))
        .map(|n| {
            let text = lookup(sections, "Channel Infos", &format!("Ch{n}")).unwrap_or_default();
            let mut parts = text.split(',').map(|p| p.trim().replace("\\1", ","));
            let label = parts.next().filter(|l| !l.is_empty()).unwrap_or_else(|| format!("ch{n}"));
            let (_, resolution) = (parts.next(), parts.next());
            let gain: f64 = resolution.and_then(|r| r.parse().ok()).filter(|g: &f64| g.is_finite() && *g != 0.0).unwrap_or(1.0);
            let unit = parts.next().filter(|u| !u.is_empty()).unwrap_or_else(|| "uV".into());
            let mut draft = Draft::new(&label, &unit, None);
            draft.step = (kind != Kind::F32).then_some(gain);
            (draft, gain)
        })
        .unzip()
}

/// The file that the header names, or the one that is called like the header itself.
fn companion(path: &Path, named: &str, ending: &str, notes: &mut Vec<String>) -> PathBuf {
    let base = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let named = named.replace("$b", &base);
    let beside = path.with_file_name(named.rsplit(['/', '\\']).next().unwrap_or_default());
    let like = path.with_extension(ending);
    if beside.is_file() || !like.is_file() {
        return beside;
    }
    notes.push(format!("{} names {named}, which is not there; {} is read", file_name(path), file_name(&like)));
    like
}

fn sections(path: &Path) -> Result<Sections, ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // Files before UTF-8 are Latin-1, for the micro sign.
        Err(e) => e.into_bytes().iter().map(|b| char::from(*b)).collect(),
    };
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    if !first.starts_with("Brain") || !first.contains("Data Exchange") {
        let why = format!("its first line is \"{}\"", first.chars().take(60).collect::<String>());
        return Err(ExchangeError::Malformed { path: path.into(), format: "BrainVision", why });
    }
    let mut sections: Sections = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(';')) {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            sections.push((name.into(), Vec::new()));
        } else if let (Some((key, value)), Some((_, list))) = (line.split_once('='), sections.last_mut()) {
            list.push((key.trim().into(), value.trim().into()));
        }
    }
    Ok(sections)
}

fn lookup<'a>(sections: &'a Sections, section: &str, key: &str) -> Option<&'a str> {
    let all = sections.iter().filter(|(name, _)| name.eq_ignore_ascii_case(section)).flat_map(|(_, list)| list);
    all.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_str())
}

/// Markers as (s, s, "Type/Description"), and the moment that the first segment names.
fn markers(path: &Path, named: Option<&str>, rate: f64, notes: &mut Vec<String>) -> (Vec<(f64, f64, String)>, Option<i64>) {
    let Some(named) = named else { return (Vec::new(), None) };
    let file = companion(path, named, "vmrk", notes);
    let Ok(sections) = sections(&file) else {
        notes.push(format!("the markers in {} cannot be read and are left out", file_name(&file)));
        return (Vec::new(), None);
    };
    let (mut found, mut start, mut skipped) = (Vec::new(), None, 0);
    let all = sections.iter().filter(|(name, _)| name == "Marker Infos").flat_map(|(_, list)| list);
    for (_, value) in all.filter(|(key, _)| key.starts_with("Mk")) {
        let parts: Vec<String> = value.split(',').map(|p| p.replace("\\1", ",")).collect();
        let number = |i: usize| parts.get(i).and_then(|p| p.trim().parse::<f64>().ok());
        let Some(position) = number(2) else {
            skipped += 1;
            continue;
        };
        let (kind, text) = (parts[0].as_str(), parts.get(1).map_or("", String::as_str));
        if kind == "New Segment" {
            start = start.or_else(|| moment(parts.get(5).map_or("", String::as_str)));
            if position <= 1.0 {
                continue;
            }
        }
        let length = number(3).filter(|n| *n > 1.0).unwrap_or(0.0);
        let name = if kind.is_empty() { text.into() } else { format!("{kind}/{text}") };
        found.push(((position - 1.0) / rate, length / rate, name));
    }
    if skipped > 0 {
        notes.push(format!("{skipped} markers have no position and are left out"));
    }
    (found, start)
}

/// yyyymmddhhmmssuuuuuu.
fn moment(text: &str) -> Option<i64> {
    let (seconds, micros) = text.trim().split_at_checked(14)?;
    let at = chrono::NaiveDateTime::parse_from_str(seconds, "%Y%m%d%H%M%S").ok()?;
    let micros: i64 = micros.parse().unwrap_or(0);
    Some(at.and_utc().timestamp_nanos_opt()? + micros * 1000)
}
