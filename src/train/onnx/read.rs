//! ONNX bytes as a network: sequences of Conv, Relu, MaxPool, BatchNormalization (folded into the layer before it),
//! Flatten, Gemm, Dropout and Identity.

use super::message::{Attribute, Graph, Model, Node, TensorValue};
use super::{CARD_KEY, NETWORK_KEY, OnnxError};
use crate::train::card::Card;
use crate::train::network::{Conv2d, Dense, MapLayer, Network, RowLayer};
use crate::train::parameters::{tensor, values};
use prost::Message;
use std::collections::HashMap;

/// The network in an ONNX model, and limbic's card where it has one.
///
/// # Errors
/// Bytes that are no ONNX model, operators or attributes that limbic does not run (named), layers that do not fit
/// each other, a damaged card.
pub fn read(bytes: &[u8]) -> Result<(Network, Option<Card>), OnnxError> {
    let model = Model::decode(bytes).map_err(|e| OnnxError::Format(e.to_string()))?;
    let graph = model.graph.ok_or_else(|| OnnxError::Format("it has no graph".into()))?;
    let meta = |key: &str| model.metadata.iter().find(|e| e.key == key).map(|e| e.value.clone());
    let card = meta(CARD_KEY).map(|json| serde_json::from_str(&json).map_err(|e| OnnxError::Card(e.to_string())));
    let name = meta(NETWORK_KEY).unwrap_or_else(|| graph.name.clone());
    let (input, shape) = input_of(&graph)?;
    let mut reader = Reader {
        weights: graph.initializers.iter().map(|t| (t.name.as_str(), t)).collect(),
        maps: Vec::new(),
        rows: Vec::new(),
        flat: false,
    };
    let mut current = input;
    for node in &graph.nodes {
        let arriving = node.inputs.first().map_or("", String::as_str);
        if arriving != current {
            return Err(fault(node, format!("takes \"{arriving}\" where \"{current}\" comes next")));
        }
        reader.layer(node)?;
        current = node.outputs.first().map_or("", String::as_str);
    }
    let network = Network::new(&name, shape, reader.maps, reader.rows)?;
    Ok((network, card.transpose()?))
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

struct Reader<'a> {
    weights: HashMap<&'a str, &'a TensorValue>,
    maps: Vec<MapLayer>,
    rows: Vec<RowLayer>,
    /// The maps were flattened; what follows are rows.
    flat: bool,
}

impl Reader<'_> {
    fn layer(&mut self, node: &Node) -> Result<(), OnnxError> {
        match node.operator.as_str() {
            "Conv" if !self.flat => self.maps.push(self.conv(node)?.into()),
            "MaxPool" if !self.flat => self.maps.push(max_pool(node)?),
            "Relu" if self.flat => self.rows.push(RowLayer::Relu),
            "Relu" => self.maps.push(MapLayer::Relu),
            "Flatten" => {
                expect_int(node, "axis", 1, 1)?;
                self.flat = true;
            }
            "Gemm" => {
                self.flat = true;
                let dense = self.gemm(node)?;
                self.rows.push(dense.into());
            }
            "BatchNormalization" => self.batch_norm(node)?,
            "Dropout" | "Identity" => {}
            operator => return Err(OnnxError::Operator { operator: operator.into(), node: node.name.clone() }),
        }
        Ok(())
    }

    fn conv(&self, node: &Node) -> Result<Conv2d, OnnxError> {
        let (shape, weight) = self.weight::<4>(node, 1)?;
        let bias = if node.inputs.len() > 2 { self.weight::<1>(node, 2)?.1 } else { vec![0.0; shape[0]] };
        expect_ints(node, "dilations", 1)?;
        no_auto_pad(node)?;
        let pads = ints_of(node, "pads", 4, 0)?;
        if pads[0] != pads[2] || pads[1] != pads[3] {
            return Err(fault(node, format!("padding {pads:?} differs between the sides")));
        }
        let stride = ints_of(node, "strides", 2, 1)?;
        let groups = usize::try_from(int_of(node, "group", 1)).unwrap_or(0);
        let bias_shape = [bias.len()];
        Ok(Conv2d {
            weight: tensor(weight, shape),
            bias: tensor(bias, bias_shape),
            stride: [stride[0], stride[1]],
            padding: [pads[0], pads[1]],
            groups,
        })
    }

    fn gemm(&self, node: &Node) -> Result<Dense, OnnxError> {
        expect_int(node, "transA", 0, 0)?;
        if ["alpha", "beta"].iter().any(|name| find(node, name).and_then(|a| a.float).is_some_and(|f| f != 1.0)) {
            return Err(fault(node, "alpha or beta is not 1".into()));
        }
        let (mut shape, mut weight) = self.weight::<2>(node, 1)?;
        if int_of(node, "transB", 0) != 0 {
            let [rows, columns] = shape;
            weight = (0..columns).flat_map(|c| (0..rows).map(move |r| (r, c))).map(|(r, c)| weight[r * columns + c]).collect();
            shape = [columns, rows];
        }
        let bias = if node.inputs.len() > 2 { self.weight::<1>(node, 2)?.1 } else { vec![0.0; shape[1]] };
        let bias_shape = [bias.len()];
        Ok(Dense { weight: tensor(weight, shape), bias: tensor(bias, bias_shape) })
    }

    /// y = (x - mean) scale / sqrt(variance + epsilon) + shift, multiplied into the layer that made x.
    fn batch_norm(&mut self, node: &Node) -> Result<(), OnnxError> {
        let [scale, shift, mean, variance] = [
            self.weight::<1>(node, 1)?.1,
            self.weight::<1>(node, 2)?.1,
            self.weight::<1>(node, 3)?.1,
            self.weight::<1>(node, 4)?.1,
        ];
        let epsilon = find(node, "epsilon").and_then(|a| a.float).unwrap_or(1e-5);
        let factor: Vec<f32> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let fold_bias = |bias: &[f32]| -> Vec<f32> {
            (0..bias.len().min(factor.len())).map(|c| (bias[c] - mean[c]) * factor[c] + shift[c]).collect()
        };
        let equal = |channels: usize| [&shift, &mean, &factor].iter().all(|v| v.len() == channels);
        match (self.flat, self.maps.last_mut(), self.rows.last_mut()) {
            (false, Some(MapLayer::Conv2d(c)), _) if equal(c.bias.dims()[0]) => {
                let shape = c.weight.dims();
                let per_channel = shape[1] * shape[2] * shape[3];
                let weight = values(c.weight.clone()).iter().enumerate().map(|(i, w)| w * factor[i / per_channel]).collect();
                c.weight = tensor(weight, shape);
                c.bias = tensor(fold_bias(&values(c.bias.clone())), [shape[0]]);
                Ok(())
            }
            (true, _, Some(RowLayer::Dense(d))) if equal(d.bias.dims()[0]) => {
                let shape = d.weight.dims();
                let weight = values(d.weight.clone()).iter().enumerate().map(|(i, w)| w * factor[i % shape[1]]).collect();
                d.weight = tensor(weight, shape);
                d.bias = tensor(fold_bias(&values(d.bias.clone())), [shape[1]]);
                Ok(())
            }
            _ => Err(fault(node, "only directly behind a convolution or dense layer of its width can it be folded".into())),
        }
    }

    /// Shape and values of the weight that is input `index` of the node.
    fn weight<const D: usize>(&self, node: &Node, index: usize) -> Result<([usize; D], Vec<f32>), OnnxError> {
        let name = node.inputs.get(index).map_or("", String::as_str);
        let value =
            self.weights.get(name).ok_or_else(|| fault(node, format!("input {index} (\"{name}\") is not a stored weight")))?;
        let dims: Vec<usize> = value.dims.iter().filter_map(|d| usize::try_from(*d).ok()).collect();
        let shape: [usize; D] = dims
            .try_into()
            .map_err(|_| fault(node, format!("weight \"{name}\" has {} dimensions, not {D}", value.dims.len())))?;
        if value.data_type != super::message::FLOAT {
            return Err(fault(node, format!("weight \"{name}\" is not of 32-bit floats")));
        }
        let numbers: Vec<f32> = if value.raw.is_empty() {
            value.floats.clone()
        } else {
            value.raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let expected = shape.iter().try_fold(1usize, |product, d| product.checked_mul(*d));
        if expected != Some(numbers.len()) {
            return Err(fault(node, format!("weight \"{name}\" holds {} numbers, its shape is {shape:?}", numbers.len())));
        }
        Ok((shape, numbers))
    }
}

