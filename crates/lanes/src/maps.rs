//! Feature maps of sixteen inputs with the channels innermost, and rectangles of changes to them.

use crate::{Lane, Rect, alive};

/// [row, column, channel] of sixteen inputs.
#[derive(Debug, Clone)]
pub struct Maps {
    pub values: Vec<Lane>,
    pub width: usize,
    pub channels: usize,
}

impl Maps {
    /// The number of the first channel of a place.
    pub fn start(&self, row: usize, column: usize) -> usize {
        (row * self.width + column) * self.channels
    }

    /// One row of a rectangle, from its left to its right.
    pub fn run(&self, row: usize, rect: &Rect) -> std::ops::Range<usize> {
        let start = self.start(row, rect.left);
        start..start + rect.columns() * self.channels
    }
}

/// By how much the values in a rectangle have changed: [row, column, channel] of sixteen inputs.
#[derive(Debug, Clone)]
pub struct Patch {
    pub rect: Rect,
    pub channels: usize,
    pub values: Vec<Lane>,
}

impl Patch {
    pub fn zeros(rect: Rect, channels: usize) -> Self {
        Patch { rect, channels, values: vec![Lane::default(); rect.rows() * rect.columns() * channels] }
    }

    /// (row of the map, its changes) of every row.
    pub fn runs_mut(&mut self) -> impl Iterator<Item = (usize, &mut [Lane])> {
        let (top, length) = (self.rect.top, (self.rect.columns() * self.channels).max(1));
        self.values.chunks_mut(length).enumerate().map(move |(i, run)| (top + i, run))
    }

    /// Adds the changes to the maps they belong to.
    pub fn add_to(&self, maps: &mut Maps) {
        for (i, run) in self.values.chunks((self.rect.columns() * self.channels).max(1)).enumerate() {
            let range = maps.run(self.rect.top + i, &self.rect);
            alive::add(&mut maps.values[range], run);
        }
    }

    /// Turns a patch of new values into one of changes, and stores the values.
    pub fn settle(mut self, maps: &mut Maps) -> Self {
        let rect = self.rect;
        for (row, run) in self.runs_mut() {
            let range = maps.run(row, &rect);
            alive::settle(run, &mut maps.values[range]);
        }
        self
    }
}
