//! By which figures the checks judge: the definition of algorithms section 10, or its calibrated form (docs/quality.md).

use serde::{Deserialize, Serialize};

/// Which form; stored with the rig in every session, so that a score can be had again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// As algorithms section 10 writes it. It fails clean recordings whose sources are focal: at sites of low
    /// amplitude any muscle outweighs the EEG, and few channels resemble each other.
    Definition,
    /// The same checks, with two changes. What lies above the EEG's band, and hum, may be large beside the EEG as long
    /// as it is small in uV; and a channel is held to resemble the others as far as they resemble each other.
    #[default]
    Calibrated,
}

impl Method {
    pub fn name(self) -> &'static str {
        match self {
            Method::Definition => "definition",
            Method::Calibrated => "calibrated",
        }
    }

    /// Where an unwanted component is small in itself: uV rms at which a channel loses nothing, and at which this
    /// excuse is gone. `None` where only the ratio to the EEG counts.
    pub(super) fn tolerated_uv(self) -> Option<(f64, f64)> {
        match self {
            Method::Definition => None,
            Method::Calibrated => Some((TOLERATED_UV, EXCUSELESS_UV)),
        }
    }

    /// Correlations with the other channels at which a channel scores 0 and 1, where `usual` is the median of all
    /// channels' correlations.
    pub(super) fn correlations(self, usual: f64) -> (f64, f64) {
        match self {
            Method::Definition => (UNLIKE, ALIKE),
            Method::Calibrated => (UNLIKE.min(UNLIKE_SHARE * usual), ALIKE.min(ALIKE_SHARE * usual)),
        }
    }
}

/// Correlations of algorithms section 10.
const UNLIKE: f64 = 0.2;
const ALIKE: f64 = 0.45;
/// The same as shares of what is usual in the window: with focal sources every channel stands rather alone.
const UNLIKE_SHARE: f64 = 0.25;
const ALIKE_SHARE: f64 = 0.6;
/// Slack muscles and a shielded cap leave less than this above 45 Hz.
const TOLERATED_UV: f64 = 5.0;
const EXCUSELESS_UV: f64 = 12.0;
