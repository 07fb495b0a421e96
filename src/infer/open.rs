//! Opens a model file: limbic's own forward pass always, ONNX Runtime in front of it where it is installed.

use crate::infer::predict::{GraphPredictor, GraphRunner};
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::train::Predictor;
use crate::train::card::Card;
use crate::train::file::FileError;
use crate::train::network::Network;
use crate::train::onnx;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A model ready to answer, with its card.
pub struct Opened {
    pub card: Card,
    pub predictor: Arc<dyn Predictor>,
    /// limbic's own form of it, for gradients.
    pub network: Arc<Network>,
    /// Why ONNX Runtime does not answer, where it does not.
    pub without_runtime: Option<String>,
}

/// Why a model file does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0} has no card of limbic's, so its classes, montage and features are unknown; train it with `limbic train`")]
    NoCard(PathBuf),
}

/// Loads a model that limbic wrote.
///
/// # Errors
/// No such file, no ONNX, an operator limbic does not have, no card.
pub fn open(path: &Path, library_dir: Option<&Path>) -> Result<Opened, OpenError> {
    let (network, card) = Network::load(path)?;
    let card = card.ok_or_else(|| OpenError::NoCard(path.to_path_buf()))?;
    let network = Arc::new(network);
    let spare: Arc<dyn Predictor> = network.clone();
    let (predictor, without_runtime) = match native(path, &card, library_dir, &spare) {
        Ok(native) => (native, None),
        Err(why) => (spare, Some(why)),
    };
    Ok(Opened { card, predictor, network, without_runtime })
}

fn native(
    path: &Path,
    card: &Card,
    library_dir: Option<&Path>,
    spare: &Arc<dyn Predictor>,
) -> Result<Arc<dyn Predictor>, String> {
    let runtime = Runtime::find(library_dir);
    let session = OnnxSession::load(&runtime, path).map_err(|e| e.to_string())?;
    runs(&runtime, session, (&card.input_shape, card.classes.len()), spare)
}

fn runs(
    runtime: &Runtime,
    session: OnnxSession,
    (shape, classes): (&[usize], usize),
    spare: &Arc<dyn Predictor>,
) -> Result<Arc<dyn Predictor>, String> {
    let runner: Box<dyn GraphRunner> = Box::new(Runner { session, name: runtime.version().unwrap_or_default().into() });
    let predictor = GraphPredictor::new(runner, shape, classes, Some(spare.clone())).map_err(|e| e.to_string())?;
    Ok(Arc::new(predictor))
}

/// A network of limbic's own as a model file of it would answer: by this runtime where it is here and agrees, else by
/// itself.
pub fn on_runtime(runtime: &Runtime, network: Network) -> Arc<dyn Predictor> {
    let (shape, classes, name) = (network.input_shape(), network.classes(), network.name.clone());
    let bytes = onnx::write_bare(&network);
    let spare: Arc<dyn Predictor> = Arc::new(network);
    let session = OnnxSession::from_bytes(runtime, &name, &bytes).map_err(|e| e.to_string());
    session.and_then(|s| runs(runtime, s, (&shape, classes), &spare)).unwrap_or(spare)
}

/// A session that knows which runtime it runs on.
struct Runner {
    session: OnnxSession,
    name: String,
}

impl GraphRunner for Runner {
    fn run(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<f32>, String> {
        self.session.run(inputs, shape).map_err(|e| e.to_string())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
