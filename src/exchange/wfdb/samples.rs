//! Counts out of signal files (signal(5) of the WFDB manual).

use super::header::{Record, Signal};
use crate::exchange::ExchangeError;
use crate::exchange::bytes::Kind;
use crate::exchange::imported::{ReadOptions, file_name};
use std::path::Path;

/// The counts of every signal.
pub(super) fn read(
    path: &Path,
    record: &Record,
    options: ReadOptions,
    notes: &mut Vec<String>,
) -> Result<Vec<Vec<i32>>, ExchangeError> {
    let mut found = vec![Vec::new(); record.signals.len()];
    let mut first = 0;
    while first < record.signals.len() {
        // Neighbours in the header that share a file are interleaved in it.
        let file = &record.signals[first].file;
        let count = record.signals[first..].iter().take_while(|s| s.file == *file).count();
        let group = &record.signals[first..first + count];
        let part = path.with_file_name(file.rsplit('/').next().unwrap_or_default());
        let bytes = std::fs::read(&part).map_err(|cause| ExchangeError::Companion {
            path: path.into(),
            companion: file_name(&part),
            cause: cause.to_string(),
        })?;
        let bytes = bytes.get(group[0].offset..).unwrap_or_default();
        let per_frame: usize = group.iter().map(|s| s.per_frame).sum();
        let counts = decoded(bytes, group, record.frames.map(|n| n.saturating_mul(per_frame))).ok_or_else(|| {
            let what = format!("a WFDB record in format {}", group[0].format);
            ExchangeError::Unsupported {
                path: path.into(),
                what,
                way_out: "convert it to format 16 (xform of the WFDB tools)".into(),
            }
        })?;
        let frames = whole_frames(&part, counts.len() / per_frame, record.frames, options, notes)?;
        for frame in counts.chunks_exact(per_frame).take(frames) {
            let mut at = 0;
            for (signal, out) in group.iter().zip(&mut found[first..]) {
                out.extend(&frame[at..at + signal.per_frame]);
                at += signal.per_frame;
            }
        }
        first += count;
    }
    if found.iter().all(Vec::is_empty) {
        return Err(ExchangeError::Empty { path: path.into() });
    }
    for (signal, counts) in record.signals.iter().zip(&mut found) {
        if signal.format == 8 {
            let mut value = signal.initial;
            counts.iter_mut().for_each(|step| {
                value = value.wrapping_add(*step);
                *step = value;
            });
        }
    }
    Ok(found)
}

fn whole_frames(
    part: &Path,
    there: usize,
    promised: Option<usize>,
    options: ReadOptions,
    notes: &mut Vec<String>,
) -> Result<usize, ExchangeError> {
    let Some(promised) = promised.filter(|n| *n > there) else { return Ok(promised.unwrap_or(there)) };
    let why = format!("{promised} samples are promised and {there} are there");
    if !options.lenient {
        return Err(ExchangeError::Cut { path: part.into(), why });
    }
    notes.push(format!("{}: {why}", file_name(part)));
    Ok(there)
}

/// All counts of a file; None for a format that is not read.
fn decoded(bytes: &[u8], group: &[Signal], most: Option<usize>) -> Option<Vec<i32>> {
    let format = group[0].format;
    if group.iter().any(|s| s.format != format) {
        return None;
    }
    let most = most.unwrap_or(usize::MAX);
    let plain = |kind: Kind, big: bool| {
        bytes.chunks_exact(kind.width()).take(most).map(|w| kind.value(w, big) as i32).collect::<Vec<i32>>()
    };
    Some(match format {
        8 => plain(Kind::I8, false),
        16 => plain(Kind::I16, false),
        61 => plain(Kind::I16, true),
        32 => plain(Kind::I32, false),
        24 => bytes.chunks_exact(3).take(most).map(|w| i32::from_le_bytes([0, w[0], w[1], w[2]]) >> 8).collect(),
        80 => bytes.iter().take(most).map(|b| i32::from(*b) - 128).collect(),
        160 => plain(Kind::U16, false).into_iter().map(|v| v - 32_768).collect(),
        212 => twelve(bytes, most),
        310 => ten(bytes, most, |words| {
            let [a, b] = words;
            [a >> 1 & 0x3FF, b >> 1 & 0x3FF, (a >> 11 & 0x1F) | (b >> 11 & 0x1F) << 5]
        }),
        311 => ten(bytes, most, |[a, b]| {
            let word = a | b << 16;
            [word & 0x3FF, word >> 10 & 0x3FF, word >> 20 & 0x3FF]
        }),
        _ => return None,
    })
}

/// Two samples of 12 bits in three bytes.
fn twelve(bytes: &[u8], most: usize) -> Vec<i32> {
    let signed = |v: i32| if v > 2047 { v - 4096 } else { v };
    let mut out = Vec::with_capacity((bytes.len() / 3 * 2).min(most));
    for group in bytes.chunks(3) {
        let byte = |i: usize| group.get(i).map(|b| i32::from(*b));
        out.extend(byte(0).zip(byte(1)).map(|(a, b)| signed(a | (b & 0x0F) << 8)));
        out.extend(byte(1).zip(byte(2)).map(|(b, c)| signed(c | (b & 0xF0) << 4)));
    }
    out.truncate(most);
    out
}

/// Three samples of 10 bits in four bytes.
fn ten(bytes: &[u8], most: usize, split: impl Fn([i32; 2]) -> [i32; 3]) -> Vec<i32> {
    let signed = |v: i32| if v > 511 { v - 1024 } else { v };
    let mut out: Vec<i32> = bytes
        .chunks_exact(4)
        .flat_map(|w| split([i32::from(u16::from_le_bytes([w[0], w[1]])), i32::from(u16::from_le_bytes([w[2], w[3]]))]))
        .map(signed)
        .collect();
    out.truncate(most);
    out
}
