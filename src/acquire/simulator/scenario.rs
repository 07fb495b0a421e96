//! Faults on purpose: a small TOML file says what goes wrong on the simulated rig, when and how badly.
//!
//! ```toml
//! sources = "broad"   # broad, medium, focal, independent: how far each source of the EEG reaches
//!
//! [[fault]]
//! kind = "mains"      # flat, railed, mains, drift, noise, dropout, late, camera-stall, disconnect
//! channel = "O2"      # flat, railed, mains, drift, noise: one channel; without it every EEG channel
//! from_s = 10.0       # seconds since the device was started; the end does not belong to it
//! to_s = 20.0
//! amount = 80.0       # what it means: see `FaultKind`
//! ```

use crate::acquire::AcquireError;
use crate::signal::{Channel, Role, Seed};
use serde::Deserialize;
use std::f64::consts::TAU;
use std::path::Path;

/// How far the sources of the background EEG reach. Independent channels are what no head gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceModel {
    #[default]
    Broad,
    Medium,
    Focal,
    Independent,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The channel stands at `amount` (its own unit; 0 if not said).
    Flat,
    /// The channel hangs at its rail, a tenth of its signal still visible; `amount` 1 (if not said) = upper rail,
    /// -1 = lower.
    Railed,
    /// `amount` (60 if not said) of the channel's unit of mains hum at `hz` (50 if not said).
    Mains,
    /// The electrode sways: slow waves of `amount` (300 if not said) of the channel's unit at 0.7 and 1.3 Hz.
    Drift,
    /// A loose electrode: `amount` (40 if not said) of the channel's unit rms of white noise is added.
    Noise,
    /// Samples are lost; `amount` = share of the packets that go missing (1 = all, if not said).
    Dropout,
    /// Packets of samples arrive `amount` seconds (0.5 if not said) late, in order.
    Late,
    /// No frames.
    CameraStall,
    /// Nothing from any stream, with a sentence of trouble at both ends.
    Disconnect,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub kind: FaultKind,
    /// Label of the channel, for faults of channels.
    pub channel: Option<String>,
    /// Seconds since the device was started.
    pub from_s: f64,
    /// Seconds since the device was started; not included.
    pub to_s: f64,
    /// How much; see [`FaultKind`].
    pub amount: Option<f64>,
    /// Mains only: frequency.
    pub hz: Option<f64>,
}

/// All that goes wrong.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(default)]
    pub sources: SourceModel,
    #[serde(default, rename = "fault")]
    pub faults: Vec<Fault>,
}

impl FaultKind {
    fn name(self) -> &'static str {
        match self {
            FaultKind::Flat => "flat",
            FaultKind::Railed => "railed",
            FaultKind::Mains => "mains",
            FaultKind::Drift => "drift",
            FaultKind::Noise => "noise",
            FaultKind::Dropout => "dropout",
            FaultKind::Late => "late",
            FaultKind::CameraStall => "camera-stall",
            FaultKind::Disconnect => "disconnect",
        }
    }

    fn of_channel(self) -> bool {
        matches!(self, FaultKind::Flat | FaultKind::Railed | FaultKind::Mains | FaultKind::Drift | FaultKind::Noise)
    }

    /// The amount when none is given, and the amounts that make sense; None where an amount has no meaning.
    fn amounts(self) -> Option<(f64, std::ops::RangeInclusive<f64>)> {
        match self {
            FaultKind::Flat => Some((0.0, -1e6..=1e6)),
            FaultKind::Railed => Some((1.0, -1.0..=1.0)),
            FaultKind::Mains => Some((60.0, 0.0..=1e6)),
            FaultKind::Drift => Some((300.0, 0.0..=1e6)),
            FaultKind::Noise => Some((40.0, 0.0..=1e6)),
            FaultKind::Dropout => Some((1.0, 0.0..=1.0)),
            FaultKind::Late => Some((0.5, 0.0..=60.0)),
            FaultKind::CameraStall | FaultKind::Disconnect => None,
        }
    }
}

impl Fault {
    fn amount(&self) -> f64 {
        self.amount.or(self.kind.amounts().map(|(usual, _)| usual)).unwrap_or(0.0)
    }

