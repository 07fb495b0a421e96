//! Faces in real photos and videos, with the models of `limbic setup --models` or their references in the shared
//! material; and bad input. Says why it skips where models, runtime, ffmpeg or pictures are not here.

use limbic::infer::face::look::Models;
use limbic::infer::face::{FaceError, Looked, Looker, Picture, open_detector};
use limbic::infer::runtime::Runtime;
use limbic::job::Job;
use std::path::{Path, PathBuf};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");

fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(SHARED).join(name);
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
    }
    path.exists().then_some(path)
}

fn runtime() -> Option<Runtime> {
    let runtime = Runtime::find(None);
    if let Runtime::None { why } = &runtime {
        println!("skipped: {why}");
    }
    runtime.version().is_some().then_some(runtime)
}

fn looker() -> Option<Looker> {
    let models = Models {
        detector: Some(shared("models_converted/face_detection_full_range.onnx")?),
        expression: Some(shared("models_converted/faceapi_expression.onnx")?),
        without_expression: false,
    };
    Some(Looker::open(&runtime()?, &models).expect("the models open"))
}

fn look(looker: &Looker, name: &str, fps: f64) -> Option<Looked> {
    let path = shared(&format!("face/{name}"))?;
    match looker.look_at(&path, fps, &Job::silent(), |_, _| {}) {
        Err(error @ FaceError::NoFfmpeg { .. }) => {
            println!("skipped: {error}");
            None
        }
        looked => Some(looked.expect("readable")),
    }
}

/// The likeliest class of some seconds.
fn says(looked: &Looked, from: f64, to: f64) -> String {
    let p = looked.answer(from, to).expect("a face");
    let best = (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b])).expect("classes");
    looked.classes[best].clone()
}

#[test]
fn every_detector_finds_the_one_face_of_the_photo() {
    let (Some(runtime), Some(photo)) = (runtime(), shared("face/single_face.jpg")) else { return };
    let picture = Picture::from_jpeg(&std::fs::read(photo).expect("photo")).expect("a JPEG");
    let files = [
        ("models_converted/face_detection_full_range.onnx", "blazeface-full-range"),
        ("models_converted/face_detection_short_range.onnx", "blazeface-short-range"),
        ("models_converted/centerface_dyn.onnx", "centerface"),
        ("models/yunet_n_320_320.onnx", "yunet"),
        ("models/yunet_n_dynamic.onnx", "yunet"),
    ];
    for (file, kind) in files {
        let Some(path) = shared(file) else { continue };
        let detector = open_detector(&runtime, &path).expect("a detector");
        assert_eq!(detector.kind(), kind);
        let faces = detector.detect(&picture).expect("answers");
        assert_eq!(faces.len(), 1, "{kind}: {faces:?}");
        let [x, y] = faces[0].centre();
        assert!((x - 280.0).abs() < 25.0 && (y - 275.0).abs() < 35.0, "{kind}: {faces:?}");
        // The eyes lie in the upper half of the box, the left one left.
        let [left, right, ..] = faces[0].landmarks[..] else { panic!("{kind} tells the eyes") };
        assert!(left[0] < right[0] && left[1] < y && right[1] < y, "{kind}: {faces:?}");
    }
}

#[test]
fn the_smile_is_happy_and_nobody_is_nobody() {
    let Some(looker) = looker() else { return };
    if let Some(photo) = look(&looker, "single_face.jpg", 5.0) {
        assert_eq!((photo.frames.len(), photo.most_faces(), says(&photo, 0.0, 1.0)), (1, 1, "happy".into()));
    }
    let Some(empty) = look(&looker, "no_face.mp4", 5.0) else { return };
    assert!(empty.frames.len() >= 10 && empty.most_faces() == 0 && empty.answer(0.0, 10.0).is_none());
    let Some(smile) = look(&looker, "single_face.mp4", 5.0) else { return };
    assert_eq!((smile.most_faces(), smile.usable_share(), says(&smile, 0.0, 3.0)), (1, 1.0, "happy".into()));
}

#[test]
fn the_clip_is_sad_at_its_start_and_happy_at_its_end() {
    let Some(looker) = looker() else { return };
    let Some(clip) = look(&looker, "WolfgangLanger_Pexels.mp4", 5.0) else { return };
    assert!((96..=100).contains(&clip.frames.len()) && clip.most_faces() == 1 && !clip.cut_off);
    for second in 0..6 {
        assert_eq!(says(&clip, f64::from(second), f64::from(second) + 1.0), "sad", "second {second}");
    }
    for second in 10..19 {
        assert_eq!(says(&clip, f64::from(second), f64::from(second) + 1.0), "happy", "second {second}");
    }
}

/// One clear sentence each: what is wrong and the way out.
#[test]
fn bad_input_gets_one_sentence_each() {
    let Some(looker) = looker() else { return };
    let room = tempfile::tempdir().expect("folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = room.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let photo = Picture::filled(64, 64, [90; 3]).to_jpeg(80).expect("encodes");
    let clip = shared("face/WolfgangLanger_Pexels.mp4").map(|p| std::fs::read(p).expect("clip")).unwrap_or_default();
    let files = [
        (write("text.jpg", b"no photo"), "is no picture that can be read"),
        (write("cut.jpg", &photo[..photo.len() / 2]), "is no picture that can be read"),
        (write("empty.png", b""), "is no picture that can be read"),
        (write("text.mp4", b"no video at all, only words"), "is no video that can be read"),
        (room.path().join("absent.mp4"), "No such file"),
    ];
    for (path, wanted) in files {
        let error = looker.look_at(&path, 5.0, &Job::silent(), |_, _| {}).expect_err("refused");
        assert!(error.to_string().contains(wanted) || matches!(error, FaceError::NoFfmpeg { .. }), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()) && !error.to_string().contains('\n'), "{error}");
    }
    // A video cut in half is either refused or read up to there, and then says so.
    let half = write("half.mp4", &clip[..clip.len() / 2]);
    match looker.look_at(&half, 1.0, &Job::silent(), |_, _| {}) {
        Ok(looked) => assert!(looked.cut_off, "half a video is not a whole one"),
        Err(error) => assert!(error.to_string().contains("half.mp4"), "{error}"),
    }
    let Some(runtime) = runtime() else { return };
    let models = [
        (
            shared("models_converted/faceapi_expression.onnx"),
            "is no face detector that limbic knows: its input is any x 3 x 112 x 112",
        ),
        (Some(write("noise.onnx", b"no model")), "cannot be loaded"),
        (Some(room.path().join("absent.onnx")), "cannot be loaded"),
    ];
    for (path, wanted) in models.into_iter().filter_map(|(p, w)| Some((p?, w))) {
        let error = open_detector(&runtime, &path).err().expect("refused").to_string();
        assert!(error.contains(wanted) && error.contains(&path.display().to_string()), "{error}");
    }
    let expressions = [
        ("models_converted/face_detection_full_range.onnx", "its input is 1 x 192 x 192 x 3"),
        ("models_converted/nsfw_mobilenet_v2_features_u8.onnx", "it does not say its classes"),
    ];
    for (file, wanted) in expressions {
        let Some(path) = shared(file) else { continue };
        let error = limbic::infer::face::Expression::open(&runtime, &path).err().expect("refused").to_string();
        assert!(error.contains("is no expression network") && error.contains(wanted), "{error}");
    }
}
