//! TensorFlow Lite networks of plain layers as ONNX: BlazeFace of the npm package @mediapipe/face_detection (Apache-2.0).
//! Field numbers are those of the TensorFlow Lite schema. Inside the graph pictures lie as ONNX wants them (colours before
//! rows); its input and outputs keep the file's own layout.

use super::flatbuffer::Table;
use super::manifest::{Weight, transposed};
use crate::train::onnx::graph::{GraphBuilder, Size, Value};
use std::collections::BTreeMap;

/// Codes of operators.
const ADD: i32 = 0;
const CONCATENATE: i32 = 2;
const CONVOLVE: i32 = 3;
const DEPTHWISE: i32 = 4;
const DEQUANTISE: i32 = 6;
const MAX_POOL: i32 = 17;
const RELU: i32 = 19;
const RESHAPE: i32 = 22;
const RESIZE: i32 = 23;
const PAD: i32 = 34;
/// Codes of types.
const FLOAT32: u8 = 0;
const FLOAT16: u8 = 1;
const INT32: u8 = 2;

/// The ONNX file of a network.
///
/// # Errors
/// Bytes of another kind, or an operator that this converter does not know, in a few words.
pub fn convert(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    if bytes.get(4..8) != Some(b"TFL3") {
        return Err("it is no TensorFlow Lite file".into());
    }
    let model = Table::root(bytes).ok_or("it is cut off")?;
    let codes: Vec<i32> = model.tables(1).iter().map(|c| c.number(3).max(i32::from(c.byte(0)))).collect();
    let graph = model.tables(2).first().copied().ok_or("it has no graph")?;
    let mut net =
        Net { graph: GraphBuilder::default(), tensors: graph.tables(0), buffers: model.tables(4), constants: BTreeMap::new() };
    let (inputs, outputs) = (graph.numbers(1), graph.numbers(2));
    let &[input] = &inputs[..] else { return Err(format!("it has {} inputs", inputs.len())) };
    let shape = net.shape(input)?;
    net.graph.input("input", &shape.iter().map(|n| Size::Of(*n)).collect::<Vec<_>>());
    net.graph.node("Transpose", &named(input), &["input"], &[("perm", Value::Ints(&[0, 3, 1, 2]))]);
    for operator in graph.tables(3) {
        let code = codes.get(operator.number(0) as usize).copied().ok_or("an operator has no code")?;
        net.operator(code, operator)?;
    }
    for output in outputs {
        let shape = net.shape(output)?;
        net.graph.output(&named(output), &shape.iter().map(|n| Size::Of(*n)).collect::<Vec<_>>());
    }
    Ok(net.graph.finish(name))
}

fn named(tensor: i32) -> String {
    format!("t{tensor}")
}

struct Net<'a> {
    graph: GraphBuilder,
    tensors: Vec<Table<'a>>,
    buffers: Vec<Table<'a>>,
    /// Weights that were widened from 16 bits.
    constants: BTreeMap<i32, Weight>,
}

