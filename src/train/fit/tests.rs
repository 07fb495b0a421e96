//! Known answers of the training loop: learning, repeating, stopping.

use super::course::inverse_frequencies;
use super::*;
use crate::signal::Seed;
use crate::train::networks::face_small::face_small;

/// Two classes told apart by which half of an 8 x 8 picture is bright.
fn halves(n: usize, seed: &mut Seed) -> (Vec<f32>, Vec<usize>) {
    let (mut inputs, mut labels) = (Vec::new(), Vec::new());
    for i in 0..n {
        let label = i % 2;
        inputs.extend((0..64).map(|p| (0.3 * seed.normal() + f64::from(u8::from((p % 8 < 4) == (label == 0)))) as f32));
        labels.push(label);
    }
    (inputs, labels)
}

fn options(epochs: u32) -> FitOptions {
    FitOptions { epochs, batch: 16, learning_rate: 3e-3, class_weights: true, ..FitOptions::default() }
}

fn run(seed: u64, job: &Job) -> Fitted {
    let mut draws = Seed::new(9);
    let (inputs, labels) = halves(80, &mut draws);
    let (val_inputs, val_labels) = halves(20, &mut draws);
    let network = face_small(8, 2, 16, &Seed::new(seed)).expect("fits");
    let training = Examples { inputs: &inputs, labels: &labels };
    let validation = Examples { inputs: &val_inputs, labels: &val_labels };
    let options = FitOptions { seed, ..options(8) };
    fit(network, training, validation, &options, (job, "train"), None, &mut |_| {}).expect("trains")
}

#[test]
fn learns_an_easy_task() {
    let fitted = run(1, &Job::silent());
    let best = fitted.epochs[fitted.best_epoch as usize - 1];
    assert!(best.validation_accuracy > 0.9 && best.validation_loss < 0.4, "{best:?}");
}

#[test]
fn one_seed_gives_the_same_bits_and_another_does_not() {
    let bits = |f: &Fitted| f.network.flat().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
    let (a, b, c) = (run(5, &Job::silent()), run(5, &Job::silent()), run(6, &Job::silent()));
    assert_eq!(bits(&a), bits(&b));
    assert_eq!(a.epochs, b.epochs);
    assert_ne!(bits(&a), bits(&c));
}

#[test]
fn a_stop_keeps_the_best_so_far() {
    let mut draws = Seed::new(9);
    let (inputs, labels) = halves(40, &mut draws);
    let examples = Examples { inputs: &inputs, labels: &labels };
    let network = face_small(8, 2, 16, &Seed::new(1)).expect("fits");
    let stopped = Job::silent();
    let handle = stopped.clone();
    let mut seen = 0;
    let fitted = fit(network, examples, examples, &options(8), (&stopped, "train"), None, &mut |report| {
        seen = report.epoch;
        if report.epoch == 2 {
            handle.stop();
        }
    })
    .expect("two epochs are enough for an answer");
    assert!(fitted.stopped && fitted.epochs.len() == 2 && seen == 2);
}

#[test]
fn data_that_do_not_fit_are_refused() {
    let network = face_small(8, 2, 16, &Seed::new(1)).expect("fits");
    let none = Examples { inputs: &[], labels: &[] };
    let wrong = Examples { inputs: &[0.0; 64], labels: &[2] };
    let mut quiet = |_: &EpochReport| {};
    let job = Job::silent();
    let options = options(1);
    assert_eq!(fit(network.clone(), none, none, &options, (&job, ""), None, &mut quiet).err(), Some(FitError::NoExamples));
    assert_eq!(
        fit(network, wrong, none, &options, (&job, ""), None, &mut quiet).err(),
        Some(FitError::Label { label: 2, classes: 2 })
    );
}

#[test]
fn rare_classes_weigh_more() {
    assert_eq!(inverse_frequencies(&[0, 0, 0, 1], 3), vec![2.0 / 3.0, 2.0, 0.0]);
}
