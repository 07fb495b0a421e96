//! How the changes of a patch go through one layer.

use crate::train::network::{Conv2d, Curve, MapLayer};
use crate::train::parameters::{tensor, values};
use limbic_lanes::{Conv, LANES, Lane, Maps, Patch, Rect, Window, alive};

/// A layer on maps, arranged for patches.
#[derive(Debug)]
pub enum Step {
    Conv(Box<Conv>),
    Curve(Curve),
    /// Factor of every channel.
    Scale(Vec<f32>),
    Max(Window),
    Mean(Window),
    /// Rows above and columns to the left that were added.
    Shift(usize, usize),
}

impl Step {
    /// For a layer with these heights and widths of input and output; `None` for a kind that changes whole maps.
    pub fn of(layer: &MapLayer, input: [usize; 2], output: [usize; 2]) -> Option<Self> {
        let plain = |size: &[usize; 2], stride: &[usize; 2]| Window {
            size: *size,
            stride: *stride,
            padding: [0, 0],
            dilation: [1, 1],
            output,
        };
        Some(match layer {
            MapLayer::Conv2d(conv) if conv.groups == 1 => Step::Conv(Box::new(arranged(conv, input, output))),
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

    /// Brings the layer's output up to date with the changes of its input, which `input` has already, and says how
    /// the output has changed.
    pub fn update(&self, input: &Maps, changes: &Patch, output: &mut Maps) -> Patch {
        match self {
            Step::Conv(kernel) => stored(kernel.changed(changes), output),
            Step::Curve(curve) => bent(*curve, input, changes, output),
            Step::Scale(factors) => {
                let mut patch = changes.clone();
                for (lane, factor) in patch.values.iter_mut().zip(factors.iter().cycle()) {
                    lane.iter_mut().for_each(|v| *v *= factor);
                }
                stored(patch, output)
            }
            Step::Shift(down, across) => {
                let r = changes.rect;
                let rect = Rect { top: r.top + down, bottom: r.bottom + down, left: r.left + across, right: r.right + across };
                stored(Patch { rect, ..changes.clone() }, output)
            }
            Step::Max(window) => pooled(window, input, changes, output, f32::NEG_INFINITY, |best, v| best.max(v), 1.0),
            Step::Mean(window) => {
                let places = (window.size[0] * window.size[1]) as f32;
                pooled(window, input, changes, output, 0.0, |sum, v| sum + v, places)
            }
        }
    }
}

fn arranged(conv: &Conv2d, input: [usize; 2], output: [usize; 2]) -> Conv {
    let [_, _, height, width] = conv.weight.dims();
    let (size, stride) = ([height, width], conv.stride);
    let window = Window { size, stride, padding: conv.padding, dilation: conv.dilation, output };
    Conv::of(values(conv.weight.clone()), values(conv.bias.clone()), window, input)
}

fn stored(patch: Patch, output: &mut Maps) -> Patch {
    patch.add_to(output);
    patch
}

/// f(new input) - old output, value by value.
fn bent(curve: Curve, input: &Maps, changes: &Patch, output: &mut Maps) -> Patch {
    let mut patch = Patch::zeros(changes.rect, changes.channels);
    let rect = patch.rect;
    for (row, run) in patch.runs_mut() {
        run.copy_from_slice(&input.values[input.run(row, &rect)]);
    }
    if curve == Curve::Relu {
        alive::relu(&mut patch.values);
    } else {
        let flat = patch.values.as_flattened().to_vec();
        let count = flat.len();
        let bent = values(curve.of(tensor(flat, [count])));
        patch.values = bent.as_chunks::<LANES>().0.to_vec();
    }
    patch.settle(output)
}

/// Pools anew where something changed: `join` from `first` on over a window's values, divided by `divisor`.
fn pooled(
    window: &Window,
    input: &Maps,
    changes: &Patch,
    output: &mut Maps,
    first: f32,
    join: impl Fn(f32, f32) -> f32,
    divisor: f32,
) -> Patch {
    let mut patch = Patch::zeros(window.reached(&changes.rect), changes.channels);
    let (rect, channels) = (patch.rect, patch.channels);
    for (row, run) in patch.runs_mut() {
        for (column, sums) in run.chunks_mut(channels).enumerate() {
            sums.fill([first; LANES]);
            let (top, left) = (row * window.stride[0], (rect.left + column) * window.stride[1]);
            let seen = Rect { top, bottom: top + window.size[0], left, right: left + window.size[1] };
            for (y, x) in seen.places() {
                let start = input.start(y, x);
                let joined = |(sum, value): (&mut Lane, &Lane)| {
                    sum.iter_mut().zip(value).for_each(|(s, v)| *s = join(*s, *v));
                };
                sums.iter_mut().zip(&input.values[start..start + channels]).for_each(joined);
            }
            sums.iter_mut().flatten().for_each(|s| *s /= divisor);
        }
    }
    patch.settle(output)
}
