//! A network as ONNX bytes.

use super::message::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, ATTRIBUTE_STRING, Attribute, Dim, Entry, FLOAT, Graph, INT64, Model, Node,
    OperatorSet, Shape, TensorType, TensorValue, Type, ValueInfo,
};
use super::{CARD_KEY, INPUT, IR_VERSION, NETWORK_KEY, OPSET, OPSET_OF_GELU, OUTPUT};
use crate::train::card::Card;
use crate::train::network::{Curve, MapLayer, Network, Norm, RowLayer};
use crate::train::parameters::values;
use prost::Message;
use std::collections::BTreeMap;

/// The network as an ONNX model: input "input" with a dynamic batch, output "logits", dropout left out, the card as
/// metadata. The same network and card give the same bytes.
pub fn write(network: &Network, card: &Card) -> Vec<u8> {
    model(network, Some(card))
}

/// As [`write`], without a card: for a runtime of this process, never for a file.
pub fn write_bare(network: &Network) -> Vec<u8> {
    model(network, None)
}

fn model(network: &Network, card: Option<&Card>) -> Vec<u8> {
    let mut builder = Builder { current: INPUT.into(), shape: network.input_shape(), ..Builder::default() };
    network.parameters().iter().for_each(|p| builder.initializer(&p.name, &p.shape(), &p.values()));
    builder.maps(&network.maps);
    builder.node("Flatten", &[], vec![int("axis", 1)]);
    for layer in &network.rows {
        match layer {
            RowLayer::Dense(_) => builder.with_parameters("Gemm", "dense", &["weight", "bias"], vec![]),
            RowLayer::Relu => builder.node("Relu", &[], vec![]),
            RowLayer::Curve(curve) => builder.curve(*curve),
            RowLayer::Norm(norm) => builder.norm(norm),
            RowLayer::Dropout(_) => {}
        }
    }
    builder.finish(network, card).encode_to_vec()
}

/// Nodes appended one after another, each taking what the one before made.
#[derive(Default)]
pub(super) struct Builder {
    pub current: String,
    /// [channels, height, width] of the current maps.
    pub shape: [usize; 3],
    nodes: Vec<Node>,
    initializers: Vec<TensorValue>,
    /// Layers with parameters so far, by kind.
    counts: BTreeMap<&'static str, usize>,
}

impl Builder {
    /// Map layers one after another.
    pub fn maps(&mut self, layers: &[MapLayer]) {
        for layer in layers {
            match layer {
                MapLayer::Conv2d(c) => {
                    let [_, _, height, width] = c.weight.dims();
                    let [top, left] = c.padding;
                    let attributes = vec![
                        ints("dilations", &c.dilation),
                        int("group", c.groups),
                        ints("kernel_shape", &[height, width]),
                        ints("pads", &[top, left, top, left]),
                        ints("strides", &c.stride),
                    ];
                    self.with_parameters("Conv", "conv", &["weight", "bias"], attributes);
                }
                MapLayer::Relu => self.node("Relu", &[], vec![]),
                MapLayer::Curve(curve) => self.curve(*curve),
                MapLayer::Norm(norm) => self.norm(norm),
                MapLayer::Pad { sides, value } => self.pad(*sides, *value),
                MapLayer::MaxPool2d { size, stride } => {
                    self.node("MaxPool", &[], vec![ints("kernel_shape", size), ints("strides", stride)]);
                }
                MapLayer::AvgPool2d { size, stride } => {
                    self.node("AveragePool", &[], vec![ints("kernel_shape", size), ints("strides", stride)]);
                }
                other => self.block(other),
            }
            // The network was made with these shapes, so they fit.
            self.shape = layer.output_shape(self.shape).unwrap_or(self.shape);
        }
    }

    /// A node whose further inputs are the next layer's parameters of this kind.
    pub fn with_parameters(&mut self, operator: &str, kind: &'static str, parts: &[&str], attributes: Vec<Attribute>) {
        let number = *self.counts.entry(kind).and_modify(|n| *n += 1).or_insert(1);
        let names: Vec<String> = parts.iter().map(|part| format!("{kind}{number}.{part}")).collect();
        self.node(operator, &names, attributes);
    }

    /// A node that takes the current value and others that nodes made before.
    pub fn node(&mut self, operator: &str, extra: &[String], attributes: Vec<Attribute>) {
        let name = format!("{}{}", operator.to_lowercase(), self.nodes.len() + 1);
        let mut inputs = vec![self.current.clone()];
        inputs.extend_from_slice(extra);
        self.current = format!("{name}.out");
        let outputs = vec![self.current.clone()];
        self.nodes.push(Node { inputs, outputs, name, operator: operator.into(), attributes });
    }

