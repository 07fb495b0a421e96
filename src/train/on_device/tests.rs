//! Steps on a device beside steps on the host. With LIMBIC_TEST_GPU the device is the GPU of a build that has them;
//! otherwise the CPU stands for it, reached the same way.

use super::*;
use crate::signal::{Montage, Seed};
use crate::train::Predictor;
use crate::train::device::Compute;
use crate::train::fit::by_framework_in_training;
use crate::train::networks::{ARCHITECTURES, Size};

fn device() -> Device {
    let compute = if std::env::var_os("LIMBIC_TEST_GPU").is_some() { Compute::Gpu } else { Compute::Cpu };
    println!("{compute}");
    compute.device().expect("a build that has it")
}

fn size(name: &str) -> Size {
    let (input, hidden) = match name {
        "seed-a-cnn" => ([1, 22, 22], 20),
        "seed-b-head" => ([64, 7, 5], 24),
        "eeg-itnet" => ([1, 32, 300], 14),
        "sst-emotionnet" => ([30, 1, 32], 20),
        _ => ([1, 32, 32], 16),
    };
    Size { input, classes: 3, hidden, channels: Montage::biosemi32().labels }
}

/// Three steps of every network, with dropout, class weights, limits and batch statistics.
#[test]
fn every_network_takes_the_same_steps_there() {
    let device = device();
    for known in ARCHITECTURES {
        let size = size(known.name);
        let start = (known.build)(&size, &Seed::new(3)).expect("fits");
        let (mut here, mut adam) = (start.clone(), Adam::new());
        let mut there = OnDevice::new(&start, &Adam::new(), device.clone());
        let mut draws = Seed::new(4);
        let (mut pass_here, mut pass_there) = (Training::new(Seed::new(5)), Training::new(Seed::new(5)));
        let (weights, labels) = ([1.0, 0.5, 2.0], [0, 1, 2, 0, 1, 2]);
        let mut summed = 0.0;
        let mut inputs = Vec::new();
        let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        for step in 0..3 {
            inputs = (0..labels.len() * here.input_len()).map(|_| draws.normal() as f32).collect::<Vec<f32>>();
            let (loss, gradients) = by_framework_in_training(&here, inputs.clone(), &labels, &weights, &mut pass_here);
            summed += loss * labels.len() as f32;
            adam.step(&mut here, &gradients, 1e-3);
            here.keep_limits();
            here.absorb(&std::mem::take(&mut pass_here.statistics));
            there.step(inputs.clone(), &labels, &weights, 1e-3, &mut pass_there);
            if step == 0 {
                // Later the two go apart at kinks, where a last bit decides.
                let (ours, theirs) = (adam.flat(), there.adam().flat());
                let largest = ours.0.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
                let off = apart(&ours.0, &theirs.0);
                assert!(off < 1e-2 * largest, "{}: moments {off:.1e} of {largest:.1e} apart", known.name);
                assert!(apart(&ours.1, &theirs.1) < 1e-2 * largest.max(largest * largest), "{}", known.name);
            }
        }
        let back = there.network();
        let (off, moved) = (apart(&here.flat(), &back.flat()), apart(&here.flat(), &start.flat()));
        // Adam divides by the gradient's size: where one is nearly 0, a last bit decides about a step of 1e-3. All steps
        // together go the same way.
        let way = |network: &Network| -> Vec<f64> {
            network.flat().iter().zip(start.flat()).map(|(to, from)| f64::from(to - from)).collect()
        };
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let (a, b) = (way(&here), way(&back));
        let cosine = product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt();
        let answers = Examples { inputs: &inputs, labels: &labels };
        let logits = apart(&here.logits(&inputs, labels.len()), &there.logits(answers));
        let loss = there.take_loss();
        println!(
            "{}: loss {summed} and {loss}, parameters {off:.1e} of {moved:.1e} apart, \
             cosine {cosine:.6}, logits {logits:.1e}",
            known.name
        );
        assert!((loss - summed).abs() < 1e-3 * summed.abs(), "{}", known.name);
        assert!(off <= 6e-3 && cosine > 0.99 && moved > 1e-3, "{}", known.name);
        assert!(logits < 2e-2, "{}", known.name);
        assert_eq!((there.adam().steps(), there.take_loss()), (3, 0.0));
    }
}
