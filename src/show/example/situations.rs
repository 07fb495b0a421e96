//! From the first video to the review, and the situations between the usual ones.

use super::{BEGAN, BEGAN_UTC, catalogue, gate_failing, gate_passing, home, review, session, trials};
use crate::job::Progress;
use crate::lab::guided::Preview;
use crate::lab::message::{Catalogue, FaceView, HeartView, JobView, Snapshot};
use crate::present::{Phase, ProtocolView};
use crate::signal::{Emotion, Rating, SECOND};
use crate::store::rows::{SessionState, TrialState};
use std::sync::Arc;

/// A home in which nothing was recorded yet.
pub fn new_home() -> Snapshot {
    let doctor = catalogue().doctor;
    Snapshot { catalogue: Arc::new(Catalogue { doctor, ..Catalogue::default() }), simulated: false, ..home() }
}

/// The first seconds of the signals: no score yet.
pub fn waiting_gate() -> Snapshot {
    Snapshot { quality: None, verdict: None, ..gate_failing() }
}

/// The experimenter has asked for a picture: an oval before a grey wall.
pub fn camera_preview() -> Snapshot {
    let mut s = gate_passing();
    let (width, height) = (32, 24);
    let shade = |x: usize, y: usize| {
        let (dx, dy) = ((x as f64 - 15.5) / 7.0, (y as f64 - 12.0) / 10.0);
        let eye = (y == 9 || y == 10) && (x.abs_diff(12) < 2 || x.abs_diff(19) < 2);
        match dx.hypot(dy) {
            _ if eye || (y == 17 && x.abs_diff(15) < 4) => 60,
            d if d < 1.0 => (200.0 - 60.0 * d) as u8,
            _ => 70 + x as u8,
        }
    };
    let at = s.now;
    let grey = (0..width * height).map(|i| shade(i % width, i / width)).collect();
    if let Some(camera) = &mut s.guided.camera {
        camera.wanted = true;
        camera.preview = Some(Preview { at, width, height, grey });
    }
    s
}

/// In the middle of the third video.
pub fn recording() -> Snapshot {
    let now = BEGAN + 243 * SECOND;
    let log = [
        (0, "session started; gate passed with 91 %"),
        (35, "eyes closed"),
        (70, "trial 1: video on"),
        (128, "marker: coughed"),
        (171, "trial 2 rated: valence 3, arousal 2, sadness"),
        (186, "trial 3: redone, movement"),
        (229, "trial 3: video on"),
    ];
    let mut session = session("P07", 1, SessionState::Recording, 91.0);
    session.ended = None;
    Snapshot {
        now,
        utc: BEGAN_UTC + (now - BEGAN),
        session: Some(session),
        recording: true,
        recorded: now - BEGAN,
        stored: super::signals::stored(now - BEGAN),
        protocol: ProtocolView {
            phase: Phase::Video,
            phase_started: now - 14 * SECOND,
            phase_length: Some(20 * SECOND),
            trial: 3,
            trials: 12,
            attempt: 2,
            stimulus: "anger-03.mp4".into(),
            intended: Some(Emotion::Anger),
        },
        streams: super::signals::streams(now - BEGAN),
        traces: super::signals::traces(now),
        heart: Some(HeartView { from: "ECG".into(), beats_per_minute: Some(78.0), beats: vec![now - SECOND / 5] }),
        face: Some(FaceView { fps: 10.0, frames: 2_430, missed: 0, stored: true, brightness: Some(118.0) }),
        trials: trials(3).into_iter().filter(|t| t.number < 3 || t.attempt == 1).collect(),
        written: 12_400_000,
        durable_at: Some(now - SECOND * 2 / 5),
        log: log.iter().map(|(s, text)| (BEGAN + s * SECOND, text.to_string())).collect(),
        ..gate_passing()
    }
}

/// The same, stopped by the experimenter, with samples lost.
pub fn paused() -> Snapshot {
    let mut s = recording();
    s.protocol.phase = Phase::Paused;
    s.protocol.phase_started = s.now - 41 * SECOND;
    s.protocol.phase_length = None;
    s.lost = 37;
    if let Some(eeg) = s.stored.first_mut() {
        (eeg.missing, eeg.gaps) = (37, 1);
    }
    if let Some(eeg) = s.streams.first_mut() {
        eeg.lost = 37;
    }
    s
}

/// Valence is answered, arousal and feeling are not.
pub fn rating() -> Snapshot {
    let mut s = recording();
    s.protocol.phase = Phase::Rating;
    s.protocol.phase_started = s.now - 6 * SECOND;
    s.protocol.phase_length = None;
    s.rating = Rating { valence: Some(3.0), ..Rating::default() };
    s
}

/// All trials are done.
pub fn summary() -> Snapshot {
    let now = BEGAN + 1_145 * SECOND;
    let mut s = recording();
    let finished = session("P07", 1, SessionState::Complete, 91.0);
    let mut catalogue = catalogue();
    catalogue.sessions.insert(0, finished.clone());
    catalogue.usable.insert(finished.id, 12);
    s.now = now;
    s.utc = BEGAN_UTC + (now - BEGAN);
    s.session = Some(finished);
    s.catalogue = Arc::new(catalogue);
    s.recording = false;
    s.recorded = now - BEGAN;
    s.stored = super::signals::delivered(now - BEGAN);
    s.protocol.phase = Phase::Finished;
    s.protocol.trial = 12;
    s.streams = super::signals::streams(now - BEGAN);
    s.trials = trials(12);
    s.written = 58_300_000;
    s
}

/// The third clip's timeline is open.
pub fn labelling() -> Snapshot {
    let mut s = summary();
    let third = s.trials.iter().rev().find(|t| t.number == 3).cloned();
    s.guided.labelling = s.session.as_ref().zip(third).map(|(session, trial)| {
        Arc::new(super::guided::labelling(
            session,
            trial,
            &s.trials.iter().filter(|t| t.state == TrialState::Done).cloned().collect::<Vec<_>>(),
        ))
    });
    s
}

/// A network is being trained.
pub fn training() -> Snapshot {
    let curve = (1..=24).map(|e| {
        let fall = (-(e as f32) / 9.0).exp();
        (e, 0.2 + 1.2 * fall, 0.45 + 0.95 * fall + 0.004 * e as f32, 0.8 - 0.55 * fall)
    });
    let progress =
        Progress { stage: "train fold 2/4".into(), done: 144, total: 400, detail: "EEG network, best epoch so far 19".into() };
    let job = JobView { name: "train".into(), progress, outcome: None, stopped: false, curve: curve.collect() };
    Snapshot { job: Some(job), ..summary() }
}

/// A stored session with predictions and an explanation.
pub fn reviewed() -> Snapshot {
    Snapshot { review: Some(Arc::new(review())), ..summary() }
}