impl Net<'_> {
    fn shape(&self, tensor: i32) -> Result<Vec<usize>, String> {
        let table = self.tensors.get(tensor as usize).ok_or("a tensor is missing")?;
        Ok(table.numbers(0).iter().map(|n| *n as usize).collect())
    }

    fn raw(&self, tensor: i32) -> Result<(u8, &[u8]), String> {
        let table = self.tensors.get(tensor as usize).ok_or("a tensor is missing")?;
        let buffer = self.buffers.get(table.number(2) as usize).ok_or("a buffer is missing")?;
        Ok((table.byte(1), buffer.bytes(0)))
    }

    fn weight(&self, tensor: i32) -> Result<Weight, String> {
        if let Some(weight) = self.constants.get(&tensor) {
            return Ok(weight.clone());
        }
        let (kind, bytes) = self.raw(tensor)?;
        let shape = self.shape(tensor)?;
        let values: Vec<f32> = match kind {
            FLOAT32 => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            FLOAT16 => bytes.as_chunks::<2>().0.iter().map(|b| half(u16::from_le_bytes(*b))).collect(),
            other => return Err(format!("a weight is of type {other}")),
        };
        if values.len() != shape.iter().product::<usize>() || values.is_empty() {
            return Err(format!("a weight of {shape:?} holds {} numbers", values.len()));
        }
        Ok(Weight { shape, values })
    }

    fn whole_numbers(&self, tensor: i32) -> Result<Vec<i64>, String> {
        match self.raw(tensor)? {
            (INT32, bytes) => Ok(bytes.as_chunks::<4>().0.iter().map(|b| i64::from(i32::from_le_bytes(*b))).collect()),
            (other, _) => Err(format!("a list of sizes is of type {other}")),
        }
    }

    fn operator(&mut self, code: i32, operator: Table<'_>) -> Result<(), String> {
        let (inputs, outputs) = (operator.numbers(1), operator.numbers(2));
        let (Some(&input), Some(&output)) = (inputs.first(), outputs.first()) else {
            return Err(format!("an operator of code {code} has no input or output"));
        };
        let options = operator.table(4);
        let byte = |index: usize| options.map_or(0, |o| o.byte(index));
        let number = |index: usize| i64::from(options.map_or(0, |o| o.number(index)));
        let out = named(output);
        let fused = match code {
            DEQUANTISE => {
                let weight = self.weight(input)?;
                self.constants.insert(output, weight);
                0
            }
            CONVOLVE | DEPTHWISE => {
                let depthwise = code == DEPTHWISE;
                self.convolution(&inputs, &out, depthwise, byte(0), [number(2), number(1)])?;
                byte(if depthwise { 4 } else { 3 })
            }
            ADD => {
                let other = inputs.get(1).copied().ok_or("a sum has one part")?;
                self.graph.node("Add", &out, &[&named(input), &named(other)], &[]);
                byte(0)
            }
            RELU => {
                self.graph.node("Relu", &out, &[&named(input)], &[]);
                0
            }
            MAX_POOL => {
                let attributes = [
                    ("auto_pad", padding(byte(0))),
                    ("kernel_shape", Value::Ints(&[number(4), number(3)])),
                    ("strides", Value::Ints(&[number(2), number(1)])),
                ];
                self.graph.node("MaxPool", &out, &[&named(input)], &attributes);
                byte(5)
            }
            PAD => {
                self.pad(input, inputs.get(1).copied().ok_or("a padding has no sizes")?, &out)?;
                0
            }
            RESIZE => {
                self.resize(input, output, byte(3) != 0)?;
                0
            }
            RESHAPE => {
                let back = self.graph.node(
                    "Transpose",
                    &format!("{out}.rows"),
                    &[&named(input)],
                    &[("perm", Value::Ints(&[0, 2, 3, 1]))],
                );
                let shape: Vec<i64> = self.shape(output)?.iter().map(|n| *n as i64).collect();
                let shape = self.graph.integers(&format!("{out}.shape"), &shape);
                self.graph.node("Reshape", &out, &[&back, &shape], &[]);
                0
            }
            CONCATENATE => {
                let parts: Vec<String> = inputs.iter().map(|i| named(*i)).collect();
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                self.graph.node("Concat", &out, &parts, &[("axis", Value::Int(number(0)))]);
                byte(1)
            }
            other => return Err(format!("it has an operator of code {other}")),
        };
        if fused == 0 { Ok(()) } else { Err(format!("an operator of code {code} has an activation within")) }
    }

    /// Weights lie as [out, rows, columns, in], depthwise as [1, rows, columns, out].
    fn convolution(&mut self, inputs: &[i32], out: &str, depthwise: bool, pads: u8, strides: [i64; 2]) -> Result<(), String> {
        let &[input, kernel, bias] = inputs else { return Err("a convolution has no bias".into()) };
        let order = if depthwise { [3, 0, 1, 2] } else { [0, 3, 1, 2] };
        let (kernel, bias) = (transposed(&self.weight(kernel)?, &order)?, self.weight(bias)?);
        let group = if depthwise { kernel.shape[0] as i64 } else { 1 };
        let sides = [kernel.shape[2] as i64, kernel.shape[3] as i64];
        let kernel = self.graph.floats(&format!("{out}.weight"), &kernel.shape, &kernel.values);
        let bias = self.graph.floats(&format!("{out}.bias"), &bias.shape, &bias.values);
        let attributes = [
            ("auto_pad", padding(pads)),
            ("group", Value::Int(group)),
            ("kernel_shape", Value::Ints(&sides)),
            ("strides", Value::Ints(&strides)),
        ];
        self.graph.node("Conv", out, &[&named(input), &kernel, &bias], &attributes);
        Ok(())
    }

    /// Four pairs (before, after): batch, rows, columns, colours.
    fn pad(&mut self, input: i32, sizes: i32, out: &str) -> Result<(), String> {
        let sizes = self.whole_numbers(sizes)?;
        let &[n0, n1, h0, h1, w0, w1, c0, c1] = &sizes[..] else { return Err(format!("a padding has {} sizes", sizes.len())) };
        let sizes = self.graph.integers(&format!("{out}.sizes"), &[n0, c0, h0, w0, n1, c1, h1, w1]);
        self.graph.node("Pad", out, &[&named(input), &sizes], &[]);
        Ok(())
    }

    fn resize(&mut self, input: i32, output: i32, half_pixel: bool) -> Result<(), String> {
        let shape = self.shape(output)?;
        let &[n, h, w, c] = &shape[..] else { return Err(format!("a picture of {} axes", shape.len())) };
        let out = named(output);
        let sizes = self.graph.integers(&format!("{out}.sizes"), &[n as i64, c as i64, h as i64, w as i64]);
        let mode = if half_pixel { "half_pixel" } else { "asymmetric" };
        let attributes = [("mode", Value::Text("linear")), ("coordinate_transformation_mode", Value::Text(mode))];
        self.graph.node("Resize", &out, &[&named(input), "", "", &sizes], &attributes);
        Ok(())
    }
}

fn padding(code: u8) -> Value<'static> {
    Value::Text(if code == 0 { "SAME_UPPER" } else { "VALID" })
}

/// A number of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023) / 1024.0);
    match exponent {
        0 => sign * fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened() {
        let known =
            [(0x3C00, 1.0), (0xC000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x7BFF, 65504.0), (0, 0.0)];
        known.iter().for_each(|(bits, value)| assert_eq!(half(*bits), *value));
        assert!(half(0x7C00).is_infinite() && half(0x7E00).is_nan());
    }

    #[test]
    fn other_files_are_refused() {
        assert!(convert(b"no model at all", "x").is_err());
        assert!(convert(b"\x20\0\0\0TFL3", "x").is_err());
    }
}
