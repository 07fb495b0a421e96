//! A stored model answers for every trial of a session: EEG, face where both have one, fused; stored and returned.

use crate::infer::aggregate::geometric_mean;
use crate::infer::calibrate::softmax;
use crate::infer::fuse::{Expert, Fused, Fusion};
use crate::infer::open::{Opened, open};
use crate::job::Job;
use crate::prepare::dataset::{Dataset, Example, Recipe};
use crate::store::rows::{Entry, PredictionParts, PredictionRow, SessionId, Trial};
use crate::store::{Home, Recording};
use crate::study::datasets::{eeg_recipe, labelled, trial_windows};
use crate::study::face_input::FaceInput;
use crate::study::frames::FaceFrames;
use crate::study::{Features, StudyError};
use crate::train::card::Card;
use crate::train::input::InputMaker;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Which model is to answer.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Name of a stored model; the newest EEG model when absent.
    pub model: Option<String>,
    /// A model file instead.
    pub file: Option<PathBuf>,
    pub library_dir: Option<PathBuf>,
}

/// Predicts every trial of a session and stores the answers. A session that the model was trained on keeps the
/// held-out predictions of its cross-validation: an answer about one's own training data says nothing. Where there
/// are none, the answers are stored as not held out, and no accuracy counts them.
///
/// # Errors
/// No such model, a session of another montage or recipe, a session without trials.
pub fn predict(home: &Home, id: SessionId, wanted: &Wanted, job: &Job) -> Result<Vec<PredictionRow>, StudyError> {
    let recording = home.recording(id)?;
    let path = find(home, wanted)?;
    let eeg = open(&path, wanted.library_dir.as_deref())?;
    if eeg.card.modality == "face" {
        return Err(beside(home, &eeg.card.name));
    }
    let session = id.to_string();
    if eeg.card.saw(&session) {
        let stored: Vec<PredictionRow> =
            home.predictions(id)?.into_iter().filter(|p| p.model == eeg.card.name && p.held_out).collect();
        if !stored.is_empty() {
            return Ok(stored);
        }
    }
    check_recipe(&eeg.card, &recording)?;
    let face = match face_model(&path).filter(|p| p.exists()) {
        Some(path) => Some(open(&path, wanted.library_dir.as_deref())?),
        None => None,
    };
    // The face is cut out as it was for the model's training.
    let faces = face.as_ref().map_or(Ok(FaceInput::default()), |f| FaceInput::of(&f.card.recipe, wanted.library_dir.as_deref()));
    let faces = faces.map_err(|message| StudyError::Session { session: session.clone(), message })?;
    // An import has another id than what it is a copy of, and the model knows it by that one.
    let same = home.sessions()?.into_iter().filter(|other| other.is_same_recording(&recording.session));
    let same = same.map(|other| other.id.to_string()).chain([session]).collect();
    let models = Models { eeg: &eeg, face: face.as_ref(), faces, fusion: Fusion::default(), same };
    let rows = answers(&recording, &models, job)?;
    for row in &rows {
        home.put(Entry::Prediction(row.clone()))?;
    }
    Ok(rows)
}

/// What to do with a face model instead.
fn beside(home: &Home, face: &str) -> StudyError {
    let eeg = face.strip_prefix("face-").map(|stamp| format!("eeg-{stamp}"));
    let instead = match eeg.filter(|eeg| home.models().is_ok_and(|all| all.iter().any(|m| m.name == *eeg))) {
        Some(eeg) => format!("use --model {eeg}"),
        None => "there is none here, because it was trained from pictures or elsewhere; `limbic train` makes both".into(),
    };
    StudyError::FaceModel { model: face.into(), instead }
}

