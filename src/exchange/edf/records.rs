//! The records of a file, a block at a time: a long recording need not lie in memory beside its samples.

use super::header::{self, Header};
use crate::exchange::ExchangeError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that are read at once, or one record where that is longer.
const BLOCK: usize = 1 << 18;
/// No header is longer: 4096 signals.
const LONGEST_HEADER: u64 = 256 * 4097;

/// An open file behind its header.
pub(super) struct Records<'a> {
    path: &'a Path,
    file: File,
    begin: u64,
    record: usize,
    pub count: usize,
    /// Bytes of the file.
    pub length: usize,
}

impl<'a> Records<'a> {
    /// Opens a file and reads its header; no record yet.
    pub fn open(path: &'a Path) -> Result<(Header, Records<'a>), ExchangeError> {
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
        Ok((header, Records { path, file, begin, record, count: 0, length: length as usize }))
    }

    /// Hands all records over, in order: the number of the first one, and some of them without a gap between.
    pub fn each(&mut self, mut take: impl FnMut(usize, &[u8])) -> Result<(), ExchangeError> {
        let path = self.path;
        let failed = |cause| ExchangeError::Read { path: path.into(), cause };
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
