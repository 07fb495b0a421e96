//! `limbic export`: what the tables hold, and what is refused.

use std::path::Path;
use std::process::{Command, Output};

/// Runs limbic in that folder.
fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_limbic")).args(arguments).current_dir(folder).output().expect("limbic runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

/// One column of a table that was exported as arrays, a text a row.
fn column(table: &Path, name: &str) -> Vec<String> {
    use limbic::exchange::arrays::{Content, read};
    let arrays = read(table).expect("arrays");
    let mut found = arrays.into_iter().filter(|a| a.name == name);
    let column = match found.next().unwrap_or_else(|| panic!("{name} is not in {}", table.display())).content {
        Content::Numbers(v) => v.iter().map(|v| format!("{v}")).collect(),
        Content::Words(v) => v,
    };
    assert!(found.next().is_none(), "{name} stands twice in {}", table.display());
    column
}

/// An answer that names no class is no answer in the table either; what was simulated is marked row by row everywhere.
#[test]
fn exported_tables_say_what_the_screens_say() {
    use limbic::store::rows::{Entry, PredictionParts, PredictionRow};
    let folder = folder();
    let run = |arguments: &[&str]| {
        let output = limbic(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    };
    run(&["simulate", "--participants", "1", "--trials", "2", "--video-s", "4", "--face-fps", "0"]);
    let home = limbic::store::Home::open(&folder.path().join("sessions")).expect("opens");
    let row = |trial: u32, fused: [f32; 2], parts: PredictionParts| PredictionRow {
        session: home.sessions().expect("sessions")[0].id,
        trial,
        model: "eeg-1".into(),
        classes: vec!["happiness".into(), "sadness".into()],
        truth: Some(0),
        eeg: None,
        face: None,
        fused: Some(fused.to_vec()),
        timeline: Vec::new(),
        held_out: true,
        runtime: "none".into(),
        parts,
    };
    let sure = PredictionParts {
        source: "fused".into(),
        confidence: Some(0.75),
        abstain: None,
        eeg_quality: Some(96.0),
        face_quality: Some(88.0),
        face_from: Some("centre square".into()),
    };
    let why = "no class reaches 0.40";
    let unsure = PredictionParts { source: "eeg_only".into(), abstain: Some(why.into()), ..PredictionParts::default() };
    home.put(Entry::Prediction(row(1, [0.75, 0.25], sure))).expect("kept");
    home.put(Entry::Prediction(row(2, [0.34, 0.33], unsure))).expect("kept");
    drop(home);

    let exported = |what: &str| {
        let name = format!("{what}.npz");
        run(&["export", "last", &name, "--to", "npz", "--what", what]);
        folder.path().join(name)
    };
    let table = exported("predictions");
    for (name, cells) in [
        ("session_number", ["1", "1"]),
        ("fused_said", ["happiness", "happiness"]),
        ("abstained", ["0", "1"]),
        ("abstain_why", ["", why]),
        ("source", ["fused", "eeg_only"]),
        ("confidence", ["0.75", "NaN"]),
        ("eeg_quality", ["96", "NaN"]),
        ("face_quality", ["88", "NaN"]),
        ("face_from", ["centre square", ""]),
        ("simulated", ["1", "1"]),
    ] {
        assert_eq!(column(&table, name), cells, "{name}");
    }
    let table = exported("labels");
    assert_eq!(column(&table, "felt_s"), ["0", "0"], "nothing was marked, which is no -0");
    assert_eq!(column(&table, "simulated"), ["1", "1"]);
    let marks = column(&exported("features"), "simulated");
    assert!(marks.len() > 2 && marks.iter().all(|mark| mark == "1"), "{marks:?}");
}

/// Options that the export does not look at are not taken without a word, nor are samples put in a file of another name.
#[test]
fn an_export_refuses_what_changes_nothing_and_names_that_lie() {
    let folder = folder();
    let export = |more: &[&str]| limbic(folder.path(), &[&["export", "last"], more].concat());
    for (arguments, words) in [
        (&["t.npz", "--to", "npz", "--what", "labels", "--target", "valence"][..], "--target changes nothing here"),
        (&["t.npz", "--to", "npz", "--features", "psd"], "it goes with --what features"),
        (&["t.bdf", "--to", "bdf", "--eeg", "edf"], "it goes with --to bids"),
        (&["t.mkv", "--to", "mkv", "--face"], "--face changes nothing here"),
        (&["t.tsv", "--to", "brainflow", "--what", "labels"], "--to npz or --to parquet"),
    ] {
        let output = export(arguments);
        assert!(!output.status.success() && said(&output).contains(words), "{arguments:?}: {}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{arguments:?}: {}", said(&output));
    }
    assert!(limbic(folder.path(), &["record", "--seconds", "1"]).status.success());
    for (kind, name, wanted) in [("edf", "t.bdf", ".edf"), ("brainvision", "t.edf", ".vhdr"), ("npz", "t.parquet", ".npz")] {
        let output = export(&[name, "--to", kind]);
        let named = said(&output).contains(&format!("{name} cannot be written; name a file that ends with {wanted}"));
        assert!(!output.status.success() && named && !folder.path().join(name).exists(), "{kind}: {}", said(&output));
    }
    assert!(export(&["without-an-end", "--to", "npz"]).status.success());
}
