//! What a face network looks at: small grey crops, or the maps that a frozen backbone makes of colour crops. Maps are
//! kept like other features, a table a trial or a picture: a job that was stopped goes on behind the last.

use crate::infer::face::Picture;
use crate::infer::face::backbone::{BATCH, Backbone, SIDE};
use crate::infer::face::track::Tracker;
use crate::infer::runtime::Runtime;
use crate::job::{Job, Stopped};
use crate::native::{Model, ModelCard};
use crate::prepare::dataset::Recipe;
use crate::prepare::face_map::{self, EACH, KIND, pack};
use crate::prepare::recipes::FeatureTable;
use crate::study::StudyError;
use crate::study::crops::Crops;
use crate::study::face_network::Stands;
use crate::study::features::{Content, FeatureCache};
use std::path::Path;
use std::sync::Arc;

/// Face frames per second that are looked at (the paper asks for at least 5 on average; more say little new).
const FACE_FPS: f64 = 5.0;
/// The same of a backbone's maps, of which one takes as much memory as 40 grey crops.
const MAP_FPS: f64 = 1.0;
/// Most maps that are learnt from: of MobileNetV2 0.45 GB packed, and 1.35 GB as a network's input while it learns; of
/// EfficientNet-Lite0 0.53 and 1.58.
pub const MOST_MAPS: usize = 3000;
/// Where a face network was asked for.
pub const NO_FACES: &str = "no session has face frames of a finished, labelled trial; record some with a camera";
/// The recipe's parameters that name the backbone and its weights.
const BACKBONE: &str = "backbone";
const WEIGHTS: &str = "weights";

/// How frames and pictures become a face network's features.
#[derive(Clone, Default)]
pub struct FaceInput {
    crops: Crops,
    backbone: Option<(Model, Arc<Backbone>)>,
}

impl FaceInput {
    /// As this machine can make it: by its detector, or the centre square without one.
    ///
    /// # Errors
    /// The wanted backbone or ONNX Runtime is not here, or the file is something else.
    pub fn installed(stands: Stands, library_dir: Option<&Path>) -> Result<FaceInput, StudyError> {
        let backbone = match stands.model() {
            None => None,
            Some(model) => {
                let file = model.find().ok_or(StudyError::NoBackbone(stands.word()))?;
                Some((model, Arc::new(Backbone::open(&Runtime::find(library_dir), &file)?)))
            }
        };
        Ok(FaceInput { crops: Crops::installed(library_dir), backbone })
    }

    /// As a model was trained.
    ///
    /// # Errors
    /// Its detector or its backbone is not here, or another one is: in one sentence.
    pub fn of(recipe: &Recipe, library_dir: Option<&Path>) -> Result<FaceInput, String> {
        let crops = Crops::of(recipe, library_dir)?;
        if recipe.kind != KIND {
            return Ok(FaceInput { crops, backbone: None });
        }
        let name = recipe.parameters.get(BACKBONE).map_or("a backbone", String::as_str);
        let lacking = |why: String| format!("the face model stands on {name}: {why}");
        let model = Stands::ALL.into_iter().filter_map(Stands::model).find(|m| m.key() == name);
        let model = model.ok_or_else(|| lacking("this limbic knows no such network; train again".into()))?;
        let file = model.find().ok_or_else(|| lacking("it is not here; bring it with `limbic setup --models`".into()))?;
        let backbone = Backbone::open(&Runtime::find(library_dir), &file).map_err(|e| lacking(e.to_string()))?;
        if recipe.parameters.get(WEIGHTS).map(String::as_str) != Some(backbone.weights()) {
            let file = file.display();
            return Err(lacking(format!("{file} has other weights than in its training; train again, or bring back the other")));
        }
        let input = FaceInput { crops, backbone: Some((model, Arc::new(backbone))) };
        match input.recipe() == *recipe {
            true => Ok(input),
            false => Err(lacking("this limbic makes its maps in another way; train again".into())),
        }
    }

    /// What found the face: the detector's kind, or "centre square".
    pub fn crops(&self) -> &Crops {
        &self.crops
    }

    pub fn is_mapped(&self) -> bool {
        self.backbone.is_some()
    }

    /// What must be said of the backbone beside the scores of a network that stands on it.
    pub fn caveat(&self) -> Option<String> {
        let (model, backbone) = self.backbone.as_ref()?;
        let stands = format!("The face network stands on the frozen {}", model.what());
        Some(ModelCard::caveat(&stands, &model.find().unwrap_or_default(), backbone.weights()))
    }

    /// The recipe of the features; it names the backbone and its weights.
    pub fn recipe(&self) -> Recipe {
        let mut recipe = self.crops.recipe();
        let Some((model, backbone)) = &self.backbone else { return recipe };
        recipe.kind = KIND.into();
        let named = [
            (BACKBONE, model.key().to_string()),
            (WEIGHTS, backbone.weights().into()),
            (face_map::SHAPE, face_map::written(backbone.map())),
            ("levels", format!("256 of 0 to {}", face_map::MOST)),
            ("side", SIDE.to_string()),
            ("colour", "RGB".into()),
            ("resize", "bilinear".into()),
            ("scale", "0 to 1".into()),
        ];
        recipe.parameters.extend(named.map(|(name, value)| (name.to_string(), value)));
        recipe
    }

