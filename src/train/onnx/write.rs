//! A network as ONNX bytes.

use super::message::{
    ATTRIBUTE_INT, ATTRIBUTE_INTS, Attribute, Dim, Entry, FLOAT, Graph, Model, Node, OperatorSet, Shape, TensorType, TensorValue,
    Type, ValueInfo,
};
use super::{CARD_KEY, INPUT, IR_VERSION, NETWORK_KEY, OPSET, OUTPUT};
use crate::train::card::Card;
use crate::train::network::{MapLayer, Network, RowLayer};
use prost::Message;

/// The network as an ONNX model: input "input" with a dynamic batch, output "logits", dropout left out, the card as
/// metadata. The same network and card give the same bytes.
pub fn write(network: &Network, card: &Card) -> Vec<u8> {
    let mut builder = Builder { current: INPUT.into(), ..Builder::default() };
    network.parameters().iter().for_each(|p| builder.initializer(&p.name, &p.shape(), &p.values()));
    let mut convolutions = 0;
    for layer in &network.maps {
        match layer {
            MapLayer::Conv2d(c) => {
                convolutions += 1;
                let [_, _, height, width] = c.weight.dims();
                let [top, left] = c.padding;
                let attributes = vec![
                    ints("dilations", &[1, 1]),
                    int("group", c.groups),
                    ints("kernel_shape", &[height, width]),
                    ints("pads", &[top, left, top, left]),
                    ints("strides", &c.stride),
                ];
                builder.node("Conv", &parameters("conv", convolutions), attributes);
            }
            MapLayer::Relu => builder.node("Relu", &[], vec![]),
            MapLayer::MaxPool2d { size, stride } => {
                builder.node("MaxPool", &[], vec![ints("kernel_shape", size), ints("strides", stride)]);
            }
        }
    }
    builder.node("Flatten", &[], vec![int("axis", 1)]);
    let mut dense = 0;
    for layer in &network.rows {
        match layer {
            RowLayer::Dense(_) => {
                dense += 1;
                builder.node("Gemm", &parameters("dense", dense), vec![]);
            }
            RowLayer::Relu => builder.node("Relu", &[], vec![]),
            RowLayer::Dropout(_) => {}
        }
    }
    builder.finish(network, card).encode_to_vec()
}

/// Nodes appended one after another, each taking what the one before made.
#[derive(Default)]
struct Builder {
    current: String,
    nodes: Vec<Node>,
    initializers: Vec<TensorValue>,
}

impl Builder {
    fn node(&mut self, operator: &str, extra: &[String], attributes: Vec<Attribute>) {
        let name = format!("{}{}", operator.to_lowercase(), self.nodes.len() + 1);
        let mut inputs = vec![self.current.clone()];
        inputs.extend_from_slice(extra);
        self.current = format!("{name}.out");
        let outputs = vec![self.current.clone()];
        self.nodes.push(Node { inputs, outputs, name, operator: operator.into(), attributes });
    }

    fn initializer(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.initializers.push(TensorValue {
            dims: shape.iter().map(|&d| d as i64).collect(),
            data_type: FLOAT,
            floats: Vec::new(),
            name: name.into(),
            raw: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        });
    }

    fn finish(mut self, network: &Network, card: &Card) -> Model {
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
        // A card is strings, numbers and lists of them, which JSON always takes.
        let card = serde_json::to_string(card).unwrap_or_default();
        let entry = |key: &str, value: String| Entry { key: key.into(), value };
        Model {
            ir_version: IR_VERSION,
            producer_name: "limbic".into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            metadata: vec![entry(NETWORK_KEY, network.name.clone()), entry(CARD_KEY, card)],
        }
    }
}

fn parameters(layer: &str, number: usize) -> [String; 2] {
    [format!("{layer}{number}.weight"), format!("{layer}{number}.bias")]
}

fn int(name: &str, value: usize) -> Attribute {
    Attribute { name: name.into(), int: Some(value as i64), kind: ATTRIBUTE_INT, ..Attribute::default() }
}

fn ints(name: &str, values: &[usize]) -> Attribute {
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
