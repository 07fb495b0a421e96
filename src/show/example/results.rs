//! An example of what training leaves behind: predictions, cards, an explanation.

use crate::explain::report::{ClassExplanation, ExplainerResult, ExplanationReport};
use crate::lab::message::Review;
use crate::prepare::dataset::{Recipe, Target};
use crate::show::example::{CLASSES, session, signals, trials};
use crate::signal::{BANDS, Montage, position_of};
use crate::store::rows::{PredictionRow, SessionState, StreamRow};
use crate::train::card::{Card, Scores};

fn classes() -> Vec<String> {
    CLASSES.iter().map(|c| c.name().to_string()).collect()
}

/// Probabilities with `p` on one class and the rest shared.
fn on(class: usize, p: f32) -> Vec<f32> {
    (0..4).map(|c| if c == class { p } else { (1.0 - p) / 3.0 }).collect()
}

/// Twelve trials: trial 5 is wrong, trials 4 and 8 are split between EEG and face.
pub fn review() -> Review {
    let session = session("P07", 1, SessionState::Complete, 91.0);
    let trials: Vec<_> = trials(12);
    let mut confusion = vec![vec![0; 4]; 4];
    let predictions: Vec<PredictionRow> = trials
        .iter()
        .filter(|t| t.is_usable())
        .map(|t| {
            let truth = t.number as usize % 4;
            let eeg = if t.number == 5 || t.number == 4 { (truth + 1) % 4 } else { truth };
            let face = if t.number == 8 { (truth + 2) % 4 } else { truth };
            let fused = if t.number == 5 { eeg } else { truth };
            confusion[truth][fused] += 1;
            PredictionRow {
                session: session.id,
                trial: t.number,
                model: "eeg-20261121-142210 x face-20261121-142231".into(),
                classes: classes(),
                truth: Some(truth),
                eeg: Some(on(eeg, 0.71)),
                face: Some(on(face, 0.58)),
                fused: Some(on(fused, 0.83)),
                timeline: (1..20).map(|s| (s as f32, on(if s % 6 == 0 { (eeg + 1) % 4 } else { eeg }, 0.6))).collect(),
                held_out: true,
                runtime: "limbic (burn flex)".into(),
                parts: Default::default(),
            }
        })
        .collect();
    let streams = signals::streams(0);
    Review {
        streams: streams.iter().map(|s| stream_row(s.id, &s.name)).collect(),
        session,
        trials,
        predictions,
        eeg_accuracy: Some(10.0 / 12.0),
        face_accuracy: Some(11.0 / 12.0),
        fused_accuracy: Some(11.0 / 12.0),
        majority: 0.25,
        scored_trials: 12,
        confusion,
        classes: classes(),
        cards: vec![card()],
        explanation: Some(explanation()),
    }
}

fn stream_row(id: crate::signal::StreamId, name: &str) -> StreamRow {
    let info = crate::signal::StreamInfo {
        id,
        name: name.into(),
        kind: crate::signal::StreamKind::Signal,
        device: "simulated participant (seed 7)".into(),
        rate: 256.0,
        channels: vec![],
        clock: "host arrival".into(),
        latency_s: 0.0,
        latency_origin: Default::default(),
        simulated: true,
    };
    StreamRow {
        info,
        written: 293_120,
        lost: 0,
        dropped: 0,
        first_arrival: None,
        last_arrival: None,
        first_index: 0,
        gaps: Vec::new(),
    }
}

fn card() -> Card {
    Card {
        name: "eeg-20261121-142210".into(),
        modality: "eeg".into(),
        network: "seed-a-cnn hidden=512".into(),
        input_shape: vec![1, 22, 22],
        classes: classes(),
        target: Target::Intended,
        recipe: Recipe {
            kind: "psd".into(),
            channels: Montage::biosemi32().labels,
            bands: BANDS.iter().map(|b| b.name.to_string()).collect(),
            parameters: Default::default(),
        },
        mean: vec![],
        sd: vec![],
        temperature: 1.3,
        seed: 7,
        protocol: "grouped 4-fold by trial".into(),
        scores: Scores { accuracy: 0.83, majority: 0.25, chance: 0.25, ..Scores::default() },
        trials: 12,
        trained_on: vec![],
        participants: vec!["P07".into()],
        simulated: true,
        device: crate::train::device::Compute::Cpu,
        limbic_version: "0.1.0".into(),
        caveats: vec![
            "One participant, 12 trials: the interval is wide and says nothing about other people.".into(),
            "Trained and judged on simulated data.".into(),
        ],
    }
}

/// Maps with a clear shape per class: frontal theta, occipital alpha, and so on.
pub fn explanation() -> ExplanationReport {
    let montage = Montage::biosemi32();
    let one_map = |class: usize, sharpness: f64| -> Vec<f32> {
        let mut map = Vec::new();
        for label in &montage.labels {
            let (x, y) = position_of(label).map_or((0.0, 0.0), |p| p.flat());
            let side = [1.0, -1.0, 0.6, -0.6][class % 4];
            let value = [side * y, -side * y, side * x, 0.3 * side * (x - y)];
            map.extend(value.iter().map(|v| (0.2 * v * sharpness) as f32));
        }
        map
    };
    let explainer = |name: &str, class: usize, qt: f64, sharpness| ExplainerResult {
        explainer: name.into(),
        map: one_map(class, sharpness),
        audc: qt * 0.5,
        auic: 1.0 - qt * 0.9,
        ausc: Some(0.6),
        qt: Some(qt),
        qt_interval: Some((qt - 0.06, qt + 0.07)),
        deletion: vec![1.0, 0.6, 0.2],
        insertion: vec![0.2, 0.7, 1.0],
    };
    let classes = CLASSES.iter().enumerate().map(|(i, class)| ClassExplanation {
        class: class.name().into(),
        samples: 57,
        trials: 3,
        recall: 0.83,
        explainers: vec![explainer("IG", i, 0.41, 1.0), explainer("Grad-CAM", i, 0.55, 0.6), explainer("Saliency", i, 0.58, 0.8)],
        random: Some((0.52, 0.49, 0.66)),
        random_ausc: Some(0.95),
        random_interval: None,
        winner: Some(0),
        verdict: "IG by 0.14 over Grad-CAM; its interval lies apart".into(),
        blank_is_this_class: i == 2,
        words: "frontal theta up, occipital alpha down, left beta up".into(),
    });
    ExplanationReport {
        model: "eeg-20261121-142210".into(),
        recipe: "psd-3f2a9c01".into(),
        channels: montage.labels.clone(),
        bands: BANDS.iter().map(|b| b.name.to_string()).collect(),
        classes: classes.collect(),
        metric: "probability".into(),
        seed: 7,
        simulated: true,
        checks: Vec::new(),
        images: Vec::new(),
        caveats: vec!["An attribution says what the network used, not what the brain did.".into()],
    }
}