fn max_pool(node: &Node) -> Result<MapLayer, OnnxError> {
    expect_ints(node, "dilations", 1)?;
    expect_ints(node, "pads", 0)?;
    expect_int(node, "ceil_mode", 0, 0)?;
    no_auto_pad(node)?;
    let size = ints_of(node, "kernel_shape", 2, 0)?;
    let stride = ints_of(node, "strides", 2, 1)?;
    Ok(MapLayer::MaxPool2d { size: [size[0], size[1]], stride: [stride[0], stride[1]] })
}

fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Attribute> {
    node.attributes.iter().find(|a| a.name == name)
}

fn int_of(node: &Node, name: &str, default: i64) -> i64 {
    find(node, name).map_or(default, |a| a.int.unwrap_or(0))
}

/// A list attribute of `count` sizes, or `count` times the default.
fn ints_of(node: &Node, name: &str, count: usize, default: usize) -> Result<Vec<usize>, OnnxError> {
    let Some(attribute) = find(node, name) else { return Ok(vec![default; count]) };
    let sizes: Vec<usize> = attribute.ints.iter().filter_map(|v| usize::try_from(*v).ok()).collect();
    if sizes.len() == count { Ok(sizes) } else { Err(fault(node, format!("{name} {:?} is not {count} sizes", attribute.ints))) }
}

fn expect_ints(node: &Node, name: &str, all: i64) -> Result<(), OnnxError> {
    match find(node, name) {
        Some(a) if a.ints.iter().any(|v| *v != all) => Err(fault(node, format!("{name} {:?} is not supported", a.ints))),
        _ => Ok(()),
    }
}

fn expect_int(node: &Node, name: &str, expected: i64, default: i64) -> Result<(), OnnxError> {
    let found = int_of(node, name, default);
    if found == expected { Ok(()) } else { Err(fault(node, format!("{name} = {found} is not supported"))) }
}

fn no_auto_pad(node: &Node) -> Result<(), OnnxError> {
    let mode = find(node, "auto_pad").and_then(|a| a.string.as_deref()).unwrap_or(b"NOTSET");
    if mode == b"NOTSET" || mode.is_empty() {
        return Ok(());
    }
    Err(fault(node, format!("auto_pad {} is not supported", String::from_utf8_lossy(mode))))
}

fn fault(node: &Node, why: String) -> OnnxError {
    OnnxError::Node { operator: node.operator.clone(), node: node.name.clone(), why }
}
