//! Training on another device than the CPU: the parameters, the optimiser's memory and the loss stay there from step to
//! step and come back once an epoch.

use super::adam::{self, Adam};
use super::fit::{Examples, loss_of};
use super::held::HeldMut;
use super::network::{Limit, Network, Plain, Training};
use super::parameters::values;
use burn::tensor::{Device, Gradients, Tensor, TensorData};

/// Examples of one pass without gradients.
const AT_ONCE: usize = 256;

/// A network on its way on a device.
pub(super) struct OnDevice {
    network: Network,
    /// First and second moments of every parameter, flat.
    moments: Vec<[Tensor<1>; 2]>,
    steps: i32,
    /// Sum over the epoch's examples so far.
    loss: Tensor<1>,
    device: Device,
}

impl OnDevice {
    /// The network and the optimiser as they stand on the host.
    pub fn new(network: &Network, adam: &Adam, device: Device) -> OnDevice {
        let put = |values: Vec<f32>| {
            let length = values.len();
            Tensor::from_data(TensorData::new(values, [length]), &device)
        };
        let lengths: Vec<usize> = network.parameters().iter().map(|p| p.shape().iter().product()).collect();
        let (first, second) = adam.flat();
        let mut start = 0;
        let moments = lengths.iter().map(|&length| {
            let span = start..start + length;
            start = span.end;
            let kept = |all: &[f32]| put(all.get(span.clone()).map_or_else(|| vec![0.0; length], <[f32]>::to_vec));
            [kept(&first), kept(&second)]
        });
        let moments = moments.collect();
        let loss = put(vec![0.0]);
        OnDevice { network: network.on(&device), moments, steps: adam.steps(), loss, device }
    }

    /// One step of the optimiser (Adam, as [`Adam::step`]).
    pub fn step(&mut self, inputs: Vec<f32>, labels: &[usize], class_weights: &[f32], rate: f64, pass: &mut Training) {
        let mut tracked = self.network.tracked();
        let x = self.network.batch_on(inputs, labels.len(), &self.device);
        let loss = loss_of(&tracked, x, labels, class_weights, Some(&mut *pass));
        let mut gradients = loss.backward();
        let gradients = tracked.gradients(&mut gradients);
        drop(tracked);
        self.loss = self.loss.clone() + loss.without_autodiff() * labels.len() as f64;
        self.steps += 1;
        let (rate, epsilon) = adam::corrected(self.steps, rate);
        let mut moments = self.moments.iter_mut();
        self.network.renew(|index, flat| {
            let (Some([first, second]), Some(Some(gradient))) = (moments.next(), gradients.get(index)) else { return flat };
            *first = first.clone() * adam::BETA_1 + gradient.clone() * (1.0 - adam::BETA_1);
            *second = second.clone() * adam::BETA_2 + gradient.clone().square() * (1.0 - adam::BETA_2);
            flat - first.clone() * rate / (second.clone().sqrt() + epsilon)
        });
        self.network.keep_limits();
        self.network.absorb(&std::mem::take(&mut pass.statistics));
    }

    /// The loss summed over the examples since it was last asked for.
    pub fn take_loss(&mut self) -> f32 {
        let nothing = self.loss.zeros_like();
        values(std::mem::replace(&mut self.loss, nothing)).first().copied().unwrap_or(f32::NAN)
    }

    /// The network as it stands, on the host.
    pub fn network(&self) -> Network {
        self.network.on(&Device::flex())
    }

    /// The optimiser as it stands, on the host.
    pub fn adam(&self) -> Adam {
        let all = |k: usize| self.moments.iter().flat_map(|m| values(m[k].clone())).collect::<Vec<f32>>();
        Adam::of_flat(&self.network, &all(0), &all(1), self.steps)
    }

    /// Logits of the examples, one after another, without dropout.
    pub fn logits(&self, examples: Examples<'_>) -> Vec<f32> {
        let length = self.network.input_shape().iter().product::<usize>().max(1);
        let part = |inputs: &[f32]| {
            let x = self.network.batch_on(inputs.to_vec(), inputs.len() / length, &self.device);
            values(self.network.forward(x, &Plain, None))
        };
        examples.inputs.chunks(AT_ONCE * length).flat_map(part).collect()
    }
}

impl Network {
    /// The same network with its parameters on that device.
    pub(super) fn on(&self, device: &Device) -> Network {
        let mut network = self.clone();
        network.each_parameter(|held, _| match held {
            HeldMut::One(t) => *t = t.clone().to_device(device),
            HeldMut::Two(t) => *t = t.clone().to_device(device),
            HeldMut::Four(t) => *t = t.clone().to_device(device),
            HeldMut::Five(t) => *t = t.clone().to_device(device),
        });
        network
    }

    /// Puts what `new` makes of every parameter, flat, in its place; nothing leaves its device.
    pub(super) fn renew(&mut self, new: impl FnMut(usize, Tensor<1>) -> Tensor<1>) {
        self.renew_some(|_| true, new);
    }

    pub(super) fn renew_some(&mut self, which: impl Fn(&usize) -> bool, mut new: impl FnMut(usize, Tensor<1>) -> Tensor<1>) {
        fn put<const D: usize>(t: &mut Tensor<D>, new: impl FnOnce(Tensor<1>) -> Tensor<1>) {
            let shape = t.dims();
            *t = new(t.clone().reshape([shape.iter().product::<usize>()])).reshape(shape);
        }
        let mut index = 0;
        self.each_parameter(|held, _| {
            if which(&index) {
                match held {
                    HeldMut::One(t) => put(t, |flat| new(index, flat)),
                    HeldMut::Two(t) => put(t, |flat| new(index, flat)),
                    HeldMut::Four(t) => put(t, |flat| new(index, flat)),
                    HeldMut::Five(t) => put(t, |flat| new(index, flat)),
                }
            }
            index += 1;
        });
    }

    /// Gradients of a [`Network::tracked`] network's parameters, flat and where they are, in their order; none where none
    /// arrived or can.
    pub(super) fn gradients(&mut self, gradients: &mut Gradients) -> Vec<Option<Tensor<1>>> {
        fn take<const D: usize>(t: &Tensor<D>, gradients: &mut Gradients) -> Option<Tensor<1>> {
            t.grad_remove(gradients).map(|g| g.reshape([t.dims().iter().product::<usize>()]))
        }
        let mut all = Vec::new();
        self.each_parameter(|held, trained| {
            all.push(match held {
                _ if !trained => None,
                HeldMut::One(t) => take(t, gradients),
                HeldMut::Two(t) => take(t, gradients),
                HeldMut::Four(t) => take(t, gradients),
                HeldMut::Five(t) => take(t, gradients),
            });
        });
        all
    }
}

/// Scales down what a limit bounds, on whatever device it is: columns of a dense layer [in, out], the leading dimension of
/// all others.
pub(super) fn limited(flat: Tensor<1>, shape: &[usize], limit: Limit) -> Tensor<1> {
    let most = match limit {
        Limit::Zero => return flat.zeros_like(),
        Limit::Norm(most) => most,
    };
    let dense = shape.len() == 2;
    let outputs = if dense { shape[1] } else { shape[0] }.max(1);
    let [length] = flat.dims();
    let (rows, along) = if dense { ([length / outputs, outputs], 0) } else { ([outputs, length / outputs], 1) };
    let table: Tensor<2> = flat.reshape(rows);
    let norm = table.clone().square().sum_dim(along).sqrt();
    let factor = (norm.clamp_min(most) / most).recip();
    (table * factor).reshape([length])
}

#[cfg(test)]
mod tests;
