//! Golden vectors 10 (the 15.9-million-parameter network), 13 (fusion) and 15 (metrics), made by PyTorch, captum,
//! NumPy and scikit-learn. Looked for in $LIMBIC_GOLDEN, else in ../shared/golden beside the crate; skipped where
//! absent.

use limbic::infer::aggregate::{face_of_trial, mean};
use limbic::infer::calibrate::softmax;
use limbic::infer::fuse::{Expert, Fusion, Mode, Source};
use limbic::signal::Seed;
use limbic::train::adam::Adam;
use limbic::train::fit::loss_and_gradients;
use limbic::train::networks::seed_a::seed_a;
use limbic::train::{Differentiable, Network, Predictor, score};
use std::path::PathBuf;

fn folder(topic: &str) -> Option<PathBuf> {
    let root = std::env::var_os("LIMBIC_GOLDEN")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/golden")), PathBuf::from);
    let folder = root.join(topic);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no golden vectors at {}; set LIMBIC_GOLDEN to their folder", folder.display());
    None
}

/// Values of a .npy file (version 1, C order) of f4, f8, i4 or i8.
fn npy(folder: &std::path::Path, name: &str) -> Vec<f64> {
    let bytes = std::fs::read(folder.join(name)).expect("golden file");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]);
    assert!(header.contains("'fortran_order': False"), "{header}");
    let data = &bytes[start..];
    let kind = ["<f4", "<f8", "<i4", "<i8"].into_iter().find(|k| header.contains(k)).expect("a known type");
    match kind {
        "<f4" => data.chunks(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().expect("4")))).collect(),
        "<f8" => data.chunks(8).map(|b| f64::from_le_bytes(b.try_into().expect("8"))).collect(),
        "<i4" => data.chunks(4).map(|b| f64::from(i32::from_le_bytes(b.try_into().expect("4")))).collect(),
        _ => data.chunks(8).map(|b| i64::from_le_bytes(b.try_into().expect("8")) as f64).collect(),
    }
}

fn floats(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}

fn json(folder: &std::path::Path, name: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).expect("golden file")).expect("JSON")
}

fn numbers(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[track_caller]
fn assert_close(ours: &[f32], theirs: &[f64], limit: f64) {
    assert_eq!(ours.len(), theirs.len());
    let worst = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst <= limit, "off by {worst}, limit {limit}");
}

fn largest(values: &[f64]) -> f64 {
    values.iter().map(|v| v.abs()).fold(0.0, f64::max)
}

/// Weights drawn as algorithms 5.1 says: tensor i from the stream base_seed + 1000003 i, PyTorch's layouts.
fn golden_network() -> Network {
    let mut network = seed_a(9, 512, &Seed::new(0)).expect("fits");
    let fan_in = [9, 9, 288, 288, 30_976, 30_976, 512, 512];
    let shapes: Vec<Vec<usize>> = network.parameters().iter().map(|p| p.shape()).collect();
    network.edit_parameters(|i, values| {
        let mut stream = Seed::new(12_345 + 1_000_003 * i as u64);
        let bound = 1.0 / f64::from(fan_in[i]).sqrt();
        let mut draw = || ((2.0 * ((stream.bits() >> 40) as f64 / f64::from(1 << 24)) - 1.0) * bound) as f32;
        if let [inputs, outputs] = shapes[i][..] {
            // PyTorch keeps dense weights as [out, in].
            for o in 0..outputs {
                (0..inputs).for_each(|k| values[k * outputs + o] = draw());
            }
        } else {
            values.iter_mut().for_each(|v| *v = draw());
        }
    });
    network
}

#[test]
fn golden_10_logits_attributions_and_gradients() {
    let Some(folder) = folder("10_cnn_full") else { return };
    let network = golden_network();
    assert_eq!(network.parameter_count(), 15_883_657);
    let x = floats(&npy(&folder, "x.npy"));
    let targets: Vec<usize> = npy(&folder, "target.npy").iter().map(|t| *t as usize).collect();
    assert_close(&network.logits(&x, 3), &npy(&folder, "logits.npy"), 1e-4);

    let (ig, cam) = (npy(&folder, "full_ig_mid64.npy"), npy(&folder, "full_gradcam.npy"));
    for (i, &target) in targets.iter().enumerate() {
        let (own, range) = (&x[484 * i..484 * (i + 1)], 484 * i..484 * (i + 1));
        let path: Vec<f32> = (0..64).flat_map(|j| own.iter().map(move |v| v * (j as f32 + 0.5) / 64.0)).collect();
        let gradients = network.gradients(&path, 64, target);
        let ours: Vec<f32> = (0..484).map(|p| own[p] * (0..64).map(|j| gradients[484 * j + p]).sum::<f32>() / 64.0).collect();
        assert_close(&ours, &ig[range.clone()], 1e-3 * largest(&ig[range.clone()]));
        let (map, height, width) = network.grad_cam(own, 1, target).expect("convolutions");
        assert_eq!((height, width), (22, 22));
        assert_close(&map, &cam[range.clone()], 1e-3 * largest(&cam[range]));
    }

    let (loss, gradients) = loss_and_gradients(&network, x, &targets, &[1.0; 9]);
    assert!((f64::from(loss) - 2.176_951_646_804_8).abs() < 1e-4, "{loss}");
    for (index, name) in [(0, "grad_conv1_w.npy"), (5, "grad_fc1_b.npy"), (7, "grad_fc2_b.npy")] {
        let theirs = npy(&folder, name);
        assert_close(&gradients[index], &theirs, 1e-3 * largest(&theirs));
    }
}

