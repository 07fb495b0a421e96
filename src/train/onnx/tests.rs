//! Round trips through the model file.

use super::message::{Attribute, Graph, Model, Node, TensorValue};
use super::*;
use crate::prepare::dataset::{Recipe, Target};
use crate::signal::Seed;
use crate::train::Predictor;
use crate::train::card::{Card, Scores};
use crate::train::network::Network;
use crate::train::networks::face_small::face_small;
use crate::train::networks::seed_a::seed_a;
use prost::Message;

pub(crate) fn card() -> Card {
    let recipe = Recipe { kind: "psd".into(), channels: vec!["Fz".into()], bands: vec![], parameters: Default::default() };
    Card {
        name: "eeg-1".into(),
        modality: "eeg".into(),
        network: "seed-a-cnn hidden=8".into(),
        input_shape: vec![1, 22, 22],
        classes: vec!["joy".into(), "fear".into()],
        target: Target::Intended,
        recipe,
        mean: vec![0.5],
        sd: vec![2.0],
        temperature: 1.25,
        seed: 7,
        protocol: "grouped 4-fold by trial".into(),
        scores: Scores::default(),
        trials: 24,
        trained_on: vec![("00000000000000a1".into(), 1)],
        participants: vec!["P01".into()],
        simulated: true,
        device: crate::train::device::Compute::Cpu,
        limbic_version: "0.1.0".into(),
        caveats: vec!["SIMULATED".into()],
    }
}

fn inputs(network: &Network, n: usize) -> Vec<f32> {
    let mut seed = Seed::new(21);
    (0..n * network.input_len()).map(|_| seed.normal() as f32).collect()
}

#[test]
fn every_network_returns_from_its_file_with_the_same_logits() {
    let seed = Seed::new(5);
    for network in [seed_a(3, 8, &seed).expect("fits"), face_small(12, 4, 8, &seed).expect("fits")] {
        let bytes = write(&network, &card());
        assert_eq!(bytes, write(&network, &card()), "the same network, other bytes");
        let (back, read_card) = read(&bytes).expect("our own file");
        assert_eq!((back.name.as_str(), read_card), (network.name.as_str(), Some(card())));
        for n in [1, 5] {
            let x = inputs(&network, n);
            for (a, b) in network.logits(&x, n).iter().zip(back.logits(&x, n)) {
                assert!((a - b).abs() < 1e-6, "{a} {b}");
            }
        }
    }
}

/// The file of `network` with its graph changed by `change`.
fn changed(network: &Network, change: impl FnOnce(&mut Graph)) -> Vec<u8> {
    let mut model = Model::decode(write(network, &card()).as_slice()).expect("decodes");
    change(model.graph.as_mut().expect("graph"));
    model.encode_to_vec()
}

#[test]
fn transposed_weights_and_ignored_layers_change_nothing() {
    let network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    let bytes = changed(&network, |graph| {
        let last = graph.nodes.last_mut().expect("Gemm");
        last.attributes.push(Attribute { name: "transB".into(), int: Some(1), kind: 2, ..Attribute::default() });
        last.outputs = vec!["before".into()];
        let identity =
            Node { inputs: vec!["before".into()], outputs: vec![OUTPUT.into()], operator: "Identity".into(), ..Node::default() };
        graph.nodes.push(identity);
        let weight = graph.initializers.iter_mut().find(|t| t.name == "dense2.weight").expect("weight");
        let numbers: Vec<f32> = weight.raw.chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        weight.raw.clear();
        weight.floats = (0..2).flat_map(|c| (0..4).map(move |r| (r, c))).map(|(r, c)| numbers[r * 2 + c]).collect();
        weight.dims = vec![2, 4];
    });
    let x = inputs(&network, 3);
    assert_eq!(read(&bytes).expect("reads").0.logits(&x, 3), network.logits(&x, 3));
}

