//! Networks with answers known by hand, for the tests of this module.

use crate::train::{Differentiable, Predictor};

/// logits = weights x input, one row of weights a class.
pub(super) struct Linear {
    pub weights: Vec<Vec<f32>>,
}

impl Predictor for Linear {
    fn input_len(&self) -> usize {
        self.weights[0].len()
    }

    fn classes(&self) -> usize {
        self.weights.len()
    }

    fn logits(&self, inputs: &[f32], _n: usize) -> Vec<f32> {
        let dot = |w: &[f32], x: &[f32]| w.iter().zip(x).map(|(a, b)| a * b).sum();
        inputs.chunks(self.input_len()).flat_map(|x| self.weights.iter().map(move |w| dot(w, x))).collect()
    }

    fn runtime(&self) -> String {
        "test".into()
    }
}

impl Differentiable for Linear {
    fn gradients(&self, _inputs: &[f32], n: usize, class: usize) -> Vec<f32> {
        self.weights[class].repeat(n)
    }

    fn grad_cam(&self, _inputs: &[f32], _n: usize, _class: usize) -> Option<(Vec<f32>, usize, usize)> {
        None
    }
}

/// logit 1 = sum of w x^3, logit 0 = 0.
pub(super) struct Cubic {
    pub weights: Vec<f32>,
}

impl Cubic {
    pub fn value(&self, input: &[f32]) -> f32 {
        self.weights.iter().zip(input).map(|(w, x)| w * x.powi(3)).sum()
    }
}

impl Predictor for Cubic {
    fn input_len(&self) -> usize {
        self.weights.len()
    }

    fn classes(&self) -> usize {
        2
    }

    fn logits(&self, inputs: &[f32], _n: usize) -> Vec<f32> {
        inputs.chunks(self.input_len()).flat_map(|x| [0.0, self.value(x)]).collect()
    }

    fn runtime(&self) -> String {
        "test".into()
    }
}

impl Differentiable for Cubic {
    fn gradients(&self, inputs: &[f32], _n: usize, class: usize) -> Vec<f32> {
        let weights = self.weights.iter().cycle();
        inputs.iter().zip(weights).map(|(x, w)| if class == 1 { 3.0 * w * x * x } else { 0.0 }).collect()
    }

    fn grad_cam(&self, _inputs: &[f32], _n: usize, _class: usize) -> Option<(Vec<f32>, usize, usize)> {
        None
    }
}

/// One input, one logit that is flat up to `at` and rises with slope 1 behind it: hard for a coarse midpoint rule.
pub(super) struct Step {
    pub at: f32,
}

impl Step {
    pub fn value(&self, x: f32) -> f32 {
        (x - self.at).max(0.0)
    }
}

impl Predictor for Step {
    fn input_len(&self) -> usize {
        1
    }

    fn classes(&self) -> usize {
        1
    }

    fn logits(&self, inputs: &[f32], _n: usize) -> Vec<f32> {
        inputs.iter().map(|x| self.value(*x)).collect()
    }

    fn runtime(&self) -> String {
        "test".into()
    }
}

impl Differentiable for Step {
    fn gradients(&self, inputs: &[f32], _n: usize, _class: usize) -> Vec<f32> {
        inputs.iter().map(|x| f32::from(u8::from(*x > self.at))).collect()
    }

    fn grad_cam(&self, _inputs: &[f32], _n: usize, _class: usize) -> Option<(Vec<f32>, usize, usize)> {
        None
    }
}

/// A 1 x 1 convolution with ReLU on a square image, then a dense layer with random weights, two classes.
pub(super) struct Tiny {
    side: usize,
    dense: Linear,
}

impl Tiny {
    pub fn new(side: usize) -> Self {
        let mut seed = crate::signal::Seed::new(11);
        let row = |seed: &mut crate::signal::Seed| (0..side * side).map(|_| seed.normal() as f32).collect();
        Tiny { side, dense: Linear { weights: vec![row(&mut seed), row(&mut seed)] } }
    }

    fn features(inputs: &[f32]) -> Vec<f32> {
        inputs.iter().map(|x| (2.0 * x + 0.1).max(0.0)).collect()
    }
}

impl Predictor for Tiny {
    fn input_len(&self) -> usize {
        self.side * self.side
    }

    fn classes(&self) -> usize {
        2
    }

    fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32> {
        self.dense.logits(&Tiny::features(inputs), n)
    }

    fn runtime(&self) -> String {
        "test".into()
    }
}

impl Differentiable for Tiny {
    fn gradients(&self, inputs: &[f32], _n: usize, class: usize) -> Vec<f32> {
        let weights = self.dense.weights[class].iter().cycle();
        inputs.iter().zip(weights).map(|(x, w)| if 2.0 * x + 0.1 > 0.0 { 2.0 * w } else { 0.0 }).collect()
    }

    fn grad_cam(&self, inputs: &[f32], _n: usize, class: usize) -> Option<(Vec<f32>, usize, usize)> {
        let weights = &self.dense.weights[class];
        let mean = weights.iter().sum::<f32>() / weights.len() as f32;
        Some((Tiny::features(inputs).iter().map(|f| (f * mean).max(0.0)).collect(), self.side, self.side))
    }
}
