//! ONNX bytes as a network: sequences of Conv, Pad, pools, BatchNormalization, activations, Flatten or Reshape, Gemm or
//! MatMul and Add, Dropout and Identity.

use super::message::{Graph, Model, Node, TensorValue};
use super::values::{Values, expect_int, fault, find, float_of, int_of, ints_of, window};
use super::{CARD_KEY, NETWORK_KEY, OnnxError};
use crate::signal::Seed;
use crate::train::card::Card;
use crate::train::network::{Conv2d, Curve, MapLayer, Network, RowLayer};
use crate::train::networks::{Architecture, Size, architecture};
use crate::train::parameters::tensor;
use prost::Message;

/// Below every value that a network makes, and far enough from infinity for differences.
const LOWEST: f32 = -1e30;

/// The network in an ONNX model, and limbic's card where it has one.
///
/// # Errors
/// Bytes that are no ONNX model, operators or attributes that limbic does not run (named), layers that do not fit
/// each other, a damaged card.
pub fn read(bytes: &[u8]) -> Result<(Network, Option<Card>), OnnxError> {
    read_with(bytes, false)
}

/// As [`read`], with a softmax at the very end left out: what remains are the logits that explanations are about.
///
/// # Errors
/// As [`read`].
pub fn read_logits(bytes: &[u8]) -> Result<(Network, Option<Card>), OnnxError> {
    read_with(bytes, true)
}

fn read_with(bytes: &[u8], without_softmax: bool) -> Result<(Network, Option<Card>), OnnxError> {
    let model = Model::decode(bytes).map_err(|e| OnnxError::Format(e.to_string()))?;
    let mut graph = model.graph.ok_or_else(|| OnnxError::Format("it has no graph".into()))?;
    let meta = |key: &str| model.metadata.iter().find(|e| e.key == key).map(|e| e.value.clone());
    let card = meta(CARD_KEY).map(|json| serde_json::from_str(&json).map_err(|e| OnnxError::Card(e.to_string())));
    let name = meta(NETWORK_KEY).unwrap_or_else(|| graph.name.clone());
    if without_softmax && graph.nodes.last().is_some_and(|n| matches!(n.operator.as_str(), "Softmax" | "LogSoftmax")) {
        graph.nodes.pop();
    }
    let (input, shape) = input_of(&graph)?;
    if let Some((known, hidden)) = built(&name) {
        return Ok((rebuilt(known, hidden, &name, &graph, shape)?, card.transpose()?));
    }
    let mut reader =
        Reader { values: Values::of(&graph)?, maps: Vec::new(), rows: Vec::new(), shape, flat: false, open_matmul: false };
    let mut current = input;
    for node in graph.nodes.iter().filter(|n| n.operator != "Constant") {
        // A sum or product may name its weight first.
        let arriving = node.inputs.iter().map(String::as_str).find(|i| *i == current);
        if arriving.is_none() {
            let takes = node.inputs.first().map_or("", String::as_str);
            return Err(fault(node, format!("takes \"{takes}\" where \"{current}\" comes next")));
        }
        reader.layer(node, current)?;
        current = node.outputs.first().map_or("", String::as_str);
    }
    let network = Network::new(&name, shape, reader.maps, reader.rows)?;
    Ok((network, card.transpose()?))
}

/// The architecture and width behind the name of a network of ours that is more than a sequence of layers.
fn built(name: &str) -> Option<(Architecture, usize)> {
    let (name, hidden) = name.split_once(" hidden=")?;
    Some((architecture(name).filter(|a| !a.sequence)?, hidden.parse().ok()?))
}

/// The network by its name, with the weights of the file.
fn rebuilt(known: Architecture, hidden: usize, name: &str, graph: &Graph, input: [usize; 3]) -> Result<Network, OnnxError> {
    let outputs = graph.outputs.first().and_then(|o| o.kind.as_ref()?.tensor.as_ref()?.shape.as_ref()?.dims.last()?.value);
    let classes = outputs.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let size = Size { input, classes, hidden, channels: Vec::new() };
    let mut network = (known.build)(&size, &Seed::new(0))?;
    let mut stored = Vec::new();
    for parameter in network.parameters() {
        let found = graph.initializers.iter().find(|t| t.name == parameter.name);
        let dims = |t: &TensorValue| t.dims.iter().map(|&d| d as usize).collect::<Vec<_>>();
        let values = found.filter(|t| dims(t) == parameter.shape()).map(|t| &t.raw);
        let raw = values.filter(|raw| raw.len() == 4 * parameter.shape().iter().product::<usize>());
        let raw = raw.ok_or_else(|| OnnxError::Rebuilt(name.into()))?;
        stored.push(raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<f32>>());
    }
    network.edit_parameters(|i, values| values.copy_from_slice(&stored[i]));
    Ok(network)
}

