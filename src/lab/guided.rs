//! What the screens of the guided session show beside signals and protocol: electrodes, self-test, camera, playlist,
//! felt segments, drafts. Plain values, a part of every snapshot.

use crate::signal::{Emotion, Nanos, Placement, Role, Segment, StreamId};
use crate::store::rows::{SessionId, Trial};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// See the module's own words.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guided {
    /// Name of the rig that is connected; empty where none is.
    pub rig: String,
    /// One a channel that sits on the participant, in the rig's order.
    pub electrodes: Vec<Electrode>,
    pub test: Option<SelfTest>,
    pub camera: Option<CameraView>,
    pub playlist: Option<PlaylistView>,
    /// Felt segments of the session being recorded or just ended, all trials.
    pub segments: Vec<Segment>,
    /// The moment that is being marked while the video runs.
    pub held: Option<Held>,
    /// The trial whose timeline is open for labelling.
    #[serde(with = "super::message::shared_option")]
    pub labelling: Option<Arc<Labelling>>,
    /// What was typed and not yet sent, by field: it survives the terminal.
    pub drafts: BTreeMap<String, String>,
    /// Band powers of the last two seconds.
    #[serde(default, with = "super::message::shared_option")]
    pub bands: Option<Arc<LiveBands>>,
}

/// Band powers at every electrode, for live topographies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveBands {
    pub labels: Vec<String>,
    /// Bands x electrodes, dB above 1 uV^2, in the order of [`crate::signal::BANDS`].
    pub powers_db: Vec<Vec<f32>>,
}

/// An electrode or sensor with its mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Electrode {
    pub role: Role,
    pub stream: StreamId,
    pub mark: Placement,
    /// What the device says of its contact now, where it says anything: 0 to 4, or a percentage above 4.
    pub contact: Option<f64>,
}

/// Every stream under its self-test.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SelfTest {
    pub began: Nanos,
    /// Seconds that were watched so far, of how many.
    pub watched_s: f64,
    pub of_s: f64,
    pub streams: Vec<StreamTest>,
}

impl SelfTest {
    pub fn is_over(&self) -> bool {
        self.watched_s >= self.of_s
    }

    /// How many checks failed.
    pub fn failures(&self) -> usize {
        self.streams.iter().flat_map(|s| &s.checks).filter(|c| c.outcome == Outcome::Fails).count()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamTest {
    pub stream: StreamId,
    pub name: String,
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// "connected", "rate", "samples", "clock", "latency", "moving".
    pub what: String,
    pub outcome: Outcome,
    /// The figure: "255.98 of 256 Hz".
    pub found: String,
    /// What to do; empty where nothing is wrong.
    pub way_out: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Too little was seen so far.
    Waits,
    Holds,
    /// Worth knowing, no reason to stop.
    Warns,
    Fails,
}

/// How the camera is framed and lit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CameraView {
    /// Of the latest decoded frame, pixels.
    pub width: usize,
    pub height: usize,
    /// Mean of the picture, 0-255.
    pub brightness: f64,
    /// Share of pixels that are black or white, 0-1.
    pub clipped: f64,
    /// Mean brightness of the left half over that of the right half.
    pub left_over_right: f64,
    /// Variance of the Laplacian of the centre square at 112 x 112.
    pub sharpness: f64,
    /// Nominal frames a second.
    pub rate: f64,
    /// Somebody asked for a preview.
    pub wanted: bool,
    /// Why there is none, where one was asked for.
    pub refused: String,
    pub preview: Option<Preview>,
}

/// A small grey picture; made only where it was asked for, never stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    pub at: Nanos,
    pub width: usize,
    pub height: usize,
    /// Row by row, 0-255.
    #[serde(with = "serde_bytes_like")]
    pub grey: Vec<u8>,
}

/// A row of bytes as text, so that MessagePack and JSON both carry it in one string.
mod serde_bytes_like {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        let text: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        text.serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        let pair = |i: usize| text.get(i..i + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
        bytes.ok_or_else(|| serde::de::Error::custom("no hexadecimal picture"))
    }
}

/// What is going to be shown, in the order of showing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PlaylistView {
    pub name: String,
    pub file: Option<PathBuf>,
    /// The seed of the order; None: as listed.
    pub seed: Option<u64>,
    pub entries: Vec<PlaylistEntry>,
    /// Fixation and rest of one trial, s.
    pub around_s: f64,
    pub baseline_s: f64,
    /// Everything but the time that ratings take, s.
    pub total_s: f64,
    /// "mpv", or the null player's name.
    pub player: String,
    /// The player shows pictures; the null player runs the phases by the clock.
    pub shows: bool,
    /// Why the disk does not hold what would be recorded.
    pub no_room: Option<String>,
}

impl PlaylistView {
    /// How many entries of each emotion, most first.
    pub fn balance(&self) -> Vec<(Emotion, usize)> {
        let mut counts: BTreeMap<Emotion, usize> = BTreeMap::new();
        self.entries.iter().for_each(|e| *counts.entry(e.intended).or_default() += 1);
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        counts
    }

    /// The first sentence that says why nothing can begin, of an entry that cannot be shown or of the disk, and how many
    /// there are.
    pub fn trouble(&self) -> Option<(String, usize)> {
        let mut troubles = self.entries.iter().filter_map(|e| e.trouble.clone()).chain(self.no_room.clone());
        let first = troubles.next()?;
        Some((first, 1 + troubles.count()))
    }

    /// Neighbours in the order that share an emotion.
    pub fn repeats(&self) -> usize {
        self.entries.windows(2).filter(|w| w[0].intended == w[1].intended).count()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaylistEntry {
    pub name: String,
    pub intended: Emotion,
    pub length_s: f64,
    /// The file's name, without its folder.
    pub file: Option<String>,
    /// Why it cannot be shown.
    pub trouble: Option<String>,
}

/// A moment whose end is not known yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub trial: u32,
    /// Seconds since the video's first frame.
    pub from_s: f64,
    pub now_s: f64,
    /// Lasts until the key is pressed again, instead of as long as it is held.
    pub toggled: bool,
}

/// One trial's clip with what was recorded beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Labelling {
    pub session: SessionId,
    pub participant: String,
    pub session_number: u32,
    pub simulated: bool,
    pub trial: Trial,
    /// Every trial with a video, by number: (number, stimulus, segments it has).
    pub trials: Vec<(u32, String, usize)>,
    pub length_s: f64,
    /// Seconds that one value of a lane covers.
    pub step_s: f64,
    pub lanes: Vec<LabelLane>,
    pub classes: Vec<String>,
    /// (seconds since the first frame, index into `classes`, probability).
    pub predictions: Vec<(f32, usize, f32)>,
    /// Of this attempt.
    pub segments: Vec<Segment>,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl Labelling {
    /// The number of a new segment: behind all that were ever there.
    pub fn next_number(&self) -> u32 {
        self.segments.iter().map(|s| s.number).max().unwrap_or(0) + 1
    }
}

/// A row of values beside the clip's timeline; NaN where nothing was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelLane {
    pub name: String,
    pub unit: String,
    pub values: Vec<f32>,
}
