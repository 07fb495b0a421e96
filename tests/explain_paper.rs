//! A simulated set of the size of MAHNOB-HCI (24 participants, 20 clips each, nine emotions), from which `limbic explain`
//! draws the paper's Figures 3, 4 and 5: a network and its held-out windows, written to the folder $LIMBIC_FIGURES, and
//! what limbic prints of them beside.
//!
//!     LIMBIC_FIGURES=/tmp/figures cargo test --release --test explain_paper -- --ignored --nocapture

use limbic::exchange::npz::{self, Array, Values};
use limbic::job::Job;
use limbic::prepare::dataset::{Dataset, Example, Recipe, Target};
use limbic::signal::{Montage, Seed};
use limbic::train::input::InputMaker;
use limbic::train::{CrossvalOptions, FitOptions, architecture, cross_validate, onnx};
use std::path::{Path, PathBuf};
use std::process::Command;

const BANDS: [&str; 4] = ["theta", "alpha", "beta", "gamma"];
const FRONTAL_LEFT: &[&str] = &["Fp1", "AF3", "F7", "F3", "FC5"];
const FRONTAL_RIGHT: &[&str] = &["Fp2", "AF4", "F8", "F4", "FC6"];
const MIDLINE: &[&str] = &["Fz", "FC1", "FC2", "Cz"];
const TEMPORAL: &[&str] = &["T7", "T8", "CP5", "CP6", "P7", "P8"];
const PARIETAL: &[&str] = &["CP1", "CP2", "P3", "Pz", "P4"];
const OCCIPITAL: &[&str] = &["PO3", "PO4", "O1", "Oz", "O2"];

type Effect = (&'static [&'static str], usize, f64);

/// Each emotion's electrodes, band and shift in standard deviations of a window.
const EMOTIONS: [(&str, [Effect; 2]); 9] = [
    ("neutral", [(OCCIPITAL, 1, 0.9), (MIDLINE, 0, -0.6)]),
    ("anxiety", [(FRONTAL_RIGHT, 2, 1.1), (OCCIPITAL, 1, -0.7)]),
    ("amusement", [(TEMPORAL, 3, 1.2), (PARIETAL, 2, -0.6)]),
    ("sadness", [(MIDLINE, 0, 1.3), (FRONTAL_LEFT, 1, 0.7)]),
    ("joy", [(FRONTAL_LEFT, 1, -1.1), (TEMPORAL, 3, 0.8)]),
    ("disgust", [(FRONTAL_RIGHT, 3, 1.1), (PARIETAL, 0, 0.7)]),
    ("anger", [(FRONTAL_LEFT, 2, 1.1), (TEMPORAL, 0, 0.8)]),
    ("surprise", [(PARIETAL, 2, 1.2), (MIDLINE, 0, 0.7)]),
    ("fear", [(PARIETAL, 1, -1.1), (FRONTAL_RIGHT, 2, 0.8)]),
];
const PARTICIPANTS: usize = 24;
const CLIPS: usize = 20;
const WINDOWS: usize = 6;

