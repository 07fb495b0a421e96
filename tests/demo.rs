//! The demo: the whole path from electrode to explanation, twice, byte for byte; and a model met by a stranger.

use std::path::Path;
use std::process::{Command, Output};

fn limbic(arguments: &[&str], home: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_limbic")).args(arguments).arg("--home").arg(home).output().expect("limbic runs")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_same_seed_prints_the_same_and_the_kept_home_can_be_used() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let kept = folder.path().join("kept");
    let arguments = ["demo", "--seed", "3", "--trials", "8", "--video-s", "10"];
    let keeping: Vec<&str> = arguments.iter().copied().chain(["--keep", kept.to_str().expect("utf-8")]).collect();
    // Side by side: what else the machine does must not show either.
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| text(&limbic(&arguments, folder.path())));
        let second = text(&limbic(&keeping, folder.path()));
        (first.join().expect("the first demo"), second)
    });
    let second = second.split("\nKept in").next().unwrap_or_default().to_string();
    assert_eq!(first, second, "the same seed must print the same");
    for part in ["SIMULATED", "ACCURACY", "fused", "QUALITY TEST", "random", "EXPLAINED"] {
        assert!(first.contains(part), "the demo does not show {part}:\n{first}");
    }
    assert!(first.is_ascii(), "the demo's output must be 7-bit");
    the_kept_home(&kept, folder.path());
}

fn the_kept_home(kept: &Path, folder: &Path) {
    assert!(text(&limbic(&["sessions"], kept)).contains("SIM01/1"));
    assert!(text(&limbic(&["show", "last"], kept)).contains("ACCURACY"));
    assert!(text(&limbic(&["explain"], kept)).contains("QUALITY TEST"));
    what_is_no_model(kept);
    assert!(text(&limbic(&["verify"], kept)).contains("ok"));
    let stored = text(&limbic(&["predict", "last"], kept));
    assert!(stored.contains("EEG") && !stored.contains("IN-SAMPLE"));
    // The model as a bare file knows what it was trained on: its held-out answers stay, none on its own trials replace
    // them.
    let by_file = text(&limbic(&["predict", "last", "--file", eeg_model(kept).to_str().expect("utf-8")], kept));
    assert_eq!(stored, by_file);
    let rebuilt = text(&limbic(&["verify", "--rebuild"], kept));
    assert!(!rebuilt.is_empty());
    assert!(text(&limbic(&["show", "last"], kept)).contains("ACCURACY"), "predictions must survive a rebuild");
    a_stranger(kept, folder);
}

/// A word that names no model is answered with the models there are, and a class with the option for it.
fn what_is_no_model(kept: &Path) {
    let home = limbic::store::Home::view(kept).expect("opens");
    let report = limbic::study::explanation(&home, None).expect("reads").expect("the demo explains");
    let said = |word: &str| String::from_utf8_lossy(&limbic(&["explain", word], kept).stderr).into_owned();
    let (nonsense, class) = (said("nonsense"), said(&report.classes[0].class));
    let there = format!("explained are {}", report.model);
    assert!(nonsense.contains("no model is called nonsense") && nonsense.contains(&there), "{nonsense}");
    assert!(class.contains("limbic explain --class") && class.contains(&there), "{class}");
}

/// A session with another montage is refused by the model, in one sentence that says what differs.
fn a_stranger(kept: &Path, folder: &Path) {
    let model = eeg_model(kept);
    let edf = folder.join("stranger.edf");
    std::fs::write(&edf, two_channel_edf()).expect("written");
    let home = folder.join("other");
    text(&Command::new(env!("CARGO_BIN_EXE_limbic")).args(["import"]).arg(&edf).arg("--home").arg(&home).output().expect("runs"));
    // Beside a model that was explained, a session that it never answered for shows no explanation.
    text(&Command::new(env!("CARGO_BIN_EXE_limbic")).args(["import"]).arg(&edf).arg("--home").arg(kept).output().expect("runs"));
    let beside = limbic::store::Home::view(kept).expect("opens");
    let unasked = beside.sessions().expect("lists").into_iter().find(|s| s.source.contains("edf")).expect("imported");
    assert!(limbic::study::review(&beside, unasked.id).expect("reads").explanation.is_none());
    let output = limbic(&["predict", "last", "--file", model.to_str().expect("utf-8")], &home);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("montage"), "{message}");
}

fn eeg_model(home: &Path) -> std::path::PathBuf {
    std::fs::read_dir(home.join("models"))
        .expect("models")
        .flatten()
        .map(|e| e.path())
        .find(|p| p.extension().is_some_and(|e| e == "onnx") && p.to_string_lossy().contains("eeg"))
        .expect("an EEG model")
}

/// Twenty seconds of noise on Fz and Cz.
fn two_channel_edf() -> Vec<u8> {
    let mut edf = Vec::new();
    let mut field = |text: &str, width: usize| edf.extend(format!("{text:<width$}").bytes().take(width));
    for (text, width) in
        [("0", 8), ("X", 80), ("X", 80), ("01.01.26", 8), ("00.00.00", 8), ("768", 8), ("", 44), ("20", 8), ("1", 8), ("2", 4)]
    {
        field(text, width);
    }
    for (values, width) in [
        (["Fz", "Cz"], 16),
        (["", ""], 80),
        (["uV", "uV"], 8),
        (["-100", "-100"], 8),
        (["100", "100"], 8),
        (["-32768", "-32768"], 8),
        (["32767", "32767"], 8),
        (["", ""], 80),
        (["128", "128"], 8),
        (["", ""], 32),
    ] {
        values.iter().for_each(|v| field(v, width));
    }
    let mut seed = limbic::signal::Seed::new(5);
    for _ in 0..20 * 2 * 128 {
        edf.extend(((seed.normal() * 2000.0) as i16).to_le_bytes());
    }
    edf
}
