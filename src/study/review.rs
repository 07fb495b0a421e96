//! A stored session with everything known about it, for screens and text.

use crate::explain::report::ExplanationReport;
use crate::lab::message::Review;
use crate::store::rows::{ModelRow, PredictionRow, Session, SessionId};
use crate::store::{Home, StoreError};
use crate::study::StudyError;
use crate::study::predict::face_model;
use crate::train::Network;
use crate::train::card::Card;
use std::path::Path;

/// Loads a session for review: trials, predictions of the newest model that answered, accuracies on the trials
/// that were held out, the explanation of that model.
///
/// # Errors
/// The session cannot be read.
pub fn review(home: &Home, id: SessionId) -> Result<Review, StudyError> {
    let model = newest_that_answered(home, &home.predictions(id)?)?;
    review_of(home, id, model.as_deref())
}

/// The newest of the models that gave these answers; one that came as a file only where no stored one did, because nobody
/// knows when it was made. The store sorts answers by name, which says nothing about age.
///
/// # Errors
/// The catalogue cannot be read.
pub fn newest_that_answered(home: &Home, answered: &[PredictionRow]) -> Result<Option<String>, StoreError> {
    let newest = home.models()?.into_iter().map(|m| m.name).find(|name| answered.iter().any(|p| p.model == *name));
    Ok(newest.or_else(|| answered.last().map(|p| p.model.clone())))
}

/// As [`review`], of the answers of one model.
///
/// # Errors
/// As [`review`].
pub fn review_of(home: &Home, id: SessionId, model: Option<&str>) -> Result<Review, StudyError> {
    let recording = home.recording(id)?;
    let mut predictions = home.predictions(id)?;
    predictions.retain(|p| Some(p.model.as_str()) == model);
    predictions.sort_by_key(|p| p.trial);
    let classes = predictions.first().map(|p| p.classes.clone()).unwrap_or_default();
    let scored: Vec<&PredictionRow> = predictions.iter().filter(|p| p.held_out && p.truth.is_some()).collect();
    let models = home.models()?;
    let cards = cards(home, &models, model).into_iter().map(|card| of_session(card, &recording.session)).collect();
    Ok(Review {
        eeg_accuracy: accuracy(&scored, |p| p.eeg.as_ref()),
        face_accuracy: accuracy(&scored, |p| p.face.as_ref()),
        fused_accuracy: accuracy(&scored, |p| p.fused.as_ref()),
        majority: majority(&scored, classes.len()),
        scored_trials: scored.len(),
        confusion: confusion(&scored, classes.len()),
        // Never that of a model which has not answered here.
        explanation: model.map_or(Ok(None), |name| explanation(home, Some(name)))?,
        session: recording.session.clone(),
        trials: recording.trials.clone(),
        streams: recording.streams.clone(),
        predictions: predictions.clone(),
        classes,
        cards,
    })
}

/// As [`review_of`] where the model came as a file: its own card, and that of the face model beside it, say what its answers
/// are worth where the home has none.
///
/// # Errors
/// As [`review`]; the file cannot be read.
pub fn review_of_file(home: &Home, id: SessionId, model: Option<&str>, file: &Path) -> Result<Review, StudyError> {
    let mut review = review_of(home, id, model)?;
    if review.cards.is_empty() {
        let beside = face_model(file).filter(|face| face.exists());
        for path in [Some(file.to_path_buf()), beside].into_iter().flatten() {
            review.cards.extend(Network::load(&path)?.1.map(|card| of_session(card, &review.session)));
        }
    }
    Ok(review)
}

/// A card as it is true of one session's answers. Of a session that was not learnt from, they are the answers of the network
/// on the card, not of a cross-validation; whether its person was learnt from is then what must be known.
fn of_session(mut card: Card, session: &Session) -> Card {
    if !card.saw(&session.id.to_string()) && !card.trained_on.is_empty() {
        let who = &session.participant;
        card.caveats.retain(|caveat| caveat != Card::OTHER_SCORES);
        card.caveats.push(match card.participants.contains(who) {
            true => format!("The model was trained on other sessions of {who}."),
            false => format!("The model was trained on other participants than {who}."),
        });
    }
    card
}

/// Class with the highest probability; ties go to the lowest index (algorithms 5.5).
pub fn argmax(probabilities: &[f32]) -> usize {
    let mut at = 0;
    for (i, p) in probabilities.iter().enumerate() {
        if *p > probabilities[at] {
            at = i;
        }
    }
    at
}

fn accuracy(rows: &[&PredictionRow], of: impl Fn(&PredictionRow) -> Option<&Vec<f32>>) -> Option<f64> {
    let answered: Vec<bool> = rows.iter().filter_map(|r| Some(argmax(of(r)?) == r.truth?)).collect();
    (!answered.is_empty()).then(|| answered.iter().filter(|a| **a).count() as f64 / answered.len() as f64)
}

fn majority(rows: &[&PredictionRow], classes: usize) -> f64 {
    let most = (0..classes).map(|c| rows.iter().filter(|r| r.truth == Some(c)).count()).max().unwrap_or(0);
    most as f64 / rows.len().max(1) as f64
}

fn confusion(rows: &[&PredictionRow], classes: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; classes]; classes];
    for row in rows {
        let said = row.fused.as_ref().or(row.eeg.as_ref()).or(row.face.as_ref()).map(|p| argmax(p));
        if let (Some(truth), Some(said)) = (row.truth, said)
            && let Some(cell) = counts.get_mut(truth).and_then(|r| r.get_mut(said))
        {
            *cell += 1;
        }
    }
    counts
}

/// Cards of the EEG model that answered and of the face model that was trained with it.
fn cards(home: &Home, models: &[ModelRow], model: Option<&str>) -> Vec<Card> {
    let Some(model) = model else { return Vec::new() };
    let stamp = model.split_once('-').map_or(model, |(_, stamp)| stamp);
    models
        .iter()
        .filter(|m| m.name.ends_with(stamp))
        .filter_map(|m| {
            let text = std::fs::read(home.dir().join(&m.file).with_extension("json")).ok()?;
            serde_json::from_slice(&text).ok()
        })
        .collect()
}

/// The stored explanation of a model, or the newest one.
///
/// # Errors
/// The catalogue cannot be read, or the report's file is gone or damaged.
pub fn explanation(home: &Home, model: Option<&str>) -> Result<Option<ExplanationReport>, StudyError> {
    let rows = home.explanations()?;
    let row = match model {
        Some(name) => rows.iter().rev().find(|r| r.model == name),
        None => rows.iter().max_by_key(|r| r.created_utc),
    };
    let Some(row) = row else { return Ok(None) };
    let path = home.dir().join(&row.file);
    let bytes = std::fs::read(&path).map_err(|e| StudyError::Session {
        session: row.model.clone(),
        message: format!("its explanation {} cannot be read: {e}; `limbic train` makes it again", path.display()),
    })?;
    serde_json::from_slice(&bytes).map(Some).map_err(|e| StudyError::Session {
        session: row.model.clone(),
        message: format!("its explanation {} is damaged ({e}); `limbic train` makes it again", path.display()),
    })
}
