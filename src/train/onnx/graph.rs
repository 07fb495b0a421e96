//! A graph of ONNX nodes put together by name, for networks that limbic did not make: converted ones and quantised ones.

use super::message::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, ATTRIBUTE_STRING, Attribute, Dim, Entry, FLOAT, Graph, INT64, Model, Node,
    OperatorSet, Shape, TensorType, TensorValue, Type, ValueInfo,
};
use super::{IR_VERSION, OPSET};
use prost::Message;

/// INT8, UINT8 and INT32 of TensorProto.DataType.
const INT8: i32 = 3;
const UINT8: i32 = 2;
const INT32: i32 = 6;

/// An attribute of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Float(f32),
    Text(&'a str),
}

/// A dimension of an input or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size<'a> {
    Of(usize),
    /// Any, under this name.
    Any(&'a str),
}

/// Nodes and weights in the order in which they are given.
#[derive(Debug, Clone, Default)]
pub struct GraphBuilder {
    nodes: Vec<Node>,
    initializers: Vec<TensorValue>,
    inputs: Vec<ValueInfo>,
    outputs: Vec<ValueInfo>,
    metadata: Vec<Entry>,
}

impl GraphBuilder {
    /// Adds a node with one output, and gives that output's name: `name`.
    pub fn node(&mut self, operator: &str, name: &str, inputs: &[&str], attributes: &[(&str, Value<'_>)]) -> String {
        let attributes = attributes.iter().map(|(name, value)| attribute(name, value)).collect();
        let inputs = inputs.iter().map(|i| i.to_string()).collect();
        self.nodes.push(Node {
            inputs,
            outputs: vec![name.into()],
            name: format!("{name}/{operator}"),
            operator: operator.into(),
            attributes,
        });
        name.into()
    }

    fn stored(&mut self, name: &str, shape: &[usize], data_type: i32, raw: Vec<u8>) -> String {
        let dims = shape.iter().map(|&d| d as i64).collect();
        self.initializers.push(TensorValue { dims, data_type, name: name.into(), raw, ..TensorValue::default() });
        name.into()
    }

    /// Weights, row-major.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        self.stored(name, shape, FLOAT, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Whole numbers: shapes, axes, paddings.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        self.stored(name, &[values.len()], INT64, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Quantised weights.
    pub fn signed_bytes(&mut self, name: &str, shape: &[usize], values: &[i8]) -> String {
        self.stored(name, shape, INT8, values.iter().map(|v| v.cast_unsigned()).collect())
    }

    pub fn bytes(&mut self, name: &str, shape: &[usize], values: &[u8]) -> String {
        self.stored(name, shape, UINT8, values.to_vec())
    }

    /// Quantised biases.
    pub fn words(&mut self, name: &str, shape: &[usize], values: &[i32]) -> String {
        self.stored(name, shape, INT32, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// Declares a float32 input.
    pub fn input(&mut self, name: &str, shape: &[Size<'_>]) {
        self.inputs.push(declared(name, shape));
    }

    /// Declares a float32 output: the name of a node or of another value.
    pub fn output(&mut self, name: &str, shape: &[Size<'_>]) {
        self.outputs.push(declared(name, shape));
    }

    pub fn metadata(&mut self, key: &str, value: &str) {
        self.metadata.push(Entry { key: key.into(), value: value.into() });
    }

    /// The model file. The same calls give the same bytes.
    pub fn finish(self, name: &str) -> Vec<u8> {
        let graph = Graph {
            nodes: self.nodes,
            name: name.into(),
            initializers: self.initializers,
            inputs: self.inputs,
            outputs: self.outputs,
        };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: "limbic".into(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            metadata: self.metadata,
            ..Model::default()
        };
        model.encode_to_vec()
    }
}

fn attribute(name: &str, value: &Value<'_>) -> Attribute {
    let named = Attribute { name: name.into(), ..Attribute::default() };
    match *value {
        Value::Int(v) => Attribute { int: Some(v), kind: ATTRIBUTE_INT, ..named },
        Value::Ints(v) => Attribute { ints: v.to_vec(), kind: ATTRIBUTE_INTS, ..named },
        Value::Float(v) => Attribute { float: Some(v), kind: ATTRIBUTE_FLOAT, ..named },
        Value::Text(v) => Attribute { string: Some(v.into()), kind: ATTRIBUTE_STRING, ..named },
    }
}

fn declared(name: &str, shape: &[Size<'_>]) -> ValueInfo {
    let dim = |size: &Size<'_>| match *size {
        Size::Of(n) => Dim { value: Some(n as i64), name: None },
        Size::Any(name) => Dim { value: None, name: Some(name.into()) },
    };
    let tensor = TensorType { element: FLOAT, shape: Some(Shape { dims: shape.iter().map(dim).collect() }) };
    ValueInfo { name: name.into(), kind: Some(Type { tensor: Some(tensor) }) }
}

/// A graph taken apart for someone who changes it: what a quantiser needs of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    pub nodes: Vec<Step>,
    pub weights: Vec<Weight>,
    /// Name and shape of the single input; `None` = any size.
    pub input: (String, Vec<Option<usize>>),
    pub output: (String, Vec<Option<usize>>),
    pub metadata: Vec<(String, String)>,
}

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub operator: String,
    pub inputs: Vec<String>,
    pub output: String,
    pub ints: Vec<(String, Vec<i64>)>,
    pub texts: Vec<(String, String)>,
}

/// Stored numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// Takes apart a model whose weights are all float32 and whose nodes have one output each.
///
/// # Errors
/// Bytes that are no ONNX model, another number of inputs or outputs, weights of another type; in a few words.
pub fn parts(bytes: &[u8]) -> Result<Parts, String> {
    let model = Model::decode(bytes).map_err(|e| format!("it is no ONNX model: {e}"))?;
    let graph = model.graph.ok_or("it has no graph")?;
    let shape = |info: &ValueInfo| {
        let dims = info.kind.as_ref().and_then(|k| k.tensor.as_ref()).and_then(|t| t.shape.as_ref()).map(|s| s.dims.as_slice());
        let sizes = dims.unwrap_or_default().iter().map(|d| d.value.and_then(|v| usize::try_from(v).ok())).collect();
        (info.name.clone(), sizes)
    };
    let [input] = &graph.inputs[..] else { return Err(format!("it has {} inputs", graph.inputs.len())) };
    let [output] = &graph.outputs[..] else { return Err(format!("it has {} outputs", graph.outputs.len())) };
    let weight = |t: &TensorValue| {
        if t.data_type != FLOAT || t.raw.is_empty() {
            return Err(format!("its weight \"{}\" is not stored as float32", t.name));
        }
        let values = t.raw.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        Ok(Weight { name: t.name.clone(), shape: t.dims.iter().map(|d| *d as usize).collect(), values })
    };
    let step = |n: &Node| match &n.outputs[..] {
        [output] => Ok(Step {
            operator: n.operator.clone(),
            inputs: n.inputs.clone(),
            output: output.clone(),
            ints: n.attributes.iter().filter_map(whole_numbers).collect(),
            texts: n
                .attributes
                .iter()
                .filter_map(|a| Some((a.name.clone(), String::from_utf8(a.string.clone()?).ok()?)))
                .collect(),
        }),
        others => Err(format!("its node \"{}\" has {} outputs", n.name, others.len())),
    };
    Ok(Parts {
        nodes: graph.nodes.iter().map(step).collect::<Result<_, _>>()?,
        weights: graph.initializers.iter().map(weight).collect::<Result<_, _>>()?,
        input: shape(input),
        output: shape(output),
        metadata: model.metadata.into_iter().map(|e| (e.key, e.value)).collect(),
    })
}

fn whole_numbers(attribute: &Attribute) -> Option<(String, Vec<i64>)> {
    match attribute.kind {
        ATTRIBUTE_INT => Some((attribute.name.clone(), vec![attribute.int?])),
        ATTRIBUTE_INTS => Some((attribute.name.clone(), attribute.ints.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_together_comes_apart() {
        let mut graph = GraphBuilder::default();
        graph.input("x", &[Size::Any("batch"), Size::Of(2)]);
        graph.floats("w", &[2, 1], &[1.5, -2.0]);
        graph.node("Gemm", "y", &["x", "w"], &[("transB", Value::Int(0))]);
        graph.output("y", &[Size::Any("batch"), Size::Of(1)]);
        graph.metadata("key", "value");
        let parts = parts(&graph.clone().finish("one")).expect("our own");
        assert_eq!(parts.weights[0].values, [1.5, -2.0]);
        assert_eq!((parts.input.1, parts.nodes[0].ints.clone()), (vec![None, Some(2)], vec![("transB".into(), vec![0])]));
        assert_eq!(graph.clone().finish("one"), graph.finish("one"));
        assert!(super::parts(b"no model").is_err());
    }
}
