//! One append-only file of checksummed frames: appending, reading one frame, reading all that is whole.
//!
//! A frame is `CHK2`, payload length u32, key length u8, CRC32 of those nine bytes, CRC32 of key and payload (all
//! little-endian), key, payload. Reading never changes the file and never stops at a damaged frame: it goes on at
//! the next place where a whole frame stands, so that one flipped bit costs one frame.

use super::disk;
use super::error::{Named, StoreError};
use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const MAGIC: [u8; 4] = *b"CHK2";
/// Bytes before the key.
pub(super) const HEADER: usize = 17;
/// Largest payload; a frame that claims more is damaged.
pub(super) const LARGEST: usize = 64 << 20;
/// How much is read at once.
const WINDOW: usize = 1 << 20;

/// What reading a segment had to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Recovery {
    /// Places where a frame should have stood.
    pub bad_frames: u64,
    /// Bytes between whole frames that belong to none.
    pub skipped: u64,
    /// Bytes behind the last whole frame.
    pub tail: u64,
}

impl Recovery {
    pub fn is_clean(&self) -> bool {
        *self == Recovery::default()
    }

    pub(super) fn add(&mut self, other: Recovery) {
        self.bad_frames += other.bad_frames;
        self.skipped += other.skipped;
        self.tail += other.tail;
    }
}

/// Appends one frame to a buffer; `fill` appends its payload.
///
/// # Errors
/// A key longer than 255 bytes or a payload longer than [`LARGEST`]; the buffer is as it was then.
pub(super) fn put_frame(buffer: &mut Vec<u8>, key: &[u8], fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
    let too_large = |what: &str, bytes, limit| StoreError::TooLarge { what: what.into(), bytes, limit };
    let klen = u8::try_from(key.len()).map_err(|_| too_large("a name", key.len(), 255))?;
    let at = buffer.len();
    buffer.extend_from_slice(&[0; HEADER]);
    buffer.extend_from_slice(key);
    fill(buffer);
    let body = &buffer[at + HEADER..];
    let (bytes, crc) = (body.len() - key.len(), crc32fast::hash(body));
    if bytes > LARGEST {
        buffer.truncate(at);
        return Err(too_large("a frame", bytes, LARGEST));
    }
    let head = &mut buffer[at..at + HEADER];
    head[..4].copy_from_slice(&MAGIC);
    head[4..8].copy_from_slice(&(bytes as u32).to_le_bytes());
    head[8] = klen;
    let hcrc = crc32fast::hash(&head[..9]);
    head[9..13].copy_from_slice(&hcrc.to_le_bytes());
    head[13..].copy_from_slice(&crc.to_le_bytes());
    Ok(())
}

/// A segment open for appending.
#[derive(Debug)]
pub(super) struct Segment {
    file: Arc<File>,
    end: u64,
    /// Of everything up to the end; None for a segment that was begun by another process.
    hash: Option<Sha256>,
    /// The same with what was written behind the end: bytes are hashed while they are at hand.
    ahead: Option<Sha256>,
}

/// A segment as far as it is written at one moment, to be waited for by whoever has the time.
#[derive(Debug)]
pub(super) struct Written {
    file: Arc<File>,
    /// Behind the last byte.
    upto: u64,
    hash: Option<Sha256>,
}

impl Written {
    /// Waits until the disk has it.
    pub(super) fn wait(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Segment {
    /// Writes whole frames behind the end and waits until the disk has them.
    #[cfg(test)]
    pub(super) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.write(frames, 0)?;
        let written = self.written(frames.len());
        written.wait()?;
        self.settle(&written);
        Ok(())
    }

    /// Creates a segment that was not there before; its name is durable on return.
    pub(super) fn create(path: &Path) -> Result<Segment, StoreError> {
        let file = disk::private_file().create_new(true).open(path).named("create", path)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).named("lock", path)?;
        file.sync_all().named("make durable", path)?;
        disk::sync_dir(path.parent().unwrap_or(Path::new(".")))?;
        Ok(Segment { file: Arc::new(file), end: 0, hash: Some(Sha256::new()), ahead: Some(Sha256::new()) })
    }

    /// Opens a segment that was closed cleanly and is whole.
    pub(super) fn reopen(path: &Path) -> Result<Segment, StoreError> {
        let file = disk::private_file().open(path).named("open", path)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).named("lock", path)?;
        let end = file.metadata().named("look at", path)?.len();
        Ok(Segment { file: Arc::new(file), end, hash: None, ahead: None })
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes whole frames `beyond` bytes behind the end, which stays where it is: they are not durable yet. After an
    /// error nothing counts as written; the same bytes may be tried again at the same place.
    pub(super) fn write(&mut self, frames: &[u8], beyond: u64) -> io::Result<()> {
        let at = self.end + beyond;
        self.file.write_all_at(frames, at).inspect_err(|_| {
            // Half a frame is no use to anyone; if it cannot be cut off, readers skip it.
            let _ = self.file.set_len(at);
        })?;
        self.ahead.iter_mut().for_each(|hash| hash.update(frames));
        Ok(())
    }

    /// As far as it is written: `beyond` bytes behind the end.
    pub(super) fn written(&self, beyond: usize) -> Written {
        Written { file: self.file.clone(), upto: self.end + beyond as u64, hash: self.ahead.clone() }
    }

