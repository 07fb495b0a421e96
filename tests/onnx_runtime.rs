//! ONNX Runtime through limbic: a real model from a file. Says so and ends where runtime or model are not here
//! (`limbic setup --only onnxruntime`).

use limbic::infer::runtime::{InferError, OnnxSession, Runtime};
use std::path::Path;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/models_converted/faceapi_expression.onnx");

fn runtime() -> Option<Runtime> {
    let runtime = Runtime::find(None);
    if let Runtime::None { why } = &runtime {
        println!("skipped: {why}");
    }
    runtime.version().is_some().then_some(runtime)
}

/// Two images [3, 112, 112] of plain arithmetic, values 0-250.
fn images() -> Vec<f32> {
    (0..2 * 3 * 112 * 112).map(|i| ((i * 7919) % 251) as f32).collect()
}

#[test]
fn a_real_model_answers_with_any_batch() {
    let Some(runtime) = runtime() else { return };
    if !Path::new(MODEL).is_file() {
        println!("skipped: {MODEL} is not here");
        return;
    }
    let session = OnnxSession::load(&runtime, Path::new(MODEL)).expect("model");
    assert_eq!(session.input_shape()[1..], [3, 112, 112]);
    let images = images();
    let both = session.run(&images, &[2, 3, 112, 112]).expect("batch of 2");
    assert_eq!(both.len(), 14);
    for row in both.chunks(7) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "probabilities: {row:?}");
    }
    let second = session.run(&images[3 * 112 * 112..], &[1, 3, 112, 112]).expect("batch of 1");
    for (alone, together) in second.iter().zip(&both[7..]) {
        assert!((alone - together).abs() < 1e-5, "{second:?} {both:?}");
    }
    // Python's onnxruntime 1.31.1 on the same file and values.
    let python = [
        0.775_022_57,
        0.159_136_12,
        0.017_974_597,
        0.040_026_754,
        0.000_384_362,
        0.000_198_614,
        0.007_256_986,
        0.475_705_83,
        0.307_776_03,
        0.069_490_865,
        0.111_588_06,
        0.001_205_752,
        0.004_142_058,
        0.030_091_362,
    ];
    for (ours, theirs) in both.iter().zip(python) {
        assert!((ours - theirs).abs() < 1e-5, "{both:?}");
    }
    println!("{}: {both:?}", runtime.version().unwrap_or_default());
}

#[test]
fn mistakes_get_one_sentence_each() {
    let Some(runtime) = runtime() else { return };
    let error = OnnxSession::from_bytes(&runtime, "noise.onnx", b"no model").err().expect("refused").to_string();
    assert!(error.starts_with("the model noise.onnx cannot be loaded: "), "{error}");
    if Path::new(MODEL).is_file() {
        let session = OnnxSession::load(&runtime, Path::new(MODEL)).expect("model");
        let error = session.run(&[0.0; 12], &[1, 3, 2, 2]).expect_err("refused").to_string();
        assert!(error.contains("takes any x 3 x 112 x 112, it was given 1 x 3 x 2 x 2 (12 values)"), "{error}");
    }
}

#[test]
fn the_second_look_answers_the_same() {
    let (first, second) = (Runtime::find(None), Runtime::find(None));
    assert_eq!(first.version(), second.version());
}

#[test]
fn without_a_runtime_the_sentence_tells_why() {
    let none = Runtime::None { why: "not here; bring it with `limbic setup`".into() };
    let error = OnnxSession::from_bytes(&none, "m.onnx", b"").err().expect("refused");
    assert!(matches!(error, InferError::NoRuntime { .. }));
    assert_eq!(error.to_string(), "no ONNX Runtime: not here; bring it with `limbic setup`");
}
