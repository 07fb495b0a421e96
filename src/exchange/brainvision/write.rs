//! Writing `.vhdr`, `.vmrk` and `.eeg`: 32-bit floats, so that every value comes back bit for bit.

use crate::exchange::ExchangeError;
use crate::exchange::outgoing::{Event, Outgoing};
use crate::exchange::put::{Whole, put};
use crate::signal::{Nanos, Role};
use std::io::Write;
use std::path::Path;

/// Writes one stream; `vhdr` names the header, the other two files are called like it. `began` is the first sample's
/// moment, ns since 1970, where it is known. Lost samples are NaN.
///
/// # Errors
/// A file that cannot be written.
pub fn write(
    vhdr: &Path,
    stream: &Outgoing,
    events: &[Event],
    began: Option<Nanos>,
    reference: &str,
) -> Result<(), ExchangeError> {
    let base = vhdr.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |cause| ExchangeError::Write { path, cause }
    };
    let (vmrk, eeg) = (vhdr.with_extension("vmrk"), vhdr.with_extension("eeg"));
    let mut out = Whole::create(&eeg).map_err(failed(&eeg))?;
    let mut rows = Vec::new();
    stream.each(1, |_, data| {
        multiplexed(data, &mut rows);
        out.write_all(&rows).map_err(failed(&eeg))
    })?;
    out.finish().map_err(failed(&eeg))?;
    put(&vmrk, markers(&base, stream, events, began).as_bytes()).map_err(failed(&vmrk))?;
    put(vhdr, header(&base, stream, reference).as_bytes()).map_err(failed(vhdr))
}

/// Samples of a tile.
const TILE: usize = 64;

/// Sample by sample, as bytes. In tiles, so that what is written and what is read both stay at hand.
fn multiplexed(data: &[Vec<f32>], rows: &mut Vec<u8>) {
    let (channels, n) = (data.len(), data.first().map_or(0, Vec::len));
    rows.resize(channels * n * 4, 0);
    for (first, rows) in (0..n).step_by(TILE).zip(rows.chunks_mut(channels.max(1) * TILE * 4)) {
        let places = rows.as_chunks_mut::<4>().0;
        for (c, channel) in data.iter().enumerate() {
            let values = &channel[first..(first + TILE).min(n)];
            let places = places.iter_mut().skip(c).step_by(channels);
            places.zip(values).for_each(|(place, value)| *place = value.to_le_bytes());
        }
    }
}

/// A comma separates fields.
fn field(text: &str) -> String {
    text.replace(',', "\\1").replace(['\r', '\n'], " ")
}

fn header(base: &str, stream: &Outgoing, reference: &str) -> String {
    let mut text = format!(
        "Brain Vision Data Exchange Header File Version 1.0\r\n; Written by limbic\r\n\r\n[Common Infos]\r\nCodepage=UTF-8\r\n\
         DataFile={base}.eeg\r\nMarkerFile={base}.vmrk\r\nDataFormat=BINARY\r\nDataOrientation=MULTIPLEXED\r\n\
         NumberOfChannels={}\r\nSamplingInterval={}\r\n\r\n[Binary Infos]\r\nBinaryFormat=IEEE_FLOAT_32\r\n\r\n[Channel Infos]\r\n",
        stream.info.channels.len(),
        1e6 / stream.info.rate
    );
    for (n, channel) in stream.info.channels.iter().enumerate() {
        let unit = if channel.unit == "uV" { "µV" } else { &channel.unit };
        let unit = if unit.is_empty() { "n/a" } else { unit };
        let reference = if channel.role == Role::Eeg { field(reference) } else { String::new() };
        text += &format!("Ch{}={},{reference},1,{}\r\n", n + 1, field(&channel.label), field(unit));
    }
    let mark = if stream.info.simulated { " SIMULATED" } else { "" };
    text + &format!("\r\n[Comment]\r\nlimbic={}{mark}\r\n", env!("CARGO_PKG_VERSION"))
}

fn markers(base: &str, stream: &Outgoing, events: &[Event], began: Option<Nanos>) -> String {
    let date = |began| chrono::DateTime::from_timestamp_nanos(began).format(",%Y%m%d%H%M%S%6f").to_string();
    let date = began.map(date).unwrap_or_default();
    let mut text = format!(
        "Brain Vision Data Exchange Marker File, Version 1.0\r\n\r\n[Common Infos]\r\nCodepage=UTF-8\r\n\
         DataFile={base}.eeg\r\n\r\n[Marker Infos]\r\nMk1=New Segment,,1,1,0{date}\r\n"
    );
    let n = stream.samples() as f64;
    let mut number = 2;
    for event in events {
        let position = (event.onset_s * stream.info.rate).round() + 1.0;
        // Positions are those of samples.
        if position < 1.0 || position > n {
            continue;
        }
        let length = (event.duration_s * stream.info.rate).round().max(1.0);
        text += &format!("Mk{number}=Comment,{},{position},{length},0\r\n", field(&event.line()));
        number += 1;
    }
    text
}
