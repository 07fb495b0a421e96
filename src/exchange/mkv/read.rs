//! Reads face video back from the Matroska files that limbic writes.

use super::{MJPEG, id};
use crate::exchange::ExchangeError;
use std::path::Path;

/// A film as it stands in a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Film {
    pub title: String,
    /// (Nanoseconds since the first frame's zero, JPEG), in the file's order.
    pub frames: Vec<(i64, Vec<u8>)>,
    /// false: the file ends in the middle of something.
    pub clean: bool,
}

/// Reads a file.
///
/// # Errors
/// It cannot be read, is no Matroska, or its first track is no motion JPEG. A file that ends early is none: what is
/// whole is read.
pub fn read(path: &Path) -> Result<Film, ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    parse(&bytes).map_err(|why| ExchangeError::NotMkv { path: path.into(), why })
}

/// One element: its id and its contents, cut off where the file is.
struct Element<'a> {
    id: u32,
    contents: &'a [u8],
    whole: bool,
}

/// Takes the next element off the front; None at the end or where no element can stand.
fn next<'a>(bytes: &mut &'a [u8]) -> Option<Element<'a>> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    if id_length > 4 || bytes.len() <= id_length {
        return None;
    }
    let id = bytes[..id_length].iter().fold(0, |n, b| n << 8 | u32::from(*b));
    let rest = &bytes[id_length..];
    let length = rest.first()?.leading_zeros() as usize + 1;
    if length > 8 || rest.len() < length {
        return None;
    }
    let raw = rest[..length].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let mask = (1u64 << (7 * length)) - 1;
    let rest = &rest[length..];
    // All ones: unknown, up to the end of what holds it.
    let wanted = if raw & mask == mask { rest.len() } else { usize::try_from(raw & mask).unwrap_or(usize::MAX) };
    let here = wanted.min(rest.len());
    *bytes = &rest[here..];
    Some(Element { id, contents: &rest[..here], whole: here == wanted })
}

fn children(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || next(&mut bytes))
}

fn number(contents: &[u8]) -> u64 {
    contents.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b))
}

pub(super) fn parse(bytes: &[u8]) -> Result<Film, String> {
    let mut rest = bytes;
    next(&mut rest).filter(|e| e.id == id::EBML).ok_or("it does not begin as Matroska does")?;
    let segment = children(rest).find(|e| e.id == id::SEGMENT).ok_or("it has no segment")?;
    let mut film = Film { clean: segment.whole, ..Film::default() };
    let (mut scale, mut codec) = (1_000_000, None);
    let mut left = segment.contents;
    while let Some(part) = next(&mut left) {
        film.clean &= part.whole;
        match part.id {
            id::INFO => {
                for field in children(part.contents) {
                    match field.id {
                        id::SCALE => scale = number(field.contents),
                        id::TITLE => film.title = String::from_utf8_lossy(field.contents).into_owned(),
                        _ => {}
                    }
                }
            }
            id::TRACKS => {
                let track = children(part.contents).find(|e| e.id == id::TRACK);
                let field = track.and_then(|t| children(t.contents).find(|e| e.id == id::CODEC));
                codec = field.map(|f| String::from_utf8_lossy(f.contents).into_owned());
            }
            id::CLUSTER => film.frames.extend(cluster(part.contents, scale)),
            _ => {}
        }
    }
    film.clean &= left.is_empty();
    match codec.as_deref() {
        Some(MJPEG) => Ok(film),
        Some(other) => Err(format!("its first track is {other}; limbic reads {MJPEG}")),
        None => Err("it has no track".into()),
    }
}

/// The whole frames of a cluster.
fn cluster(contents: &[u8], scale: u64) -> Vec<(i64, Vec<u8>)> {
    let mut base = 0;
    let mut frames = Vec::new();
    for part in children(contents) {
        match part.id {
            id::TIMESTAMP => base = number(part.contents) as i64,
            // Track 1, 16 bits of time, flags; lacing (bits 1 and 2) is not ours.
            id::BLOCK if part.whole && part.contents.len() > 4 && part.contents[3] & 0x06 == 0 => {
                let own = i64::from(i16::from_be_bytes([part.contents[1], part.contents[2]]));
                let at = base.saturating_add(own).saturating_mul(i64::try_from(scale).unwrap_or(i64::MAX));
                frames.push((at, part.contents[4..].to_vec()));
            }
            _ => {}
        }
    }
    frames
}
