//! EDF, EDF+, BDF and BDF+ files, with channels of different rates, annotations and gaps.

mod annotations;
mod counts;
mod header;
mod records;
mod samples;
#[cfg(test)]
mod tests;
mod write;

pub use header::{Header, SignalHeader};
pub use samples::Samples;
pub use write::{About, write};

use crate::exchange::imported::{self, file_name, stream_name, unique_labels};
pub use crate::exchange::imported::{Imported, ImportedStream, ReadOptions};
use crate::exchange::{ExchangeError, roles};
use crate::signal::{Channel, Role};
use crate::store::Windows;
use annotations::Entry;
use records::Records;
use samples::Scale;
use std::path::Path;

/// More than this many seconds of gaps are not filled.
const LONGEST_GAPS_S: f64 = 86_400.0;

/// Reads a file; a truncated one is refused.
///
/// # Errors
/// See [`ExchangeError`].
pub fn read(path: &Path) -> Result<Imported, ExchangeError> {
    read_with(path, ReadOptions::default())
}

/// Reads a file.
///
/// # Errors
/// See [`ExchangeError`].
pub fn read_with(path: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let (mut imported, later) = open(path, options)?;
    for (stream, samples) in imported.streams.iter_mut().zip(later) {
        stream.data = samples.whole()?;
    }
    Ok(imported)
}

/// Reads all of a file but the samples, and says for each stream where those are.
///
/// # Errors
/// See [`ExchangeError`].
pub fn open(path: &Path, options: ReadOptions) -> Result<(Imported, Vec<Samples>), ExchangeError> {
    let (header, mut records) = Records::open(path)?;
    let mut notes = Vec::new();
    records.count = whole_records(&header, records.length, path, options, &mut notes)?;
    let (entries, starts) = annotated(&header, &mut records, &mut notes)?;
    let places = placed(&header, &starts, records.count, path, &mut notes)?;
    let origin = starts.first().copied().flatten().unwrap_or(0.0);
    let annotations = entries.into_iter().map(|e| (e.onset - origin, e.duration, e.text)).collect();
    let (streams, later) = streams(&header, &records, &places, path, &mut notes)?.into_iter().unzip();
    let (format, start_utc) = (header.format.clone(), header.start_utc);
    Ok((Imported { format, streams, annotations, start_utc, notes, ..Imported::default() }, later))
}

/// Counts the records that are there, against what the header promises.
fn whole_records(
    header: &Header,
    length: usize,
    path: &Path,
    options: ReadOptions,
    notes: &mut Vec<String>,
) -> Result<usize, ExchangeError> {
    let record = header.record_bytes();
    let complete = length.saturating_sub(header.bytes).checked_div(record).unwrap_or(0);
    if record == 0 || header.records == 0 {
        return Err(ExchangeError::Empty { path: path.into() });
    }
    if header.records < 0 {
        notes.push(format!("the header leaves the number of records open; the file holds {complete}"));
        return if complete == 0 { Err(ExchangeError::Empty { path: path.into() }) } else { Ok(complete) };
    }
    let promised = header.records as usize;
    let expected = header.bytes as u64 + promised as u64 * record as u64;
    if complete < promised {
        if !options.lenient || complete == 0 {
            let (complete, records) = (complete as u64, promised as u64);
            return Err(ExchangeError::Truncated { path: path.into(), expected, found: length as u64, complete, records });
        }
        notes.push(format!("truncated: only the first {complete} of {promised} records are read"));
    } else if length as u64 > expected {
        notes.push(format!("{} bytes behind the last record are ignored", length as u64 - expected));
    }
    Ok(complete.min(promised))
}

fn is_annotation(signal: &SignalHeader) -> bool {
    matches!(signal.label.as_str(), "EDF Annotations" | "BDF Annotations")
}

/// Byte offset of every signal within a record.
fn offsets(header: &Header) -> Vec<usize> {
    let mut offset = 0;
    let step = |s: &SignalHeader| {
        let here = offset;
        offset += s.samples * header.width();
        here
    };
    header.signals.iter().map(step).collect()
}

