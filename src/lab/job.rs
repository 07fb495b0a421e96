//! The one job that a lab runs at a time, on its own thread.

use crate::job::{Job, Progress};
use crate::lab::message::JobView;
use crate::lab::{CurvePoint, TrainJob};
use crate::store::Home;
use crate::store::rows::SessionId;
use crossbeam_channel::Receiver;
use std::thread::JoinHandle;

/// A job that runs, or has run.
pub struct RunningJob {
    job: Job,
    thread: Option<JoinHandle<Result<String, String>>>,
    points: Receiver<CurvePoint>,
    curve: Vec<CurvePoint>,
    outcome: Option<Result<String, String>>,
}

impl RunningJob {
    /// Starts training.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn train(work: TrainJob, home: Home, sessions: Vec<SessionId>, seed: u64) -> std::io::Result<RunningJob> {
        let job = Job::silent();
        let (to, points) = crossbeam_channel::unbounded();
        let theirs = job.clone();
        let thread = std::thread::Builder::new().name("job".into()).spawn(move || work(home, sessions, seed, theirs, to))?;
        Ok(RunningJob { job, thread: Some(thread), points, curve: Vec::new(), outcome: None })
    }

    /// Takes in what the job has reported; true when it has just ended.
    pub fn poll(&mut self) -> bool {
        for point in self.points.try_iter() {
            // An epoch that does not follow the last one begins another fold's curve.
            if self.curve.last().is_some_and(|last| point.0 <= last.0) {
                self.curve.clear();
            }
            self.curve.push(point);
        }
        if !self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            return false;
        }
        self.finish();
        true
    }

    fn finish(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.outcome = Some(thread.join().unwrap_or_else(|_| Err("the job broke off; its thread panicked".into())));
        }
    }

    pub fn is_running(&self) -> bool {
        self.thread.is_some()
    }

    /// Asks it to stop at its next report.
    pub fn stop(&self) {
        self.job.stop();
    }

    /// The outcome, once it has ended.
    pub fn outcome(&self) -> Option<&Result<String, String>> {
        self.outcome.as_ref()
    }

    pub fn view(&self) -> JobView {
        let starting = || Progress { stage: "starting".into(), done: 0, total: 1, detail: String::new() };
        JobView {
            name: "train".into(),
            progress: self.job.progress().unwrap_or_else(starting),
            outcome: self.outcome.clone(),
            stopped: self.job.is_stopped() && self.outcome.as_ref().is_some_and(Result::is_err),
            curve: self.curve.clone(),
        }
    }
}

impl Drop for RunningJob {
    /// A job that nobody can see any more is stopped, and waited for: it may be writing a model.
    fn drop(&mut self) {
        self.job.stop();
        self.finish();
    }
}
