//! Golden 11: attributions, deletion, insertion, sensitivity and Quality Test of a small trained network, against
//! captum and an independent reference. The network is written out here, gradients and all, so that the explainers
//! are tested without the training framework.

use limbic::explain::curves::{self, Curves, Mode};
use limbic::explain::report::ExplainerResult;
use limbic::explain::{Context, Explainer, GradCam, IntegratedGradients, Metric, Options, Order, expected_gradients};
use limbic::explain::{quality_test, sensitivity};
use limbic::job::Job;
use limbic::prepare::image;
use limbic::signal::Montage;
use limbic::train::{Differentiable, Predictor};
use serde_json::Value;
use std::path::{Path, PathBuf};

const SIDE: usize = image::SIDE;
const AREA: usize = SIDE * SIDE;

/// The golden folder, or None with the reason printed.
fn folder() -> Option<PathBuf> {
    let base = std::env::var_os("LIMBIC_GOLDEN").map(PathBuf::from);
    let base = base.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/golden"));
    let folder = base.join("11_xai_small");
    if !folder.is_dir() {
        println!("skipped: no golden vectors at {}; set LIMBIC_GOLDEN to their folder", folder.display());
        return None;
    }
    Some(folder)
}

/// The numbers of a little-endian f32 or i32 .npy file.
fn npy(folder: &Path, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..header]).into_owned();
    let four = bytes[header..].as_chunks::<4>().0.iter();
    if text.contains("<i4") {
        return four.map(|b| i32::from_le_bytes(*b) as f32).collect();
    }
    assert!(text.contains("<f4"), "{name}: {text}");
    four.map(|b| f32::from_le_bytes(*b)).collect()
}

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).expect("golden file")).expect("JSON")
}

/// conv 3x3 (pad 1), ReLU, conv 3x3 (pad 1), ReLU, dense, ReLU, dense.
struct Network {
    conv: [(Vec<f32>, Vec<f32>); 2],
    dense: [(Vec<f32>, Vec<f32>); 2],
}

/// What the backward pass needs of one sample.
struct Trace {
    first: Vec<f32>,
    second: Vec<f32>,
    hidden: Vec<f32>,
    logits: Vec<f32>,
}

impl Network {
    fn read(folder: &Path) -> Self {
        let pair = |l: &str| (npy(folder, &format!("w_{l}_weight.npy")), npy(folder, &format!("w_{l}_bias.npy")));
        Network { conv: [pair("conv1"), pair("conv2")], dense: [pair("fc1"), pair("fc2")] }
    }

    fn trace(&self, input: &[f32]) -> Trace {
        let relu = |v: Vec<f32>| v.into_iter().map(|x| x.max(0.0)).collect::<Vec<_>>();
        let first = relu(convolve(input, &self.conv[0].0, &self.conv[0].1));
        let second = relu(convolve(&first, &self.conv[1].0, &self.conv[1].1));
        let hidden = relu(multiply(&second, &self.dense[0]));
        let logits = multiply(&hidden, &self.dense[1]);
        Trace { first, second, hidden, logits }
    }

    /// d logit / d second activation.
    fn back_to_second(&self, trace: &Trace, class: usize) -> Vec<f32> {
        let (hidden, wide) = (trace.hidden.len(), trace.second.len());
        let mut gradient = vec![0.0; wide];
        for (unit, _) in trace.hidden.iter().enumerate().filter(|(_, v)| **v > 0.0) {
            let up = self.dense[1].0[class * hidden + unit];
            gradient.iter_mut().zip(&self.dense[0].0[unit * wide..]).for_each(|(g, w)| *g += up * w);
        }
        gradient
    }
}

fn multiply(input: &[f32], layer: &(Vec<f32>, Vec<f32>)) -> Vec<f32> {
    // Eight running sums: a single one would keep the compiler from using vector instructions.
    let dot = |w: &[f32]| {
        let mut sums = [0.0f32; 8];
        for (a, b) in w.chunks(8).zip(input.chunks(8)) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(s, (x, y))| *s += x * y);
        }
        sums.iter().sum::<f32>()
    };
    layer.0.chunks(input.len()).zip(&layer.1).map(|(w, b)| dot(w) + b).collect()
}

/// Adds `weight` times `from`, shifted by the kernel's cell (0..9, row-major, centre 4), to `to`; both are images.
fn add_shifted(to: &mut [f32], from: &[f32], kernel: usize, weight: f32) {
    let clip = |shift: usize| (1usize.saturating_sub(shift), (SIDE + 1 - shift).min(SIDE));
    let ((top, bottom), (left, right)) = (clip(kernel / 3), clip(kernel % 3));
    for row in top..bottom {
        let start = (row + kernel / 3 - 1) * SIDE + left + kernel % 3 - 1;
        let line = &from[start..start + right - left];
        to[row * SIDE + left..row * SIDE + right].iter_mut().zip(line).for_each(|(t, f)| *t += weight * f);
    }
}

