//! Weights, constants and attributes of an ONNX graph.

use super::OnnxError;
use super::message::{Attribute, FLOAT, Graph, INT64, Node, TensorValue};
use std::collections::HashMap;

/// Stored weights and the outputs of Constant nodes, by name.
pub struct Values<'a>(HashMap<&'a str, &'a TensorValue>);

impl<'a> Values<'a> {
    pub fn of(graph: &'a Graph) -> Result<Self, OnnxError> {
        let mut values: HashMap<&str, &TensorValue> = graph.initializers.iter().map(|t| (t.name.as_str(), t)).collect();
        for node in graph.nodes.iter().filter(|n| n.operator == "Constant") {
            let value = find(node, "value").and_then(|a| a.tensor.as_ref());
            let value = value.ok_or_else(|| fault(node, "holds something else than a tensor".into()))?;
            values.insert(node.outputs.first().map_or("", String::as_str), value);
        }
        Ok(Values(values))
    }

    fn stored(&self, node: &Node, index: usize) -> Result<&TensorValue, OnnxError> {
        let name = node.inputs.get(index).map_or("", String::as_str);
        let value = self.0.get(name).ok_or_else(|| fault(node, format!("input {index} (\"{name}\") is not a stored weight")))?;
        if value.data_location.unwrap_or(0) != 0 {
            let why = format!("weight \"{name}\" lies in another file; export the model with its weights inside");
            return Err(fault(node, why));
        }
        Ok(value)
    }

    fn floats(&self, node: &Node, index: usize) -> Result<(&TensorValue, Vec<f32>), OnnxError> {
        let value = self.stored(node, index)?;
        if value.data_type != FLOAT {
            return Err(fault(node, format!("weight \"{}\" is not of 32-bit floats", value.name)));
        }
        if value.raw.is_empty() {
            return Ok((value, value.floats.clone()));
        }
        let numbers = value.raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok((value, numbers))
    }

    /// Shape and values of the weight that is input `index` of the node.
    pub fn weight<const D: usize>(&self, node: &Node, index: usize) -> Result<([usize; D], Vec<f32>), OnnxError> {
        let (value, numbers) = self.floats(node, index)?;
        let dims: Vec<usize> = value.dims.iter().filter_map(|d| usize::try_from(*d).ok()).collect();
        let name = &value.name;
        let shape: [usize; D] = dims
            .try_into()
            .map_err(|_| fault(node, format!("weight \"{name}\" has {} dimensions, not {D}", value.dims.len())))?;
        let expected = shape.iter().try_fold(1usize, |product, d| product.checked_mul(*d));
        if expected != Some(numbers.len()) {
            return Err(fault(node, format!("weight \"{name}\" holds {} numbers, its shape is {shape:?}", numbers.len())));
        }
        if let Some(bad) = numbers.iter().find(|v| !v.is_finite()) {
            return Err(fault(node, format!("weight \"{name}\" holds {bad}; the model is damaged, train it again")));
        }
        Ok((shape, numbers))
    }

    /// One number.
    pub fn scalar(&self, node: &Node, index: usize) -> Result<f32, OnnxError> {
        let (value, numbers) = self.floats(node, index)?;
        numbers.first().copied().ok_or_else(|| fault(node, format!("\"{}\" holds no number", value.name)))
    }

    /// Whole numbers, as shapes and axes are.
    pub fn integers(&self, node: &Node, index: usize) -> Result<Vec<i64>, OnnxError> {
        let value = self.stored(node, index)?;
        if value.data_type != INT64 {
            return Err(fault(node, format!("\"{}\" is not of 64-bit integers", value.name)));
        }
        if value.raw.is_empty() {
            return Ok(value.integers.clone());
        }
        let eight = value.raw.as_chunks::<8>().0.iter();
        Ok(eight.map(|b| i64::from_le_bytes(*b)).collect())
    }
}

/// How a convolution or pool looks at its input.
pub struct Window {
    pub size: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Top, left, bottom, right.
    pub pads: [usize; 4],
}

/// The window of a node whose kernel is `size`, on maps of this height and width.
pub fn window(node: &Node, size: [usize; 2], sides: [usize; 2]) -> Result<Window, OnnxError> {
    let two = |name: &str| ints_of(node, name, 2, 1).map(|v| [v[0], v[1]]);
    let (stride, dilation) = (two("strides")?, two("dilations")?);
    let given = ints_of(node, "pads", 4, 0)?;
    let mut pads = [given[0], given[1], given[2], given[3]];
    let mode = find(node, "auto_pad").and_then(|a| a.string.as_deref()).unwrap_or(b"NOTSET");
    match mode {
        b"NOTSET" | b"" => {}
        b"VALID" => pads = [0; 4],
        b"SAME_UPPER" | b"SAME_LOWER" => {
            for d in 0..2 {
                let reach = (size[d].max(1) - 1) * dilation[d] + 1;
                let total = ((sides[d].div_ceil(stride[d].max(1)) - 1) * stride[d] + reach).saturating_sub(sides[d]);
                let (less, more) = (total / 2, total - total / 2);
                (pads[d], pads[d + 2]) = if mode == b"SAME_UPPER" { (less, more) } else { (more, less) };
            }
        }
        other => return Err(fault(node, format!("auto_pad {} is not supported", String::from_utf8_lossy(other)))),
    }
    Ok(Window { size, stride, dilation, pads })
}

pub fn find<'a>(node: &'a Node, name: &str) -> Option<&'a Attribute> {
    node.attributes.iter().find(|a| a.name == name)
}

pub fn int_of(node: &Node, name: &str, default: i64) -> i64 {
    find(node, name).map_or(default, |a| a.int.unwrap_or(0))
}

pub fn float_of(node: &Node, name: &str, default: f32) -> f32 {
    find(node, name).map_or(default, |a| a.float.unwrap_or(0.0))
}

/// A list attribute of `count` sizes, or `count` times the default.
pub fn ints_of(node: &Node, name: &str, count: usize, default: usize) -> Result<Vec<usize>, OnnxError> {
    let Some(attribute) = find(node, name) else { return Ok(vec![default; count]) };
    let sizes: Vec<usize> = attribute.ints.iter().filter_map(|v| usize::try_from(*v).ok()).collect();
    if sizes.len() == count { Ok(sizes) } else { Err(fault(node, format!("{name} {:?} is not {count} sizes", attribute.ints))) }
}

pub fn expect_int(node: &Node, name: &str, expected: i64, default: i64) -> Result<(), OnnxError> {
    let found = int_of(node, name, default);
    if found == expected { Ok(()) } else { Err(fault(node, format!("{name} = {found} is not supported"))) }
}

pub fn fault(node: &Node, why: String) -> OnnxError {
    OnnxError::Node { operator: node.operator.clone(), node: node.name.clone(), why }
}
