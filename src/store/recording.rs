//! Reading one session: its rows, its samples by time with gaps explicit, its face frames.
//!
//! Opening reads and checks every frame once and keeps where they stand; samples and JPEGs are read when asked for.
//! Nothing on disk changes, and the session may be in the middle of being recorded.

mod damage;
mod read;

use super::codec::{self, Head, Packet};
use super::disk;
use super::error::{Named, StoreError};
use super::journal::{self, Ledger};
use super::keys::{self, Tag};
use super::lane::Whereabouts;
use super::rows::{
    ClockPair, Consent, Entry, LatencyRow, Participant, Redaction, Session, SessionId, SessionState, StreamRow, Trial,
};
use super::segment::{Recovery, scan};
use super::timing::StreamClock;
use crate::gate::QualityReport;
use crate::signal::{ClockOffset, LatencyOrigin, Marker, MarkerKind, Nanos, Placed, Placement, Segment, StreamId, StreamInfo};
pub use damage::{Unreadable, tell_of_damage};
pub use read::{Block, Scratch};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// One session, open for reading.
#[derive(Debug)]
pub struct Recording {
    pub session: Session,
    pub participant: Participant,
    pub consent: Consent,
    /// Counters as stored when the session was closed, what cannot be read any more counted as lost; as found in the
    /// segments if it was not closed.
    pub streams: Vec<StreamRow>,
    /// The latest attempt at each trial, by number.
    pub trials: Vec<Trial>,
    /// Every attempt.
    pub attempts: Vec<Trial>,
    /// By time.
    pub markers: Vec<Marker>,
    pub clock_pairs: Vec<ClockPair>,
    /// What was done to its face video afterwards.
    pub redactions: Vec<Redaction>,
    /// What was added to streams' own stamps, by time.
    pub clock_offsets: Vec<ClockOffset>,
    /// Latencies that were measured on this session, one a stream at most.
    pub latencies: Vec<LatencyRow>,
    /// What the experimenter marked of each electrode.
    pub placements: Vec<Placement>,
    /// Seconds in which emotions were felt, by trial, attempt and number; those taken back are left out.
    pub segments: Vec<Segment>,
    /// The latest report.
    pub quality: Option<QualityReport>,
    /// What could not be read, journal and samples together.
    pub recovery: Recovery,
    /// Samples and frames that were written and cannot be read, by stream.
    pub unreadable: Vec<Unreadable>,
    files: Vec<(PathBuf, File)>,
    tracks: BTreeMap<StreamId, Track>,
}

/// The fixed latency that holds for a stream: as measured on the session, else as the device was set up.
fn latency(measured: &[LatencyRow], info: &StreamInfo) -> (f64, LatencyOrigin) {
    let row = measured.iter().find(|row| row.stream == info.id);
    row.map_or((info.latency_s, info.latency_origin), |row| (row.latency_s, row.origin))
}

static NOTHING: Track = Track { parts: Vec::new(), ascending: true, clock: None, written: None };

/// Where the frames of one stream stand, by number.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub parts: Vec<Part>,
    /// Neither their beginnings nor their ends go back.
    ascending: bool,
    clock: Option<StreamClock>,
    /// First index and the one behind the last, as they were before anything was damaged.
    written: Option<(u64, u64)>,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    seq: u64,
    file: usize,
    offset: u64,
    pub head: Head,
    /// Index of the last sample of each packet, and when it arrived.
    arrivals: Vec<(u64, Nanos)>,
    /// Index of the first sample of each packet that the device stamped, and the stamp.
    stamps: Vec<(u64, Nanos)>,
}

impl Part {
    /// None when the payload is not what its header says.
    fn new((seq, file, offset): (u64, usize, u64), payload: &[u8]) -> Option<Part> {
        let (head, packets, _) = codec::open(payload)?;
        let (mut arrivals, mut stamps) = (Vec::with_capacity(packets.len()), Vec::new());
        let mut next = head.first;
        for Packet { n, device_time, arrived } in packets {
            stamps.extend(device_time.map(|at| (next, at)));
            next = next.saturating_add(u64::from(n));
            arrivals.push((next.saturating_sub(1), arrived));
        }
        Some(Part { seq, file, offset, head, arrivals, stamps })
    }

    fn last_arrival(&self) -> Nanos {
        self.arrivals.last().map_or(self.head.arrived, |a| a.1)
    }
}

impl Recording {
    /// The folder of the home that it lies in, where it has data.
    pub fn home(&self) -> Option<&Path> {
        self.files.first().and_then(|(file, _)| file.parent()?.parent())
    }

