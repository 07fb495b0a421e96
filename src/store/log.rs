//! A row of segments with one stem in one folder: buffered frames, durable on flush, rotated when full.

use super::disk;
use super::error::{Named, StoreError};
use super::segment::{AppendError, Recovery, Segment, put_frame, scan};
use std::path::{Path, PathBuf};

/// A segment that has reached this size is followed by the next number.
const FULL: u64 = 512 << 20;
/// Key of the frame that says that a segment was closed cleanly.
pub(super) const CLOSED: &[u8] = &[0xFF];

/// Where a frame stands, for rows that are too large for the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Name of the segment within its folder.
    pub file: String,
    pub offset: u64,
}

/// A segment's checksum, as far as it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    /// Name of the segment within its folder.
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
}

/// The writing end. Segments come into being when something is flushed.
#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    stem: String,
    /// Number of the segment that is open, or of the next one.
    number: u32,
    segment: Option<Segment>,
    /// Of the segments that were left.
    left: Vec<Digest>,
    /// Frames that are not durable yet.
    buffer: Vec<u8>,
    /// Bytes of the buffer that the operating system has already.
    written: usize,
    /// Where each buffered frame begins in the buffer.
    waiting: Vec<usize>,
    full: u64,
    #[cfg(test)]
    pub(super) failing_syncs: u32,
}

impl Log {
    /// Continues behind whatever is there, in a new segment.
    pub(super) fn behind(folder: &Path, stem: &str) -> Result<Log, StoreError> {
        let number = disk::segments(folder, stem)?.last().map_or(0, |(n, _)| n + 1);
        Ok(Log {
            folder: folder.into(),
            stem: stem.into(),
            number,
            segment: None,
            left: Vec::new(),
            buffer: Vec::new(),
            written: 0,
            waiting: Vec::new(),
            full: FULL,
            #[cfg(test)]
            failing_syncs: 0,
        })
    }

    /// Goes on in the last segment if it is whole and was closed cleanly, otherwise behind it.
    pub(super) fn resume(folder: &Path, stem: &str) -> Result<Log, StoreError> {
        let mut log = Log::behind(folder, stem)?;
        if let Some((number, name)) = disk::segments(folder, stem)?.pop() {
            let path = folder.join(name);
            let mut last_closes = false;
            let recovery = scan(&path, |_, key, _| {
                last_closes = key == CLOSED;
                true
            })?;
            if last_closes && recovery == Recovery::default() {
                log.segment = Some(Segment::reopen(&path)?);
                log.number = number;
            }
        }
        Ok(log)
    }

    /// Buffers a frame; nothing is on disk before [`Log::flush`].
    pub(super) fn put(&mut self, key: &[u8], payload: &[u8]) -> Result<(), StoreError> {
        self.put_with(key, |buffer| buffer.extend_from_slice(payload))
    }

    /// As [`Log::put`]; `fill` appends the payload.
    pub(super) fn put_with(&mut self, key: &[u8], fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        let at = self.buffer.len();
        put_frame(&mut self.buffer, key, fill)?;
        self.waiting.push(at);
        Ok(())
    }

    /// Forgets what was buffered and not flushed.
    pub(super) fn discard(&mut self) {
        self.buffer.clear();
        self.waiting.clear();
        self.written = 0;
    }

    pub(super) fn stem(&self) -> &str {
        &self.stem
    }

    /// Bytes that wait for the next flush.
    pub(super) fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// Hands the buffered frames to the operating system, so that they outlive this process; they stay buffered until
    /// [`Log::flush`] has made them durable.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        if self.written == self.buffer.len() {
            return Ok(());
        }
        self.rotate();
        let outcome = self.append_only();
        self.told(outcome).map(|_| ())
    }

    /// Makes all buffered frames durable and says where they stand, in order. After an error they are still
    /// buffered; the next flush tries again.
    pub(super) fn flush(&mut self) -> Result<Vec<Place>, StoreError> {
        if self.buffer.is_empty() {
            return Ok(Vec::new());
        }
        self.rotate();
        let mut outcome = self.append();
        if matches!(outcome, Err(AppendError::Sync(_))) {
            // Pages of a failed fdatasync may be gone although a second one succeeds: only a new file is sure.
            self.leave();
            outcome = self.append();
        }
        let base = self.told(outcome)?;
        self.buffer.clear();
        self.written = 0;
        let file = disk::segment_name(&self.stem, self.number);
        Ok(self.waiting.drain(..).map(|at| Place { file: file.clone(), offset: base + at as u64 }).collect())
    }

    /// Flushes and marks the segment as closed cleanly, so that [`Log::resume`] may go on in it.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        if self.segment.is_some() {
            self.put(CLOSED, &[])?;
            self.flush()?;
        }
        Ok(())
    }

    /// Checksums of all segments that were begun here, less what is not durable.
    pub(super) fn digests(&self) -> Vec<Digest> {
        self.left.iter().cloned().chain(self.digest()).collect()
    }

    fn digest(&self) -> Option<Digest> {
        let segment = self.segment.as_ref()?;
        let file = disk::segment_name(&self.stem, self.number);
        Some(Digest { file, bytes: segment.end(), sha256: segment.sha256()? })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(disk::segment_name(&self.stem, self.number))
    }

    /// The open segment is not written to again; what it has not made durable goes into the next.
    fn leave(&mut self) {
        self.written = 0;
        self.left.extend(self.digest());
        if self.segment.take().is_some() {
            self.number += 1;
        }
    }

    /// Leaves a segment that would grow too large, unless part of the buffer stands in it already.
    fn rotate(&mut self) {
        let grown = self.segment.as_ref().is_some_and(|s| s.end() > 0 && s.end() + self.buffer.len() as u64 > self.full);
        if grown && self.written == 0 {
            self.leave();
        }
    }

    fn told(&mut self, outcome: Result<u64, AppendError>) -> Result<u64, StoreError> {
        let path = self.path();
        match outcome {
            Ok(base) => Ok(base),
            Err(AppendError::Write(e)) => Err(e).named("write", &path),
            Err(AppendError::Sync(e)) => {
                self.leave();
                Err(e).named("make durable", &path)
            }
        }
    }

    /// Appends the buffer and waits for the disk; answers where it begins.
    fn append(&mut self) -> Result<u64, AppendError> {
        let base = self.append_only()?;
        #[cfg(test)]
        if self.failing_syncs > 0 {
            self.failing_syncs -= 1;
            return Err(AppendError::Sync(std::io::Error::other("injected")));
        }
        let Some(segment) = &mut self.segment else { return Ok(base) };
        segment.sync(&self.buffer)?;
        Ok(base)
    }

    /// Writes what of the buffer is not written yet; answers where the buffer begins.
    fn append_only(&mut self) -> Result<u64, AppendError> {
        if self.segment.is_none() {
            let path = self.path();
            let made = Segment::create(&path).map_err(|e| match e {
                StoreError::Io { source, .. } => AppendError::Write(source),
                other => AppendError::Write(std::io::Error::other(other.to_string())),
            });
            if made.is_err() && path.exists() {
                // The name was made, but not durably: do not come back to it.
                self.number += 1;
            }
            self.segment = Some(made?);
        }
        let Some(segment) = &mut self.segment else { return Err(AppendError::Write(std::io::Error::other("no segment"))) };
        segment.write(&self.buffer[self.written..], self.written as u64)?;
        self.written = self.buffer.len();
        Ok(segment.end())
    }

    #[cfg(test)]
    pub(super) fn rotate_at(&mut self, bytes: u64) {
        self.full = bytes;
    }
}

#[cfg(test)]
mod tests;
