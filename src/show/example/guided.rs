//! Electrodes, self-test, camera, playlist and a timeline for the example situations.

use crate::lab::guided::{
    CameraView, Check, Electrode, Guided, LabelLane, Labelling, LiveBands, Outcome, PlaylistEntry, PlaylistView, SelfTest,
    StreamTest,
};
use crate::signal::{Emotion, Montage, Nanos, Placed, Placement, Role, Segment, StreamId, position_of};
use crate::store::rows::{Session, Trial};
use std::sync::Arc;

/// What stands beside the signals once the simulated rig is connected: 27 electrodes placed, one bad.
pub fn guided(now: Nanos) -> Guided {
    Guided {
        rig: "simulated rig".into(),
        electrodes: electrodes(now),
        test: Some(test(now)),
        camera: Some(CameraView {
            width: 640,
            height: 480,
            brightness: 118.0,
            clipped: 0.012,
            left_over_right: 1.1,
            sharpness: 143.0,
            rate: 10.0,
            ..CameraView::default()
        }),
        playlist: Some(playlist()),
        bands: Some(Arc::new(bands())),
        ..Guided::default()
    }
}

/// Alpha at the back, beta on the left, gamma at the temples, theta in the front's middle.
fn bands() -> LiveBands {
    let labels = Montage::biosemi32().labels;
    let sites: [(f64, f64); 4] = [(0.0, 0.5), (0.1, -0.8), (-0.5, 0.1), (0.9, -0.1)];
    let power = |label: &String, (x, y): (f64, f64)| {
        let place = position_of(label).map_or((0.0, 0.0), |p| p.flat());
        (12.0 * (-3.0 * ((place.0 - x).powi(2) + (place.1 - y).powi(2))).exp()) as f32
    };
    LiveBands { powers_db: sites.map(|site| labels.iter().map(|l| power(l, site)).collect()).to_vec(), labels }
}

fn electrodes(now: Nanos) -> Vec<Electrode> {
    let labels = Montage::biosemi32().labels;
    let one = |(i, label): (usize, &String)| {
        let (state, note) = match label.as_str() {
            "T8" => (Placed::Bad, "cable is loose"),
            _ if i >= 28 => (Placed::Waiting, ""),
            _ => (Placed::Placed, ""),
        };
        let mark = Placement { label: label.clone(), state, note: note.into(), at: now, contact: None };
        Electrode { role: Role::Eeg, stream: StreamId(0), mark, contact: (i < 4).then_some(4.0 - i as f64) }
    };
    let heart = |role, stream, label: &str| {
        let mark = Placement { label: label.into(), state: Placed::Placed, at: now, ..Placement::default() };
        Electrode { role, stream: StreamId(stream), mark, contact: None }
    };
    let worn = labels.iter().enumerate().map(one);
    worn.chain([heart(Role::Ecg, 0, "ECG"), heart(Role::Ppg, 1, "PPG")]).collect()
}

fn test(now: Nanos) -> SelfTest {
    let check = |what: &str, outcome, found: &str, way_out: &str| Check {
        what: what.into(),
        outcome,
        found: found.into(),
        way_out: way_out.into(),
    };
    let sound = |rate: &str, moving: &str| {
        vec![
            check("connected", Outcome::Holds, "streaming", ""),
            check("rate", Outcome::Holds, rate, ""),
            check("samples", Outcome::Holds, "0 lost of 2048", ""),
            check("clock", Outcome::Holds, "1 in 100 late by 4 ms; simulated", ""),
            check("latency", Outcome::Holds, "0 ms, written in the rig", ""),
            check("moving", Outcome::Holds, moving, ""),
        ]
    };
    let stream = |id, name: &str, checks| StreamTest { stream: StreamId(id), name: name.into(), checks };
    let mut eeg = sound("255.90 of 256 Hz", "33 of 33 channels change");
    eeg[4] =
        check("latency", Outcome::Warns, "never measured, 0 ms assumed", "fine for a first try; `limbic calibrate` measures it");
    let mut face = sound("10.00 of 10 fps", "the picture changes");
    face[5] =
        check("moving", Outcome::Fails, "the picture stands still", "take the camera's cover off, or unplug it and plug it in");
    SelfTest {
        began: now,
        watched_s: 8.0,
        of_s: 8.0,
        streams: vec![
            stream(0, "eeg", eeg),
            stream(1, "ppg", sound("63.97 of 64 Hz", "1 of 1 channels change")),
            stream(2, "face", face),
        ],
    }
}

fn playlist() -> PlaylistView {
    let entry = |i: usize| {
        let intended = super::CLASSES[(i + 1) % 4];
        let trouble =
            (i == 6).then(|| "video \"anger-07.mp4\" is not at clips/anger-07.mp4; copy it there or mend the playlist".into());
        let name = format!("{intended}-{:02}.mp4", i + 1);
        PlaylistEntry { file: Some(name.clone()), name, intended, length_s: 20.0, trouble }
    };
    PlaylistView {
        name: "demo".into(),
        file: Some("clips/demo.toml".into()),
        seed: Some(1),
        entries: (0..12).map(entry).collect(),
        around_s: 8.0,
        baseline_s: 60.0,
        total_s: 396.0,
        player: "mpv 0.40".into(),
        shows: true,
        no_room: None,
    }
}

/// The timeline of the third trial with two segments.
pub fn labelling(session: &Session, trial: Trial, names: &[Trial]) -> Labelling {
    let wave = |i: usize, a: f32, b: f32| a + b * (i as f32 / 9.0).sin();
    let lane = |name: &str, unit: &str, a: f32, b: f32| LabelLane {
        name: name.into(),
        unit: unit.into(),
        values: (0..80).map(|i| wave(i, a, b)).collect(),
    };
    let segment = |number, from_s, to_s, emotion, intensity, live| Segment {
        trial: trial.number,
        attempt: trial.attempt,
        number,
        from_s,
        to_s,
        emotion,
        intensity,
        by: if live { "participant".into() } else { "experimenter".into() },
        live,
        ..Segment::default()
    };
    Labelling {
        session: session.id,
        participant: session.participant.clone(),
        session_number: session.number,
        simulated: true,
        trials: names.iter().map(|t| (t.number, t.stimulus.clone(), usize::from(t.number == trial.number) * 2)).collect(),
        length_s: 20.0,
        step_s: 0.25,
        lanes: vec![lane("EEG", "uV", 11.0, 4.0), lane("heart", "/min", 76.0, 6.0), lane("face", "%", 100.0, 0.0)],
        classes: super::CLASSES.iter().map(|e| e.name().to_string()).collect(),
        predictions: (0..19).map(|i| (i as f32 + 0.5, usize::from(i > 6) * 3, if i % 5 == 0 { 0.4 } else { 0.7 })).collect(),
        segments: vec![segment(1, 4.0, 7.5, Some(Emotion::Anger), Some(6), false), segment(2, 11.2, 13.0, None, None, true)],
        notes: vec![],
        trial,
    }
}
