//! The chunks of an XDF file, from whatever is whole of it.

use crate::exchange::bytes::{Cursor, Kind, find};
use crate::exchange::xml::{self, Element};
use std::collections::BTreeMap;

/// Every boundary chunk holds it, so that reading can go on behind damage.
pub(super) const BOUNDARY: [u8; 16] =
    [0x43, 0xA5, 0x46, 0xDC, 0xCB, 0xF5, 0x41, 0x0F, 0xB3, 0x0E, 0xD5, 0x46, 0x73, 0x83, 0xCB, 0xE4];

/// More channels than this are damage.
const MOST_CHANNELS: usize = 10_000;

/// One stream as it stands in the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    pub header: Element,
    pub name: String,
    pub channels: usize,
    /// Samples a second; 0: whenever something happens.
    pub rate: f64,
    /// None: text.
    pub kind: Option<Kind>,
    /// s on the clock of the stream's own computer.
    pub stamps: Vec<f64>,
    /// Row-major.
    pub values: Vec<f32>,
    pub texts: Vec<String>,
    /// (time, offset that leads from the stream's clock to the recorder's), s.
    pub offsets: Vec<(f64, f64)>,
}

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub header: Element,
    /// In the order of their headers.
    pub order: Vec<u32>,
    pub tracks: BTreeMap<u32, Track>,
    /// Stretches that were skipped: where, how many bytes.
    pub damage: Vec<(usize, usize)>,
    /// The last chunk is not whole.
    pub cut: bool,
}

/// Reads all chunks behind the magic; None where that is missing.
pub(super) fn parse(bytes: &[u8]) -> Option<Contents> {
    let mut cursor = Cursor::new(bytes);
    (cursor.take(4)? == b"XDF:").then_some(())?;
    let mut contents = Contents::default();
    while cursor.left() > 0 {
        let begin = cursor.at;
        match chunk(&mut cursor) {
            Ok((tag, body)) => {
                if understood(tag, body, &mut contents, false) {
                    continue;
                }
                skip(&mut cursor, bytes, begin, &mut contents);
            }
            Err(Some((tag, body))) => {
                // Its length leads past the end: a cut file, unless a boundary stands behind.
                if find(bytes, &BOUNDARY, begin + 1).is_some() {
                    skip(&mut cursor, bytes, begin, &mut contents);
                } else {
                    contents.cut = true;
                    understood(tag, body, &mut contents, true);
                    break;
                }
            }
            Err(None) => skip(&mut cursor, bytes, begin, &mut contents),
        }
    }
    Some(contents)
}

/// A tag and the contents behind it.
type Tagged<'a> = (u16, &'a [u8]);

/// One chunk's tag and contents; where it ends behind the file, what there is of it.
fn chunk<'a>(cursor: &mut Cursor<'a>) -> Result<Tagged<'a>, Option<Tagged<'a>>> {
    let length = length(cursor).and_then(|n| usize::try_from(n).ok()).filter(|n| *n >= 2).ok_or(None)?;
    let tag = cursor.u16().filter(|tag| (1..=6).contains(tag)).ok_or(None)?;
    let whole = cursor.left();
    match cursor.take(length - 2) {
        Some(body) => Ok((tag, body)),
        None => Err(cursor.take(whole).map(|body| (tag, body))),
    }
}

/// A number of 1, 4 or 8 bytes, as the byte before it says.
fn length(cursor: &mut Cursor) -> Option<u64> {
    match cursor.u8()? {
        1 => cursor.u8().map(u64::from),
        4 => cursor.u32().map(u64::from),
        8 => cursor.u64(),
        _ => None,
    }
}

/// Goes on behind the next boundary, or ends.
fn skip(cursor: &mut Cursor, bytes: &[u8], begin: usize, contents: &mut Contents) {
    let next = find(bytes, &BOUNDARY, begin + 1).map_or(bytes.len(), |at| at + BOUNDARY.len());
    contents.damage.push((begin, next - begin));
    cursor.at = next;
}

