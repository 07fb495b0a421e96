//! The walk from stored sessions to models, held-out predictions and an explanation; every step is stored.

use crate::infer::fuse::Fusion;
use crate::infer::open::open;
use crate::job::Job;
use crate::prepare::dataset::Dataset;
use crate::store::rows::{Entry, ModelRow, SessionId};
use crate::store::{Home, Recording};
use crate::study::crops::Crops;
use crate::study::datasets::{self, eeg_dataset, face_dataset};
use crate::study::face_input::{FaceInput, NO_FACES};
use crate::study::face_network::{FaceNetwork, Stands};
use crate::study::{Outcome, Plan, StudyError, Windows, explained, held_out, windows};
use crate::train::card::Card;
use crate::train::fusion::{FusedResult, fuse_held_out};
use crate::train::input::InputMaker;
use crate::train::networks::Architecture;
use crate::train::{
    CrossvalOptions, CrossvalResult, EpochReport, FitOptions, Network, architecture, cross_validate, onnx, split, train_on_all,
};

use std::collections::BTreeSet;

/// (epoch, training loss, validation loss, validation accuracy) of the fold that is being trained.
pub type CurvePoint = (u32, f32, f32, f32);

/// What a run makes beside its EEG model, in words for lists.
const FACE_MODEL: &str = "face network";
const PREDICTIONS: &str = "held-out predictions";
const EXPLANATION: &str = "explanation";

/// Samples on which the two runtimes are compared.
const REFERENCES: usize = 64;

/// Trains, evaluates by trial, predicts held-out, fuses, explains, stores.
///
/// # Errors
/// No usable trials, sessions of different montages, a stop, a home that cannot be written. What was stored before
/// stays, and a stop says what that is.
pub fn run(home: &Home, plan: &Plan, job: &Job, on_epoch: &mut dyn FnMut(CurvePoint)) -> Result<Outcome, StudyError> {
    match walk(home, plan, job, on_epoch) {
        Err(_) if job.is_stopped() => Err(StudyError::StoppedAfter(kept(home, plan)?)),
        walked => walked,
    }
}

fn walk(home: &Home, plan: &Plan, job: &Job, on_epoch: &mut dyn FnMut(CurvePoint)) -> Result<Outcome, StudyError> {
    let recordings = recordings(home, &plan.sessions)?;
    enough(&recordings, plan)?;
    // Before anything is computed: the backbone may not be here.
    let faces = FaceInput::installed(plan.face.stands, plan.library_dir.as_deref())?;
    let made = eeg_dataset(&recordings, plan.target, plan.features, job)?;
    let of_features = made.caveats();
    let mut eeg_data = made.dataset;
    let windows = windows::choose(&mut eeg_data, &recordings, plan.windows)?;
    let mut face_data = face_dataset(&recordings, plan.target, &faces, job)?;
    if face_data.is_none() && plan.face != FaceNetwork::default() {
        return Err(StudyError::NothingToTrain(NO_FACES.into()));
    }
    if let Some(faces) = &mut face_data {
        windows::choose(faces, &recordings, plan.windows)?;
        // Both modalities are tested on the same trials.
        let trials: BTreeSet<(&str, u32)> = eeg_data.examples.iter().map(|e| (e.session.as_str(), e.trial)).collect();
        faces.examples.retain(|e| trials.contains(&(e.session.as_str(), e.trial)));
    }
    let stamp = stamp(plan);
    let assignment = assignment(&eeg_data, plan)?;
    let caveats = plan.windows.caveat().into_iter().chain(of_features).collect();
    let to_come = face_data.iter().map(|_| FACE_MODEL).chain([PREDICTIONS, EXPLANATION]).collect();
    let mut modality =
        Modality { home, plan, job, on_epoch, assignment, recordings: &recordings, stamp: &stamp, caveats, to_come };
    let network = plan.network.as_deref().unwrap_or(plan.features.network());
    let mut eeg = modality.learn(&eeg_data, "eeg", network, plan.hidden)?;
    // Of the faces alone.
    modality.caveats.extend(faces.caveat());
    modality.to_come = vec![PREDICTIONS];
    let mut face =
        face_data.as_ref().map(|data| modality.learn(data, "face", plan.face.name, explained::FACE_HIDDEN)).transpose()?;
    let fused = face.as_ref().map(|f| fuse_held_out(&eeg.folds, &f.folds, eeg_data.classes.len(), &Fusion::default(), plan.seed));
    store_predictions(home, (&eeg, face.as_ref()), &eeg_data, fused.as_ref())?;
    let explains = explainable(&eeg.card)?;
    eeg.lack(home, if explains { EXPLANATION } else { "" })?;
    if let Some(face) = &mut face {
        face.lack(home, "")?;
    }
    let ids: Vec<_> = recordings.iter().map(|r| r.session.id).collect();
    let explain = || explained::first(home, plan, ids, job, (&eeg.card.name, &eeg.folds), &eeg_data);
    let (explanation, unexplained) = match explains.then(explain) {
        None => (None, String::new()),
        // Models and predictions stand whether or not they can be explained.
        Some(Err(StudyError::Explain(why))) if !job.is_stopped() => (None, format!("\nnot explained: {why}")),
        Some(made) => {
            let made = made?;
            eeg.lack(home, "")?;
            (Some(made), String::new())
        }
    };
    let runtime_agreement = agreement(home, plan, &eeg, &eeg_data)?;
    Ok(Outcome {
        summary: summary(&eeg.card, face.as_ref().map(|f| &f.card), fused.as_ref(), eeg_data.simulated)
            + &felt_only(plan, eeg_data.examples.len(), windows)
            + &unexplained,
        sessions: recordings.iter().map(|r| r.session.id).collect(),
        models: std::iter::once(eeg.row.clone()).chain(face.as_ref().map(|f| f.row.clone())).collect(),
        classes: eeg_data.classes.clone(),
        eeg: Some(eeg.folds.scores.clone()),
        face: face.as_ref().map(|f| f.folds.scores.clone()),
        abstained: fused.as_ref().map_or(0, |f| f.abstained),
        fused: fused.map(|f| f.fused),
        explanation,
        runtime_agreement,
    })
}

