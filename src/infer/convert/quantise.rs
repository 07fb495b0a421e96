//! Eight-bit networks: weights rounded per output channel, activations by ranges seen on calibration pictures, written as
//! QuantizeLinear and DequantizeLinear pairs, which ONNX Runtime turns into whole-number arithmetic (static quantisation;
//! Jacob et al. 2018).

use super::reorder::{means_last, readers, without_cuts_after_means};
use crate::infer::runtime::{InferError, OnnxSession, Runtime};
use crate::train::onnx::graph::{GraphBuilder, Parts, Size, Step, Value, Weight, parts};
use std::collections::BTreeMap;

/// Metadata key: what the ranges were seen on.
pub const CALIBRATED_KEY: &str = "limbic.calibrated_on";
/// Operators whose outputs are rounded to eight bits.
const ROUNDED: [&str; 3] = ["Relu", "MaxPool", "Concat"];

/// Smallest and largest value of a tensor.
pub type Ranges = BTreeMap<String, (f32, f32)>;

/// Why a network cannot be quantised.
#[derive(Debug, thiserror::Error)]
pub enum QuantiseError {
    #[error("the model {model} cannot be quantised: {message}")]
    Model { model: String, message: String },
    #[error(transparent)]
    Infer(#[from] InferError),
}

/// Ranges of all values that will be rounded, over calibration inputs (training data only), each [1, ...] of `shape`.
///
/// # Errors
/// A model that is no plain float32 network; the runtime fails.
pub fn ranges(
    runtime: &Runtime,
    model: &str,
    bytes: &[u8],
    inputs: &[Vec<f32>],
    shape: &[usize],
) -> Result<Ranges, QuantiseError> {
    let wrong = |message: String| QuantiseError::Model { model: model.into(), message };
    let mut parts = parts(bytes).map_err(wrong)?;
    means_last(&mut parts);
    let mut watched = rebuilt(&parts);
    let names: Vec<&str> = parts.nodes.iter().filter(|s| rounded(&parts, s)).map(|s| s.output.as_str()).collect();
    for name in &names {
        watched.output(name, &[Size::Any("a"), Size::Any("b"), Size::Any("c"), Size::Any("d")]);
    }
    let session = OnnxSession::from_bytes(runtime, model, &watched.finish("watched"))?;
    let mut ranges = Ranges::new();
    let mut widen = |name: &str, values: &[f32]| {
        let (low, high) = values.iter().fold((0f32, 0f32), |(l, h), v| (l.min(*v), h.max(*v)));
        let range = ranges.entry(name.to_string()).or_insert((low, high));
        *range = (range.0.min(low), range.1.max(high));
    };
    for input in inputs {
        widen(&parts.input.0, input);
        for output in session.run_all(input, shape)? {
            widen(&output.name, &output.values);
        }
    }
    share(&parts, &mut ranges);
    Ok(ranges)
}

/// Values that are only copied keep their steps, so that copying needs no arithmetic.
fn share(parts: &Parts, ranges: &mut Ranges) {
    // What is put together is rounded to the steps of the whole from the beginning.
    for step in parts.nodes.iter().rev().filter(|s| s.operator == "Concat") {
        let Some(whole) = ranges.get(&step.output).copied() else { continue };
        step.inputs.iter().filter(|i| readers(parts, i) == 1).for_each(|i| {
            ranges.insert(i.clone(), whole);
        });
    }
    // A maximum keeps the steps of what it is taken of.
    for step in parts.nodes.iter().filter(|s| s.operator == "MaxPool") {
        if let Some(range) = step.inputs.first().and_then(|i| ranges.get(i).copied()) {
            ranges.insert(step.output.clone(), range);
        }
    }
}

/// A node's output is rounded; that of a convolution only where no ReLU follows, which is done in the same step.
fn rounded(parts: &Parts, step: &Step) -> bool {
    let cut = || parts.nodes.iter().any(|s| s.operator == "Relu" && s.inputs.contains(&step.output));
    let averaged = || parts.nodes.iter().any(|s| s.operator == "AveragePool" && s.inputs.contains(&step.output));
    match step.operator.as_str() {
        "Conv" => averaged(),
        "AveragePool" => !cut(),
        other => ROUNDED.contains(&other),
    }
}

/// The network in eight bits. `calibrated_on` says what the ranges were seen on.
///
/// # Errors
/// A model that is no plain float32 network; a value without a range.
pub fn quantise(model: &str, bytes: &[u8], ranges: &Ranges, calibrated_on: &str) -> Result<Vec<u8>, QuantiseError> {
    let wrong = |message: String| QuantiseError::Model { model: model.into(), message };
    let mut parts = parts(bytes).map_err(wrong)?;
    means_last(&mut parts);
    without_cuts_after_means(&mut parts);
    let mut writer = Writer { graph: GraphBuilder::default(), steps: BTreeMap::new() };
    declare(&mut writer.graph, &parts);
    let weights: BTreeMap<&str, &Weight> = parts.weights.iter().map(|w| (w.name.as_str(), w)).collect();
    writer.activation(&parts.input.0, ranges).map_err(wrong)?;
    for step in &parts.nodes {
        match step.operator.as_str() {
            "Conv" => writer.convolution(step, &weights).map_err(wrong)?,
            _ => {
                let inputs: Vec<String> = step.inputs.iter().map(|i| writer.seen(i)).collect();
                copy(&mut writer.graph, step, &inputs);
            }
        }
        if rounded(&parts, step) {
            writer.activation(&step.output, ranges).map_err(wrong)?;
        }
    }
    parts.metadata.iter().for_each(|(key, value)| writer.graph.metadata(key, value));
    writer.graph.metadata(CALIBRATED_KEY, calibrated_on);
    Ok(writer.graph.finish("quantised"))
}

struct Writer {
    graph: GraphBuilder,
    /// Rounded value -> its step.
    steps: BTreeMap<String, f32>,
}

impl Writer {
    /// The name under which a value is read: rounded, where it was.
    fn seen(&self, name: &str) -> String {
        if self.steps.contains_key(name) { format!("{name}.rounded") } else { name.into() }
    }

