//! Keys and values of rows: what stands in a journal frame is, byte for byte, what stands in the catalogue.
//!
//! Key, big-endian: tag u8, version u8, scope u64 (the session, or 0 for the home), then what tells rows of one
//! kind apart. Value: schema u8, CRC32 u32 little-endian of it and the rest, msgpack with named fields.

use super::error::StoreError;
use super::log::Place;
use super::rows::{Entry, SessionId};
use crate::signal::Nanos;
use serde::{Deserialize, Serialize};

/// Version of keys.
const VERSION: u8 = 1;
/// Version of values; a value of a later one is refused.
pub(super) const SCHEMA: u8 = 1;
/// Set in the schema byte of a value that only says where the row stands in a journal.
const ELSEWHERE: u8 = 0x80;
/// Scope of rows that belong to the home as a whole.
pub(super) const HOME: u64 = 0;
/// Largest value in the catalogue (storage: sled keeps larger ones where a power cut loses them).
pub(super) const LARGEST_VALUE: usize = 8 << 10;
/// Longest name that fits into a key beside the rest.
const LONGEST_NAME: usize = 100;

/// Key and value of a row.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The kinds of rows, as they stand in keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Participant = 1,
    Consent,
    Session,
    Stream,
    Trial,
    Marker,
    Clock,
    Quality,
    Model,
    Prediction,
    Explanation,
    Redaction = 0x30,
    Offset = 0x20,
    Latency,
    Placement = 0x40,
    Segment,
    /// Not a row: everything in earlier segments of this journal is superseded.
    Base = 0x7F,
}

/// All kinds of rows.
pub(super) const TAGS: [Tag; 16] = [
    Tag::Participant,
    Tag::Consent,
    Tag::Session,
    Tag::Stream,
    Tag::Trial,
    Tag::Marker,
    Tag::Clock,
    Tag::Quality,
    Tag::Model,
    Tag::Prediction,
    Tag::Explanation,
    Tag::Redaction,
    Tag::Offset,
    Tag::Latency,
    Tag::Placement,
    Tag::Segment,
];

/// The session that an entry belongs to, if it belongs to one; a prediction belongs to the home.
pub(super) fn session_of(entry: &Entry) -> Option<SessionId> {
    match entry {
        Entry::Session(row) => Some(row.id),
        Entry::Consent(id, _)
        | Entry::Stream(id, _)
        | Entry::Trial(id, _)
        | Entry::Marker(id, _)
        | Entry::Clock(id, _)
        | Entry::Quality(id, _)
        | Entry::Redaction(id, _)
        | Entry::Offset(id, _)
        | Entry::Latency(id, _)
        | Entry::Placement(id, _)
        | Entry::Segment(id, _) => Some(*id),
        Entry::Participant(_) | Entry::Model(_) | Entry::Prediction(_) | Entry::Explanation(_) => None,
    }
}

/// What an entry is, for error sentences.
pub(super) fn name_of(entry: &Entry) -> &'static str {
    match entry {
        Entry::Participant(_) => "the participant",
        Entry::Consent(..) => "the consent",
        Entry::Session(_) => "the session's row",
        Entry::Stream(..) => "the stream's row",
        Entry::Trial(..) => "the trial",
        Entry::Marker(..) => "the marker",
        Entry::Clock(..) => "the clock pair",
        Entry::Quality(..) => "the quality report",
        Entry::Redaction(..) => "the redaction",
        Entry::Offset(..) => "the clock offset",
        Entry::Latency(..) => "the latency",
        Entry::Placement(..) => "the electrode's mark",
        Entry::Segment(..) => "the segment",
        Entry::Model(_) => "the model's row",
        Entry::Prediction(_) => "the prediction",
        Entry::Explanation(_) => "the explanation's row",
    }
}

/// The key of an entry in a journal of that scope. `seq` tells apart what may happen twice at one time.
///
/// # Errors
/// A name that is too long for a key.
pub(super) fn key_of(entry: &Entry, scope: u64, seq: u32) -> Result<Vec<u8>, StoreError> {
    let (tag, rest) = match entry {
        Entry::Participant(row) => (Tag::Participant, name(&row.code)?),
        Entry::Consent(..) => (Tag::Consent, Vec::new()),
        Entry::Session(_) => (Tag::Session, Vec::new()),
        Entry::Stream(_, row) => (Tag::Stream, row.info.id.0.to_be_bytes().to_vec()),
        Entry::Trial(_, row) => (Tag::Trial, [row.number.to_be_bytes(), row.attempt.to_be_bytes()].concat()),
        Entry::Marker(_, row) => (Tag::Marker, moment(row.at, seq)),
        Entry::Clock(_, row) => (Tag::Clock, moment(row.monotonic, seq)),
        Entry::Quality(..) => (Tag::Quality, Vec::new()),
        Entry::Redaction(_, row) => (Tag::Redaction, moment(row.at_utc, seq)),
        Entry::Offset(_, row) => (Tag::Offset, moment(row.at, seq)),
        Entry::Latency(_, row) => (Tag::Latency, row.stream.0.to_be_bytes().to_vec()),
        Entry::Placement(_, row) => (Tag::Placement, name(&row.label)?),
        Entry::Segment(_, row) => (Tag::Segment, [row.trial, row.attempt, row.number].map(u32::to_be_bytes).concat()),
        Entry::Model(row) => (Tag::Model, name(&row.name)?),
        Entry::Prediction(row) => {
            let mut rest = row.session.0.to_be_bytes().to_vec();
            rest.extend_from_slice(&row.trial.to_be_bytes());
            rest.extend_from_slice(&name(&row.model)?);
            (Tag::Prediction, rest)
        }
        Entry::Explanation(row) => (Tag::Explanation, [name(&row.model)?, vec![0], name(&row.file)?].concat()),
    };
    let mut key = prefix(tag, scope);
    key.extend_from_slice(&rest);
    Ok(key)
}

