//! What `limbic explain` must refuse or say aloud, as a table: samples that are no numbers, arrays that do not fit, operators
//! that are not run, a model without gradients, a class of one sample, a model that answers the same to everything.

use limbic::exchange::arrays::{self, Content};
use limbic::exchange::npz::{self, Array, Values};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is wrong, the model, the samples, whether they have classes, the options, and the words that must be said.
type Refused<'a> = (&'a str, &'a Path, Samples, bool, &'a [&'a str], &'a str);

fn captum(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captum")).join(name)
}

/// Samples of the exported network "pooled" (14 x 40 values, five classes).
#[derive(Clone)]
struct Samples {
    x: Vec<f32>,
    y: Vec<f32>,
}

const WIDTH: usize = 14 * 40;

impl Samples {
    fn given() -> Self {
        let all = arrays::read(&captum("pooled.npz")).expect("exported samples");
        let numbers = |name: &str| match all.iter().find(|a| a.name == name).map(|a| &a.content) {
            Some(Content::Numbers(values)) => values.iter().map(|v| *v as f32).collect::<Vec<_>>(),
            _ => panic!("no numbers called {name}"),
        };
        // Two classes in turn, so that each has enough samples.
        let x: Vec<f32> = numbers("x").into_iter().cycle().take(24 * WIDTH).collect();
        Samples { x, y: (0..24).map(|i| (i % 2) as f32).collect() }
    }

    fn write(&self, folder: &Path, with_y: bool) -> PathBuf {
        let path = folder.join("x.npz");
        let n = self.x.len() / WIDTH;
        let mut arrays = vec![if n * WIDTH == self.x.len() {
            Array::new("x", &[n, WIDTH], Values::F32(self.x.clone()))
        } else {
            Array::new("x", &[self.x.len()], Values::F32(self.x.clone()))
        }];
        if with_y {
            arrays.push(Array::new("y", &[self.y.len()], Values::F32(self.y.clone())));
        }
        npz::write(&path, &arrays).expect("writes");
        path
    }
}

