//! How the changes of a patch go through one layer.

use super::maps::{Maps, Patch, Rect};
use crate::train::network::{Conv2d, Curve, MapLayer};
use crate::train::parameters::{tensor, values};
use burn::tensor::Tensor;

/// Samples whose products are formed together: their sums stay in the cache.
const BLOCK: usize = 16;

/// A layer on maps, arranged for patches.
#[derive(Debug)]
pub enum Step {
    Conv(Box<Kernel>),
    Curve(Curve),
    /// Factor of every channel.
    Scale(Vec<f32>),
    Max(Window),
    Mean(Window),
    /// Rows above and columns to the left that were added.
    Shift(usize, usize),
}

/// A convolution.
#[derive(Debug)]
pub struct Kernel {
    /// Weights [in, kernel row x kernel column x out].
    weight: Tensor<2>,
    window: Window,
    outputs: usize,
}

/// How the places of a layer's output look at its input.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    size: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    /// Height and width of the output.
    output: [usize; 2],
}

impl Window {
    /// The places that see something of `rect`.
    fn reached(&self, rect: &Rect) -> Rect {
        let span = |low: usize, high: usize, d: usize| {
            let reach = (self.size[d] - 1) * self.dilation[d];
            let first = (low + self.padding[d]).saturating_sub(reach).div_ceil(self.stride[d]);
            let last = (high - 1 + self.padding[d]) / self.stride[d] + 1;
            (first.min(self.output[d]), last.min(self.output[d]))
        };
        let ((top, bottom), (left, right)) = (span(rect.top, rect.bottom, 0), span(rect.left, rect.right, 1));
        Rect { top, bottom: bottom.max(top), left, right: right.max(left) }
    }

    /// The output place that sees input place `at` through kernel place `k`, along dimension `d`.
    fn seen_from(&self, at: usize, k: usize, d: usize) -> Option<usize> {
        let place = (at + self.padding[d]).checked_sub(k * self.dilation[d])?;
        let output = place / self.stride[d];
        (place % self.stride[d] == 0 && output < self.output[d]).then_some(output)
    }
}

impl Step {
    /// For a layer with this height and width of output; `None` for a kind that changes whole maps.
    pub fn of(layer: &MapLayer, output: [usize; 2]) -> Option<Self> {
        let plain = |size: &[usize; 2], stride: &[usize; 2]| Window {
            size: *size,
            stride: *stride,
            padding: [0, 0],
            dilation: [1, 1],
            output,
        };
        Some(match layer {
            MapLayer::Conv2d(conv) if conv.groups == 1 => Step::conv(conv, output),
            MapLayer::Conv2d(_) => return None,
            MapLayer::Relu => Step::Curve(Curve::Relu),
            MapLayer::Curve(curve) => Step::Curve(*curve),
            MapLayer::MaxPool2d { size, stride } => Step::Max(plain(size, stride)),
            MapLayer::AvgPool2d { size, stride } => Step::Mean(plain(size, stride)),
            MapLayer::Norm(norm) => Step::Scale(values(norm.scale.clone())),
            MapLayer::Pad { sides, .. } => Step::Shift(sides[0], sides[1]),
            _ => return None,
        })
    }

    fn conv(conv: &Conv2d, output: [usize; 2]) -> Self {
        let [outputs, inputs, height, width] = conv.weight.dims();
        let weight = values(conv.weight.clone().permute([1, 2, 3, 0]));
        let (size, stride) = ([height, width], conv.stride);
        let window = Window { size, stride, padding: conv.padding, dilation: conv.dilation, output };
        let weight = tensor(weight, [inputs, height * width * outputs]);
        Step::Conv(Box::new(Kernel { weight, window, outputs }))
    }
    /// Brings the layer's output up to date with the changes of its input, which `input` has already, and says how
    /// the output has changed.
    pub fn update(&self, input: &Maps, changes: &Patch, output: &mut Maps) -> Patch {
        match self {
            Step::Conv(kernel) => {
                let patch = convolved(changes, kernel);
                patch.add_to(output);
                patch
            }
            Step::Curve(curve) => bent(*curve, input, changes, output),
            Step::Scale(factors) => {
                let mut patch = Patch { values: changes.values.clone(), ..*changes };
                let channels = patch.values.chunks_mut(factors.len().max(1));
                channels.for_each(|c| c.iter_mut().zip(factors).for_each(|(v, f)| *v *= f));
                patch.add_to(output);
                patch
            }
            Step::Shift(down, across) => {
                let r = changes.rect;
                let rect = Rect { top: r.top + down, bottom: r.bottom + down, left: r.left + across, right: r.right + across };
                let patch = Patch { values: changes.values.clone(), rect, ..*changes };
                patch.add_to(output);
                patch
            }
            Step::Max(window) => pooled(window, input, changes, output, |maps| {
                let mut top = maps.next().unwrap_or_default().to_vec();
                maps.for_each(|place| top.iter_mut().zip(place).for_each(|(t, v)| *t = t.max(*v)));
                top
            }),
            Step::Mean(window) => pooled(window, input, changes, output, |maps| {
                let mut sum = maps.next().unwrap_or_default().to_vec();
                maps.for_each(|place| sum.iter_mut().zip(place).for_each(|(s, v)| *s += v));
                let places = (window.size[0] * window.size[1]) as f32;
                sum.iter_mut().for_each(|s| *s /= places);
                sum
            }),
        }
    }
}

