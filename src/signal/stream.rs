//! What a device says about its data: streams, channels, roles, units.

use crate::signal::Nanos;
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
    /// What the device itself says of the electrode with this label: its grade of contact.
    Contact,
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
            Role::Contact => "CONTACT",
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
    /// The value of count 0, in `unit`: BioSemi's converters lie half a count beside 0. Values are then whole multiples
    /// of `step` and this.
    #[serde(default)]
    pub zero: f64,
}

impl Channel {
    pub fn eeg(label: impl Into<String>) -> Self {
        Channel { label: label.into(), role: Role::Eeg, unit: "uV".into(), rail: None, step: None, zero: 0.0 }
    }
}

/// Where a fixed latency was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatencySource {
    /// Nobody has said anything: no delay is assumed.
    #[default]
    Default,
    /// Written into the rig by hand: a data sheet, a guess.
    Config,
    /// A flash or sound in an auxiliary channel, against its onset.
    Photodiode,
    /// Blinks in the EEG against the face camera.
    CrossCorr,
}

impl LatencySource {
    /// The word in tables and in the rig.
    pub fn name(self) -> &'static str {
        match self {
            LatencySource::Default => "default",
            LatencySource::Config => "config",
            LatencySource::Photodiode => "photodiode",
            LatencySource::CrossCorr => "crosscorr",
        }
    }
}

/// How well a fixed latency is known.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct LatencyOrigin {
    /// Standard deviation, s.
    pub sd_s: f64,
    pub source: LatencySource,
}

/// What was added to a stream's own stamps to bring them onto our clock: to those of all chunks that arrived at `at` or
/// later, until the next such row. The stream's own stamps are its `device_time` less `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    pub stream: StreamId,
    pub at: Nanos,
    pub offset: Nanos,
    /// How uncertain the device's clock comparison says it is.
    pub uncertainty: Nanos,
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
    /// How well that delay is known.
    #[serde(default)]
    pub latency_origin: LatencyOrigin,
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
