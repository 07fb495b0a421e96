//! Writing EDF+ (16 bit) and BDF+ (24 bit) with annotations.

use super::counts::{Scale, eight, encode};
use crate::exchange::ExchangeError;
use crate::exchange::outgoing::{Event, Outgoing};
use crate::exchange::put::Whole;
use crate::signal::{Nanos, SECOND};
use std::io::{self, Write};
use std::path::Path;

/// Least bytes of a record's list of annotations.
const LIST_BYTES: usize = 120;

/// Who and what, for the header.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub participant: &'a str,
    pub session: &'a str,
    /// The first sample's moment, ns since 1970.
    pub began: Nanos,
    pub simulated: bool,
}

/// Writes one stream. Lost samples repeat the value before them, and an annotation BAD_gap names them; so does one for
/// what fills the last record.
///
/// # Errors
/// A rate that the format cannot say, a file that cannot be written.
pub fn write(path: &Path, bdf: bool, stream: &Outgoing, events: &[Event], about: About) -> Result<(), ExchangeError> {
    let failed = |cause: io::Error| ExchangeError::Write { path: path.into(), cause };
    let (per_record, duration) = record(stream.info.rate);
    let n = stream.samples();
    let records = n.div_ceil(per_record).max(1);
    let scales: Vec<Scale> =
        stream.ranges.iter().zip(&stream.info.channels).map(|(range, channel)| Scale::new(bdf, *range, channel)).collect();
    let mut lines = events.to_vec();
    if records * per_record > n {
        let (onset_s, rest) = (n as f64 / stream.info.rate, records * per_record - n);
        let (kind, text) = ("BAD_gap".to_string(), "after the end".to_string());
        lines.push(Event { onset_s, duration_s: rest as f64 / stream.info.rate, kind, text, ..Event::default() });
    }
    let width = if bdf { 3 } else { 2 };
    let length: f64 = duration.parse().unwrap_or(1.0);
    // Readers count in records of this length, which may differ from the rate by its last digit.
    let stretch = length * stream.info.rate / per_record as f64;
    let lists = lists(&lines, records, length, stretch, about.began);
    let list_bytes = lists.iter().map(Vec::len).max().unwrap_or(0).max(LIST_BYTES).next_multiple_of(width);
    let mut out = Whole::create(path).map_err(failed)?;
    let layout = Layout { bdf, records, duration, per_record, list_samples: list_bytes / width };
    out.write_all(&header(stream, &scales, about, &layout)).map_err(failed)?;
    let mut held = vec![0f32; scales.len()];
    let (mut bytes, mut whole) = (Vec::new(), Vec::new());
    // Some records, of which the last may be longer than what is there.
    let mut block = |lists: &[Vec<u8>], data: &[Vec<f32>]| {
        let channel_bytes = per_record * width;
        let record_bytes = scales.len() * channel_bytes + list_bytes;
        bytes.resize(lists.len() * record_bytes, 0);
        for (r, (record, list)) in bytes.chunks_exact_mut(record_bytes).zip(lists).enumerate() {
            let (places, rest) = record.split_at_mut(scales.len() * channel_bytes);
            for (c, place) in places.chunks_exact_mut(channel_bytes).enumerate() {
                let channel = data.get(c).map_or(&[][..], Vec::as_slice);
                let first = (r * per_record).min(channel.len());
                let there = &channel[first..(first + per_record).min(channel.len())];
                encode(place, there, bdf, &scales[c], &mut held[c], &mut whole);
            }
            let (text, filling) = rest.split_at_mut(list.len());
            text.copy_from_slice(list);
            filling.fill(0);
        }
        out.write_all(&bytes).map_err(failed)
    };
    stream.each(per_record, |first, data| {
        let (r, there) = (first / per_record, data.first().map_or(0, Vec::len).div_ceil(per_record));
        block(&lists[r..r + there], data)
    })?;
    if n == 0 {
        block(&lists, &[])?;
    }
    out.finish().map_err(failed)
}

/// Samples of a record and its duration as printed: a second where that holds a whole number of samples.
fn record(rate: f64) -> (usize, String) {
    let whole = |seconds: f64| (rate * seconds - (rate * seconds).round()).abs() < 1e-9 * rate * seconds;
    let length = (1..=60).map(f64::from).find(|s| whole(*s) && rate * s >= 1.0);
    let (samples, seconds) = match length {
        Some(s) => ((rate * s).round(), s),
        None => (rate.round().max(1.0), rate.round().max(1.0) / rate),
    };
    (samples as usize, eight(seconds))
}

