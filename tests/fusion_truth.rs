//! Fusion where the truth is known: simulated participants whose EEG and face both know a little. Takes minutes:
//! `cargo test --release --test fusion_truth -- --ignored --nocapture`.

use limbic::store::Home;
use limbic::store::rows::{PredictionRow, SessionId};
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
fn fused_beats_each() {
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
}
