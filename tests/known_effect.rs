//! What evaluations say where the truth is known: data with an effect and data without one. Every trial has a pattern of
//! its own in all its windows, as recordings have; that is what window k-folds take for recognition.
//!
//! Stated beforehand: with the effect every network answers at least 70 % of the trials rightly in grouped folds, with a
//! permutation p below 0.01 (chance is 50 %); without it, none has p below 0.01 or 70 %, while window k-folds score more
//! than 90 % on the same noise and say why.
//!
//! The networks that take longest: `cargo test --release --test known_effect -- --ignored --nocapture`.

use limbic::job::Job;
use limbic::prepare::dataset::{Dataset, Example, Recipe, Target};
use limbic::prepare::scalp_map;
use limbic::signal::{Montage, Seed};
use limbic::train::architecture;
use limbic::train::evaluate::{Evaluation, run_shard, summarise};
use limbic::train::fit::FitOptions;
use limbic::train::learn::LearnOptions;
use limbic::train::protocol::{Protocol, shards};

const TRIALS: usize = 40;
const WINDOWS: usize = 5;
/// Samples of a stretch: shorter than a session's, so that the test is.
const SAMPLES: usize = 160;

/// How large an example is and how it is trained.
struct Case {
    network: &'static str,
    kind: &'static str,
    hidden: usize,
    epochs: u32,
    rate: f64,
}

const QUICK: [Case; 3] = [
    Case { network: "seed-a-cnn", kind: "psd", hidden: 32, epochs: 12, rate: 1e-3 },
    Case { network: "seed-b-head", kind: "spectrogram-map", hidden: 32, epochs: 40, rate: 2e-3 },
    Case { network: "face-small", kind: "face", hidden: 16, epochs: 20, rate: 2e-3 },
];

const SLOW: [Case; 3] = [
    Case { network: "eeg-itnet", kind: "samples", hidden: 14, epochs: 60, rate: 3e-3 },
    Case { network: "sst-emotionnet", kind: "courses", hidden: 9, epochs: 12, rate: 3e-3 },
    Case { network: "patt-lite", kind: "face", hidden: 8, epochs: 30, rate: 2e-3 },
];

fn recipe(kind: &str) -> (Recipe, usize) {
    let names = |n: usize| (0..n).map(|i| format!("b{i}")).collect::<Vec<_>>();
    let all = Montage::biosemi32().labels;
    let (channels, bands, features) = match kind {
        "psd" => (all, names(4), 128),
        "spectrogram-map" => (scalp_map::labels(), names(3), 105),
        "samples" => (all[..16].to_vec(), names(0), 16 * SAMPLES),
        "courses" => (all, names(30), 960),
        _ => (Vec::new(), Vec::new(), 32 * 32),
    };
    (Recipe { kind: kind.into(), channels, bands, parameters: Default::default() }, features)
}

/// Half of the trials are of either class; a third of the features is raised in one of them by `effect`, in standard
/// deviations between trials. Of stretches it is the strength of a rhythm that differs.
fn dataset(kind: &str, effect: f64, seed: u64) -> Dataset {
    let (recipe, features) = recipe(kind);
    let mut draws = Seed::new(seed);
    let mut examples = Vec::new();
    for trial in 0..TRIALS {
        let label = trial % 2;
        let own: Vec<f64> = (0..features).map(|_| draws.normal()).collect();
        let raised = |place: usize| if place.is_multiple_of(3) { effect * label as f64 } else { 0.0 };
        for window in 0..WINDOWS {
            let phase = draws.between(0.0, 6.3);
            let value = |f: usize, draws: &mut Seed| match kind {
                "samples" => {
                    let (channel, time) = (f / SAMPLES, (f % SAMPLES) as f64 / 200.0);
                    let strength = (0.5 * (own[channel] + raised(channel))).exp();
                    (strength * (62.8 * time + phase).sin() + 0.5 * draws.normal()) as f32
                }
                "face" => (0.5 + 0.1 * (own[f] + 0.4 * draws.normal() + raised(f / 32 / 4))) as f32,
                _ => (own[f] + 0.4 * draws.normal() + raised(f)) as f32,
            };
            examples.push(Example {
                features: (0..features).map(|f| value(f, &mut draws)).collect(),
                label,
                participant: format!("P{}", trial / 10),
                session: format!("s{}", trial / 10),
                trial: trial as u32,
                stimulus: String::new(),
                time: window as f64,
            });
        }
    }
    Dataset { recipe, target: Target::Valence, classes: vec!["low".into(), "high".into()], examples, simulated: true }
}

fn evaluated(case: &Case, data: &Dataset, protocol: Protocol) -> Evaluation {
    let fit = FitOptions { epochs: case.epochs, batch: 16, learning_rate: case.rate, patience: 8, ..FitOptions::default() };
    let network = architecture(case.network).expect("known");
    let options = LearnOptions { network, hidden: case.hidden, fit, seed: 5 };
    let job = Job::silent();
    let answer = |shard| run_shard(data, shard, &options, (&job, ""), None).expect("runs");
    let answers: Vec<_> = shards(data, protocol, 5).expect("fits").iter().map(answer).collect();
    summarise(data, protocol, &answers, 5)
}

fn judged(case: &Case, leaking: bool) {
    let grouped = Protocol::GroupedKfold { folds: 4 };
    let (with, without) = (dataset(case.kind, 1.5, 11), dataset(case.kind, 0.0, 12));
    let (found, none) = (evaluated(case, &with, grouped), evaluated(case, &without, grouped));
    let p = |e: &Evaluation| e.scores.permutation_p.expect("by trial");
    println!(
        "{}: effect {:.3}, p {:.4}; no effect {:.3}, p {:.3}",
        case.network,
        found.scores.accuracy,
        p(&found),
        none.scores.accuracy,
        p(&none)
    );
    assert!(found.scores.accuracy >= 0.7 && p(&found) < 0.01, "{}: the effect was not found", case.network);
    assert!(none.scores.accuracy < 0.7 && p(&none) >= 0.01, "{}: an effect where none is", case.network);
    if leaking {
        let windows = evaluated(case, &without, Protocol::WindowKfold { folds: 4 });
        println!("{}: window k-fold on the same noise {:.3}: {:?}", case.network, windows.scores.accuracy, windows.leak);
        assert!(windows.scores.accuracy > 0.9, "{}", windows.scores.accuracy);
        assert!(windows.leak.is_some_and(|l| l.contains("windows from one trial are in both")) && p(&none) > 0.0);
        assert_eq!(windows.scores.permutation_p, None);
    }
}

#[test]
fn an_effect_is_found_and_noise_is_not_taken_for_one() {
    QUICK.iter().enumerate().for_each(|(i, case)| judged(case, i == 0));
}

#[test]
#[ignore = "minutes: cargo test --release --test known_effect -- --ignored --nocapture"]
fn the_larger_networks_too() {
    SLOW.iter().for_each(|case| judged(case, false));
    QUICK.iter().skip(1).for_each(|case| judged(case, true));
}
