//! One ONNX model in memory, ready to answer.

use super::plain::plain;
use super::{InferError, Runtime};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{TensorElementType, TensorRef};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

/// Threads of one model. More gain nothing on small networks and take the cores from the recording.
const THREADS: usize = 2;

/// One output tensor of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub name: String,
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// An output as the file declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    pub name: String,
    /// -1 = any size.
    pub shape: Vec<i64>,
}

/// A model with one float32 input.
pub struct OnnxSession {
    model: String,
    /// Declared input; -1 = any size.
    input: Vec<i64>,
    outputs: Vec<Declared>,
    metadata: BTreeMap<String, String>,
    // ONNX Runtime itself may be called from many threads, ort's `run` wants the session to itself.
    session: Mutex<Session>,
}

impl OnnxSession {
    /// Loads a model file.
    ///
    /// # Errors
    /// No runtime, no such file, no ONNX model, or a model whose input is not one float32 tensor.
    pub fn load(runtime: &Runtime, path: &Path) -> Result<Self, InferError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| InferError::Load { model: name.clone(), message: e.to_string() })?;
        OnnxSession::from_bytes(runtime, &name, &bytes)
    }

    /// As [`OnnxSession::load`], on one thread: for small networks of which several run side by side. A second thread would
    /// spend its time waiting for work with a busy core.
    ///
    /// # Errors
    /// As there.
    pub fn load_single(runtime: &Runtime, path: &Path) -> Result<Self, InferError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| InferError::Load { model: name.clone(), message: e.to_string() })?;
        OnnxSession::with_threads(runtime, &name, &bytes, 1)
    }

    /// Loads a model from memory; `name` only names it in errors.
    ///
    /// # Errors
    /// As [`OnnxSession::load`].
    pub fn from_bytes(runtime: &Runtime, name: &str, bytes: &[u8]) -> Result<Self, InferError> {
        OnnxSession::with_threads(runtime, name, bytes, THREADS)
    }

    fn with_threads(runtime: &Runtime, name: &str, bytes: &[u8], threads: usize) -> Result<Self, InferError> {
        let native = match runtime {
            Runtime::Native(native) => native,
            Runtime::None { why } => return Err(InferError::NoRuntime { why: why.clone() }),
        };
        let session = build(native, bytes, threads).map_err(|m| InferError::Load { model: name.into(), message: plain(&m) })?;
        let input = match session.inputs() {
            [input] if input.dtype().tensor_type() == Some(TensorElementType::Float32) => {
                input.dtype().tensor_shape().map(|s| s.to_vec()).unwrap_or_default()
            }
            others => {
                let message = format!("limbic runs models with one float32 input, this one has {}", describe(others));
                return Err(InferError::Load { model: name.into(), message });
            }
        };
        let shape = |o: &ort::value::Outlet| o.dtype().tensor_shape().map(|s| s.to_vec()).unwrap_or_default();
        let outputs = session.outputs().iter().map(|o| Declared { name: o.name().into(), shape: shape(o) }).collect();
        let metadata = metadata(&session);
        Ok(OnnxSession { model: name.into(), input, outputs, metadata, session: Mutex::new(session) })
    }

    /// What names the model in errors: its file.
    pub fn name(&self) -> &str {
        &self.model
    }

    /// The declared outputs.
    pub fn outputs(&self) -> &[Declared] {
        &self.outputs
    }

    /// What the file says of itself under a key: "names", "limbic.card".
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The declared input; -1 where any size goes (the batch).
    pub fn input_shape(&self) -> &[i64] {
        &self.input
    }

    /// The first output for `inputs`, row-major of `shape` (the batch first).
    ///
    /// # Errors
    /// The shape is not the model's, or does not fit the number of values; the runtime fails.
    pub fn run(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<f32>, InferError> {
        let first = self.run_all(inputs, shape)?.into_iter().next();
        first.map(|o| o.values).ok_or_else(|| self.failed("it has no output"))
    }

    /// All float32 outputs, in the model's order.
    ///
    /// # Errors
    /// As [`OnnxSession::run`].
    pub fn run_all(&self, inputs: &[f32], shape: &[usize]) -> Result<Vec<Output>, InferError> {
        self.check(inputs, shape)?;
        let tensor = TensorRef::from_array_view((shape.to_vec(), inputs)).map_err(|e| self.failed(e))?;
        let mut session = self.session.lock().map_err(|_| self.failed("an earlier run did not end"))?;
        let outputs = session.run(ort::inputs![tensor]).map_err(|e| self.failed(e))?;
        let mut found = Vec::new();
        for (name, value) in outputs.iter() {
            if let Ok((shape, values)) = value.try_extract_tensor::<f32>() {
                let shape = shape.iter().map(|d| usize::try_from(*d).unwrap_or(0)).collect();
                found.push(Output { name: name.to_string(), shape, values: values.to_vec() });
            }
        }
        Ok(found)
    }

    fn check(&self, inputs: &[f32], shape: &[usize]) -> Result<(), InferError> {
        let values: usize = shape.iter().product();
        let fits = |(declared, given): (&i64, &usize)| *declared < 0 || usize::try_from(*declared) == Ok(*given);
        if values == inputs.len() && self.input.len() == shape.len() && self.input.iter().zip(shape).all(fits) {
            return Ok(());
        }
        let wanted = self.input.iter().map(|d| if *d < 0 { "any".into() } else { d.to_string() }).collect::<Vec<_>>().join(" x ");
        let given = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        Err(InferError::Input { model: self.model.clone(), wanted, given: format!("{given} ({} values)", inputs.len()) })
    }

    fn failed(&self, message: impl std::fmt::Display) -> InferError {
        InferError::Run { model: self.model.clone(), message: plain(&message.to_string()) }
    }
}

fn build(native: &super::Native, bytes: &[u8], threads: usize) -> Result<Session, String> {
    Session::builder(&native.environment)
        .map_err(|e| e.to_string())?
        .with_optimization_level(GraphOptimizationLevel::Level3)
        .map_err(|e| e.to_string())?
        .with_intra_threads(threads)
        .map_err(|e| e.to_string())?
        .commit_from_memory(bytes)
        .map_err(|e| e.to_string())
}

fn metadata(session: &Session) -> BTreeMap<String, String> {
    let Ok(metadata) = session.metadata() else { return BTreeMap::new() };
    metadata.custom_keys().into_iter().flatten().filter_map(|key| Some((key.clone(), metadata.custom(&key)?))).collect()
}

fn describe(inputs: &[ort::value::Outlet]) -> String {
    let one = |i: &ort::value::Outlet| format!("\"{}\" ({})", i.name(), i.dtype());
    if inputs.is_empty() { "none".into() } else { inputs.iter().map(one).collect::<Vec<_>>().join(", ") }
}