/// What the program says, on either stream, and whether it went well.
fn said(model: &Path, data: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.arg("explain").arg("--onnx").arg(model).arg("--data").arg(data).args(more);
    let output = command.output().expect("limbic runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// The exported network with other bytes in place of these, which must be as many.
fn patched(folder: &Path, from: &[u8], to: &[u8]) -> PathBuf {
    let mut bytes = std::fs::read(captum("pooled.onnx")).expect("exported model");
    let at: Vec<usize> = (0..bytes.len() - from.len()).filter(|&i| bytes[i..].starts_with(from)).collect();
    assert!(!at.is_empty() && from.len() == to.len());
    at.iter().for_each(|&i| bytes[i..i + to.len()].copy_from_slice(to));
    let path = folder.join("patched.onnx");
    std::fs::write(&path, bytes).expect("writes");
    path
}

#[test]
fn what_cannot_be_explained_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (model, good) = (captum("pooled.onnx"), Samples::given());
    let with = |change: &dyn Fn(&mut Samples)| {
        let mut samples = good.clone();
        change(&mut samples);
        samples
    };
    let noise = folder.path().join("noise.onnx");
    std::fs::write(&noise, [0xFFu8; 300]).expect("writes");
    let step = patched(folder.path(), b"Relu", b"Sign");
    let quick = ["--quick", "--explainers", "Gradient x input"];
    let table: [Refused<'_>; 11] = [
        ("a sample that is no number", &model, with(&|s| s.x[700] = f32::NAN), true, &quick, "value 700 of x"),
        ("an infinite sample", &model, with(&|s| s.x[3] = f32::INFINITY), true, &quick, "value 3 of x"),
        ("samples of another shape", &model, with(&|s| s.x.truncate(900)), true, &quick, "as the network takes them"),
        ("no classes", &model, good.clone(), false, &quick, "no array y"),
        ("a class the network lacks", &model, with(&|s| s.y[0] = 9.0), true, &quick, "sample 0 is of class 9"),
        ("no samples", &model, with(&|s| (s.x.clear(), s.y.clear()).0), true, &quick, "no samples"),
        ("an operator that is not run", &captum("unsupported.onnx"), good.clone(), true, &quick, "HardSwish"),
        ("a model without gradients", &step, good.clone(), true, &quick, "Sign"),
        ("no model", &noise, good.clone(), true, &quick, "noise.onnx"),
        ("an explainer there is not", &model, good.clone(), true, &["--explainers", "LIME"], "no explainer is called \"LIME\""),
        ("weights that are none", &model, good.clone(), true, &["--quick", "--weights", "1,0,1"], "must be positive"),
    ];
    for (what, model, samples, with_y, options, sentence) in table {
        let data = samples.write(folder.path(), with_y);
        let (well, text) = said(model, &data, options);
        println!("{what}: {}", text.trim());
        assert!(!well && text.contains(sentence), "{what}: {text}");
        assert!(!text.contains("panicked"), "{what}: {text}");
    }
}

/// Names fall back on what y says: the class of the samples that are 0 is "0", on the page, in files and by `--class`.
#[test]
fn classes_without_names_are_called_as_y_calls_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Samples::given().write(folder.path(), true);
    let at = |name: &str| folder.path().join(name).display().to_string();
    let quick = ["--quick", "--explainers", "Gradient x input", "--class", "0", "-o", &at("r.json"), "-o", &at("r.npz")];
    let (well, page) = said(&captum("pooled.onnx"), &data, &[&quick[..], &["-o", &at("r.html")]].concat());
    let rows = |name: &str| page.lines().any(|l| l.trim_start().starts_with(&format!("{name} ")));
    assert!(well && rows("0") && rows("4") && !rows("5"), "{page}");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(at("r.json")).expect("written")).expect("JSON");
    let classes = report["classes"].as_array().expect("classes");
    let named = |c: &serde_json::Value| (c["class"].as_str().map(str::to_string), c["samples"].as_u64());
    println!("{:?}", classes.iter().map(named).collect::<Vec<_>>());
    let names: Vec<&str> = classes.iter().filter_map(|c| c["class"].as_str()).collect();
    assert_eq!(names, ["0", "1", "2", "3", "4"]);
    let stored = arrays::read(Path::new(&at("r.npz"))).expect("arrays");
    let words = stored.iter().find(|a| a.name == "classes").map(|a| &a.content);
    assert!(matches!(words, Some(Content::Words(words)) if *words == names), "{words:?}");
    let (well, refused) = said(&captum("pooled.onnx"), &data, &["--quick", "--explainers", "Gradient x input", "--class", "5"]);
    assert!(!well && refused.contains("it knows 0, 1, 2, 3, 4"), "{refused}");
}

#[test]
fn what_says_little_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut samples = Samples::given();
    samples.y = (0..24).map(|i| f32::from(u8::from(i == 0))).collect();
    let (well, text) = said(&captum("pooled.onnx"), &samples.write(folder.path(), true), &["--quick"]);
    assert!(well && text.contains("not estimable: 1 test samples of this class"), "{text}");
    // Every weight 0: no input matters.
    let path = folder.path().join("constant.onnx");
    let bytes = std::fs::read(captum("pooled.onnx")).expect("exported model");
    let (mut network, _) = limbic::train::onnx::read_logits(&bytes).expect("a network");
    network.edit_parameters(|_, values| values.fill(0.0));
    let card = limbic::train::card::Card {
        name: "constant".into(),
        modality: "eeg".into(),
        network: "pooled".into(),
        input_shape: vec![1, 14, 40],
        classes: (0..5).map(|c| c.to_string()).collect(),
        target: limbic::prepare::dataset::Target::Intended,
        recipe: limbic::prepare::dataset::Recipe {
            kind: "given".into(),
            channels: Vec::new(),
            bands: Vec::new(),
            parameters: Default::default(),
        },
        mean: Vec::new(),
        sd: Vec::new(),
        temperature: 1.0,
        seed: 0,
        protocol: String::new(),
        scores: Default::default(),
        trials: 0,
        trained_on: Vec::new(),
        participants: Vec::new(),
        simulated: true,
        device: Default::default(),
        limbic_version: String::new(),
        caveats: Vec::new(),
    };
    std::fs::write(&path, limbic::train::onnx::write(&network, &card)).expect("writes");
    let (well, text) = said(&path, &Samples::given().write(folder.path(), true), &["--quick"]);
    assert!(well && text.contains("nothing can be concluded") && text.contains("zero everywhere"), "{text}");
}