    /// The disk has that: the end moves behind it. Answers by how many bytes, none if it stands there already.
    pub(super) fn settle(&mut self, durable: &Written) -> usize {
        let moved = durable.upto.saturating_sub(self.end);
        if moved > 0 {
            self.end = durable.upto;
            self.hash.clone_from(&durable.hash);
        }
        moved as usize
    }

    /// SHA-256 in hex of everything up to the end, where it is known.
    pub(super) fn sha256(&self) -> Option<String> {
        self.hash.clone().map(|hash| disk::hex(&hash.finalize()))
    }
}

/// Reads every whole frame of a file, as `frame(offset, key, payload)`. A frame for which it answers false is
/// treated as damaged (its key names something that cannot stand in this file).
pub(super) fn scan(path: &Path, mut frame: impl FnMut(u64, &[u8], &[u8]) -> bool) -> Result<Recovery, StoreError> {
    let mut window = Window::open(path).named("open", path)?;
    let mut found = Recovery::default();
    let (mut at, mut good_end) = (0, 0);
    loop {
        if let Some((klen, total)) = window.whole_frame(at).named("read", path)? {
            let bytes = window.get(at, total).named("read", path)?;
            let (key, payload) = bytes[HEADER..].split_at(klen);
            if frame(at, key, payload) {
                if at > good_end {
                    found.bad_frames += 1;
                    found.skipped += at - good_end;
                }
                at += total as u64;
                good_end = at;
                continue;
            }
        }
        match window.next_magic(at + 1).named("read", path)? {
            Some(next) => at = next,
            None => break,
        }
    }
    found.tail = window.len - good_end;
    found.bad_frames += u64::from(found.tail > 0);
    Ok(found)
}

/// Reads the frame at that offset: key and payload.
///
/// # Errors
/// [`StoreError::Damaged`] when no whole frame stands there.
pub(super) fn read_frame(file: &File, path: &Path, offset: u64) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let mut key = Vec::new();
    let klen = read_body(file, path, offset, &mut key)?;
    let payload = key.split_off(klen);
    Ok((key, payload))
}

/// Reads key and payload of the frame at that offset into memory that is there already; answers the key's length.
///
/// # Errors
/// As [`read_frame`].
pub(super) fn read_body(file: &File, path: &Path, offset: u64, body: &mut Vec<u8>) -> Result<usize, StoreError> {
    let damaged = || StoreError::Damaged { path: path.into(), offset };
    let mut head = [0; HEADER];
    file.read_exact_at(&mut head, offset).map_err(|_| damaged())?;
    let (klen, total, crc) = parse_head(&head).ok_or_else(damaged)?;
    body.resize(total - HEADER, 0);
    file.read_exact_at(body, offset + HEADER as u64).map_err(|_| damaged())?;
    if crc32fast::hash(body) == crc { Ok(klen) } else { Err(damaged()) }
}

/// Key length, bytes of the whole frame, CRC of key and payload; None if this is no frame's beginning.
fn parse_head(head: &[u8]) -> Option<(usize, usize, u32)> {
    let u32_at = |i: usize| Some(u32::from_le_bytes(head.get(i..i + 4)?.try_into().ok()?));
    if head.get(..4)? != MAGIC || u32_at(9)? != crc32fast::hash(head.get(..9)?) {
        return None;
    }
    let (len, klen) = (u32_at(4)? as usize, usize::from(*head.get(8)?));
    (len <= LARGEST).then_some((klen, HEADER + klen + len, u32_at(13)?))
}

/// A file seen through a buffer; its length is that of the moment it was opened.
struct Window {
    file: File,
    len: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn open(path: &Path) -> io::Result<Window> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Window { file, len, start: 0, bytes: Vec::new() })
    }

    /// `n` bytes from `at`, which must lie within the file.
    fn get(&mut self, at: u64, n: usize) -> io::Result<&[u8]> {
        if at < self.start || at + n as u64 > self.start + self.bytes.len() as u64 {
            let whole = n.max(WINDOW).min((self.len - at) as usize);
            self.bytes.resize(whole, 0);
            self.file.read_exact_at(&mut self.bytes, at)?;
            self.start = at;
        }
        let from = (at - self.start) as usize;
        Ok(&self.bytes[from..from + n])
    }

    fn whole_frame(&mut self, at: u64) -> io::Result<Option<(usize, usize)>> {
        if at + HEADER as u64 > self.len {
            return Ok(None);
        }
        let Some((klen, total, crc)) = parse_head(self.get(at, HEADER)?) else { return Ok(None) };
        if at + total as u64 > self.len {
            return Ok(None);
        }
        let body = &self.get(at, total)?[HEADER..];
        Ok((crc32fast::hash(body) == crc).then_some((klen, total)))
    }

    fn next_magic(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        while at + MAGIC.len() as u64 <= self.len {
            let n = WINDOW.min((self.len - at) as usize);
            let bytes = self.get(at, n)?;
            if let Some(i) = bytes.windows(MAGIC.len()).position(|w| w == MAGIC) {
                return Ok(Some(at + i as u64));
            }
            // The last three bytes may begin a magic that ends in the next window.
            at += (n - (MAGIC.len() - 1)) as u64;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
