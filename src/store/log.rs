//! A row of segments with one stem in one folder: buffered frames, durable on flush, rotated when full.

use super::disk;
use super::error::{Named, StoreError};
use super::segment::{Recovery, Segment, Written, put_frame, scan};
use std::io;
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

/// What a log has written and the disk is to make durable. It may be waited for in another thread, while the log takes
/// and writes more.
#[derive(Debug)]
pub(super) struct Sync {
    written: Written,
    /// The segment's number.
    number: u32,
    /// Where each of the frames stands that are not durable before, in order.
    pub places: Vec<Place>,
    #[cfg(test)]
    fails: bool,
}

impl Sync {
    /// Waits for the disk.
    pub(super) fn wait(&self) -> io::Result<()> {
        #[cfg(test)]
        if self.fails {
            return Err(io::Error::other("injected"));
        }
        self.written.wait()
    }
}

/// What a [`Sync`] made durable that was not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settled {
    pub frames: usize,
    pub bytes: usize,
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
    /// they are durable.
    pub(super) fn write(&mut self) -> Result<(), StoreError> {
        if self.written == self.buffer.len() {
            return Ok(());
        }
        self.rotate();
        self.append()
    }

    /// Writes the buffered frames and answers what is to be waited for; None where nothing is buffered.
    pub(super) fn begin(&mut self) -> Result<Option<Sync>, StoreError> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.write()?;
        let Some(segment) = &self.segment else { return Ok(None) };
        let (base, file) = (segment.end(), disk::segment_name(&self.stem, self.number));
        let place = |at: &usize| Place { file: file.clone(), offset: base + *at as u64 };
        Ok(Some(Sync {
            written: segment.written(self.buffer.len()),
            number: self.number,
            places: self.waiting.iter().map(place).collect(),
            #[cfg(test)]
            fails: self.failing_syncs.checked_sub(1).inspect(|left| self.failing_syncs = *left).is_some(),
        }))
    }

    /// What became of a [`Sync`]: frames that it made durable are forgotten here. Several may be under way; each
    /// settles what no other has settled yet.
    ///
    /// # Errors
    /// The disk did not take it. What is not durable stays buffered and goes into a new segment: pages of a failed
    /// fdatasync may be gone although a second one succeeds, only a new file is sure.
    pub(super) fn end(&mut self, sync: &Sync, outcome: io::Result<()>) -> Result<Settled, StoreError> {
        if sync.number != self.number {
            return Ok(Settled::default()); // its frames were written again elsewhere
        }
        let path = self.path();
        let Some(segment) = &mut self.segment else { return Ok(Settled::default()) };
        if outcome.is_err() {
            self.leave();
            return outcome.map(|()| Settled::default()).named("make durable", &path);
        }
        let bytes = segment.settle(&sync.written);
        let frames = self.waiting.partition_point(|at| *at < bytes);
        self.waiting.drain(..frames);
        self.waiting.iter_mut().for_each(|at| *at -= bytes);
        self.buffer.drain(..bytes);
        self.written -= bytes;
        Ok(Settled { frames, bytes })
    }

    /// Makes all buffered frames durable and says where they stand, in order. After an error they are still
    /// buffered; the next flush tries again.
    pub(super) fn flush(&mut self) -> Result<Vec<Place>, StoreError> {
        let Some(sync) = self.begin()? else { return Ok(Vec::new()) };
        if self.end(&sync, sync.wait()).is_ok() {
            return Ok(sync.places);
        }
        // Once more, in a new file.
        let Some(sync) = self.begin()? else { return Ok(Vec::new()) };
        self.end(&sync, sync.wait())?;
        Ok(sync.places)
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

    /// Leaves a segment that would grow too large, unless part of the buffer stands in it already (a disk that is
    /// always behind makes large segments, nothing worse).
    fn rotate(&mut self) {
        let grown = self.segment.as_ref().is_some_and(|s| s.end() > 0 && s.end() + self.buffer.len() as u64 > self.full);
        if grown && self.written == 0 {
            self.leave();
        }
    }

    /// Writes what of the buffer is not written yet.
    fn append(&mut self) -> Result<(), StoreError> {
        let path = self.path();
        let segment = match &mut self.segment {
            Some(segment) => segment,
            none => {
                let made = Segment::create(&path);
                if made.is_err() && path.exists() {
                    // The name was made, but not durably: do not come back to it.
                    self.number += 1;
                }
                none.insert(made?)
            }
        };
        segment.write(&self.buffer[self.written..], self.written as u64).named("write", &path)?;
        self.written = self.buffer.len();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn rotate_at(&mut self, bytes: u64) {
        self.full = bytes;
    }
}

#[cfg(test)]
mod tests;
