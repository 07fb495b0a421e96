//! The papers' experiments from one command: import, features, evaluation, training, explanation, and what the papers
//! report beside what came out here.

mod published;

pub use published::{Figure, beside};

use crate::exchange::{ReadOptions, recognise};
use crate::explain::report::ExplanationReport;
use crate::job::{Job, Stopped};
use crate::prepare::dataset::Target;
use crate::signal::{Emotion, Nanos};
use crate::store::rows::{Session, SessionId};
use crate::store::{Home, Recording};
use crate::study::evaluate::{EvaluationPlan, FOLDER, Modality, evaluate};
use crate::study::face_input::FaceInput;
use crate::study::face_network::Stands;
use crate::study::pictures::{self, Pictures};
use crate::study::shards::{Shards, Task};
use crate::study::{Features, Plan, StudyError};
use crate::train::evaluate::Evaluation;
use crate::train::fit::FitOptions;
use crate::train::protocol::Protocol;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Which paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Experiment {
    /// Gagliardi et al. 2025 (doi 10.1007/s10994-025-06921-y): band powers and brain-heart interplay on DEAP.
    Gagliardi,
    /// Thanh and Thinh 2025 (doi 10.25073/2588-1086/vnucsce.4566): spectrograms and faces, four emotions.
    Thanh,
}

/// The four classes of Thanh and Thinh.
const FOUR: [Emotion; 4] = [Emotion::Happiness, Emotion::Sadness, Emotion::Fear, Emotion::Neutral];
/// The paper divides its pictures 80 to 20: one of five folds.
const FACE_FOLDS: usize = 5;
/// Hidden units of the face network.
const FACE_HIDDEN: usize = 32;

/// What to run, and with how much effort.
#[derive(Debug, Clone)]
pub struct Settings {
    pub experiment: Experiment,
    pub data: PathBuf,
    /// A tree of face pictures, for [`Experiment::Thanh`].
    pub faces: Option<PathBuf>,
    pub features: Vec<Features>,
    /// Empty: what the data have, the paper's first.
    pub targets: Vec<Target>,
    pub protocols: Vec<Protocol>,
    pub hidden: usize,
    pub fit: FitOptions,
    pub seed: u64,
    pub workers: usize,
    /// Electrode pixels per step of the Quality Test's curves.
    pub features_per_step: usize,
    pub now_utc: Nanos,
    pub library_dir: Option<PathBuf>,
}

/// One feature family's evaluations, or why there are none.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    pub features: String,
    pub evaluations: Vec<Evaluation>,
    pub refused: Option<String>,
}

/// Everything that came of it; the keys are stable.
#[derive(Debug, Clone, Serialize)]
pub struct Reproduction {
    pub experiment: Experiment,
    pub imported: usize,
    pub there_already: usize,
    pub not_imported: Vec<String>,
    pub parts: Vec<Part>,
    pub faces: Option<Part>,
    /// One sentence about the model that was trained and explained.
    pub model: Option<String>,
    pub explanation: Option<ExplanationReport>,
    pub published: Vec<Figure>,
    /// What must be read with the tables.
    pub warnings: Vec<String>,
}

/// Runs all of it. What an earlier run imported or finished evaluating is not done again.
///
/// # Errors
/// Nothing could be imported or no feature family could be evaluated; a stop; a home that cannot be written.
pub fn reproduce(home: &Home, settings: &Settings, job: &Job) -> Result<Reproduction, StudyError> {
    let taken = take_in(home, settings, job)?;
    let recordings = taken.sessions.iter().map(|id| home.recording(*id)).collect::<Result<Vec<_>, _>>()?;
    let targets = targets(settings, &recordings)?;
    let mut parts = Vec::new();
    // Every family of features, the faces, and the model that is explained.
    let steps = settings.features.len() + usize::from(settings.faces.is_some()) + 1;
    let mut step = 0;
    let mut next = |what: &str| {
        step += 1;
        job.within(&format!("step {step} of {steps}, {what}"))
    };
    for &features in &settings.features {
        let plan = EvaluationPlan {
            sessions: taken.sessions.clone(),
            modality: Modality::Eeg(features),
            targets: targets.clone(),
            protocols: settings.protocols.clone(),
            network: features.network().into(),
            hidden: settings.hidden,
            fit: settings.fit.clone(),
            seed: settings.seed,
            workers: settings.workers,
        };
        parts.push(part(features.name(), evaluate(home, &plan, &next(&features.name())), job)?);
    }
    let faces = match &settings.faces {
        Some(tree) => {
            Some(part("face pictures".into(), face_pictures(home, settings, tree, &next("face pictures")).map(|e| vec![e]), job)?)
        }
        None => None,
    };
    let first = settings.features.iter().zip(&parts).find(|(_, p)| p.refused.is_none()).map(|(f, _)| *f);
    let Some(features) = first else {
        let why: Vec<String> = parts.iter().filter_map(|p| p.refused.clone()).collect();
        return Err(StudyError::NothingToTrain(why.join("; ")));
    };
    let (model, explanation) = explained(home, settings, &taken.sessions, targets[0], features, &next("model and explanation"))?;
    let mut made = Reproduction {
        experiment: settings.experiment,
        imported: taken.new,
        there_already: taken.sessions.len() - taken.new,
        not_imported: taken.failed,
        published: published::figures(settings.experiment),
        warnings: Vec::new(),
        parts,
        faces,
        model,
        explanation,
    };
    made.warnings = published::warnings(&made, recordings.iter().any(|r| r.session.simulated));
    Ok(made)
}

