//! How the participant's face becomes the face network's input: found by a detector, followed from frame to frame, cut out
//! and levelled where a detector is installed; the centre square of the frame otherwise. The recipe names which it was, and
//! a model keeps to that of its training.

use crate::infer::aggregate::USABLE_CONFIDENCE;
use crate::infer::face::crop::{Cut, TRAINING, crop};
use crate::infer::face::track::Tracker;
use crate::infer::face::{Detector, FaceError, Picture, open_detectors};
use crate::infer::runtime::Runtime;
use crate::native::Model;
use crate::prepare::dataset::Recipe;
use crate::prepare::faces::{Grey, centre_square, face_pixels, face_recipe, standardised};
use crate::study::datasets::FACE_SIDE;
use std::path::Path;
use std::sync::Arc;

/// The recipe's parameters for this choice, and the words for the centre square.
const CROP: &str = "crop";
const DETECTOR: &str = "detector";
const CENTRE: &str = "centre square";

/// One of the two ways.
#[derive(Clone, Default)]
pub enum Crops {
    #[default]
    Centre,
    Found(Arc<dyn Detector>),
}

impl Crops {
    /// By the detector of `limbic setup --models` where it and ONNX Runtime are here, else the centre square.
    pub fn installed(library_dir: Option<&Path>) -> Crops {
        let detector = || open_detectors(&Runtime::find(library_dir), &Model::FaceDetector.find()?, threads()).ok();
        detector().map_or(Crops::Centre, |d| Crops::Found(d.into()))
    }

    /// As a model was trained.
    ///
    /// # Errors
    /// Its detector is not here, or another one is: in one sentence.
    pub fn of(recipe: &Recipe, library_dir: Option<&Path>) -> Result<Crops, String> {
        let Some(wanted) = recipe.parameters.get(DETECTOR) else { return Ok(Crops::Centre) };
        let lacking = |why: String| format!("the face model wants faces found by {wanted}: {why}");
        let path = Model::FaceDetector.find().ok_or_else(|| lacking("bring it with `limbic setup --models`".into()))?;
        let detector = open_detectors(&Runtime::find(library_dir), &path, threads()).map_err(|e| lacking(e.to_string()))?;
        match detector.kind() == wanted {
            true => Ok(Crops::Found(detector.into())),
            false => Err(lacking(format!("{} is a {}; train again, or bring back the other", path.display(), detector.kind()))),
        }
    }

    /// What found the face by a model's recipe.
    pub fn named(recipe: &Recipe) -> &str {
        recipe.parameters.get(DETECTOR).map_or(CENTRE, String::as_str)
    }

    /// What found the face: the detector's kind, or "centre square".
    pub fn name(&self) -> &str {
        match self {
            Crops::Centre => CENTRE,
            Crops::Found(detector) => detector.kind(),
        }
    }

    /// The recipe of [`Crops::pixels`].
    pub fn recipe(&self) -> Recipe {
        let mut recipe = face_recipe(FACE_SIDE);
        if let Crops::Found(detector) = self {
            recipe.parameters.insert(CROP.into(), format!("square of {} times the face's box, eyes level", TRAINING.margin));
            recipe.parameters.insert(DETECTOR.into(), detector.kind().into());
        }
        recipe
    }

    /// The network's input for one frame; `tracker` remembers the participant from the frame before. `None`: no JPEG, or
    /// no face that the detector is sure of.
    ///
    /// # Errors
    /// The detector fails.
    pub fn pixels(&self, jpeg: &[u8], tracker: &mut Tracker) -> Result<Option<Vec<f32>>, FaceError> {
        match self {
            Crops::Centre => Ok(face_pixels(jpeg, FACE_SIDE).ok()),
            Crops::Found(detector) => match Picture::from_jpeg(jpeg) {
                Ok(picture) => Ok(found(detector.as_ref(), &picture, tracker, FACE_SIDE)?.map(|square| pixels_of(&square))),
                Err(_) => Ok(None),
            },
        }
    }

    /// The face of one frame in colour, square, `side` pixels; otherwise as [`Crops::pixels`].
    ///
    /// # Errors
    /// The detector fails.
    pub fn square(&self, jpeg: &[u8], tracker: &mut Tracker, side: usize) -> Result<Option<Picture>, FaceError> {
        let Ok(picture) = Picture::from_jpeg(jpeg) else { return Ok(None) };
        match self {
            Crops::Centre => Ok(Some(centre(&picture, side))),
            Crops::Found(detector) => found(detector.as_ref(), &picture, tracker, side),
        }
    }

    /// As [`Crops::square`] for a picture of a collection, otherwise as [`Crops::of_picture`].
    ///
    /// # Errors
    /// The detector fails.
    pub fn square_of(&self, picture: &Picture, side: usize) -> Result<(Picture, bool), FaceError> {
        let found = match self {
            Crops::Centre => None,
            Crops::Found(detector) => found(detector.as_ref(), picture, &mut Tracker::default(), side)?,
        };
        let detected = found.is_some();
        Ok((found.unwrap_or_else(|| centre(picture, side)), detected))
    }

