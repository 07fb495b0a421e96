//! What changes of a patch do to the sums of a dense layer.

use super::maps::Patch;
use crate::train::parameters::{tensor, values};
use burn::tensor::Tensor;

/// sums += changes x weights. `weights` has a row for every value of a map of `width` columns, `sums` are n x units.
pub fn add_product(patch: Patch, width: usize, weights: &Tensor<2>, sums: &mut [f32]) {
    let (n, size, channels, rect) = (patch.samples(), patch.size(), patch.channels, patch.rect);
    let run = rect.columns() * channels;
    let changes = tensor(patch.values, [n, size]);
    let mut row = 0;
    while row < rect.rows() {
        // Rows of a patch as wide as the map stand one behind the other and make one product.
        let rows = if rect.columns() == width { rect.rows() } else { 1 };
        let start = ((rect.top + row) * width + rect.left) * channels;
        let some = changes.clone().slice([0..n, row * run..(row + rows) * run]);
        let product = some.matmul(weights.clone().narrow(0, start, rows * run));
        sums.iter_mut().zip(values(product)).for_each(|(s, p)| *s += p);
        row += rows;
    }
}