/// The changes of a convolution's output: every changed input place is multiplied with all of the kernel at once,
/// and the products are added where they belong.
fn convolved(changes: &Patch, kernel: &Kernel) -> Patch {
    let Kernel { weight, window, outputs } = kernel;
    let (outputs, kernel) = (*outputs, window.size);
    let (from, n) = (changes.rect, changes.samples());
    let mut patch = Patch::zeros(n, window.reached(&from), outputs);
    let to = patch.rect;
    // (input place and kernel place, output place), the same for every sample.
    let mut routes = Vec::new();
    for (place, (row, column)) in places(&from).enumerate() {
        for (k, (down, across)) in (0..kernel[0]).flat_map(|y| (0..kernel[1]).map(move |x| (y, x))).enumerate() {
            if let (Some(y), Some(x)) = (window.seen_from(row, down, 0), window.seen_from(column, across, 1)) {
                let target = (y - to.top) * to.columns() + (x - to.left);
                routes.push(((place * kernel[0] * kernel[1] + k) * outputs, target * outputs));
            }
        }
    }
    let (area, products) = (from.rows() * from.columns(), kernel[0] * kernel[1] * outputs);
    let sizes = (changes.size() * BLOCK, patch.size().max(1) * BLOCK);
    for (some, sums) in changes.values.chunks(sizes.0).zip(patch.values.chunks_mut(sizes.1)) {
        let rows = some.len() / changes.channels;
        let product = values(tensor(some.to_vec(), [rows, changes.channels]).matmul(weight.clone()));
        for (sample, sum) in product.chunks(area * products).zip(sums.chunks_mut(sizes.1 / BLOCK)) {
            for &(source, target) in &routes {
                let addends = &sample[source..source + outputs];
                sum[target..target + outputs].iter_mut().zip(addends).for_each(|(s, a)| *s += a);
            }
        }
    }
    patch
}

/// Row and column of every place, row by row.
fn places(rect: &Rect) -> impl Iterator<Item = (usize, usize)> {
    let (left, right) = (rect.left, rect.right);
    (rect.top..rect.bottom).flat_map(move |row| (left..right).map(move |column| (row, column)))
}

/// f(new input) - old output, value by value.
fn bent(curve: Curve, input: &Maps, changes: &Patch, output: &mut Maps) -> Patch {
    let mut patch = Patch::zeros(changes.samples(), changes.rect, changes.channels);
    let rect = patch.rect;
    for (sample, row, run) in patch.runs_mut() {
        run.copy_from_slice(input.run(sample, row, &rect));
    }
    if curve == Curve::Relu {
        patch.values.iter_mut().for_each(|v| *v = v.max(0.0));
    } else {
        let count = patch.values.len();
        patch.values = values(curve.of(tensor(patch.values, [count])));
    }
    settle(patch, output)
}

/// Pools anew where something changed.
fn pooled(
    window: &Window,
    input: &Maps,
    changes: &Patch,
    output: &mut Maps,
    pool: impl Fn(&mut dyn Iterator<Item = &[f32]>) -> Vec<f32>,
) -> Patch {
    let mut patch = Patch::zeros(changes.samples(), window.reached(&changes.rect), changes.channels);
    let (rect, channels) = (patch.rect, patch.channels);
    for (sample, row, run) in patch.runs_mut() {
        for (column, values) in run.chunks_mut(channels).enumerate() {
            let (top, left) = (row * window.stride[0], (rect.left + column) * window.stride[1]);
            let seen = Rect { top, bottom: top + window.size[0], left, right: left + window.size[1] };
            let mut all = places(&seen).map(|(y, x)| input.run(sample, y, &Rect::pixel(y, x)));
            values.copy_from_slice(&pool(&mut all));
        }
    }
    settle(patch, output)
}

/// Turns a patch of new values into one of changes, and stores the values.
fn settle(mut patch: Patch, output: &mut Maps) -> Patch {
    let rect = patch.rect;
    for (sample, row, run) in patch.runs_mut() {
        for (new, old) in run.iter_mut().zip(output.run_mut(sample, row, &rect)) {
            let difference = *new - *old;
            *old = *new;
            *new = difference;
        }
    }
    patch
}
