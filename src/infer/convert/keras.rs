//! Keras models as TensorFlow.js stores them (a list of layers and their weights) as ONNX, up to the features: what the
//! npm package nsfwjs (MIT) holds of InceptionV3 and MobileNetV2. Batch normalisation is folded into the convolution
//! before it.

use super::javascript::{base64, exported};
use super::manifest::{self, Weight, transposed, weight, weights};
use crate::train::onnx::graph::{GraphBuilder, Size, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Metadata key: how the network's input comes of 0-1 values ("unit": as they are).
pub const SCALING_KEY: &str = "limbic.scaling";
/// Metadata key: the side of the pictures it was trained on.
pub const SIDE_KEY: &str = "limbic.side";
/// The network's output.
pub const FEATURES: &str = "features";

/// Where a network ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At its flattened means, so many; pictures of any height and width, since the last pooling becomes a mean over
    /// whatever is left.
    Means(usize),
    /// Behind a layer, at maps of [channels, height, width]; pictures of the size that the network declares.
    Layer(&'static str, [usize; 3]),
}

/// The features of a network, from the JavaScript modules of its layers and of its weights (in the order of their
/// names). Input: RGB 0-1, channels first.
///
/// # Errors
/// Modules of another kind, or a layer that this converter does not know, in a few words.
pub fn convert(model: &str, shards: &[String], name: &str, end: End) -> Result<Vec<u8>, String> {
    let model = exported(model)?;
    let mut bytes = Vec::new();
    for shard in shards {
        let Json::String(text) = exported(shard)? else { return Err("its weights are no text".into()) };
        bytes.extend(base64(&text)?);
    }
    let weights = weights(&model["weightsManifest"], &bytes)?;
    let config = &model["modelTopology"]["model_config"]["config"];
    let layers = config["layers"].as_array().ok_or("it has no layers")?;
    let mut net = Net { graph: GraphBuilder::default(), weights, names: BTreeMap::new(), folded: folded(layers), end };
    let side = layers.first().and_then(|l| l["config"]["batch_input_shape"][1].as_u64()).ok_or("it has no input size")?;
    for layer in layers {
        if net.layer(layer)? {
            net.graph.metadata(SCALING_KEY, "unit");
            net.graph.metadata(SIDE_KEY, &side.to_string());
            return Ok(net.graph.finish(name));
        }
    }
    Err(match end {
        End::Means(_) => "it has no flattened features".into(),
        End::Layer(layer, _) => format!("it has no layer {layer}"),
    })
}

/// Convolution -> the normalisation behind it.
fn folded(layers: &[Json]) -> BTreeMap<String, Json> {
    let normalisations = layers.iter().filter(|l| l["class_name"] == "BatchNormalization");
    normalisations.filter_map(|l| Some((sources(l).first()?.clone(), l.clone()))).collect()
}

/// The layers that a layer takes from.
fn sources(layer: &Json) -> Vec<String> {
    let nodes = layer["inbound_nodes"][0].as_array().map_or(&[][..], Vec::as_slice);
    nodes.iter().filter_map(|node| node[0].as_str().map(str::to_string)).collect()
}

struct Net {
    graph: GraphBuilder,
    weights: BTreeMap<String, Weight>,
    /// Layer -> the value that stands for its output.
    names: BTreeMap<String, String>,
    folded: BTreeMap<String, Json>,
    end: End,
}

impl Net {
    /// Adds a layer; true where it was the last one.
    fn layer(&mut self, layer: &Json) -> Result<bool, String> {
        let class = layer["class_name"].as_str().unwrap_or_default();
        let config = &layer["config"];
        let name = config["name"].as_str().unwrap_or_default().to_string();
        let inputs: Vec<String> = sources(layer).iter().filter_map(|s| self.names.get(s).cloned()).collect();
        let first = inputs.first().map(String::as_str).unwrap_or_default();
        let value = match class {
            "InputLayer" => {
                let declared = |axis: usize| config["batch_input_shape"][axis].as_u64().map(|side| Size::Of(side as usize));
                let [height, width] = match self.end {
                    End::Means(_) => [Size::Any("height"), Size::Any("width")],
                    End::Layer(..) => [declared(1).ok_or("it has no height")?, declared(2).ok_or("it has no width")?],
                };
                self.graph.input(&name, &[Size::Any("batch"), Size::Of(3), height, width]);
                name.clone()
            }
            "Conv2D" | "DepthwiseConv2D" => self.convolution(&name, config, first, class == "DepthwiseConv2D")?,
            "ZeroPadding2D" => self.pad(&name, config, first)?,
            "Add" => {
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                self.graph.node("Sum", &name, &inputs, &[])
            }
            "ReLU" => self.relu(&name, config, first)?,
            // Folded into the convolution, or nothing at all when it runs.
            "BatchNormalization" | "Dropout" => first.to_string(),
            "Activation" if config["activation"] == "relu" => self.graph.node("Relu", &name, &[first], &[]),
            "MaxPooling2D" => self.pool("MaxPool", &name, config, first)?,
            "AveragePooling2D" => self.pool("AveragePool", &name, config, first)?,
            "Concatenate" => {
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                self.graph.node("Concat", &name, &inputs, &[("axis", Value::Int(1))])
            }
            "Flatten" => {
                self.graph.node("GlobalAveragePool", "mean", &[first], &[]);
                self.graph.node("Flatten", FEATURES, &["mean"], &[("axis", Value::Int(1))]);
                let End::Means(count) = self.end else { return Err("it ends before the wanted layer".into()) };
                self.graph.output(FEATURES, &[Size::Any("batch"), Size::Of(count)]);
                return Ok(true);
            }
            other => return Err(format!("its layer {name} is a {other}")),
        };
        if let End::Layer(last, [channels, height, width]) = self.end
            && name == last
        {
            self.graph.node("Identity", FEATURES, &[&value], &[]);
            self.graph.output(FEATURES, &[Size::Any("batch"), Size::Of(channels), Size::Of(height), Size::Of(width)]);
            return Ok(true);
        }
        self.names.insert(name, value);
        Ok(false)
    }

    /// Zeros around a map: [[above, below], [left, right]].
    fn pad(&mut self, name: &str, config: &Json, input: &str) -> Result<String, String> {
        let ([above, below], [left, right]) = (pair(&config["padding"][0])?, pair(&config["padding"][1])?);
        let sides = self.graph.integers(&format!("{name}.sides"), &[0, 0, above, left, 0, 0, below, right]);
        Ok(self.graph.node("Pad", name, &[input, &sides], &[("mode", Value::Text("constant"))]))
    }

    /// Up to a largest value where the layer names one (6 in MobileNets).
    fn relu(&mut self, name: &str, config: &Json, input: &str) -> Result<String, String> {
        // What TensorFlow.js leaves out is 0.
        let none = |key: &str| config[key].as_f64().is_none_or(|v| v == 0.0);
        if !(none("negative_slope") && none("threshold")) {
            return Err(format!("its layer {name} is more than a plain ReLU"));
        }
        let Some(most) = config["max_value"].as_f64() else { return Ok(self.graph.node("Relu", name, &[input], &[])) };
        let least = self.graph.floats(&format!("{name}.least"), &[], &[0.0]);
        let most = self.graph.floats(&format!("{name}.most"), &[], &[most as f32]);
        Ok(self.graph.node("Clip", name, &[input, &least, &most], &[]))
    }

    /// A convolution of all channels together, or of each by itself (`apart`).
    fn convolution(&mut self, name: &str, config: &Json, input: &str, apart: bool) -> Result<String, String> {
        let plain = config["activation"] == "linear"
            && config["use_bias"] == false
            && config["dilation_rate"] == serde_json::json!([1, 1]);
        if !plain {
            return Err(format!("its layer {name} is more than a plain convolution"));
        }
        // Height, width, inputs, outputs of each.
        let mut kernel = match apart {
            false => transposed(weight(&self.weights, &format!("{name}/kernel"))?, &[3, 2, 0, 1])?,
            true => transposed(weight(&self.weights, &format!("{name}/depthwise_kernel"))?, &[2, 3, 0, 1])?,
        };
        if apart && kernel.shape[1] != 1 {
            return Err(format!("its layer {name} makes several maps of one"));
        }
        let channels = kernel.shape[0];
        let (factor, shift) = self.normalisation(name, channels)?;
        let size = kernel.values.len() / channels.max(1);
        kernel.values.iter_mut().enumerate().for_each(|(i, v)| *v *= factor[i / size.max(1)]);
        let stored = self.graph.floats(&format!("{name}.weight"), &kernel.shape, &kernel.values);
        let bias = self.graph.floats(&format!("{name}.bias"), &[channels], &shift);
        let sides = [kernel.shape[2] as i64, kernel.shape[3] as i64];
        let strides = pair(&config["strides"])?;
        let groups = if apart { channels as i64 } else { 1 };
        let mut attributes =
            vec![("auto_pad", padding(config)), ("kernel_shape", Value::Ints(&sides)), ("strides", Value::Ints(&strides))];
        // 1 is what ONNX takes where nothing is said.
        attributes.extend(apart.then_some(("group", Value::Int(groups))));
        Ok(self.graph.node("Conv", name, &[input, &stored, &bias], &attributes))
    }

    /// Factor and shift of the normalisation behind a convolution (scale 1 and shift 0 where it stores none).
    fn normalisation(&self, convolution: &str, channels: usize) -> Result<(Vec<f32>, Vec<f32>), String> {
        let Some(layer) = self.folded.get(convolution) else { return Ok((vec![1.0; channels], vec![0.0; channels])) };
        let name = layer["config"]["name"].as_str().unwrap_or_default();
        let epsilon = layer["config"]["epsilon"].as_f64().unwrap_or(1e-3);
        let stored = |part: &str, default: f32| {
            self.weights.get(&format!("{name}/{part}")).map_or(vec![default; channels], |w| w.values.clone())
        };
        let (gamma, beta) = (stored("gamma", 1.0), stored("beta", 0.0));
        let mean = &weight(&self.weights, &format!("{name}/moving_mean"))?.values;
        let variance = &weight(&self.weights, &format!("{name}/moving_variance"))?.values;
        let found =
            manifest::folded([&gamma, &beta, mean, variance], epsilon).ok().filter(|(factor, _)| factor.len() == channels);
        found.ok_or_else(|| format!("its layer {name} does not fit {convolution}"))
    }

    fn pool(&mut self, operator: &str, name: &str, config: &Json, input: &str) -> Result<String, String> {
        // A mean over all that is left, before the end: the mean that follows anyway.
        if operator == "AveragePool" && config["padding"] == "valid" {
            return Ok(input.into());
        }
        let (size, strides) = (pair(&config["pool_size"])?, pair(&config["strides"])?);
        let attributes =
            [("auto_pad", padding(config)), ("kernel_shape", Value::Ints(&size)), ("strides", Value::Ints(&strides))];
        Ok(self.graph.node(operator, name, &[input], &attributes))
    }
}

fn padding(config: &Json) -> Value<'static> {
    Value::Text(if config["padding"] == "same" { "SAME_UPPER" } else { "VALID" })
}

