//! What the program says of a prediction's worth: whose answers they are, and whether the model knew the person or the trials.

use limbic::store::Home;
use std::path::Path;
use std::process::{Command, Output};

/// Runs limbic in a folder.
fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_limbic")).args(arguments).current_dir(folder).output().expect("limbic runs")
}

/// What a prediction is worth: a model's answers for a person whom it does not know, for one whom it knows, and for its own
/// training trials under another session's id.
#[test]
fn a_prediction_says_what_its_model_was_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = limbic(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["simulate", "--participants", "3", "--trials", "8", "--video-s", "6", "--face-fps", "0"]);
    run(&["train", "SIM01/1", "SIM02/1", "--hidden", "8", "--epochs", "2"]);
    let scores = "scores are those of the cross-validation";
    assert!(run(&["predict", "SIM01/1"]).contains(scores));
    let other = run(&["predict", "SIM03/1"]);
    assert!(!other.contains(scores) && other.contains("! The model was trained on other participants than SIM03."), "{other}");

    // In another home the model is a file, and the sessions are copies: it is told what they are by what it says itself.
    run(&["export", "all", "--to", "bids", "bids"]);
    let models = std::fs::read_dir(folder.path().join("sessions/models")).expect("models").flatten();
    let model = models.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "onnx")).expect("a model");
    let (model, elsewhere) = (model.display().to_string(), folder.path().join("elsewhere").display().to_string());
    run(&["import", "bids", "--home", &elsewhere]);
    let copy = run(&["predict", "SIM01/1", "--home", &elsewhere, "--file", &model]);
    for wanted in ["! The model was trained on other sessions of SIM01.", "! SIMULATED data", "(rows = intended"] {
        assert!(copy.contains(wanted), "{wanted} is missing:\n{copy}");
    }

    // A copy beside the original, as homes of earlier versions may have it: it is in-sample.
    let home = Home::open(&folder.path().join("sessions")).expect("opens");
    let first = home.find_session("SIM01/1").expect("there");
    let copied = Home::view(Path::new(&elsewhere)).expect("opens").find_session("SIM01/1").expect("there");
    copy_folder(&folder.path().join("elsewhere").join(copied.id.to_string()), &home.session_dir(copied.id));
    assert!(copied.is_same_recording(&first));
    home.rebuild().expect("rebuilt");
    drop(home);
    let twin = run(&["predict", &copied.id.to_string()]);
    assert!(twin.contains("NO ACCURACY") && twin.contains("IN-SAMPLE"), "{twin}");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("there").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}
