//! The records of a file, a block at a time: a long recording need not lie in memory beside its samples.

use super::header::{self, Header};
use crate::exchange::ExchangeError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes that are read at once, or one record where that is longer.
const BLOCK: usize = 1 << 18;
/// No header is longer: 4096 signals.
const LONGEST_HEADER: u64 = 256 * 4097;

/// An open file behind its header.
pub(super) struct Records {
    path: PathBuf,
    file: File,
    begin: u64,
    record: usize,
    pub count: usize,
    /// Bytes of the file.
    pub length: usize,
}

impl Records {
    /// Opens a file and reads its header; no record yet.
    pub fn open(path: &Path) -> Result<(Header, Records), ExchangeError> {
        let failed = |cause| ExchangeError::Read { path: path.into(), cause };
        let mut file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut head = Vec::new();
        file.by_ref().take(256).read_to_end(&mut head).map_err(failed)?;
        // The second part's length stands in the first.
        let signals = head.get(252..256).and_then(|b| std::str::from_utf8(b).ok()?.trim().parse::<u64>().ok()).unwrap_or(0);
        let rest = signals.saturating_mul(256).min(LONGEST_HEADER);
        file.by_ref().take(rest).read_to_end(&mut head).map_err(failed)?;
        let header = header::parse(&head, path)?;
        let (begin, record) = (header.bytes as u64, header.record_bytes());
        Ok((header, Records { path: path.into(), file, begin, record, count: 0, length: length as usize }))
    }

    /// The same file once more.
    pub fn again(&self) -> Result<Records, ExchangeError> {
        let file = self.file.try_clone().map_err(|cause| ExchangeError::Read { path: self.path.clone(), cause })?;
        let Records { path, begin, record, count, length, .. } = self;
        Ok(Records { path: path.clone(), file, begin: *begin, record: *record, count: *count, length: *length })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of one record.
    pub fn bytes(&self) -> usize {
        self.record
    }

    /// Reads some records, wherever the file stands.
    pub fn take(&self, records: Range<usize>, bytes: &mut Vec<u8>) -> std::io::Result<()> {
        bytes.resize(self.record * records.len(), 0);
        self.file.read_exact_at(bytes, self.begin + (self.record * records.start) as u64)
    }

    /// Hands all records over, in order: the number of the first one, and some of them without a gap between.
    pub fn each(&mut self, mut take: impl FnMut(usize, &[u8])) -> Result<(), ExchangeError> {
        let failed = |cause| ExchangeError::Read { path: self.path.clone(), cause };
        self.file.seek(SeekFrom::Start(self.begin)).map_err(failed)?;
        let step = (BLOCK / self.record.max(1)).max(1);
        let mut block = vec![0; self.record * step.min(self.count)];
        for first in (0..self.count).step_by(step) {
            let part = &mut block[..self.record * step.min(self.count - first)];
            self.file.read_exact(part).map_err(failed)?;
            take(first, part);
        }
        Ok(())
    }
}
