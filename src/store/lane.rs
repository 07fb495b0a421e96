//! One stream of the session that is being written: its segments, its counters, its file names.

use super::disk;
use super::error::StoreError;
use super::journal;
use super::keys;
use super::log::Log;
use super::rows::{SessionId, StreamRow};
use crate::signal::{Nanos, StreamInfo};
use std::path::Path;

/// One stream's segments and counters.
pub(super) struct Lane {
    pub row: StreamRow,
    /// Frames that were counted but not written, for lack of consent.
    pub withheld: u64,
    pub log: Log,
    seq: u64,
    /// Index that the next frame should have.
    pub expected: Option<u64>,
    pub step: Option<f64>,
    /// The row has changed since it was last put into the journal.
    pub changed: bool,
}

impl Lane {
    /// A stream that begins now. Its files have its name, unless one of these stems is taken already.
    pub(super) fn open(folder: &Path, info: &StreamInfo, taken: &[&str]) -> Result<Lane, StoreError> {
        let mut stem = plain_stem(&info.name);
        let used = taken.contains(&stem.as_str()) || !disk::segments(folder, &stem)?.is_empty();
        if stem.is_empty() || stem == journal::SESSION || used {
            stem = format!("{stem}_{}", info.id.0);
        }
        let (first_arrival, last_arrival) = (None, None);
        let row = StreamRow { info: info.clone(), written: 0, lost: 0, dropped: 0, first_arrival, last_arrival };
        let log = Log::behind(folder, &stem)?;
        Ok(Lane { row, withheld: 0, log, seq: 0, expected: None, step: None, changed: false })
    }

    /// Buffers one frame of `n` samples.
    pub(super) fn put(&mut self, session: SessionId, payload: &[u8], arrived: Nanos, n: u64) -> Result<(), StoreError> {
        let key = keys::data_key(session, self.row.info.id.0, self.seq);
        self.log.put(&key, payload)?;
        self.seq += 1;
        self.row.written += n;
        self.row.first_arrival.get_or_insert(arrived);
        self.row.last_arrival = Some(arrived);
        Ok(())
    }
}

/// The stem of a stream's files, where nothing else has it.
pub(super) fn plain_stem(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(plain).take(40).collect()
}
