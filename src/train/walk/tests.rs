//! Walks against whole passes.

use super::*;
use crate::signal::Seed;
use crate::train::network::{Conv2d, Curve, Dense, Norm};
use crate::train::networks::face_small::face_small;
use crate::train::networks::seed_a::seed_a;

/// Largest difference between a walk's logits and whole passes over the same inputs, and the largest logit.
fn difference(network: &Network, seed: u64, alike: bool) -> (f32, f32) {
    let (n, len, classes) = (5, network.input_len(), Predictor::classes(network));
    let mut seed = Seed::new(seed);
    let goals: Vec<f32> = (0..n * len).map(|_| seed.normal() as f32).collect();
    let starts: Vec<f32> = (0..n * len).map(|_| if alike { 0.0 } else { seed.normal() as f32 }).collect();
    let mut order: Vec<usize> = (0..len).collect();
    seed.shuffle(&mut order);
    let points: Vec<usize> = (0..=len.min(90)).step_by(3).collect();
    let walk = Walk { starts: &starts, goals: &goals, n, order: &order, points: &points };
    let walked = network.walk(&walk).expect("has a plan");
    assert_eq!(walked.len(), n * points.len() * classes);
    let mut images = starts.clone();
    let (mut done, mut worst, mut largest) = (0, 0.0f32, 0.0f32);
    for (at, &point) in points.iter().enumerate() {
        for &position in &order[done..point] {
            (0..n).for_each(|i| images[i * len + position] = goals[i * len + position]);
        }
        done = point;
        for (i, whole) in network.logits(&images, n).chunks(classes).enumerate() {
            let start = (i * points.len() + at) * classes;
            for (a, b) in walked[start..start + classes].iter().zip(whole) {
                worst = worst.max((a - b).abs());
                largest = largest.max(b.abs());
            }
        }
    }
    (worst, largest)
}

fn same(network: &Network) {
    for (seed, alike) in [(1, true), (2, false)] {
        let (worst, largest) = difference(network, seed, alike);
        assert!(worst <= 2e-5 * largest.max(0.1), "{}: off by {worst} of {largest}", network.name);
    }
}

#[test]
fn the_networks_that_limbic_knows_walk_as_they_pass() {
    same(&seed_a(9, 64, &Seed::new(1)).expect("fits"));
    same(&face_small(12, 3, 16, &Seed::new(2)).expect("fits"));
}

/// Several input channels, strides, dilation, padding, overlapping pools, batch norm, other curves, a global mean.
#[test]
fn other_networks_walk_as_they_pass() {
    let mut seed = Seed::new(4);
    let conv = |inputs, outputs, side, seed: &mut Seed| Conv2d::init(inputs, outputs, side, 1, seed);
    let norm = Norm { scale: tensor(vec![0.5, -1.5, 2.0, 1.0], [4]), shift: tensor(vec![0.1, 0.2, -0.3, 0.0], [4]) };
    let strided = Conv2d { stride: [2, 1], padding: [0, 2], dilation: [1, 2], ..conv(4, 3, 3, &mut seed) };
    let maps = vec![
        conv(2, 4, 5, &mut seed).into(),
        MapLayer::Norm(Box::new(norm)),
        MapLayer::Curve(Curve::Elu(1.0)),
        MapLayer::Pad { sides: [1, 0, 2, 1], value: -1e30 },
        MapLayer::MaxPool2d { size: [3, 2], stride: [1, 2] },
        strided.into(),
        MapLayer::Curve(Curve::Gelu),
        MapLayer::AvgPool2d { size: [2, 2], stride: [1, 1] },
        MapLayer::Relu,
    ];
    let mut shape = [2, 9, 11];
    for layer in &maps {
        shape = layer.output_shape(shape).expect("fits");
    }
    let mut rows = vec![
        RowLayer::Dropout(0.5),
        Dense::init(shape.iter().product(), 6, &mut seed).into(),
        RowLayer::Curve(Curve::Tanh),
        Dense::init(6, 4, &mut seed).into(),
    ];
    same(&Network::new("mixed", [2, 9, 11], maps.clone(), rows.clone()).expect("fits"));
    let mut pooled = maps;
    pooled.push(MapLayer::AvgPool2d { size: [shape[1], shape[2]], stride: [1, 1] });
    rows[1] = Dense::init(shape[0], 6, &mut seed).into();
    same(&Network::new("global mean", [2, 9, 11], pooled, rows).expect("fits"));
}

#[test]
fn what_has_no_plan_says_so_and_a_changed_weight_is_seen() {
    let mut seed = Seed::new(6);
    let grouped = Conv2d { groups: 2, ..Conv2d::init(1, 4, 3, 1, &mut seed) };
    let rows = vec![Dense::init(4 * 36, 2, &mut seed).into()];
    let network = Network::new("grouped", [2, 6, 6], vec![grouped.into()], rows).expect("fits");
    let zeros = vec![0.0; 72];
    let walk = Walk { starts: &zeros, goals: &zeros, n: 1, order: &[0], points: &[0, 1] };
    assert_eq!(network.walk(&walk), None);
    let mut network = face_small(8, 2, 4, &Seed::new(1)).expect("fits");
    same(&network);
    network.edit_parameters(|_, values| values.iter_mut().for_each(|v| *v *= 1.5));
    same(&network);
}

/// Paths, unrelated inputs, and a last group that is not full; single inputs go by whole tensors.
#[test]
fn gradients_of_sixteen_are_those_of_one() {
    let mut seed = Seed::new(8);
    let strided = Conv2d { stride: [2, 1], padding: [0, 2], dilation: [1, 2], ..Conv2d::init(2, 20, 3, 1, &mut seed) };
    let maps = vec![strided.into(), MapLayer::Relu, Conv2d::init(20, 3, 3, 0, &mut seed).into()];
    let mut shape = [2, 9, 11];
    for layer in &maps {
        shape = layer.output_shape(shape).expect("fits");
    }
    let rows = vec![
        Dense::init(shape.iter().product(), 20, &mut seed).into(),
        RowLayer::Curve(Curve::Tanh),
        Dense::init(20, 4, &mut seed).into(),
    ];
    let strided = Network::new("strided", [2, 9, 11], maps, rows).expect("fits");
    for network in [seed_a(9, 64, &Seed::new(1)).expect("fits"), strided] {
        let (n, len) = (85, network.input_len());
        let ends: Vec<f32> = (0..n * len).map(|_| seed.normal() as f32).collect();
        let path = |i: usize| ends[i % len] * ((i / len) as f32 + 0.5) / n as f32;
        for inputs in [ends.clone(), (0..n * len).map(path).collect()] {
            let together = network.gradients_in_lanes(&inputs, n, 2).expect("convolutions and ReLUs");
            let alone: Vec<f32> =
                inputs.chunks(len).flat_map(|x| crate::train::Differentiable::gradients(&network, x, 1, 2)).collect();
            let largest = alone.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let worst = together.iter().zip(&alone).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
            assert!(together.len() == alone.len() && worst < 2e-5 * largest, "{}: {worst} of {largest}", network.name);
        }
    }
}
