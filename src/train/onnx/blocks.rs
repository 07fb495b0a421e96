//! Layers beyond plain sequences as ONNX nodes: a folded third dimension is unfolded by Reshape around its operator.

use super::write::{Builder, float, int, ints};
use crate::train::blocks::EPSILON;
use crate::train::network::{Gate, Join, MapLayer};

impl Builder {
    /// A layer that [`Builder::maps`] does not write itself.
    pub fn block(&mut self, layer: &MapLayer) {
        let [channels, height, width] = self.shape;
        let after = layer.output_shape(self.shape).unwrap_or(self.shape);
        match layer {
            MapLayer::BatchNorm(norm) => {
                let own = norm.gamma.dims()[0];
                self.folded(norm.depth, &[own, norm.depth, height * width], after, |b| {
                    let parts = ["gamma", "beta", "mean", "variance"];
                    b.with_parameters("BatchNormalization", "batchnorm", &parts, vec![float("epsilon", EPSILON)]);
                });
            }
            MapLayer::Conv3d(conv) => {
                let [_, _, deep, high, wide] = conv.weight.dims();
                let [front, top, left] = conv.padding;
                let attributes = vec![
                    ints("kernel_shape", &[deep, high, wide]),
                    ints("pads", &[front, top, left, front, top, left]),
                    ints("strides", &[1, conv.stride, conv.stride]),
                ];
                self.reshape(&[channels / conv.depth.max(1), conv.depth, height, width]);
                self.with_parameters("Conv", "conv", &["weight", "bias"], attributes);
                self.reshape(&after);
            }
            MapLayer::PoolDepth { depth, size, mean } => {
                let operator = if *mean { "AveragePool" } else { "MaxPool" };
                self.folded(0, &[channels / depth, *depth, height * width], after, |b| {
                    b.node(operator, &[], vec![ints("kernel_shape", &[*size, 1]), ints("strides", &[*size, 1])]);
                });
            }
            MapLayer::Gate(gate) => self.gate(gate),
            MapLayer::Attention(_) => self.attention(),
            MapLayer::Spread(_) => {
                self.with_parameters("MatMul", "spread", &["matrix"], vec![]);
                self.reshape(&after);
            }
            MapLayer::Take { from, count } => {
                let (start, end) = (self.integers(&[*from as i64]), self.integers(&[(from + count) as i64]));
                let axis = self.integers(&[1]);
                self.node("Slice", &[start, end, axis], vec![]);
            }
            MapLayer::Branches { parts, join } => self.branches(parts, *join),
            // Dropout acts in training only; the kinds of plain sequences were written before.
            _ => {}
        }
    }

    /// Unfolds, does something, folds; a depth of 1 has nothing to unfold.
    fn folded(&mut self, depth: usize, unfolded: &[usize], after: [usize; 3], inner: impl FnOnce(&mut Builder)) {
        if depth == 1 {
            return inner(self);
        }
        self.reshape(unfolded);
        inner(self);
        self.reshape(&after);
    }

    fn gate(&mut self, gate: &Gate) {
        let [channels, height, width] = self.shape;
        let depth = gate.depth.unwrap_or(1);
        self.reshape(&[channels / depth, depth, height * width]);
        let maps = self.current.clone();
        let axes: &[usize] = if gate.depth.is_some() { &[1, 3] } else { &[1, 2] };
        self.node("ReduceMean", &[], vec![ints("axes", axes), int("keepdims", 0)]);
        self.with_parameters("Gemm", "gate", &["weight", "bias"], vec![]);
        self.node("Sigmoid", &[], vec![]);
        let places = if gate.depth.is_some() { [1, depth, 1] } else { [1, 1, height * width] };
        self.reshape(&places);
        self.node("Mul", &[maps], vec![]);
        self.reshape(&[channels, height, width]);
    }

    fn attention(&mut self) {
        let [channels, height, width] = self.shape;
        self.reshape(&[channels, height * width]);
        let columns = self.current.clone();
        self.node("Transpose", &[], vec![ints("perm", &[0, 2, 1])]);
        let tokens = self.current.clone();
        self.node("MatMul", &[columns], vec![]);
        self.with_parameters("Mul", "attention", &["scale"], vec![]);
        self.node("Softmax", &[], vec![int("axis", 2)]);
        self.node("MatMul", &[tokens], vec![]);
        self.node("Transpose", &[], vec![ints("perm", &[0, 2, 1])]);
        self.reshape(&[channels, height, width]);
    }

    fn branches(&mut self, parts: &[Vec<MapLayer>], join: Join) {
        let (start, shape) = (self.current.clone(), self.shape);
        let mut ends = Vec::with_capacity(parts.len());
        for part in parts {
            (self.current, self.shape) = (start.clone(), shape);
            self.maps(part);
            ends.push(std::mem::take(&mut self.current));
        }
        self.shape = shape;
        let mut ends = ends.into_iter();
        self.current = ends.next().unwrap_or(start);
        let rest: Vec<String> = ends.collect();
        match join {
            Join::Concat => self.node("Concat", &rest, vec![int("axis", 1)]),
            Join::Sum => rest.into_iter().for_each(|other| self.node("Add", &[other], vec![])),
        }
    }
}
