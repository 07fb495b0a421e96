//! Every network as a file: what ONNX Runtime answers is what limbic answers, alone and in any batch. Skips the runtime
//! where there is none (`limbic setup --only onnxruntime`). With LIMBIC_NETWORKS=FOLDER the files stay there for
//! tests/check_networks.py, which asks onnx.checker and Python's runtime.

use limbic::infer::runtime::{OnnxSession, Runtime};
use limbic::job::Job;
use limbic::signal::{Montage, Seed};
use limbic::train::card::Card;
use limbic::train::fit::{Examples, FitOptions, fit};
use limbic::train::networks::{ARCHITECTURES, Size};
use limbic::train::{Network, Predictor, onnx};
use std::path::Path;

/// Inputs of the published networks, a hidden layer of 512 kept to 64.
fn size(name: &str) -> Size {
    let (input, hidden) = match name {
        "seed-a-cnn" => ([1, 22, 22], 64),
        "seed-b-head" => ([2048, 7, 5], 128),
        "eeg-itnet" => ([1, 32, 600], 14),
        "sst-emotionnet" => ([30, 1, 32], 50),
        "patt-lite" => ([1, 32, 32], 32),
        _ => ([1, 32, 32], 32),
    };
    Size { input, classes: 4, hidden, channels: Montage::biosemi32().labels }
}

fn inputs(size: &Size, n: usize) -> Vec<f32> {
    let mut draws = Seed::new(9);
    (0..n * size.input.iter().product::<usize>()).map(|_| draws.normal() as f32).collect()
}

/// After two steps of training, so that running statistics and limits are not those of the first day.
fn network(name: &str, size: &Size) -> Network {
    let known = ARCHITECTURES.iter().find(|a| a.name == name).expect("known");
    let network = (known.build)(size, &Seed::new(4)).expect("fits");
    let x = inputs(size, 8);
    let examples = Examples { inputs: &x, labels: &[0, 1, 2, 3, 0, 1, 2, 3] };
    let options = FitOptions { epochs: 1, batch: 4, learning_rate: 1e-3, ..FitOptions::default() };
    let before = network.flat();
    let fitted = fit(network, examples, examples, &options, (&Job::silent(), name), None, &mut |_| {}).expect("trains");
    assert_ne!(fitted.network.flat(), before, "{name} does not learn");
    fitted.network
}

fn card(name: &str, size: &Size) -> Card {
    let value = serde_json::json!({
        "name": name, "modality": "eeg", "network": name, "input_shape": size.input, "classes": ["a", "b", "c", "d"],
        "target": "intended", "recipe": { "kind": "psd", "channels": [], "bands": [], "parameters": {} }, "mean": [],
        "sd": [], "temperature": 1.0, "seed": 4, "protocol": "none", "trials": 0, "participants": [], "simulated": true,
        "limbic_version": "0", "caveats": [], "scores": { "accuracy": 0.0, "majority": 0.0, "chance": 0.25,
        "balanced_accuracy": 0.0, "macro_f1": 0.0, "interval": [0.0, 0.0], "permutation_p": null, "confusion": [], "trials": 0 }
    });
    serde_json::from_value(value).expect("a card")
}

fn raw(path: &Path, values: &[f32]) {
    std::fs::write(path, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()).expect("writes");
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_network_answers_the_same_in_its_file_and_in_any_batch() {
    let folder = tempfile::tempdir().expect("folder");
    let kept = std::env::var_os("LIMBIC_NETWORKS").map(std::path::PathBuf::from);
    let folder = kept.as_deref().unwrap_or(folder.path());
    std::fs::create_dir_all(folder).expect("folder");
    let runtime = Runtime::find(None);
    if let Runtime::None { why } = &runtime {
        println!("without the runtime: {why}");
    }
    for known in ARCHITECTURES {
        let size = size(known.name);
        let (network, length) = (network(known.name, &size), size.input.iter().product::<usize>());
        let x = inputs(&size, 5);
        let logits = network.logits(&x, 5);
        for i in 0..5 {
            let alone = network.logits(&x[i * length..(i + 1) * length], 1);
            let off = apart(&alone, &logits[4 * i..4 * (i + 1)]);
            assert!(off < 1e-5, "{}: {off} between alone and in a batch", known.name);
        }
        let bytes = onnx::write(&network, &card(known.name, &size));
        let (back, _) = onnx::read(&bytes).expect("our own file");
        assert!(apart(&back.logits(&x, 5), &logits) < 1e-6, "{} is not what it was", known.name);
        let path = folder.join(format!("{}.onnx", known.name));
        std::fs::write(&path, &bytes).expect("writes");
        raw(&path.with_extension("x"), &x);
        raw(&path.with_extension("logits"), &logits);
        if runtime.version().is_none() {
            continue;
        }
        let session = OnnxSession::load(&runtime, &path).expect("the runtime takes it");
        let [channels, height, width] = size.input;
        let both = session.run(&x, &[5, channels, height, width]).expect("runs");
        let alone = session.run(&x[..length], &[1, channels, height, width]).expect("runs");
        let (off, off_alone) = (apart(&both, &logits), apart(&alone, &both[..4]));
        println!("{}: {} parameters, {off:.1e} from limbic, {off_alone:.1e} alone", known.name, network.parameter_count());
        assert!(off < 1e-4 && off_alone < 1e-5, "{}: {off} {off_alone}", known.name);
    }
}
