//! PyTorch networks of other shapes through ONNX: Integrated Gradients and DeepLIFT beside captum's. The files in
//! tests/captum were made by tests/export_networks.py; $LIMBIC_CAPTUM names another folder of them.

use limbic::exchange::arrays::{self, Content};
use limbic::explain::{Context, Explainer, IntegratedGradients, Names, Options, TestSet, deep_lift, explain};
use limbic::job::Job;
use limbic::train::{Network, Predictor, onnx};
use std::path::PathBuf;

fn folder() -> PathBuf {
    std::env::var_os("LIMBIC_CAPTUM")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captum")), PathBuf::from)
}

struct Case {
    network: Network,
    arrays: Vec<arrays::Stored>,
}

impl Case {
    fn read(name: &str) -> Self {
        let bytes = std::fs::read(folder().join(format!("{name}.onnx"))).expect("exported model");
        let (network, _) = onnx::read_logits(&bytes).expect("a network that limbic runs");
        Case { network, arrays: arrays::read(&folder().join(format!("{name}.npz"))).expect("captum's answers") }
    }

    fn numbers(&self, name: &str) -> Vec<f32> {
        self.some_numbers(name).unwrap_or_else(|| panic!("no numbers called {name}"))
    }

    fn some_numbers(&self, name: &str) -> Option<Vec<f32>> {
        match self.arrays.iter().find(|a| a.name == name).map(|a| &a.content) {
            Some(Content::Numbers(values)) => Some(values.iter().map(|v| *v as f32).collect()),
            _ => None,
        }
    }
}

fn compare(what: &str, ours: &[f32], theirs: &[f32]) {
    let scale = theirs.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let worst = ours.iter().zip(theirs).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    println!("{what}: largest difference {worst:.1e}, largest value {scale:.1e}, ratio {:.1e}", worst / scale);
    assert!(ours.len() == theirs.len() && worst <= 1e-4 * scale, "{what}: {worst} of {scale}");
}

#[test]
fn attributions_of_exported_networks_equal_captums() {
    for name in ["pooled", "plain", "normed"] {
        let case = Case::read(name);
        let (x, y, baseline) = (case.numbers("x"), case.numbers("y"), case.numbers("baseline"));
        let (n, width) = (y.len(), case.network.input_len());
        compare(&format!("{name}: logits"), &case.network.logits(&x, n), &case.numbers("logits"));
        let (options, job) = (Options { steps: 64, steps_max: 64, ..Options::default() }, Job::silent());
        let context = Context::new(&[], 0, &options, &job);
        let (mut ig, mut lift) = (Vec::new(), Vec::new());
        for (row, class) in x.chunks(width).zip(&y) {
            let class = *class as usize;
            ig.extend(IntegratedGradients.attribute(&case.network, row, 1, class, &context).expect("IG"));
            lift.extend(deep_lift(&case.network, row, 1, class, &baseline, &context).expect("DeepLIFT"));
        }
        compare(&format!("{name}: IG"), &ig, &case.numbers("ig"));
        // Behind a max-pool captum's do not add up and were not stored; ours must, which is noted if they do not.
        assert!(context.notes().iter().all(|n| !n.contains("DeepLIFT")), "{:?}", context.notes());
        match case.some_numbers("deep_lift") {
            Some(theirs) => compare(&format!("{name}: DeepLIFT"), &lift, &theirs),
            None => assert_eq!(name, "pooled"),
        }
    }
}

#[test]
fn an_operator_that_is_not_run_is_named() {
    let bytes = std::fs::read(folder().join("unsupported.onnx")).expect("exported model");
    let error = onnx::read_logits(&bytes).expect_err("refused").to_string();
    assert!(error.contains("HardSwish") && error.contains("limbic setup"), "{error}");
}

/// What cannot be explained is refused or said, by name.
#[test]
fn bad_input_is_named() {
    let case = Case::read("pooled");
    let (width, job) = (case.network.input_len(), Job::silent());
    let names = Names {
        model: "m".into(),
        channels: (0..14).map(|c| c.to_string()).collect(),
        bands: (0..40).map(|b| b.to_string()).collect(),
        classes: ["a", "b", "c", "d", "e"].map(String::from).to_vec(),
        ..Names::default()
    };
    let options = Options { explainers: vec!["DeepLIFT".into(), "Gradient x input".into()], bootstrap: 10, ..Options::default() };
    let options = Options { random_rankings: 2, features_per_step: 80, ..options };
    let test = |labels: Vec<usize>, value: f32| TestSet {
        inputs: labels
            .iter()
            .enumerate()
            .flat_map(|(i, _)| (0..width).map(move |p| value * ((i * 7 + p) as f32).sin()))
            .collect(),
        trials: (0..labels.len()).collect(),
        labels,
        references: Vec::new(),
        pixels: (0..width).collect(),
    };
    // One sample in a class: its verdict says so; the other class is explained or not on its own merits.
    let mut labels = vec![0; 12];
    labels.push(1);
    let report = explain(&case.network, &test(labels, 1.0), &names, &options, &job).expect("explains");
    assert!(report.classes[1].verdict.contains("not estimable: 1 test samples"), "{}", report.classes[1].verdict);
    assert_eq!(report.classes[2].verdict, "no test samples of this class");
    // A model that answers the same whatever it sees.
    let mut constant = case.network.clone();
    constant.edit_parameters(|_, values| values.fill(0.0));
    let labels: Vec<usize> = (0..24).map(|i| i % 2).collect();
    let report = explain(&constant, &test(labels.clone(), 1.0), &names, &options, &job).expect("explains");
    assert!(report.classes.iter().all(|c| c.winner.is_none()));
    assert!(report.classes[0].verdict.contains("nothing can be concluded"), "{}", report.classes[0].verdict);
    assert!(report.caveats.iter().any(|c| c.contains("zero everywhere")), "{:?}", report.caveats);
    // Numbers that are none.
    let error = explain(&case.network, &test(labels, f32::NAN), &names, &options, &job).expect_err("refused").to_string();
    assert!(error.contains("sample 0 holds NaN"), "{error}");
}
