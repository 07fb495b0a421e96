//! `limbic features` over many inputs and `study::features` over trials: the same values from the cache, a killed run
//! that goes on, inputs that cannot be used, and what erasing a participant leaves.

use limbic::job::Job;
use limbic::prepare::interplay::Family;
use limbic::prepare::recipes::{FeatureOptions, FeatureSet};
use limbic::store::Home;
use limbic::study::features::{FOLDER, FeatureCache, session_features};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn limbic(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(arguments).arg("--home").arg(home);
    command
}

/// What it printed, and whether it succeeded.
fn said(home: &Path, arguments: &[&str]) -> (bool, String) {
    let out = limbic(home, arguments).output().expect("limbic runs");
    (out.status.success(), format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)))
}

/// Simulated participants with one session each.
fn study(participants: &str, trials: &str, video_s: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let mut arguments = vec!["simulate", "--participants", participants, "--trials", trials, "--video-s", video_s];
    arguments.extend(["--face-fps", "0", "--seed", "5"]);
    let (good, text) = said(home.path(), &arguments);
    assert!(good, "{text}");
    home
}

/// Files in the cache.
fn kept(home: &Path) -> usize {
    let folders = std::fs::read_dir(home.join(FOLDER)).into_iter().flatten().flatten();
    let files = folders.flat_map(|f| std::fs::read_dir(f.path()).into_iter().flatten().flatten());
    files.filter(|f| f.path().extension().is_some_and(|e| e == "zst")).count()
}

#[test]
fn many_inputs_are_kept_and_what_cannot_be_used_is_said() {
    let home = study("3", "1", "4");
    // Beside the home: erasing proves by search that nothing in it speaks of a participant.
    let beside = tempfile::tempdir().expect("a folder");
    let (first, second) = (beside.path().join("first.npz"), beside.path().join("second.npz"));
    let (first, second) = (first.to_str().expect("text"), second.to_str().expect("text"));
    let (good, text) = said(home.path(), &["features", "all", "-o", "table.csv"]);
    assert!(!good && text.contains("ends with .npz") && !Path::new("table.csv").exists(), "{text}");
    let (good, text) = said(home.path(), &["features", "all", "--mean", "-o", first]);
    assert!(good && text.contains("SIMULATED") && !text.contains("earlier run"), "{text}");
    assert_eq!(kept(home.path()), 3);
    let (good, text) = said(home.path(), &["features", "all", "--mean", "-o", second]);
    assert!(good && text.contains("3 of 3 were kept from an earlier run"), "{text}");
    assert_eq!(std::fs::read(first).expect("arrays"), std::fs::read(second).expect("arrays"), "the cache changes nothing");
    let (good, text) = said(home.path(), &["features", "all", "--hop-s", "0.5"]);
    assert!(good && !text.contains("earlier run"), "another choice is another recipe: {text}");
    let broken = beside.path().join("broken.edf");
    std::fs::write(&broken, b"no recording").expect("written");
    let broken = broken.to_str().expect("text");
    let (good, text) = said(home.path(), &["features", "all", broken]);
    assert!(!good && text.contains("broken.edf") && text.contains("1 of 4") && text.contains("--keep-going"), "{text}");
    let (good, text) = said(home.path(), &["features", broken, "all", "--mean", "--keep-going"]);
    assert!(good && text.contains("broken.edf is left out") && text.contains("3 of 3 were kept"), "{text}");
    let other = beside.path().join("other.txt");
    let lines = (0..2500).map(|i| format!("{i},{},{}\n", (i * 7919) % 83, (i * 104_729) % 71));
    let head =
        "%OpenBCI Raw EXG Data\n%Number of channels = 2\n%Sample Rate = 250 Hz\nSample Index, EXG Channel 0, EXG Channel 1\n";
    std::fs::write(&other, head.to_string() + &lines.collect::<String>()).expect("written");
    let other = other.to_str().expect("text");
    let (good, text) = said(home.path(), &["features", "all", other, "--mean"]);
    assert!(!good && text.contains("other channels"), "{text}");
    let (good, text) = said(home.path(), &["features", "all", other, "--mean", "--keep-going", "-o", second]);
    assert!(good && text.contains("other.txt is left out: it has other channels than"), "{text}");
    assert_eq!(std::fs::read(first).expect("arrays"), std::fs::read(second).expect("arrays"), "nothing of the other");
    let mode = std::fs::metadata(second).expect("written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds what was computed from people");
    let out = limbic(home.path(), &["features", "all", "--mean", "--json"]).output().expect("limbic runs");
    let json: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!((json["kept"].as_u64(), json["files"].as_array().map(Vec::len)), (Some(3), Some(3)));
    let (good, text) = said(home.path(), &["erase", "--participant", "SIM02", "--confirm", "SIM02"]);
    assert!(good, "{text}");
    assert_eq!(kept(home.path()), 0, "features mix people: all of them go with one");
}