fn convolve(input: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let channels = input.len() / AREA;
    let mut output: Vec<f32> = bias.iter().flat_map(|b| vec![*b; AREA]).collect();
    for (o, i) in (0..bias.len()).flat_map(|o| (0..channels).map(move |i| (o, i))) {
        let kernel = &weight[(o * channels + i) * 9..(o * channels + i + 1) * 9];
        let (to, from) = (&mut output[o * AREA..(o + 1) * AREA], &input[i * AREA..(i + 1) * AREA]);
        kernel.iter().enumerate().for_each(|(k, w)| add_shifted(to, from, k, *w));
    }
    output
}

/// The gradient of a convolution's input from the gradient of its output.
fn convolve_back(gradient: &[f32], weight: &[f32], channels: usize) -> Vec<f32> {
    let mut input = vec![0.0; channels * AREA];
    for (o, i) in (0..gradient.len() / AREA).flat_map(|o| (0..channels).map(move |i| (o, i))) {
        let kernel = &weight[(o * channels + i) * 9..(o * channels + i + 1) * 9];
        let (to, from) = (&mut input[i * AREA..(i + 1) * AREA], &gradient[o * AREA..(o + 1) * AREA]);
        kernel.iter().enumerate().for_each(|(k, w)| add_shifted(to, from, 8 - k, *w));
    }
    input
}

fn gate(gradient: &mut [f32], activation: &[f32]) {
    gradient.iter_mut().zip(activation).filter(|(_, a)| **a <= 0.0).for_each(|(g, _)| *g = 0.0);
}

impl Predictor for Network {
    fn input_len(&self) -> usize {
        AREA
    }

    fn classes(&self) -> usize {
        self.dense[1].1.len()
    }

    fn logits(&self, inputs: &[f32], _n: usize) -> Vec<f32> {
        inputs.chunks(AREA).flat_map(|x| self.trace(x).logits).collect()
    }

    fn runtime(&self) -> String {
        "written out in the test".into()
    }
}

impl Differentiable for Network {
    fn gradients(&self, inputs: &[f32], _n: usize, class: usize) -> Vec<f32> {
        let one = |x: &[f32]| {
            let trace = self.trace(x);
            let mut second = self.back_to_second(&trace, class);
            gate(&mut second, &trace.second);
            let mut first = convolve_back(&second, &self.conv[1].0, self.conv[0].1.len());
            gate(&mut first, &trace.first);
            convolve_back(&first, &self.conv[0].0, 1)
        };
        inputs.chunks(AREA).flat_map(one).collect()
    }

    fn grad_cam(&self, inputs: &[f32], _n: usize, class: usize) -> Option<(Vec<f32>, usize, usize)> {
        let one = |x: &[f32]| {
            let trace = self.trace(x);
            let gradient = self.back_to_second(&trace, class);
            let mut map = vec![0.0f32; AREA];
            for (values, slope) in trace.second.chunks(AREA).zip(gradient.chunks(AREA)) {
                let weight = slope.iter().sum::<f32>() / AREA as f32;
                map.iter_mut().zip(values).for_each(|(m, v)| *m += weight * v);
            }
            map.into_iter().map(|v| v.max(0.0)).collect::<Vec<_>>()
        };
        Some((inputs.chunks(AREA).flat_map(one).collect(), SIDE, SIDE))
    }
}

struct Golden {
    folder: PathBuf,
    network: Network,
    x: Vec<f32>,
    y: Vec<usize>,
}

impl Golden {
    fn read() -> Option<Self> {
        let folder = folder()?;
        let y = npy(&folder, "y.npy").into_iter().map(|v| v as usize).collect();
        Some(Golden { network: Network::read(&folder), x: npy(&folder, "x.npy"), y, folder })
    }

    /// Rows of `all` (samples x AREA) whose class is `class`, in test order.
    fn of_class(&self, all: &[f32], class: usize) -> Vec<f32> {
        all.chunks(AREA).zip(&self.y).filter(|(_, c)| **c == class).flat_map(|(row, _)| row.to_vec()).collect()
    }

    fn compare(&self, name: &str, attribute: impl Fn(&[f32], usize, usize) -> Vec<f32>) {
        let golden = npy(&self.folder, name);
        for class in 0..self.network.classes() {
            let (inputs, wanted) = (self.of_class(&self.x, class), self.of_class(&golden, class));
            let got = attribute(&inputs, inputs.len() / AREA, class);
            let scale = wanted.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let worst = got.iter().zip(&wanted).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
            println!("{name} class {class}: largest difference {worst:.1e}, largest value {scale:.1e}");
            assert_eq!(got.len(), wanted.len());
            assert!(worst <= 1e-4 * scale, "{name}, class {class}: {worst} of {scale}");
        }
    }
}

