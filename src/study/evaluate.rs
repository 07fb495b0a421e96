//! `limbic evaluate`: protocols x targets over recorded sessions, each a folder of runs that can be resumed.

use crate::job::Job;
use crate::prepare::dataset::{Dataset, Target};
use crate::prepare::features::PsdOptions;
use crate::store::rows::SessionId;
use crate::store::{Home, Recording};
use crate::study::StudyError;
use crate::study::datasets::{eeg_dataset, face_dataset};
use crate::study::shards::{Shards, Task};
use crate::train::evaluate::{Evaluation, summarise};
use crate::train::fit::FitOptions;
use crate::train::protocol::Protocol;

/// Which signal the features come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    Eeg,
    Face,
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

/// The data set of one target.
///
/// # Errors
/// No usable trial with such a label, sessions of different montages.
pub fn dataset(recordings: &[Recording], modality: Modality, target: Target, job: &Job) -> Result<Dataset, StudyError> {
    match modality {
        Modality::Eeg => eeg_dataset(recordings, target, &PsdOptions::default(), job),
        Modality::Face => face_dataset(recordings, target, job)?.ok_or_else(|| {
            StudyError::NothingToTrain(
                "no session has face frames of a finished, labelled trial; record some with a camera".into(),
            )
        }),
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
        let data = dataset(&recordings, plan.modality, target, job)?;
        for &protocol in &plan.protocols {
            let task = Task {
                protocol,
                network: plan.network.clone(),
                hidden: plan.hidden,
                fit: plan.fit.clone(),
                seed: plan.seed,
                limbic_version: env!("CARGO_PKG_VERSION").into(),
            };
            all.push(Shards::prepare(&home.dir().join(FOLDER), task, data.clone())?);
        }
    }
    Ok(all)
}

/// Runs what is missing and sums up.
///
/// # Errors
/// As [`prepare`] and [`Shards::run_missing`]. Finished runs are kept and not done again.
pub fn evaluate(home: &Home, plan: &EvaluationPlan, job: &Job) -> Result<Vec<Evaluation>, StudyError> {
    let run = |shards: Shards| {
        let answers = shards.run_missing(plan.workers, job)?;
        Ok(summarise(&shards.dataset, shards.task.protocol, &answers, shards.task.seed))
    };
    prepare(home, plan, job)?.into_iter().map(run).collect()
}