    /// Opens a session of a home.
    pub(super) fn open(home: &Path, id: SessionId) -> Result<Recording, StoreError> {
        let folder = home.join(id.to_string());
        if !folder.is_dir() {
            return Err(StoreError::NoSession { word: id.to_string() });
        }
        let ledger = Ledger::of_session(&folder, id)?;
        let mut recording = Recording::from_rows(&ledger, id)?;
        recording.index(&folder)?;
        recording.settle();
        recording.miss();
        Ok(recording)
    }

    /// What the journal says.
    fn from_rows(ledger: &Ledger, id: SessionId) -> Result<Recording, StoreError> {
        let one = |tag| ledger.entries(tag).map(|rows| rows.into_iter().next_back());
        let Some(Entry::Session(session)) = one(Tag::Session)? else {
            let message = "its journal has no row of the session".into();
            return Err(StoreError::Row { what: format!("session {id}"), message });
        };
        let participant = match one(Tag::Participant)? {
            Some(Entry::Participant(row)) => row,
            _ => Participant { code: session.participant.clone(), ..Participant::default() },
        };
        // A consent that is lost is none.
        let consent = if let Some(Entry::Consent(_, row)) = one(Tag::Consent)? { row } else { Consent::default() };
        let quality = match one(Tag::Quality)? {
            Some(Entry::Quality(_, row)) => Some(row),
            _ => session.quality.clone(),
        };
        let mut recording = Recording {
            session,
            participant,
            consent,
            streams: Vec::new(),
            trials: Vec::new(),
            attempts: Vec::new(),
            markers: Vec::new(),
            clock_pairs: Vec::new(),
            redactions: Vec::new(),
            clock_offsets: Vec::new(),
            latencies: Vec::new(),
            placements: Vec::new(),
            segments: Vec::new(),
            quality,
            recovery: ledger.recovery,
            unreadable: Vec::new(),
            files: Vec::new(),
            tracks: BTreeMap::new(),
        };
        for tag in keys::TAGS {
            for entry in ledger.entries(tag)? {
                match entry {
                    Entry::Stream(_, row) => recording.streams.push(row),
                    Entry::Trial(_, row) => recording.attempts.push(row),
                    Entry::Marker(_, row) => recording.markers.push(row),
                    Entry::Clock(_, row) => recording.clock_pairs.push(row),
                    Entry::Redaction(_, row) => recording.redactions.push(row),
                    Entry::Offset(_, row) => recording.clock_offsets.push(row),
                    Entry::Latency(_, row) => recording.latencies.push(row),
                    Entry::Placement(_, row) => recording.placements.push(row),
                    Entry::Segment(_, row) if !row.removed => recording.segments.push(row),
                    _ => {}
                }
            }
        }
        let latest: BTreeMap<u32, Trial> = recording.attempts.iter().map(|t| (t.number, t.clone())).collect();
        recording.trials = latest.into_values().collect();
        Ok(recording)
    }

    /// Labels of the electrodes that the experimenter marked as bad.
    pub fn marked_bad(&self) -> Vec<&str> {
        self.placements.iter().filter(|p| p.state == Placed::Bad).map(|p| p.label.as_str()).collect()
    }

    /// The segments of one attempt at a trial.
    pub fn felt(&self, trial: &Trial) -> Vec<&Segment> {
        self.segments.iter().filter(|s| (s.trial, s.attempt) == (trial.number, trial.attempt)).collect()
    }

    /// Finds every data frame.
    fn index(&mut self, folder: &Path) -> Result<(), StoreError> {
        for name in disk::file_names(folder)? {
            match disk::segment_parts(&name) {
                Some((stem, _)) if stem != journal::SESSION => {}
                _ => continue,
            }
            let path = folder.join(&name);
            let file = self.files.len();
            let (tracks, id) = (&mut self.tracks, self.session.id);
            let recovery = scan(&path, |offset, key, payload| {
                let Some((session, stream, seq)) = keys::parse_data_key(key) else { return false };
                match Part::new((seq, file, offset), payload).filter(|_| session == id) {
                    Some(part) => tracks.entry(StreamId(stream)).or_default().parts.push(part),
                    None => return false,
                }
                true
            })?;
            self.recovery.add(recovery);
            let open = File::open(&path).named("open", &path)?;
            self.files.push((path, open));
        }
        for track in self.tracks.values_mut() {
            // A frame stands twice when its first segment could not be made durable.
            track.parts.sort_by_key(|p| p.seq);
            track.parts.dedup_by_key(|p| p.seq);
            let follows = |pair: &[Part]| pair[0].head.first <= pair[1].head.first && pair[0].head.end() <= pair[1].head.end();
            track.ascending = track.parts.windows(2).all(follows);
        }
        Ok(())
    }

