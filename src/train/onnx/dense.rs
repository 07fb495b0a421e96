//! Dense layers, their biases and batch normalisation out of ONNX nodes.

use super::OnnxError;
use super::message::Node;
use super::read::Reader;
use super::values::{expect_int, fault, float_of, int_of};
use crate::train::network::{Dense, MapLayer, Norm, RowLayer};
use crate::train::parameters::{tensor, values};

impl Reader<'_> {
    pub fn gemm(&self, node: &Node) -> Result<Dense, OnnxError> {
        expect_int(node, "transA", 0, 0)?;
        let (alpha, beta) = (float_of(node, "alpha", 1.0), float_of(node, "beta", 1.0));
        let (mut shape, mut weight) = self.values.weight::<2>(node, 1)?;
        if int_of(node, "transB", 0) != 0 {
            let [rows, columns] = shape;
            weight = (0..columns).flat_map(|c| (0..rows).map(move |r| (r, c))).map(|(r, c)| weight[r * columns + c]).collect();
            shape = [columns, rows];
        }
        let mut bias = if node.inputs.len() > 2 { self.values.weight::<1>(node, 2)?.1 } else { vec![0.0; shape[1]] };
        weight.iter_mut().for_each(|w| *w *= alpha);
        bias.iter_mut().for_each(|b| *b *= beta);
        let bias_shape = [bias.len()];
        Ok(Dense { weight: tensor(weight, shape), bias: tensor(bias, bias_shape) })
    }

    pub fn matmul(&mut self, node: &Node) -> Result<(), OnnxError> {
        let (shape, weight) = self.values.weight::<2>(node, 1)?;
        if !self.flat && self.shape[..2] != [1, 1] {
            return Err(fault(node, format!("maps of {:?} arrive where rows are wanted; flatten them first", self.shape)));
        }
        self.flat = true;
        let bias = tensor(vec![0.0; shape[1]], [shape[1]]);
        self.rows.push(Dense { weight: tensor(weight, shape), bias }.into());
        self.open_matmul = true;
        Ok(())
    }

    /// The Add behind a MatMul.
    pub fn bias(&mut self, node: &Node, current: &str) -> Result<(), OnnxError> {
        let index = usize::from(node.inputs.first().is_some_and(|i| i == current));
        let (shape, numbers) = self.values.weight::<1>(node, index)?;
        match self.rows.last_mut() {
            Some(RowLayer::Dense(dense)) if dense.bias.dims() == shape => {
                dense.bias = tensor(numbers, shape);
                Ok(())
            }
            _ => Err(fault(node, format!("{} numbers are no bias of the layer before", numbers.len()))),
        }
    }

    /// y = (x - mean) scale / sqrt(variance + epsilon) + shift: multiplied into the layer that made x, or where that
    /// is no convolution or dense layer, a layer of its own.
    pub fn batch_norm(&mut self, node: &Node) -> Result<(), OnnxError> {
        let part = |index| self.values.weight::<1>(node, index).map(|w| w.1);
        let [scale, shift, mean, variance] = [part(1)?, part(2)?, part(3)?, part(4)?];
        let epsilon = float_of(node, "epsilon", 1e-5);
        let channels = scale.len();
        if [&shift, &mean, &variance].iter().any(|v| v.len() != channels) {
            return Err(fault(node, "scale, shift, mean and variance have different lengths".into()));
        }
        let factor: Vec<f32> = scale.iter().zip(&variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
        let fold = |bias: &[f32]| -> Vec<f32> { (0..channels).map(|c| (bias[c] - mean[c]) * factor[c] + shift[c]).collect() };
        match (self.flat, self.maps.last_mut(), self.rows.last_mut()) {
            (false, Some(MapLayer::Conv2d(c)), _) if c.bias.dims() == [channels] => {
                let shape = c.weight.dims();
                let per_channel = shape[1] * shape[2] * shape[3];
                let weight = values(c.weight.clone()).iter().enumerate().map(|(i, w)| w * factor[i / per_channel]).collect();
                c.weight = tensor(weight, shape);
                c.bias = tensor(fold(&values(c.bias.clone())), [channels]);
            }
            (true, _, Some(RowLayer::Dense(d))) if d.bias.dims() == [channels] => {
                let shape = d.weight.dims();
                let weight = values(d.weight.clone()).iter().enumerate().map(|(i, w)| w * factor[i % shape[1]]).collect();
                d.weight = tensor(weight, shape);
                d.bias = tensor(fold(&values(d.bias.clone())), [channels]);
            }
            (flat, ..) => {
                let shift = tensor(fold(&vec![0.0; channels]), [channels]);
                let norm = Box::new(Norm { scale: tensor(factor, [channels]), shift });
                if flat {
                    self.rows.push(RowLayer::Norm(norm));
                } else {
                    self.push(node, MapLayer::Norm(norm))?;
                }
            }
        }
        Ok(())
    }
}