    fn activation(&mut self, name: &str, ranges: &Ranges) -> Result<(), String> {
        let (low, high) = *ranges.get(name).ok_or_else(|| format!("no range was seen of \"{name}\""))?;
        let step = ((high - low) / 255.0).max(1e-9);
        let zero = (-low / step).round().clamp(0.0, 255.0) as u8;
        let (s, z) = (format!("{name}.step"), format!("{name}.zero"));
        self.graph.floats(&s, &[], &[step]);
        self.graph.bytes(&z, &[], &[zero]);
        let quantised = self.graph.node("QuantizeLinear", &format!("{name}.bytes"), &[name, &s, &z], &[]);
        self.graph.node("DequantizeLinear", &format!("{name}.rounded"), &[&quantised, &s, &z], &[]);
        self.steps.insert(name.into(), step);
        Ok(())
    }

    fn convolution(&mut self, step: &Step, weights: &BTreeMap<&str, &Weight>) -> Result<(), String> {
        let [input, kernel, bias] = &step.inputs[..] else { return Err(format!("\"{}\" has no bias", step.output)) };
        let stored = |name: &str| weights.get(name).copied().ok_or_else(|| format!("\"{name}\" is no stored weight"));
        let (kernel, bias) = (stored(kernel)?, stored(bias)?);
        let input_step = *self.steps.get(input).ok_or_else(|| format!("\"{input}\" comes unrounded into a convolution"))?;
        let channels = kernel.shape.first().copied().unwrap_or(1).max(1);
        let size = (kernel.values.len() / channels).max(1);
        let most = |row: &[f32]| (row.iter().fold(0f32, |m, v| m.max(v.abs())) / 127.0).max(1e-12);
        let steps: Vec<f32> = kernel.values.chunks_exact(size).map(most).collect();
        let whole = kernel.values.iter().enumerate().map(|(i, v)| (v / steps[i / size]).round().clamp(-127.0, 127.0) as i8);
        let whole: Vec<i8> = whole.collect();
        let name = &step.output;
        let axis = [("axis", Value::Int(0))];
        let quantised = self.graph.signed_bytes(&format!("{name}.kernel"), &kernel.shape, &whole);
        let scale = self.graph.floats(&format!("{name}.kernel_step"), &[channels], &steps);
        let zero = self.graph.signed_bytes(&format!("{name}.kernel_zero"), &[channels], &vec![0; channels]);
        let kernel = self.graph.node("DequantizeLinear", &format!("{name}.kernel_rounded"), &[&quantised, &scale, &zero], &axis);
        let steps: Vec<f32> = steps.iter().map(|s| s * input_step).collect();
        let words: Vec<i32> = bias.values.iter().zip(&steps).map(|(b, s)| (b / s).round() as i32).collect();
        let quantised = self.graph.words(&format!("{name}.bias_words"), &[channels], &words);
        let scale = self.graph.floats(&format!("{name}.bias_step"), &[channels], &steps);
        let bias = self.graph.node("DequantizeLinear", &format!("{name}.bias_rounded"), &[&quantised, &scale], &axis);
        copy(&mut self.graph, step, &[format!("{input}.rounded"), kernel, bias]);
        Ok(())
    }
}

fn declare(graph: &mut GraphBuilder, parts: &Parts) {
    let names = ["batch", "b", "c", "d", "e"];
    let sizes = |shape: &[Option<usize>], from: &[&'static str; 5]| -> Vec<Size<'static>> {
        shape.iter().enumerate().map(|(i, n)| n.map_or(Size::Any(from[i.min(4)]), Size::Of)).collect()
    };
    graph.input(&parts.input.0, &sizes(&parts.input.1, &["batch", "channels", "height", "width", "depth"]));
    graph.output(&parts.output.0, &sizes(&parts.output.1, &names));
}

/// The same network, to which outputs can be added.
pub(super) fn rebuilt(parts: &Parts) -> GraphBuilder {
    let mut graph = GraphBuilder::default();
    declare(&mut graph, parts);
    for weight in &parts.weights {
        graph.floats(&weight.name, &weight.shape, &weight.values);
    }
    parts.nodes.iter().for_each(|step| copy(&mut graph, step, &step.inputs));
    graph
}

/// Adds a node as it was, with other inputs.
fn copy(graph: &mut GraphBuilder, step: &Step, inputs: &[String]) {
    /// Attributes that are one number, not a list.
    const SINGLE: [&str; 4] = ["axis", "group", "ceil_mode", "count_include_pad"];
    let single = |name: &str| SINGLE.contains(&name);
    let mut attributes: Vec<(&str, Value<'_>)> = Vec::new();
    for (name, values) in &step.ints {
        let value = if single(name) { Value::Int(values.first().copied().unwrap_or(0)) } else { Value::Ints(values) };
        attributes.push((name, value));
    }
    attributes.extend(step.texts.iter().map(|(name, text)| (name.as_str(), Value::Text(text))));
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    graph.node(&step.operator, &step.output, &inputs, &attributes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two 1 x 1 convolutions of known numbers: the eight-bit weights times their steps are the weights to half a step.
    #[test]
    fn weights_are_rounded_per_channel() {
        let mut graph = GraphBuilder::default();
        graph.input("x", &[Size::Any("batch"), Size::Of(2), Size::Any("h"), Size::Any("w")]);
        graph.floats("k", &[2, 2, 1, 1], &[0.5, -1.27, 100.0, 25.4]);
        graph.floats("b", &[2], &[0.1, -3.0]);
        graph.node("Conv", "c", &["x", "k", "b"], &[("kernel_shape", Value::Ints(&[1, 1]))]);
        graph.node("Relu", "r", &["c"], &[]);
        graph.output("r", &[Size::Any("batch"), Size::Of(2), Size::Any("h"), Size::Any("w")]);
        let float = graph.finish("f");
        let ranges = Ranges::from([("x".into(), (-1.0, 1.0)), ("r".into(), (0.0, 130.0))]);
        let bytes = quantise("f", &float, &ranges, "nothing").expect("quantises");
        assert!(bytes.len() > 100);
        assert!(quantise("f", &float, &Ranges::new(), "").is_err());
        // Weights are no longer floats: it cannot be quantised again.
        let error = quantise("q", &bytes, &ranges, "").expect_err("refused").to_string();
        assert!(error.contains("the model q cannot be quantised"), "{error}");
        let runtime = Runtime::find(None);
        if runtime.version().is_none() {
            println!("skipped: no ONNX Runtime here");
            return;
        }
        let run = |bytes: &[u8]| {
            OnnxSession::from_bytes(&runtime, "m", bytes).and_then(|s| s.run(&[0.5, -0.25], &[1, 2, 1, 1])).expect("runs")
        };
        let (exact, rounded) = (run(&float), run(&bytes));
        for (a, b) in exact.iter().zip(&rounded) {
            assert!((a - b).abs() <= 130.0 / 255.0 + 0.5, "{exact:?} {rounded:?}");
        }
        let seen = super::ranges(&runtime, "f", &float, &[vec![0.5, -0.25]], &[1, 2, 1, 1]).expect("runs");
        assert_eq!((seen["x"], seen["r"].0), ((-0.25, 0.5), 0.0));
    }
}
