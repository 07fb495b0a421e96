//! The simulated participant on a simulated rig: EEG, heart and face with known effects, and faults on purpose.
//!
//! What it feels follows the cues that the lab sends ([`Source::cue`]) by the amounts of [`effects`]; what goes wrong
//! comes from a [`scenario`]. Time comes from the clock alone: on a manual clock it delivers what is due and never
//! waits. Same seed, same cues, same packets, bit for bit, however often it is read.

mod background;
mod brain;
pub mod effects;
mod engine;
mod face;
mod heart;
mod response;
pub mod scenario;

pub use effects::participant_rating;

use super::{AcquireError, Packet, Source, Surroundings};
use crate::rig::SimulatorRig;
use crate::signal::{Channel, Cue, Montage, Nanos, Role, Seed, SharedClock, StreamId, StreamInfo, StreamKind};
use brain::Artefacts;
use engine::{Engine, Plan};
use scenario::{Faults, Scenario};
use std::time::Duration;

/// EEG channels.
const CHANNELS: usize = 32;
/// Length of a packet of samples, s: what a wireless cap sends at once.
const PACKET_S: f64 = 0.0625;
/// Levels of the amplifier's converter on each side of zero: 24 bits. EEG and ECG go through it.
const LEVELS: f64 = 8_388_608.0;
/// Size of one count of the amplifier, uV.
const STEP_UV: f64 = EEG_RAIL_UV / LEVELS;
/// Size of one count of the pulse sensor: 16 bits.
const PPG_STEP: f64 = PPG_RAIL / 32_768.0;
/// Largest EEG value, uV: an amplifier of gain 24 at 4.5 V.
const EEG_RAIL_UV: f64 = 187_500.0;
const ECG_RAIL_MV: f64 = 5.0;
const PPG_RAIL: f64 = 4.0;

/// A device that needs no hardware and no person. Everything it delivers is marked as simulated.
pub struct Simulator {
    rig: SimulatorRig,
    scenario: Scenario,
    montage: Montage,
    streams: Vec<StreamInfo>,
    clock: SharedClock,
    /// None before the start and after the stop.
    running: Option<Engine>,
}

impl Simulator {
    /// Opens the rig: stream "eeg" (32 EEG channels in uV, ECG in mV, PPG) and, with a camera, stream "face".
    ///
    /// # Errors
    /// Rates out of range; a scenario that cannot be read or makes no sense.
    pub fn open(rig: &SimulatorRig, around: &Surroundings) -> Result<Self, AcquireError> {
        let refuse = |message: String| AcquireError::Device { device: "simulator".into(), message };
        if !(100.0..=2048.0).contains(&rig.rate) {
            return Err(refuse(format!("rate = {} is out of range; choose 100 to 2048 samples a second", rig.rate)));
        }
        if !(0.0..=60.0).contains(&rig.face_fps) {
            return Err(refuse(format!("face_fps = {} is out of range; choose 0 (no camera) to 60", rig.face_fps)));
        }
        if !(0.0..=3.0).contains(&rig.effect) {
            return Err(refuse(format!("effect = {} is out of range; choose 0 (none) to 3", rig.effect)));
        }
        if !(0.0..=1000.0).contains(&rig.heart_uv) {
            return Err(refuse(format!("heart_uv = {} is out of range; choose 0 (no field of the heart) to 1000", rig.heart_uv)));
        }
        let montage = Montage::biosemi32();
        let streams = describe(rig, &montage, around.first_stream);
        let scenario = match &rig.scenario {
            Some(path) => Scenario::load(path, &streams[0].channels)?,
            None => Scenario::default(),
        };
        Ok(Simulator { rig: rig.clone(), scenario, montage, streams, clock: around.clock.clone(), running: None })
    }

    /// Times of the R peaks on the clock since the start: the truth behind ECG and PPG. The last one may lie ahead.
    pub fn beats(&self) -> Vec<Nanos> {
        self.running.as_ref().map(Engine::beats).unwrap_or_default()
    }

    fn due(&mut self) -> Vec<Packet> {
        let now = self.clock.now();
        self.running.as_mut().map(|engine| engine.due(now)).unwrap_or_default()
    }
}

impl Source for Simulator {
    fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    fn start(&mut self) -> Result<(), AcquireError> {
        if self.running.is_none() {
            let table = self.streams[0].id;
            let plan = Plan {
                seed: self.rig.seed,
                rate: self.rig.rate,
                face_fps: self.rig.face_fps,
                effect: self.rig.effect,
                artefacts: Artefacts { blinks: self.rig.blinks, muscle: self.rig.muscle, heart_uv: self.rig.heart_uv },
                table,
                face: StreamId(table.0 + 1),
                start: self.clock.now(),
            };
            let faults = Faults::new(self.scenario.clone(), &self.streams[0].channels, &Seed::new(self.rig.seed));
            self.running = Some(Engine::new(plan, &self.montage, faults));
        }
        Ok(())
    }

    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError> {
        let packets = self.due();
        if !packets.is_empty() || self.running.is_none() || self.clock.is_simulated() || wait.is_zero() {
            return Ok(packets);
        }
        self.clock.wait(wait.min(Duration::from_secs_f64(PACKET_S)));
        Ok(self.due())
    }

    fn cue(&mut self, cue: &Cue) {
        if let Some(engine) = &mut self.running {
            engine.cue(cue);
        }
    }

    fn stop(&mut self) {
        self.running = None;
    }
}

/// What the converter makes of a sample: whole counts of each channel's step.
fn convert(row: &mut [f32; CHANNELS + 2]) {
    let count = |value: f32, step: f64| ((f64::from(value) / step).round() as i32, step);
    for (i, value) in row.iter_mut().enumerate() {
        let (count, step) = match i {
            CHANNELS => count(*value, STEP_UV / 1000.0),
            i if i > CHANNELS => count(*value, PPG_STEP),
            _ => count(*value, STEP_UV),
        };
        *value = (f64::from(count) * step) as f32;
    }
}

fn describe(rig: &SimulatorRig, montage: &Montage, first: u16) -> Vec<StreamInfo> {
    let channel = |label: &str, role, unit: &str, rail, step| Channel {
        label: label.into(),
        role,
        unit: unit.into(),
        rail: Some(rail),
        step: Some(step),
        zero: 0.0,
    };
    let mut channels: Vec<Channel> =
        montage.labels.iter().map(|label| channel(label, Role::Eeg, "uV", EEG_RAIL_UV, STEP_UV)).collect();
    channels.push(channel("ECG", Role::Ecg, "mV", ECG_RAIL_MV, STEP_UV / 1000.0));
    channels.push(channel("PPG", Role::Ppg, "au", PPG_RAIL, PPG_STEP));
    let stream = |offset, name: &str, kind, what: &str, rate, channels| StreamInfo {
        id: StreamId(first + offset),
        name: name.into(),
        kind,
        device: format!("SIMULATED {what} (seed {})", rig.seed),
        rate,
        channels,
        clock: "the session's clock, exact".into(),
        latency_s: 0.0,
        latency_origin: Default::default(),
        simulated: true,
    };
    let mut streams = vec![stream(0, "eeg", StreamKind::Signal, "participant", rig.rate, channels)];
    if rig.face_fps > 0.0 {
        streams.push(stream(1, "face", StreamKind::Face, "camera", rig.face_fps, Vec::new()));
    }
    streams
}
