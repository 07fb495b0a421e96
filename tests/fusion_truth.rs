//! Fusion where the truth is known: simulated participants whose EEG and face both know a little. Takes minutes:
//! `cargo test --release --test fusion_truth -- --ignored --nocapture`.

use limbic::store::Home;
use limbic::store::rows::{Entry, PredictionRow, SessionId};
use std::path::Path;
use std::process::Command;

/// Short videos, and an effect weak enough that neither modality knows everything.
const SESSION: [&str; 6] = ["--effect", "0.45", "--video-s", "6", "--face-fps", "3"];

fn limbic(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_limbic")).arg("--home").arg(home).args(arguments).output().expect("runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn right(row: &PredictionRow, p: Option<&Vec<f32>>) -> Option<bool> {
    let p = p?;
    let best = (0..p.len()).fold(0, |b, i| if p[i] > p[b] { i } else { b });
    Some(Some(best) == row.truth)
}

/// One-sided sign test over the trials on which only one of two is right: chance of at least `wins` of `all`.
fn sign_test(wins: usize, all: usize) -> f64 {
    let choose = |k: usize| (0..k).fold(1.0, |c, i| c * (all - i) as f64 / (i + 1) as f64);
    (wins..=all).map(choose).sum::<f64>() / 2f64.powi(all as i32)
}

#[test]
fn the_sign_test_is_the_binomial() {
    assert!((sign_test(9, 10) - 11.0 / 1024.0).abs() < 1e-12 && (sign_test(0, 7) - 1.0).abs() < 1e-12);
}

fn predictions(home: &Path) -> Vec<(SessionId, Vec<PredictionRow>)> {
    let home = Home::open(home).expect("opens");
    let sessions = home.sessions().expect("lists");
    sessions.iter().map(|s| (s.id, home.predictions(s.id).expect("reads"))).collect()
}

#[test]
#[ignore = "records and trains simulated participants for minutes: --ignored"]
fn fused_beats_each_and_degrades_to_the_other() {
    let room = tempfile::tempdir().expect("folder");
    let home = room.path().join("home");
    let participants = std::env::var("LIMBIC_PARTICIPANTS").unwrap_or("12".into());
    limbic(&home, &[&["simulate", "--participants", &participants, "--trials", "24", "--seed", "11"][..], &SESSION].concat());
    println!("{}", limbic(&home, &["train", "--hidden", "32", "--epochs", "12"]));
    let rows: Vec<PredictionRow> = predictions(&home).into_iter().flat_map(|(_, rows)| rows).filter(|r| r.held_out).collect();
    let all: Vec<[bool; 3]> = rows
        .iter()
        .filter_map(|r| Some([right(r, r.eeg.as_ref())?, right(r, r.face.as_ref())?, right(r, r.fused.as_ref())?]))
        .collect();
    let share = |k: usize| all.iter().filter(|a| a[k]).count() as f64 / all.len() as f64;
    println!("{} held-out trials: EEG {:.3}, face {:.3}, fused {:.3}", all.len(), share(0), share(1), share(2));
    for (k, name) in ["EEG", "face"].into_iter().enumerate() {
        let (wins, losses) = (all.iter().filter(|a| a[2] && !a[k]).count(), all.iter().filter(|a| !a[2] && a[k]).count());
        let p = sign_test(wins, wins + losses);
        println!("fused against {name}: right where it is wrong {wins} times, the other way {losses} times, p = {p:.2e}");
        assert!(p < 0.01, "fused is not better than {name}: {wins} to {losses}");
    }
    degraded(&home);
}

/// A new session, in which the face is hidden on some trials and the EEG is bad on others.
fn degraded(home: &Path) {
    let before: Vec<SessionId> = predictions(home).into_iter().map(|(id, _)| id).collect();
    limbic(home, &[&["simulate", "--participants", "1", "--trials", "8", "--seed", "99"][..], &SESSION].concat());
    let id = {
        let home = Home::open(home).expect("opens");
        let session = home.sessions().expect("lists").into_iter().map(|s| s.id).find(|s| !before.contains(s)).expect("new");
        let trials = home.recording(session).expect("opens").trials.clone();
        // The gate's mark of the EEG on trials 3 to 6.
        for trial in trials.into_iter().filter(|t| (3..=6).contains(&t.number)) {
            home.put(Entry::Trial(session, limbic::store::rows::Trial { quality: Some(30.0), ..trial })).expect("stored");
        }
        session
    };
    let text = limbic(home, &["predict", &id.to_string(), "--json"]);
    let rows: Vec<PredictionRow> = serde_json::from_str(&text).expect("rows");
    for row in &rows {
        let wanted = if (3..=6).contains(&row.trial) { "face_only" } else { "fused" };
        assert_eq!(row.parts.source, wanted, "trial {}: {:?}", row.trial, row.parts);
        if wanted == "face_only" {
            assert_eq!(row.fused, row.face, "the face alone answers");
        }
    }
    // Now nobody sees the face either.
    for entry in std::fs::read_dir(Home::open(home).expect("opens").session_dir(id)).expect("session").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("face-") {
            std::fs::remove_file(entry.path()).expect("removed");
        }
    }
    let rows: Vec<PredictionRow> = serde_json::from_str(&limbic(home, &["predict", &id.to_string(), "--json"])).expect("rows");
    for row in &rows {
        let (source, abstains) =
            if (3..=6).contains(&row.trial) { ("missing", true) } else { ("eeg_only", row.parts.abstain.is_some()) };
        assert_eq!((row.parts.source.as_str(), row.parts.abstain.is_some()), (source, abstains), "{:?}", row.parts);
        println!("trial {}: {} {:?}", row.trial, row.parts.source, row.parts.abstain);
    }
}
