//! The text files of OpenBCI's GUI: a head of lines that begin with %, then one line a sample.

use super::ExchangeError;
use super::imported::{self, Draft, Imported, ImportedStream, file_name};
use crate::signal::Role;
use std::path::Path;

/// Reads the channels called "EXG Channel N" (uV) as EEG; counters, acceleration and pins are left out and said.
///
/// # Errors
/// No rate or no EXG channel in its head, or no whole line of samples.
pub fn read(path: &Path) -> Result<Imported, ExchangeError> {
    let text = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let text = String::from_utf8_lossy(&text);
    let wrong = |why: &str| ExchangeError::Malformed { path: path.into(), format: "OpenBCI text", why: why.into() };
    let rate =
        text.lines().take(20).find_map(|l| l.strip_prefix("%Sample Rate =")?.trim().trim_end_matches("Hz").trim().parse().ok());
    let rate: f64 = rate.filter(|r: &f64| r.is_finite() && *r > 0.0).ok_or_else(|| wrong("its head says no rate"))?;
    let mut lines = text.lines().skip_while(|l| l.starts_with('%'));
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let wanted: Vec<usize> = (0..head.len()).filter(|i| head[*i].starts_with("EXG Channel")).collect();
    if wanted.is_empty() {
        return Err(wrong("no column is called \"EXG Channel\""));
    }
    let (mut data, mut broken) = (vec![Vec::new(); wanted.len()], 0);
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        let row: Option<Vec<f32>> = wanted.iter().map(|i| cells.get(*i)?.trim().parse().ok()).collect();
        match row {
            Some(row) => data.iter_mut().zip(row).for_each(|(channel, value)| channel.push(value)),
            None => broken += 1,
        }
    }
    if data[0].is_empty() {
        return Err(ExchangeError::Empty { path: path.into() });
    }
    let mut notes = vec![format!("{} columns beside the EXG channels are left out", head.len() - wanted.len())];
    notes.push("channels EXG1, EXG2, ... are inputs, not electrode positions; maps need a montage that names them".into());
    if broken > 0 {
        notes.push(format!("{broken} damaged lines are left out"));
    }
    let drafts: Vec<Draft> = (1..=wanted.len()).map(|n| Draft::new(&format!("EXG{n}"), "uV", Some(Role::Eeg))).collect();
    let channels = imported::channels(&drafts, &mut notes).into_iter().map(|(c, _)| c).collect();
    let info = imported::info(0, "eeg", format!("OpenBCI text {}", file_name(path)), rate, channels);
    let streams = vec![ImportedStream { info, data, start_s: 0.0, stamps: Vec::new() }];
    Ok(Imported { format: "OpenBCI".into(), streams, notes, ..Imported::default() })
}
