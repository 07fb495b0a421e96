//! Evaluations over a simulated study: repeatable, resumed after kill -9, the same on a cluster, leaks named.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

fn limbic(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(arguments).arg("--home").arg(home);
    command
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Three participants, six short trials each, no camera.
fn study() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("folder");
    let arguments = ["simulate", "--participants", "3", "--trials", "6", "--video-s", "6", "--face-fps", "0", "--seed", "5"];
    let said = text(&limbic(home.path(), &arguments).output().expect("limbic runs"));
    assert!(said.contains("SIM03") && said.contains("SIMULATED"), "{said}");
    home
}

/// A small network and few epochs: what is tested is the walk, not the score.
const SMALL: [&str; 9] = ["evaluate", "--hidden", "8", "--epochs", "3", "--folds", "3", "--target", "valence"];

fn evaluate(home: &Path, more: &[&str]) -> Vec<Value> {
    let output = limbic(home, &SMALL).args(more).arg("--json").output().expect("limbic runs");
    serde_json::from_str(&text(&output)).expect("JSON")
}

/// Finished runs with the time at which they were written.
fn finished(home: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let Ok(folders) = std::fs::read_dir(home.join("derived/evaluations")) else { return found };
    for folder in folders.flatten() {
        for entry in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("shard-") && name.ends_with(".json") {
                found.insert(entry.path(), entry.metadata().and_then(|m| m.modified()).expect("a time"));
            }
        }
    }
    found
}

#[test]
fn protocols_are_told_apart_and_a_second_time_costs_nothing() {
    let home = study();
    let more = ["--protocol", "grouped-kfold,loso,loso-ft,lovo,kfold-windows"];
    let all = evaluate(home.path(), &more);
    let leaks: Vec<bool> = all.iter().map(|e| e["leak"].is_string()).collect();
    assert_eq!(leaks, [false, false, false, false, true]);
    assert_eq!(all[1]["shards"].as_array().map(Vec::len), Some(3));
    assert_eq!((all[1]["shards"][2]["held_out"].as_str(), all[0]["scores"]["trials"].as_u64()), (Some("SIM03"), Some(18)));
    for evaluation in &all {
        assert_eq!(evaluation["simulated"], true);
        // Three people: whatever they score, an interval by person would promise too much.
        assert!(evaluation["clustered_interval"].is_null(), "{}", evaluation["clustered_interval"]);
        assert!(evaluation["scores"]["accuracy"].as_f64().is_some_and(|a| (0.0..=1.0).contains(&a)));
    }
    let before = finished(home.path());
    assert_eq!(evaluate(home.path(), &more), all);
    assert_eq!(finished(home.path()), before, "a finished run was done again");
    let table = text(&limbic(home.path(), &SMALL).args(more).output().expect("limbic runs"));
    assert!(table.contains("LEAKS") && table.contains("SIMULATED") && table.is_ascii(), "{table}");
    assert!(table.contains("! Too few people for an interval: 3 tested"), "{table}");
    erased(home.path());
}

