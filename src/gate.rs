//! Signal quality 0-100 with the reason per channel, and the verdict of the >= 80 % gate (algorithms section 10).

pub mod amplitude;
pub mod check;
mod contact;
pub mod correlation;
pub mod flat;
pub mod high_frequency;
mod judge;
pub mod line;
pub mod live;
mod method;
mod others;
pub mod railed;
mod verdict;
pub mod window;

pub use check::{CHECKS, Check, Figure};
pub use contact::Contact;
pub use judge::{EegWindow, Score, WindowScores, judge, score_window, try_judge, try_judge_by, window_scores, window_scores_by};
pub use live::LiveGate;
pub use method::Method;
pub use others::{FaceFrame, HeartKind, face_frame, face_quality, heart_quality};
pub use verdict::verdict;
pub use window::Window;

use serde::{Deserialize, Serialize};

/// Why a channel's score is what it is: the check that limits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    Flat,
    Railed,
    Amplitude,
    Line,
    HighFrequency,
    Correlation,
    /// ECG and PPG: intervals or beat shapes that no heart makes.
    Rhythm,
    /// Face: not found, too small, too dark, blurred, too few frames.
    Face,
    /// The device itself says that the electrode has no good contact.
    Contact,
    /// Samples that never came.
    Missing,
}

/// One channel (or the face) over the judged window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelQuality {
    pub label: String,
    /// 0-100.
    pub score: f64,
    /// The check that limits the score most often; None when nothing limits it below 90.
    pub reason: Option<Reason>,
    /// The figure behind the reason, for people: "50 Hz line 12.1 dB over the signal".
    pub detail: String,
}

/// The quality of a recording or of its last seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityReport {
    /// EEG channels.
    pub channels: Vec<ChannelQuality>,
    /// Heart and face, as far as they are recorded: "ecg", "ppg", "face".
    pub others: Vec<ChannelQuality>,
    /// Mean of the EEG channels times completeness, 0-100.
    pub overall: f64,
    /// Received over expected samples, 0-1.
    pub completeness: f64,
    /// Seconds judged.
    pub seconds: f64,
    /// Pairs of channels with |r| > 0.999: gel bridges.
    pub bridged: Vec<(String, String)>,
}

/// The gate's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub pass: bool,
    /// One sentence: why not, or what it passed with.
    pub why: String,
    /// What to do about it, most helpful first: "T8 flat: plug or gel".
    pub advice: Vec<String>,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Flat => "FLAT",
            Reason::Railed => "RAILED",
            Reason::Amplitude => "AMPLITUDE",
            Reason::Line => "MAINS",
            Reason::HighFrequency => "MUSCLE/HF",
            Reason::Correlation => "UNLIKE REST",
            Reason::Rhythm => "RHYTHM",
            Reason::Face => "FACE",
            Reason::Contact => "CONTACT",
            Reason::Missing => "MISSING",
        }
    }
}
