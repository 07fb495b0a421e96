//! The runs of an evaluation as a Slurm array job over a folder that all nodes share; what fails is tried again.

use crate::job::{Job, Stopped};
use crate::study::StudyError;
use crate::study::shards::Shards;
use crate::train::evaluate::ShardAnswers;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Times that a run is submitted before it counts as failed.
const ATTEMPTS: usize = 3;
/// Between two questions to the scheduler.
const POLL: Duration = Duration::from_secs(2);
/// File in the task's folder that names the array job under way.
const JOB_FILE: &str = "slurm.job";

/// How to submit.
#[derive(Debug, Clone, Default)]
pub struct SlurmOptions {
    /// The program as the nodes see it.
    pub program: PathBuf,
    /// Cores a run.
    pub cores: usize,
    /// Further options of `sbatch`, as written.
    pub extra: Vec<String>,
}

/// Submits what is missing, waits, collects, and submits again what failed. Stopping cancels the array job; finished
/// runs are kept.
///
/// # Errors
/// No Slurm here, a refused submission, runs that failed [`ATTEMPTS`] times (with the place of their logs).
pub fn run_on_slurm(shards: &Shards, options: &SlurmOptions, job: &Job) -> Result<Vec<ShardAnswers>, StudyError> {
    let folder = shards.folder.canonicalize().map_err(|cause| StudyError::Read { path: shards.folder.clone(), cause })?;
    let job_file = folder.join(JOB_FILE);
    let mut attempts = 0;
    loop {
        if let Some(id) = std::fs::read_to_string(&job_file).ok().filter(|id| is_queued(id)) {
            wait(shards, &id, job)?;
        }
        let missing = shards.missing();
        if missing.is_empty() {
            // It names a job that has ended; whether it goes away does not matter.
            let _ = std::fs::remove_file(&job_file);
            return shards.collected();
        }
        if attempts == ATTEMPTS {
            let names: Vec<&str> = missing.iter().map(|&m| shards.shards[m].held_out.as_str()).collect();
            let why = format!("Slurm failed {ATTEMPTS} times at {}; the logs are slurm-*.log there", names.join(", "));
            return Err(StudyError::Folder { path: folder, why });
        }
        attempts += 1;
        let id = submit(&folder, &missing, options)?;
        std::fs::write(&job_file, &id).map_err(|cause| StudyError::Write { path: job_file.clone(), cause })?;
    }
}

/// The number of the array job.
fn submit(folder: &std::path::Path, missing: &[usize], options: &SlurmOptions) -> Result<String, StudyError> {
    let places: Vec<String> = missing.iter().map(usize::to_string).collect();
    let quoted = |path: &std::path::Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let script = format!(
        "#!/bin/sh\nexec {} evaluate --folder {} --shard \"$SLURM_ARRAY_TASK_ID\"\n",
        quoted(&options.program),
        quoted(folder)
    );
    let path = folder.join("run.sbatch");
    std::fs::write(&path, script).map_err(|cause| StudyError::Write { path: path.clone(), cause })?;
    let mut command = Command::new("sbatch");
    command.arg("--parsable").arg("--job-name=limbic-evaluate").arg(format!("--array={}", places.join(",")));
    command.arg(format!("--cpus-per-task={}", options.cores.max(1)));
    command.arg(format!("--output={}/slurm-%A_%a.log", folder.display())).args(&options.extra).arg(&path);
    let output = command.output().map_err(|_| {
        StudyError::Cluster(
            "there is no `sbatch` here; install Slurm's client (Debian: slurm-wlm), or leave --cluster out to run here".into(),
        )
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(StudyError::Cluster(format!("sbatch refused the job: {said}")));
    }
    // "1234" or "1234;cluster".
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().split(';').next().unwrap_or_default().to_string())
}

/// Whether the scheduler still has tasks of this job that wait or run.
fn is_queued(id: &str) -> bool {
    let output = Command::new("squeue").args(["--noheader", "--format=%T", "--jobs", id.trim()]).output();
    output.is_ok_and(|o| o.status.success() && !o.stdout.trim_ascii().is_empty())
}

fn wait(shards: &Shards, id: &str, job: &Job) -> Result<(), StudyError> {
    let total = shards.shards.len();
    while is_queued(id) {
        let done = total - shards.missing().len();
        if job.report_with(shards.task.protocol.name(), done as u64, total as u64, &format!("Slurm job {id}")).is_err() {
            // The stop stands, whether or not the scheduler hears of it.
            let _ = Command::new("scancel").arg(id.trim()).status();
            return Err(Stopped.into());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
