//! The parameters of a network one after another, in the order of its layers, weight before bias: for the
//! optimiser, for comparing, and for keeping the best weights.

use super::network::{Conv2d, Dense, MapLayer, Network, RowLayer};
use crate::signal::Seed;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
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
fn uniform<const D: usize>(shape: [usize; D], bound: f64, seed: &mut Seed) -> Tensor<D> {
    let values = (0..shape.iter().product::<usize>()).map(|_| seed.between(-bound, bound) as f32).collect();
    tensor(values, shape)
}

/// One parameter of a network: its name and where its values are.
pub struct Parameter<'a> {
    pub name: String,
    stored: Stored<'a>,
}

enum Stored<'a> {
    One(&'a Tensor<1>),
    Two(&'a Tensor<2>),
    Four(&'a Tensor<4>),
}

impl Parameter<'_> {
    pub fn shape(&self) -> Vec<usize> {
        match self.stored {
            Stored::One(t) => t.dims().to_vec(),
            Stored::Two(t) => t.dims().to_vec(),
            Stored::Four(t) => t.dims().to_vec(),
        }
    }

    /// Row-major; a copy.
    pub fn values(&self) -> Vec<f32> {
        match self.stored {
            Stored::One(t) => values(t.clone()),
            Stored::Two(t) => values(t.clone()),
            Stored::Four(t) => values(t.clone()),
        }
    }
}

impl Conv2d {
    /// A square convolution with stride 1, weights and bias uniform in +-1/sqrt(fan-in) (algorithms 5.1).
    pub fn init(inputs: usize, outputs: usize, side: usize, padding: usize, seed: &mut Seed) -> Self {
        let bound = 1.0 / ((inputs * side * side).max(1) as f64).sqrt();
        Conv2d {
            weight: uniform([outputs, inputs, side, side], bound, seed),
            bias: uniform([outputs], bound, seed),
            stride: [1, 1],
            padding: [padding, padding],
            dilation: [1, 1],
            groups: 1,
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
        let mut all = Vec::new();
        let convolutions = self.maps.iter().filter_map(|l| if let MapLayer::Conv2d(c) = l { Some(c) } else { None });
        for (i, c) in convolutions.enumerate() {
            let (weight, bias) = (Stored::Four(&c.weight), Stored::One(&c.bias));
            all.push(Parameter { name: format!("conv{}.weight", i + 1), stored: weight });
            all.push(Parameter { name: format!("conv{}.bias", i + 1), stored: bias });
        }
        let dense = self.rows.iter().filter_map(|l| if let RowLayer::Dense(d) = l { Some(d) } else { None });
        for (i, d) in dense.enumerate() {
            let (weight, bias) = (Stored::Two(&d.weight), Stored::One(&d.bias));
            all.push(Parameter { name: format!("dense{}.weight", i + 1), stored: weight });
            all.push(Parameter { name: format!("dense{}.bias", i + 1), stored: bias });
        }
        all
    }

    /// Lets `edit` change every parameter in place: (index, values row-major). Nothing is copied unless a clone of
    /// the network is alive.
    pub fn edit_parameters(&mut self, mut edit: impl FnMut(usize, &mut [f32])) {
        self.plan = OnceLock::new();
        let mut index = 0;
        for layer in &mut self.maps {
            if let MapLayer::Conv2d(c) = layer {
                edit_tensor(&mut c.weight, index, &mut edit);
                edit_tensor(&mut c.bias, index + 1, &mut edit);
                index += 2;
            }
        }
        for layer in &mut self.rows {
            if let RowLayer::Dense(d) = layer {
                edit_tensor(&mut d.weight, index, &mut edit);
                edit_tensor(&mut d.bias, index + 1, &mut edit);
                index += 2;
            }
        }
    }

    /// The same network with parameters that collect gradients.
    pub(super) fn tracked(&self) -> Network {
        let mut network = self.clone();
        network.plan = OnceLock::new();
        for layer in &mut network.maps {
            if let MapLayer::Conv2d(c) = layer {
                c.weight = c.weight.clone().autodiff().require_grad();
                c.bias = c.bias.clone().autodiff().require_grad();
            }
        }
        for layer in &mut network.rows {
            if let RowLayer::Dense(d) = layer {
                d.weight = d.weight.clone().autodiff().require_grad();
                d.bias = d.bias.clone().autodiff().require_grad();
            }
        }
        network
    }

    /// Gradients of a [`Network::tracked`] network's parameters, in their order; empty where none arrived.
    pub(super) fn collect(&self, gradients: &mut Gradients) -> Vec<Vec<f32>> {
        fn take<const D: usize>(t: &Tensor<D>, gradients: &mut Gradients) -> Vec<f32> {
            t.grad_remove(gradients).map(values_owned).unwrap_or_default()
        }
        let mut all = Vec::new();
        for layer in &self.maps {
            if let MapLayer::Conv2d(c) = layer {
                all.push(take(&c.weight, gradients));
                all.push(take(&c.bias, gradients));
            }
        }
        for layer in &self.rows {
            if let RowLayer::Dense(d) = layer {
                all.push(take(&d.weight, gradients));
                all.push(take(&d.bias, gradients));
            }
        }
        all
    }

    /// All parameters, one after another: for comparing two networks bit by bit.
    pub fn flat(&self) -> Vec<f32> {
        self.parameters().iter().flat_map(Parameter::values).collect()
    }
}

/// As [`values`], without a copy where the tensor owns its storage alone.
fn values_owned<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap_or_default()
}

fn edit_tensor<const D: usize>(tensor: &mut Tensor<D>, index: usize, edit: &mut impl FnMut(usize, &mut [f32])) {
    let nothing = Tensor::from_data(TensorData::new(vec![0.0f32], [1; D]), &Device::flex());
    let mut data = std::mem::replace(tensor, nothing).into_data();
    if let Ok(values) = data.as_mut_slice::<f32>() {
        edit(index, values);
    }
    *tensor = Tensor::from_data(data, &Device::flex());
}
