//! Goldens 10 and 11 from data alone: limbic's own network with the golden weights, its own attributions beside
//! captum's, and the Quality Test from these. Looked for in $LIMBIC_GOLDEN, else in ../shared/golden beside the
//! crate; skipped where absent.

use limbic::explain::curves::{self, Curves, Mode};
use limbic::explain::report::ExplainerResult;
use limbic::explain::{
    Baseline, Context, DeepLift, Explainer, GradCam, IntegratedGradients, Metric, Options, Order, expected_gradients,
};
use limbic::explain::{quality_test, sensitivity};
use limbic::job::Job;
use limbic::prepare::image;
use limbic::signal::{Montage, Seed};
use limbic::train::networks::seed_a::{seed_a, seed_a_of};
use limbic::train::{Network, Predictor};
use serde_json::Value;
use std::path::{Path, PathBuf};

const AREA: usize = 484;

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

/// The numbers of a little-endian f32 or i32 .npy file.
fn floats(folder: &Path, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder.join(name)).expect("golden file");
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..header]).into_owned();
    let four = bytes[header..].as_chunks::<4>().0.iter();
    if text.contains("<i4") {
        return four.map(|b| i32::from_le_bytes(*b) as f32).collect();
    }
    assert!(text.contains("<f4"), "{name}: {text}");
    four.map(|b| f32::from_le_bytes(*b)).collect()
}

fn indices(folder: &Path, name: &str) -> Vec<usize> {
    floats(folder, name).into_iter().map(|v| v as usize).collect()
}

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).expect("golden file")).expect("JSON")
}

/// PyTorch keeps dense weights as [out, in], limbic as [in, out].
fn transposed(values: &[f32], inputs: usize) -> Vec<f32> {
    let outputs = values.len() / inputs;
    (0..inputs).flat_map(|i| (0..outputs).map(move |o| values[o * inputs + i])).collect()
}

fn small(folder: &Path) -> Network {
    let mut network = seed_a_of([6, 8], 3, 16, &Seed::new(0)).expect("fits");
    let names = ["conv1", "conv2", "fc1", "fc2"].map(|l| [format!("w_{l}_weight.npy"), format!("w_{l}_bias.npy")]).concat();
    let shapes: Vec<Vec<usize>> = network.parameters().iter().map(|p| p.shape()).collect();
    network.edit_parameters(|i, values| {
        let stored = floats(folder, &names[i]);
        let stored = if shapes[i].len() == 2 { transposed(&stored, shapes[i][0]) } else { stored };
        values.copy_from_slice(&stored);
    });
    network
}

/// Weights drawn as algorithms 5.1 says.
fn full() -> Network {
    let mut network = seed_a(9, 512, &Seed::new(0)).expect("fits");
    let fan_in = [9, 9, 288, 288, 30_976, 30_976, 512, 512];
    let shapes: Vec<Vec<usize>> = network.parameters().iter().map(|p| p.shape()).collect();
    network.edit_parameters(|i, values| {
        let mut stream = Seed::new(12_345 + 1_000_003 * i as u64);
        let bound = 1.0 / f64::from(fan_in[i]).sqrt();
        let mut draw = || ((2.0 * ((stream.bits() >> 40) as f64 / f64::from(1 << 24)) - 1.0) * bound) as f32;
        let drawn: Vec<f32> = (0..values.len()).map(|_| draw()).collect();
        let drawn = if shapes[i].len() == 2 { transposed(&drawn, shapes[i][0]) } else { drawn };
        values.copy_from_slice(&drawn);
    });
    network
}

/// A golden topic with its network: samples, their classes, the names of its files.
struct Golden {
    folder: PathBuf,
    prefix: &'static str,
    network: Network,
    x: Vec<f32>,
    y: Vec<usize>,
    /// Golden files of each explainer, and ours.
    own: Vec<(&'static str, String, Vec<f32>)>,
}

impl Golden {
    fn of(folder: PathBuf, prefix: &'static str, network: Network, classes: &str) -> Self {
        let (x, y) = (floats(&folder, "x.npy"), indices(&folder, classes));
        let mut golden = Golden { folder, prefix, network, x, y, own: Vec::new() };
        golden.own = golden.attributed();
        golden
    }

    /// Every explainer's attributions of every sample for its own class, in the samples' order.
    fn attributed(&self) -> Vec<(&'static str, String, Vec<f32>)> {
        let references = floats(&self.folder, "ref.npy");
        let file = |name: &str| format!("{}_{name}.npy", self.prefix);
        let rows = indices(&self.folder, &file("eg_idx"));
        let pairs: Vec<_> = rows.into_iter().zip(floats(&self.folder, &file("eg_alpha"))).collect();
        let job = Job::silent();
        // The golden Integrated Gradients have 64 steps throughout, so doubling is off.
        let options = |baseline| Options { steps: 64, steps_max: 64, baseline, ..Options::default() };
        let (mean, zero) = (options(Baseline::Mean), options(Baseline::Zero));
        let with = |options, e: &dyn Explainer| {
            let context = Context::new(&references, 0, options, &job);
            let maps = self.by_class(|x, n, class| e.attribute(&self.network, x, n, class, &context).expect("attributes"));
            // Golden 11's steps leave a gap that Integrated Gradients says aloud; DeepLIFT must leave none.
            assert!(e.name() != "DeepLIFT" || context.notes().is_empty(), "{:?}", context.notes());
            maps
        };
        let context = Context::new(&references, 0, &mean, &job);
        let eg = |x: &[f32], n, class| expected_gradients(&self.network, x, n, class, &pairs, &context).expect("EG");
        vec![
            ("IG", file("ig_mid64"), with(&mean, &IntegratedGradients)),
            ("EG", file("eg"), self.by_class(eg)),
            ("DL", file("deeplift_mean"), with(&mean, &DeepLift)),
            ("GC", file("gradcam"), with(&mean, &GradCam)),
            ("DL from zero", file("deeplift_zero"), with(&zero, &DeepLift)),
        ]
    }

