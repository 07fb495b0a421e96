//! A snapshot for every situation: what tests draw and what the documentation's pictures show.
//!
//! Everything here is made up and says so: `simulated` is true wherever there is anything.

mod guided;
mod results;
mod scenes;
mod signals;
mod situations;

pub use results::{explanation, review};
pub use scenes::{Scene, scenes};
pub use situations::{camera_preview, labelling, new_home, paused, rating, recording, reviewed, summary, training, waiting_gate};

use crate::gate::Verdict;
use crate::lab::message::{Catalogue, DeviceView, FaceView, HeartView, Snapshot, Traces};
use crate::present::{Phase, ProtocolView};
use crate::rig::Rig;
use crate::signal::{Emotion, Nanos, Rating, SECOND};
use crate::store::rows::{Consent, ModelRow, Participant, Session, SessionId, SessionState, Trial, TrialState};
use std::sync::Arc;

/// 2026-11-21 14:02 UTC: when the example session began.
const BEGAN_UTC: Nanos = 1_795_269_720 * SECOND;
/// Monotonic time of the same moment.
const BEGAN: Nanos = 1_000 * SECOND;

/// The emotions of the example's playlist, in order.
pub const CLASSES: [Emotion; 4] = [Emotion::Happiness, Emotion::Sadness, Emotion::Calm, Emotion::Anger];

/// A session of the catalogue.
pub fn session(code: &str, number: u32, state: SessionState, quality: f64) -> Session {
    Session {
        id: SessionId(0x019a_a0b1_c2d3_e000 + u64::from(number) * 977 + quality as u64),
        participant: code.into(),
        number,
        state,
        started_utc: BEGAN_UTC,
        started: BEGAN,
        ended: (state != SessionState::Prepared && state != SessionState::Recording).then_some(BEGAN + 1_145 * SECOND),
        rig_name: "simulated rig".into(),
        rig: Rig::simulated(7).to_toml(),
        playlist: "demo".into(),
        order_seed: 1,
        player: "null player (nothing is shown)".into(),
        simulated: true,
        limbic_version: "0.1.0".into(),
        trials_planned: 12,
        verdict: (state != SessionState::Prepared).then(|| Verdict {
            pass: true,
            why: format!("{quality:.0} % of 80 %"),
            advice: vec![],
        }),
        override_reason: None,
        quality: (state != SessionState::Prepared).then(|| signals::quality(quality > 80.0)),
        source: "recorded".into(),
        content: String::new(),
    }
}

fn catalogue() -> Catalogue {
    Catalogue {
        participants: vec![Participant {
            code: "P06".into(),
            age_band: "25-34".into(),
            sex: "x".into(),
            handedness: "right".into(),
            note: String::new(),
        }],
        sessions: vec![
            session("P06", 2, SessionState::Complete, 91.0),
            session("P06", 1, SessionState::Aborted, 83.0),
            session("P05", 1, SessionState::Interrupted, 76.0),
        ],
        usable: [("P06", 2, SessionState::Complete, 91.0, 12), ("P06", 1, SessionState::Aborted, 83.0, 5)]
            .map(|(code, number, state, quality, trials)| (session(code, number, state, quality).id, trials))
            .into(),
        models: vec![ModelRow {
            name: "eeg-20261120-140210".into(),
            modality: "eeg".into(),
            file: "models/eeg-20261120-140210.onnx".into(),
            sha256: "00".repeat(32),
            created_utc: BEGAN_UTC - 86_400 * SECOND,
            sessions: vec![session("P06", 2, SessionState::Complete, 91.0).id],
            participants: vec!["P06".into()],
            simulated: true,
            summary: "grouped 4-fold 0.78 (chance 0.25), 24 trials".into(),
            lacks: String::new(),
        }],
        rigs: vec![("rigs/freeeeg32.toml".into(), "FreeEEG32 with camera".into())],
        doctor: vec![
            "BrainFlow is not here: no boards, the simulator works; limbic setup brings it".into(),
            "ONNX Runtime is not here: limbic's own forward pass is used (slower, same numbers)".into(),
        ],
    }
}

