//! Feature maps with the channels innermost, and rectangles of changes to them.

use crate::train::parameters::values;
use burn::tensor::Tensor;

/// Rows top..bottom, columns left..right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
}

impl Rect {
    pub fn pixel(row: usize, column: usize) -> Self {
        Rect { top: row, bottom: row + 1, left: column, right: column + 1 }
    }

    pub fn rows(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    pub fn columns(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub fn is_empty(&self) -> bool {
        self.rows() * self.columns() == 0
    }
}

/// [sample, row, column, channel].
pub struct Maps {
    pub values: Vec<f32>,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Maps {
    /// Of a tensor [n, channels, height, width], each sample `copies` times.
    pub fn of(x: &Tensor<4>, copies: usize) -> Self {
        let [_, channels, height, width] = x.dims();
        let values = values(x.clone().permute([0, 2, 3, 1])).repeat(copies);
        Maps { values, height, width, channels }
    }

    /// The channels of one place.
    pub fn at(&mut self, sample: usize, row: usize, column: usize) -> &mut [f32] {
        let start = ((sample * self.height + row) * self.width + column) * self.channels;
        &mut self.values[start..start + self.channels]
    }

    /// One row of a rectangle, from its left to its right.
    pub fn run(&self, sample: usize, row: usize, rect: &Rect) -> &[f32] {
        let start = ((sample * self.height + row) * self.width + rect.left) * self.channels;
        &self.values[start..start + rect.columns() * self.channels]
    }

    /// As [`Maps::run`], to write.
    pub fn run_mut(&mut self, sample: usize, row: usize, rect: &Rect) -> &mut [f32] {
        let start = ((sample * self.height + row) * self.width + rect.left) * self.channels;
        &mut self.values[start..start + rect.columns() * self.channels]
    }
}

/// By how much the values in a rectangle have changed: [sample, row, column, channel].
pub struct Patch {
    pub rect: Rect,
    pub channels: usize,
    pub values: Vec<f32>,
}

impl Patch {
    pub fn zeros(n: usize, rect: Rect, channels: usize) -> Self {
        Patch { rect, channels, values: vec![0.0; n * rect.rows() * rect.columns() * channels] }
    }

    /// Values of one sample.
    pub fn size(&self) -> usize {
        self.rect.rows() * self.rect.columns() * self.channels
    }

    pub fn samples(&self) -> usize {
        self.values.len() / self.size().max(1)
    }

    /// (sample, row of the map, its changes) of every row.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = (usize, usize, &mut [f32])> {
        let (rows, top, length) = (self.rect.rows().max(1), self.rect.top, (self.rect.columns() * self.channels).max(1));
        self.values.chunks_mut(length).enumerate().map(move |(i, run)| (i / rows, top + i % rows, run))
    }

    /// As [`Patch::runs_mut`], to read.
    pub fn runs(&self) -> impl Iterator<Item = (usize, usize, &[f32])> {
        let (rows, top, length) = (self.rect.rows().max(1), self.rect.top, (self.rect.columns() * self.channels).max(1));
        self.values.chunks(length).enumerate().map(move |(i, run)| (i / rows, top + i % rows, run))
    }

    /// Adds the changes to the maps they belong to.
    pub fn add_to(&self, maps: &mut Maps) {
        for (sample, row, run) in self.runs() {
            maps.run_mut(sample, row, &self.rect).iter_mut().zip(run).for_each(|(m, d)| *m += d);
        }
    }
}
