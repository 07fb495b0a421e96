//! Products of matrices with all that the caller knows of their layout: rows and terms of the left factor lie wherever two
//! distances say, which makes a convolution over maps with the channels innermost a product without any copy; the right
//! factor is cut into panels that stay in the cache.

pub(crate) mod kernel;

use std::ops::Range;

/// Columns of a panel.
pub const PANEL: usize = 64;
/// Values of the widest vector.
pub(crate) const VECTOR: usize = 16;
/// Rows that are summed together.
const ROWS: usize = 6;
/// Terms of a panel that are used for all rows before the next are: 32 KiB of it.
const TERMS: usize = 128;

/// The left factor: value [row][term] is `values[row * self.row + term * self.term]`.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub row: usize,
    pub term: usize,
}

impl<'a> Left<'a> {
    /// From this row on, and from this term on.
    fn from(self, row: usize, term: usize) -> Left<'a> {
        Left { values: &self.values[row * self.row + term * self.term..], ..self }
    }
}

/// The right factor [terms, columns], panel by panel; what is missing of the last one holds 0.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    values: Vec<f32>,
    terms: usize,
    columns: usize,
}

impl Packed {
    /// Of a matrix whose rows of `columns` values are `stride` apart.
    pub fn of(values: &[f32], terms: usize, columns: usize, stride: usize) -> Packed {
        let mut packed = Packed::default();
        packed.fill(values, terms, columns, stride);
        packed
    }

    /// As [`Packed::of`], into the memory of what was here before.
    ///
    /// # Panics
    /// Fewer values than that.
    pub fn fill(&mut self, values: &[f32], terms: usize, columns: usize, stride: usize) {
        (self.terms, self.columns) = (terms, columns);
        let size = columns.div_ceil(PANEL) * terms * PANEL;
        if self.values.len() != size || !columns.is_multiple_of(PANEL) {
            self.values.clear();
            self.values.resize(size, 0.0);
        }
        for term in 0..terms {
            let row = &values[term * stride..term * stride + columns];
            for (panel, some) in row.chunks(PANEL).enumerate() {
                let start = (panel * terms + term) * PANEL;
                self.values[start..start + some.len()].copy_from_slice(some);
            }
        }
    }

    pub fn terms(&self) -> usize {
        self.terms
    }

    pub fn columns(&self) -> usize {
        self.columns
    }
}

/// `c[r] += a[r] b` for `rows` rows of c, which are `stride` values apart.
///
/// # Panics
/// Slices that are too short for that.
pub fn add(rows: usize, a: Left<'_>, b: &Packed, c: &mut [f32], stride: usize) {
    add_some(rows, a, b, 0..b.terms, c, stride);
}

/// As [`add`], over some of b's terms; `a` begins with the first of them.
///
/// # Panics
/// As [`add`].
pub fn add_some(rows: usize, a: Left<'_>, b: &Packed, terms: Range<usize>, c: &mut [f32], stride: usize) {
    for (panel, right) in b.values.chunks_exact((b.terms * PANEL).max(1)).enumerate() {
        let first = panel * PANEL;
        let columns = (b.columns - first).min(PANEL);
        for from in terms.clone().step_by(TERMS) {
            let (some_terms, right) = ((terms.end - from).min(TERMS), &right[from * PANEL..]);
            for row in (0..rows).step_by(ROWS) {
                let (some, a) = ((rows - row).min(ROWS), a.from(row, from - terms.start));
                let c = &mut c[row * stride + first..];
                if columns.is_multiple_of(VECTOR) {
                    kernel::add([some, columns, some_terms], a, right, c, stride);
                } else {
                    partly([some, columns, some_terms], a, right, c, stride);
                }
            }
        }
    }
}

/// Columns that do not fill their vectors go through a place of their own.
fn partly([rows, columns, terms]: [usize; 3], a: Left<'_>, b: &[f32], c: &mut [f32], stride: usize) {
    let mut sums = [0.0; ROWS * PANEL];
    kernel::add([rows, columns.next_multiple_of(VECTOR), terms], a, b, &mut sums, PANEL);
    for (row, sums) in sums.chunks(PANEL).take(rows).enumerate() {
        let c = &mut c[row * stride..row * stride + columns];
        c.iter_mut().zip(sums).for_each(|(c, s)| *c += s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole and partial panels, more terms than stay in the cache, rows that do not fill a kernel; small whole numbers, so
    /// that every order of additions gives the same.
    #[test]
    fn products_are_those_of_the_definition() {
        let number = |i: usize| ((i * 37 + i / 11) % 17) as f32 - 8.0;
        for (rows, terms, columns) in [(1, 1, 1), (7, 130, 64), (13, 300, 150), (6, 9, 80), (64, 64, 9), (5, 3, 33)] {
            let (a, b): (Vec<f32>, Vec<f32>) =
                ((0..rows * terms).map(number).collect(), (0..terms * (columns + 2)).map(number).collect());
            let packed = Packed::of(&b, terms, columns, columns + 2);
            let mut by_row = vec![0.5; rows * (columns + 1)];
            let mut by_term = by_row.clone();
            add(rows, Left { values: &a, row: terms, term: 1 }, &packed, &mut by_row, columns + 1);
            let turned: Vec<f32> = (0..rows * terms).map(|i| a[i % rows * terms + i / rows]).collect();
            add(rows, Left { values: &turned, row: 1, term: rows }, &packed, &mut by_term, columns + 1);
            assert_eq!(by_row, by_term);
            for (r, row) in by_row.chunks(columns + 1).enumerate() {
                for (c, value) in row[..columns].iter().enumerate() {
                    let sum: f32 = (0..terms).map(|t| a[r * terms + t] * b[t * (columns + 2) + c]).sum();
                    assert_eq!(*value, 0.5 + sum, "{rows} x {terms} x {columns}: row {r}, column {c}");
                }
                assert_eq!(row[columns], 0.5, "what lies beside is left alone");
            }
        }
    }
}
