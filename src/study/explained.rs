//! The explanation of a model by the networks of its folds, and the same model explained again with other choices.
//!
//! The folds' networks are not kept: four of them, with the paper's 512 units, are 254 MB a model. What made them is, and
//! with the same seed the same networks come out again, to the last digit.

use super::run::{assignment, crossval_options, recordings};
use crate::explain::report::ExplanationReport;
use crate::explain::{ExplainError, Names, Options, TestSet, explain_folds};
use crate::job::Job;
use crate::prepare::dataset::{Dataset, Target};
use crate::prepare::face_map;
use crate::store::Home;
use crate::store::rows::{Entry, ExplanationRow, SessionId};
use crate::study::datasets::{eeg_dataset, face_dataset};
use crate::study::face_input::FaceInput;
use crate::study::{Features, Plan, StudyError, Windows, windows};
use crate::train::card::Card;
use crate::train::input::InputMaker;
use crate::train::{CrossvalResult, Differentiable, architecture, cross_validate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Training samples that explainers with references may use.
const REFERENCES: usize = 64;
/// The network of faces, and its hidden units: few, since it learns from one lab's own frames.
pub(super) const FACE_NETWORK: &str = "face-small";
pub(super) const FACE_HIDDEN: usize = 32;

/// What made a model's folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Making {
    sessions: Vec<SessionId>,
    target: Target,
    /// Names of the features and of the network.
    features: String,
    network: String,
    felt_only: bool,
    folds: usize,
    hidden: usize,
    epochs: usize,
    seed: u64,
    features_per_step: usize,
    samples_per_class: usize,
}

fn making_file(model: &str) -> String {
    format!("models/{model}.making.json")
}

/// Explains each fold's network on the trials it never saw, pooled, and stores that and what made the folds.
pub(super) fn first(
    home: &Home,
    plan: &Plan,
    sessions: Vec<SessionId>,
    job: &Job,
    (name, folds): (&str, &CrossvalResult),
    data: &Dataset,
) -> Result<ExplanationReport, StudyError> {
    let making = Making {
        sessions,
        target: plan.target,
        features: plan.features.name(),
        network: plan.network.as_deref().unwrap_or(plan.features.network()).into(),
        felt_only: plan.windows == Windows::Labelled,
        folds: plan.folds,
        hidden: plan.hidden,
        epochs: plan.epochs,
        seed: plan.seed,
        features_per_step: plan.features_per_step,
        samples_per_class: plan.samples_per_class,
    };
    home.store_file(&making_file(name), &serde_json::to_vec_pretty(&making).unwrap_or_default())?;
    let options = making.options().within(Options::AFFORDABLE, data.classes.len());
    let report = report(name, folds, data, &options, job)?;
    store(home, plan, &report)?;
    Ok(report)
}

impl Making {
    fn read(home: &Home, model: &str) -> Result<Self, StudyError> {
        let path = home.dir().join(making_file(model));
        let bytes = std::fs::read(&path).map_err(|cause| StudyError::Read { path: path.clone(), cause })?;
        serde_json::from_slice(&bytes).map_err(|e| StudyError::Folder { path, why: format!("is damaged ({e})") })
    }

    /// What the explanation was made with, but for the bound on its work.
    fn options(&self) -> Options {
        Options {
            seed: self.seed,
            features_per_step: self.features_per_step,
            samples_per_class: Some(self.samples_per_class),
            ..Options::default()
        }
    }

    fn plan(&self) -> Result<Plan, StudyError> {
        Ok(Plan {
            features: Features::named(&self.features)?,
            network: Some(self.network.clone()),
            sessions: self.sessions.clone(),
            target: self.target,
            windows: if self.felt_only { Windows::Labelled } else { Windows::All },
            folds: self.folds,
            hidden: self.hidden,
            epochs: self.epochs,
            seed: self.seed,
            ..Plan::default()
        })
    }
}

