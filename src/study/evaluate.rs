//! `limbic evaluate`: protocols x targets over recorded sessions, each a folder of runs that can be resumed.

use crate::job::Job;
use crate::prepare::dataset::{Dataset, Target};
use crate::store::rows::SessionId;
use crate::store::{Home, Recording};
use crate::study::datasets::{eeg_dataset, face_dataset};
use crate::study::face_input::{FaceInput, MOST_MAPS, NO_FACES};
use crate::study::face_network::Stands;
use crate::study::shards::{Shards, Task};
use crate::study::{Features, StudyError};
use crate::train::evaluate::Evaluation;
use crate::train::fit::FitOptions;
use crate::train::protocol::Protocol;

/// Which signal the features come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    Eeg(Features),
    Face(Stands),
}

/// What to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluationPlan {
    /// All usable sessions when empty.
    pub sessions: Vec<SessionId>,
    pub modality: Modality,
    pub targets: Vec<Target>,
    pub protocols: Vec<Protocol>,
    pub network: String,
    pub hidden: usize,
    pub fit: FitOptions,
    pub seed: u64,
    /// Runs at the same time.
    pub workers: usize,
}

/// The folder below a home where evaluations keep their runs. All in it can be made again; erasing a participant
/// removes it.
pub const FOLDER: &str = "derived/evaluations";

/// Examples, and sentences that must stand beside the scores of whatever learns from them.
type Labelled = (Dataset, Vec<String>);

/// The data set of one target, and what must stand beside its scores.
///
/// # Errors
/// No usable trial with such a label, sessions of different montages, a backbone that is not here.
fn dataset(recordings: &[Recording], modality: Modality, target: Target, job: &Job) -> Result<Labelled, StudyError> {
    match modality {
        Modality::Eeg(features) => {
            let data = eeg_dataset(recordings, target, features, job)?;
            let caveats = data.caveats();
            Ok((data.dataset, caveats))
        }
        Modality::Face(stands) => {
            let input = FaceInput::installed(stands, None)?;
            let dataset = face_dataset(recordings, target, &input, job)?;
            let dataset = dataset.ok_or_else(|| StudyError::NothingToTrain(NO_FACES.into()))?;
            Ok((dataset, input.caveat().into_iter().collect()))
        }
    }
}

/// The folders of runs that a plan asks for, target by target.
///
/// # Errors
/// As [`dataset`]; a protocol that the data do not allow; a home that cannot be written.
pub fn prepare(home: &Home, plan: &EvaluationPlan, job: &Job) -> Result<Vec<Shards>, StudyError> {
    let recordings = super::run::recordings(home, &plan.sessions)?;
    let mut all = Vec::new();
    for &target in &plan.targets {
        let (dataset, caveats) = dataset(&recordings, plan.modality, target, job)?;
        for (done, &protocol) in plan.protocols.iter().enumerate() {
            // Large data take a while to be packed.
            job.report_with("runs", done as u64, plan.protocols.len() as u64, protocol.name())?;
            let task = Task {
                protocol,
                network: plan.network.clone(),
                hidden: plan.hidden,
                fit: plan.fit.clone(),
                seed: plan.seed,
                limbic_version: env!("CARGO_PKG_VERSION").into(),
            };
            let shards = Shards::prepare(&home.dir().join(FOLDER), task, dataset.clone())?;
            all.push(Shards { caveats: caveats.clone(), ..shards });
        }
    }
    Ok(all)
}

/// Runs what is missing and sums up.
///
/// # Errors
/// As [`prepare`] and [`Shards::run_missing`]. Finished runs are kept and not done again.
pub fn evaluate(home: &Home, plan: &EvaluationPlan, job: &Job) -> Result<Vec<Evaluation>, StudyError> {
    // Every run holds its inputs: of maps, no more at once than one run may have.
    let mapped = matches!(plan.modality, Modality::Face(stands) if stands != Stands::Scratch);
    let workers = |maps: usize| if mapped { plan.workers.min((MOST_MAPS / maps.max(1)).max(1)) } else { plan.workers };
    let run = |shards: Shards| {
        let answers = shards.run_missing(workers(shards.dataset.examples.len()), job)?;
        Ok(shards.summary(&answers))
    };
    prepare(home, plan, job)?.into_iter().map(run).collect()
}
