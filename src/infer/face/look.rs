//! Detector, tracker and expression network together: pictures in, what was seen out.

use super::track::Tracker;
use super::video::Frames;
use super::{Detector, Expression, Face, FaceError, Picture, open_detectors};
use crate::infer::aggregate::{USABLE_CONFIDENCE, face_of_trial};
use crate::infer::runtime::Runtime;
use crate::job::Job;
use crate::native::{Model, models_dir};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A detector and an expression network, ready.
pub struct Looker {
    pub detector: Box<dyn Detector>,
    pub expression: Option<Expression>,
}

/// Which models to open; by default those of `limbic setup --models`.
#[derive(Debug, Clone, Default)]
pub struct Models {
    pub detector: Option<PathBuf>,
    pub expression: Option<PathBuf>,
    /// Boxes only.
    pub without_expression: bool,
}

/// What was seen in one frame.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// Seconds since the first frame.
    pub time: f64,
    pub faces: Vec<Face>,
    /// Index of the participant's face.
    pub participant: Option<usize>,
    /// Another face is at least half as large as the participant's.
    pub crowded: bool,
    /// Probabilities of the participant's expression, where the face is sure enough to be read.
    pub expression: Option<Vec<f64>>,
}

/// What was seen in a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looked {
    pub classes: Vec<String>,
    pub frames: Vec<Seen>,
    /// The file ended in the middle of something.
    pub cut_off: bool,
}

impl Looker {
    /// Opens the models.
    ///
    /// # Errors
    /// A model is not there or is none of its kind; no runtime.
    pub fn open(runtime: &Runtime, models: &Models) -> Result<Looker, FaceError> {
        let path = |given: &Option<PathBuf>, model: Model| -> Result<PathBuf, FaceError> {
            let path = given.clone().or_else(|| models_dir().map(|d| d.join(model.file()))).unwrap_or_default();
            if given.is_none() && !path.is_file() {
                return Err(FaceError::NoModel { what: model.what(), path });
            }
            Ok(path)
        };
        let detector = open_detectors(runtime, &path(&models.detector, Model::FaceDetector)?, 1)?;
        let expression = match models.without_expression {
            true => None,
            false => Some(Expression::open(runtime, &path(&models.expression, Model::Expression)?)?),
        };
        Ok(Looker { detector, expression })
    }

    pub fn classes(&self) -> Vec<String> {
        self.expression.as_ref().map(|e| e.about.classes.clone()).unwrap_or_default()
    }

    /// Looks at one picture; `tracker` remembers the participant from the one before.
    ///
    /// # Errors
    /// A model fails.
    pub fn look(&self, picture: &Picture, time: f64, tracker: &mut Tracker) -> Result<Seen, FaceError> {
        let faces = self.detector.detect(picture)?;
        let chosen = tracker.next(&faces);
        let sure = chosen.filter(|c| f64::from(faces[c.index].score) >= USABLE_CONFIDENCE);
        let expression = match (sure, &self.expression) {
            (Some(chosen), Some(network)) => Some(network.read(picture, &faces[chosen.index])?),
            _ => None,
        };
        let crowded = chosen.is_some_and(|c| c.crowded);
        Ok(Seen { time, faces, participant: chosen.map(|c| c.index), crowded, expression })
    }

    /// Looks at a photo or at `fps` frames a second of a video. `each` is handed every picture with what was seen in it.
    ///
    /// # Errors
    /// The file cannot be read, a model fails, or the job was stopped.
    pub fn look_at(&self, path: &Path, fps: f64, job: &Job, mut each: impl FnMut(&Picture, &Seen)) -> Result<Looked, FaceError> {
        let mut frames = Frames::open(path, fps)?;
        let mut tracker = Tracker::default();
        let mut looked = Looked { classes: self.classes(), frames: Vec::new(), cut_off: false };
        while let Some((time, picture)) = frames.next_frame()? {
            let stopped = job.report("faces", looked.frames.len() as u64, 0).is_err();
            if stopped {
                return Err(FaceError::Read { path: path.into(), message: "stopped on request".into() });
            }
            let seen = self.look(&picture, time, &mut tracker)?;
            each(&picture, &seen);
            looked.frames.push(seen);
        }
        looked.cut_off = frames.cut_off();
        Ok(looked)
    }
}

impl Looked {
    /// Share of the frames with a face that is sure enough to be read.
    pub fn usable_share(&self) -> f64 {
        let usable = self.frames.iter().filter(|f| f.expression.is_some()).count();
        usable as f64 / self.frames.len().max(1) as f64
    }

    /// One answer for the frames from `from` to `to` seconds (algorithms 8.4); `None`: the face counts as missing.
    pub fn answer(&self, from: f64, to: f64) -> Option<Vec<f64>> {
        let frames: Vec<(f64, Vec<f64>)> = self
            .frames
            .iter()
            .filter(|f| (from..to).contains(&f.time))
            .map(|f| f.expression.as_ref().map_or((0.0, Vec::new()), |p| (1.0, p.clone())))
            .collect();
        face_of_trial(&frames)
    }

    /// Most faces in any frame.
    pub fn most_faces(&self) -> usize {
        self.frames.iter().map(|f| f.faces.len()).max().unwrap_or(0)
    }
}