    /// Time between the frames that are looked at, s, where `total_s` of video are learnt from (0: none, they are
    /// answered): no more than [`MOST_MAPS`] of all of it.
    pub fn every_s(&self, total_s: f64) -> f64 {
        if self.is_mapped() { (total_s / MOST_MAPS as f64).max(1.0 / MAP_FPS) } else { 1.0 / FACE_FPS }
    }

    /// Features of one trial's frames (JPEG) in their order; `None` for a frame that is no JPEG or shows no face that the
    /// detector is sure of.
    ///
    /// # Errors
    /// The detector or the backbone fails; the job was stopped.
    pub fn of_frames(
        &self,
        frames: &[Vec<u8>],
        cache: Option<&FeatureCache>,
        job: &Job,
    ) -> Result<Vec<Option<Vec<f32>>>, StudyError> {
        let mut tracker = Tracker::default();
        let Some((_, backbone)) = &self.backbone else {
            let one = |jpeg: &Vec<u8>| match job.is_stopped() {
                true => Err(Stopped.into()),
                false => Ok(self.crops.pixels(jpeg, &mut tracker)?),
            };
            return frames.iter().map(one).collect();
        };
        let recipe = self.recipe();
        let content = Content::of_bytes(frames.iter().map(Vec::as_slice)).part(0.0, 0.0, &[], &recipe);
        let mut found = vec![None; frames.len()];
        let mut place = |rows: Vec<(f64, Vec<f32>)>| {
            rows.into_iter().for_each(|(at, map)| found.get_mut(at as usize).map_or((), |slot| *slot = Some(map)));
        };
        if let Some(kept) = cache.and_then(|cache| cache.find(&content, &recipe)) {
            place(kept.rows);
            return Ok(found);
        }
        let mut rows = Vec::with_capacity(frames.len());
        for (n, some) in frames.chunks(BATCH).enumerate() {
            if job.is_stopped() {
                return Err(Stopped.into());
            }
            let (mut places, mut squares) = (Vec::new(), Vec::new());
            for (k, jpeg) in some.iter().enumerate() {
                if let Some(square) = self.crops.square(jpeg, &mut tracker, SIDE)? {
                    places.push((n * BATCH + k) as f64);
                    squares.push(square);
                }
            }
            rows.extend(places.into_iter().zip(backbone.maps(&squares)?.iter().map(|map| pack(map))));
        }
        place(keep(cache, &content, (recipe, backbone.map()), rows));
        Ok(found)
    }

    /// Features of a picture of a collection, and whether the detector found a face in it. Where it did not, the picture
    /// is taken for a face that was cut out already.
    ///
    /// # Errors
    /// The detector or the backbone fails.
    pub fn of_picture(&self, picture: &Picture, cache: Option<&FeatureCache>) -> Result<(Vec<f32>, bool), StudyError> {
        let Some((_, backbone)) = &self.backbone else { return Ok(self.crops.of_picture(picture)?) };
        let recipe = self.recipe();
        let sides = [picture.width, picture.height].map(|n| n.to_le_bytes());
        let pieces = [&sides[0][..], &sides[1], &picture.rgb];
        let content = Content::of_bytes(pieces.into_iter()).part(0.0, 0.0, &[], &recipe);
        let kept = cache.and_then(|cache| cache.find(&content, &recipe));
        if let Some((detected, map)) = kept.and_then(|table| table.rows.into_iter().next()) {
            return Ok((map, detected > 0.0));
        }
        let (square, detected) = self.crops.square_of(picture, SIDE)?;
        let map = backbone.maps(&[square])?.first().map(|map| pack(map)).unwrap_or_default();
        let rows = keep(cache, &content, (recipe, backbone.map()), vec![(f64::from(u8::from(detected)), map)]);
        Ok((rows.into_iter().next().unwrap_or_default().1, detected))
    }
}

/// Puts the rows of a table into the cache, and gives them back.
fn keep(
    cache: Option<&FeatureCache>,
    content: &Content,
    (recipe, map): (Recipe, [usize; 3]),
    rows: Vec<(f64, Vec<f32>)>,
) -> Vec<(f64, Vec<f32>)> {
    let shape = vec![map.iter().product::<usize>().div_ceil(EACH)];
    let mut table = FeatureTable { recipe, shape, rows, notes: Vec::new(), cleaning: None };
    if let Some(cache) = cache {
        cache.keep(content, &mut table);
    }
    table.rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_frames_of_a_long_study_are_mapped() {
        assert_eq!(FaceInput::default().every_s(1e6), 0.2);
        assert_eq!(FaceInput::default().recipe(), Crops::Centre.recipe());
    }
}