/// The annotation bytes of every record: its time, then what begins in it.
fn lists(events: &[Event], records: usize, length: f64, stretch: f64, began: Nanos) -> Vec<Vec<u8>> {
    // The header says whole seconds; the first record tells the rest.
    let rest = began.rem_euclid(SECOND) as f64 / SECOND as f64;
    let plus = |t: f64| format!("{}{}", if t < 0.0 { "" } else { "+" }, (t * 1e6).round() / 1e6);
    let mut lists: Vec<Vec<u8>> =
        (0..records).map(|r| format!("{}\x14\x14\0", plus(rest + r as f64 * length)).into_bytes()).collect();
    for event in events {
        let (onset, duration) = (event.onset_s * stretch, event.duration_s * stretch);
        let record = ((onset / length).floor().max(0.0) as usize).min(records - 1);
        let text: String = event.line().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let long = if duration > 0.0 { format!("\x15{}", (duration * 1e6).round() / 1e6) } else { String::new() };
        lists[record].extend(format!("{}{long}\x14{text}\x14\0", plus(rest + onset)).bytes());
    }
    lists
}

/// How the file is laid out.
struct Layout {
    bdf: bool,
    records: usize,
    duration: String,
    per_record: usize,
    list_samples: usize,
}

fn header(stream: &Outgoing, scales: &[Scale], about: About, layout: &Layout) -> Vec<u8> {
    let Layout { bdf, records, duration, per_record, list_samples } = layout;
    let began = chrono::DateTime::from_timestamp_nanos(about.began);
    let mut out = Vec::new();
    let mut field = |text: &str, width: usize| {
        // ASCII only, as the format has it.
        let kept = text.chars().map(|c| {
            if c == 'µ' {
                'u'
            } else if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '_'
            }
        });
        let kept: String = kept.chain(std::iter::repeat(' ')).take(width).collect();
        out.extend(kept.bytes());
    };
    let word = |text: &str| if text.is_empty() { "X".into() } else { text.replace(' ', "_") };
    let mark = if about.simulated { " SIMULATED" } else { "" };
    field(if *bdf { "_BIOSEMI" } else { "0" }, 8);
    field(&format!("{} X X X{mark}", word(about.participant)), 80);
    let date = began.format("%d-%b-%Y").to_string().to_uppercase();
    field(&format!("Startdate {date} {} limbic {}{mark}", word(about.session), word(&stream.info.name)), 80);
    field(&began.format("%d.%m.%y").to_string(), 8);
    field(&began.format("%H.%M.%S").to_string(), 8);
    let signals = scales.len() + 1;
    field(&(256 * (signals + 1)).to_string(), 8);
    field(if *bdf { "BDF+C" } else { "EDF+C" }, 44);
    field(&records.to_string(), 8);
    field(duration, 8);
    field(&signals.to_string(), 4);
    let channels = &stream.info.channels;
    let mut all = |width: usize, of: &dyn Fn(usize) -> String, last: &str| {
        (0..scales.len()).for_each(|i| field(&of(i), width));
        field(last, width);
    };
    all(16, &|i| channels[i].label.clone(), if *bdf { "BDF Annotations" } else { "EDF Annotations" });
    all(80, &|i| channels[i].role.name().into(), "");
    all(8, &|i| channels[i].unit.clone(), "");
    all(8, &|i| scales[i].physical.0.clone(), "-1");
    all(8, &|i| scales[i].physical.1.clone(), "1");
    let low = if *bdf { "-8388608" } else { "-32768" };
    all(8, &|i| scales[i].digital_low.to_string(), low);
    all(8, &|i| scales[i].digital_high.to_string(), if *bdf { "8388607" } else { "32767" });
    all(80, &|_| String::new(), "");
    all(8, &|_| per_record.to_string(), &list_samples.to_string());
    all(32, &|_| String::new(), "");
    if *bdf {
        out[0] = 0xFF;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fit_records() {
        assert_eq!(record(512.0), (512, "1".into()));
        assert_eq!(record(0.5), (1, "2".into()));
        assert_eq!(record(128.5), (257, "2".into()));
        assert_eq!(record(256.001234).0, 256);
    }
}
