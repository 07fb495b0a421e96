//! What a prediction rests on: with the face hidden or the EEG bad it is the other one alone, with both gone there is none,
//! and the stored parts say so. The models have random weights: this is not about how often they are right.

use limbic::prepare::dataset::{Recipe, Target};
use limbic::prepare::faces::face_recipe;
use limbic::prepare::features::PsdOptions;
use limbic::signal::{Role, Seed};
use limbic::store::Home;
use limbic::store::rows::{Entry, PredictionRow, SessionId, Trial};
use limbic::study::datasets::FACE_SIDE;
use limbic::train::card::{Card, Scores};
use limbic::train::network::Network;
use limbic::train::networks::{face_small::face_small, seed_a::seed_a};
use limbic::train::onnx;
use std::path::Path;
use std::process::Command;

const CLASSES: [&str; 4] = ["neutral", "happiness", "sadness", "fear"];

fn limbic(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_limbic")).arg("--home").arg(home).args(arguments).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn card(modality: &str, network: &Network, recipe: Recipe, features: usize) -> Card {
    Card {
        name: format!("{modality}-random"),
        modality: modality.into(),
        network: network.name.clone(),
        input_shape: network.input_shape().to_vec(),
        classes: CLASSES.map(String::from).to_vec(),
        target: Target::Intended,
        recipe,
        mean: vec![0.0; features],
        sd: vec![1.0; features],
        temperature: 1.0,
        seed: 7,
        protocol: "random weights".into(),
        scores: Scores::default(),
        trials: 0,
        trained_on: Vec::new(),
        participants: Vec::new(),
        simulated: true,
        device: Default::default(),
        limbic_version: "0.1.0".into(),
        caveats: Vec::new(),
    }
}

/// Writes both models; the EEG's path.
fn models(folder: &Path, home: &Home, session: SessionId) -> String {
    let recording = home.recording(session).expect("opens");
    let stream = recording.streams.iter().find(|s| !s.info.with_role(Role::Eeg).is_empty()).expect("EEG");
    let labels: Vec<String> = stream.info.with_role(Role::Eeg).iter().map(|c| stream.info.channels[*c].label.clone()).collect();
    let recipe = PsdOptions::default().recipe(&labels);
    let (features, seed) = (recipe.channels.len() * recipe.bands.len(), Seed::new(3));
    let eeg = seed_a(CLASSES.len(), 8, &seed).expect("fits");
    let face = face_small(FACE_SIDE, CLASSES.len(), 8, &seed).expect("fits");
    let cards = [card("eeg", &eeg, recipe, features), card("face", &face, face_recipe(FACE_SIDE), 0)];
    for (network, card) in [eeg, face].iter().zip(&cards) {
        std::fs::write(folder.join(format!("{}.onnx", card.name)), onnx::write(network, card)).expect("written");
    }
    folder.join("eeg-random.onnx").display().to_string()
}

#[test]
fn what_is_missing_is_left_out_and_said() {
    let room = tempfile::tempdir().expect("folder");
    let home_dir = room.path().join("home");
    limbic(&home_dir, &["simulate", "--trials", "6", "--video-s", "4", "--face-fps", "3"]);
    let (id, model) = {
        let home = Home::open(&home_dir).expect("opens");
        let id = home.sessions().expect("lists")[0].id;
        let trials = home.recording(id).expect("opens").trials.clone();
        // The gate's mark of the EEG on trials 3 and 4.
        for trial in trials.into_iter().filter(|t| (3..=4).contains(&t.number)) {
            home.put(Entry::Trial(id, Trial { quality: Some(30.0), ..trial })).expect("stored");
        }
        (id, models(room.path(), &home, id))
    };
    let predicted = || -> Vec<PredictionRow> {
        let text = limbic(&home_dir, &["predict", &id.to_string(), "--file", &model, "--json"]);
        serde_json::from_str(&text).expect("rows")
    };
    let bad = |row: &PredictionRow| (3..=4).contains(&row.trial);
    let rows = predicted();
    assert_eq!(rows.len(), 6);
    for row in &rows {
        assert_eq!(row.parts.source, if bad(row) { "face_only" } else { "fused" }, "trial {}: {:?}", row.trial, row.parts);
        assert_eq!(row.parts.face_from.as_deref(), Some("centre square"));
        assert!(!bad(row) || row.fused == row.face, "the face alone answers");
    }
    // Now the camera saw nothing.
    for entry in std::fs::read_dir(Home::open(&home_dir).expect("opens").session_dir(id)).expect("session").flatten() {
        if entry.file_name().to_string_lossy().starts_with("face-") {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    for row in predicted() {
        assert_eq!(row.parts.source, if bad(&row) { "missing" } else { "eeg_only" }, "trial {}: {:?}", row.trial, row.parts);
        match bad(&row) {
            true => assert!(row.parts.abstain.is_some() && row.fused.is_none(), "{:?}", row.parts),
            false => assert_eq!(row.fused, row.eeg, "the EEG alone answers"),
        }
    }
}
