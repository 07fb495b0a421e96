//! The expression network of the npm package @vladmandic/face-api (MIT): seven classes of RGB 112 x 112.
//!
//! Scaled input; four blocks dense0..3 of four convolutions (the first at stride 2), each adding up what came before:
//! o1 = relu(c0), i3 = relu(o1 + c1(o1)), i4 = relu(o1 + c1 + c2(i3)), out = relu(o1 + c1 + c2 + c3(i4)); mean; dense;
//! softmax. Convolutions are depthwise-separable but for the first of all.

use super::manifest::{Weight, transposed, weight, weights};
use crate::infer::face::expression::{ABOUT_KEY, About};
use crate::train::onnx::graph::{GraphBuilder, Size, Value};
use std::collections::BTreeMap;

/// Means of red, green and blue that the network takes off before it divides by 255.
const MEANS: [f32; 3] = [122.782, 117.001, 104.298];
const SIDE: usize = 112;

/// The ONNX file from the package's manifest (JSON) and weights.
///
/// # Errors
/// Files that are not those of this network, in a few words.
pub fn convert(manifest: &[u8], bytes: &[u8]) -> Result<Vec<u8>, String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).map_err(|e| format!("its manifest: {e}"))?;
    let weights = weights(&manifest, bytes)?;
    let mut net = Net { graph: GraphBuilder::default(), weights };
    let about = About::face_api();
    net.graph.input("pixels", &[Size::Any("batch"), Size::Of(3), Size::Of(SIDE), Size::Of(SIDE)]);
    net.graph.floats("means", &[1, 3, 1, 1], &MEANS);
    net.graph.floats("range", &[], &[255.0]);
    net.graph.node("Sub", "centred", &["pixels", "means"], &[]);
    let mut at = net.graph.node("Div", "scaled", &["centred", "range"], &[]);
    for block in 0..4 {
        at = net.block(&format!("dense{block}"), &at, block == 0)?;
    }
    net.graph.node("GlobalAveragePool", "mean", &[&at], &[]);
    net.graph.node("Flatten", "flat", &["mean"], &[("axis", Value::Int(1))]);
    let (dense, bias) = (weight(&net.weights, "fc/weights")?.clone(), weight(&net.weights, "fc/bias")?.clone());
    net.graph.floats("fc.weight", &dense.shape, &dense.values);
    net.graph.floats("fc.bias", &bias.shape, &bias.values);
    net.graph.node("Gemm", "logits", &["flat", "fc.weight", "fc.bias"], &[]);
    net.graph.node("Softmax", "probabilities", &["logits"], &[("axis", Value::Int(1))]);
    net.graph.output("probabilities", &[Size::Any("batch"), Size::Of(about.classes.len())]);
    net.graph.metadata(ABOUT_KEY, &serde_json::to_string(&about).map_err(|e| e.to_string())?);
    Ok(net.graph.finish("face-api-expression"))
}

struct Net {
    graph: GraphBuilder,
    weights: BTreeMap<String, Weight>,
}

impl Net {
    fn block(&mut self, name: &str, input: &str, first: bool) -> Result<String, String> {
        let convolved = match first {
            true => self.plain(&format!("{name}/conv0"), input)?,
            false => self.separable(&format!("{name}/conv0"), input, 2)?,
        };
        let mut sum = self.graph.node("Relu", &format!("{name}.o1"), &[&convolved], &[]);
        let mut next = sum.clone();
        for k in 1..4 {
            let c = self.separable(&format!("{name}/conv{k}"), &next, 1)?;
            sum = self.graph.node("Add", &format!("{name}.sum{k}"), &[&sum, &c], &[]);
            next = self.graph.node("Relu", &format!("{name}.o{}", k + 1), &[&sum], &[]);
        }
        Ok(next)
    }

    fn plain(&mut self, name: &str, input: &str) -> Result<String, String> {
        let filters = transposed(weight(&self.weights, &format!("{name}/filters"))?, &[3, 2, 0, 1])?;
        self.convolution(name, input, &filters, Some(format!("{name}/bias")), 2, 1)
    }

    fn separable(&mut self, name: &str, input: &str, stride: i64) -> Result<String, String> {
        let depth = transposed(weight(&self.weights, &format!("{name}/depthwise_filter"))?, &[2, 3, 0, 1])?;
        let group = depth.shape[0] as i64;
        let between = self.convolution(&format!("{name}/depth"), input, &depth, None, stride, group)?;
        let point = transposed(weight(&self.weights, &format!("{name}/pointwise_filter"))?, &[3, 2, 0, 1])?;
        self.convolution(name, &between, &point, Some(format!("{name}/bias")), 1, 1)
    }

    fn convolution(
        &mut self,
        name: &str,
        input: &str,
        filters: &Weight,
        bias: Option<String>,
        stride: i64,
        group: i64,
    ) -> Result<String, String> {
        let stored = self.graph.floats(&format!("{name}.weight"), &filters.shape, &filters.values);
        let mut inputs = vec![input.to_string(), stored];
        if let Some(bias) = bias {
            let bias = weight(&self.weights, &bias)?;
            inputs.push(self.graph.floats(&format!("{name}.bias"), &bias.shape, &bias.values));
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let kernel = [filters.shape[2] as i64, filters.shape[3] as i64];
        let attributes = [
            ("auto_pad", Value::Text("SAME_UPPER")),
            ("group", Value::Int(group)),
            ("kernel_shape", Value::Ints(&kernel)),
            ("strides", Value::Ints(&[stride, stride])),
        ];
        Ok(self.graph.node("Conv", name, &inputs, &attributes))
    }
}
