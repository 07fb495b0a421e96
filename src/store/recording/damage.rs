//! What was written and cannot be read any more: counted where a session is opened, so that all who read it count alike.

use super::{Recording, Track};
use crate::signal::{Nanos, Role, StreamId};
use crate::store::rows::{SessionId, StreamRow, Trial};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

/// Samples (frames) of one stream that a damaged file cost.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unreadable {
    /// The stream's row as it was stored.
    #[serde(skip)]
    stored: StreamRow,
    pub stream: String,
    /// How many cannot be read, of how many that were written.
    pub samples: u64,
    pub written: u64,
}

static TELL: OnceLock<fn(&str)> = OnceLock::new();
static TOLD: Mutex<BTreeSet<SessionId>> = Mutex::new(BTreeSet::new());

/// From now on this process says one sentence about every damaged session that it opens, once. Set by the command line,
/// whose commands open sessions in many places; screens show the counters instead.
pub fn tell_of_damage(tell: fn(&str)) {
    let _ = TELL.set(tell);
}

impl Recording {
    /// Counts what is missing against the rows, and says so where somebody listens.
    pub(super) fn miss(&mut self) {
        let open_ended = self.is_open_ended();
        for row in &mut self.streams {
            let nothing = Track::default();
            let parts = &self.tracks.get(&row.info.id).unwrap_or(&nothing).parts;
            let found: u64 = parts.iter().map(|p| u64::from(p.head.n)).sum();
            // Without counters of its own a session tells by its indices alone, where bytes between its frames belong to
            // none: what a killed recorder had not written yet is no damage, and what was dropped leaves holes too.
            let most = match open_ended {
                true if self.recovery.skipped == 0 => 0,
                true => u64::MAX,
                false => row.written.saturating_sub(found),
            };
            let holes = holes(parts, row, most, open_ended);
            let samples: u64 = holes.iter().map(|h| h.1).sum();
            if samples == 0 {
                continue;
            }
            let (stored, stream) = (row.clone(), row.info.name.clone());
            self.unreadable.push(Unreadable { stored, stream, samples, written: found + samples });
            row.written = found;
            let gaps: u64 = parts.iter().map(|p| u64::from(p.head.gap)).sum();
            // Counters of an interrupted session may have been stored with what was missing then.
            row.lost = if open_ended { row.lost.max(gaps + samples) } else { row.lost + samples };
            holes.iter().for_each(|(at, n)| row.gap(*at, *n));
            row.gaps.sort_unstable();
            if let Some(track) = self.tracks.get_mut(&row.info.id) {
                let end = holes.last().map_or(0, |(at, n)| at + n);
                track.written = holes.first().map(|(at, _)| (*at, end));
            }
        }
        if let (Some(tell), Some(sentence), Ok(mut told)) = (TELL.get(), self.damage(), TOLD.lock())
            && told.insert(self.session.id)
        {
            tell(&sentence);
        }
    }

    /// How many samples (frames) of a stream were written and cannot be read.
    pub fn unreadable_of(&self, stream: StreamId) -> u64 {
        self.unreadable.iter().find(|u| u.stored.info.id == stream).map_or(0, |u| u.samples)
    }

    /// The streams' rows without what was found to be missing: what there should be.
    pub(in crate::store) fn stored_rows(&self) -> Vec<StreamRow> {
        let stored = |row: &StreamRow| self.unreadable.iter().find(|u| u.stored.info.id == row.info.id).map(|u| &u.stored);
        self.streams.iter().map(|row| stored(row).unwrap_or(row).clone()).collect()
    }

    /// What is damaged, in one sentence; `None` for a session that is whole.
    pub fn damage(&self) -> Option<String> {
        let of = |u: &Unreadable| format!("{} of {} samples of {}", u.samples, u.written, u.stream);
        let streams: Vec<String> = self.unreadable.iter().map(of).collect();
        let gone: Vec<String> =
            self.trials.iter().filter(|t| t.is_usable() && !self.is_usable(t)).map(|t| t.number.to_string()).collect();
        let trials = if gone.is_empty() { String::new() } else { format!(", nothing is left of trials {}", gone.join(", ")) };
        let name = format!("{}/{}", self.session.participant, self.session.number);
        (!streams.is_empty()).then(|| {
            let what = streams.join(" and ");
            format!("{name} is damaged: {what} cannot be read{trials}; `limbic verify {name}` says where")
        })
    }

    /// A finished trial of which EEG can still be read, where EEG was recorded.
    pub fn is_usable(&self, trial: &Trial) -> bool {
        let (Some(on), Some(off)) = (trial.video_on, trial.video_off) else { return false };
        let eeg = || self.streams.iter().filter(|row| !row.info.with_role(Role::Eeg).is_empty());
        let damaged = |row: &&StreamRow| self.unreadable.iter().any(|u| u.stored.info.id == row.info.id);
        trial.is_usable() && (!eeg().any(|row| damaged(&row)) || eeg().any(|row| self.has_samples(row.info.id, (on, off))))
    }

    fn has_samples(&self, stream: StreamId, (on, off): (Nanos, Nanos)) -> bool {
        let Some(clock) = self.clock(stream) else { return false };
        let edge = |at| clock.index_at(at).max(0.0) as u64;
        self.parts_within(stream, edge(on), edge(off)).next().is_some()
    }
}

/// Where samples are missing that no gap of the recording explains: index of the first and how many, `most` in all.
fn holes(parts: &[super::Part], row: &StreamRow, mut most: u64, open_ended: bool) -> Vec<(u64, u64)> {
    let mut found = Vec::new();
    let mut hole = |at: u64, n: u64| {
        let n = n.min(most);
        if n > 0 {
            most -= n;
            found.push((at, n));
        }
    };
    let mut end = row.first_index;
    for part in parts {
        // What was dropped here is told by the row, what was lost before it came also by the frame.
        let dropped = row.gaps.iter().find(|(at, n)| at + n == part.head.first).map_or(0, |(_, n)| *n);
        let first = part.head.first.saturating_sub(u64::from(part.head.gap).max(dropped));
        hole(end, first.saturating_sub(end));
        end = end.max(part.head.end());
    }
    if !open_ended {
        hole(end, u64::MAX);
    }
    found
}