/// These sessions, which must have a finished trial each; all that have one when none is named.
///
/// # Errors
/// A named session without a finished trial; no session with one.
pub(super) fn recordings(home: &Home, sessions: &[SessionId]) -> Result<Vec<Recording>, StudyError> {
    let ids: Vec<SessionId> = match sessions.is_empty() {
        false => sessions.to_vec(),
        true => home.sessions()?.into_iter().rev().map(|s| s.id).collect(),
    };
    let mut recordings = Vec::new();
    for id in ids {
        let recording = home.recording(id)?;
        if recording.trials.iter().any(|t| t.is_usable()) {
            recordings.push(recording);
        } else if sessions.contains(&id) {
            return Err(StudyError::Session {
                session: recording.session.name(),
                message: "it has no finished trial; choose another session".into(),
            });
        }
    }
    if recordings.is_empty() {
        return Err(StudyError::NothingToTrain("no session here has a finished trial; record one with `limbic`".into()));
    }
    Ok(recordings)
}

/// Says at once, before any feature is computed, that there are too few trials: every fold needs one, and a class can
/// only be learned and judged when it has a trial on either side.
fn enough(recordings: &[Recording], plan: &Plan) -> Result<(), StudyError> {
    let classes = datasets::classes(recordings, plan.target);
    let trials = recordings.iter().flat_map(|r| &r.trials).filter(|t| t.is_usable());
    let labels: Vec<usize> = trials.filter_map(|t| datasets::label(t, plan.target, &classes)).collect();
    let mut counts = vec![0; classes.len()];
    labels.iter().for_each(|&label| counts[label] += 1);
    let learnable = counts.iter().filter(|&&n| n >= 2).count();
    if learnable >= 2 && labels.len() >= plan.folds {
        return Ok(());
    }
    let found: Vec<String> = classes.iter().zip(&counts).map(|(class, n)| format!("{n} {class}")).collect();
    Err(StudyError::NothingToTrain(format!(
        "{} labelled trials ({}) cannot be judged honestly; two classes need two trials or more each, and {} folds need {} \
         trials: record more, or choose more sessions",
        labels.len(),
        if found.is_empty() { "of no class".into() } else { found.join(", ") },
        plan.folds,
        plan.folds
    )))
}

pub(super) fn stamp(plan: &Plan) -> String {
    chrono::DateTime::from_timestamp_nanos(plan.created_utc).format("%Y%m%d-%H%M%S").to_string()
}