/// What was computed from a person goes with the person.
fn erased(home: &Path) {
    let output = limbic(home, &["erase", "--participant", "SIM02", "--confirm", "SIM02"]).output().expect("limbic runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!home.join("derived").exists());
}

/// Killed three times at the end of some run, the study ends with the scores of one that was left alone, and no
/// finished run is done again.
#[test]
fn a_killed_evaluation_goes_on_with_the_same_scores() {
    let (killed, alone) = (study(), study());
    let more = ["--protocol", "grouped-kfold", "--folds", "6", "--epochs", "6", "--jobs", "1"];
    let mut kept = BTreeMap::new();
    for round in 1..=3 {
        let mut child = limbic(killed.path(), &SMALL[..3])
            .args(more)
            .args(["--target", "valence", "--json"])
            .stdout(Stdio::null())
            .spawn()
            .expect("limbic runs");
        let begun = Instant::now();
        while finished(killed.path()).len() < round && begun.elapsed() < Duration::from_secs(240) {
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().expect("killed");
        child.wait().expect("waited for");
        let now = finished(killed.path());
        assert!(now.len() >= round, "no run finished in four minutes");
        kept.iter().for_each(|(path, time)| assert_eq!(now.get(path), Some(time), "{path:?} was done again"));
        kept = now;
    }
    let run = |home: &Path| {
        let output = limbic(home, &SMALL[..3]).args(more).args(["--target", "valence", "--json"]).output();
        serde_json::from_str::<Value>(&text(&output.expect("limbic runs"))).expect("JSON")
    };
    let (resumed, whole) = (run(killed.path()), run(alone.path()));
    assert_eq!(resumed, whole);
    let now = finished(killed.path());
    kept.iter().for_each(|(path, time)| assert_eq!(now.get(path), Some(time), "{path:?} was done again"));
}

/// Needs a running Slurm whose nodes see the temporary folder (a single machine will do).
fn slurm() -> bool {
    let up = Command::new("sinfo").args(["--noheader", "--format=%T"]).output();
    let up = up.is_ok_and(|o| o.status.success() && String::from_utf8_lossy(&o.stdout).contains("idle"));
    if !up {
        eprintln!("skipped: no idle Slurm node here (Debian: slurm-wlm)");
    }
    up
}

/// A process that does one run of an evaluation below `home`.
fn task_of(home: &Path) -> Option<String> {
    let folder = home.join("derived/evaluations").canonicalize().ok()?;
    let is_task = |pid: &String| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> = line.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
        words.iter().any(|w| w == "--shard") && words.iter().any(|w| Path::new(w).starts_with(&folder))
    };
    let numbers = std::fs::read_dir("/proc").ok()?.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    numbers.filter(|name| name.bytes().all(|b| b.is_ascii_digit())).find(is_task)
}

/// The array job's table is the local one, also when the process of a task is killed on its node.
#[test]
fn an_array_job_gives_the_same_table_though_a_task_is_killed() {
    if !slurm() {
        return;
    }
    let (cluster, here) = (study(), study());
    let protocol = ["--protocol", "loso"];
    let child = limbic(cluster.path(), &SMALL)
        .args(protocol)
        .args(["--cluster", "slurm", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("limbic runs");
    let begun = Instant::now();
    let mut killed = false;
    while !killed && begun.elapsed() < Duration::from_secs(120) {
        if let Some(pid) = task_of(cluster.path()) {
            killed = Command::new("kill").args(["-9", &pid]).status().is_ok_and(|s| s.success());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(killed, "no task was seen in two minutes");
    let output = child.wait_with_output().expect("waited for");
    let submitted: Vec<Value> = serde_json::from_str(&text(&output)).expect("JSON");
    assert_eq!(submitted, evaluate(here.path(), &protocol));
}

/// Features and networks by name through the whole walk; the model says what it was made of and refuses other sessions.
#[test]
fn features_and_networks_are_chosen_by_name() {
    let home = study();
    let more = ["--features", "psd,spectrogram-map", "--network", "seed-a-cnn,seed-b-head"];
    let all = evaluate(home.path(), &more);
    let of: Vec<(&str, &str)> =
        all.iter().map(|e| (e["network"].as_str().unwrap_or(""), e["recipe"].as_str().unwrap_or(""))).collect();
    assert_eq!(of.len(), 3, "{of:?}");
    assert!(of[1].1.starts_with("spectrogram-map-") && of[2].0.starts_with("seed-b-head"), "{of:?}");
    let table = text(&limbic(home.path(), &SMALL).args(more).output().expect("limbic runs"));
    assert!(table.contains("seed-b-head hidden=8 on spectrogram-map") && table.contains("macro P"), "{table}");
    let arguments = ["train", "--features", "spectrogram-map", "--hidden", "8", "--epochs", "2", "--folds", "3"];
    text(&limbic(home.path(), &arguments).args(["--target", "valence"]).output().expect("limbic runs"));
    let models = text(&limbic(home.path(), &["models"]).output().expect("limbic runs"));
    assert!(models.contains("seed-b-head hidden=8") && models.contains("spectrogram-map-"), "{models}");
    let predicted = text(&limbic(home.path(), &["predict", "last"]).output().expect("limbic runs"));
    assert!(!predicted.is_empty());
}

#[test]
fn bad_requests_are_named() {
    let home = tempfile::tempdir().expect("folder");
    let arguments = ["simulate", "--trials", "4", "--video-s", "5", "--face-fps", "0"];
    text(&limbic(home.path(), &arguments).output().expect("limbic runs"));
    let refused = |more: &[&str], part: &str| {
        let output = limbic(home.path(), &["evaluate"]).args(more).output().expect("limbic runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(part) && said.trim().lines().count() == 1, "{more:?}: {said}");
    };
    refused(&["--protocol", "bootstrap"], "grouped-kfold");
    refused(&["--target", "boredom"], "valence");
    refused(&["--network", "resnet"], "seed-a-cnn");
    refused(&["--network", "eeg-itnet"], "takes stretches of samples");
    refused(&["--features", "hrv"], "bhi-hf-to-b");
    refused(&["--features", "bhi-hf-to-b"], "no trial gives bhi-hf-to-b");
    refused(&["--protocol", "loso", "--target", "arousal9"], "SIM01");
    refused(&["--folds", "40"], "40 folds");
    refused(&["--modality", "face"], "face");
    refused(&["--modality", "face", "--features", "bhi-hf-to-b"], "--features is for the EEG");
    refused(&["--folder", "nowhere", "--shard", "0"], "task.json");
}

#[test]
fn a_training_that_was_stopped_says_what_it_keeps_and_its_model_what_it_lacks() {
    let folder = study();
    let home = limbic::store::Home::open(folder.path()).expect("opens");
    let plan = limbic::study::Plan { hidden: 8, epochs: 2, folds: 3, created_utc: 7, ..Default::default() };
    let line: std::sync::Arc<std::sync::OnceLock<limbic::job::Job>> = Default::default();
    let theirs = line.clone();
    let job = limbic::job::Job::watched(move |progress| {
        if progress.stage == "explain" {
            theirs.get().expect("set before the run").stop();
        }
    });
    assert!(line.set(job.clone()).is_ok());
    let Err(why) = limbic::study::run(&home, &plan, &job, &mut |_| {}) else { panic!("was not stopped") };
    let why = why.to_string();
    assert!(why.starts_with("stopped on request; kept: eeg-") && why.ends_with("which lacks explanation"), "{why}");
    drop(home);
    let listed = text(&limbic(folder.path(), &["models"]).output().expect("limbic runs"));
    assert!(listed.contains("its run did not come to: explanation"), "{listed}");

    let home = limbic::store::Home::open(folder.path()).expect("opens");
    let (early, plan) = (limbic::job::Job::silent(), limbic::study::Plan { created_utc: 8, ..plan });
    early.stop();
    let Err(why) = limbic::study::run(&home, &plan, &early, &mut |_| {}) else { panic!("was not stopped") };
    let why = why.to_string();
    assert_eq!(why, "stopped on request; nothing of it is kept");
}