fn pair(value: &Json) -> Result<[i64; 2], String> {
    match (value[0].as_i64(), value[1].as_i64()) {
        (Some(a), Some(b)) => Ok([a, b]),
        _ => Err(format!("{value} is no pair of sizes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::onnx::graph::parts;

    fn module(value: &str) -> String {
        format!("!function(){{n.exports={value}}}")
    }

    /// One 1 x 1 convolution, 2 x, normalised by variance 0.999 + 0.001, mean 1.5 and shift 0.5: 2 x - 1.
    #[test]
    fn normalisation_is_in_the_convolution() {
        let layer = |class: &str, config: &str, from: &str| {
            let nodes = if from.is_empty() { "[]".into() } else { format!("[[[\"{from}\",0,0,{{}}]]]") };
            format!("{{class_name:\"{class}\",config:{{{config}}},inbound_nodes:{nodes}}}")
        };
        let layers = [
            layer("InputLayer", "name:\"x\",batch_input_shape:[null,9,9,3]", ""),
            layer(
                "Conv2D",
                "name:\"c\",strides:[1,1],padding:\"valid\",dilation_rate:[1,1],activation:\"linear\",use_bias:!1",
                "x",
            ),
            layer("BatchNormalization", "name:\"b\",epsilon:.001", "c"),
            layer("Activation", "name:\"a\",activation:\"relu\"", "b"),
            layer("Flatten", "name:\"f\"", "a"),
        ];
        let entry = |name: &str, shape: &str| format!("{{name:\"{name}\",shape:{shape},dtype:\"float32\"}}");
        let list = [
            entry("c/kernel", "[1,1,3,1]"),
            entry("b/beta", "[1]"),
            entry("b/moving_mean", "[1]"),
            entry("b/moving_variance", "[1]"),
        ];
        let model = module(&format!(
            "{{modelTopology:{{model_config:{{config:{{layers:[{}]}}}}}},weightsManifest:[{{weights:[{}]}}]}}",
            layers.join(","),
            list.join(",")
        ));
        let bytes: Vec<u8> = [2.0f32, 0.0, 0.0, 0.5, 1.5, 0.999].iter().flat_map(|v| v.to_le_bytes()).collect();
        let shard = module(&format!("\"{}\"", text(&bytes)));
        let parts = parts(&convert(&model, &[shard], "n", End::Means(1)).expect("converts")).expect("our own");
        assert!((parts.weights[0].values[0] - 2.0).abs() < 1e-6 && (parts.weights[1].values[0] + 1.0).abs() < 1e-6, "{parts:?}");
        let operators: Vec<&str> = parts.nodes.iter().map(|n| n.operator.as_str()).collect();
        assert_eq!(operators, ["Conv", "Relu", "GlobalAveragePool", "Flatten"]);
    }

    fn text(bytes: &[u8]) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let sextet = |three: &[u8], k: usize| {
            let held = three.iter().enumerate().fold(0u32, |h, (i, b)| h | u32::from(*b) << (16 - 8 * i));
            char::from(letters[(held >> (18 - 6 * k) & 63) as usize])
        };
        bytes.chunks(3).flat_map(|three| (0..=three.len()).map(move |k| sextet(three, k))).collect()
    }
}