/// Name and shape [channels, height, width] of the input that is not a weight; the batch is dropped. An input
/// [batch, features] counts as [1, 1, features].
fn input_of(graph: &Graph) -> Result<(&str, [usize; 3]), OnnxError> {
    let bad = |why: &str| OnnxError::Format(why.into());
    let mut inputs = graph.inputs.iter().filter(|i| !graph.initializers.iter().any(|t| t.name == i.name));
    let input = inputs.next().ok_or_else(|| bad("it has no input"))?;
    if inputs.next().is_some() {
        return Err(bad("it has several inputs, limbic feeds one"));
    }
    let shape = input.kind.as_ref().and_then(|k| k.tensor.as_ref()).and_then(|t| t.shape.as_ref());
    let dims = &shape.ok_or_else(|| bad("its input has no shape"))?.dims;
    let sizes: Option<Vec<usize>> =
        dims.iter().skip(1).map(|d| d.value.and_then(|v| usize::try_from(v).ok()).filter(|v| *v > 0)).collect();
    match sizes.as_deref() {
        Some([c, h, w]) => Ok((&input.name, [*c, *h, *w])),
        Some([features]) => Ok((&input.name, [1, 1, *features])),
        _ => Err(bad("its input is not [batch, channels, height, width] with fixed sizes after the batch")),
    }
}

pub(super) struct Reader<'a> {
    pub values: Values<'a>,
    pub maps: Vec<MapLayer>,
    pub rows: Vec<RowLayer>,
    /// [channels, height, width] behind the maps so far.
    pub shape: [usize; 3],
    /// The maps were flattened; what follows are rows.
    pub flat: bool,
    /// The last layer is a MatMul whose bias may follow as an Add.
    pub open_matmul: bool,
}