    fn covers(&self, t: f64) -> bool {
        t >= self.from_s && t < self.to_s
    }

    /// Why this fault makes no sense, naming the key.
    fn problem(&self, channels: &[Channel]) -> Option<String> {
        let name = self.kind.name();
        if !(self.from_s >= 0.0 && self.to_s > self.from_s && self.to_s.is_finite()) {
            return Some(format!("from_s = {} and to_s = {}; they must be 0 <= from_s < to_s", self.from_s, self.to_s));
        }
        if let Some(label) = &self.channel {
            if !self.kind.of_channel() {
                return Some(format!("channel = \"{label}\"; {name} is of the whole device, leave it out"));
            }
            if !channels.iter().any(|c| c.label == *label) {
                return Some(format!("channel = \"{label}\"; the simulator has {}", labels(channels)));
            }
        }
        if let Some(hz) = self.hz {
            if self.kind != FaultKind::Mains {
                return Some(format!("hz = {hz}; only mains has a frequency"));
            }
            if !(1.0..=1000.0).contains(&hz) {
                return Some(format!("hz = {hz}; it must be 1 to 1000"));
            }
        }
        match (self.amount, self.kind.amounts()) {
            (Some(amount), None) => Some(format!("amount = {amount}; {name} knows no amount, leave it out")),
            (Some(amount), Some((_, range))) if !range.contains(&amount) => {
                Some(format!("amount = {amount}; {name} takes {} to {}", range.start(), range.end()))
            }
            _ => None,
        }
    }
}

fn labels(channels: &[Channel]) -> String {
    channels.iter().map(|c| c.label.as_str()).collect::<Vec<_>>().join(", ")
}

impl Scenario {
    /// Reads and checks a scenario file for a device with these channels.
    ///
    /// # Errors
    /// Unreadable file, TOML that does not parse, unknown keys, faults that make no sense; the sentence names file and
    /// key.
    pub fn load(path: &Path, channels: &[Channel]) -> Result<Scenario, AcquireError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| AcquireError::Scenario { path: path.into(), message: format!("cannot be read: {e}") })?;
        Scenario::parse(&text, path, channels)
    }

    /// As [`Scenario::load`], from text; `path` only names it in errors.
    ///
    /// # Errors
    /// As [`Scenario::load`], less the file's own.
    pub fn parse(text: &str, path: &Path, channels: &[Channel]) -> Result<Scenario, AcquireError> {
        let wrong = |message| AcquireError::Scenario { path: path.into(), message };
        let scenario: Scenario = toml::from_str(text).map_err(|e| wrong(e.to_string().trim().replace('\n', "\n  ")))?;
        let problem = |(i, fault): (usize, &Fault)| {
            fault.problem(channels).map(|p| format!("fault {} ({}) sets {p}", i + 1, fault.kind.name()))
        };
        match scenario.faults.iter().enumerate().find_map(problem) {
            Some(message) => Err(wrong(message)),
            None => Ok(scenario),
        }
    }
}

/// A scenario tied to a table of channels: asked sample by sample.
pub(super) struct Faults {
    scenario: Scenario,
    /// Per fault the channels it concerns and their rails.
    targets: Vec<Vec<(usize, f64)>>,
    seed: u64,
}

impl Faults {
    pub fn new(scenario: Scenario, channels: &[Channel], seed: &Seed) -> Self {
        let target = |fault: &Fault| {
            let meant = |c: &Channel| fault.channel.as_ref().map_or(c.role == Role::Eeg, |label| *label == c.label);
            let rail = |c: &Channel| c.rail.unwrap_or(1.0);
            let all = channels.iter().enumerate().filter(|(_, c)| fault.kind.of_channel() && meant(c));
            all.map(|(i, c)| (i, rail(c))).collect()
        };
        let targets = scenario.faults.iter().map(target).collect();
        Faults { scenario, targets, seed: seed.fork("faults").bits() }
    }

    fn active(&self, kind: FaultKind, t: f64) -> impl Iterator<Item = &Fault> {
        self.scenario.faults.iter().filter(move |f| f.kind == kind && f.covers(t))
    }

