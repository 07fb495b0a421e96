//! The parts of a snapshot: devices, streams, traces, heart, face, the job and the session under review.

use crate::explain::report::ExplanationReport;
use crate::job::Progress;
use crate::signal::{Nanos, Role, StreamId, StreamKind};
use crate::store::Delivery;
use crate::store::rows::{Consent, PredictionRow, Session, StreamRow, Trial};
use crate::train::card::Card;
use serde::{Deserialize, Serialize};

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

/// A stream of the session as it lies on the disk, with what was there before an interruption. Not what the device has
/// delivered since it was connected: that is [`StreamView`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredStream {
    pub id: StreamId,
    pub name: String,
    /// Samples or frames.
    pub written: u64,
    /// Lost in the device, on the way and in interruptions, and dropped here.
    pub missing: u64,
    pub gaps: usize,
    /// Once recording has ended: the verdict, as `limbic show` gives it.
    pub delivery: Option<Delivery>,
}

impl StoredStream {
    /// A stream of a session that has ended.
    pub fn judged(session: &Session, row: &StreamRow, consent: &Consent) -> StoredStream {
        let delivery = Delivery::of(session, row, consent);
        StoredStream {
            id: row.info.id,
            name: row.info.name.clone(),
            written: row.written,
            missing: delivery.missing,
            gaps: row.gaps.len(),
            delivery: Some(delivery),
        }
    }
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
    /// Since the camera was connected; while they are stored, those of the session on the disk.
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
    /// It ended without a result because someone stopped it.
    #[serde(default)]
    pub stopped: bool,
    /// Learning curves of the current fold: (epoch, training loss, validation loss, validation accuracy).
    pub curve: Vec<(u32, f32, f32, f32)>,
}

/// A stored session with what is known about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub session: Session,
    pub trials: Vec<Trial>,
    pub streams: Vec<StreamRow>,
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
