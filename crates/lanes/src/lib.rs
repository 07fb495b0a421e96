//! Sixteen inputs of a network at once: convolutions and a dense layer, of whole maps, of their gradients and of the changes
//! of a patch, all made from one inner loop. Unlike a matrix product that loop is given the list of terms that are not
//! zero, so that what a ReLU switched off in all sixteen inputs costs nothing. Beside them the other inner loops that want the
//! widest vectors: products of matrices, Adam, recursive filters, spectrograms. A crate of its own because it must be compiled
//! with optimisation.

pub mod adam;
pub mod alive;
pub mod biquad;
mod conv;
pub mod decay;
mod decibel;
mod dense;
mod maps;
pub mod plain;
pub mod product;
pub mod spectrogram;
mod sums;
pub mod turn;
mod window;

pub use alive::Alive;
pub use conv::Conv;
pub use dense::Dense;
pub use maps::{Maps, Patch};
pub use window::{Rect, Window};

/// Inputs that are computed together.
pub const LANES: usize = 16;
/// Outputs that one call computes.
pub const PANEL: usize = 16;

/// One value of sixteen inputs.
pub type Lane = [f32; LANES];

/// A product: the value `from` of every input times the weights' row `weight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub from: u32,
    pub weight: u32,
}

/// A matrix of weights cut into panels of sixteen columns, so that a row of a panel is one line of the cache.
#[derive(Debug, Clone, Default)]
pub struct Panels {
    values: Vec<[f32; PANEL]>,
    rows: usize,
    columns: usize,
}

impl Panels {
    /// Weights [rows, columns], each by its row and column.
    pub fn of(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let mut values = vec![[0.0; PANEL]; rows * columns.div_ceil(PANEL)];
        for (i, line) in values.iter_mut().enumerate() {
            let (panel, row) = (i / rows.max(1), i % rows.max(1));
            for (place, column) in line.iter_mut().zip(panel * PANEL..columns) {
                *place = value(row, column);
            }
        }
        Panels { values, rows, columns }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many panels cover the columns.
    pub fn count(&self) -> usize {
        self.columns.div_ceil(PANEL)
    }

    /// Columns of one panel.
    pub fn range(&self, panel: usize) -> std::ops::Range<usize> {
        (panel * PANEL).min(self.columns)..((panel + 1) * PANEL).min(self.columns)
    }

    /// `sums[c] += sum over terms of lanes[from] * weight[row][c]` for the columns c of `panel`; `sums` holds as many as
    /// [`Panels::range`].
    ///
    /// # Panics
    /// A term that names a lane or a row there is not.
    pub fn add(&self, panel: usize, terms: &[Term], lanes: &[Lane], sums: &mut [Lane]) {
        let weights = &self.values[panel * self.rows..(panel + 1) * self.rows];
        match sums {
            [sum] => sums::add_one(terms, lanes, weights, sum),
            sums if sums.len() == PANEL => {
                if let Ok(sums) = sums.try_into() {
                    sums::add(terms, lanes, weights, sums);
                }
            }
            sums => {
                let mut padded = [[0.0; LANES]; PANEL];
                let some = sums.len().min(PANEL);
                padded[..some].copy_from_slice(&sums[..some]);
                sums::add(terms, lanes, weights, &mut padded);
                sums[..some].copy_from_slice(&padded[..some]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 20 columns: one whole panel and a part of one; some rows twice, some not at all.
    #[test]
    fn sums_are_those_of_the_definition() {
        let weight = |row: usize, column: usize| ((row * 37 + column * 11) % 17) as f32 - 8.0;
        let panels = Panels::of(9, 20, weight);
        let lanes: Vec<Lane> = (0..5).map(|i| std::array::from_fn(|l| ((i * 7 + l * 3) % 13) as f32 - 6.0)).collect();
        let terms: Vec<Term> = [(0, 8), (4, 0), (4, 3), (2, 3), (1, 5)].map(|(from, weight)| Term { from, weight }).to_vec();
        for panel in 0..panels.count() {
            let range = panels.range(panel);
            let mut sums = vec![[0.5; LANES]; range.len()];
            panels.add(panel, &terms, &lanes, &mut sums);
            for (sum, column) in sums.iter().zip(range) {
                for (l, value) in sum.iter().enumerate() {
                    let each = terms.iter().map(|t| lanes[t.from as usize][l] * weight(t.weight as usize, column));
                    assert_eq!(*value, 0.5 + each.sum::<f32>(), "panel {panel}, column {column}, lane {l}");
                }
            }
        }
    }
}