/// Takes up one chunk; false where its contents are damaged. `cut`: only its beginning is there.
fn understood(tag: u16, body: &[u8], contents: &mut Contents, cut: bool) -> bool {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut cursor = Cursor::new(body);
    match tag {
        1 => xml::parse(&text(body)).map(|header| contents.header = header).is_some(),
        2 => {
            let Some((id, header)) = cursor.u32().zip(xml::parse(&text(body.get(4..).unwrap_or_default()))) else { return false };
            let Some(track) = track(header) else { return false };
            if contents.tracks.insert(id, track).is_none() {
                contents.order.push(id);
            }
            true
        }
        3 => {
            let Some(track) = cursor.u32().and_then(|id| contents.tracks.get_mut(&id)) else { return cut };
            let (stamps, values, texts) = (track.stamps.len(), track.values.len(), track.texts.len());
            let whole = samples(&mut cursor, track).is_some();
            if !whole && !cut {
                // Nothing of a damaged chunk can be trusted.
                track.stamps.truncate(stamps);
                track.values.truncate(values);
                track.texts.truncate(texts);
            }
            whole || cut
        }
        4 => {
            let (id, pair) = (cursor.u32(), cursor.f64().zip(cursor.f64()));
            let track = id.and_then(|id| contents.tracks.get_mut(&id));
            if let (Some(track), Some((time, offset))) = (track, pair)
                && time.is_finite()
                && offset.is_finite()
            {
                // The offset was taken at the recorder's `time`; on the stream's own clock that is earlier by it.
                track.offsets.push((time, offset));
            }
            pair.is_some() || cut
        }
        // Boundaries are for those who look for them; a footer says nothing that the samples do not.
        _ => true,
    }
}

fn track(header: Element) -> Option<Track> {
    let root = if header.name == "info" { Some(&header) } else { header.find("info") }?;
    let channels = root.text_of("channel_count").parse().ok().filter(|n| (1..=MOST_CHANNELS).contains(n))?;
    let rate = root.text_of("nominal_srate").parse().ok().filter(|r: &f64| r.is_finite() && *r >= 0.0)?;
    let kind = match root.text_of("channel_format") {
        "int8" => Some(Kind::I8),
        "int16" => Some(Kind::I16),
        "int32" => Some(Kind::I32),
        "int64" => Some(Kind::I64),
        "float32" => Some(Kind::F32),
        "double64" => Some(Kind::F64),
        "string" => None,
        _ => return None,
    };
    let name = root.text_of("name").to_string();
    Some(Track { name, channels, rate, kind, header, ..Track::default() })
}

/// The samples of one chunk; None where it ends within one, what was whole is kept.
fn samples(cursor: &mut Cursor, track: &mut Track) -> Option<()> {
    let period = if track.rate > 0.0 { 1.0 / track.rate } else { 0.0 };
    for _ in 0..length(cursor)? {
        let stamp = match cursor.u8()? {
            0 => track.stamps.last().copied().unwrap_or(0.0) + period,
            8 => cursor.f64()?,
            _ => return None,
        };
        match track.kind {
            Some(kind) => {
                let row = cursor.take(kind.width() * track.channels)?;
                make_room(&mut track.values, track.channels);
                track.values.extend(row.chunks_exact(kind.width()).map(|word| kind.value(word, false) as f32));
            }
            None => {
                let mut words = Vec::new();
                for _ in 0..track.channels {
                    let n = length(cursor).and_then(|n| usize::try_from(n).ok())?;
                    words.push(String::from_utf8_lossy(cursor.take(n)?).into_owned());
                }
                track.texts.push(words.join("; "));
            }
        }
        make_room(&mut track.stamps, 1);
        track.stamps.push(stamp);
    }
    Some(())
}

/// Room for more, an eighth of what there is at a time: a list that doubles may take as much as the file again.
fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        list.reserve_exact(more.max(list.len() / 8).max(64));
    }
}
