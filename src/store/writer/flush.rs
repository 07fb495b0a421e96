//! Making durable what a writer has buffered: at once, or begun here and waited for in another thread.

use super::super::align::apply;
use super::super::disk;
use super::super::error::StoreError;
use super::super::home::Home;
use super::super::journal;
use super::super::keys::Pair;
use super::super::log::Sync;
use super::super::rows::SessionId;
use super::SessionWriter;
use crate::signal::StreamId;
use std::io;
use std::path::PathBuf;

/// What the operating system has been given and the disk is to make durable: samples first, then the journal.
pub(in crate::store) struct Flush {
    samples: Vec<(StreamId, Sync)>,
    journal: Option<Journal>,
    /// Why some of it could not even be written.
    refused: Option<StoreError>,
}

/// The journal's part, with what the catalogue is to be told of it.
struct Journal {
    sync: Sync,
    rows: Vec<Pair>,
    home: Home,
    session: SessionId,
    folder: PathBuf,
}

/// A [`Flush`] that was waited for.
pub(in crate::store) struct Flushed {
    samples: Vec<(StreamId, Sync, io::Result<()>)>,
    journal: Option<(Sync, io::Result<()>)>,
    refused: Option<StoreError>,
}

impl Flush {
    /// Waits for the disk, then brings the catalogue up to date. Labels do not wait for samples that the disk refused.
    pub(in crate::store) fn wait(self) -> Flushed {
        let waited = |(stream, sync): (StreamId, Sync)| {
            let outcome = sync.wait();
            (stream, sync, outcome)
        };
        let samples = self.samples.into_iter().map(waited).collect();
        Flushed { samples, journal: self.journal.map(Journal::wait), refused: self.refused }
    }
}

impl Journal {
    fn wait(self) -> (Sync, io::Result<()>) {
        let outcome = self.sync.wait();
        if outcome.is_ok() {
            // From here on the rows are safe; the catalogue is a view and may follow later.
            let total = disk::segment_bytes(&self.folder, journal::SESSION).unwrap_or(0);
            let (scope, name) = (self.session.0, self.session.to_string());
            apply(&mut self.home.state(), scope, &name, self.rows, &self.sync.places, total);
        }
        (self.sync, outcome)
    }
}

impl SessionWriter {
    /// Gives everything (without `samples`: the journal) to the operating system and answers what is to be waited for,
    /// which any thread may do. [`SessionWriter::end_flush`] takes it back; one flush at a time.
    pub(in crate::store) fn begin_flush(&mut self, samples: bool) -> Flush {
        let mut flush = Flush { samples: Vec::new(), journal: None, refused: None };
        for (id, lane) in self.lanes.iter_mut().filter(|_| samples) {
            match lane.seal(self.session.id, &mut self.encoder).and_then(|()| lane.log.begin()) {
                Ok(sync) => flush.samples.extend(sync.map(|sync| (*id, sync))),
                Err(e) => flush.refused = flush.refused.or(Some(e)),
            }
        }
        match self.journal.begin() {
            Ok(sync) => flush.journal = sync.map(|sync| self.journal_of(sync)),
            Err(e) => flush.refused = flush.refused.or(Some(e)),
        }
        flush
    }

    fn journal_of(&self, sync: Sync) -> Journal {
        let (rows, home, folder) = (self.rows.clone(), self.home.clone(), self.folder.clone());
        Journal { sync, rows, home, session: self.session.id, folder }
    }

    /// Counts and forgets what became durable.
    ///
    /// # Errors
    /// The disk. What was not written is still buffered and tried again by the next flush.
    pub(in crate::store) fn end_flush(&mut self, flushed: Flushed) -> Result<(), StoreError> {
        let mut outcome = flushed.refused.map_or(Ok(()), Err);
        for (stream, sync, waited) in flushed.samples {
            let Some(lane) = self.lanes.get_mut(&stream) else { continue };
            match lane.log.end(&sync, waited) {
                Ok(settled) => self.written += settled.bytes as u64,
                Err(e) => outcome = outcome.and(Err(e)),
            }
        }
        let Some((sync, waited)) = flushed.journal else { return outcome };
        match self.journal.end(&sync, waited) {
            Ok(settled) => {
                self.written += settled.bytes as u64;
                self.rows.drain(..settled.frames);
            }
            Err(e) => outcome = outcome.and(Err(e)),
        }
        outcome
    }

    /// Makes everything durable: samples, then the journal; then brings the catalogue up to date.
    ///
    /// # Errors
    /// The disk. What was not written is still buffered and tried again by the next flush.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        // Labels do not wait for samples that the disk refused.
        self.flush_samples().and(self.flush_journal())
    }

    /// Makes the samples durable, not the journal.
    pub(super) fn flush_samples(&mut self) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for lane in self.lanes.values_mut() {
            let bytes = lane.seal(self.session.id, &mut self.encoder).and_then(|()| {
                let bytes = lane.log.pending() as u64;
                lane.log.flush().map(|_| bytes)
            });
            match bytes {
                Ok(bytes) => self.written += bytes,
                Err(e) => outcome = outcome.and(Err(e)),
            }
        }
        outcome
    }

    /// Makes the journal durable, not the samples.
    ///
    /// # Errors
    /// As [`SessionWriter::flush`].
    pub fn flush_journal(&mut self) -> Result<(), StoreError> {
        // Once more after a failure, in a new file.
        for last in [false, true] {
            let Some(sync) = self.journal.begin()? else { break };
            let (sync, waited) = self.journal_of(sync).wait();
            match self.journal.end(&sync, waited) {
                Ok(settled) => {
                    self.written += settled.bytes as u64;
                    self.rows.drain(..settled.frames);
                    break;
                }
                Err(e) if last => return Err(e),
                Err(_) => {}
            }
        }
        Ok(())
    }
}
