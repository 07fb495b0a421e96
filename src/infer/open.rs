//! Opens a model file: limbic's own forward pass always, ONNX Runtime in front of it where it is installed.

use crate::infer::predict::{GraphPredictor, GraphRunner};
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::train::card::Card;
use crate::train::network::Network;
use crate::train::{Predictor, TrainError};
use std::path::Path;
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

/// Loads a model that limbic wrote.
///
/// # Errors
/// No such file, no ONNX, an operator limbic does not have, no card.
pub fn open(path: &Path, library_dir: Option<&Path>) -> Result<Opened, TrainError> {
    let (network, card) = Network::load(path)?;
    let card = card.ok_or_else(|| TrainError::NoCard(path.to_path_buf()))?;
    let network = Arc::new(network);
    let spare: Arc<dyn Predictor> = network.clone();
    let (predictor, without_runtime) = match native(path, &card, library_dir, &spare) {
        Ok(native) => (native, None),
        Err(why) => (spare, Some(why)),
    };
    Ok(Opened { card, predictor, network, without_runtime })
}

fn native(path: &Path, card: &Card, library_dir: Option<&Path>, spare: &Arc<dyn Predictor>) -> Result<Arc<dyn Predictor>, String> {
    let runtime = Runtime::find(library_dir);
    let session = runtime.load(path).map_err(|e| e.to_string())?;
    let runner: Box<dyn GraphRunner> = Box::new(session);
    let predictor = GraphPredictor::new(runner, &card.input_shape, card.classes.len(), Some(spare.clone())).map_err(|e| e.to_string())?;
    Ok(Arc::new(predictor))
}

impl GraphRunner for OnnxSession {
    fn run(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<f32>, String> {
        OnnxSession::run(self, inputs, shape).map_err(|e| e.to_string())
    }

    fn name(&self) -> String {
        self.version()
    }
}
