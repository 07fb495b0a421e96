//! Electrodes as the experimenter places them: one mark a channel, stored with the session.

use crate::signal::Nanos;
use serde::{Deserialize, Serialize};

/// How an electrode stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placed {
    /// Nobody has said anything yet.
    #[default]
    Waiting,
    Placed,
    /// Not to be used: left out of the gate's score, interpolated where features are made.
    Bad,
}

impl Placed {
    /// The word for people and tables.
    pub fn name(self) -> &'static str {
        match self {
            Placed::Waiting => "not yet",
            Placed::Placed => "placed",
            Placed::Bad => "BAD",
        }
    }
}

/// What was said of one electrode, and when on the session's clock.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    pub label: String,
    pub state: Placed,
    pub note: String,
    pub at: Nanos,
    /// What the device said of the contact at that moment: a grade of 0 to 4, or a percentage above 4.
    pub contact: Option<f64>,
}
