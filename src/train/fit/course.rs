//! A network on its way through the epochs: batches in seeded order, each a step of the optimiser.

use super::{Examples, FitOptions, evaluate, judge, pass_back};
use crate::job::Job;
use crate::signal::Seed;
use crate::train::Predictor;
use crate::train::adam::Adam;
use crate::train::device::{Compute, DeviceError};
use crate::train::direct::Direct;
use crate::train::network::{Network, Training};
use crate::train::on_device::OnDevice;
use burn::tensor::Device;

/// A network on its way.
pub(super) struct Course<'a> {
    pub network: Network,
    pub adam: Adam,
    pub rate: f64,
    weights: Vec<f32>,
    options: &'a FitOptions,
    /// Steps without the framework, where the network's layers allow them.
    direct: Option<Direct>,
    /// Where steps are taken, if that is not the CPU; the network and the optimiser here then stand as of the last epoch.
    elsewhere: Option<Device>,
    there: Option<OnDevice>,
}

impl<'a> Course<'a> {
    pub fn new(network: Network, labels: &[usize], options: &'a FitOptions) -> Result<Self, DeviceError> {
        let weights =
            if options.class_weights { inverse_frequencies(labels, network.classes()) } else { vec![1.0; network.classes()] };
        let elsewhere = if options.device == Compute::Cpu { None } else { Some(options.device.device()?) };
        let direct = Direct::of(&network).filter(|_| elsewhere.is_none());
        let (adam, rate) = (Adam::new(), options.learning_rate);
        Ok(Course { network, adam, rate, weights, options, direct, elsewhere, there: None })
    }

    /// Goes on with this optimiser.
    pub fn go_on(&mut self, rate: f64, adam: Adam) {
        (self.rate, self.adam, self.there) = (rate, adam, None);
    }

    /// Mean cross-entropy (unweighted) and accuracy, dropout off.
    pub fn evaluate(&self, examples: Examples<'_>) -> (f32, f32) {
        match &self.there {
            Some(there) => judge(&there.logits(examples), examples, self.network.classes()),
            None => evaluate(&self.network, examples),
        }
    }

    /// One pass over the training part in seeded order; its mean loss, or `None` when the job was stopped. `adam` = whether
    /// the optimiser's memory is wanted here as well.
    pub fn epoch(&mut self, epoch: u32, training: Examples<'_>, job: &Job, adam: bool) -> Option<f32> {
        if let (Some(device), None) = (&self.elsewhere, &self.there) {
            self.there = Some(OnDevice::new(&self.network, &self.adam, device.clone()));
        }
        let seed = Seed::new(self.options.seed);
        let mut pass = Training::new(seed.fork(&format!("dropout {epoch}")));
        let mut order: Vec<usize> = (0..training.labels.len()).collect();
        seed.fork(&format!("order {epoch}")).shuffle(&mut order);
        let length = self.network.input_len();
        let mut total = 0.0;
        for batch in order.chunks(self.options.batch.max(1)) {
            if job.is_stopped() {
                return None;
            }
            let mut inputs = Vec::with_capacity(batch.len() * length);
            batch.iter().for_each(|&i| inputs.extend_from_slice(&training.inputs[i * length..(i + 1) * length]));
            let labels: Vec<usize> = batch.iter().map(|&i| training.labels[i]).collect();
            total += f64::from(self.step(inputs, &labels, &mut pass)) * batch.len() as f64;
        }
        if let Some(there) = &mut self.there {
            total = f64::from(there.take_loss());
            self.network = there.network();
            if adam {
                self.adam = there.adam();
            }
        }
        Some((total / order.len() as f64) as f32)
    }

    /// One step; the loss before it, where it is known at once.
    fn step(&mut self, inputs: Vec<f32>, labels: &[usize], pass: &mut Training) -> f32 {
        if let Some(there) = &mut self.there {
            there.step(inputs, labels, &self.weights, self.rate, pass);
            return 0.0;
        }
        if let Some(direct) = &mut self.direct {
            let network = &mut self.network;
            return direct.step(network, (inputs, labels), &self.weights, (&mut self.adam, self.rate), &mut pass.seed);
        }
        let (loss, gradients) = pass_back(&self.network, inputs, labels, &self.weights, Some(&mut *pass));
        self.adam.step(&mut self.network, &gradients, self.rate);
        self.network.keep_limits();
        self.network.absorb(&std::mem::take(&mut pass.statistics));
        loss
    }
}

/// Weights inverse to frequency with mean 1 over the examples; 0 for a class without any.
pub(super) fn inverse_frequencies(labels: &[usize], classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    labels.iter().for_each(|&l| counts[l] += 1);
    let present = counts.iter().filter(|c| **c > 0).count();
    counts.iter().map(|&c| if c == 0 { 0.0 } else { labels.len() as f32 / (present * c) as f32 }).collect()
}
