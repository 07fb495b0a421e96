//! A stored model answers for every trial of a session: EEG, face where both have one, fused; stored and returned.

use crate::infer::aggregate::{face_of_trial, geometric_mean};
use crate::infer::calibrate::softmax;
use crate::infer::fuse::{Expert, Fusion};
use crate::infer::open::{Opened, open};
use crate::job::Job;
use crate::prepare::dataset::{Dataset, Example, Recipe};
use crate::store::rows::{Entry, PredictionRow, SessionId};
use crate::store::{Home, Recording};
use crate::study::datasets::{SessionExamples, eeg_recipe, examples_of, face_dataset};
use crate::study::{Features, StudyError};
use crate::train::card::Card;
use crate::train::input::InputMaker;
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
    let session = id.to_string();
    if eeg.card.trained_on.iter().any(|(s, _)| *s == session) {
        let stored: Vec<PredictionRow> =
            home.predictions(id)?.into_iter().filter(|p| p.model == eeg.card.name && p.held_out).collect();
        if !stored.is_empty() {
            return Ok(stored);
        }
    }
    check_recipe(&eeg.card, &recording)?;
    let data = eeg_windows(&recording, &eeg.card, job)?;
    let face = match face_model(&path).filter(|p| p.exists()) {
        Some(path) => Some(open(&path, wanted.library_dir.as_deref())?),
        None => None,
    };
    let faces = match &face {
        Some(_) => face_dataset(std::slice::from_ref(&recording), eeg.card.target, job)?,
        None => None,
    };
    let rows = answer(&recording, &eeg, &data, face.as_ref().zip(faces.as_ref()), job)?;
    for row in &rows {
        home.put(Entry::Prediction(row.clone()))?;
    }
    Ok(rows)
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

/// The face model that was trained together with an EEG model: same stamp, same folder.
fn face_model(eeg: &Path) -> Option<PathBuf> {
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

fn eeg_windows(recording: &Recording, card: &Card, job: &Job) -> Result<Dataset, StudyError> {
    let SessionExamples { recipe, examples, left_out } =
        examples_of(recording, card.target, &card.classes, Features::named(&card.recipe.kind)?, job)?;
    if examples.is_empty() {
        let message = left_out.into_iter().next().unwrap_or("it has no finished trial to predict; record one with videos".into());
        return Err(StudyError::Session { session: recording.session.id.to_string(), message });
    }
    Ok(Dataset { recipe, target: card.target, classes: card.classes.clone(), examples, simulated: recording.session.simulated })
}

type Face<'a> = (&'a Opened, &'a Dataset);

fn answer(
    recording: &Recording,
    eeg: &Opened,
    data: &Dataset,
    face: Option<Face<'_>>,
    job: &Job,
) -> Result<Vec<PredictionRow>, StudyError> {
    let trials = data.trials();
    let face_trials = face.map(|(_, d)| d.trials()).unwrap_or_default();
    let fusion = Fusion::default();
    let mut rows = Vec::new();
    for (done, (key, windows)) in trials.iter().enumerate() {
        job.report("predict", done as u64, trials.len() as u64)?;
        let timeline = probabilities(eeg, data, windows)?;
        let p_eeg = geometric_mean(&timeline);
        let p_face = match (face, face_trials.iter().find(|(k, _)| k == key)) {
            (Some((model, faces)), Some((_, frames))) => {
                face_of_trial(&probabilities(model, faces, frames)?.into_iter().map(|p| (1.0, p)).collect::<Vec<_>>())
            }
            _ => None,
        };
        let fused = match (&p_eeg, &p_face) {
            (Some(e), Some(f)) => Some(
                fusion.fuse(Some(Expert { probabilities: e, quality: None }), Some(Expert { probabilities: f, quality: None })),
            ),
            _ => None,
        };
        let first: &Example = &data.examples[windows[0]];
        rows.push(PredictionRow {
            session: recording.session.id,
            trial: key.1,
            model: eeg.card.name.clone(),
            classes: eeg.card.classes.clone(),
            truth: (first.label < eeg.card.classes.len()).then_some(first.label),
            eeg: p_eeg.as_deref().map(single),
            face: p_face.as_deref().map(single),
            fused: fused.map(|f| single(&f.probabilities)),
            timeline: windows.iter().zip(&timeline).map(|(&w, p)| (data.examples[w].time as f32, single(p))).collect(),
            held_out: eeg.card.never_saw(&key.0, key.1) && face.is_none_or(|(model, _)| model.card.never_saw(&key.0, key.1)),
            runtime: eeg.predictor.runtime(),
        });
    }
    Ok(rows)
}

/// Calibrated probabilities of these examples.
fn probabilities(model: &Opened, data: &Dataset, examples: &[usize]) -> Result<Vec<Vec<f64>>, StudyError> {
    let maker = InputMaker::of_card(&model.card)?;
    let inputs = maker.inputs(data, examples)?;
    let logits = model.predictor.logits(&inputs, examples.len());
    Ok(logits.chunks(model.card.classes.len().max(1)).map(|row| softmax(row, model.card.temperature)).collect())
}

pub(super) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|v| *v as f32).collect()
}