/// What all keys of that kind and scope begin with.
pub(super) fn prefix(tag: Tag, scope: u64) -> Vec<u8> {
    let mut key = vec![tag as u8, VERSION];
    key.extend_from_slice(&scope.to_be_bytes());
    key
}

/// The scope that a key names; None for a key of another kind or version.
pub(super) fn scope_of(key: &[u8]) -> Option<u64> {
    let known = key.get(1) == Some(&VERSION);
    known.then(|| key.get(2..10)?.try_into().ok().map(u64::from_be_bytes))?
}

/// Key of a data frame: version, session, stream, number of the frame.
pub(super) fn data_key(session: SessionId, stream: u16, seq: u64) -> [u8; 19] {
    let mut key = [VERSION; 19];
    key[1..9].copy_from_slice(&session.0.to_be_bytes());
    key[9..11].copy_from_slice(&stream.to_be_bytes());
    key[11..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// Session, stream and number of a data frame.
pub(super) fn parse_data_key(key: &[u8]) -> Option<(SessionId, u16, u64)> {
    if key.len() != 19 || key[0] != VERSION {
        return None;
    }
    Some((
        SessionId(u64::from_be_bytes(key[1..9].try_into().ok()?)),
        u16::from_be_bytes(key[9..11].try_into().ok()?),
        u64::from_be_bytes(key[11..].try_into().ok()?),
    ))
}

fn name(text: &str) -> Result<Vec<u8>, StoreError> {
    if text.len() > LONGEST_NAME {
        let what = format!("the name {}...", text.chars().take(20).collect::<String>());
        return Err(StoreError::TooLarge { what, bytes: text.len(), limit: LONGEST_NAME });
    }
    Ok(text.as_bytes().to_vec())
}

/// A time with its sign flipped, so that keys sort by time, and a number.
fn moment(at: Nanos, seq: u32) -> Vec<u8> {
    let mut key = ((at as u64) ^ (1 << 63)).to_be_bytes().to_vec();
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

/// The value of an entry.
///
/// # Errors
/// The row cannot be written as msgpack.
pub(super) fn seal(entry: &Entry) -> Result<Vec<u8>, StoreError> {
    // serde's message could hold a participant's data and is therefore not passed on.
    let body = rmp_serde::to_vec_named(entry)
        .map_err(|_| StoreError::Row { what: name_of(entry).into(), message: "it cannot be encoded".into() })?;
    Ok(sealed(SCHEMA, &body))
}

/// The same entry's value for the catalogue: itself, or where it stands if it is too large for sled.
pub(super) fn slim(value: &[u8], folder: &str, place: &Place) -> Vec<u8> {
    if value.len() <= LARGEST_VALUE {
        return value.to_vec();
    }
    let file = if folder.is_empty() { place.file.clone() } else { format!("{folder}/{}", place.file) };
    let body = rmp_serde::to_vec_named(&Pointer { file, offset: place.offset }).unwrap_or_default();
    sealed(SCHEMA | ELSEWHERE, &body)
}

/// Where a large row stands: a segment (relative to the home) and the offset of its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pointer {
    pub file: String,
    pub offset: u64,
}

/// What a value holds.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "taken apart where it is made")]
pub(super) enum Value {
    Row(Entry),
    Elsewhere(Pointer),
}

/// Reads a value.
///
/// # Errors
/// A later schema, a checksum that does not hold, bytes that are no row.
pub(super) fn open(value: &[u8]) -> Result<Value, StoreError> {
    let unreadable = |message: &str| StoreError::Row { what: "a row".into(), message: message.into() };
    let (schema, body) = checked(value).ok_or_else(|| unreadable("its checksum does not hold"))?;
    if schema & !ELSEWHERE > SCHEMA {
        return Err(unreadable("a later limbic wrote it; use that one"));
    }
    let damaged = || unreadable("it is not what its kind says");
    if schema & ELSEWHERE != 0 {
        return Ok(Value::Elsewhere(rmp_serde::from_slice(body).map_err(|_| damaged())?));
    }
    Ok(Value::Row(rmp_serde::from_slice(body).map_err(|_| damaged())?))
}

/// Schema byte and body, if the checksum holds.
pub(super) fn checked(value: &[u8]) -> Option<(u8, &[u8])> {
    let schema = *value.first()?;
    let crc = u32::from_le_bytes(value.get(1..5)?.try_into().ok()?);
    let body = value.get(5..)?;
    (checksum(schema, body) == crc).then_some((schema, body))
}

pub(super) fn sealed(schema: u8, body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(body.len() + 5);
    value.push(schema);
    value.extend_from_slice(&checksum(schema, body).to_le_bytes());
    value.extend_from_slice(body);
    value
}

fn checksum(schema: u8, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[schema]);
    crc.update(body);
    crc.finalize()
}

#[cfg(test)]
mod tests;