    /// As [`Crops::pixels`] for a picture of a collection, and whether the detector found a face in it. Where it did not,
    /// the picture is taken for a face that was cut out already.
    ///
    /// # Errors
    /// The detector fails.
    pub fn of_picture(&self, picture: &Picture) -> Result<(Vec<f32>, bool), FaceError> {
        let whole = || pixels_of(picture);
        Ok(match self {
            Crops::Centre => (whole(), false),
            Crops::Found(detector) => match found(detector.as_ref(), picture, &mut Tracker::default(), FACE_SIDE)? {
                Some(square) => (pixels_of(&square), true),
                None => (whole(), false),
            },
        })
    }
}

fn found(detector: &dyn Detector, picture: &Picture, tracker: &mut Tracker, side: usize) -> Result<Option<Picture>, FaceError> {
    let faces = detector.detect(picture)?;
    let chosen = tracker.next(&faces).map(|c| &faces[c.index]);
    let sure = chosen.filter(|face| f64::from(face.score) >= USABLE_CONFIDENCE);
    Ok(sure.map(|face| crop(picture, face, &Cut { side, ..TRAINING })))
}

/// The network's input of a picture's centre square.
fn pixels_of(picture: &Picture) -> Vec<f32> {
    standardised(centre_square(&grey(picture), FACE_SIDE))
}

/// The centre square in colour.
fn centre(picture: &Picture, side: usize) -> Picture {
    let square = picture.width.min(picture.height);
    let (left, top) = ((picture.width - square) / 2, (picture.height - square) / 2);
    let rows = picture.rgb.chunks_exact(3 * picture.width).skip(top).take(square);
    let rgb = rows.flat_map(|row| row[3 * left..3 * (left + square)].iter().copied()).collect();
    Picture { width: square, height: square, rgb }.resized(side, side)
}

/// As many as look at trials side by side.
fn threads() -> usize {
    rayon::current_num_threads()
}

/// Brightness as JPEG defines it.
fn grey(picture: &Picture) -> Grey {
    let luma = |p: &[u8]| (0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]) + 0.5) as u8;
    Grey { width: picture.width, height: picture.height, pixels: picture.rgb.chunks_exact(3).map(luma).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::face::Face;

    /// Finds a face wherever it is told to.
    struct Told(Vec<Face>);

    impl Detector for Told {
        fn kind(&self) -> &'static str {
            "told"
        }
        fn detect(&self, _: &Picture) -> Result<Vec<Face>, FaceError> {
            Ok(self.0.clone())
        }
    }

    /// A frame with a chequered square at (100, 20), which is not in its centre.
    fn frame() -> Vec<u8> {
        let mut picture = Picture::filled(160, 120, [90; 3]);
        for (x, y) in (0..40).flat_map(|x| (0..40).map(move |y| (x, y))) {
            picture.set(100 + x, 20 + y, if (x / 10 + y / 10) % 2 == 0 { [220; 3] } else { [20; 3] });
        }
        picture.to_jpeg(95).expect("encodes")
    }

    #[test]
    fn the_face_is_cut_out_where_it_is() {
        let face = |score| Face { bounds: [103.0, 23.0, 137.0, 57.0], score, landmarks: vec![] };
        let found = |faces| Crops::Found(Arc::new(Told(faces)));
        let (detected, centre) = (found(vec![face(0.9)]), Crops::Centre);
        let pixels = detected.pixels(&frame(), &mut Tracker::default()).expect("runs").expect("a face");
        assert_eq!(pixels.len(), FACE_SIDE * FACE_SIDE);
        // The chequers fill the crop: its corner is bright, and eight pixels on it is dark.
        assert!(pixels[3 * FACE_SIDE + 3] > 0.8 && pixels[3 * FACE_SIDE + 12] < -0.8, "{:?}", &pixels[3 * FACE_SIDE..][..16]);
        assert!(centre.pixels(&frame(), &mut Tracker::default()).expect("runs").expect("a frame") != pixels);
        for faces in [vec![], vec![face(0.4)]] {
            assert_eq!(found(faces).pixels(&frame(), &mut Tracker::default()).expect("runs"), None);
        }
        assert_eq!(detected.pixels(b"no frame", &mut Tracker::default()).expect("runs"), None);
        // In colour: of the detected one the chequers, of the centre the ground beside them.
        let square = |crops: &Crops| crops.square(&frame(), &mut Tracker::default(), 64).expect("runs").expect("a face");
        let (face, middle) = (square(&detected), square(&centre));
        assert_eq!((face.width, face.height, middle.width, middle.height), (64, 64, 64, 64));
        assert!(face.pixel(5, 5)[0] > 180 && (70..110).contains(&middle.pixel(5, 5)[1]), "{:?}", face.pixel(5, 5));
    }

    #[test]
    fn the_recipe_names_what_found_the_face() {
        let detected = Crops::Found(Arc::new(Told(vec![])));
        assert_eq!((detected.name(), Crops::Centre.name()), ("told", "centre square"));
        assert_ne!(detected.recipe().id(), Crops::Centre.recipe().id());
        assert_eq!(Crops::Centre.recipe(), face_recipe(FACE_SIDE), "models of before go on");
        assert!(matches!(Crops::of(&Crops::Centre.recipe(), None), Ok(Crops::Centre)));
        // Either no detector is installed here, or it is not called so.
        let why = Crops::of(&detected.recipe(), None).err().expect("refused");
        assert!(why.contains("found by told"), "{why}");
    }
}
