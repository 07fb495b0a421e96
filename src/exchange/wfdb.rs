//! WFDB, the files of PhysioNet: a header, signals in many formats, annotations of beats.

mod annotations;
mod header;
mod samples;
#[cfg(test)]
mod tests;

use crate::exchange::ExchangeError;
use crate::exchange::imported::{self, Draft, Imported, ImportedStream, ReadOptions, file_name, stream_name};
use crate::signal::Role;
use std::path::Path;

/// Reads the record that a `.hea` file describes, with the annotations of an `.atr` file beside it.
///
/// # Errors
/// A damaged header, signals that are absent or too short, a variant that is not read.
pub fn read(path: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let record = header::read(path)?;
    let mut notes = Vec::new();
    let counts = samples::read(path, &record, options, &mut notes)?;
    let drafts: Vec<Draft> = record
        .signals
        .iter()
        .map(|s| Draft { step: Some(1.0 / s.gain), ..Draft::new(&s.description, &s.unit, lead(&s.description)) })
        .collect();
    let made = imported::channels(&drafts, &mut notes);
    let mut streams: Vec<ImportedStream> = Vec::new();
    // Signals with several samples a frame are faster than the record says; equal ones share a stream.
    for frames in record.rates() {
        let members: Vec<usize> = (0..made.len()).filter(|i| record.signals[*i].per_frame == frames).collect();
        let table: Vec<Vec<f32>> = members
            .iter()
            .map(|i| {
                let (signal, factor) = (&record.signals[*i], made[*i].1);
                let value = |count: &i32| match *count == signal.missing() {
                    true => f32::NAN,
                    false => ((f64::from(*count) - signal.baseline) / signal.gain * factor) as f32,
                };
                counts[*i].iter().map(value).collect()
            })
            .collect();
        let channels: Vec<_> = members.iter().map(|i| made[*i].0.clone()).collect();
        let name = stream_name(&channels, "signals");
        let rate = record.rate * frames as f64;
        let info = imported::info(streams.len(), &name, format!("WFDB record {}", file_name(path)), rate, channels);
        streams.push(ImportedStream { info, data: table, start_s: 0.0, stamps: Vec::new() });
    }
    imported::number_names(&mut streams);
    let annotations = annotations::beside(path, record.rate, &mut notes);
    notes.extend(record.comments.iter().map(|c| format!("the header says: {c}")));
    Ok(Imported { format: "WFDB".into(), streams, annotations, start_utc: record.start_utc, notes, ..Imported::default() })
}

/// Names of ECG leads, which elsewhere would say nothing.
fn lead(name: &str) -> Option<Role> {
    let bare = name.strip_prefix("ML").unwrap_or(name).to_ascii_uppercase();
    let chest = bare.strip_prefix('V').is_some_and(|n| n.is_empty() || n.parse::<u8>().is_ok());
    (chest || matches!(bare.as_str(), "I" | "II" | "III" | "AVR" | "AVL" | "AVF")).then_some(Role::Ecg)
}
