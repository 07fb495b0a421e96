//! The face network on a folder of pictures with a class each (RAF-DB, FER, or crops that limbic wrote).

use crate::exchange::faces::{FacePicture, tree};
use crate::infer::face::video::Frames;
use crate::job::{Job, Stopped};
use crate::prepare::dataset::{Dataset, Example, Target};
use crate::signal::Emotion;
use crate::store::Home;
use crate::study::crops::Crops;
use crate::study::explained::FACE_HIDDEN;
use crate::study::face_input::{FaceInput, MOST_MAPS};
use crate::study::features::FeatureCache;
use crate::study::run::{CurvePoint, Modality, assignment, line, stamp};
use crate::study::{Outcome, Plan, StudyError};
use rayon::prelude::*;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder's pictures as examples.
pub struct Pictures {
    pub dataset: Dataset,
    /// What must stand beside the scores.
    pub caveats: Vec<String>,
}

/// Every picture of a tree as an example and a trial of its own; only those of `wanted`, in its order, where any are named.
/// Where a backbone makes maps of them, [`MOST_MAPS`] at most, evenly over the tree.
///
/// # Errors
/// A folder without pictures of a known class, or without any that can be read; a detector or backbone that fails.
pub fn examples(
    root: &Path,
    wanted: &[Emotion],
    input: &FaceInput,
    cache: Option<&FeatureCache>,
    job: &Job,
) -> Result<Pictures, StudyError> {
    let found = tree(root)?;
    let classes: Vec<Emotion> = match wanted.is_empty() {
        true => Emotion::ALL.into_iter().filter(|e| found.pictures.iter().any(|p| p.emotion == *e)).collect(),
        false => wanted.to_vec(),
    };
    let wanted: Vec<&FacePicture> = found.pictures.iter().filter(|p| classes.contains(&p.emotion)).collect();
    let all = wanted.len();
    let most = if input.is_mapped() { all.min(MOST_MAPS) } else { all };
    // By path: every class keeps its share.
    let wanted: Vec<&FacePicture> = (0..most).map(|i| wanted[i * all / most]).collect();
    job.report("face pictures", 0, most as u64)?;
    let done = AtomicU64::new(0);
    let one = |(n, picture): (usize, &&FacePicture)| -> Result<Option<(Example, bool)>, StudyError> {
        if job.is_stopped() {
            return Err(Stopped.into());
        }
        // What cannot be read is counted, and said beside the scores.
        let Ok(Some((_, pixels))) = Frames::open(&picture.path, 1.0).and_then(|mut f| f.next_frame()) else { return Ok(None) };
        let (features, detected) = input.of_picture(&pixels, cache)?;
        job.report("face pictures", done.fetch_add(1, Ordering::Relaxed) + 1, most as u64)?;
        let label = classes.iter().position(|e| *e == picture.emotion).unwrap_or(0);
        let (session, trial) = (root.display().to_string(), n as u32 + 1);
        let stimulus = picture.path.display().to_string();
        let participant = format!("picture {trial}");
        Ok(Some((Example { features, label, participant, session, trial, stimulus, time: 0.0 }, detected)))
    };
    let made = wanted.par_iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    let read: Vec<(Example, bool)> = made.into_iter().flatten().collect();
    if read.is_empty() {
        return Err(StudyError::NothingToTrain(format!("none of the pictures of {} can be read as a JPEG", root.display())));
    }
    let (unreadable, whole) = (wanted.len() - read.len(), read.iter().filter(|(_, detected)| !detected).count());
    let mut caveats = Vec::new();
    if most < all {
        caveats.push(format!(
            "{most} of {all} pictures, evenly over the folder, are learnt from: maps of more need too much memory"
        ));
    }
    if unreadable + found.skipped.len() > 0 {
        caveats.push(format!("{unreadable} pictures cannot be read and are left out; {}", found.skipped.join("; ")));
    }
    if matches!(input.crops(), Crops::Found(_)) && whole > 0 {
        let (all, by) = (read.len(), input.crops().name());
        caveats.push(format!("{whole} of {all} pictures, in which {by} found no face, are taken for faces cut out already"));
    }
    let classes = classes.iter().map(|e| e.name().to_string()).collect();
    let examples = read.into_iter().map(|(example, _)| example).collect();
    let dataset = Dataset { recipe: input.recipe(), target: Target::Reported, classes, examples, simulated: false };
    Ok(Pictures { dataset, caveats })
}

/// Trains, judges and stores the face network on a folder of pictures. Pictures of one person may lie in several folds,
/// since such folders do not say who is who; that stands with the scores.
///
/// # Errors
/// As [`examples`]; fewer than two classes or too few pictures; a stop; a home that cannot be written.
pub fn train(
    home: &Home,
    plan: &Plan,
    root: &Path,
    job: &Job,
    on_epoch: &mut dyn FnMut(CurvePoint),
) -> Result<Outcome, StudyError> {
    let input = FaceInput::installed(plan.face.stands, plan.library_dir.as_deref())?;
    let cache = FeatureCache::of(home.dir());
    let Pictures { dataset, mut caveats } = examples(root, &[], &input, Some(&cache), job)?;
    let fewest = (0..dataset.classes.len()).map(|c| dataset.examples.iter().filter(|e| e.label == c).count()).min();
    if dataset.classes.len() < 2 || fewest.is_none_or(|n| n < 2) {
        let found = dataset.classes.join(", ");
        let why = format!("{} has pictures of {found}; two classes of two pictures or more are needed", root.display());
        return Err(StudyError::NothingToTrain(why));
    }
    caveats.extend(input.caveat());
    caveats.push("The folder does not say whose the faces are: the same person may be learnt from and judged.".into());
    let (stamp, assignment) = (stamp(plan), assignment(&dataset, plan)?);
    let mut modality = Modality {
        home,
        plan,
        job,
        on_epoch,
        assignment,
        recordings: &[],
        stamp: &stamp,
        caveats: caveats.clone(),
        to_come: Vec::new(),
    };
    let face = modality.learn(&dataset, "face", plan.face.name, FACE_HIDDEN)?;
    let caveats: String = caveats.iter().map(|c| format!("\n! {c}")).collect();
    Ok(Outcome {
        summary: format!(
            "face {}  {}\n{} pictures, crops: {}{caveats}",
            face.card.network,
            line(&face.card),
            dataset.examples.len(),
            input.crops().name()
        ),
        sessions: Vec::new(),
        models: vec![face.row],
        classes: dataset.classes,
        eeg: None,
        face: Some(face.folds.scores),
        fused: None,
        abstained: 0,
        explanation: None,
        runtime_agreement: None,
    })
}
