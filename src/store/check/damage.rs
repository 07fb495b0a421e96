//! Where a file is damaged and what that costs.

use super::super::codec;
use super::super::disk;
use super::super::error::StoreError;
use super::super::journal;
use super::super::keys;
use super::super::log::CLOSED;
use super::super::rows::StreamRow;
use super::super::segment::{HEADER, scan};
use crate::signal::{StreamId, StreamKind};
use serde::Serialize;
use std::path::Path;

/// Bytes of a file that belong to no whole frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Damage {
    pub file: String,
    /// Where it begins, and how many bytes it is; frames before and behind are good.
    pub offset: u64,
    pub bytes: u64,
    /// At the end of the file: also what a process that was killed leaves.
    pub at_end: bool,
    /// The stream whose samples stood there; None for rows of a journal.
    pub stream: Option<String>,
    /// Samples (frames) that are lost, where the frames around them tell.
    pub samples: Option<u64>,
    pub seconds: Option<f64>,
    /// Seconds since the stream's first sample.
    pub from_s: Option<f64>,
}

/// A good frame of a stream: which, its first index, the index behind it.
#[derive(Clone, Copy)]
struct Good {
    stream: StreamId,
    first: u64,
    end: u64,
}

/// A whole frame that can stand in this file: a row of this journal, or samples of this session.
pub(super) fn belongs(file: &str, scope: u64, key: &[u8], payload: &[u8]) -> bool {
    if is_journal(file) {
        return key == CLOSED || keys::scope_of(key) == Some(scope);
    }
    keys::parse_data_key(key).is_some_and(|(session, ..)| session.0 == scope) && codec::open(payload).is_some()
}

fn is_journal(file: &str) -> bool {
    disk::segment_parts(file).is_some_and(|(stem, _)| stem == journal::SESSION || stem == journal::HOME)
}

/// Everything that is damaged in one file; `streams` say whose frames they are.
pub(super) fn find(path: &Path, file: &str, scope: u64, streams: &[StreamRow]) -> Result<Vec<Damage>, StoreError> {
    let mut found = Vec::new();
    let (mut end, mut before) = (0, None);
    scan(path, |offset, key, payload| {
        if !belongs(file, scope, key, payload) {
            return false;
        }
        let good = keys::parse_data_key(key).zip(codec::open(payload)).map(|((_, stream, _), (head, ..))| Good {
            stream: StreamId(stream),
            first: head.first,
            end: head.end(),
        });
        if offset > end {
            found.push(damage(file, (end, offset - end), (before, good), streams));
        }
        end = offset + (HEADER + key.len() + payload.len()) as u64;
        before = good;
        true
    })?;
    let length = std::fs::metadata(path).map_or(end, |m| m.len());
    if length > end {
        found.push(Damage { at_end: true, ..damage(file, (end, length - end), (before, None), streams) });
    }
    Ok(found)
}

fn damage(
    file: &str,
    (offset, bytes): (u64, u64),
    (before, after): (Option<Good>, Option<Good>),
    streams: &[StreamRow],
) -> Damage {
    let row = before.or(after).and_then(|good| streams.iter().find(|row| row.info.id == good.stream));
    // Before the first frame of a first segment stands nothing; elsewhere the neighbours tell.
    let from = before.map(|b| b.end).or(row.filter(|_| file.ends_with("-000.seg")).map(|r| r.first_index));
    // At the end, a session that was closed knows how far it went.
    let missed = row.map_or(0, |r| r.gaps.iter().map(|g| g.1).sum::<u64>());
    let to = after.map(|a| a.first).or(row.map(|r| r.first_index + r.written + missed));
    // What had been lost before it was written is not lost here.
    let known = |from: u64, to: u64| -> u64 {
        let gaps = row.into_iter().flat_map(|r| &r.gaps).filter(|(at, _)| (from..to).contains(at));
        gaps.map(|gap| gap.1).sum()
    };
    let samples = from.zip(to).map(|(from, to)| to.saturating_sub(from).saturating_sub(known(from, to)));
    let rate = row.map(|r| r.info.rate).filter(|rate| rate.is_finite() && *rate > 0.0);
    Damage {
        file: file.into(),
        offset,
        bytes,
        at_end: false,
        stream: row.map(|r| r.info.name.clone()),
        samples,
        seconds: samples.zip(rate).map(|(n, rate)| n as f64 / rate),
        from_s: from.zip(row).zip(rate).map(|((from, row), rate)| from.saturating_sub(row.first_index) as f64 / rate),
    }
}

impl Damage {
    /// Every damaged place of a journal's file.
    pub(in crate::store) fn all(path: &Path, file: &str, scope: u64) -> Result<Vec<Damage>, StoreError> {
        find(path, file, scope, &[])
    }

    /// One sentence: where, what is lost, what is still good.
    pub fn describe(&self, streams: &[StreamRow]) -> String {
        let Damage { file, offset, bytes, at_end, .. } = self;
        let place = if *at_end {
            format!("{file}: {bytes} bytes cut at the end, from byte {offset} on")
        } else {
            format!("{file}: damaged at byte {offset}, {bytes} bytes")
        };
        let Some(stream) = &self.stream else {
            return if is_journal(file) {
                format!("{place}; rows of the journal that stood there are lost, all others are good")
            } else {
                format!("{place}; no good frame is near, so what stood there is not known")
            };
        };
        let face = streams.iter().any(|r| r.info.name == *stream && r.info.kind == StreamKind::Face);
        let what = if face { "frames" } else { "samples" };
        match (self.samples, self.seconds, self.from_s) {
            (Some(0), ..) => format!("{place}; nothing of {stream} is missing there"),
            (Some(n), Some(s), Some(from)) => {
                format!("{place}; {stream}: {n} {what} ({s:.3} s) from {from:.3} s on are lost, all else is good")
            }
            _ => format!("{place}; some {what} of {stream} are lost, all else is good"),
        }
    }
}