    /// Changes a sample at `t` seconds as the channels' faults demand.
    pub fn alter(&self, t: f64, row: &mut [f32]) {
        for (fault, targets) in self.scenario.faults.iter().zip(&self.targets) {
            if !fault.covers(t) {
                continue;
            }
            let amount = fault.amount();
            for &(channel, rail) in targets {
                let Some(value) = row.get_mut(channel) else { continue };
                let x = f64::from(*value);
                *value = match fault.kind {
                    FaultKind::Flat => amount,
                    FaultKind::Railed => amount * (rail - 0.1 * x.abs().min(0.1 * rail)),
                    FaultKind::Mains => x + amount * (TAU * fault.hz.unwrap_or(50.0) * t).sin(),
                    FaultKind::Drift => x + amount * 0.7 * ((TAU * 0.7 * t).sin() + (TAU * 1.3 * t).cos()),
                    FaultKind::Noise => x + amount * Seed::new(self.seed ^ t.to_bits() ^ channel as u64).normal(),
                    _ => x,
                } as f32;
            }
        }
    }

    pub fn sources(&self) -> SourceModel {
        self.scenario.sources
    }

    /// The sample at `t`, in the packet of that number, never comes.
    pub fn loses(&self, t: f64, packet: u64) -> bool {
        let lost = |f: &Fault| f.amount() >= 1.0 || Seed::new(self.seed ^ packet).uniform() < f.amount();
        self.disconnected(t) || self.active(FaultKind::Dropout, t).any(lost)
    }

    /// How late a packet that is due at `t` arrives, s.
    pub fn delay(&self, t: f64) -> f64 {
        self.active(FaultKind::Late, t).map(Fault::amount).fold(0.0, f64::max)
    }

    /// The camera delivers nothing at `t`.
    pub fn blind(&self, t: f64) -> bool {
        self.disconnected(t) || self.active(FaultKind::CameraStall, t).next().is_some()
    }

    /// Nothing comes at `t`.
    pub fn disconnected(&self, t: f64) -> bool {
        self.active(FaultKind::Disconnect, t).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scenario, AcquireError> {
        let channels = [Channel::eeg("Fz"), Channel::eeg("T8")];
        Scenario::parse(text, Path::new("bad.toml"), &channels)
    }

    #[test]
    fn a_wrong_file_is_named_with_its_key() {
        let fault = |rest: &str| format!("[[fault]]\nkind = \"flat\"\nfrom_s = 1.0\nto_s = 2.0\n{rest}");
        for (text, words) in [
            (fault("chanel = \"Fz\""), vec!["bad.toml", "chanel"]),
            (fault("channel = \"XY\""), vec!["bad.toml", "channel = \"XY\"", "Fz, T8"]),
            (fault("hz = 60.0"), vec!["bad.toml", "hz = 60", "mains"]),
            ("[[fault]]\nkind = \"late\"\nfrom_s = 1.0\nto_s = 2.0\namount = -1.0".into(), vec!["bad.toml", "amount = -1"]),
            ("[[fault]]\nkind = \"flat\"\nfrom_s = 3.0\nto_s = 2.0".into(), vec!["bad.toml", "from_s = 3", "to_s = 2"]),
            ("[[fault]]\nkind = \"melted\"\nfrom_s = 1.0\nto_s = 2.0".into(), vec!["bad.toml", "melted"]),
            ("faults = 3".into(), vec!["bad.toml", "faults"]),
        ] {
            let sentence = parse(&text).expect_err("wrong").to_string();
            assert!(words.iter().all(|w| sentence.contains(w)), "{sentence} lacks one of {words:?}");
        }
    }

    #[test]
    fn channel_faults_touch_their_channel_and_time_only() {
        let scenario =
            parse("[[fault]]\nkind = \"flat\"\nchannel = \"T8\"\nfrom_s = 1.0\nto_s = 2.0\namount = 4.0").expect("good");
        let faults = Faults::new(scenario, &[Channel::eeg("Fz"), Channel::eeg("T8")], &Seed::new(1));
        for (t, expected) in [(0.99, [7.0, 8.0]), (1.0, [7.0, 4.0]), (2.0, [7.0, 8.0])] {
            let mut row = [7.0, 8.0];
            faults.alter(t, &mut row);
            assert_eq!(row, expected, "at {t} s");
        }
    }
}
