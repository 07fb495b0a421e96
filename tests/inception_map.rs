//! Maps of InceptionV3's features as study and live prediction make them. Says so and ends where ONNX Runtime (`limbic setup`)
//! or the network (`limbic setup --models`, or LIMBIC_MODELS) is not here.

use limbic::infer::epoch::FEATURES;
use limbic::job::Job;
use limbic::prepare::Signals;
use limbic::prepare::scalp_map;
use limbic::signal::Seed;
use limbic::study::inception::{EPOCH_S, KIND, LEAD_S, extractor};

/// Ten seconds of noise with a rhythm that differs from channel to channel.
fn signals() -> Signals {
    let (rate, labels) = (128.0, scalp_map::labels());
    let mut seed = Seed::new(4);
    let channel = |hz: f64, seed: &mut Seed| -> Vec<f64> {
        (0..1280).map(|i| 10.0 * (std::f64::consts::TAU * hz * f64::from(i) / rate).sin() + 4.0 * seed.normal()).collect()
    };
    let data = (0..labels.len()).map(|k| channel(6.0 + k as f64, &mut seed)).collect();
    Signals { rate, labels, data }
}

#[test]
fn live_epochs_are_those_of_the_study() {
    let extractor = match extractor() {
        Ok(extractor) => extractor,
        Err(why) => return println!("skipped: {why}"),
    };
    let eeg = signals();
    let recipe = extractor.recipe(&eeg.labels).expect("all electrodes");
    assert_eq!((recipe.kind.as_str(), recipe.channels.len()), (KIND, 28));
    // Ten seconds: epochs of 3 to 6 and 6 to 9 s; the rest is no whole one.
    let rows = extractor.rows(&eeg, (0.0, 10.0), None, (&Job::silent(), "")).expect("runs").expect("epochs");
    assert_eq!(rows.iter().map(|(t, _)| *t).collect::<Vec<_>>(), [LEAD_S + EPOCH_S / 2.0, LEAD_S + 1.5 * EPOCH_S]);
    assert!(rows.iter().all(|(_, f)| f.len() == 28 * FEATURES && f.iter().all(|v| v.is_finite())));
    assert_ne!(rows[0].1, rows[1].1);
    // What comes live is the last lead and epoch, and gives the same map.
    let end = (2.0 * EPOCH_S + LEAD_S) * eeg.rate;
    let data = eeg.data.iter().map(|x| x[..end as usize].to_vec()).collect();
    let newest = extractor.newest(&Signals { data, ..eeg.clone() }).expect("runs");
    let off = newest.iter().zip(&rows[1].1).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    println!("28 x {FEATURES} features, live and stored {off:.1e} apart");
    assert!(off < 1e-5);
    let fewer = Signals { labels: eeg.labels[1..].to_vec(), data: eeg.data[1..].to_vec(), ..eeg };
    let refused = extractor.newest(&fewer).expect_err("an electrode is missing").to_string();
    assert!(refused.contains(&scalp_map::labels()[0]), "{refused}");
}

/// Through the whole program: a strong effect on band powers is learnt from the maps, though every channel and band of them is
/// scaled to 0..1. The margin (at least 0.5 where chance is 0.25, p below 0.01) was chosen before it was run.
#[test]
#[ignore = "ten minutes on two cores, and needs `limbic setup` with --models; run: cargo test --release --test inception_map -- --ignored"]
fn a_strong_effect_is_learnt_from_the_maps() {
    if let Err(why) = extractor() {
        return println!("skipped: {why}");
    }
    let home = tempfile::tempdir().expect("a folder");
    let limbic = |arguments: &[&str]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_limbic"))
            .args(arguments)
            .args(["--home", home.path().to_str().expect("text"), "--json"])
            .output()
            .expect("limbic runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice::<serde_json::Value>(&out.stdout).expect("JSON")
    };
    limbic(&["simulate", "--trials", "40", "--video-s", "15", "--face-fps", "0", "--effect", "3", "--seed", "23"]);
    let found = limbic(&["evaluate", "--features", "inception-map", "--folds", "5", "--epochs", "100", "--batch", "16"]);
    let scores = found.get(0).unwrap_or(&found)["scores"].clone();
    let (accuracy, p) = (scores["accuracy"].as_f64().expect("accuracy"), scores["permutation_p"].as_f64().expect("p"));
    println!("seed B's head on InceptionV3's maps: {accuracy:.3} of 40 trials, p {p:.4}");
    assert!(accuracy >= 0.5 && p < 0.01, "{accuracy} {p}");
}
