//! Sessions for the tests of the store: rows, chunks and frames derived from their number, so that a verifier needs
//! no copy of what was written.
#![allow(dead_code)]

use limbic::signal::{Channel, Chunk, Frame, Nanos, SECOND, Seed, StreamId, StreamInfo, StreamKind};
use limbic::store::rows::{Consent, Participant, Session, SessionId, SessionState};
use limbic::store::{Home, SessionWriter};
use std::path::Path;

pub const CHANNELS: usize = 8;
pub const RATE: f64 = 250.0;
/// Samples per channel in one chunk.
pub const CHUNK: usize = 25;
pub const EEG: StreamId = StreamId(0);
pub const FACE: StreamId = StreamId(1);
pub const STARTED: Nanos = 5 * SECOND;

pub fn participant(code: &str) -> Participant {
    Participant { code: code.into(), age_band: "20-29".into(), ..Participant::default() }
}

pub fn consent() -> Consent {
    Consent { recording: true, face_stored: true, form: "v2".into(), ..Consent::default() }
}

pub fn session(home: &Home, code: &str, seed: u64) -> Session {
    let utc = 1_790_000_000 * SECOND + seed as Nanos * SECOND;
    Session {
        id: home.new_session_id(utc, &mut Seed::new(seed)),
        participant: code.into(),
        number: home.next_number(code).expect("reads"),
        state: SessionState::Recording,
        started_utc: utc,
        started: STARTED,
        ended: None,
        rig_name: "test".into(),
        rig: String::new(),
        playlist: String::new(),
        order_seed: 1,
        player: "null".into(),
        simulated: true,
        limbic_version: "test".into(),
        trials_planned: 3,
        verdict: None,
        override_reason: None,
        quality: None,
        source: "recorded".into(),
        content: String::new(),
    }
}

pub fn streams() -> Vec<StreamInfo> {
    let info = |id, name: &str, kind, rate, channels| StreamInfo {
        id,
        name: name.into(),
        kind,
        device: "test".into(),
        rate,
        channels,
        clock: "host arrival".into(),
        latency_s: 0.0,
        latency_origin: Default::default(),
        simulated: false,
    };
    let channels = (1..=CHANNELS).map(|i| Channel::eeg(format!("C{i}"))).collect();
    vec![info(EEG, "eeg", StreamKind::Signal, RATE, channels), info(FACE, "face", StreamKind::Face, 10.0, Vec::new())]
}

pub fn writer(home: &Home, code: &str, seed: u64) -> SessionWriter {
    let mut writer = home.create_session(session(home, code, seed), participant(code), consent()).expect("creates");
    writer.declare_streams(&streams()).expect("declares");
    writer
}

/// The value of one sample, a mix of signal-like and noise-like bits.
pub fn value(channel: usize, index: u64) -> f32 {
    let slow = 40.0 * (index as f32 * 0.05 + channel as f32).sin();
    slow + Seed::new(index * 31 + channel as u64).uniform() as f32
}

/// Chunk number `k`: arrives exactly when its last sample is taken.
pub fn chunk(k: u64) -> Chunk {
    let first = k * CHUNK as u64;
    let rows = (first..first + CHUNK as u64).flat_map(|i| (0..CHANNELS).map(move |c| value(c, i))).collect();
    let arrived = STARTED + ((first + CHUNK as u64 - 1) as f64 * SECOND as f64 / RATE) as Nanos;
    Chunk { stream: EEG, first_index: first, lost_before: 0, arrived, device_time: None, channels: CHANNELS, rows }
}

pub fn frame(i: u64) -> Frame {
    let captured = STARTED + i as Nanos * SECOND / 10;
    let mut seed = Seed::new(i);
    let jpeg = (0..3000).map(|_| seed.bits() as u8).collect();
    Frame { stream: FACE, index: i, captured, arrived: captured + 7_000_000, jpeg }
}

/// A closed session of `chunks` chunks and as many frames.
pub fn recorded(home: &Home, code: &str, seed: u64, chunks: u64) -> SessionId {
    let mut writer = writer(home, code, seed);
    for k in 0..chunks {
        writer.samples(&chunk(k)).expect("buffers");
        writer.frame(&frame(k)).expect("buffers");
        writer.flush().expect("flushes");
    }
    writer.close(SessionState::Complete, STARTED + 60 * SECOND).expect("closes").id
}

/// Every file below a folder with its bytes.
pub fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("lists") {
        let path = entry.expect("lists").path();
        if path.is_dir() {
            all.push((path.display().to_string(), Vec::new()));
            all.extend(contents(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).expect("reads")));
        }
    }
    all.sort();
    all
}