/// Noise of the participant, of the trial and of the window, and the emotion's own shifts, weak in some trials.
fn dataset() -> Dataset {
    let channels = Montage::biosemi32().labels;
    let mut draws = Seed::new(11);
    let mut examples = Vec::new();
    let mut noise = |sd: f64| -> Vec<f64> { (0..128).map(|_| sd * draws.normal()).collect() };
    for participant in 0..PARTICIPANTS {
        let own = noise(0.5);
        for clip in 0..CLIPS {
            let label = (participant * CLIPS + clip) % EMOTIONS.len();
            let (mood, strength) = (noise(0.4), 0.6 + 0.5 * noise(1.0)[0].abs());
            for window in 0..WINDOWS {
                let mut features: Vec<f64> = noise(0.8).iter().zip(&own).zip(&mood).map(|((w, o), m)| w + o + m).collect();
                for (electrodes, band, shift) in EMOTIONS[label].1 {
                    let members = (0..32).filter(|c| electrodes.contains(&channels[*c].as_str()));
                    members.for_each(|c| features[4 * c + band] += strength * shift);
                }
                examples.push(Example {
                    features: features.iter().map(|v| *v as f32).collect(),
                    label,
                    participant: format!("P{participant:02}"),
                    session: format!("s{participant}"),
                    trial: clip as u32,
                    stimulus: String::new(),
                    time: window as f64,
                });
            }
        }
    }
    let bands = BANDS.map(String::from).to_vec();
    let recipe = Recipe { kind: "psd".into(), channels, bands, parameters: Default::default() };
    let classes = EMOTIONS.iter().map(|e| e.0.to_string()).collect();
    Dataset { recipe, target: Target::Intended, classes, examples, simulated: true }
}

/// Trains on half of the trials and writes the network and the other half.
fn write(folder: &Path) {
    let data = dataset();
    let options = CrossvalOptions {
        folds: 2,
        seed: 3,
        fit: FitOptions { epochs: 6, batch: 32, learning_rate: 5e-4, ..FitOptions::default() },
        network: architecture("seed-a-cnn").expect("known"),
        hidden: 64,
        assignment: None,
        name: "mahnob-sized".into(),
        modality: "eeg".into(),
    };
    let result = cross_validate(&data, &options, &Job::silent(), &mut |_, _| {}).expect("trains");
    println!("accuracy by trial {:.2} over {} trials, chance 0.11", result.scores.accuracy, result.scores.trials);
    let fold = &result.folds[0];
    let maker = InputMaker::of_card(&fold.card).expect("32 sites");
    let references: Vec<usize> = fold.training.iter().copied().step_by(20).collect();
    let (n, width) = (fold.test.len(), 484);
    let number = |values: Vec<usize>| Values::F32(values.into_iter().map(|v| v as f32).collect());
    let trials = fold.test.iter().map(|&i| i / WINDOWS).collect();
    let arrays = [
        Array::new("x", &[n, width], Values::F32(maker.inputs(&data, &fold.test).expect("fits"))),
        Array::new("references", &[references.len(), width], Values::F32(maker.inputs(&data, &references).expect("fits"))),
        Array::new("y", &[n], number(fold.test.iter().map(|&i| data.examples[i].label).collect())),
        Array::new("trials", &[n], number(trials)),
        Array::new("pixels", &[128], number(maker.pixels())),
        Array::labels("channels", &data.recipe.channels),
        Array::labels("bands", &data.recipe.bands),
        Array::labels("classes", &data.classes),
    ];
    npz::write(&folder.join("held-out.npz"), &arrays).expect("writes");
    std::fs::write(folder.join("mahnob-sized.onnx"), onnx::write(&fold.network, &fold.card)).expect("writes");
}

#[test]
#[ignore = "a minute of training and drawings to be looked at; $LIMBIC_FIGURES says where they go"]
fn figures_of_the_paper() {
    let folder = PathBuf::from(std::env::var_os("LIMBIC_FIGURES").expect("LIMBIC_FIGURES names a folder"));
    std::fs::create_dir_all(&folder).expect("a folder");
    if !folder.join("held-out.npz").exists() {
        write(&folder);
    }
    let at = |name: &str| folder.join(name).into_os_string();
    for (name, width, height) in [("80x24", "80", "24"), ("200x50", "200", "50")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
        command.arg("explain").arg("--onnx").arg(at("mahnob-sized.onnx")).arg("--data").arg(at("held-out.npz"));
        command.args(["--metric", "probability", "--curves", "--maps", "IG,Grad-CAM", "--width", width, "--height", height]);
        for end in ["txt", "html", "svg", "json"] {
            command.arg("-o").arg(at(&format!("figures-{name}.{end}")));
        }
        let output = command.output().expect("limbic runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
