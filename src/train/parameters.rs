//! The parameters of a network one after another, in the order of its layers, weight before bias: for the
//! optimiser, for comparing, and for keeping the best weights. Running statistics and constant weights stand among them,
//! so that whatever keeps the parameters keeps all of the network; no gradient reaches those.

use super::held::{Held, HeldMut, each, each_mut};
use super::network::{Conv2d, Dense, Limit, MapLayer, Network, RowLayer};
use super::on_device::limited;
use crate::signal::Seed;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Values of a tensor on the host, row-major.
pub(super) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    // Every tensor here is f32, so the first arm always holds; the second converts if a backend ever answers otherwise.
    data.try_to_vec::<f32>().unwrap_or_else(|_| data.iter::<f32>().collect())
}

/// A tensor of these values, row-major.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// `shape` filled row-major with uniform draws from +-bound.
pub(super) fn uniform<const D: usize>(shape: [usize; D], bound: f64, seed: &mut Seed) -> Tensor<D> {
    let values = (0..shape.iter().product::<usize>()).map(|_| seed.between(-bound, bound) as f32).collect();
    tensor(values, shape)
}

/// One parameter of a network: its name and where its values are.
pub struct Parameter<'a> {
    pub name: String,
    /// False for running statistics and constants.
    pub trained: bool,
    stored: Held<'a>,
}

impl Parameter<'_> {
    pub fn shape(&self) -> Vec<usize> {
        self.stored.shape()
    }

    /// Row-major; a copy.
    pub fn values(&self) -> Vec<f32> {
        self.stored.values()
    }
}

impl Conv2d {
    /// A square convolution with stride 1, weights and bias uniform in +-1/sqrt(fan-in) (algorithms 5.1).
    pub fn init(inputs: usize, outputs: usize, side: usize, padding: usize, seed: &mut Seed) -> Self {
        Conv2d { padding: [padding, padding], ..Conv2d::shaped([inputs, outputs], [side, side], 1, seed) }
    }

    /// As [`Conv2d::init`] with a kernel [height, width], in groups, without padding.
    pub fn shaped([inputs, outputs]: [usize; 2], kernel: [usize; 2], groups: usize, seed: &mut Seed) -> Self {
        let part = inputs / groups.max(1);
        let bound = 1.0 / ((part * kernel[0] * kernel[1]).max(1) as f64).sqrt();
        Conv2d {
            weight: uniform([outputs, part, kernel[0], kernel[1]], bound, seed),
            bias: uniform([outputs], bound, seed),
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups,
        }
    }
}

impl Dense {
    /// Weights and bias uniform in +-1/sqrt(inputs) (algorithms 5.1).
    pub fn init(inputs: usize, outputs: usize, seed: &mut Seed) -> Self {
        let bound = 1.0 / (inputs.max(1) as f64).sqrt();
        Dense { weight: uniform([inputs, outputs], bound, seed), bias: uniform([outputs], bound, seed) }
    }
}

