//! Cross-validation on made-up trials: it finds an effect that is there, and none that is not.

use super::*;
use crate::prepare::dataset::{Example, Recipe, Target};
use crate::signal::Seed;
use crate::train::input::InputMaker;
use crate::train::networks::architecture;

/// Trials of 6 pictures (8 x 8), each trial with its own pattern; with `effect` the class brightens one half.
fn dataset(trials: usize, effect: f64, seed: u64) -> Dataset {
    let mut draws = Seed::new(seed);
    let mut examples = Vec::new();
    for trial in 0..trials {
        let label = trial % 2;
        let own: Vec<f64> = (0..64).map(|_| 0.2 * draws.normal()).collect();
        for window in 0..6 {
            let features = (0..64)
                .map(|p| {
                    let bright = if (p % 8 < 4) == (label == 0) { effect } else { 0.0 };
                    (0.4 + bright + own[p] + 0.05 * draws.normal()) as f32
                })
                .collect();
            let time = f64::from(window);
            let (participant, session, stimulus) = ("P01".to_string(), "s1".to_string(), String::new());
            examples.push(Example { features, label, participant, session, trial: trial as u32, stimulus, time });
        }
    }
    let recipe = Recipe { kind: "face".into(), channels: vec![], bands: vec![], parameters: Default::default() };
    let classes = vec!["low".to_string(), "high".to_string()];
    Dataset { recipe, target: Target::Intended, classes, examples, simulated: true }
}

fn options() -> CrossvalOptions {
    let fit = FitOptions { epochs: 6, batch: 16, learning_rate: 3e-3, ..FitOptions::default() };
    CrossvalOptions {
        folds: 4,
        seed: 3,
        fit,
        network: architecture("face-small").expect("known"),
        hidden: 8,
        assignment: None,
        name: "face-test".into(),
        modality: "face".into(),
    }
}

#[test]
fn an_effect_is_found_and_every_trial_answered_once() {
    let data = dataset(16, 0.5, 1);
    let mut epochs = 0;
    let result = cross_validate(&data, &options(), &Job::silent(), &mut |_, _| epochs += 1).expect("runs");
    assert_eq!(result.held_out.iter().map(|a| a.key.1).collect::<Vec<_>>(), (0..16).collect::<Vec<u32>>());
    assert!(result.scores.accuracy > 0.8, "{:?}", result.scores);
    assert_eq!(epochs, result.folds.iter().map(|f| f.epochs.len()).sum::<usize>());
    for fold in &result.folds {
        let trial = |i: &usize| data.examples[*i].trial;
        assert!(fold.test.iter().all(|t| !fold.training.iter().chain(&fold.validation).any(|o| trial(o) == trial(t))));
        assert_eq!(fold.test_logits.len(), 2 * fold.test.len());
        assert_eq!(InputMaker::of_card(&fold.card), InputMaker::fit(&data, &fold.training));
    }
}

/// Windows of a trial are nearly alike, so a leaking split would score near 1 here.
#[test]
fn without_an_effect_there_is_no_score_above_chance() {
    let result = cross_validate(&dataset(24, 0.0, 2), &options(), &Job::silent(), &mut |_, _| {}).expect("runs");
    assert!(result.scores.accuracy < 0.75 && result.scores.permutation_p.expect("p") > 0.01, "{:?}", result.scores);
}

#[test]
fn one_class_is_refused_and_a_stop_is_a_stop() {
    let mut data = dataset(8, 0.5, 1);
    let job = Job::silent();
    job.stop();
    assert_eq!(cross_validate(&data, &options(), &job, &mut |_, _| {}).err(), Some(TrainError::Stopped));
    data.examples.iter_mut().for_each(|e| e.label = 0);
    assert_eq!(cross_validate(&data, &options(), &Job::silent(), &mut |_, _| {}).err(), Some(TrainError::OneClass("low".into())));
}
