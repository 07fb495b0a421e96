//! A folder of training runs: the task, its data, and one file of answers per finished run. Any number of processes,
//! on any number of machines that share the folder, work on it; a finished run is never done again.
//!
//! ```text
//! task.json            protocol, network, options, seed
//! data.msgpack.zst     the examples (features of people: readable by the owner only)
//! shard-0003.json      the answers of run 3, whole or not there
//! shard-0003.state     its checkpoint while it runs
//! shard-0003.lock      held by the process that runs it
//! ```

use crate::job::{Job, Stopped};
use crate::prepare::dataset::Dataset;
use crate::study::StudyError;
use crate::train::checkpoint::Checkpoint;
use crate::train::evaluate::{Evaluation, ShardAnswers, run_shard, summarise};
use crate::train::file::write_whole;
use crate::train::fit::FitOptions;
use crate::train::learn::LearnOptions;
use crate::train::protocol::{Protocol, Shard, shards};
use crate::train::{Architecture, architecture};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// How often a run saves its state at most: a dense network's takes 250 MB, and a minute's work is soon done again.
const SAVE_EVERY: Duration = Duration::from_secs(60);

/// What is to be evaluated, apart from the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub protocol: Protocol,
    /// Name of the architecture.
    pub network: String,
    pub hidden: usize,
    pub fit: FitOptions,
    pub seed: u64,
    pub limbic_version: String,
}

impl Task {
    fn options(&self) -> Result<LearnOptions, StudyError> {
        let network: Architecture = architecture(&self.network).ok_or_else(|| StudyError::NoNetwork(self.network.clone()))?;
        Ok(LearnOptions { network, hidden: self.hidden, fit: self.fit.clone(), seed: self.seed })
    }
}

/// A task's folder with its data in memory.
pub struct Shards {
    pub folder: PathBuf,
    pub task: Task,
    pub dataset: Dataset,
    pub shards: Vec<Shard>,
    /// What must stand beside the scores, where the data do not say it.
    pub caveats: Vec<String>,
}

