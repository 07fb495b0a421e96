//! What the two halves say to each other. Everything here can cross a socket: plain values, no handles.
//!
//! A [`Command`] goes one way with an id and is answered by exactly one [`Event::Acknowledged`] (only when what it
//! changed is durable) or [`Event::Refused`]. A [`Snapshot`] comes back often; only the latest matters.

mod command;
mod views;

pub use command::{Action, Command};
pub use views::{DeviceView, FaceView, HeartView, JobView, Review, StoredStream, StreamView, TraceChannel, Traces};

use crate::gate::{QualityReport, Verdict};
use crate::lab::guided::Guided;
use crate::present::ProtocolView;
use crate::signal::{Nanos, Rating};
use crate::store::is_code;
use crate::store::rows::{Consent, ModelRow, Participant, Session, SessionId, Trial};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// An answer, or news.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Done, and what it changed is durable.
    Acknowledged { id: u64 },
    /// Not done; one sentence with the way out.
    Refused { id: u64, why: String },
    /// Worth a line in the log.
    News { at: Nanos, text: String },
}

/// Everything that a screen may show, as of `now`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub seq: u64,
    pub now: Nanos,
    pub utc: Nanos,
    /// The lab's home folder, for people.
    pub home: String,
    /// Something of what is shown did not come from a person (invariant 9).
    pub simulated: bool,
    #[serde(with = "shared")]
    pub catalogue: Arc<Catalogue>,
    pub participant: Option<Participant>,
    pub consent: Option<Consent>,
    /// The session being prepared or recorded, or the one that just ended.
    pub session: Option<Session>,
    pub devices: Vec<DeviceView>,
    /// Sentences about devices that could not be opened.
    pub device_trouble: Vec<String>,
    pub streams: Vec<StreamView>,
    pub quality: Option<QualityReport>,
    pub verdict: Option<Verdict>,
    /// Samples are being written.
    pub recording: bool,
    /// How long was recorded of the session; the time of an interruption is no part of it.
    #[serde(default)]
    pub recorded: Nanos,
    /// The session was interrupted and begins again with this trial; None once it records.
    #[serde(default)]
    pub goes_on: Option<u32>,
    /// The session's streams on the disk; empty before anything is recorded.
    #[serde(default)]
    pub stored: Vec<StoredStream>,
    pub protocol: ProtocolView,
    /// Trials of the current session so far, latest attempt last.
    pub trials: Vec<Trial>,
    /// The typed reason to go on below the gate, given for what is prepared now.
    #[serde(default)]
    pub overridden: Option<String>,
    /// Answers being given.
    pub rating: Rating,
    pub traces: Traces,
    pub heart: Option<HeartView>,
    pub face: Option<FaceView>,
    pub disk_free: u64,
    /// While recording: minutes until the disk guard would end the session; None until the rate of writing is known.
    #[serde(default)]
    pub disk_minutes: Option<f64>,
    /// Why the lab itself ended the last session, if it did.
    #[serde(default)]
    pub stopped: Option<String>,
    /// Bytes that this session has on the disk.
    pub written: u64,
    /// When the last flush became durable.
    pub durable_at: Option<Nanos>,
    /// What the session lacks, all streams, interruptions too; before it is recorded, what the devices have lost since
    /// they were connected.
    pub lost: u64,
    /// Latest last, at most 50: (when, what).
    pub log: Vec<(Nanos, String)>,
    pub job: Option<JobView>,
    #[serde(with = "shared_option")]
    pub review: Option<Arc<Review>>,
    /// Electrodes, self-test, camera, playlist, segments, drafts.
    #[serde(default)]
    pub guided: Guided,
    /// What the models say of the last seconds, where the rig asks for it.
    #[serde(default)]
    pub prediction: Option<LivePrediction>,
}

/// The answer for the last epoch of a running session: shown, never stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LivePrediction {
    /// End of the epoch.
    pub at: Nanos,
    pub classes: Vec<String>,
    pub eeg: Option<Vec<f32>>,
    pub face: Option<Vec<f32>>,
    pub fused: Option<Vec<f32>>,
    /// "fused", "eeg_only", "face_only" or "missing".
    pub source: String,
    /// Why no class should be named.
    pub abstain: Option<String>,
    /// How long the answer took.
    pub took_ms: f32,
    /// Epochs that were due, and those of them that were dropped since the model was still busy.
    pub asked: u64,
    pub dropped: u64,
    /// Why there is no answer at all.
    pub trouble: Option<String>,
}

/// What lies in the home.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    pub participants: Vec<Participant>,
    /// Newest first.
    pub sessions: Vec<Session>,
    /// Finished trials of the sessions that have any.
    #[serde(default)]
    pub usable: BTreeMap<SessionId, u32>,
    pub models: Vec<ModelRow>,
    /// Rig files found beside the home: (path, name).
    pub rigs: Vec<(PathBuf, String)>,
    /// What doctor would say in one line each: missing libraries and what that costs.
    pub doctor: Vec<String>,
}

impl Catalogue {
    /// Whether the store takes a participant of this code: one that keeps the rule, or that is there already.
    pub fn takes(&self, code: &str) -> bool {
        is_code(code) || self.participants.iter().any(|known| known.code == code)
    }
}

/// An `Arc` on the wire is its value.
mod shared {
    use super::Arc;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, s: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(s)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(d).map(Arc::new)
    }
}

/// As [`shared`], for what may be absent.
pub(super) mod shared_option {
    use super::Arc;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Arc<T>>, s: S) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(s)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Arc<T>>, D::Error> {
        Ok(Option::<T>::deserialize(d)?.map(Arc::new))
    }
}