/// Trains the folds of a model again (the newest explained one when none is named) and explains them with the options that
/// `choose` makes of the first ones and the number of classes. "face-..." names the face network that was trained beside
/// "eeg-...", and `faces` asks for that of the newest. Nothing is stored.
///
/// # Errors
/// A model without what made it; sessions that are gone; refused choices; a stop.
pub fn explain_again(
    home: &Home,
    model: Option<&str>,
    faces: bool,
    choose: &dyn Fn(Options, usize) -> Result<Options, ExplainError>,
    job: &Job,
) -> Result<ExplanationReport, StudyError> {
    let rows = home.explanations()?;
    let newest = rows.iter().max_by_key(|r| r.created_utc).map(|r| r.model.as_str());
    let name = model.or(newest).ok_or_else(|| StudyError::NothingToTrain("no model was explained yet".into()))?;
    // Both networks of a training share its stamp.
    let stamp = name.strip_prefix("face-").or(name.strip_prefix("eeg-")).unwrap_or(name);
    let faces = faces || name.starts_with("face-");
    let making = Making::read(home, &format!("eeg-{stamp}"))?;
    let plan = making.plan()?;
    let recordings = recordings(home, &plan.sessions)?;
    let face_card = card_of(home, &format!("face-{stamp}"));
    if faces && face_card.as_ref().is_some_and(|c| c.recipe.kind == face_map::KIND) {
        return Err(StudyError::NothingToTrain(
            "the face model looks at a backbone's maps, whose values are no places of the face that could be explained".into(),
        ));
    }
    let data_of = |face: bool| -> Result<Dataset, StudyError> {
        let mut data = if face {
            let none = || StudyError::NothingToTrain("the model's sessions have no stored face frames".into());
            let input = face_card.as_ref().map_or(Ok(FaceInput::default()), |c| FaceInput::of(&c.recipe, None));
            let input = input.map_err(StudyError::NothingToTrain)?;
            face_dataset(&recordings, plan.target, &input, job)?.ok_or_else(none)?
        } else {
            eeg_dataset(&recordings, plan.target, plan.features, job)?.dataset
        };
        windows::choose(&mut data, &recordings, plan.windows)?;
        Ok(data)
    };
    let eeg = data_of(false)?;
    // Both networks were tested on the same trials.
    let assignment = assignment(&eeg, &plan)?;
    let trials: BTreeSet<(String, u32)> = eeg.examples.iter().map(|e| (e.session.clone(), e.trial)).collect();
    let mut data = if faces { data_of(true)? } else { eeg };
    data.examples.retain(|e| trials.contains(&(e.session.clone(), e.trial)));
    // "patt-lite hidden=32"
    let face_network = face_card.as_ref().and_then(|c| c.network.split(' ').next()).unwrap_or(FACE_NETWORK);
    let (modality, network, hidden) =
        if faces { ("face", face_network, FACE_HIDDEN) } else { ("eeg", making.network.as_str(), plan.hidden) };
    let name = format!("{modality}-{stamp}");
    let options = choose(making.options(), data.classes.len())?;
    let network = architecture(network).ok_or_else(|| StudyError::NoNetwork(network.into()))?;
    let crossval = crossval_options(&plan, (modality, network, hidden), assignment, name.clone());
    let folds = cross_validate(&data, &crossval, job, &mut |_, _| {})?;
    let mut report = report(&name, &folds, &data, &options, job)?;
    report.caveats.extend(changed_since(home, &name, &folds));
    Ok(report)
}

/// A stored model's card, where it can be read.
fn card_of(home: &Home, name: &str) -> Option<Card> {
    serde_json::from_slice(&std::fs::read(home.dir().join(format!("models/{name}.json"))).ok()?).ok()
}

/// A caveat where the networks that were trained again do not score what the model's card says.
fn changed_since(home: &Home, name: &str, folds: &CrossvalResult) -> Option<String> {
    let card = card_of(home, name)?;
    let (then, now) = (card.scores.accuracy, folds.scores.accuracy);
    (then != now).then(|| {
        format!(
            "The folds were trained again and score {now:.3}, not {then:.3} as when the model was made: its recordings, its \
             labels or limbic have changed since."
        )
    })
}

/// The explanation of these folds.
fn report(
    name: &str,
    folds: &CrossvalResult,
    data: &Dataset,
    options: &Options,
    job: &Job,
) -> Result<ExplanationReport, StudyError> {
    let trials = data.trials();
    let group = |example: usize| trials.iter().position(|(_, examples)| examples.contains(&example)).unwrap_or(0);
    let mut sets = Vec::with_capacity(folds.folds.len());
    for fold in &folds.folds {
        let maker = InputMaker::of_card(&fold.card)?;
        let step = (fold.training.len() / REFERENCES).max(1);
        let references: Vec<usize> = fold.training.iter().copied().step_by(step).take(REFERENCES).collect();
        sets.push(TestSet {
            inputs: maker.inputs(data, &fold.test)?,
            labels: fold.test.iter().map(|&i| data.examples[i].label).collect(),
            trials: fold.test.iter().map(|&i| group(i)).collect(),
            references: maker.inputs(data, &references)?,
            pixels: maker.pixels(),
        });
    }
    let each: Vec<(&dyn Differentiable, &TestSet)> =
        folds.folds.iter().zip(&sets).map(|(fold, set)| (&fold.network as &dyn Differentiable, set)).collect();
    // A picture's features are its rows and columns.
    let side = sets.first().map_or(0, |s| s.pixels.len().isqrt());
    let number = || (1..=side).map(|i| i.to_string()).collect::<Vec<_>>();
    let picture = data.recipe.channels.is_empty();
    let names = Names {
        model: name.into(),
        recipe: data.recipe.id(),
        channels: if picture { number() } else { data.recipe.channels.clone() },
        bands: if picture { number() } else { data.recipe.bands.clone() },
        classes: data.classes.clone(),
        simulated: data.simulated,
    };
    Ok(explain_folds(&each, &names, options, job)?)
}

fn store(home: &Home, plan: &Plan, report: &ExplanationReport) -> Result<(), StudyError> {
    let file = format!("models/{}.explanation.json", report.model);
    let sha256 = home.store_file(&file, &serde_json::to_vec(report).unwrap_or_default())?;
    let winners: Vec<String> = report
        .classes
        .iter()
        .map(|c| format!("{} {}", c.class, c.winner.and_then(|w| c.explainers.get(w)).map_or("-", |e| e.explainer.as_str())))
        .collect();
    home.put(Entry::Explanation(ExplanationRow {
        model: report.model.clone(),
        file,
        sha256,
        created_utc: plan.created_utc,
        summary: winners.join(", "),
    }))?;
    Ok(())
}