impl Reader<'_> {
    fn layer(&mut self, node: &Node, current: &str) -> Result<(), OnnxError> {
        let after_matmul = std::mem::take(&mut self.open_matmul);
        match node.operator.as_str() {
            "Conv" if !self.flat => self.conv(node)?,
            "MaxPool" | "AveragePool" if !self.flat => self.pool(node)?,
            "GlobalAveragePool" | "ReduceMean" if !self.flat => self.global_mean(node)?,
            "Pad" if !self.flat => self.pad(node)?,
            "Flatten" => {
                expect_int(node, "axis", 1, 1)?;
                self.flat = true;
            }
            "Reshape" | "Squeeze" => self.reshape(node)?,
            "Gemm" => {
                self.flat = true;
                let dense = self.gemm(node)?;
                self.rows.push(dense.into());
            }
            "MatMul" => self.matmul(node)?,
            "Add" if after_matmul => self.bias(node, current)?,
            "BatchNormalization" => self.batch_norm(node)?,
            "Dropout" | "Identity" | "Cast" => {}
            _ => self.curve(node)?,
        }
        Ok(())
    }

    pub fn push(&mut self, node: &Node, layer: MapLayer) -> Result<(), OnnxError> {
        self.shape = layer.output_shape(self.shape).map_err(|why| fault(node, why))?;
        self.maps.push(layer);
        Ok(())
    }

    fn curve(&mut self, node: &Node) -> Result<(), OnnxError> {
        let curve = match node.operator.as_str() {
            "Relu" => Curve::Relu,
            "LeakyRelu" => Curve::LeakyRelu(float_of(node, "alpha", 0.01)),
            "Elu" => Curve::Elu(float_of(node, "alpha", 1.0)),
            "Sigmoid" => Curve::Sigmoid,
            "Tanh" => Curve::Tanh,
            "Softplus" => Curve::Softplus,
            "Gelu" => match find(node, "approximate").and_then(|a| a.string.as_deref()) {
                Some(b"tanh") => Curve::GeluTanh,
                _ => Curve::Gelu,
            },
            operator => return Err(OnnxError::Operator { operator: operator.into(), node: node.name.clone() }),
        };
        match (self.flat, curve) {
            (true, Curve::Relu) => self.rows.push(RowLayer::Relu),
            (true, curve) => self.rows.push(RowLayer::Curve(curve)),
            (false, Curve::Relu) => self.maps.push(MapLayer::Relu),
            (false, curve) => self.maps.push(MapLayer::Curve(curve)),
        }
        Ok(())
    }

    fn conv(&mut self, node: &Node) -> Result<(), OnnxError> {
        let (shape, weight) = self.values.weight::<4>(node, 1)?;
        let bias = if node.inputs.len() > 2 { self.values.weight::<1>(node, 2)?.1 } else { vec![0.0; shape[0]] };
        let [_, height, width] = self.shape;
        let window = window(node, [shape[2], shape[3]], [height, width])?;
        let groups = usize::try_from(int_of(node, "group", 1)).unwrap_or(0);
        let [top, left, bottom, right] = window.pads;
        let even = top == bottom && left == right;
        if !even {
            self.push(node, MapLayer::Pad { sides: window.pads, value: 0.0 })?;
        }
        let bias_shape = [bias.len()];
        let conv = Conv2d {
            weight: tensor(weight, shape),
            bias: tensor(bias, bias_shape),
            stride: window.stride,
            padding: if even { [top, left] } else { [0, 0] },
            dilation: window.dilation,
            groups,
        };
        self.push(node, conv.into())
    }

    fn pool(&mut self, node: &Node) -> Result<(), OnnxError> {
        let size = ints_of(node, "kernel_shape", 2, 0)?;
        let [_, height, width] = self.shape;
        let window = window(node, [size[0], size[1]], [height, width])?;
        if window.dilation != [1, 1] {
            return Err(fault(node, format!("dilations {:?} are not supported", window.dilation)));
        }
        let [top, left, bottom, right] = window.pads;
        // Windows that stick out change the answer only where they do not fit.
        let loose = [(height + top + bottom, 0), (width + left + right, 1)];
        let exact = loose.iter().all(|&(side, d)| side >= size[d] && (side - size[d]).is_multiple_of(window.stride[d].max(1)));
        if int_of(node, "ceil_mode", 0) != 0 && !exact {
            return Err(fault(node, "ceil_mode = 1 with windows that stick out is not supported".into()));
        }
        let (size, stride, padded) = (window.size, window.stride, window.pads != [0; 4]);
        let mean = node.operator == "AveragePool";
        if padded && mean && int_of(node, "count_include_pad", 0) == 0 {
            return Err(fault(node, "padding that does not count (count_include_pad = 0) is not supported".into()));
        }
        if padded {
            self.push(node, MapLayer::Pad { sides: window.pads, value: if mean { 0.0 } else { LOWEST } })?;
        }
        let layer = if mean { MapLayer::AvgPool2d { size, stride } } else { MapLayer::MaxPool2d { size, stride } };
        self.push(node, layer)
    }

    fn global_mean(&mut self, node: &Node) -> Result<(), OnnxError> {
        if node.operator == "ReduceMean" {
            let axes = match node.inputs.get(1) {
                Some(_) => self.values.integers(node, 1)?,
                None => find(node, "axes").map(|a| a.ints.clone()).unwrap_or_default(),
            };
            if !matches!(axes.as_slice(), [2, 3] | [-2, -1] | [-1, -2] | [3, 2]) {
                return Err(fault(node, format!("a mean over the axes {axes:?}; over height and width (2, 3) it is supported")));
            }
            self.flat = int_of(node, "keepdims", 1) == 0;
        }
        let [_, height, width] = self.shape;
        self.push(node, MapLayer::AvgPool2d { size: [height, width], stride: [1, 1] })
    }

    fn pad(&mut self, node: &Node) -> Result<(), OnnxError> {
        let mode = find(node, "mode").and_then(|a| a.string.as_deref()).unwrap_or(b"constant");
        if mode != b"constant" {
            return Err(fault(node, format!("mode {} is not supported", String::from_utf8_lossy(mode))));
        }
        let sides = match node.inputs.get(1) {
            Some(_) => self.values.integers(node, 1)?,
            None => find(node, "pads").map(|a| a.ints.clone()).unwrap_or_default(),
        };
        let sizes: Vec<usize> = sides.iter().filter_map(|v| usize::try_from(*v).ok()).collect();
        let [0, 0, top, left, 0, 0, bottom, right] = sizes[..] else {
            return Err(fault(node, format!("sides {sides:?} are not those of height and width alone")));
        };
        let named = node.inputs.get(2).is_some_and(|name| !name.is_empty());
        let value = if named { self.values.scalar(node, 2)? } else { 0.0 };
        self.push(node, MapLayer::Pad { sides: [top, left, bottom, right], value })
    }

    /// Only what flattens all but the batch.
    fn reshape(&mut self, node: &Node) -> Result<(), OnnxError> {
        let features: usize = self.shape.iter().product();
        if node.operator == "Reshape" && !self.flat {
            let shape = self.values.integers(node, 1)?;
            let flattens = matches!(shape[..], [_, last] if last == -1 || usize::try_from(last) == Ok(features));
            if !flattens {
                return Err(fault(node, format!("shape {shape:?} does not make rows [batch, {features}] of the maps")));
            }
        } else if node.operator == "Squeeze" && self.shape[1..] != [1, 1] {
            return Err(fault(node, format!("maps of {:?} have nothing to squeeze", self.shape)));
        }
        self.flat = true;
        Ok(())
    }
}
