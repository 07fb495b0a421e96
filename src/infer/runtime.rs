//! ONNX Runtime, opened at run time where it is installed. Which runtime and version answers is part of every
//! stored prediction.

mod plain;
mod probe;
mod session;

pub use session::{Declared, OnnxSession, Output};

use crate::native::{self, Library};
use ort::environment::Environment;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The runtime of this process. ONNX Runtime allows one for the life of a process: what was found first stays.
#[derive(Clone)]
pub enum Runtime {
    Native(Native),
    /// Not here or not usable; limbic's own networks run on its own forward pass.
    None {
        why: String,
    },
}

/// An ONNX Runtime that answers.
#[derive(Clone)]
pub struct Native {
    /// "onnxruntime 1.31.1"
    version: String,
    path: PathBuf,
    environment: Environment,
}

/// Why a network does not answer. Every sentence names the model and the way out.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    #[error("no ONNX Runtime: {why}")]
    NoRuntime { why: String },
    #[error("the model {model} cannot be loaded: {message}")]
    Load { model: String, message: String },
    #[error("the model {model} takes {wanted}, it was given {given}")]
    Input { model: String, wanted: String, given: String },
    #[error("the model {model} failed: {message}")]
    Run { model: String, message: String },
}

enum State {
    Ready(Native),
    /// A proven library failed afterwards. It must not be tried again: ort 2.0.0-rc.14 panics on the second try.
    Failed(String),
}

static STATE: Mutex<Option<State>> = Mutex::new(None);

impl Runtime {
    /// Looks in `library_dir`, ORT_DYLIB_PATH and the data folder (in this order, as [`native::find`]) and opens what
    /// it finds, once in a process; later calls answer the same, unless nothing had been found.
    pub fn find(library_dir: Option<&Path>) -> Runtime {
        let mut state = STATE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match &*state {
            Some(State::Ready(native)) => return Runtime::Native(native.clone()),
            Some(State::Failed(why)) => return Runtime::None { why: why.clone() },
            None => {}
        }
        let Some(path) = native::find(Library::OnnxRuntime, library_dir) else {
            let searched = native::searched(Library::OnnxRuntime, library_dir);
            return Runtime::None { why: format!("not here ({searched}); bring it with `limbic setup`") };
        };
        let version = match probe::version(&path) {
            Ok(version) => version,
            Err(message) => return Runtime::None { why: format!("{} cannot be used: {message}", path.display()) },
        };
        match environment(&path) {
            Ok(environment) => {
                let native = Native { version: format!("onnxruntime {version}"), path, environment };
                *state = Some(State::Ready(native.clone()));
                Runtime::Native(native)
            }
            Err(message) => {
                let why = format!("{} cannot be used: {message}", path.display());
                *state = Some(State::Failed(why.clone()));
                Runtime::None { why }
            }
        }
    }

    /// "onnxruntime 1.31.1", or None.
    pub fn version(&self) -> Option<&str> {
        match self {
            Runtime::Native(native) => Some(&native.version),
            Runtime::None { .. } => None,
        }
    }

    /// Where its library lies.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Runtime::Native(native) => Some(&native.path),
            Runtime::None { .. } => None,
        }
    }
}

/// Version of the ONNX Runtime that [`Runtime::find`] would open, without opening it for good: for `limbic doctor`.
///
/// # Errors
/// Why it cannot be used, in one sentence.
pub fn probe(path: &Path) -> Result<String, String> {
    probe::version(path)
}

/// Opens a library that [`probe`] has proven. Its messages go nowhere: on stderr they would ruin the screen, and what
/// fails comes back as an error.
fn environment(path: &Path) -> Result<Environment, String> {
    let environment = ort::init_from(path)
        .map_err(|e| e.to_string())?
        .with_name("limbic")
        .with_telemetry(false)
        .with_logger(Arc::new(|_, _, _, _, _| {}))
        .build()
        .map_err(|e| e.to_string())?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    Ok(environment)
}
