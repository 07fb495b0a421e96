//! What follows a recording: data sets, honest evaluation, models, predictions, explanation, review.
//!
//! The command line, the lab's training job and the demo all walk this way; every step is stored, so that any of
//! them can show what another computed.

pub mod crops;
pub mod datasets;
pub mod evaluate;
mod explained;
pub mod face_input;
pub mod face_network;
pub mod features;
mod frames;
mod held_out;
mod import;
pub mod inception;
mod overview;
pub mod pictures;
mod plan;
mod predict;
pub mod reproduce;
mod review;
mod rows;
mod run;
pub mod shards;
pub mod slurm;
mod stretches;
pub mod tables;
mod windows;

pub use datasets::{session_quality, stored_signals};
pub use explained::explain_again;
pub use import::{import, is_restricted};
pub use overview::{Overview, PersonLine, SessionLine, overview};
pub use plan::{Outcome, Plan, StudyError, target_named};
pub use predict::{Wanted, newest_models, predict};
pub use review::{explanation, newest_that_answered, review, review_of, review_of_file};
pub use rows::Features;
pub use run::run;
pub use windows::Windows;