/// Nothing connected, three stored sessions, a model.
pub fn home() -> Snapshot {
    Snapshot {
        seq: 1,
        now: BEGAN,
        utc: BEGAN_UTC,
        home: "sessions".into(),
        simulated: true,
        catalogue: Arc::new(catalogue()),
        participant: None,
        consent: None,
        session: None,
        devices: vec![],
        device_trouble: vec![],
        streams: vec![],
        quality: None,
        verdict: None,
        recording: false,
        recorded: 0,
        goes_on: None,
        stored: vec![],
        protocol: ProtocolView {
            phase: Phase::Waiting,
            phase_started: BEGAN,
            phase_length: None,
            trial: 0,
            trials: 0,
            attempt: 0,
            stimulus: String::new(),
            intended: None,
        },
        trials: vec![],
        overridden: None,
        rating: Rating::default(),
        traces: Traces::default(),
        heart: None,
        face: None,
        disk_free: 812_000_000_000,
        disk_minutes: None,
        stopped: None,
        written: 0,
        durable_at: None,
        lost: 0,
        log: vec![],
        job: None,
        review: None,
        guided: Default::default(),
        prediction: None,
    }
}

/// Participant and consent are stored, no device yet.
pub fn prepared() -> Snapshot {
    let participant = Participant { code: "P07".into(), ..Participant::default() };
    let consent = Consent { recording: true, face_stored: true, experimenter: "MK".into(), ..Consent::default() };
    Snapshot {
        participant: Some(participant),
        consent: Some(consent),
        session: Some(session("P07", 1, SessionState::Prepared, 0.0)),
        ..home()
    }
}

/// The simulated rig streams; two electrodes fail, the gate says no.
pub fn gate_failing() -> Snapshot {
    let report = signals::quality(false);
    let verdict = Verdict {
        pass: false,
        why: format!("{:.0} % is below 80 %: 2 of 32 channels are bad", report.overall),
        advice: vec![
            "T8 flat: plug it or add gel".into(),
            "P3 mains: re-gel it, move the lamp and its cable away".into(),
            "mending both brings about 91 %".into(),
        ],
    };
    Snapshot {
        guided: guided::guided(BEGAN),
        prediction: None,
        devices: vec![DeviceView {
            name: "simulated participant (seed 7)".into(),
            state: "streaming".into(),
            detail: "32 EEG, ECG, PPG, face".into(),
        }],
        streams: signals::streams(0),
        traces: signals::traces(BEGAN),
        quality: Some(report),
        verdict: Some(verdict),
        heart: Some(HeartView { from: "ECG".into(), beats_per_minute: Some(71.0), beats: vec![BEGAN - SECOND / 5] }),
        face: Some(FaceView { fps: 10.0, frames: 812, missed: 0, stored: false, brightness: Some(118.0) }),
        ..prepared()
    }
}

/// The electrodes are mended.
pub fn gate_passing() -> Snapshot {
    let report = signals::quality(true);
    let verdict = Verdict { pass: true, why: format!("{:.0} % reaches 80 %", report.overall), advice: vec![] };
    Snapshot { quality: Some(report), verdict: Some(verdict), ..gate_failing() }
}

/// Trials done so far, one of them redone.
pub fn trials(done: u32) -> Vec<Trial> {
    let mut trials = Vec::new();
    for number in 1..=done {
        let intended = CLASSES[number as usize % 4];
        let pleasant = matches!(intended, Emotion::Happiness | Emotion::Calm);
        let rating = Rating {
            valence: Some(if pleasant { 7.0 } else { 3.0 } + (number % 2) as f32),
            arousal: Some(if matches!(intended, Emotion::Happiness | Emotion::Anger) { 7.0 } else { 2.0 } + (number % 3) as f32),
            emotion: Some(if number == 5 { Emotion::Calm } else { intended }),
        };
        let on = BEGAN + i64::from(number) * 60 * SECOND;
        let trial = Trial {
            number,
            attempt: 1,
            stimulus: format!("{intended}-{number:02}.mp4"),
            intended: Some(intended),
            video_on: Some(on),
            video_off: Some(on + 20 * SECOND),
            state: TrialState::Done,
            rating,
            rated_by: "participant".into(),
            quality: Some(88.0 + f64::from(number % 5)),
            note: String::new(),
        };
        if number == 3 {
            trials.push(Trial { state: TrialState::Redone, rating: Rating::default(), ..trial.clone() });
        }
        trials.push(Trial { attempt: if number == 3 { 2 } else { 1 }, ..trial });
    }
    trials
}

/// Every situation by name.
pub fn all() -> Vec<(&'static str, Snapshot)> {
    vec![
        ("home", home()),
        ("prepared", prepared()),
        ("gate failing", gate_failing()),
        ("gate passing", gate_passing()),
        ("recording", recording()),
        ("paused", paused()),
        ("rating", rating()),
        ("summary", summary()),
        ("labelling", labelling()),
        ("training", training()),
        ("reviewed", reviewed()),
    ]
}