#[test]
fn the_network_written_out_here_is_the_golden_one() {
    let Some(golden) = Golden::read() else { return };
    let wanted = npy(&golden.folder, "logits.npy");
    let got = golden.network.logits(&golden.x, golden.y.len());
    let worst = got.iter().zip(&wanted).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(got.len() == wanted.len() && worst < 1e-4, "{worst}");
}

#[test]
fn attributions_equal_captums() {
    let Some(golden) = Golden::read() else { return };
    // The golden Integrated Gradients have 64 steps throughout, so doubling is off.
    let (options, job) = (Options { steps: 64, steps_max: 64, ..Options::default() }, Job::silent());
    let references = npy(&golden.folder, "ref.npy");
    let context = Context::new(&references, 0, &options, &job);
    let rows = npy(&golden.folder, "small_eg_idx.npy");
    let pairs: Vec<_> = rows.iter().map(|r| *r as usize).zip(npy(&golden.folder, "small_eg_alpha.npy")).collect();
    let network = &golden.network;
    golden.compare("small_ig_mid64.npy", |x, n, c| IntegratedGradients.attribute(network, x, n, c, &context).expect("IG"));
    golden.compare("small_gradcam.npy", |x, n, c| GradCam.attribute(network, x, n, c, &context).expect("Grad-CAM"));
    golden.compare("small_eg.npy", |x, n, c| expected_gradients(network, x, n, c, &pairs, &context).expect("EG"));
}

#[test]
fn deletion_insertion_sensitivity_and_quality_test_equal_the_reference() {
    let Some(golden) = Golden::read() else { return };
    let (quality, subsets) = (json(&golden.folder, "quality.json"), json(&golden.folder, "subsets.json"));
    let files =
        [("IG", "small_ig_mid64.npy"), ("EG", "small_eg.npy"), ("DL", "small_deeplift_mean.npy"), ("GC", "small_gradcam.npy")];
    for class in 0..golden.network.classes() {
        let drawn: sensitivity::Subsets =
            serde_json::from_value(subsets[class.to_string()].clone()).expect("subsets of every fraction");
        let mut results = Vec::new();
        for (name, file) in files {
            let wanted = &quality["explainers"][name][class.to_string()];
            let result = measure(&golden, file, class, &drawn);
            let n = golden.y.iter().filter(|c| **c == class).count() as f64;
            let near = |what: &str, got: f64, tolerance: f64| {
                let difference = (got - wanted[what].as_f64().expect("number")).abs();
                assert!(difference <= tolerance, "{name}, class {class}, {what}: {got}, off by {difference}");
            };
            near("AUDC", result.audc, 2.0 / (128.0 * n));
            near("AUIC", result.auic, 2.0 / (128.0 * n));
            near("AUSC", result.ausc.expect("estimable"), 1e-4);
            near("QT", result.qt.expect("estimable"), 5e-3);
            results.push(ExplainerResult { explainer: name.into(), ..result });
        }
        let (winner, verdict) = quality_test::choose(&results, None, 24);
        println!("class {class}: {verdict}");
        assert_eq!(winner.map(|w| results[w].explainer.as_str()), quality["best"][class.to_string()].as_str());
    }
}

/// The three parts of the Quality Test from the stored attributions and the stored subsets.
fn measure(golden: &Golden, file: &str, class: usize, drawn: &sensitivity::Subsets) -> ExplainerResult {
    let pixels = image::pixels(&Montage::biosemi32().labels, 4).expect("32 standard sites");
    let at_pixels = |all: Vec<f32>| -> Vec<f32> { all.chunks(AREA).flat_map(|r| pixels.iter().map(|&p| r[p])).collect() };
    let inputs = golden.of_class(&golden.x, class);
    let n = inputs.len() / AREA;
    let maps = at_pixels(golden.of_class(&npy(&golden.folder, file), class));
    let map = curves::mean(&maps, pixels.len());
    let ranked: Vec<usize> = curves::ranking(&map, &pixels, Order::Signed).iter().map(|&f| pixels[f]).collect();
    let points = curves::points(pixels.len(), 1);
    let run = |mode| {
        let job = Job::silent();
        let curves = Curves { ranked: &ranked, points: &points, mode, metric: Metric::Recall };
        let scores = curves.scores(&golden.network, &inputs, &vec![class; n], &job);
        curves::mean(&scores.expect("runs"), points.len())
    };
    let (deletion, insertion) = (run(Mode::Deletion), run(Mode::Insertion));
    let (audc, auic) = (curves::area(&deletion, &points), curves::area(&insertion, &points));
    let everyone: Vec<usize> = (0..n).collect();
    let ausc = sensitivity::area(&sensitivity::curve(&maps, &at_pixels(inputs), pixels.len(), &everyone, drawn));
    let qt = quality_test::qt(audc, auic, ausc, [1.0 / 3.0; 3]);
    let (ausc, qt) = (Some(ausc), Some(qt));
    ExplainerResult { explainer: file.into(), map, audc, auic, ausc, qt, qt_interval: None, deletion, insertion }
}