/// A stop ends everything; what one family of features lacks is said in its place.
fn part(features: String, found: Result<Vec<Evaluation>, StudyError>, job: &Job) -> Result<Part, StudyError> {
    match found {
        Ok(evaluations) => Ok(Part { features, evaluations, refused: None }),
        // Each stage has its own word for a stop.
        Err(_) if job.is_stopped() => Err(Stopped.into()),
        Err(e) => Ok(Part { features, evaluations: Vec::new(), refused: Some(e.to_string()) }),
    }
}

struct Taken {
    sessions: Vec<SessionId>,
    new: usize,
    failed: Vec<String>,
}

/// Imports what is not in the home yet: a file that a session came from is known by its name.
fn take_in(home: &Home, settings: &Settings, job: &Job) -> Result<Taken, StudyError> {
    let found = recognise(&settings.data)?;
    let known: Vec<Session> = home.sessions()?;
    let mut taken = Taken { sessions: Vec::new(), new: 0, failed: found.skipped };
    for (done, source) in found.sources.iter().enumerate() {
        job.report_with("import", done as u64, found.sources.len() as u64, &source.path().display().to_string())?;
        let name = source.path().file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(session) = known.iter().find(|s| s.source.starts_with("import:") && s.rig_name == name) {
            taken.sessions.push(session.id);
            continue;
        }
        match source.read(ReadOptions::default()) {
            Ok(imported) => {
                taken
                    .sessions
                    .push(super::import(home, imported, source, None, settings.now_utc + done as i64, job.stop_flag())?.id);
                taken.new += 1;
            }
            Err(e) => taken.failed.push(e.to_string()),
        }
    }
    if taken.sessions.is_empty() {
        return Err(StudyError::NothingToTrain(format!(
            "{} holds no recording that can be read: {}",
            settings.data.display(),
            taken.failed.join("; ")
        )));
    }
    Ok(taken)
}

/// The targets that were asked for, or the paper's as far as the data have them.
fn targets(settings: &Settings, recordings: &[Recording]) -> Result<Vec<Target>, StudyError> {
    if !settings.targets.is_empty() {
        return Ok(settings.targets.clone());
    }
    let wanted: &[Target] = match settings.experiment {
        Experiment::Gagliardi => &[Target::Valence, Target::Arousal, Target::ValenceLevels, Target::ArousalLevels],
        Experiment::Thanh => &[Target::Intended, Target::Reported, Target::Valence],
    };
    let labelled = |target: Target| {
        let classes = super::datasets::classes(recordings, target);
        let trials = recordings.iter().flat_map(|r| &r.trials).filter(|t| t.is_usable());
        let found: std::collections::BTreeSet<usize> =
            trials.filter_map(|t| super::datasets::label(t, target, &classes)).collect();
        found.len() >= 2
    };
    let mut found: Vec<Target> = wanted.iter().copied().filter(|t| labelled(*t)).collect();
    if settings.experiment == Experiment::Thanh {
        found.truncate(1);
    }
    if found.is_empty() {
        return Err(StudyError::NothingToTrain("the recordings have no answers of two classes or more".into()));
    }
    Ok(found)
}

/// The face network on a tree of pictures, five times four fifths against one; every picture is a trial of its own.
fn face_pictures(home: &Home, settings: &Settings, tree: &Path, job: &Job) -> Result<Evaluation, StudyError> {
    let input = FaceInput::installed(Stands::Scratch, settings.library_dir.as_deref())?;
    let Pictures { dataset, caveats } = pictures::examples(tree, &FOUR, &input, None, job)?;
    let task = Task {
        protocol: Protocol::GroupedKfold { folds: FACE_FOLDS },
        network: "face-small".into(),
        hidden: FACE_HIDDEN,
        fit: FitOptions { learning_rate: 1e-3, ..settings.fit.clone() },
        seed: settings.seed,
        limbic_version: env!("CARGO_PKG_VERSION").into(),
    };
    let mut shards = Shards::prepare(&home.dir().join(FOLDER), task, dataset)?;
    shards.caveats = caveats;
    Ok(shards.summary(&shards.run_missing(settings.workers, job)?))
}

/// A model of the first family and target, and its explanation.
fn explained(
    home: &Home,
    settings: &Settings,
    sessions: &[SessionId],
    target: Target,
    features: Features,
    job: &Job,
) -> Result<(Option<String>, Option<ExplanationReport>), StudyError> {
    let plan = Plan {
        sessions: sessions.to_vec(),
        target,
        features,
        folds: 4,
        hidden: settings.hidden,
        epochs: settings.fit.epochs as usize,
        seed: settings.seed,
        device: settings.fit.device,
        created_utc: settings.now_utc,
        library_dir: settings.library_dir.clone(),
        features_per_step: settings.features_per_step,
        ..Plan::default()
    };
    match super::run(home, &plan, job, &mut |_| {}) {
        Ok(outcome) => Ok((Some(outcome.summary), outcome.explanation)),
        Err(_) if job.is_stopped() => Err(Stopped.into()),
        Err(e) => Ok((Some(format!("no model was explained: {e}")), None)),
    }
}
