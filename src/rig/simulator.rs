//! The simulated participant's settings.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The simulated participant: 32 EEG channels, ECG, PPG, face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatorRig {
    /// Random numbers of the participant's brain, heart and face.
    pub seed: u64,
    /// EEG samples a second.
    pub rate: f64,
    /// Face frames a second; 0 = no camera.
    pub face_fps: f64,
    /// How strongly videos move brain, heart and face: 1 as modelled, 0 not at all (a study without an effect).
    pub effect: f64,
    /// Blinks, about 13 a minute.
    pub blinks: bool,
    /// Bursts of muscle over the temples.
    pub muscle: bool,
    /// The heart's field in the EEG: uV at its strongest electrode for each mV of the ECG; 0 = none.
    pub heart_uv: f64,
    /// A TOML file of source model and faults (flat, railed, mains, drift, noise, drop-out, late packets, camera stall, disconnect).
    pub scenario: Option<PathBuf>,
}

impl Default for SimulatorRig {
    fn default() -> Self {
        SimulatorRig {
            seed: 7,
            rate: 256.0,
            face_fps: 10.0,
            effect: 1.0,
            blinks: true,
            muscle: true,
            heart_uv: 0.0,
            scenario: None,
        }
    }
}
