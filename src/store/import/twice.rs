//! Whether an import is in the home already: the same samples twice would stand in both training and test.

use super::super::disk::hex;
use super::super::error::StoreError;
use super::super::home::Home;
use super::super::recording::{Recording, Scratch};
use super::super::rows::{Session, StreamRow};
use crate::signal::{Nanos, SECOND};
use sha2::{Digest, Sha256};

/// Samples of a stored session that are read at once.
const PIECE: u64 = 1 << 12;
/// A recording's file says to a second when it began, and its first sample came a little later.
const NEAR: Nanos = 2 * SECOND;

/// SHA-256 over the values of a stream, sample by sample, made while they pass. What was lost and what the stream is called
/// do not count: another format keeps less of both.
#[derive(Default)]
pub(super) struct Content {
    hasher: Sha256,
    bytes: Vec<u8>,
    any: bool,
}

impl Content {
    pub fn add(&mut self, rows: &[f32]) {
        self.bytes.clear();
        self.bytes.extend(rows.iter().flat_map(|value| value.to_le_bytes()));
        self.hasher.update(&self.bytes);
        self.any |= !rows.is_empty();
    }

    /// In hex; empty where there was no sample, since nothing is like everything else that is nothing.
    pub fn named(self) -> String {
        if self.any { hex(&self.hasher.finalize()) } else { String::new() }
    }

    /// Of a stored stream.
    fn stored(recording: &Recording, row: &StreamRow) -> Result<String, StoreError> {
        let (mut content, mut scratch, mut data, mut rows) = (Content::default(), Scratch::default(), Vec::new(), Vec::new());
        let (from, to) = recording.extent(row.info.id)?;
        for low in (from..to).step_by(PIECE as usize) {
            recording.stretch(row.info.id, low, (low + PIECE).min(to), &mut scratch, &mut data)?;
            rows.clear();
            for t in 0..data.first().map_or(0, Vec::len) {
                let sample = data.iter().map(|channel| channel[t]);
                if sample.clone().any(|value| !value.is_nan()) {
                    rows.extend(sample);
                }
            }
            content.add(&rows);
        }
        Ok(content.named())
    }
}

impl Home {
    /// The session whose data an import brings again: one of the same content, or one that was recorded here of the same
    /// person at the same time, as long and as wide, since a file may have rounded its values. `main` is the import's first
    /// stream.
    pub(super) fn same_as(&self, import: &Session, main: &StreamRow) -> Result<Option<Session>, StoreError> {
        if import.content.is_empty() {
            return Ok(None);
        }
        for other in self.sessions()?.into_iter().filter(|other| other.id != import.id) {
            let same = match other.content.as_str() {
                "" => self.is_unnamed_twin(import, main, &other)?,
                content => content == import.content,
            };
            if same {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// As [`Home::same_as`], of a session whose content nobody has looked at: it was recorded here.
    fn is_unnamed_twin(&self, import: &Session, main: &StreamRow, other: &Session) -> Result<bool, StoreError> {
        let alike = |row: &&StreamRow| row.written == main.written && row.info.channels.len() == main.info.channels.len();
        let Some(row) = self.streams(other.id)?.into_iter().find(|row| alike(&row)) else { return Ok(false) };
        let begins = [other.started, row.first_arrival.unwrap_or(other.started)];
        let near = |begin: Nanos| (other.started_utc + begin - other.started - import.started_utc).abs() < NEAR;
        if other.is_recorded() && other.participant == import.participant && begins.into_iter().any(near) {
            return Ok(true);
        }
        // What cannot be read any more is not called the same.
        let content = self.recording(other.id).and_then(|recording| Content::stored(&recording, &row));
        Ok(content.is_ok_and(|content| content == import.content))
    }
}
