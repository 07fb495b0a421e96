//! The open door of a lab: the socket while the lab lives, and how it serves.

use super::hub::Hub;
use super::{SocketError, place};
use crate::lab::{Lab, LabError, spawn};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How a lab serves.
pub struct Options {
    /// The lab ends when nobody has visited it for so long, nothing is recorded and no job runs; None: never.
    pub idle: Option<Duration>,
    /// Set from outside: end now, closing a recording cleanly.
    pub stop: Arc<AtomicBool>,
    /// Hears who comes and goes. Never a participant's code: what it writes is no part of what `erase` searches.
    pub notice: Box<dyn FnMut(&str) + Send>,
}

/// An open door, before anybody is let in.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
}

impl Server {
    /// Opens the socket of this lab's home. A lab holds its home's lock, so that there is one at a time.
    ///
    /// # Errors
    /// No place takes a socket.
    pub fn open(lab: &Lab) -> Result<Server, SocketError> {
        let (listener, path) = place::bind(lab.home().dir())?;
        Ok(Server { listener, path })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the lab its thread and serves until the lab ends. Everything is on disk and the home is free on return.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub fn run(self, lab: Lab, options: Options) -> Result<(), LabError> {
        let clock = lab.machine_clock();
        Hub::new(spawn(lab)?, clock, self.listener, options).serve();
        // Somebody else's socket cannot lie there: the folder is ours, and we hold the only name.
        let _ = std::fs::remove_file(&self.path);
        Ok(())
    }
}
