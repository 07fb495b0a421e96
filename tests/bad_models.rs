//! Bad models, pictures and libraries on the real command line: one clear sentence each, never a panic, never a success.
//! What needs ONNX Runtime says why it skips where there is none.

use limbic::infer::face::Picture;
use limbic::infer::runtime::Runtime;
use limbic::train::onnx::graph::{GraphBuilder, Size, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exit code and the one line on stderr.
fn refused(arguments: &[&str], environment: &[(&str, &Path)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limbic"));
    command.args(arguments).envs(environment.iter().copied());
    let output = command.output().expect("runs");
    let text = String::from_utf8_lossy(&output.stderr).trim_end().to_string();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
    assert!(!text.contains('\n') && !text.contains("panicked") && !text.contains("onnxruntime_src"), "{arguments:?}: {text}");
    assert!(text.starts_with("limbic: ") && text.len() < 420, "{arguments:?}: {text}");
    text
}

/// A network of a picture in grey and `outputs` numbers; `about` is its description.
fn network(side: usize, outputs: usize, about: Option<&str>) -> Vec<u8> {
    let mut graph = GraphBuilder::default();
    graph.input("x", &[Size::Any("batch"), Size::Of(1), Size::Of(side), Size::Of(side)]);
    graph.floats("w", &[side * side, outputs], &vec![0.0; side * side * outputs]);
    graph.floats("b", &[outputs], &vec![0.0; outputs]);
    graph.node("Flatten", "f", &["x"], &[("axis", Value::Int(1))]);
    graph.node("Gemm", "y", &["f", "w", "b"], &[]);
    graph.output("y", &[Size::Any("batch"), Size::Of(outputs)]);
    about.iter().for_each(|text| graph.metadata("limbic.expression", text));
    graph.finish("test")
}

/// The same file with its operator set (17) called 99.
fn of_another_opset(model: &[u8]) -> Vec<u8> {
    let mut bytes = model.to_vec();
    let at = bytes.windows(4).rposition(|w| w == [0x42, 2, 0x10, 17]).expect("an operator set");
    bytes[at + 3] = 99;
    bytes
}

struct Room(tempfile::TempDir);

impl Room {
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("written");
        path.display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

#[test]
fn a_missing_or_wrong_library_is_named() {
    let room = Room(tempfile::tempdir().expect("folder"));
    let photo = room.file("photo.jpg", &Picture::filled(64, 64, [90; 3]).to_jpeg(80).expect("encodes"));
    let model = room.file("m.onnx", &network(64, 7, None));
    let nowhere = room.path("nowhere");
    let environment = [("XDG_DATA_HOME", nowhere.as_path()), ("ORT_DYLIB_PATH", Path::new(""))];
    let faces = ["faces", &photo, "--detector", &model];
    let text = refused(&faces, &environment);
    assert!(text.contains("no ONNX Runtime") && text.contains("limbic setup"), "{text}");
    let library = room.file("libonnxruntime.so", b"no library");
    let text = refused(&[&faces[..], &["--lib-dir", &room.0.path().display().to_string()]].concat(), &environment);
    assert!(text.contains(&library) && text.contains("cannot be used"), "{text}");
}

#[test]
fn bad_models_and_pictures_get_one_sentence_each() {
    if let Runtime::None { why } = Runtime::find(None) {
        println!("skipped: {why}");
        return;
    }
    let room = Room(tempfile::tempdir().expect("folder"));
    let photo = room.file("photo.jpg", &Picture::filled(64, 64, [90; 3]).to_jpeg(80).expect("encodes"));
    let good = network(64, 7, None);
    let about = |classes: &str| {
        format!(
            "{{\"classes\":[{classes}],\"colour\":\"grey\",\"scale\":1,\"offset\":0,\"margin\":1,\"probabilities\":false,\
             \"temperature\":1}}"
        )
    };
    let cases = [
        ("shape.onnx", network(7, 7, None), "square picture"),
        ("classes.onnx", network(64, 7, Some(&about("\"a\",\"b\""))), "its class list is wrong"),
        ("words.onnx", network(64, 7, Some("{}")), "not readable"),
        ("nameless.onnx", network(64, 5, None), "does not say its classes"),
        ("opset.onnx", of_another_opset(&good), "opset 99"),
        ("noise.onnx", b"no model at all".to_vec(), "no ONNX file"),
        ("empty.onnx", Vec::new(), "no ONNX file"),
        ("half.onnx", good[..good.len() / 2].to_vec(), "no ONNX file"),
    ];
    // The detector is opened first: where none is installed, any of them is refused as a detector.
    let detector = limbic::native::Model::FaceDetector.find();
    for (name, bytes, wanted) in cases {
        let file = room.file(name, &bytes);
        let text = refused(&["faces", &photo, "--detector", &file], &[]);
        assert!(text.contains(name), "{text}");
        if detector.is_some() {
            let text = refused(&["faces", &photo, "--expression", &file], &[]);
            assert!(text.contains(name) && text.contains(wanted), "{text}");
        }
        let text = refused(&["bench", "predict", "--model", &file, "--epochs", "1"], &[]);
        assert!(text.contains(name), "{text}");
    }
    let text = refused(&["faces", &photo, "--detector", "absent.onnx"], &[]);
    assert!(text.contains("absent.onnx") && text.contains("No such file"), "{text}");
    if detector.is_none() {
        println!("the pictures are skipped: no detector (limbic setup --models)");
        return;
    }
    for (name, bytes) in [("text.jpg", &b"words"[..]), ("text.mp4", b"words, and no video"), ("empty.png", b"")] {
        let text = refused(&["faces", &room.file(name, bytes)], &[]);
        assert!(text.contains(name), "{text}");
    }
}

/// A model file for `limbic predict` and pictures for `limbic train`.
#[test]
fn predict_and_train_say_what_they_lack() {
    let room = Room(tempfile::tempdir().expect("folder"));
    let home = room.path("home").display().to_string();
    let of_home = |arguments: &[&str]| refused(&[&["--home", &home][..], arguments].concat(), &[]);
    assert!(of_home(&["train", "--faces", "absent"]).contains("absent"));
    let tree = room.path("tree");
    for (class, n) in [("happy", 3), ("nonsense", 2)] {
        std::fs::create_dir_all(tree.join("train").join(class)).expect("folders");
        (0..n).for_each(|i| std::fs::write(tree.join("train").join(class).join(format!("{i}.jpg")), b"no photo").expect("file"));
    }
    let text = of_home(&["train", "--faces", &tree.display().to_string()]);
    assert!(text.contains("none of the pictures") && text.contains("can be read"), "{text}");
    let photo = Picture::filled(64, 64, [90; 3]).to_jpeg(80).expect("encodes");
    (0..3).for_each(|i| std::fs::write(tree.join(format!("train/happy/{i}.jpg")), &photo).expect("file"));
    let text = of_home(&["train", "--faces", &tree.display().to_string()]);
    assert!(text.contains("two classes"), "{text}");
    let simulated = Command::new(env!("CARGO_BIN_EXE_limbic"))
        .args(["--home", &home, "simulate", "--trials", "2", "--video-s", "3", "--face-fps", "0"])
        .output()
        .expect("runs");
    assert!(simulated.status.success(), "{}", String::from_utf8_lossy(&simulated.stderr));
    let noise = room.file("noise.onnx", b"no model");
    let foreign = room.file("foreign.onnx", &network(22, 4, None));
    for (file, wanted) in [(&noise, "noise.onnx"), (&foreign, "no card")] {
        let text = of_home(&["predict", "last", "--file", file]);
        assert!(text.contains(wanted), "{text}");
    }
    assert!(of_home(&["predict", "last", "--model", "eeg-none"]).contains("no model called eeg-none"));
}
