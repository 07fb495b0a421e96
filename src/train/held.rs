//! The tensors that a layer holds, by name, wherever in the network it stands.

use super::blocks::{Attention, BatchNorm, Conv3d, Gate, Spread};
use super::layer::{Conv2d, Dense, MapLayer};
use super::parameters::values;
use burn::tensor::Tensor;

/// A parameter of any rank.
pub enum Held<'a> {
    One(&'a Tensor<1>),
    Two(&'a Tensor<2>),
    Four(&'a Tensor<4>),
    Five(&'a Tensor<5>),
}

/// One that may be changed.
pub enum HeldMut<'a> {
    One(&'a mut Tensor<1>),
    Two(&'a mut Tensor<2>),
    Four(&'a mut Tensor<4>),
    Five(&'a mut Tensor<5>),
}

impl Held<'_> {
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Held::One(t) => t.dims().to_vec(),
            Held::Two(t) => t.dims().to_vec(),
            Held::Four(t) => t.dims().to_vec(),
            Held::Five(t) => t.dims().to_vec(),
        }
    }

    pub fn values(&self) -> Vec<f32> {
        match *self {
            Held::One(t) => values(t.clone()),
            Held::Two(t) => values(t.clone()),
            Held::Four(t) => values(t.clone()),
            Held::Five(t) => values(t.clone()),
        }
    }
}

/// Every layer that is not branches, branch by branch, in the order in which parameters are counted.
pub fn each<'a>(layers: &'a [MapLayer], visit: &mut dyn FnMut(&'a MapLayer)) {
    for layer in layers {
        match layer {
            MapLayer::Branches { parts, .. } => parts.iter().for_each(|part| each(part, visit)),
            layer => visit(layer),
        }
    }
}

/// As [`each`].
pub fn each_mut(layers: &mut [MapLayer], visit: &mut dyn FnMut(&mut MapLayer)) {
    for layer in layers {
        match layer {
            MapLayer::Branches { parts, .. } => parts.iter_mut().for_each(|part| each_mut(part, visit)),
            layer => visit(layer),
        }
    }
}

impl Dense {
    pub fn held(&self) -> Vec<(&'static str, Held<'_>, bool)> {
        vec![("weight", Held::Two(&self.weight), true), ("bias", Held::One(&self.bias), true)]
    }

    pub fn held_mut(&mut self) -> Vec<(HeldMut<'_>, bool)> {
        vec![(HeldMut::Two(&mut self.weight), true), (HeldMut::One(&mut self.bias), true)]
    }
}

impl MapLayer {
    /// The kind that names its parameters; each with its name and whether it is trained.
    pub fn held(&self) -> (&'static str, Vec<(&'static str, Held<'_>, bool)>) {
        match self {
            MapLayer::Conv2d(c) => ("conv", vec![("weight", Held::Four(&c.weight), true), ("bias", Held::One(&c.bias), true)]),
            MapLayer::Conv3d(c) => ("conv", vec![("weight", Held::Five(&c.weight), true), ("bias", Held::One(&c.bias), true)]),
            MapLayer::BatchNorm(n) => {
                let trained = [("gamma", Held::One(&n.gamma), true), ("beta", Held::One(&n.beta), true)];
                let state = [("mean", Held::One(&n.mean), false), ("variance", Held::One(&n.variance), false)];
                ("batchnorm", trained.into_iter().chain(state).collect())
            }
            MapLayer::Gate(g) => ("gate", g.dense.held()),
            MapLayer::Attention(a) => ("attention", vec![("scale", Held::One(&a.scale), true)]),
            MapLayer::Spread(s) => ("spread", vec![("matrix", Held::Two(&s.matrix), false)]),
            _ => ("", Vec::new()),
        }
    }

    /// As [`MapLayer::held`].
    pub fn held_mut(&mut self) -> Vec<(HeldMut<'_>, bool)> {
        match self {
            MapLayer::Conv2d(layer) => {
                let Conv2d { weight, bias, .. } = layer.as_mut();
                vec![(HeldMut::Four(weight), true), (HeldMut::One(bias), true)]
            }
            MapLayer::Conv3d(layer) => {
                let Conv3d { weight, bias, .. } = layer.as_mut();
                vec![(HeldMut::Five(weight), true), (HeldMut::One(bias), true)]
            }
            MapLayer::BatchNorm(layer) => {
                let BatchNorm { gamma, beta, mean, variance, .. } = layer.as_mut();
                let trained = [(HeldMut::One(gamma), true), (HeldMut::One(beta), true)];
                trained.into_iter().chain([(HeldMut::One(mean), false), (HeldMut::One(variance), false)]).collect()
            }
            MapLayer::Gate(layer) => {
                let Gate { dense, .. } = layer.as_mut();
                dense.held_mut()
            }
            MapLayer::Attention(layer) => {
                let Attention { scale } = layer.as_mut();
                vec![(HeldMut::One(scale), true)]
            }
            MapLayer::Spread(layer) => {
                let Spread { matrix, .. } = layer.as_mut();
                vec![(HeldMut::Two(matrix), false)]
            }
            _ => Vec::new(),
        }
    }
}
