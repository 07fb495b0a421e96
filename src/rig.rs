//! The lab's set-up from TOML: devices, montage, roles, gate, protocol, stimuli. Unknown keys are refused.

mod camera;
mod check;
mod lsl;
mod simulator;

pub use camera::{CameraChoice, CameraFormat, CameraRig};
pub use lsl::{LslLayout, LslRig, equals};
pub use simulator::SimulatorRig;

use crate::signal::{LatencySource, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that a lab sets up once. See `rig.example.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rig {
    /// What the lab calls it; stored with every session.
    pub name: String,
    /// Mains frequency of the country: 50 or 60 Hz.
    #[serde(default = "default_mains")]
    pub mains_hz: f64,
    /// One block a device; their order numbers the streams.
    #[serde(rename = "device")]
    pub devices: Vec<Device>,
    #[serde(default)]
    pub gate: GateRig,
    #[serde(default)]
    pub protocol: ProtocolRig,
    #[serde(default)]
    pub stimulus: StimulusRig,
    #[serde(default)]
    pub live: LiveRig,
}

/// Predictions while a session runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LiveRig {
    /// Show what the newest models of this home say of the last seconds.
    pub predict: bool,
    /// Seconds that one answer stands for.
    pub epoch_s: f64,
}

impl Default for LiveRig {
    fn default() -> Self {
        LiveRig { predict: false, epoch_s: 3.0 }
    }
}

/// One device of the rig.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Device {
    Simulator(SimulatorRig),
    BrainFlow(BrainFlowRig),
    Camera(CameraRig),
    Lsl(LslRig),
    Replay(ReplayRig),
}

/// Any board that BrainFlow drives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrainFlowRig {
    /// BrainFlow's board number (-1 synthetic, -2 streaming, -3 playback, 17 FreeEEG32, ...) or "synthetic",
    /// "streaming", "playback".
    pub board: BoardChoice,
    /// BrainFlow's own parameters by their own names: serial_port, ip_address, file, master_board, ...
    #[serde(default)]
    pub params: BTreeMap<String, toml::Value>,
    /// Electrode labels of the board's EEG rows, in order; most boards give none themselves.
    #[serde(default)]
    pub montage: Vec<String>,
    /// EEG rows that carry something else: label in `montage` -> what it measures.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Commands for the board after it is prepared.
    #[serde(default)]
    pub config: Vec<String>,
    /// Fixed delay between electrode and stamp, s, with its standard deviation and where it was learnt.
    #[serde(default)]
    pub latency_s: f64,
    #[serde(default)]
    pub latency_sd_s: f64,
    #[serde(default)]
    pub latency_source: LatencySource,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BoardChoice {
    Number(i32),
    Name(String),
}

/// A stored or imported recording played back as a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayRig {
    /// An EDF or BDF file, a Matroska file of face video, or the folder of a recorded session.
    pub path: PathBuf,
    /// 1 = real time.
    #[serde(default = "one")]
    pub speed: f64,
    /// Start again at the end.
    #[serde(default)]
    pub repeat: bool,
}

/// The quality gate (algorithms section 10).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateRig {
    /// The recording's score must reach this, percent.
    pub pass: f64,
    /// A channel below this counts as bad, percent.
    pub bad_channel: f64,
    /// Largest share of bad channels.
    pub bad_share: f64,
    /// The score is judged over the last so many seconds.
    pub window_s: f64,
    /// By which figures the checks judge: "calibrated" or "definition".
    pub method: crate::gate::Method,
    /// Modalities that must pass; of "eeg", "ecg", "ppg", "face".
    pub required: Vec<String>,
}

impl Default for GateRig {
    fn default() -> Self {
        GateRig {
            pass: 80.0,
            bad_channel: 40.0,
            bad_share: 0.1,
            window_s: 60.0,
            method: Default::default(),
            required: vec!["eeg".into()],
        }
    }
}

/// Lengths of the phases, s.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProtocolRig {
    pub baseline_open_s: f64,
    pub baseline_closed_s: f64,
    pub fixation_s: f64,
    pub rest_s: f64,
    /// Seed of the playlist's order, the same for everybody; None: each session of each participant has its own, which is
    /// stored with it.
    pub order_seed: Option<u64>,
    /// false: the playlist's own order.
    pub shuffle: bool,
}

impl Default for ProtocolRig {
    fn default() -> Self {
        ProtocolRig {
            baseline_open_s: 30.0,
            baseline_closed_s: 30.0,
            fixation_s: 3.0,
            rest_s: 5.0,
            order_seed: None,
            shuffle: true,
        }
    }
}

/// What is played and by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StimulusRig {
    /// The playlist file.
    pub playlist: Option<PathBuf>,
    pub player: PlayerChoice,
    /// Further arguments for mpv, e.g. ["--vo=gpu", "--fs"].
    pub mpv_args: Vec<String>,
    /// Delay between mpv's report and the panel's light, measured once per lab, s.
    pub display_latency_s: f64,
}

impl Default for StimulusRig {
    fn default() -> Self {
        StimulusRig { playlist: None, player: PlayerChoice::Auto, mpv_args: Vec::new(), display_latency_s: 0.0 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlayerChoice {
    /// mpv where it and a display are there, the null player otherwise.
    Auto,
    Mpv,
    /// Shows nothing and says so: phases run by the clock alone.
    Null,
}

/// Why a rig cannot be used; the sentence names the file and the mend.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    #[error("cannot read the rig {path}: {cause}")]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("the rig {path} does not make sense: {message}")]
    Parse { path: PathBuf, message: String },
    #[error("the rig {path} has no [[device]]; add one, e.g. kind = \"simulator\"")]
    NoDevice { path: PathBuf },
    #[error("the rig {path} sets {key} = {value}; it must be {must}")]
    Value { path: PathBuf, key: String, value: String, must: &'static str },
}

impl Rig {
    /// Reads a rig file. Paths inside it are relative to the file's folder.
    ///
    /// # Errors
    /// Unreadable file, TOML that does not parse, unknown keys, no device, impossible values.
    pub fn load(path: &Path) -> Result<Rig, RigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| RigError::Read { path: path.into(), cause })?;
        let mut rig = Rig::parse(&text, path)?;
        let base = path.parent().unwrap_or(Path::new("."));
        let resolve = |p: &mut PathBuf| {
            if p.is_relative() {
                *p = base.join(&*p);
            }
        };
        rig.stimulus.playlist.iter_mut().for_each(resolve);
        for device in &mut rig.devices {
            match device {
                Device::Simulator(s) => s.scenario.iter_mut().for_each(resolve),
                Device::Replay(r) => resolve(&mut r.path),
                Device::BrainFlow(_) | Device::Camera(_) | Device::Lsl(_) => {}
            }
        }
        Ok(rig)
    }

    /// Reads a rig from text; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`Rig::load`], less the file's own.
    pub fn parse(text: &str, path: &Path) -> Result<Rig, RigError> {
        let rig: Rig = toml::from_str(text)
            .map_err(|e| RigError::Parse { path: path.into(), message: e.to_string().trim().replace('\n', "\n  ") })?;
        if rig.devices.is_empty() {
            return Err(RigError::NoDevice { path: path.into() });
        }
        let wrong = |check::Wrong { key, value, must }| RigError::Value { path: path.into(), key, value, must };
        check::values(&rig).map_err(wrong)?;
        Ok(rig)
    }

    /// The rig that needs no hardware: one simulated participant.
    pub fn simulated(seed: u64) -> Rig {
        Rig {
            name: "simulated rig".into(),
            mains_hz: 50.0,
            devices: vec![Device::Simulator(SimulatorRig { seed, ..SimulatorRig::default() })],
            gate: GateRig::default(),
            protocol: ProtocolRig::default(),
            stimulus: StimulusRig { player: PlayerChoice::Null, ..StimulusRig::default() },
            live: LiveRig::default(),
        }
    }

    /// True where no device of the rig measures a person (invariant 9): one real device among simulated ones does.
    pub fn is_simulated(&self) -> bool {
        self.devices.iter().all(|d| match d {
            Device::Simulator(_) => true,
            Device::Lsl(lsl) => lsl.simulated,
            Device::BrainFlow(_) | Device::Camera(_) | Device::Replay(_) => false,
        })
    }

    /// The rig as TOML, for the session's provenance.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}

fn default_mains() -> f64 {
    50.0
}

fn one() -> f64 {
    1.0
}
