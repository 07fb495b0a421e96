//! The networks that `limbic setup --models` made, beside conversions of the same packages by other programs (tf2onnx, and
//! by hand in Python): equal answers to the same inputs. Says why it skips where they are not here.

use limbic::infer::runtime::{OnnxSession, Runtime};
use limbic::native::Model;
use limbic::signal::Seed;
use std::path::Path;

/// A network, its reference's file, the shape of its input and the range of the input's values.
type Case = (Model, &'static str, &'static [usize], (f64, f64));

const REFERENCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/models_converted");

/// Largest difference that is allowed.
const ALLOWED: f32 = 1e-4;

/// Both models on the same inputs of this shape and range; outputs are matched by their sizes.
fn difference(runtime: &Runtime, model: Model, reference: &str, shape: &[usize], range: (f64, f64)) -> Option<f32> {
    let reference = Path::new(REFERENCES).join(reference);
    let Some(ours) = model.find().filter(|_| reference.is_file()) else {
        println!("skipped: {} or {} is not here (limbic setup --models)", model.file(), reference.display());
        return None;
    };
    let mut seed = Seed::new(5);
    let count = shape.iter().product();
    let input: Vec<f32> = (0..count).map(|_| (range.0 + (range.1 - range.0) * seed.uniform()) as f32).collect();
    let run = |path: &Path| OnnxSession::load(runtime, path).and_then(|s| s.run_all(&input, shape)).expect("answers");
    let (ours, theirs) = (run(&ours), run(&reference));
    assert_eq!(ours.len(), theirs.len());
    let mut worst = 0f32;
    for output in &ours {
        let other = theirs.iter().find(|o| o.shape == output.shape && o.values.len() == output.values.len());
        // CenterFace has two outputs of one size: in the same order.
        let place = ours.iter().position(|o| o.name == output.name).expect("itself");
        let other = if theirs[place].shape == output.shape { Some(&theirs[place]) } else { other };
        let other = other.expect("an output of that size");
        let scale = other.values.iter().fold(1f32, |m, v| m.max(v.abs()));
        let pairs = output.values.iter().zip(&other.values);
        worst = pairs.map(|(a, b)| (a - b).abs() / scale).fold(worst, f32::max);
    }
    println!("{}: largest difference {worst:.2e}", model.key());
    Some(worst)
}

#[test]
fn conversions_answer_as_those_of_other_programs() {
    let runtime = Runtime::find(None);
    if let Runtime::None { why } = &runtime {
        println!("skipped: {why}");
        return;
    }
    let cases: [Case; 5] = [
        (Model::FaceDetector, "face_detection_full_range.onnx", &[1, 192, 192, 3], (-1.0, 1.0)),
        (Model::NearFaceDetector, "face_detection_short_range.onnx", &[1, 128, 128, 3], (-1.0, 1.0)),
        (Model::Expression, "faceapi_expression.onnx", &[2, 3, 112, 112], (0.0, 255.0)),
        (Model::CenterFace, "centerface_dyn.onnx", &[1, 3, 96, 160], (0.0, 255.0)),
        (Model::Features, "nsfw_inception_v3_features_u8.onnx", &[1, 3, 299, 299], (0.0, 1.0)),
    ];
    for (model, reference, shape, range) in cases {
        if let Some(found) = difference(&runtime, model, reference, shape, range) {
            assert!(found <= ALLOWED, "{}: {found}", model.key());
        }
    }
}

/// The other program's file ends at the 1000 classes; what goes into block 11's depthwise convolution is asked for as well.
const LITE: &str = "efficientnet_lite0.onnx";
const LITE_MAPS: &str = "/_blocks.11/_swish/Clip_output_0";

/// The bytes of a model with one more output: protobuf adds up what is said of a message in several places. ModelProto.graph
/// (7), GraphProto.output (12), ValueInfoProto.name (1) and type (2): a tensor of float32 of any shape.
fn with_output(mut model: Vec<u8>, name: &str) -> Vec<u8> {
    let field = |key: u8, contents: &[u8]| [&[key, contents.len() as u8], contents].concat();
    let info = [field(0x0A, name.as_bytes()), field(0x12, &field(0x0A, &[0x08, 1]))].concat();
    model.extend(field(0x3A, &field(0x62, &info)));
    model
}

#[test]
fn efficientnet_makes_the_maps_of_another_programs_conversion() {
    let runtime = Runtime::find(None);
    if let Runtime::None { why } = &runtime {
        println!("skipped: {why}");
        return;
    }
    let (ours, theirs) = (Model::EfficientNetLite0.find(), Path::new(REFERENCES).join(LITE));
    let Some(ours) = ours.filter(|_| theirs.is_file()) else {
        println!("skipped: {} or {} is not here (limbic setup --models)", Model::EfficientNetLite0.file(), theirs.display());
        return;
    };
    let bytes = with_output(std::fs::read(theirs).expect("reads"), LITE_MAPS);
    let theirs = OnnxSession::from_bytes(&runtime, LITE, &bytes).expect("loads");
    let ours = OnnxSession::load(&runtime, &ours).expect("loads");
    let (mut seed, shape) = (Seed::new(5), [2, 3, 224, 224]);
    let colours: Vec<f32> = (0..shape.iter().product()).map(|_| seed.uniform() as f32).collect();
    let scaled: Vec<f32> = colours.iter().map(|v| (255.0 * v - 127.0) / 128.0).collect();
    let ours = ours.run_all(&colours, &shape).expect("answers").remove(0);
    let theirs = theirs.run_all(&scaled, &shape).expect("answers");
    let theirs = theirs.iter().find(|o| o.name == LITE_MAPS).expect("asked for");
    assert_eq!(ours.shape, theirs.shape);
    let worst = ours.values.iter().zip(&theirs.values).map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    println!("{}: largest difference {worst:.2e} of values up to 6", Model::EfficientNetLite0.key());
    assert!(worst <= ALLOWED, "{worst}");
}