    /// Whole numbers that a node takes; their name.
    pub fn integers(&mut self, values: &[i64]) -> String {
        let name = format!("integers{}", self.initializers.len() + 1);
        self.initializers.push(TensorValue {
            dims: vec![values.len() as i64],
            data_type: INT64,
            name: name.clone(),
            raw: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..TensorValue::default()
        });
        name
    }

    /// The current value in another shape after the batch.
    pub fn reshape(&mut self, shape: &[usize]) {
        let whole: Vec<i64> = std::iter::once(0).chain(shape.iter().map(|&s| s as i64)).collect();
        let name = self.integers(&whole);
        self.node("Reshape", &[name], vec![]);
    }

    fn initializer(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.initializers.push(TensorValue {
            dims: shape.iter().map(|&d| d as i64).collect(),
            data_type: FLOAT,
            name: name.into(),
            raw: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..TensorValue::default()
        });
    }

    fn curve(&mut self, curve: Curve) {
        let (operator, attributes) = match curve {
            Curve::Relu => ("Relu", vec![]),
            Curve::LeakyRelu(slope) => ("LeakyRelu", vec![float("alpha", slope)]),
            Curve::Elu(alpha) => ("Elu", vec![float("alpha", alpha)]),
            Curve::Sigmoid => ("Sigmoid", vec![]),
            Curve::Tanh => ("Tanh", vec![]),
            Curve::Softplus => ("Softplus", vec![]),
            Curve::Gelu => ("Gelu", vec![]),
            Curve::GeluTanh => ("Gelu", vec![string("approximate", "tanh")]),
        };
        self.node(operator, &[], attributes);
    }

    /// A batch normalisation whose statistics are in its scale and shift already.
    fn norm(&mut self, norm: &Norm) {
        let (scale, shift) = (values(norm.scale.clone()), values(norm.shift.clone()));
        let number = self.nodes.len() + 1;
        let names = ["scale", "shift", "mean", "variance"].map(|part| format!("norm{number}.{part}"));
        let channels = scale.len();
        let stored = [scale, shift, vec![0.0; channels], vec![1.0; channels]];
        names.iter().zip(&stored).for_each(|(name, numbers)| self.initializer(name, &[channels], numbers));
        self.node("BatchNormalization", &names, vec![float("epsilon", 0.0)]);
    }

    fn pad(&mut self, [top, left, bottom, right]: [usize; 4], value: f32) {
        let number = self.nodes.len() + 1;
        let name = format!("pad{number}.value");
        let sides = [0, 0, top, left, 0, 0, bottom, right].map(|side| side as i64);
        let sides = self.integers(&sides);
        self.initializer(&name, &[], &[value]);
        self.node("Pad", &[sides, name], vec![]);
    }

    fn finish(mut self, network: &Network, card: Option<&Card>) -> Model {
        if let Some(last) = self.nodes.last_mut() {
            last.outputs = vec![OUTPUT.into()];
        }
        let graph = Graph {
            nodes: self.nodes,
            name: network.name.clone(),
            initializers: self.initializers,
            inputs: vec![value(INPUT, &network.input_shape())],
            outputs: vec![value(OUTPUT, &[network.classes()])],
        };
        // GELU is an operator of its own since opset 20.
        let gelu = graph.nodes.iter().any(|n| n.operator == "Gelu");
        // A card is strings, numbers and lists of them, which JSON always takes.
        let card = card.map(|c| serde_json::to_string(c).unwrap_or_default());
        let entry = |key: &str, value: String| Entry { key: key.into(), value };
        let metadata = [Some(entry(NETWORK_KEY, network.name.clone())), card.map(|c| entry(CARD_KEY, c))];
        Model {
            ir_version: IR_VERSION,
            producer_name: "limbic".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: if gelu { OPSET_OF_GELU } else { OPSET } }],
            metadata: metadata.into_iter().flatten().collect(),
        }
    }
}

pub(super) fn int(name: &str, value: usize) -> Attribute {
    Attribute { name: name.into(), int: Some(value as i64), kind: ATTRIBUTE_INT, ..Attribute::default() }
}

pub(super) fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.into(), float: Some(value), kind: ATTRIBUTE_FLOAT, ..Attribute::default() }
}

fn string(name: &str, value: &str) -> Attribute {
    Attribute { name: name.into(), string: Some(value.into()), kind: ATTRIBUTE_STRING, ..Attribute::default() }
}

pub(super) fn ints(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|&v| v as i64).collect();
    Attribute { name: name.into(), ints, kind: ATTRIBUTE_INTS, ..Attribute::default() }
}

/// f32 [batch, shape...].
fn value(name: &str, shape: &[usize]) -> ValueInfo {
    let mut dims = vec![Dim { value: None, name: Some("batch".into()) }];
    dims.extend(shape.iter().map(|&d| Dim { value: Some(d as i64), name: None }));
    let tensor = TensorType { element: FLOAT, shape: Some(Shape { dims }) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
}