fn find(home: &Home, wanted: &Wanted) -> Result<PathBuf, StudyError> {
    if let Some(file) = &wanted.file {
        return Ok(file.clone());
    }
    let models = home.models()?;
    let row = match &wanted.model {
        Some(name) => models.into_iter().find(|m| m.name == *name).ok_or_else(|| StudyError::NoModel(name.clone()))?,
        None => models
            .into_iter()
            .filter(|m| m.modality == "eeg")
            .max_by_key(|m| m.created_utc)
            .ok_or_else(|| StudyError::NoModel("(any EEG model)".into()))?,
    };
    Ok(home.dir().join(&row.file))
}

/// Files of the newest EEG model of a home and of the face model that was trained with it, for live use.
///
/// # Errors
/// The home has no EEG model.
pub fn newest_models(home: &Home) -> Result<(PathBuf, Option<PathBuf>), StudyError> {
    let eeg = find(home, &Wanted::default())?;
    let face = face_model(&eeg).filter(|p| p.exists());
    Ok((eeg, face))
}

/// The face model that was trained together with an EEG model: same stamp, same folder.
pub(super) fn face_model(eeg: &Path) -> Option<PathBuf> {
    let name = eeg.file_name()?.to_str()?.strip_prefix("eeg-")?;
    Some(eeg.with_file_name(format!("face-{name}")))
}

/// Refuses a session whose features the model does not know (invariant 7), naming the first difference.
fn check_recipe(card: &Card, recording: &Recording) -> Result<(), StudyError> {
    let found = eeg_recipe(recording, Features::named(&card.recipe.kind)?)?;
    if found == card.recipe {
        return Ok(());
    }
    Err(StudyError::OtherRecipe {
        model: card.name.clone(),
        wanted: card.recipe.id(),
        session: recording.session.id.to_string(),
        found: found.id(),
        difference: difference(&card.recipe, &found),
    })
}

fn difference(wanted: &Recipe, found: &Recipe) -> String {
    if wanted.channels != found.channels {
        let missing: Vec<&str> = wanted.channels.iter().filter(|c| !found.channels.contains(c)).map(String::as_str).collect();
        return match missing.is_empty() {
            true => format!("its montage has {} channels, the model's {}", found.channels.len(), wanted.channels.len()),
            false => format!("its montage lacks {}", missing.join(" ")),
        };
    }
    let changed = wanted.parameters.iter().find(|(k, v)| found.parameters.get(*k) != Some(v));
    changed.map_or("the bands differ".into(), |(k, v)| {
        format!("{k} is {} and should be {v}", found.parameters.get(k).map_or("absent", String::as_str))
    })
}

/// Trials whose windows and frames are held at once: memory does not grow with the session.
const AT_ONCE: usize = 8;

/// A model and what it is shown.
struct Models<'a> {
    eeg: &'a Opened,
    face: Option<&'a Opened>,
    faces: FaceInput,
    fusion: Fusion,
    /// Ids of the session and of those that are the same recording.
    same: Vec<String>,
}

impl Models<'_> {
    fn never_saw(&self, trial: u32) -> bool {
        let mut cards = [Some(self.eeg), self.face].into_iter().flatten().map(|model| &model.card);
        cards.all(|card| self.same.iter().all(|session| card.never_saw(session, trial)))
    }
}