#[test]
fn golden_10_five_steps_of_adam() {
    let Some(folder) = folder("10_cnn_full") else { return };
    let mut network = golden_network();
    let x = floats(&npy(&folder, "x.npy"));
    let targets: Vec<usize> = npy(&folder, "target.npy").iter().map(|t| *t as usize).collect();
    let mut adam = Adam::new();
    for expected in npy(&folder, "adam_losses.npy") {
        let (loss, gradients) = loss_and_gradients(&network, x.clone(), &targets, &[1.0; 9]);
        assert!((f64::from(loss) - expected).abs() <= 1e-3 * expected, "{loss} {expected}");
        adam.step(&mut network, &gradients, 1e-4);
    }
}

#[test]
fn golden_13_fusion() {
    let Some(folder) = folder("13_fusion") else { return };
    let params = json(&folder, "params.json");
    let number = |name: &str| params[name].as_f64().expect("a number");
    let product = Fusion {
        mode: Mode::Product,
        eeg_weight: number("w_eeg"),
        face_weight: number("w_face"),
        prior: numbers(&params["prior"]),
        ..Fusion::default()
    };
    let mean_mode = Fusion { mode: Mode::Mean, ..product.clone() };
    let (eeg, face) = (npy(&folder, "logits_eeg.npy"), npy(&folder, "logits_face.npy"));
    let near = |ours: &[f64], name: &str, row: usize| {
        let theirs = &npy(&folder, name)[4 * row..4 * row + 4];
        ours.iter().zip(theirs).for_each(|(a, b)| assert!((a - b).abs() < 1e-9, "{name} row {row}: {a} {b}"));
    };
    let entropy = npy(&folder, "entropy_norm.npy");
    for row in 0..40 {
        let e = softmax(&eeg[4 * row..4 * row + 4], number("T_eeg"));
        let f = softmax(&face[4 * row..4 * row + 4], number("T_face"));
        let e = Some(Expert { probabilities: &e, quality: None });
        let f = Some(Expert { probabilities: &f, quality: None });
        let fused = product.fuse(e, f);
        near(&fused.probabilities, "poe.npy", row);
        assert!((fused.entropy - entropy[row]).abs() < 1e-9);
        near(&mean_mode.fuse(e, f).probabilities, "weighted_mean.npy", row);
        near(&product.fuse(e, None).probabilities, "eeg_only.npy", row);
        let face_only = product.fuse(None, f);
        near(&face_only.probabilities, "face_only.npy", row);
        assert_eq!(face_only.source, Source::FaceOnly);
    }
    let confidence = npy(&folder, "frame_conf.npy");
    let frames: Vec<(f64, Vec<f64>)> =
        npy(&folder, "frame_probs.npy").chunks(4).zip(confidence).map(|(p, c)| (c, p.to_vec())).collect();
    near(&face_of_trial(&frames).expect("enough frames"), "trial_geo.npy", 0);
    let usable: Vec<Vec<f64>> = frames.into_iter().filter(|(c, _)| *c >= 0.5).map(|(_, p)| p).collect();
    near(&mean(&usable).expect("frames"), "trial_mean.npy", 0);
}

#[test]
fn golden_15_metrics() {
    let Some(folder) = folder("15_metrics") else { return };
    let labels = |name: &str| -> Vec<usize> { npy(&folder, name).iter().map(|v| *v as usize).collect() };
    let (truth, predicted) = (labels("y.npy"), labels("p.npy"));
    let confusion = score::confusion(&truth, &predicted, 4);
    assert_eq!(confusion.concat(), labels("confusion.npy"));
    let expected = json(&folder, "metrics.json");
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    near(score::accuracy(&truth, &predicted), expected["accuracy"].as_f64().expect("a number"));
    let classes = score::per_class(&confusion);
    for (c, class) in classes.iter().enumerate() {
        near(class.precision, numbers(&expected["precision"])[c]);
        near(class.recall, numbers(&expected["recall"])[c]);
        near(class.f1, numbers(&expected["f1"])[c]);
        near(class.support as f64, numbers(&expected["support"])[c]);
    }
    for (name, average) in [("macro", score::macro_average(&classes)), ("weighted", score::weighted_average(&classes))] {
        let [precision, recall, f1] = numbers(&expected[name])[..] else { panic!("three numbers") };
        near(average.precision, precision);
        near(average.recall, recall);
        near(average.f1, f1);
    }
}