impl Shards {
    /// The folder for this task on these data, below `parent`; what earlier runs finished there counts.
    ///
    /// # Errors
    /// A protocol that the data do not allow, a disk that cannot be written.
    pub fn prepare(parent: &Path, task: Task, dataset: Dataset) -> Result<Self, StudyError> {
        let shards = shards(&dataset, task.protocol, task.seed)?;
        let packed = rmp_serde::to_vec(&dataset).unwrap_or_default();
        let description = serde_json::to_vec_pretty(&task).unwrap_or_default();
        let name = format!("{}-{}", task.protocol.name(), short_hash(&[&packed, &description]));
        let folder = parent.join(name);
        let fail = |path: &Path, cause| StudyError::Write { path: path.into(), cause };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|e| fail(&folder, e))?;
        let data = folder.join("data.msgpack.zst");
        if !data.exists() {
            let squeezed = zstd::encode_all(&packed[..], 1).map_err(|e| fail(&data, e))?;
            write_whole(&data, &squeezed).map_err(|e| fail(&data, e))?;
        }
        // Last: a folder with a task is complete.
        let path = folder.join("task.json");
        write_whole(&path, &description).map_err(|e| fail(&path, e))?;
        Ok(Shards { folder, task, dataset, shards, caveats: Vec::new() })
    }

    /// A folder that [`Shards::prepare`] made, here or on another machine.
    ///
    /// # Errors
    /// No such folder, a damaged one, one of another version of limbic (its answers might differ).
    pub fn open(folder: &Path) -> Result<Self, StudyError> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).map_err(|cause| StudyError::Read { path, cause })
        };
        let damaged = |what: &str| StudyError::Folder { path: folder.into(), why: format!("{what} is damaged") };
        let task: Task = serde_json::from_slice(&read("task.json")?).map_err(|_| damaged("task.json"))?;
        let version = env!("CARGO_PKG_VERSION");
        if task.limbic_version != version {
            let why = format!("limbic {} made it and this is {version}; use one version on all machines", task.limbic_version);
            return Err(StudyError::Folder { path: folder.into(), why });
        }
        let packed = zstd::decode_all(&read("data.msgpack.zst")?[..]).map_err(|_| damaged("data.msgpack.zst"))?;
        let dataset: Dataset = rmp_serde::from_slice(&packed).map_err(|_| damaged("data.msgpack.zst"))?;
        let shards = shards(&dataset, task.protocol, task.seed)?;
        Ok(Shards { folder: folder.into(), task, dataset, shards, caveats: Vec::new() })
    }

    fn path(&self, number: usize, ending: &str) -> PathBuf {
        self.folder.join(format!("shard-{number:04}.{ending}"))
    }

    /// The answers of a finished run.
    pub fn answers(&self, shard: &Shard) -> Option<ShardAnswers> {
        let answers: ShardAnswers = serde_json::from_slice(&std::fs::read(self.path(shard.number, "json")).ok()?).ok()?;
        let fits = answers.test == shard.test && answers.logits.len() == shard.test.len() * self.dataset.classes.len();
        fits.then_some(answers)
    }

    /// Runs that have not finished, by place in [`Shards::shards`].
    pub fn missing(&self) -> Vec<usize> {
        (0..self.shards.len()).filter(|&i| self.answers(&self.shards[i]).is_none()).collect()
    }

    /// Does run `place` unless it is finished; waits while another process does it.
    ///
    /// # Errors
    /// Data that do not fit the network, a stop, a disk that cannot be written.
    pub fn run(&self, place: usize, job: &Job) -> Result<(), StudyError> {
        let Some(shard) = self.shards.get(place) else {
            let why = format!("it has no run {place}, only 0 to {}", self.shards.len().saturating_sub(1));
            return Err(StudyError::Folder { path: self.folder.clone(), why });
        };
        let _held = self.lock(shard.number, job)?;
        if self.answers(shard).is_some() {
            return Ok(());
        }
        let stage = format!("{}: {}", self.task.protocol.name(), shard.held_out);
        // Until the first epoch is over nothing else is heard of the run.
        job.report(&stage, 0, u64::from(self.task.fit.epochs))?;
        let checkpoint = Checkpoint::new(&self.path(shard.number, "state"), SAVE_EVERY);
        let answers = run_shard(&self.dataset, shard, &self.task.options()?, (job, &stage), Some(&checkpoint))?;
        let path = self.path(shard.number, "json");
        let bytes = serde_json::to_vec(&answers).unwrap_or_default();
        write_whole(&path, &bytes).map_err(|cause| StudyError::Write { path, cause })?;
        checkpoint.discard();
        Ok(())
    }

    /// Does all missing runs, `workers` at a time, and returns the answers in the order of the runs.
    ///
    /// # Errors
    /// The first run that failed; the others that had begun are finished and kept.
    pub fn run_missing(&self, workers: usize, job: &Job) -> Result<Vec<ShardAnswers>, StudyError> {
        let queue = Mutex::new(self.missing().into_iter());
        let failed: Mutex<Option<StudyError>> = Mutex::new(None);
        let work = || {
            loop {
                let next = queue.lock().ok().and_then(|mut queue| queue.next());
                let (Some(place), false) = (next, failed.lock().is_ok_and(|f| f.is_some())) else { return };
                if let Err(error) = self.run(place, job)
                    && let Ok(mut failed) = failed.lock()
                {
                    failed.get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..workers.max(1) {
                scope.spawn(work);
            }
        });
        match failed.into_inner() {
            Ok(Some(error)) => Err(error),
            _ => self.collected(),
        }
    }

    /// The answers of all runs.
    ///
    /// # Errors
    /// A run has not finished.
    pub fn collected(&self) -> Result<Vec<ShardAnswers>, StudyError> {
        let missing = || {
            let why = format!("{} of {} runs have not finished", self.missing().len(), self.shards.len());
            StudyError::Folder { path: self.folder.clone(), why }
        };
        self.shards.iter().map(|shard| self.answers(shard).ok_or_else(missing)).collect()
    }

    /// What the answers of all runs say together.
    pub fn summary(&self, answers: &[ShardAnswers]) -> Evaluation {
        let mut evaluation = summarise(&self.dataset, self.task.protocol, answers, self.task.seed);
        evaluation.caveats.extend(self.caveats.iter().cloned());
        evaluation
    }

    /// Waits for the lock of a run; it falls with the process that holds it.
    fn lock(&self, number: usize, job: &Job) -> Result<File, StudyError> {
        let path = self.path(number, "lock");
        let fail = |cause| StudyError::Write { path: path.clone(), cause };
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fail)?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(file),
                Err(rustix::io::Errno::WOULDBLOCK) if job.is_stopped() => return Err(Stopped.into()),
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(200)),
                Err(error) => return Err(fail(error.into())),
            }
        }
    }
}