fn answers(recording: &Recording, models: &Models<'_>, job: &Job) -> Result<Vec<PredictionRow>, StudyError> {
    let card = &models.eeg.card;
    let trials = labelled(recording, card.target, &card.classes);
    if trials.is_empty() {
        return Err(StudyError::Session {
            session: recording.session.name(),
            message: "it has no finished trial to predict; record one with videos".into(),
        });
    }
    let features = Features::named(&card.recipe.kind)?;
    let recipe = eeg_recipe(recording, features)?;
    let (mut rows, mut left_out) = (Vec::with_capacity(trials.len()), None);
    for some in trials.chunks(AT_ONCE) {
        job.report("predict", rows.len() as u64, trials.len() as u64)?;
        let made: Vec<(Result<Vec<Example>, String>, FaceFrames)> = some
            .par_iter()
            .map(|(trial, label)| {
                let face = match models.face {
                    Some(_) => FaceFrames::of(recording, (trial, *label), &models.faces, job)?,
                    None => FaceFrames::default(),
                };
                Ok((trial_windows(recording, trial, *label, features, job)?, face))
            })
            .collect::<Result<_, StudyError>>()?;
        for ((trial, label), (windows, face)) in some.iter().zip(made) {
            match windows {
                Ok(windows) => rows.push(answer(recording, models, &recipe, (trial, *label), windows, face)?),
                Err(why) => left_out = Some(why),
            }
        }
    }
    match left_out.filter(|_| rows.is_empty()) {
        Some(message) => Err(StudyError::Session { session: recording.session.name(), message }),
        None => Ok(rows),
    }
}

/// One trial's answer: each modality alone, and both together.
fn answer(
    recording: &Recording,
    models: &Models<'_>,
    recipe: &Recipe,
    (trial, label): (&Trial, usize),
    windows: Vec<Example>,
    faces: FaceFrames,
) -> Result<PredictionRow, StudyError> {
    let card = &models.eeg.card;
    let set = |recipe: Recipe, examples: Vec<Example>| Dataset {
        recipe,
        target: card.target,
        classes: card.classes.clone(),
        examples,
        simulated: recording.session.simulated,
    };
    let data = set(recipe.clone(), windows);
    let timeline = probabilities(models.eeg, &data)?;
    let eeg = geometric_mean(&timeline);
    let face_quality = faces.quality();
    let face = match models.face {
        Some(model) if faces.enough() => geometric_mean(&probabilities(model, &set(models.faces.recipe(), faces.examples))?),
        _ => None,
    };
    let fused = models.fusion.fuse(
        eeg.as_deref().map(|p| Expert { probabilities: p, quality: trial.quality }),
        face.as_deref().map(|p| Expert { probabilities: p, quality: face_quality.map(f64::from) }),
    );
    Ok(PredictionRow {
        session: recording.session.id,
        trial: trial.number,
        model: card.name.clone(),
        classes: card.classes.clone(),
        truth: (label < card.classes.len()).then_some(label),
        fused: (models.face.is_some() && !fused.probabilities.is_empty()).then(|| single(&fused.probabilities)),
        parts: PredictionParts {
            face_from: models.face.map(|_| models.faces.crops().name().to_string()),
            ..parts(&fused, [trial.quality.map(|q| q as f32), face_quality])
        },
        eeg: eeg.as_deref().map(single),
        face: face.as_deref().map(single),
        timeline: data.examples.iter().zip(&timeline).map(|(e, p)| (e.time as f32, single(p))).collect(),
        held_out: models.never_saw(trial.number),
        runtime: models.eeg.predictor.runtime(),
    })
}

/// What is kept of a fused answer beside its probabilities; `quality` of EEG and face.
pub(super) fn parts(fused: &Fused, [eeg_quality, face_quality]: [Option<f32>; 2]) -> PredictionParts {
    let confidence = fused.probabilities.iter().copied().reduce(f64::max).map(|p| p as f32);
    let (source, abstain) = (fused.source.tag().into(), fused.abstain.clone());
    PredictionParts { source, confidence, abstain, eeg_quality, face_quality, face_from: None }
}

/// Calibrated probabilities of all examples.
fn probabilities(model: &Opened, data: &Dataset) -> Result<Vec<Vec<f64>>, StudyError> {
    let maker = InputMaker::of_card(&model.card)?;
    let examples: Vec<usize> = (0..data.examples.len()).collect();
    let inputs = maker.inputs(data, &examples)?;
    let logits = model.predictor.logits(&inputs, examples.len());
    Ok(logits.chunks(model.card.classes.len().max(1)).map(|row| softmax(row, model.card.temperature)).collect())
}

pub(super) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}
