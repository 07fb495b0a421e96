//! Data sets of the field, made here in miniature: recognised, imported, and used like what was recorded.

mod pickled;

use pickled::pickled;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn limbic(folder: &Path, arguments: &[&str]) -> Output {
    let home = folder.join("home");
    Command::new(env!("CARGO_BIN_EXE_limbic"))
        .arg("--home")
        .arg(home)
        .args(arguments)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("no-data"))
        .output()
        .expect("limbic runs")
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn said(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The value of a sample in all files made here.
fn value(trial: usize, channel: usize, sample: usize) -> f64 {
    (trial as f64 + 1.0) * ((sample * (channel + 1)) as f64 * 0.05).sin() + channel as f64
}

const TRIALS: usize = 3;
const CHANNELS: usize = 40;
const SAMPLES: usize = 128 * 8;

fn deap(folder: &Path, person: u32) -> PathBuf {
    let samples = (0..TRIALS)
        .flat_map(|r| (0..CHANNELS).flat_map(move |c| (0..SAMPLES).map(move |t| value(r, c, t) + f64::from(person - 1))));
    let ratings: Vec<f64> = (0..TRIALS).flat_map(|r| [r as f64 + 2.0, 8.5 - r as f64, 5.0, 6.0]).collect();
    let mut bytes = b"\x80\x02}(".to_vec();
    pickled(&mut bytes, "labels", &[TRIALS as u16, 4], &ratings);
    pickled(&mut bytes, "data", &[TRIALS as u16, CHANNELS as u16, SAMPLES as u16], &samples.collect::<Vec<_>>());
    bytes.extend(b"u.");
    let path = folder.join(format!("s{person:02}.dat"));
    std::fs::write(&path, bytes).expect("written");
    path
}

/// A variable of a MAT-file.
fn matrix(name: &str, dims: [i32; 3], values: &[f64]) -> Vec<u8> {
    let element = |tag: u32, body: &[u8]| {
        let mut bytes = [tag.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let dims: Vec<u8> = dims.iter().filter(|d| **d > 0).flat_map(|d| d.to_le_bytes()).collect();
    let values: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let parts = [element(6, &[6, 0, 0, 0, 0, 0, 0, 0]), element(5, &dims), element(1, name.as_bytes()), element(9, &values)];
    element(14, &parts.concat())
}

fn mat(path: &Path, variables: &[Vec<u8>]) {
    let mut bytes = b"MATLAB 5.0 MAT-file".to_vec();
    bytes.resize(124, b' ');
    bytes.extend([0, 1, b'I', b'M']);
    variables.iter().for_each(|v| bytes.extend(v));
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn deap_for_python_and_for_matlab_give_the_same_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = folder.path().join("data_preprocessed_python");
    std::fs::create_dir(&python).expect("a folder");
    (1..=2).for_each(|n| drop(deap(&python, n)));
    let report = json(&limbic(folder.path(), &["import", "data_preprocessed_python", "--json"]));
    assert_eq!(report["found"][0]["format"], "DEAP (preprocessed, Python)");
    assert_eq!(report["sessions"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["sessions"][1]["session"]["participant"], "deap-02");
    let shown = json(&limbic(folder.path(), &["show", "deap-01/1", "--json"]));
    let trial = &shown["trials"][1];
    assert_eq!((trial["rating"]["valence"].as_f64(), trial["rating"]["arousal"].as_f64()), (Some(3.0), Some(7.5)));
    // 3 s of the second trial before its video; 8 s and a hole of 5 s before that.
    assert_eq!(trial["video_on"].as_i64(), Some(16_000_000_000));
    // In a home of its own: the same data twice are refused, in whichever format.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    let matlab = other.join("s07.mat");
    let at = |i: usize| (i % TRIALS, i / TRIALS % CHANNELS, i / TRIALS / CHANNELS);
    let data: Vec<f64> = (0..TRIALS * CHANNELS * SAMPLES).map(at).map(|(r, c, t)| value(r, c, t)).collect();
    let labels: Vec<f64> = (0..4 * TRIALS).map(|i| [i as f64 % 3.0 + 2.0, 8.5 - i as f64 % 3.0, 5.0, 6.0][i / TRIALS]).collect();
    let dims = [TRIALS as i32, CHANNELS as i32, SAMPLES as i32];
    mat(&matlab, &[matrix("data", dims, &data), matrix("labels", [3, 4, 0], &labels)]);
    let twice = said(&limbic(folder.path(), &["import", "other/s07.mat", "--json"]));
    assert!(twice.contains("s07.mat is already here as deap-01/1"), "{twice}");
    json(&limbic(&other, &["import", "s07.mat", "--json"]));
    let [one, seven] = [(folder.path(), "deap-01/1"), (&other, "deap-07/1")].map(|(place, name)| {
        let why = said(&limbic(place, &["export", name, "--to", "npz", "out.npz"]));
        assert!(why.contains("licence"), "a data set under licence does not leave by itself: {why}");
        assert!(limbic(place, &["export", name, "--to", "npz", "--inside-lab", "out.npz"]).status.success());
        limbic::exchange::npz::arrays(&place.join("out.npz")).expect("arrays")
    });
    assert_eq!(one["trial_valence"], seven["trial_valence"]);
    let bits = |found: &limbic::exchange::npz::Found| found.numbers().iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&one["eeg"]), bits(&seven["eeg"]));
}

#[test]
fn a_data_set_says_of_recordings_from_elsewhere_only_what_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    deap(folder.path(), 1);
    assert!(limbic(folder.path(), &["import", "s01.dat"]).status.success());
    let exported = limbic(folder.path(), &["export", "all", "--to", "bids", "--inside-lab", "out"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let mut files = vec![folder.path().join("out")];
    let mut text = std::collections::BTreeMap::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("a folder").flatten().map(|e| e.path()));
        } else {
            text.insert(
                path.to_string_lossy().into_owned(),
                String::from_utf8_lossy(&std::fs::read(&path).expect("read")).into_owned(),
            );
        }
    }
    let of = |end: &str| text.iter().find(|(name, _)| name.ends_with(end)).map(|(_, text)| text.as_str()).expect(end);
    let row: Vec<&str> = of("out/participants.tsv").lines().nth(1).expect("a row").split('\t').collect();
    assert_eq!(row[5..7], ["n/a", "n/a"], "{row:?}");
    assert!(!of("_eeg.json").contains("TaskDescription"));
    assert!(of("_scans.tsv").trim_end().ends_with("\tn/a"), "{}", of("_scans.tsv"));
    assert!(of("_eeg.vmrk").contains("New Segment,,1,1,0\r\n"));
    assert!(!of("out/README").contains("meant to raise"));
}

