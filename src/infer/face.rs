//! Faces in pictures and videos: where they are, whose they are, what they express (algorithms 8.1, 8.2).
//!
//! A detector is any of [`KINDS`]; which one a model file is, its inputs and outputs tell.

pub mod backbone;
pub mod blazeface;
pub mod boxes;
pub mod centerface;
pub mod crop;
pub mod exif;
pub mod expression;
pub mod look;
pub mod picture;
pub mod sheet;
pub mod track;
pub mod video;
pub mod yolo;
pub mod yunet;

pub use boxes::Face;
pub use expression::Expression;
pub use look::{Looked, Looker, Seen};
pub use picture::Picture;

use crate::infer::runtime::{InferError, OnnxSession, Runtime};
use std::path::{Path, PathBuf};

/// What keeps faces from being found. Every sentence names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    #[error(transparent)]
    Infer(#[from] InferError),
    #[error("{path}: {message}")]
    Read { path: PathBuf, message: String },
    #[error("{path} is no picture that can be read ({message}); give a JPEG, PNG or a video")]
    NoPicture { path: PathBuf, message: String },
    #[error("{path} is no video that can be read ({message}); if it was cut off, copy it again from the camera")]
    NoVideo { path: PathBuf, message: String },
    #[error(
        "{path} needs ffmpeg to be read, which does not start ({message}); install it (sudo apt install ffmpeg) or give JPEG files"
    )]
    NoFfmpeg { path: PathBuf, message: String },
    #[error(
        "the model {model} is no face detector that limbic knows: its input is {input} and its outputs are {outputs}; limbic knows {known}"
    )]
    NoDetector { model: String, input: String, outputs: String, known: String },
    #[error(
        "the model {model} is no backbone that limbic knows: its input is {input} and its output {output}, where any x 3 x 224 x 224 and any x channels x 14 x 14 are wanted; bring one with `limbic setup --models`"
    )]
    NoBackbone { model: String, input: String, output: String },
    #[error("the model {model} is no expression network: {message}")]
    NoExpression { model: String, message: String },
    #[error("the detector {model} answered with outputs of another shape than its kind ({kind}) has: {found}; export it again")]
    Shape { model: String, kind: &'static str, found: String },
    #[error("there is no model of {what} here ({path}); bring it with `limbic setup --models`")]
    NoModel { what: &'static str, path: PathBuf },
}

/// Finds the faces of a picture.
pub trait Detector: Send + Sync {
    /// Its kind's name: "blazeface-full-range".
    fn kind(&self) -> &'static str;

    /// The faces, best first; boxes in pixels of the picture.
    ///
    /// # Errors
    /// The runtime fails, or the model answers with another shape than its kind has.
    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError>;
}

/// A kind of detector: its name, how a model of it is told by its inputs and outputs, and how it is opened.
pub struct Kind {
    pub name: &'static str,
    pub fits: fn(&OnnxSession) -> bool,
    pub open: fn(OnnxSession) -> Box<dyn Detector>,
}

/// All kinds; a new one is a file and a line here.
pub const KINDS: &[Kind] = &[blazeface::FULL_RANGE, blazeface::SHORT_RANGE, yunet::KIND, centerface::KIND, yolo::KIND];

/// Opens a detector of whichever kind the file is.
///
/// # Errors
/// No runtime, no such file, no ONNX model, or one whose inputs and outputs are those of no kind.
pub fn open_detector(runtime: &Runtime, path: &Path) -> Result<Box<dyn Detector>, FaceError> {
    detector_of(OnnxSession::load(runtime, path)?)
}

/// As [`open_detector`], so many of one file, each on one thread: they look at as many pictures side by side.
///
/// # Errors
/// As there.
pub fn open_detectors(runtime: &Runtime, path: &Path, count: usize) -> Result<Box<dyn Detector>, FaceError> {
    let one = |_| detector_of(OnnxSession::load_single(runtime, path)?);
    Ok(Box::new(Several((0..count.max(1)).map(one).collect::<Result<_, _>>()?)))
}

/// Detectors of one kind; the threads of a pool take one each.
struct Several(Vec<Box<dyn Detector>>);

impl Detector for Several {
    fn kind(&self) -> &'static str {
        self.0[0].kind()
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Face>, FaceError> {
        self.0[rayon::current_thread_index().unwrap_or(0) % self.0.len()].detect(picture)
    }
}

fn detector_of(session: OnnxSession) -> Result<Box<dyn Detector>, FaceError> {
    match KINDS.iter().find(|kind| (kind.fits)(&session)) {
        Some(kind) => Ok((kind.open)(session)),
        None => Err(FaceError::NoDetector {
            model: session.name().into(),
            input: sizes(session.input_shape()),
            outputs: session.outputs().iter().map(|o| format!("{} ({})", o.name, sizes(&o.shape))).collect::<Vec<_>>().join(", "),
            known: KINDS.iter().map(|k| k.name).collect::<Vec<_>>().join(", "),
        }),
    }
}

/// "1 x 3 x any x any".
fn sizes(shape: &[i64]) -> String {
    shape.iter().map(|d| if *d < 0 { "any".into() } else { d.to_string() }).collect::<Vec<_>>().join(" x ")
}
