//! The lab's door: a unix socket over which screens in other processes speak to it, in the words of
//! [`crate::lab::message`].
//!
//! The lab keeps its own thread and its in-memory link; the server is one client of that link which hands everything
//! on to its visitors. So nothing that a visitor does, or fails to do, can hold up the lab: commands come in through
//! a bounded door, snapshots go out latest-wins, and a visitor that does not read is dropped.

mod client;
mod hub;
mod ledger;
mod outbox;
mod pace;
mod peer;
mod place;
mod porter;
mod seats;
mod server;
mod sight;
pub mod wire;

pub use client::{Visit, stop};
pub use place::folder;
pub use server::{Options, Server};

use std::path::PathBuf;

/// Why there is no line between a screen and a lab.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("no lab runs for the home {}; `limbic` starts one", home.display())]
    NoLab { home: PathBuf },
    #[error("cannot open a socket for the home {}: {why}; choose a home on a local disk with --home", home.display())]
    Place { home: PathBuf, why: String },
    /// The lab's own sentence.
    #[error("{0}")]
    Refused(String),
    #[error("the socket belongs to user {theirs}, not to you (user {ours}); a lab serves only the user who started it")]
    Stranger { theirs: u32, ours: u32 },
    #[error("the lab of {} does not answer: {why}; is the machine very busy, or the lab stopped?", home.display())]
    Mute { home: PathBuf, why: String },
}