/// An option that the feature set does not look at is not taken without a word.
#[test]
fn options_that_would_change_nothing_are_refused() {
    let home = tempfile::tempdir().expect("a folder");
    for (options, words) in [
        (
            &["--recipe", "spectrogram-map", "--window-s", "10", "--hop-s", "5"][..],
            "--window-s changes nothing in spectrogram-map",
        ),
        (&["--recipe", "spectrogram", "--hop-s", "1"], "--hop-s changes nothing in spectrogram"),
        (&["--recipe", "spectrogram", "--reference", "none"], "--reference changes nothing"),
        (&["--recipe", "bhi-hf-to-b", "--scale", "linear"], "--scale changes nothing in bhi-hf-to-b: it is for psd"),
        (&["--recipe", "psd", "--mode", "sqrtstd"], "--mode changes nothing in psd: it is for bhi-..."),
        (&["--intercept"], "--intercept changes nothing in psd"),
        (&["--clean", "--remove", "0,1", "--keep", "1"], "component 1 cannot both stay and go"),
    ] {
        let (good, text) = said(home.path(), &[&["features", "last"], options].concat());
        assert!(!good && text.contains(words) && text.trim().lines().count() == 1, "{options:?}: {text}");
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let home = study("3", "1", "4");
    let arguments = ["features", "all", "--mean", "--window-s", "1"];
    let mut run = limbic(home.path(), &arguments)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("limbic runs");
    let began = Instant::now();
    while kept(home.path()) == 0 && began.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(2));
    }
    run.kill().expect("killed");
    run.wait().expect("ended");
    let before = kept(home.path());
    assert!(before >= 1, "nothing was kept before the end");
    let (good, text) = said(home.path(), &arguments);
    assert!(good && text.contains(&format!("{before} of 3 were kept from an earlier run")), "{before}: {text}");
    assert_eq!(kept(home.path()), 3);
}

#[test]
fn trials_of_a_session_come_from_the_cache_as_they_were_made() {
    let home = study("1", "2", "26");
    let view = Home::view(home.path()).expect("a home");
    let recording = view.recording(view.sessions().expect("sessions")[0].id).expect("a recording");
    let (cache, options) = (FeatureCache::of(home.path()), FeatureOptions::default());
    for set in [FeatureSet::Psd, FeatureSet::Interplay(Family::BToHf)] {
        let alone = session_features(&recording, set, &options, None, &Job::silent()).expect("features");
        let made = session_features(&recording, set, &options, Some(&cache), &Job::silent()).expect("features");
        let again = session_features(&recording, set, &options, Some(&cache), &Job::silent()).expect("features");
        assert_eq!(alone.len(), 2);
        for ((a, b), c) in alone.iter().zip(&made).zip(&again) {
            let table = a.made.as_ref().expect("long enough");
            assert_eq!((a.kept, b.kept, c.kept), (false, false, true));
            assert!(Ok(table) == b.made.as_ref() && Ok(table) == c.made.as_ref(), "{}", set.name());
            // Times count from the onset of the video, of 26 s.
            assert!(table.rows.iter().all(|(t, _)| (0.0..=26.0).contains(t)), "{:?}", table.rows.first().map(|r| r.0));
            // A window of the interplay takes 15 of the 25 moments.
            let wanted = if set == FeatureSet::Psd { 25 } else { 10 };
            assert!(table.rows.len() >= wanted - 1, "{}: {} rows", set.name(), table.rows.len());
        }
    }
    let job = Job::silent();
    job.stop();
    assert!(session_features(&recording, FeatureSet::Psd, &options, None, &job).is_err(), "a stopped job stops");
}
