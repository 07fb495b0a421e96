//! The rows of journals and catalogue. Named fields, msgpack; a new field needs `#[serde(default)]`.

use crate::gate::{QualityReport, Verdict};
use crate::signal::{
    Clock, ClockOffset, Emotion, LatencyOrigin, Marker, Nanos, Placement, Rating, SECOND, Segment, StreamId, StreamInfo,
};

pub use crate::store::session_id::SessionId;
use serde::{Deserialize, Serialize};

/// A person, by code only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Participant {
    /// Pseudonym, e.g. "P07".
    pub code: String,
    pub age_band: String,
    /// "f", "m", "x" or "" (not said).
    pub sex: String,
    /// "right", "left", "both" or "".
    pub handedness: String,
    pub note: String,
}

/// What the participant agreed to, for one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Consent {
    /// Recording of EEG and heart. Without it nothing is recorded.
    pub recording: bool,
    /// Face frames may be written to disk.
    pub face_stored: bool,
    /// Face frames may leave the lab.
    pub face_shared: bool,
    /// Version of the form that was signed, and by whom it was witnessed.
    pub form: String,
    pub experimenter: String,
    pub signed_utc: Nanos,
}

/// Begins the form of a recording that came from elsewhere.
const ELSEWHERE: &str = "imported from ";

impl Consent {
    /// For a file that was recorded elsewhere, under a consent that was given there and is not known here.
    pub fn elsewhere(file: &str) -> Consent {
        Consent { recording: true, form: format!("{ELSEWHERE}{file}"), ..Consent::default() }
    }

    /// Whether nobody here knows what was agreed to, nor what the recording was made for.
    pub fn is_from_elsewhere(&self) -> bool {
        self.form.starts_with(ELSEWHERE)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Participant and consent are there, nothing is recorded yet.
    Prepared,
    Recording,
    Complete,
    /// The experimenter ended it early.
    Aborted,
    /// The program ended without closing it (found when the home is opened).
    Interrupted,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub participant: String,
    /// 1, 2, ... within the participant.
    pub number: u32,
    pub state: SessionState,
    pub started_utc: Nanos,
    /// Monotonic time of `started_utc`: ties the session's clock to UTC.
    pub started: Nanos,
    pub ended: Option<Nanos>,
    pub rig_name: String,
    /// The whole rig as TOML.
    pub rig: String,
    pub playlist: String,
    pub order_seed: u64,
    pub player: String,
    pub simulated: bool,
    pub limbic_version: String,
    pub trials_planned: u32,
    /// Verdict at the gate and the typed reason, if it was overridden.
    pub verdict: Option<Verdict>,
    pub override_reason: Option<String>,
    pub quality: Option<QualityReport>,
    /// Where the session came from: "recorded", "import:edf", ...
    pub source: String,
    /// SHA-256 of the samples of an import's first stream, by which it is known again; empty where it was not taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
}

impl Session {
    /// One that is to be recorded, of which nothing is known yet but whose it is and when, on both clocks, it was prepared.
    pub(super) fn prepared(id: SessionId, participant: &str, number: u32, (utc, now): (Nanos, Nanos)) -> Session {
        Session {
            id,
            participant: participant.into(),
            number,
            state: SessionState::Prepared,
            started_utc: utc,
            started: now,
            ended: None,
            rig_name: String::new(),
            rig: String::new(),
            playlist: String::new(),
            order_seed: 0,
            player: String::new(),
            simulated: false,
            limbic_version: env!("CARGO_PKG_VERSION").into(),
            trials_planned: 0,
            verdict: None,
            override_reason: None,
            quality: None,
            source: "recorded".into(),
            content: String::new(),
        }
    }