#[test]
fn trials_without_a_word_are_rated_where_no_word_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    deap(folder.path(), 1);
    assert!(limbic(folder.path(), &["import", "s01.dat"]).status.success());
    for target in ["intended", "valence", "arousal"] {
        let study = json(&limbic(folder.path(), &["study", "--target", target, "--json"]));
        assert_eq!((study["usable"].as_u64(), study["unrated"].as_u64()), (Some(TRIALS as u64), Some(0)), "{target}");
    }
    let study = json(&limbic(folder.path(), &["study", "--target", "reported", "--json"]));
    assert_eq!(study["unrated"].as_u64(), Some(TRIALS as u64), "that target takes the word");
    let shown = limbic(folder.path(), &["show", "last"]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("3 of 3 usable, 3 fully rated"), "{shown}");
}

#[test]
fn a_pickle_with_a_command_in_it_is_refused_and_creates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s01.dat"), b"\x80\x02cos\nsystem\n(U\x0ctouch hackedtR.").expect("written");
    let message = said(&limbic(folder.path(), &["import", "s01.dat"]));
    assert!(message.contains("s01.dat") && message.contains("os system"), "{message}");
    assert!(!folder.path().join("hacked").exists() && !folder.path().join("home").exists());
}

#[test]
fn seed_has_its_clips_and_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("Preprocessed_EEG");
    std::fs::create_dir(&place).expect("a folder");
    let samples = 400;
    let clip = |n: usize| {
        let values: Vec<f64> = (0..62 * samples).map(|i| value(n, i % 62, i / 62)).collect();
        matrix(&format!("djc_eeg{n}"), [62, samples as i32, 0], &values)
    };
    mat(&place.join("1_20131027.mat"), &[clip(2), clip(1), clip(3)]);
    mat(&place.join("label.mat"), &[matrix("label", [1, 3, 0], &[1.0, 0.0, -1.0])]);
    let report = json(&limbic(folder.path(), &["import", ".", "--json"]));
    assert_eq!(report["sessions"][0]["session"]["participant"], "seed-01");
    let shown = json(&limbic(folder.path(), &["show", "last", "--json"]));
    let intended: Vec<&str> = shown["trials"].as_array().into_iter().flatten().filter_map(|t| t["intended"].as_str()).collect();
    assert_eq!(intended, ["happiness", "neutral", "sadness"]);
    let study = json(&limbic(folder.path(), &["study", "--json"]));
    assert_eq!((study["usable"].as_u64(), study["classes"]["neutral"].as_u64()), (Some(3), Some(1)));
}

