//! What a device says about its data: streams, channels, roles, units.

use serde::{Deserialize, Serialize};

/// Number of a stream within its session; also the order of the devices in the rig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId(pub u16);

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamKind {
    /// Sampled signals: EEG, ECG, PPG, ... in one chunked table.
    Signal,
    /// Face video: one JPEG a frame.
    Face,
}

/// What a channel measures. The rig may override what the device says ("channel 31 is the ECG").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Eeg,
    Ecg,
    Ppg,
    Eog,
    Emg,
    Eda,
    Temperature,
    Trigger,
    Misc,
}

impl Role {
    /// The word in tables, in BIDS capitals.
    pub fn name(self) -> &'static str {
        match self {
            Role::Eeg => "EEG",
            Role::Ecg => "ECG",
            Role::Ppg => "PPG",
            Role::Eog => "EOG",
            Role::Emg => "EMG",
            Role::Eda => "EDA",
            Role::Temperature => "TEMP",
            Role::Trigger => "TRIG",
            Role::Misc => "MISC",
        }
    }
}

/// One channel. Samples are stored in `unit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Electrode position for EEG ("Fz"), a plain name otherwise ("ECG").
    pub label: String,
    pub role: Role,
    /// "uV", "mV", "au", ...
    pub unit: String,
    /// Largest absolute value that the device can give, in `unit`, where known (for the railed check).
    #[serde(default)]
    pub rail: Option<f64>,
    /// Size of one count of its converter, in `unit`, where known: every value is then a whole multiple of it,
    /// rounded to f32. The store keeps such channels as counts, which is smaller, wherever that is exact.
    #[serde(default)]
    pub step: Option<f64>,
}

impl Channel {
    pub fn eeg(label: impl Into<String>) -> Self {
        Channel { label: label.into(), role: Role::Eeg, unit: "uV".into(), rail: None, step: None }
    }
}

/// One stream of one device, fixed for a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamInfo {
    pub id: StreamId,
    /// Short name, unique in the session: "eeg", "ppg", "face".
    pub name: String,
    pub kind: StreamKind,
    /// What delivers it, as a person would say it: "BrainFlow 5.23.0 SYNTHETIC_BOARD (-1)".
    pub device: String,
    /// Nominal samples or frames a second.
    pub rate: f64,
    /// Empty for [`StreamKind::Face`].
    pub channels: Vec<Channel>,
    /// Where the device's stamps come from: "host arrival", "BrainFlow host clock at parse", ...
    pub clock: String,
    /// Fixed delay between the event at the electrode and its stamp; subtracted when times are derived.
    #[serde(default)]
    pub latency_s: f64,
    /// True for everything that did not come from a person (invariant 9).
    pub simulated: bool,
}

impl StreamInfo {
    /// Indices of the channels with this role.
    pub fn with_role(&self, role: Role) -> Vec<usize> {
        self.channels.iter().enumerate().filter(|(_, c)| c.role == role).map(|(i, _)| i).collect()
    }

    /// Labels of all channels, in order.
    pub fn labels(&self) -> Vec<String> {
        self.channels.iter().map(|c| c.label.clone()).collect()
    }
}
