//! The whole explanation on networks whose used features are known.

use super::*;
use crate::explain::testing::{Linear, Tiny};

/// Four electrodes x two bands; class 1 is decided by features 0 and 3 alone, class 0 has no weights.
fn network() -> Linear {
    let mut weights = vec![0.0; 8];
    (weights[0], weights[3]) = (2.0, 1.0);
    Linear { weights: vec![vec![0.0; 8], weights] }
}

fn names(classes: &[&str]) -> Names {
    let text = |words: &[&str]| words.iter().map(|w| w.to_string()).collect::<Vec<_>>();
    Names {
        model: "m".into(),
        recipe: "psd".into(),
        channels: text(&["Fz", "Cz", "Pz", "Oz"]),
        bands: text(&["theta", "alpha"]),
        classes: text(classes),
        simulated: true,
    }
}

/// `n` samples, trials of four, class 1 with positive and class 0 with negative values at the used features.
fn test_set(n: usize) -> TestSet {
    let mut seed = Seed::new(3);
    let labels: Vec<usize> = (0..n).map(|i| (i / 4) % 2).collect();
    let mut inputs = Vec::new();
    for &label in &labels {
        let sign = if label == 1 { 1.0 } else { -1.0 };
        inputs.extend((0..8).map(|f| {
            let noise = 0.3 * seed.normal() as f32;
            if f == 0 || f == 3 { sign + noise } else { noise }
        }));
    }
    TestSet { inputs, labels, trials: (0..n).map(|i| i / 4).collect(), references: vec![0.0; 16], pixels: (0..8).collect() }
}

fn options() -> Options {
    Options { explainers: vec!["Gradient x input".into(), "IG".into()], seed: 7, bootstrap: 40, ..Options::default() }
}

#[test]
fn the_used_features_lead_the_map_and_the_words() {
    let (network, test) = (network(), test_set(64));
    let report = explain(&network, &test, &names(&["calm", "happy"]), &options(), &Job::silent()).expect("explains");
    let happy = &report.classes[1];
    assert_eq!(happy.explainers.iter().map(|e| e.explainer.as_str()).collect::<Vec<_>>(), ["IG", "Gradient x input"]);
    let map = &happy.explainers[0].map;
    assert!(map[0] > 1.5 && map[3] > 0.7 && map.iter().enumerate().all(|(i, v)| i == 0 || i == 3 || v.abs() < 1e-5), "{map:?}");
    assert_eq!((happy.winner, happy.words.as_str()), (Some(0), "frontal theta +, central alpha +"));
    let (ig, random) = (&happy.explainers[0], happy.random.expect("control"));
    assert!(ig.qt.expect("QT") < random.2, "{:?} {random:?}", ig.qt);
    let ausc = happy.random_ausc.expect("control");
    assert!((random.2 - (random.0 + 1.0 - random.1 + ausc) / 3.0).abs() < 1e-12, "{random:?} {ausc}");
    let (low, high) = ig.qt_interval.expect("interval");
    assert!(low <= ig.qt.expect("QT") && ig.qt.expect("QT") <= high && high - low < 0.2, "{low} {high}");
    assert_eq!((ig.deletion.len(), ig.deletion[8], ig.insertion[8]), (9, 0.0, 1.0));
    assert_eq!((happy.samples, happy.trials, happy.recall), (32, 8, 1.0));
    assert!(report.classes[0].blank_is_this_class && !happy.blank_is_this_class);
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_seed_another_control() {
    let (network, test, names) = (network(), test_set(64), names(&["calm", "happy"]));
    let run = |seed| {
        let options = Options { seed, samples_per_class: Some(12), features_per_step: 3, ..options() };
        explain(&network, &test, &names, &options, &Job::silent()).expect("explains")
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7).classes[1].explainers[0].map, run(8).classes[1].explainers[0].map);
    let caveats = run(7).caveats.join(" ");
    assert!(
        caveats.contains("At most 12 test samples")
            && caveats.contains("40 were left out")
            && caveats.contains("change 3 electrode values"),
        "{caveats}"
    );
    assert_eq!(run(7).classes[1].explainers[0].deletion.len(), 4);
}

#[test]
fn folds_are_pooled_as_if_they_were_one() {
    let (network, test, names) = (network(), test_set(64), names(&["calm", "happy"]));
    let cut = |from: usize, to: usize| TestSet {
        inputs: test.inputs[from * 8..to * 8].to_vec(),
        labels: test.labels[from..to].to_vec(),
        trials: test.trials[from..to].to_vec(),
        ..test.clone()
    };
    let (first, second) = (cut(0, 32), cut(32, 64));
    let one = explain(&network, &test, &names, &options(), &Job::silent()).expect("explains");
    let folds: [Fold; 2] = [(&network, &first), (&network, &second)];
    let two = explain_folds(&folds, &names, &options(), &Job::silent()).expect("explains");
    assert_eq!(one.classes, two.classes);
    assert!(two.caveats.iter().any(|c| c.contains("2 fold networks")));
}

#[test]
fn few_samples_are_not_estimable_and_none_is_said() {
    let (network, mut test) = (network(), test_set(16));
    let report = explain(&network, &test, &names(&["calm", "happy"]), &options(), &Job::silent()).expect("explains");
    assert!(report.classes.iter().all(|c| c.winner.is_none() && c.explainers[0].qt.is_none()));
    assert!(report.classes[0].verdict.contains("8 test samples"), "{}", report.classes[0].verdict);
    test.labels.fill(1);
    let report = explain(&network, &test, &names(&["calm", "happy"]), &options(), &Job::silent()).expect("explains");
    assert_eq!(report.classes[0].verdict, "no test samples of this class");
    let text = serde_json::to_string(&report).expect("prints");
    let read: ExplanationReport = serde_json::from_str(&text).expect("reads");
    assert_eq!((read.classes[0].clone(), read.caveats), (report.classes[0].clone(), report.caveats.clone()));
}

#[test]
fn what_does_not_fit_is_refused_in_a_sentence() {
    let (network, test, names) = (network(), test_set(16), names(&["calm", "happy"]));
    let refused = |test: &TestSet, names: &Names| {
        explain(&network, test, names, &options(), &Job::silent()).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(refused(&TestSet { trials: vec![0], ..test.clone() }, &names).contains("1 trial numbers"));
    assert!(refused(&TestSet { pixels: vec![0; 7], ..test.clone() }, &names).contains("7 pixels for 4 channels x 2 bands"));
    assert!(refused(&TestSet::default(), &names).contains("no samples"));
    let three = Names { classes: vec!["a".into(), "b".into(), "c".into()], ..names.clone() };
    assert!(refused(&test, &three).contains("3 classes are named"));
}

#[test]
fn a_stop_request_is_heard_and_progress_reaches_the_end() {
    let (test, names) = (test_set(40), names(&["calm", "happy"]));
    let tiny = Tiny::new(4);
    let mut wide = test.clone();
    wide.inputs = test.inputs.chunks(8).flat_map(|row| row.iter().copied().chain([0.0; 8])).collect();
    wide.references = Vec::new();
    let options = Options { explainers: vec!["IG".into(), "Grad-CAM".into()], ..options() };
    let job = Job::silent();
    explain(&tiny, &wide, &names, &options, &job).expect("explains");
    let last = job.progress().expect("reported");
    assert_eq!((last.done, last.total), (9, 10));
    job.stop();
    assert!(matches!(explain(&tiny, &wide, &names, &options, &job), Err(ExplainError::Stopped(_))));
}