/// Annotations with text, and the start of every record where the file says it.
fn annotated(
    header: &Header,
    records: &mut Records,
    notes: &mut Vec<String>,
) -> Result<(Vec<Entry>, Vec<Option<f64>>), ExchangeError> {
    let lists: Vec<std::ops::Range<usize>> = offsets(header)
        .into_iter()
        .zip(&header.signals)
        .filter(|(_, s)| is_annotation(s))
        .map(|(offset, s)| offset..offset + s.samples * header.width())
        .collect();
    if lists.is_empty() {
        return Ok((Vec::new(), vec![None; records.count]));
    }
    let (mut entries, mut starts, mut damaged) = (Vec::new(), Vec::new(), 0);
    let mut one = |record: &[u8]| {
        let mut start = None;
        for (n, list) in lists.iter().enumerate() {
            let (found, broken) = annotations::parse(&record[list.clone()]);
            damaged += broken;
            // The first entry of the first list keeps the record's time.
            start = start.or(found.first().filter(|e| n == 0 && e.text.is_empty()).map(|e| e.onset));
            entries.extend(found.into_iter().filter(|e| !e.text.is_empty()));
        }
        starts.push(start);
    };
    records.each(|_, block| block.chunks_exact(header.record_bytes()).for_each(&mut one))?;
    if damaged > 0 {
        notes.push(format!("{damaged} damaged annotations are left out"));
    }
    Ok((entries, starts))
}