impl Network {
    /// Every parameter: "conv1.weight", "conv1.bias", ..., "dense2.bias".
    pub fn parameters(&self) -> Vec<Parameter<'_>> {
        fn named<'a>(
            counts: &mut BTreeMap<&'static str, usize>,
            kind: &'static str,
            held: Vec<(&'static str, Held<'a>, bool)>,
        ) -> impl Iterator<Item = Parameter<'a>> {
            let number = *counts.entry(kind).and_modify(|n| *n += 1).or_insert(1);
            held.into_iter().map(move |(part, stored, trained)| {
                let name = format!("{kind}{number}.{part}");
                Parameter { name, trained, stored }
            })
        }
        let (mut counts, mut all) = (BTreeMap::new(), Vec::new());
        each(&self.maps, &mut |layer| {
            let (kind, held) = layer.held();
            if !held.is_empty() {
                all.extend(named(&mut counts, kind, held));
            }
        });
        for layer in &self.rows {
            if let RowLayer::Dense(d) = layer {
                all.extend(named(&mut counts, "dense", d.held()));
            }
        }
        all
    }

    /// Lets `change` see every parameter where it lies, and whether it is trained.
    pub(super) fn each_parameter(&mut self, mut change: impl FnMut(HeldMut<'_>, bool)) {
        self.plan = OnceLock::new();
        each_mut(&mut self.maps, &mut |layer| layer.held_mut().into_iter().for_each(|(held, trained)| change(held, trained)));
        for layer in &mut self.rows {
            if let RowLayer::Dense(d) = layer {
                d.held_mut().into_iter().for_each(|(held, trained)| change(held, trained));
            }
        }
    }

    /// Lets `edit` change every parameter in place: (index, values row-major). Nothing is copied unless a clone of
    /// the network is alive.
    pub fn edit_parameters(&mut self, mut edit: impl FnMut(usize, &mut [f32])) {
        let mut index = 0;
        self.each_parameter(|held, _| {
            match held {
                HeldMut::One(t) => edit_tensor(t, index, &mut edit),
                HeldMut::Two(t) => edit_tensor(t, index, &mut edit),
                HeldMut::Four(t) => edit_tensor(t, index, &mut edit),
                HeldMut::Five(t) => edit_tensor(t, index, &mut edit),
            }
            index += 1;
        });
    }

    /// Lets `edit` see all parameters at once, in their order and row-major; copies as little as [`Network::edit_parameters`].
    pub(super) fn edit_together<T>(&mut self, edit: impl FnOnce(&mut [&mut [f32]]) -> T) -> T {
        let mut taken: Vec<TensorData> = Vec::new();
        self.each_parameter(|held, _| {
            taken.push(match held {
                HeldMut::One(t) => taken_out(t),
                HeldMut::Two(t) => taken_out(t),
                HeldMut::Four(t) => taken_out(t),
                HeldMut::Five(t) => taken_out(t),
            });
        });
        let mut slices: Vec<&mut [f32]> = taken.iter_mut().map(|data| data.as_mut_slice::<f32>().unwrap_or_default()).collect();
        let result = edit(&mut slices);
        let mut back = taken.into_iter();
        let device = Device::flex();
        self.each_parameter(|held, _| {
            let Some(data) = back.next() else { return };
            match held {
                HeldMut::One(t) => *t = Tensor::from_data(data, &device),
                HeldMut::Two(t) => *t = Tensor::from_data(data, &device),
                HeldMut::Four(t) => *t = Tensor::from_data(data, &device),
                HeldMut::Five(t) => *t = Tensor::from_data(data, &device),
            }
        });
        result
    }

    /// The same network with parameters that collect gradients.
    pub(super) fn tracked(&self) -> Network {
        let mut network = self.clone();
        network.each_parameter(|held, trained| match held {
            _ if !trained => {}
            HeldMut::One(t) => *t = t.clone().autodiff().require_grad(),
            HeldMut::Two(t) => *t = t.clone().autodiff().require_grad(),
            HeldMut::Four(t) => *t = t.clone().autodiff().require_grad(),
            HeldMut::Five(t) => *t = t.clone().autodiff().require_grad(),
        });
        network
    }

    /// Gradients of a [`Network::tracked`] network's parameters, in their order; empty where none arrived, zeros where
    /// none can.
    pub(super) fn collect(&mut self, gradients: &mut Gradients) -> Vec<Vec<f32>> {
        fn take<const D: usize>(t: &Tensor<D>, trained: bool, gradients: &mut Gradients) -> Vec<f32> {
            match trained {
                true => t.grad_remove(gradients).map(values_owned).unwrap_or_default(),
                false => vec![0.0; t.dims().iter().product()],
            }
        }
        let mut all = Vec::new();
        self.each_parameter(|held, trained| {
            all.push(match held {
                HeldMut::One(t) => take(t, trained, gradients),
                HeldMut::Two(t) => take(t, trained, gradients),
                HeldMut::Four(t) => take(t, trained, gradients),
                HeldMut::Five(t) => take(t, trained, gradients),
            });
        });
        all
    }

    /// Takes what a training pass saw into the running statistics.
    pub(super) fn absorb(&mut self, statistics: &[[Vec<f32>; 2]]) {
        let mut seen = statistics.iter();
        each_mut(&mut self.maps, &mut |layer| {
            if let MapLayer::BatchNorm(norm) = layer
                && let Some(of_batch) = seen.next()
            {
                norm.absorb(of_batch);
            }
        });
    }

    /// Puts a limit on the parameter of that name, and brings it there.
    pub(super) fn limited(mut self, name: &str, limit: Limit) -> Network {
        if let Some(index) = self.parameters().iter().position(|p| p.name == name) {
            self.limits.push((index, limit));
        }
        self.keep_limits();
        self
    }

    /// Brings every limited parameter back to its limit.
    pub(super) fn keep_limits(&mut self) {
        if self.limits.is_empty() {
            return;
        }
        let shapes: Vec<Vec<usize>> = self.parameters().iter().map(Parameter::shape).collect();
        let limits = self.limits.clone();
        let bounded = |index: &usize| limits.iter().any(|(limited, _)| limited == index);
        self.renew_some(bounded, |index, flat| {
            let own = limits.iter().filter(|(limited, _)| *limited == index);
            own.fold(flat, |flat, (_, limit)| limited(flat, &shapes[index], *limit))
        });
    }

    /// All parameters, one after another: for comparing two networks bit by bit.
    pub fn flat(&self) -> Vec<f32> {
        self.parameters().iter().flat_map(Parameter::values).collect()
    }
}

impl Network {
    /// Values of [`Network::flat`].
    pub(super) fn flat_length(&self) -> usize {
        self.parameters().iter().map(|p| p.shape().iter().product::<usize>()).sum()
    }

    /// The inverse of [`Network::flat`]; values that are missing leave the rest as it was.
    pub(super) fn set_flat(&mut self, all: &[f32]) {
        let mut start = 0;
        self.edit_parameters(|_, weights| {
            let end = start + weights.len();
            if let Some(values) = all.get(start..end) {
                weights.copy_from_slice(values);
            }
            start = end;
        });
    }
}

/// As [`values`], without a copy where the tensor owns its storage alone.
fn values_owned<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap_or_default()
}

fn edit_tensor<const D: usize>(tensor: &mut Tensor<D>, index: usize, edit: &mut impl FnMut(usize, &mut [f32])) {
    let device = tensor.device();
    let mut data = taken_out(tensor);
    if let Ok(values) = data.as_mut_slice::<f32>() {
        edit(index, values);
    }
    *tensor = Tensor::from_data(data, &device);
}

/// A tensor's values, moved out of it; the tensor must be set anew.
fn taken_out<const D: usize>(tensor: &mut Tensor<D>) -> TensorData {
    let nothing = Tensor::from_data(TensorData::new(vec![0.0f32], [1; D]), &Device::flex());
    std::mem::replace(tensor, nothing).into_data()
}