    fn by_class(&self, attribute: impl Fn(&[f32], usize, usize) -> Vec<f32>) -> Vec<f32> {
        let mut all = vec![0.0; self.x.len()];
        for class in 0..Predictor::classes(&self.network) {
            let members: Vec<usize> = (0..self.y.len()).filter(|&i| self.y[i] == class).collect();
            let inputs: Vec<f32> = members.iter().flat_map(|&i| self.x[i * AREA..(i + 1) * AREA].to_vec()).collect();
            if members.is_empty() {
                continue;
            }
            let maps = attribute(&inputs, members.len(), class);
            for (map, &i) in maps.chunks(AREA).zip(&members) {
                all[i * AREA..(i + 1) * AREA].copy_from_slice(map);
            }
        }
        all
    }

    fn compare(&self) {
        for (name, file, ours) in &self.own {
            let theirs = floats(&self.folder, file);
            let scale = theirs.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let worst = ours.iter().zip(&theirs).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
            println!("{file}: largest difference {worst:.1e}, largest value {scale:.1e}, ratio {:.1e}", worst / scale);
            let limit = if *name == "GC" { 1e-5 } else { 1e-4 };
            assert!(ours.len() == theirs.len() && worst <= limit * scale, "{file}: {worst} of {scale}, more than {limit}");
        }
    }

    fn of_class(&self, all: &[f32], class: usize) -> Vec<f32> {
        all.chunks(AREA).zip(&self.y).filter(|(_, c)| **c == class).flat_map(|(row, _)| row.to_vec()).collect()
    }

    /// Curves, areas and Quality Test of our own attributions, with the stored subsets.
    fn measured(&self, maps: &[f32], class: usize, drawn: &sensitivity::Subsets) -> ExplainerResult {
        let pixels = image::pixels(&Montage::biosemi32().labels, 4).expect("32 standard sites");
        let at_pixels = |all: Vec<f32>| -> Vec<f32> { all.chunks(AREA).flat_map(|r| pixels.iter().map(|&p| r[p])).collect() };
        let inputs = self.of_class(&self.x, class);
        let n = inputs.len() / AREA;
        let maps = at_pixels(self.of_class(maps, class));
        let map = curves::mean(&maps, pixels.len());
        let ranked: Vec<usize> = curves::ranking(&map, &pixels, Order::Signed).iter().map(|&f| pixels[f]).collect();
        let points = curves::points(pixels.len(), 1);
        let run = |mode| {
            let curves = Curves { ranked: &ranked, points: &points, mode, metric: Metric::Recall };
            let scores = curves.scores(&self.network, &inputs, &vec![class; n], &Job::silent());
            curves::mean(&scores.expect("runs"), points.len())
        };
        let (deletion, insertion) = (run(Mode::Deletion), run(Mode::Insertion));
        let (audc, auic) = (curves::area(&deletion, &points), curves::area(&insertion, &points));
        let everyone: Vec<usize> = (0..n).collect();
        let ausc = sensitivity::area(&sensitivity::curve(&maps, &at_pixels(inputs), pixels.len(), &everyone, drawn));
        let qt = Some(quality_test::qt(audc, auic, ausc, [1.0 / 3.0; 3]));
        let explainer = String::new();
        ExplainerResult { explainer, map, audc, auic, ausc: Some(ausc), qt, qt_interval: None, deletion, insertion }
    }
}

#[test]
fn golden_10_attributions_equal_captums() {
    let Some(folder) = folder("10_cnn_full") else { return };
    Golden::of(folder, "full", full(), "target.npy").compare();
}

#[test]
fn golden_11_attributions_and_quality_test_from_data_alone() {
    let Some(folder) = folder("11_xai_small") else { return };
    let network = small(&folder);
    let golden = Golden::of(folder, "small", network, "y.npy");
    golden.compare();
    let (quality, subsets) = (json(&golden.folder, "quality.json"), json(&golden.folder, "subsets.json"));
    for class in 0..3 {
        let drawn: sensitivity::Subsets = serde_json::from_value(subsets[class.to_string()].clone()).expect("subsets");
        let mut results = Vec::new();
        for (name, _, maps) in golden.own.iter().take(4) {
            let wanted = &quality["explainers"][*name][class.to_string()];
            let result = ExplainerResult { explainer: (*name).into(), ..golden.measured(maps, class, &drawn) };
            for (what, got) in
                [("AUDC", Some(result.audc)), ("AUIC", Some(result.auic)), ("AUSC", result.ausc), ("QT", result.qt)]
            {
                let (got, wanted) = (got.expect("estimable"), wanted[what].as_f64().expect("number"));
                println!("{name}, class {class}, {what}: {got:.5}, off by {:.1e}", (got - wanted).abs());
                assert!((got - wanted).abs() <= 1e-3, "{name}, class {class}, {what}: {got} {wanted}");
            }
            results.push(result);
        }
        let (winner, _) = quality_test::choose(&results, None, 24);
        assert_eq!(winner.map(|w| results[w].explainer.as_str()), quality["best"][class.to_string()].as_str());
    }
}