    /// Nobody stored the counters at its end.
    fn is_open_ended(&self) -> bool {
        matches!(self.session.state, SessionState::Prepared | SessionState::Recording | SessionState::Interrupted)
    }

    /// Clocks, and counters as found where the session was not closed.
    fn settle(&mut self) {
        let open_ended = self.is_open_ended();
        for row in &mut self.streams {
            let Some(track) = self.tracks.get_mut(&row.info.id) else { continue };
            let points: Vec<(u64, Nanos)> = track.parts.iter().flat_map(|p| p.arrivals.iter().copied()).collect();
            let stamped: Vec<(u64, Nanos)> = track.parts.iter().flat_map(|p| p.stamps.iter().copied()).collect();
            let (latency_s, origin) = latency(&self.latencies, &row.info);
            track.clock = Some(StreamClock::best(&points, &stamped, row.info.rate, latency_s).with_latency(latency_s, origin));
            if open_ended {
                row.first_index = track.parts.first().map_or(0, |p| p.head.first);
                row.gaps.clear();
                for pair in track.parts.windows(2) {
                    // What was lost before it was written; a damaged frame leaves a hole without being a gap.
                    let (next, gap) = (pair[1].head.first, u64::from(pair[1].head.gap));
                    if gap > 0 {
                        row.gap(next.saturating_sub(gap), gap);
                    }
                }
                row.written = track.parts.iter().map(|p| u64::from(p.head.n)).sum();
                row.lost = row.lost.max(track.parts.iter().map(|p| u64::from(p.head.gap)).sum());
                row.first_arrival = track.parts.first().map(|p| p.head.arrived);
                row.last_arrival = track.parts.last().map(Part::last_arrival);
            }
        }
    }

    /// The stream with that name, e.g. "eeg".
    pub fn stream(&self, name: &str) -> Option<&StreamRow> {
        self.streams.iter().find(|row| row.info.name == name)
    }

    /// How sample indices of a stream become times; None where nothing was written.
    pub fn clock(&self, stream: StreamId) -> Option<&StreamClock> {
        self.tracks.get(&stream)?.clock.as_ref()
    }

    /// How long was recorded, without what lies between its parts. A part begins where recording began, which the marker
    /// of the gate tells, and ends with its last arrival.
    pub fn recorded(&self) -> Nanos {
        let gates = self.markers.iter().filter(|m| m.kind == MarkerKind::Gate && m.at > self.session.started);
        let begins: Vec<Nanos> = std::iter::once(self.session.started).chain(gates.map(|m| m.at)).collect();
        let mut ends = begins.clone();
        let parts = self.tracks.values().flat_map(|track| &track.parts);
        for (_, at) in parts.flat_map(|part| &part.arrivals) {
            if let Some(part) = begins.partition_point(|begin| begin <= at).checked_sub(1) {
                ends[part] = ends[part].max(*at);
            }
        }
        begins.iter().zip(&ends).map(|(begin, end)| end - begin).sum()
    }

    /// The latest moment that anything speaks of.
    pub(super) fn last_moment(&self) -> Option<Nanos> {
        let arrivals = self.streams.iter().filter_map(|row| row.last_arrival);
        arrivals.chain(self.markers.iter().map(|m| m.at)).chain(self.clock_pairs.iter().map(|p| p.monotonic)).max()
    }

    /// Where a stream stopped; None where nothing of it was written.
    pub(super) fn whereabouts(&self, stream: StreamId) -> Option<Whereabouts> {
        let parts = self.parts(stream);
        let last = parts.last()?;
        let name = self.files[last.file].0.file_name()?.to_string_lossy().into_owned();
        let (stem, _) = disk::segment_parts(&name)?;
        let end = parts.iter().map(|p| p.head.end()).max()?;
        Some(Whereabouts { stem: stem.into(), seq: last.seq + 1, end, last: last.last_arrival() })
    }

    pub(super) fn parts(&self, stream: StreamId) -> &[Part] {
        self.tracks.get(&stream).map_or(&[], |t| &t.parts)
    }

    /// The parts with samples from `low` to before `high`, by number.
    fn parts_within(&self, stream: StreamId, low: u64, high: u64) -> impl Iterator<Item = &Part> {
        let Track { parts, ascending, .. } = self.tracks.get(&stream).unwrap_or(&NOTHING);
        let (mut from, mut to) = (0, parts.len());
        if *ascending {
            from = parts.partition_point(|p| p.head.end() <= low);
            to = parts.partition_point(|p| p.head.first < high).max(from);
        }
        parts[from..to].iter().filter(move |p| p.head.first < high && p.head.end() > low)
    }
}
