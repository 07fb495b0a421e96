//! A convolution with stride 1 as products: with the channels innermost, the values that an output looks at in one row of
//! the input lie side by side.

use super::super::adam::Target;
use super::super::network::Conv2d;
use super::maps::Maps;
use super::rows::weights;
use limbic_lanes::plain;
use limbic_lanes::product::{Left, Packed, add, add_some};
use rayon::prelude::*;

/// Rows of the weights' gradient that one task makes.
const BLOCK: usize = 48;

/// A convolution, and what its way back needs.
#[derive(Debug)]
pub(super) struct Conv {
    pub index: usize,
    /// [channels, height, width].
    pub input: [usize; 3],
    output: [usize; 3],
    kernel: [usize; 2],
    padding: [usize; 2],
    /// The batch with its borders.
    padded: Maps,
}

impl Conv {
    /// `None` for one with steps, dilation, groups or a border as wide as its kernel.
    pub fn of(conv: &Conv2d, input: [usize; 3], output: [usize; 3], index: usize) -> Option<Conv> {
        let [.., height, width] = conv.weight.dims();
        let plain = conv.stride == [1, 1] && conv.dilation == [1, 1] && conv.groups == 1;
        let narrow = conv.padding[0] < height && conv.padding[1] < width;
        let (kernel, padding) = ([height, width], conv.padding);
        (plain && narrow).then(|| Conv { index, input, output, kernel, padding, padded: Maps::default() })
    }

    pub fn forward(&mut self, x: &Maps, targets: &[Option<Target<'_>>]) -> Maps {
        let packed = self.packed(weights(targets, self.index), false);
        let bias = weights(targets, self.index + 1);
        self.padded = with_border(x, self.padding);
        let mut y = Maps::zeros(x.n, self.output);
        y.values.chunks_exact_mut(self.output[0].max(1)).for_each(|place| place.copy_from_slice(bias));
        through(&self.padded, &packed, &mut y);
        y
    }

    pub fn backward(&mut self, dy: &Maps, wanted: bool, targets: &mut [Option<Target<'_>>]) -> Maps {
        let dx = match wanted {
            true => {
                let packed = self.packed(weights(targets, self.index), true);
                let border = [self.kernel[0] - 1 - self.padding[0], self.kernel[1] - 1 - self.padding[1]];
                let mut dx = Maps::zeros(dy.n, self.input);
                through(&with_border(dy, border), &packed, &mut dx);
                dx
            }
            false => Maps::default(),
        };
        let gradient = self.gradient(dy);
        targets[self.index].iter_mut().for_each(|target| target.take(&gradient));
        let mut bias = vec![0.0; self.output[0]];
        plain::add_rows(&mut bias, &dy.values);
        targets[self.index + 1].iter_mut().for_each(|target| target.take(&bias));
        dx
    }

    /// For each row of the kernel the weights [column, input][output]; `back`: turned round, [column, output][input].
    fn packed(&self, weights: &[f32], back: bool) -> Vec<Packed> {
        let ([inputs, ..], [outputs, ..], [height, width]) = (self.input, self.output, self.kernel);
        let area = height * width;
        let row = |y: usize| {
            let (terms, columns) = if back { (width * outputs, inputs) } else { (width * inputs, outputs) };
            let mut some = vec![0.0; terms * columns];
            for (term, row) in some.chunks_exact_mut(columns.max(1)).enumerate() {
                for (column, value) in row.iter_mut().enumerate() {
                    let (input, output, place) = match back {
                        true => (column, term % outputs, (height - 1 - y) * width + width - 1 - term / outputs),
                        false => (term % inputs, column, y * width + term / inputs),
                    };
                    *value = weights[(output * inputs + input) * area + place];
                }
            }
            Packed::of(&some, terms, columns, columns)
        };
        (0..height).into_par_iter().map(row).collect()
    }

    /// The weights' gradient in their own order.
    fn gradient(&self, dy: &Maps) -> Vec<f32> {
        let ([inputs, ..], [outputs, high, wide], [height, width]) = (self.input, self.output, self.kernel);
        let packed = Packed::of(&dy.values, dy.n * high * wide, outputs, outputs);
        let (pitch, size, rows) = (self.padded.shape[2] * inputs, self.padded.size(), width * inputs);
        let blocks: Vec<(usize, usize)> = (0..height).flat_map(|y| (0..rows).step_by(BLOCK).map(move |r| (y, r))).collect();
        let block = |&(y, first): &(usize, usize)| {
            let some = BLOCK.min(rows - first);
            let mut sums = vec![0.0; some * outputs];
            for (sample, row) in (0..dy.n).flat_map(|s| (0..high).map(move |row| (s, row))) {
                let values = &self.padded.values[sample * size + (row + y) * pitch + first..];
                let start = (sample * high + row) * wide;
                add_some(some, Left { values, row: 1, term: inputs }, &packed, start..start + wide, &mut sums, outputs);
            }
            sums
        };
        let made: Vec<Vec<f32>> = blocks.par_iter().map(block).collect();
        let mut gradient = vec![0.0; outputs * inputs * height * width];
        for (&(y, first), sums) in blocks.iter().zip(&made) {
            for (r, sums) in sums.chunks_exact(outputs.max(1)).enumerate() {
                let (x, input) = ((first + r) / inputs, (first + r) % inputs);
                for (output, value) in sums.iter().enumerate() {
                    gradient[((output * inputs + input) * height + y) * width + x] = *value;
                }
            }
        }
        gradient
    }
}

/// Adds to y what its rows see of the padded x through each row of the kernel.
fn through(x: &Maps, packed: &[Packed], y: &mut Maps) {
    let ([channels, _, width], [outputs, _, wide]) = (x.shape, y.shape);
    let (size, length) = (x.size(), y.size());
    y.values.par_chunks_exact_mut(length).zip(x.values.par_chunks_exact(size)).for_each(|(y, x)| {
        for (row, y) in y.chunks_exact_mut((wide * outputs).max(1)).enumerate() {
            for (k, weights) in packed.iter().enumerate() {
                let values = &x[(row + k) * width * channels..];
                add(wide, Left { values, row: channels, term: 1 }, weights, y, outputs);
            }
        }
    });
}

/// The same maps with rows and columns of zeros around them.
fn with_border(x: &Maps, [high, wide]: [usize; 2]) -> Maps {
    if [high, wide] == [0, 0] {
        return x.clone();
    }
    let [channels, height, width] = x.shape;
    let mut padded = Maps::zeros(x.n, [channels, height + 2 * high, width + 2 * wide]);
    let (size, pitch, run) = (padded.size(), (width + 2 * wide) * channels, width * channels);
    padded.values.par_chunks_exact_mut(size).zip(x.values.par_chunks_exact(x.size())).for_each(|(to, from)| {
        for (row, from) in from.chunks_exact(run.max(1)).enumerate() {
            let start = (row + high) * pitch + wide * channels;
            to[start..start + run].copy_from_slice(from);
        }
    });
    padded
}
