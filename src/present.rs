//! The experiment: a pure state machine of phases, a playlist with intended emotions, a player, ratings.

pub mod mpv;
pub mod null;
pub mod order;
pub mod player;
pub mod playlist;
pub mod protocol;

pub use player::{Player, PlayerError, PlayerEvent};
pub use playlist::{Playlist, PlaylistError, Stimulus};
pub use protocol::{Input, Output, Protocol};

use crate::signal::{Emotion, Nanos};
use serde::{Deserialize, Serialize};

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not begun.
    Waiting,
    EyesOpen,
    EyesClosed,
    Fixation,
    Video,
    Rating,
    Rest,
    Paused,
    Finished,
    Aborted,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Waiting => "waiting",
            Phase::EyesOpen => "eyes open",
            Phase::EyesClosed => "eyes closed",
            Phase::Fixation => "fixation",
            Phase::Video => "video",
            Phase::Rating => "rating",
            Phase::Rest => "rest",
            Phase::Paused => "PAUSED",
            Phase::Finished => "finished",
            Phase::Aborted => "ABORTED",
        }
    }
}

/// The protocol as a screen sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProtocolView {
    pub phase: Phase,
    pub phase_started: Nanos,
    /// None where the phase lasts until someone acts (ratings, pause).
    pub phase_length: Option<Nanos>,
    /// 1-based; 0 before the first trial.
    pub trial: u32,
    pub trials: u32,
    pub attempt: u32,
    pub stimulus: String,
    pub intended: Option<Emotion>,
}
