//! What the two halves say to each other. Everything here can cross a socket: plain values, no handles.
//!
//! A [`Command`] goes one way with an id and is answered by exactly one [`Event::Acknowledged`] (only when what it
//! changed is durable) or [`Event::Refused`]. A [`Snapshot`] comes back often; only the latest matters.

use crate::explain::report::ExplanationReport;
use crate::gate::{QualityReport, Verdict};
use crate::job::Progress;
use crate::lab::guided::Guided;
use crate::present::ProtocolView;
use crate::signal::{Nanos, Placed, Rating, Role, Segment, StreamId, StreamKind};
use crate::store::rows::{Consent, ModelRow, Participant, PredictionRow, Session, SessionId, Trial};
use crate::train::card::Card;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A wish of the terminal half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Chosen by the sender, unique; a repeated id is applied once.
    pub id: u64,
    pub action: Action,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Step 1: who, and what they agreed to. Durable when acknowledged. Refused without consent to record.
    Prepare {
        participant: Participant,
        consent: Consent,
    },
    /// Instead of step 1: an interrupted session goes on with the trial that it stopped at, under the consent that was
    /// given. Steps 2 and 3 follow; refused at the beginning where rig or playlist are not those of the session.
    Resume {
        session: SessionId,
    },
    /// Step 2: use this rig file, or the simulated rig when None; connects the devices and starts the live view.
    Connect {
        rig: Option<PathBuf>,
    },
    /// Releases the devices (only while nothing is recorded).
    Disconnect,
    /// Marks an electrode of the connected rig; stored with the session that is prepared.
    Place {
        label: String,
        state: Placed,
        note: String,
    },
    /// Watches every stream anew for some seconds and judges it.
    SelfTest,
    /// A small picture of the camera now and then, or no longer. Refused without consent to store the face, and while a
    /// video runs.
    Preview {
        on: bool,
    },
    /// The playlist in another order before the session begins: by this seed, or as listed.
    Order {
        seed: Option<u64>,
    },
    /// Looks at the playlist's files again.
    CheckPlaylist,
    /// The participant, or whoever looks at them, feels something now. Said again within 0.6 s it goes on (a held key
    /// repeats); `toggle` begins or ends a moment that lasts until it is said again.
    Moment {
        by: String,
        toggle: bool,
    },
    /// Opens the timeline of a trial of a stored session, or of the session being recorded, for labelling.
    Label {
        session: SessionId,
        trial: u32,
    },
    /// Adds, changes or takes back a segment of a session; its trial, attempt and number say which.
    Segment {
        session: SessionId,
        segment: Segment,
    },
    /// What stands in a field that was not sent yet; kept until it is sent or emptied.
    Draft {
        field: String,
        text: String,
    },
    /// Go on below the gate, for this reason (never empty).
    Override {
        reason: String,
    },
    /// Starts recording and the protocol. Refused below the gate without an override.
    Begin,
    /// Stops the video and the phase clock; streams go on being written.
    Pause {
        reason: String,
    },
    /// Goes on after a pause; the trial is marked interrupted.
    Continue,
    /// The current (or last) trial again from its fixation; the earlier attempt is kept.
    Redo {
        reason: String,
    },
    /// Leaves out the current trial.
    Skip {
        reason: String,
    },
    /// Ends the session early, after the participant's code was typed. Nothing is deleted.
    Abort {
        typed: String,
    },
    Note {
        text: String,
    },
    Mark {
        text: String,
    },
    /// Answers so far for the trial that is being rated; each call replaces the answers (earlier ones stay in the
    /// journal). `done` ends the rating phase; it may be incomplete with a reason.
    Rate {
        rating: Rating,
        by: String,
        done: bool,
        reason: String,
    },
    /// Ends the baseline or rest phase now.
    Next,
    /// Loads a stored session for review (trials, predictions, explanation) into the snapshot.
    Review {
        session: SessionId,
    },
    /// Trains an EEG network and, where faces were stored, a face network on these sessions (all usable ones when
    /// empty), evaluates by grouped folds, predicts held-out, explains. One job at a time.
    Train {
        sessions: Vec<SessionId>,
        seed: u64,
    },
    StopJob,
    /// Leaves the room: in-process, the lab ends when nothing is being recorded.
    Quit,
}

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
    /// When recording began.
    pub recording_since: Option<Nanos>,
    pub protocol: ProtocolView,
    /// Trials of the current session so far, latest attempt last.
    pub trials: Vec<Trial>,
    /// Answers being given.
    pub rating: Rating,
    pub traces: Traces,
    pub heart: Option<HeartView>,
    pub face: Option<FaceView>,
    pub disk_free: u64,
    /// While recording: minutes until the disk guard would end the session.
    #[serde(default)]
    pub disk_minutes: Option<f64>,
    /// Why the lab itself ended the last session, if it did.
    #[serde(default)]
    pub stopped: Option<String>,
    /// Bytes written for this session.
    pub written: u64,
    /// When the last flush became durable.
    pub durable_at: Option<Nanos>,
    /// Lost in devices + dropped on the way, all streams.
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
    pub models: Vec<ModelRow>,
    /// Rig files found beside the home: (path, name).
    pub rigs: Vec<(PathBuf, String)>,
    /// What doctor would say in one line each: missing libraries and what that costs.
    pub doctor: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeviceView {
    pub name: String,
    /// "streaming", "connecting", "lost", ...
    pub state: String,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamView {
    pub id: StreamId,
    pub name: String,
    pub kind: StreamKind,
    pub device: String,
    pub channels: usize,
    pub rate: f64,
    /// Over the last ten seconds.
    pub measured_rate: f64,
    pub received: u64,
    pub lost: u64,
    pub dropped: u64,
    /// Seconds since the last arrival.
    pub age_s: f64,
    pub simulated: bool,
}

/// The last seconds of every channel, reduced to columns of (lowest, highest) for sweeping displays.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Traces {
    pub channels: Vec<TraceChannel>,
    /// Columns per second.
    pub columns_per_s: f64,
    /// Absolute number of the newest complete column since streaming began: column c of the sweep shows the newest
    /// column whose number is congruent to c.
    pub newest_column: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraceChannel {
    pub label: String,
    pub role: Role,
    pub unit: String,
    /// 0-100 of the last windows, where known.
    pub quality: Option<f64>,
    /// Robust centre and spread of the window shown, for scaling: (median, 1.4826 MAD).
    pub centre: f32,
    pub spread: f32,
    /// Oldest first; the last one is column `newest_column`.
    pub columns: Vec<(f32, f32)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeartView {
    /// "ECG" or "PPG".
    pub from: String,
    pub beats_per_minute: Option<f64>,
    /// Beats found in the last ten seconds, monotonic times.
    pub beats: Vec<Nanos>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaceView {
    pub fps: f64,
    pub frames: u64,
    pub missed: u64,
    /// Pixels go to disk (consent given and recording).
    pub stored: bool,
    /// Mean brightness 0-255 of the latest frame.
    pub brightness: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    /// "train".
    pub name: String,
    pub progress: Progress,
    /// Finished: the outcome in a sentence, or what went wrong.
    pub outcome: Option<Result<String, String>>,
    /// Learning curves of the current fold: (epoch, training loss, validation loss, validation accuracy).
    pub curve: Vec<(u32, f32, f32, f32)>,
}

/// A stored session with what is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub session: Session,
    pub trials: Vec<Trial>,
    pub streams: Vec<crate::store::rows::StreamRow>,
    pub predictions: Vec<PredictionRow>,
    /// Accuracy on the same held-out trials: EEG alone, face alone, fused; and how many trials.
    pub eeg_accuracy: Option<f64>,
    pub face_accuracy: Option<f64>,
    pub fused_accuracy: Option<f64>,
    pub majority: f64,
    pub scored_trials: usize,
    /// Rows = truth, fused where there is a fusion, else the single modality.
    pub confusion: Vec<Vec<usize>>,
    pub classes: Vec<String>,
    /// Cards of the models that answered.
    pub cards: Vec<Card>,
    pub explanation: Option<ExplanationReport>,
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