/// A BDF with two EEG channels and Status; the video begins at 2 s and ends at 6 s.
fn bdf(path: &Path, code_on: i32, code_off: i32) {
    let (rate, seconds, signals) = (64usize, 8usize, 3usize);
    let mut bytes = b"\xFFBIOSEMI".to_vec();
    let mut field = |text: &str, width: usize| bytes.extend(format!("{text:<width$}").bytes().take(width));
    for (text, width) in
        [("x", 80), ("x", 80), ("01.01.26", 8), ("00.00.00", 8), ("1024", 8), ("24BIT", 44), ("8", 8), ("1", 8), ("3", 4)]
    {
        field(text, width);
    }
    let each: [([&str; 3], usize); 10] = [
        (["Fp1", "Cz", "Status"], 16),
        ([""; 3], 80),
        (["uV", "uV", "Boolean"], 8),
        (["-262144", "-262144", "-8388608"], 8),
        (["262143", "262143", "8388607"], 8),
        (["-8388608"; 3], 8),
        (["8388607"; 3], 8),
        ([""; 3], 80),
        (["64"; 3], 8),
        ([""; 3], 32),
    ];
    each.iter().for_each(|(texts, width)| texts.iter().for_each(|text| field(text, *width)));
    for second in 0..seconds {
        for signal in 0..signals {
            for k in 0..rate {
                let t = second * rate + k;
                let status = if t / rate >= 6 {
                    code_off
                } else if t / rate >= 2 {
                    code_on
                } else {
                    0
                };
                let value = if signal == 2 { status } else { (1000.0 * (t as f64 * 0.3).sin()) as i32 };
                bytes.extend(&value.to_le_bytes()[..3]);
            }
        }
    }
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn deaps_original_recordings_and_mahnob_find_their_videos() {
    let folder = tempfile::tempdir().expect("a folder");
    let original = folder.path().join("data_original");
    std::fs::create_dir(&original).expect("a folder");
    bdf(&original.join("s03.bdf"), 4, 5);
    let table = "Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity\n\
                 2,1,9,0,1,1,1,1,1\n3,1,17,0,6.5,2.25,5,7,4\n";
    std::fs::write(original.join("participant_ratings.csv"), table).expect("written");
    json(&limbic(folder.path(), &["import", "data_original", "--json"]));
    let shown = json(&limbic(folder.path(), &["show", "deap-03/1", "--json"]));
    let trial = &shown["trials"][0];
    assert_eq!((trial["video_on"].as_i64(), trial["video_off"].as_i64()), (Some(2_000_000_000), Some(6_000_000_000)));
    assert_eq!((trial["stimulus"].as_str(), trial["rating"]["valence"].as_f64()), (Some("deap-video-17"), Some(6.5)));

    let session = folder.path().join("mahnob/Sessions/130");
    std::fs::create_dir_all(&session).expect("a folder");
    bdf(&session.join("Part_1_S_Trial1_emotion.bdf"), 16, 32);
    let xml = "<?xml version=\"1.0\"?><session feltEmo=\"11\" feltArsl=\"4\" feltVlnc=\"8\" feltCtrl=\"6\" feltPred=\"5\" \
               isStim=\"1\" cutNr=\"2\" mediaFile=\"53.avi\"><subject id=\"1\" gender=\"female\"/></session>";
    std::fs::write(session.join("session.xml"), xml).expect("written");
    let report = json(&limbic(folder.path(), &["import", "mahnob", "--json"]));
    assert_eq!(report["sessions"][0]["session"]["participant"], "mahnob-01");
    let shown = json(&limbic(folder.path(), &["show", "mahnob-01/1", "--json"]));
    let trial = &shown["trials"][0];
    assert_eq!((trial["rating"]["emotion"].as_str(), trial["video_on"].as_i64()), (Some("amusement"), Some(2_000_000_000)));

    // A data set's own code that breaks the rule is named with its file and the way round it.
    std::fs::write(session.join("session.xml"), xml.replace("id=\"1\"", "id=\"Anna B.\"")).expect("written");
    let message = said(&limbic(folder.path(), &["import", "mahnob"]));
    assert!(message.contains("emotion.bdf: \"mahnob-Anna B.\" cannot be") && message.contains("--participant"), "{message}");
    // Into a new home, since this one has the recording already.
    std::fs::remove_dir_all(folder.path().join("home")).expect("removed");
    json(&limbic(folder.path(), &["import", "mahnob", "--participant", "M02", "--json"]));
}

#[test]
fn one_bad_file_does_not_stop_the_rest_and_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = folder.path().join("set");
    std::fs::create_dir(&python).expect("a folder");
    deap(&python, 1);
    let second = deap(&python, 2);
    let bytes = std::fs::read(&second).expect("read");
    std::fs::write(&second, &bytes[..bytes.len() / 2]).expect("cut");
    let message = said(&limbic(folder.path(), &["import", "set"]));
    assert!(message.contains("1 of 2") && message.contains("s02.dat"), "{message}");
    let sessions = json(&limbic(folder.path(), &["sessions", "--json"]));
    assert_eq!(sessions.as_array().map(Vec::len), Some(1));
}