#[test]
fn batch_normalization_is_folded_into_the_convolution() {
    let network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    // scale 2, shift 0, mean 0, variance 4 - epsilon: the identity.
    let bytes = changed(&network, |graph| {
        let conv = graph.nodes.iter().position(|n| n.operator == "Conv").expect("Conv");
        let out = graph.nodes[conv].outputs[0].clone();
        graph.nodes[conv].outputs = vec!["raw".into()];
        let mut inputs = vec!["raw".to_string()];
        for (name, value) in [("scale", 2.0), ("shift", 0.0), ("mean", 0.0), ("variance", 4.0f32 - 1e-5)] {
            let floats = vec![value; 8];
            graph.initializers.push(TensorValue {
                dims: vec![8],
                data_type: 1,
                floats,
                name: name.into(),
                ..TensorValue::default()
            });
            inputs.push(name.into());
        }
        let norm = Node { inputs, outputs: vec![out], operator: "BatchNormalization".into(), ..Node::default() };
        graph.nodes.insert(conv + 1, norm);
    });
    let x = inputs(&network, 2);
    for (a, b) in read(&bytes).expect("reads").0.logits(&x, 2).iter().zip(network.logits(&x, 2)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

/// Padding, norms that cannot be folded, other pools and curves: written, read, and the same function.
#[test]
fn other_layers_return_from_their_file() {
    use crate::train::network::{Conv2d, Curve, Dense, MapLayer, Norm, RowLayer};
    use crate::train::parameters::tensor;
    let mut seed = Seed::new(8);
    let norm = |n: usize| Norm {
        scale: tensor((0..n).map(|i| 0.5 + i as f32).collect(), [n]),
        shift: tensor((0..n).map(|i| 0.1 * i as f32).collect(), [n]),
    };
    let dilated = Conv2d { dilation: [2, 1], stride: [1, 2], padding: [2, 0], ..Conv2d::init(2, 3, 3, 1, &mut seed) };
    let maps = vec![
        MapLayer::Norm(Box::new(norm(2))),
        MapLayer::Pad { sides: [1, 0, 0, 2], value: 0.5 },
        dilated.into(),
        MapLayer::Curve(Curve::Elu(0.7)),
        MapLayer::AvgPool2d { size: [2, 2], stride: [2, 1] },
        MapLayer::Curve(Curve::LeakyRelu(0.2)),
    ];
    let rows = vec![
        Dense::init(3 * 4 * 4, 5, &mut seed).into(),
        RowLayer::Curve(Curve::Tanh),
        RowLayer::Norm(Box::new(norm(5))),
        RowLayer::Curve(Curve::GeluTanh),
        Dense::init(5, 2, &mut seed).into(),
    ];
    let network = Network::new("mixed", [2, 8, 9], maps, rows).expect("fits");
    let x = inputs(&network, 3);
    let (back, _) = read(&write(&network, &card())).expect("reads");
    for (a, b) in back.logits(&x, 3).iter().zip(network.logits(&x, 3)) {
        assert!((a - b).abs() < 1e-5, "{a} {b}");
    }
}

/// What exporters write for a dense layer and a flattening besides Gemm and Flatten; a softmax at the end.
#[test]
fn products_sums_reshapes_and_a_last_softmax_are_understood() {
    let network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    let bytes = changed(&network, |graph| {
        let flatten = graph.nodes.iter().position(|n| n.operator == "Flatten").expect("Flatten");
        graph.nodes[flatten].operator = "Reshape".into();
        graph.nodes[flatten].attributes.clear();
        graph.nodes[flatten].inputs.push("shape".into());
        let shape = TensorValue { dims: vec![2], data_type: 7, integers: vec![0, -1], ..TensorValue::default() };
        let value = Attribute { name: "value".into(), tensor: Some(shape), kind: 4, ..Attribute::default() };
        let attributes = vec![value];
        let constant = Node { outputs: vec!["shape".into()], operator: "Constant".into(), attributes, ..Node::default() };
        graph.nodes.insert(0, constant);
        let mut last = graph.nodes.pop().expect("Gemm");
        let bias = last.inputs.pop().expect("bias");
        last.operator = "MatMul".into();
        last.outputs = vec!["product".into()];
        graph.nodes.push(last);
        let node = |operator: &str, inputs: &[&str], output: &str| Node {
            inputs: inputs.iter().map(|i| i.to_string()).collect(),
            outputs: vec![output.into()],
            operator: operator.into(),
            ..Node::default()
        };
        graph.nodes.push(node("Add", &[&bias, "product"], "sum"));
        graph.nodes.push(node("Softmax", &["sum"], OUTPUT));
    });
    assert!(matches!(read(&bytes), Err(OnnxError::Operator { operator, .. }) if operator == "Softmax"));
    let x = inputs(&network, 3);
    assert_eq!(read_logits(&bytes).expect("reads").0.logits(&x, 3), network.logits(&x, 3));
}

#[test]
fn what_cannot_be_run_is_named() {
    let network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    let softmax = changed(&network, |g| g.nodes[1].operator = "Softmax".into());
    assert!(matches!(read(&softmax), Err(OnnxError::Operator { operator, .. }) if operator == "Softmax"));
    let branch = changed(&network, |g| g.nodes[3].inputs[0] = INPUT.into());
    assert!(matches!(read(&branch), Err(OnnxError::Node { .. })));
    let dilated = changed(&network, |g| {
        let ints = Attribute { name: "dilations".into(), ints: vec![2, 2], kind: 7, ..Attribute::default() };
        g.nodes[2].attributes.push(ints);
    });
    assert!(matches!(read(&dilated), Err(OnnxError::Node { why, .. }) if why.contains("dilations")));
    let short = changed(&network, |g| g.initializers[0].raw.truncate(8));
    assert!(matches!(read(&short), Err(OnnxError::Node { why, .. }) if why.contains("holds 2 numbers")));
    assert!(matches!(read(b"not a model"), Err(OnnxError::Format(_))));
}
