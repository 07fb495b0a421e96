//! Anything that takes longer than a second: progress, stop, resume.

use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// How far a job has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, for people: "train fold 2/4".
    pub stage: String,
    pub done: u64,
    pub total: u64,
    /// Details of this stage, where it has some.
    #[serde(default)]
    pub detail: String,
}

/// The job was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped on request")]
pub struct Stopped;

type Listener = Box<dyn Fn(&Progress) + Send + Sync>;

/// The job's end of the line: it reports here and asks here whether to go on. Clones share everything.
#[derive(Clone, Default)]
pub struct Job {
    stop: Arc<AtomicBool>,
    last: Arc<Mutex<Option<Progress>>>,
    listener: Option<Arc<Listener>>,
    /// Of a long walk: which of its steps the reports come from.
    step: Option<Arc<str>>,
}

impl Job {
    /// A job that nobody watches.
    pub fn silent() -> Self {
        Job::default()
    }

    /// A job whose every report is handed to `listener`, on the job's own thread.
    pub fn watched(listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Job { listener: Some(Arc::new(Box::new(listener))), ..Job::default() }
    }

    /// The same job, which `flag` stops too: a signal's.
    pub fn stopped_by(self, flag: Arc<AtomicBool>) -> Self {
        Job { stop: flag, ..self }
    }

    /// The same job, one step of a walk further: its reports begin with the step's name.
    pub fn within(&self, step: &str) -> Self {
        Job { step: Some(step.into()), ..self.clone() }
    }

    /// Raised once the job is asked to stop, for whoever takes no job.
    pub fn stop_flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Reports progress.
    ///
    /// # Errors
    /// [`Stopped`] when someone asked the job to stop: return it, keeping what is finished.
    pub fn report(&self, stage: &str, done: u64, total: u64) -> Result<(), Stopped> {
        self.report_with(stage, done, total, "")
    }

    /// [`Job::report`] with a detail, e.g. "loss 0.42, validation 71 %".
    ///
    /// # Errors
    /// As [`Job::report`].
    pub fn report_with(&self, stage: &str, done: u64, total: u64, detail: &str) -> Result<(), Stopped> {
        let stage = self.step.as_ref().map_or_else(|| stage.to_string(), |step| format!("{step}: {stage}"));
        let progress = Progress { stage, done, total, detail: detail.into() };
        if let Some(listener) = &self.listener {
            listener(&progress);
        }
        if let Ok(mut last) = self.last.lock() {
            *last = Some(progress);
        }
        if self.stop.load(Ordering::Relaxed) { Err(Stopped) } else { Ok(()) }
    }

    /// Asks the job to stop at its next report.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The latest report.
    pub fn progress(&self) -> Option<Progress> {
        self.last.lock().ok().and_then(|p| p.clone())
    }
}
