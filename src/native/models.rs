//! Networks that limbic did not train: which there are, and where `limbic setup --models` puts them.

mod archive;
mod install;
mod pins;

pub use install::{InstalledModel, ModelCard, install_models};
pub use pins::{PINS, Pin};

use std::env;
use std::path::PathBuf;

/// A network from a package with a free licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// BlazeFace, full range.
    FaceDetector,
    /// BlazeFace, short range.
    NearFaceDetector,
    CenterFace,
    /// Seven expressions.
    Expression,
    /// InceptionV3 without its top: 2048 features.
    Features,
    /// MobileNetV2 up to its last maps of 14 x 14, which a face network may stand on.
    MobileNetV2,
    /// EfficientNet-Lite0 up to the same.
    EfficientNetLite0,
}

impl Model {
    pub const ALL: [Model; 7] = [
        Model::FaceDetector,
        Model::NearFaceDetector,
        Model::CenterFace,
        Model::Expression,
        Model::Features,
        Model::MobileNetV2,
        Model::EfficientNetLite0,
    ];

    /// The word on the command line and in JSON, and the stem of its file.
    pub fn key(self) -> &'static str {
        match self {
            Model::FaceDetector => "blazeface-full-range",
            Model::NearFaceDetector => "blazeface-short-range",
            Model::CenterFace => "centerface",
            Model::Expression => "face-api-expression",
            Model::Features => "inception-v3-features",
            Model::MobileNetV2 => "mobilenet-v2-features",
            Model::EfficientNetLite0 => "efficientnet-lite0-features",
        }
    }

    /// For sentences.
    pub fn what(self) -> &'static str {
        match self {
            Model::FaceDetector | Model::NearFaceDetector | Model::CenterFace => "a face detector",
            Model::Expression => "an expression network",
            Model::Features => "InceptionV3",
            Model::MobileNetV2 => "MobileNetV2",
            Model::EfficientNetLite0 => "EfficientNet-Lite0",
        }
    }

    /// Its file in [`models_dir`].
    pub fn file(self) -> String {
        format!("{}.onnx", self.key())
    }

    /// Where it lies, if it is there.
    pub fn find(self) -> Option<PathBuf> {
        models_dir().map(|d| d.join(self.file())).filter(|p| p.is_file())
    }
}

/// The folder of these networks: LIMBIC_MODELS, or `limbic/models` in the user's data folder.
pub fn models_dir() -> Option<PathBuf> {
    let given = env::var_os("LIMBIC_MODELS").filter(|v| !v.is_empty()).map(PathBuf::from);
    given.or_else(|| super::data_dir().map(|native| native.with_file_name("models")))
}
