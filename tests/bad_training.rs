//! Bad input to training, evaluation and model files: one clear sentence each, never a half-written model.

use limbic::job::Job;
use limbic::prepare::dataset::{Dataset, Example, Recipe, Target};
use limbic::signal::{Montage, Seed};
use limbic::train::crossval::{CrossvalOptions, cross_validate};
use limbic::train::input::InputMaker;
use limbic::train::networks::face_small::face_small;
use limbic::train::networks::seed_a::seed_a;
use limbic::train::{FitOptions, Network, Predictor, architecture};
use std::path::Path;
use std::process::Command;

/// 12 trials of 2 windows, band powers of 32 electrodes.
fn dataset() -> Dataset {
    let mut draws = Seed::new(3);
    let example = |i: usize| Example {
        features: (0..128).map(|_| draws.normal() as f32).collect(),
        label: i / 2 % 2,
        participant: format!("P{}", i / 12),
        session: format!("s{}", i / 12),
        trial: (i / 2) as u32,
        stimulus: String::new(),
        time: (i % 2) as f64,
    };
    let examples = (0..24).map(example).collect();
    let bands = ["theta", "alpha", "beta", "gamma"].map(String::from).to_vec();
    let channels = Montage::biosemi32().labels;
    let recipe = Recipe { kind: "psd".into(), channels, bands, parameters: Default::default() };
    Dataset { recipe, target: Target::Valence, classes: vec!["low".into(), "high".into()], examples, simulated: true }
}

fn refused(data: &Dataset, network: &str) -> String {
    let options = CrossvalOptions {
        folds: 3,
        seed: 1,
        fit: FitOptions { epochs: 1, ..FitOptions::default() },
        network: architecture(network).expect("known"),
        hidden: 4,
        assignment: None,
        name: "bad".into(),
        modality: "eeg".into(),
    };
    cross_validate(data, &options, &Job::silent(), &mut |_, _| {}).expect_err("must be refused").to_string()
}

#[test]
fn every_bad_data_set_gets_its_sentence() {
    let wrong = |change: &dyn Fn(&mut Dataset)| {
        let mut data = dataset();
        change(&mut data);
        refused(&data, "seed-a-cnn")
    };
    let cases = [
        ("one class", wrong(&|d| d.examples.iter_mut().for_each(|e| e.label = 1)), "only the class(es) high"),
        ("one trial", wrong(&|d| d.examples.truncate(2)), "only the class(es) low"),
        ("two trials", wrong(&|d| d.examples.truncate(4)), "3 folds need"),
        ("no example", wrong(&|d| d.examples.clear()), "no examples"),
        ("unequal channels", wrong(&|d| d.examples[5].features.truncate(120)), "has 120 features"),
        (
            "NaN",
            wrong(&|d| d.examples[7].features[3] = f32::NAN),
            "trial 3: the features at 1.0 s hold a value that is no number",
        ),
        ("infinity", wrong(&|d| d.examples[7].features[3] = f32::INFINITY), "no number"),
        ("a label too many", wrong(&|d| d.examples.iter_mut().for_each(|e| e.label = 2)), "label 2 is outside"),
        ("an unknown electrode", wrong(&|d| d.recipe.channels[4] = "ear".into()), "ear"),
        ("an unknown recipe", wrong(&|d| d.recipe.kind = "hrv".into()), "\"hrv\""),
        ("another network's features", refused(&dataset(), "eeg-itnet"), "takes stretches of samples"),
    ];
    for (name, said, part) in cases {
        println!("{name}: {said}");
        assert!(said.contains(part) && said.lines().count() == 1 && !said.contains("panicked"), "{name}: {said}");
    }
}

#[test]
fn a_model_refuses_features_of_another_recipe() {
    let data = dataset();
    let maker = InputMaker::fit(&data, &[0, 1]).expect("fits");
    let mut other = data.recipe.clone();
    other.parameters.insert("window_s".into(), "4".into());
    let said = maker.check("eeg-1", &other).expect_err("another recipe").to_string();
    println!("another recipe: {said}");
    assert!(said.contains("\"eeg-1\"") && said.contains(&data.recipe.id()) && said.contains(&other.id()));
}

fn card() -> limbic::train::card::Card {
    let value = serde_json::json!({
        "name": "m", "modality": "face", "network": "face-small", "input_shape": [1, 8, 8], "classes": ["a", "b"],
        "target": "intended", "recipe": { "kind": "face", "channels": [], "bands": [], "parameters": {} }, "mean": [], "sd": [],
        "temperature": 1.0, "seed": 4, "protocol": "none", "trials": 0, "participants": [], "simulated": true,
        "limbic_version": "0", "caveats": [], "scores": { "accuracy": 0.0, "majority": 0.0, "chance": 0.5,
        "balanced_accuracy": 0.0, "macro_f1": 0.0, "interval": [0.0, 0.0], "permutation_p": null, "confusion": [], "trials": 0 }
    });
    serde_json::from_value(value).expect("a card")
}

/// A disk of 1 MiB; needs the right to mount.
struct Disk<'a>(&'a Path);

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

/// A model of 4 MB has no place: the one that was there is still there, whole, and nothing else.
#[test]
fn a_full_disk_leaves_the_model_that_was_there() {
    let folder = tempfile::tempdir().expect("folder");
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
    if !mount.is_ok_and(|o| o.status.success()) {
        println!("skipped: no right to mount a small disk here");
        return;
    }
    let disk = Disk(folder.path());
    let path = disk.0.join("m.onnx");
    let small = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    small.save(&path, &card()).expect("there is room");
    let large = seed_a(2, 32, &Seed::new(1)).expect("fits");
    let said = large.save(&path, &card()).expect_err("there is no room").to_string();
    println!("full disk: {said}");
    assert!(said.contains("m.onnx") && said.contains("No space left") && said.lines().count() == 1, "{said}");
    let (back, read) = Network::load(&path).expect("the old model");
    assert_eq!((back.input_len(), back.flat(), read), (64, small.flat(), Some(card())));
    let mut names: Vec<_> = std::fs::read_dir(disk.0).expect("folder").flatten().map(|e| e.file_name()).collect();
    names.sort();
    assert_eq!(names, ["m.json", "m.onnx"]);
}

/// A face model does not predict a session by itself: it is told which model to name.
#[test]
fn a_face_model_says_whose_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("face.onnx");
    face_small(8, 2, 4, &Seed::new(1)).expect("fits").save(&path, &card()).expect("saved");
    let limbic = |arguments: &[&str]| {
        let home = folder.path().join("home");
        Command::new(env!("CARGO_BIN_EXE_limbic")).arg("--home").arg(home).args(arguments).output().expect("limbic runs")
    };
    assert!(limbic(&["simulate", "--trials", "1", "--video-s", "3", "--face-fps", "0"]).status.success());
    let refused = limbic(&["predict", "last", "--file", path.to_str().expect("text")]);
    let text = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{text}");
    assert!(text.contains("m is a face model") && text.contains("EEG model") && text.lines().count() == 1, "{text}");
}