/// One assignment for both modalities: they are tested on the same trials.
pub(super) fn assignment(data: &Dataset, plan: &Plan) -> Result<split::Assignment, StudyError> {
    let trials = data.trials();
    let keys: Vec<_> = trials.iter().map(|(key, _)| key.clone()).collect();
    let labels: Vec<usize> = trials.iter().map(|(_, examples)| data.examples[examples[0]].label).collect();
    Ok(split::assign(&keys, &labels, plan.folds, plan.seed)?)
}

/// A modality that was learned: its folds for honest numbers, and one model on all trials for sessions to come.
pub(super) struct Learned {
    pub(super) folds: CrossvalResult,
    pub(super) card: Card,
    pub(super) row: ModelRow,
}

impl Learned {
    /// Notes on the model's row what its run has yet to come to: a run that is stopped or killed then does not pass for
    /// a whole one.
    fn lack(&mut self, home: &Home, what: &str) -> Result<(), StudyError> {
        self.row.lacks = what.into();
        Ok(home.put(Entry::Model(self.row.clone()))?)
    }
}

/// What a run has stored, in words.
fn kept(home: &Home, plan: &Plan) -> Result<String, StudyError> {
    let models = home.models()?;
    let said = models.iter().filter(|m| m.created_utc == plan.created_utc).map(|m| match m.lacks.as_str() {
        "" => m.name.clone(),
        lacks => format!("{}, trained and judged, which lacks {lacks}", m.name),
    });
    let said: Vec<String> = said.collect();
    Ok(if said.is_empty() { "nothing of it is kept".into() } else { format!("kept: {}", said.join("; ")) })
}

pub(super) struct Modality<'a> {
    pub(super) home: &'a Home,
    pub(super) plan: &'a Plan,
    pub(super) job: &'a Job,
    pub(super) on_epoch: &'a mut dyn FnMut(CurvePoint),
    pub(super) assignment: split::Assignment,
    pub(super) recordings: &'a [Recording],
    pub(super) stamp: &'a str,
    /// What must stand beside the scores.
    pub(super) caveats: Vec<String>,
    /// What the run makes after this model.
    pub(super) to_come: Vec<&'static str>,
}

impl Modality<'_> {
    pub(super) fn learn(&mut self, data: &Dataset, modality: &str, network: &str, hidden: usize) -> Result<Learned, StudyError> {
        let network = architecture(network).ok_or_else(|| StudyError::NoNetwork(network.into()))?;
        let name = format!("{modality}-{}", self.stamp);
        let options = crossval_options(self.plan, (modality, network, hidden), self.assignment.clone(), name);
        let on_epoch = &mut self.on_epoch;
        let mut tell = |e: &EpochReport| on_epoch((e.epoch, e.training_loss, e.validation_loss, e.validation_accuracy));
        let folds = cross_validate(data, &options, self.job, &mut |_, e| tell(e))?;
        let (network, mut card) = train_on_all(data, &options, &folds, self.job, &mut tell)?;
        card.caveats.extend(self.caveats.clone());
        let row = self.store(&network, &card)?;
        Ok(Learned { folds, card, row })
    }

    fn store(&self, network: &Network, card: &Card) -> Result<ModelRow, StudyError> {
        let explains = explainable(card)?;
        let lacks: Vec<&str> = self.to_come.iter().copied().filter(|what| *what != EXPLANATION || explains).collect();
        let file = format!("models/{}.onnx", card.name);
        // The card first, so that a model never stands there without one.
        self.home.store_file(&format!("models/{}.json", card.name), &serde_json::to_vec_pretty(card).unwrap_or_default())?;
        let sha256 = self.home.store_file(&file, &onnx::write(network, card))?;
        let row = ModelRow {
            name: card.name.clone(),
            modality: card.modality.clone(),
            file,
            sha256,
            created_utc: self.plan.created_utc,
            sessions: self.recordings.iter().map(|r| r.session.id).collect(),
            participants: card.participants.clone(),
            simulated: card.simulated,
            summary: line(card),
            lacks: lacks.join(", "),
        };
        self.home.put(Entry::Model(row.clone()))?;
        Ok(row)
    }
}