/// Twelve hex digits that change with any byte.
fn short_hash(parts: &[&[u8]]) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::dataset::{Example, Recipe, Target};
    use crate::signal::Seed;
    use std::os::unix::fs::PermissionsExt;

    fn dataset() -> Dataset {
        let mut draws = Seed::new(5);
        let examples = (0..48usize).map(|i| Example {
            features: (0..64)
                .map(|p| (0.1 * draws.normal() + f64::from(u8::from((p % 8 < 4) == (i / 4 % 2 == 0)))) as f32)
                .collect(),
            label: i / 4 % 2,
            participant: format!("P{}", i / 16),
            session: format!("s{}", i / 16),
            trial: (i / 4) as u32,
            stimulus: format!("v{}", i / 4 % 4),
            time: (i % 4) as f64,
        });
        let recipe = Recipe { kind: "face".into(), channels: vec![], bands: vec![], parameters: Default::default() };
        let (classes, examples) = (vec!["a".into(), "b".into()], examples.collect());
        Dataset { recipe, target: Target::Intended, classes, examples, simulated: true }
    }

    fn task() -> Task {
        let fit = FitOptions { epochs: 4, batch: 8, learning_rate: 3e-3, ..FitOptions::default() };
        let (network, limbic_version) = ("face-small".to_string(), env!("CARGO_PKG_VERSION").to_string());
        Task { protocol: Protocol::Loso, network, hidden: 8, fit, seed: 2, limbic_version }
    }

    /// One run is done in another process's place, one is done twice: all is finished once, the answers are the same.
    #[test]
    fn finished_runs_are_kept_and_shared() {
        let home = tempfile::tempdir().expect("folder");
        let shards = Shards::prepare(home.path(), task(), dataset()).expect("prepares");
        let elsewhere = Shards::open(&shards.folder).expect("opens");
        assert_eq!((elsewhere.dataset.clone(), elsewhere.missing()), (dataset(), vec![0, 1, 2]));
        elsewhere.run(1, &Job::silent()).expect("runs");
        let first = std::fs::metadata(shards.path(1, "json")).expect("there").modified().expect("time");
        assert_eq!(shards.missing(), [0, 2]);
        let answers = shards.run_missing(2, &Job::silent()).expect("runs");
        assert_eq!(answers.iter().map(|a| a.held_out.as_str()).collect::<Vec<_>>(), ["P0", "P1", "P2"]);
        assert_eq!(std::fs::metadata(shards.path(1, "json")).expect("there").modified().expect("time"), first);
        let other = tempfile::tempdir().expect("folder");
        let again = Shards::prepare(other.path(), task(), dataset()).expect("prepares").run_missing(1, &Job::silent());
        assert_eq!(again.expect("runs"), answers);
        for entry in std::fs::read_dir(&shards.folder).expect("folder") {
            let mode = entry.expect("entry").metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o077, 0);
        }
    }

    #[test]
    fn a_damaged_answer_is_done_again_and_a_wrong_folder_named() {
        let home = tempfile::tempdir().expect("folder");
        let shards = Shards::prepare(home.path(), task(), dataset()).expect("prepares");
        std::fs::write(shards.path(0, "json"), b"{\"number\":0").expect("writes");
        assert_eq!(shards.missing(), [0, 1, 2]);
        assert!(shards.collected().is_err_and(|e| e.to_string().contains("3 of 3 runs")));
        assert!(shards.run(7, &Job::silent()).is_err_and(|e| e.to_string().contains("no run 7")));
        assert!(Shards::open(home.path()).is_err_and(|e| e.to_string().contains("task.json")));
        let stopped = Job::silent();
        stopped.stop();
        assert!(shards.run_missing(2, &stopped).is_err());
    }
}
