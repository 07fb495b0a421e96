//! The background half: owns sources, store, player, protocol and the running job. Screens speak to it in messages.

pub mod clocks;
mod commands;
mod connect;
mod core;
mod devices;
mod disk;
mod drafts;
mod errand;
mod foresee;
pub mod guided;
mod job;
mod judge;
mod label;
mod link;
mod live;
pub mod message;
mod moments;
mod montage;
mod order;
mod recording;
mod resume;
mod rigs;
mod selftest;
mod snapshot;
pub mod socket;
mod stage;
mod unclosed;

pub use core::Lab;
pub use link::{Link, spawn};

use crate::job::Job;
use crate::lab::message::Review;
use crate::present::Playlist;
use crate::signal::SharedClock;
use crate::store::rows::SessionId;
use crate::store::{Home, StoreError};
use crossbeam_channel::Sender;
use std::path::PathBuf;
use std::sync::Arc;

/// A point of a learning curve: epoch, training loss, validation loss, validation accuracy.
pub type CurvePoint = (u32, f32, f32, f32);

/// Trains on these sessions (all usable ones when empty) with this seed and returns the outcome in a sentence.
pub type TrainJob = Arc<dyn Fn(Home, Vec<SessionId>, u64, Job, Sender<CurvePoint>) -> Result<String, String> + Send + Sync>;

/// Loads a stored session for review.
pub type ReviewLoader = Arc<dyn Fn(&Home, SessionId) -> Result<Review, String> + Send + Sync>;

/// What this machine lacks, one line each.
pub type Doctor = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What a lab is given at its start.
#[derive(Clone)]
pub struct LabOptions {
    /// The folder of all sessions; made where it is absent.
    pub home: PathBuf,
    pub clock: SharedClock,
    /// Folder of native libraries given on the command line.
    pub library_dir: Option<PathBuf>,
    /// A thread per source. False where time is simulated: sources are then read within [`Lab::step`].
    pub threaded_sources: bool,
    /// Used where the rig names no playlist.
    pub playlist: Playlist,
    pub train: Option<TrainJob>,
    pub review: Option<ReviewLoader>,
    pub doctor: Option<Doctor>,
}

impl LabOptions {
    /// A lab over this home: threads per source unless time is simulated, a built-in playlist of eight videos of
    /// fifteen seconds (two of each emotion: the least that can be trained and judged by trial), no training and no review.
    pub fn new(home: PathBuf, clock: SharedClock) -> Self {
        let threaded_sources = !clock.is_simulated();
        let playlist = Playlist::simulated(8, 15.0);
        LabOptions { home, clock, library_dir: None, threaded_sources, playlist, train: None, review: None, doctor: None }
    }
}

/// Why there is no lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot start the lab's thread: {0}; end other programs and try again")]
    Thread(std::io::Error),
}