/// Where each record begins, in records since the first; whole numbers unless the file has gaps.
fn placed(
    header: &Header,
    starts: &[Option<f64>],
    records: usize,
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<f64>, ExchangeError> {
    let joined: Vec<f64> = (0..records).map(|i| i as f64).collect();
    let known: Vec<f64> = starts.iter().copied().flatten().collect();
    if !header.discontinuous() || header.record_s <= 0.0 {
        return Ok(joined);
    }
    let ascending = known.windows(2).all(|pair| pair[1] - pair[0] > 0.999 * header.record_s);
    if known.len() != records || !ascending {
        notes.push("the file is discontinuous and does not say when its records begin; they are joined as they stand".into());
        return Ok(joined);
    }
    let gaps: Vec<f64> = known.windows(2).map(|pair| pair[1] - pair[0] - header.record_s).filter(|gap| *gap > 1e-3).collect();
    let seconds = gaps.iter().sum::<f64>();
    if seconds > LONGEST_GAPS_S {
        return Err(ExchangeError::Gaps { path: path.into(), seconds });
    }
    if !gaps.is_empty() {
        notes.push(format!("the recording has {} gaps, {seconds:.1} s in all", gaps.len()));
    }
    Ok(known.iter().map(|start| (start - known[0]) / header.record_s).collect())
}

/// Groups the signals by rate, the first EEG group first in name; and where the samples of each group are.
fn streams(
    header: &Header,
    records: &Records,
    places: &[f64],
    path: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<(ImportedStream, Samples)>, ExchangeError> {
    let wanted: Vec<usize> =
        (0..header.signals.len()).filter(|i| !is_annotation(&header.signals[*i]) && header.signals[*i].samples > 0).collect();
    let labels = unique_labels(&wanted.iter().map(|i| header.signals[*i].label.clone()).collect::<Vec<_>>(), notes);
    let units: Vec<String> = wanted.iter().map(|i| header.signals[*i].unit.clone()).collect();
    // limbic's own files name the role where the format has the transducer; elsewhere that field says nothing of it.
    let own = header.recording.contains(" limbic ");
    let said = |i: &usize| roles::named(&header.signals[*i].transducer).filter(|_| own);
    let (roles, guesses) = roles::roles(&labels, &units, &wanted.iter().map(said).collect::<Vec<_>>());
    notes.extend(guesses);
    let mut rates: Vec<usize> = Vec::new();
    wanted.iter().map(|i| header.signals[*i].samples).for_each(|n| {
        if !rates.contains(&n) {
            rates.push(n)
        }
    });
    let offsets = offsets(header);
    // A file that limbic wrote from a simulated session says so in its header (invariant 9).
    let simulated = [&header.patient, &header.recording].iter().any(|text| text.contains("SIMULATED"));
    let (mut streams, mut later) = (Vec::new(), Vec::new());
    for (number, samples) in rates.iter().enumerate() {
        let members: Vec<usize> = (0..wanted.len()).filter(|n| header.signals[wanted[*n]].samples == *samples).collect();
        let (mut channels, mut scaled) = (Vec::new(), Vec::new());
        for n in &members {
            let signal = &header.signals[wanted[*n]];
            let (channel, scale) = channel(header, signal, &labels[*n], roles[*n], notes);
            scaled.push((offsets[wanted[*n]], scale));
            channels.push(channel);
        }
        let otherwise = if rates.len() == 1 { "signals".into() } else { format!("signals{}", number + 1) };
        let name = stream_name(&channels, &otherwise);
        let rate = if header.record_s > 0.0 { *samples as f64 / header.record_s } else { *samples as f64 };
        let device = format!("{} file {}", header.format, file_name(path));
        let mut info = imported::info(number, &name, device, rate, channels);
        info.simulated = simulated;
        later.push(Samples::new(records.again()?, header.width(), *samples, places, scaled));
        streams.push(ImportedStream { info, data: Vec::new(), start_s: 0.0, stamps: Vec::new() });
    }
    if let Some(main) =
        imported::main_stream(streams.iter().map(|s: &ImportedStream| &s.info).zip(later.iter().map(Windows::len)))
    {
        streams[..=main].rotate_right(1);
        later[..=main].rotate_right(1);
    }
    imported::number_names(&mut streams);
    notes.extend(imported::which_eeg(streams.iter().map(|s| &s.info).zip(later.iter().map(Windows::len))));
    Ok(streams.into_iter().zip(later).collect())
}

/// Voltages become uV (ECG: mV), everything else keeps its unit.
fn channel(header: &Header, signal: &SignalHeader, label: &str, role: Role, notes: &mut Vec<String>) -> (Channel, Scale) {
    if role == Role::Trigger {
        let mask = if header.bdf { 0xFF_FFFF } else { 0xFFFF };
        let unit = String::new();
        return (Channel { label: label.into(), role, unit, rail: None, step: Some(1.0), zero: 0.0 }, Scale::Bits(mask));
    }
    let ((physical_low, physical_high), (digital_low, digital_high)) = (signal.physical, signal.digital);
    let (physical, digital) = (physical_high - physical_low, digital_high - digital_low);
    let mut gain = physical / digital;
    if physical == 0.0 || digital == 0.0 {
        notes.push(format!("channel {label} declares no range; its digital values are kept"));
        gain = 1.0;
    }
    let (unit, factor) = imported::in_our_unit(&signal.unit, role);
    // In BDF the physical range is the device's; in EDF it is often just that of the data.
    let full = header.bdf && digital >= f64::from((1 << 24) - 2);
    let rail = full.then(|| physical_low.abs().min(physical_high.abs()) * factor);
    let offset = if gain == 1.0 && (physical == 0.0 || digital == 0.0) { 0.0 } else { physical_low - digital_low * gain };
    let (gain, offset) = (gain * factor, offset * factor);
    let (step, zero) = step_of(gain, offset);
    (Channel { label: label.into(), role, unit, rail, step, zero }, Scale::Linear { gain, offset })
}

/// The size of which all values are whole multiples, where that is the gain or half of it; else the gain, and the value
/// of count 0.
fn step_of(gain: f64, offset: f64) -> (Option<f64>, f64) {
    let steps = [gain.abs(), gain.abs() / 2.0];
    let whole = |step: &f64| (offset / step - (offset / step).round()).abs() < 1e-9;
    match steps.into_iter().find(|step| step.is_normal() && whole(step)) {
        Some(step) => (Some(step), 0.0),
        None => (Some(gain.abs()).filter(|step| step.is_normal() && offset.is_finite()), offset),
    }
}