    /// Its writer did not close it. One that was closed before anything was recorded waits for its beginning.
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            SessionState::Recording => true,
            SessionState::Prepared => self.ended.is_none(),
            _ => false,
        }
    }

    /// Whether it was not imported.
    pub fn is_recorded(&self) -> bool {
        !self.source.starts_with("import:")
    }

    /// Whether two rows tell of one recording, as where it was imported twice: the same content, or the same person at the
    /// same time, which files give to a second.
    pub fn is_same_recording(&self, other: &Session) -> bool {
        let content = !self.content.is_empty() && self.content == other.content;
        let near = (self.started_utc - other.started_utc).abs() < 2 * SECOND;
        content || self.id == other.id || (near && self.participant == other.participant && self.is_dated() && other.is_dated())
    }

    /// Whether the date is known: an import of a file without one begins when its session was made.
    pub fn is_dated(&self) -> bool {
        !self.source.starts_with("import:") || self.started_utc.max(0) as u64 / 1_000_000 != self.id.0 >> 20
    }

    /// An import that was cut off. Its recording lies whole elsewhere, so what is here of it is worth nothing.
    pub fn is_half_import(&self) -> bool {
        self.source.starts_with("import:") && self.state != SessionState::Complete
    }

    /// As people name it, and its folder: "P07/1 (019aa0b1c2d3e000)".
    pub fn name(&self) -> String {
        format!("{}/{} ({})", self.participant, self.number, self.id)
    }
}

/// One stream of a session with its counters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamRow {
    pub info: StreamInfo,
    /// Samples (or frames) written.
    pub written: u64,
    /// Lost in the device or on the way to the host.
    pub lost: u64,
    /// Dropped because the recorder did not keep up.
    pub dropped: u64,
    pub first_arrival: Option<Nanos>,
    pub last_arrival: Option<Nanos>,
    /// Index of the first sample or frame.
    #[serde(default)]
    pub first_index: u64,
    /// Holes: index of the first missing sample and how many; the first hundred of them.
    #[serde(default)]
    pub gaps: Vec<(u64, u64)>,
}

impl StreamRow {
    /// Most holes that a row lists.
    const MOST_GAPS: usize = 100;

    /// Notes a hole.
    pub(super) fn gap(&mut self, at: u64, samples: u64) {
        if self.gaps.len() < StreamRow::MOST_GAPS {
            self.gaps.push((at, samples));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    Running,
    Done,
    /// Paused in the middle and continued.
    Interrupted,
    /// Replaced by a later attempt.
    Redone,
    Skipped,
}

/// One attempt at one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// 1-based position in the session's order.
    pub number: u32,
    /// 1, 2, ...: a redo keeps the earlier attempt.
    pub attempt: u32,
    pub stimulus: String,
    pub intended: Option<Emotion>,
    pub video_on: Option<Nanos>,
    pub video_off: Option<Nanos>,
    pub state: TrialState,
    /// The participant's answers; earlier values stay in the journal.
    pub rating: Rating,
    pub rated_by: String,
    /// EEG quality during the video, 0-100.
    pub quality: Option<f64>,
    pub note: String,
}

impl Trial {
    /// The note of an attempt that the end of the program cut off: another took its place when the session went on.
    pub const CUT_OFF: &str = "the recording was interrupted";

    /// Another attempt took its place because the recording broke off, not because a person wished it.
    pub fn was_cut_off(&self) -> bool {
        self.state == TrialState::Redone && self.note.ends_with(Trial::CUT_OFF)
    }

    /// May be used for training: finished, with both edges of the video known.
    pub fn is_usable(&self) -> bool {
        matches!(self.state, TrialState::Done) && self.video_on.is_some() && self.video_off.is_some()
    }
}

/// A pair of readings that ties monotonic to wall time; logged every ten seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockPair {
    pub monotonic: Nanos,
    pub utc: Nanos,
    /// What the monotonic time counts from ([`Clock::origin`]); 0 = not known.
    #[serde(default)]
    pub origin: u64,
}

/// Two readings of the clocks that are no further apart need no second try.
const CLOSE: Nanos = SECOND / 10_000;

impl ClockPair {
    /// Both readings of a clock, one after the other.
    pub fn of(clock: &dyn Clock) -> ClockPair {
        ClockPair::within(clock).0
    }