/// How a modality (its name, its network and that one's width) is cross-validated.
pub(super) fn crossval_options(
    plan: &Plan,
    (modality, network, hidden): (&str, Architecture, usize),
    assignment: split::Assignment,
    name: String,
) -> CrossvalOptions {
    CrossvalOptions {
        folds: plan.folds,
        seed: plan.seed,
        fit: fit_options(plan, modality),
        network,
        hidden,
        assignment: Some(assignment),
        name,
        modality: modality.into(),
    }
}

/// Smaller batches than the papers' 64, for the reason that [`Features::pace`] gives. On a backbone, PAtt-Lite's own 1e-3.
fn fit_options(plan: &Plan, modality: &str) -> FitOptions {
    let ((learning_rate, patience), batch) = match (modality, plan.face.stands) {
        ("face", Stands::Scratch) => ((3e-3, 5), 32),
        ("face", _) => ((1e-3, 5), 16),
        _ => (plan.features.pace(), 16),
    };
    FitOptions { epochs: plan.epochs as u32, learning_rate, batch, patience, device: plan.device, ..FitOptions::default() }
}

/// "grouped 4-fold by trial: 0.75 [0.58 0.88] (chance 0.25, most frequent 0.25), 24 trials".
pub(super) fn line(card: &Card) -> String {
    let s = &card.scores;
    format!(
        "{}: {:.2} [{:.2} {:.2}] (chance {:.2}, most frequent {:.2}), {} trials",
        card.protocol, s.accuracy, s.interval.0, s.interval.1, s.chance, s.majority, s.trials
    )
}

fn summary(eeg: &Card, face: Option<&Card>, fused: Option<&FusedResult>, simulated: bool) -> String {
    let mut text = format!("EEG  {}  {}", eeg.network, line(eeg));
    if let Some(p) = eeg.scores.permutation_p {
        text += &format!(", permutation p {p:.3}");
    }
    if let Some(face) = face {
        text += &format!("\nface {}  {}", face.network, line(face));
    }
    if let Some(fused) = fused {
        let s = &fused.fused;
        text += &format!(
            "\nfused by product of experts: {:.2} [{:.2} {:.2}], {} of {} trials abstained",
            s.accuracy, s.interval.0, s.interval.1, fused.abstained, s.trials
        );
    }
    if simulated {
        text += "\nSIMULATED data: these numbers say nothing about people";
    }
    text
}

/// How much of the clips was looked at, where that is not all of it.
fn felt_only(plan: &Plan, kept: usize, all: usize) -> String {
    let labelled = plan.windows == Windows::Labelled;
    if labelled { format!("\nfelt segments only: {kept} of {all} EEG windows") } else { String::new() }
}

fn store_predictions(
    home: &Home,
    (eeg, face): (&Learned, Option<&Learned>),
    data: &Dataset,
    fused: Option<&FusedResult>,
) -> Result<(), StudyError> {
    for mut row in held_out::rows(&eeg.folds, &eeg.card.name, data, fused) {
        row.parts.face_from = face.map(|f| Crops::named(&f.card.recipe).to_string());
        home.put(Entry::Prediction(row))?;
    }
    Ok(())
}

/// Whether the inputs are values of electrodes by band, which is what explanations and the Quality Test are about.
fn explainable(card: &Card) -> Result<bool, StudyError> {
    Ok(InputMaker::of_card(card)?.pixels().len() == card.recipe.channels.len() * card.recipe.bands.len())
}

/// Largest difference between ONNX Runtime's logits and our own on the stored model, where the runtime is there.
fn agreement(home: &Home, plan: &Plan, eeg: &Learned, data: &Dataset) -> Result<Option<(String, f64)>, StudyError> {
    let opened = open(&home.dir().join(&eeg.row.file), plan.library_dir.as_deref())?;
    if opened.without_runtime.is_some() {
        return Ok(None);
    }
    let some: Vec<usize> = (0..data.examples.len()).step_by((data.examples.len() / REFERENCES).max(1)).collect();
    let maker = InputMaker::of_card(&opened.card)?;
    let inputs = maker.inputs(data, &some)?;
    use crate::train::Predictor;
    let (a, b) = (opened.predictor.logits(&inputs, some.len()), opened.network.logits(&inputs, some.len()));
    let difference = a.iter().zip(&b).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max);
    Ok(Some((opened.predictor.runtime(), difference)))
}