    /// Both readings, and at most how far apart they were taken, ns: on a busy machine a thread may have to wait between
    /// two of its own lines. The closest of a few tries.
    pub fn within(clock: &dyn Clock) -> (ClockPair, Nanos) {
        let read = || {
            let (before, utc, after) = (clock.now(), clock.utc(), clock.now());
            let apart = after - before;
            (ClockPair { monotonic: before + apart / 2, utc, origin: clock.origin() }, apart)
        };
        let mut best = read();
        for _ in 0..2 {
            if best.1 >= CLOSE {
                let again = read();
                best = if again.1 < best.1 { again } else { best };
            }
        }
        best
    }
}

/// What was done to the face video of a stored session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    pub at_utc: Nanos,
    pub stream: String,
    /// "removed" or "blurred".
    pub how: String,
    /// Frames that had been there.
    pub frames: u64,
    /// Frames that are left, blurred; the others are gone.
    pub kept: u64,
    pub limbic_version: String,
}

/// A fixed latency that was measured on this session; the latest row of a stream holds instead of the stream's own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LatencyRow {
    pub stream: StreamId,
    pub latency_s: f64,
    pub origin: LatencyOrigin,
    pub measured_utc: Nanos,
}

/// A trained model. The weights are in `file` (relative to the home).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    /// e.g. "eeg-20261121-140210".
    pub name: String,
    /// "eeg" or "face".
    pub modality: String,
    pub file: String,
    pub sha256: String,
    pub created_utc: Nanos,
    pub sessions: Vec<SessionId>,
    pub participants: Vec<String>,
    pub simulated: bool,
    /// One line for lists: "grouped 4-fold 0.78 (chance 0.25), 24 trials".
    pub summary: String,
    /// What its training run has not come to: "held-out predictions, explanation"; empty where the run was finished.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lacks: String,
}

/// Class probabilities for one trial (or one time within it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PredictionRow {
    pub session: SessionId,
    pub trial: u32,
    pub model: String,
    pub classes: Vec<String>,
    /// Index into `classes`.
    pub truth: Option<usize>,
    pub eeg: Option<Vec<f32>>,
    pub face: Option<Vec<f32>>,
    pub fused: Option<Vec<f32>>,
    /// Per second of the video: (seconds since video onset, EEG probabilities).
    pub timeline: Vec<(f32, Vec<f32>)>,
    /// The trial was in no training set of the models that answered.
    pub held_out: bool,
    /// "onnxruntime 1.31.1" or "limbic (burn flex)".
    pub runtime: String,
    /// How the fused answer came about.
    #[serde(default)]
    pub parts: PredictionParts,
}

/// Which modalities a fused answer rests on, how well they were recorded, and whether a class may be named at all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PredictionParts {
    /// "fused", "eeg_only", "face_only" or "missing"; "" in rows of before this was kept.
    pub source: String,
    /// Probability of the likeliest class of the fused answer.
    pub confidence: Option<f32>,
    /// Why no class should be named, or why a modality was left out.
    pub abstain: Option<String>,
    /// Recording quality, 0-100, where known.
    pub eeg_quality: Option<f32>,
    /// Share of the expected frames that show the face, times 100.
    pub face_quality: Option<f32>,
    /// What found the face in the frames: a detector's kind, or "centre square"; `None` without a face model.
    #[serde(default)]
    pub face_from: Option<String>,
}

/// An explanation report (maps, QT table) as JSON in `file` (relative to the home).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExplanationRow {
    pub model: String,
    pub file: String,
    pub sha256: String,
    pub created_utc: Nanos,
    pub summary: String,
}

/// Whatever cannot be recomputed, or is kept in the catalogue: one frame of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    Participant(Participant),
    Consent(SessionId, Consent),
    Session(Session),
    Stream(SessionId, StreamRow),
    Trial(SessionId, Trial),
    Marker(SessionId, Marker),
    Clock(SessionId, ClockPair),
    Quality(SessionId, QualityReport),
    Redaction(SessionId, Redaction),
    Offset(SessionId, ClockOffset),
    Latency(SessionId, LatencyRow),
    /// An electrode as the experimenter marked it.
    Placement(SessionId, Placement),
    /// Seconds in which an emotion was felt.
    Segment(SessionId, Segment),
    Model(ModelRow),
    Prediction(PredictionRow),
    Explanation(ExplanationRow),
}
