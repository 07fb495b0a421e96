//! Thin-plate spline (Duchon 1977) from electrodes to a grid, as one matrix: a map is a matrix times the values.

/// Weights of every electrode at every grid point.
#[derive(Debug, Clone)]
pub struct Spline {
    /// Points x sites, row-major.
    weights: Vec<f64>,
    sites: usize,
}

impl Spline {
    /// The spline through `sites` (distinct places), evaluated at `points`. `None` when two sites coincide.
    ///
    /// Sites on one line, or fewer than three, leave part of the plane's slope undetermined; it is taken as 0.
    pub fn new(sites: &[(f64, f64)], points: &[(f64, f64)]) -> Option<Self> {
        let n = sites.len();
        let slopes = independent(sites);
        let size = n + slopes.len();
        let mut matrix = vec![0.0; size * size];
        for (i, &site) in sites.iter().enumerate() {
            for (j, &other) in sites.iter().enumerate() {
                matrix[i * size + j] = kernel(site, other);
            }
            for (j, &slope) in slopes.iter().enumerate() {
                matrix[i * size + n + j] = polynomial(slope, site);
                matrix[(n + j) * size + i] = polynomial(slope, site);
            }
        }
        let inverse = inverse(matrix, size)?;
        let mut weights = vec![0.0; points.len() * n];
        for (row, &point) in weights.chunks_mut(n.max(1)).zip(points) {
            let basis = sites.iter().map(|&s| kernel(point, s)).chain(slopes.iter().map(|&s| polynomial(s, point)));
            for (k, value) in basis.enumerate() {
                row.iter_mut().zip(&inverse[k * size..]).for_each(|(w, a)| *w += value * a);
            }
        }
        Some(Spline { weights, sites: n })
    }

    /// The value at every point, kept within the range of `values`: between electrodes a spline overshoots, beyond
    /// them it runs away.
    pub fn at(&self, values: &[f64]) -> Vec<f64> {
        if self.sites == 0 || values.len() != self.sites {
            return Vec::new();
        }
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        self.weights.chunks(self.sites).map(|row| dot(row, values).max(low).min(high)).collect()
    }
}

/// Four sums side by side, since one waits for itself.
fn dot(row: &[f64], values: &[f64]) -> f64 {
    let (weights, inputs) = (row.chunks_exact(4), values.chunks_exact(4));
    let rest: f64 = weights.remainder().iter().zip(inputs.remainder()).map(|(w, v)| w * v).sum();
    let mut sums = [0.0; 4];
    for (w, v) in weights.zip(inputs) {
        (0..4).for_each(|i| sums[i] += w[i] * v[i]);
    }
    sums.iter().sum::<f64>() + rest
}

/// r^2 ln r.
fn kernel(a: (f64, f64), b: (f64, f64)) -> f64 {
    let squared = (a.0 - b.0).powi(2) + (a.1 - b.1).powi(2);
    if squared > 0.0 { 0.5 * squared * squared.ln() } else { 0.0 }
}

/// 1, x or y.
fn polynomial(which: usize, (x, y): (f64, f64)) -> f64 {
    [1.0, x, y][which]
}

/// Which of 1, x, y are linearly independent on these sites.
fn independent(sites: &[(f64, f64)]) -> Vec<usize> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut kept = Vec::new();
    for which in 0..3 {
        let mut column: Vec<f64> = sites.iter().map(|&s| polynomial(which, s)).collect();
        for unit in &basis {
            let along: f64 = column.iter().zip(unit).map(|(c, u)| c * u).sum();
            column.iter_mut().zip(unit).for_each(|(c, u)| *c -= along * u);
        }
        let length = column.iter().map(|c| c * c).sum::<f64>().sqrt();
        if length > 1e-9 {
            column.iter_mut().for_each(|c| *c /= length);
            basis.push(column);
            kept.push(which);
        }
    }
    kept
}

/// Gauss-Jordan with partial pivoting; `None` for a singular matrix.
fn inverse(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    let mut inverse = vec![0.0; size * size];
    (0..size).for_each(|i| inverse[i * size + i] = 1.0);
    for column in 0..size {
        let largest = |a: &usize, b: &usize| matrix[a * size + column].abs().total_cmp(&matrix[b * size + column].abs());
        let pivot = (column..size).max_by(largest)?;
        let scale = matrix[pivot * size + column];
        if scale.abs() < 1e-12 {
            return None;
        }
        for j in 0..size {
            matrix.swap(column * size + j, pivot * size + j);
            inverse.swap(column * size + j, pivot * size + j);
        }
        for j in 0..size {
            matrix[column * size + j] /= scale;
            inverse[column * size + j] /= scale;
        }
        for row in (0..size).filter(|r| *r != column) {
            let factor = matrix[row * size + column];
            for j in 0..size {
                matrix[row * size + j] -= factor * matrix[column * size + j];
                inverse[row * size + j] -= factor * inverse[column * size + j];
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Montage, Seed};

    fn sites() -> Vec<(f64, f64)> {
        Montage::biosemi32().positions().iter().map(|p| p.flat()).collect()
    }

    /// Solves for the coefficients of one set of values by elimination, without any inverse.
    fn direct(sites: &[(f64, f64)], values: &[f64], point: (f64, f64)) -> f64 {
        let (n, size) = (sites.len(), sites.len() + 3);
        let basis = |i: usize, at: (f64, f64)| if i < n { kernel(at, sites[i]) } else { polynomial(i - n, at) };
        let mut rows: Vec<Vec<f64>> = (0..size)
            .map(|i| {
                let left = |j: usize| {
                    if i < n {
                        basis(j, sites[i])
                    } else if j < n {
                        polynomial(i - n, sites[j])
                    } else {
                        0.0
                    }
                };
                (0..size).map(left).chain([if i < n { values[i] } else { 0.0 }]).collect()
            })
            .collect();
        for c in 0..size {
            let pivot = (c..size).max_by(|a, b| rows[*a][c].abs().total_cmp(&rows[*b][c].abs())).expect("rows");
            rows.swap(c, pivot);
            for r in c + 1..size {
                let factor = rows[r][c] / rows[c][c];
                let pivot = rows[c].clone();
                rows[r].iter_mut().zip(&pivot).skip(c).for_each(|(value, above)| *value -= factor * above);
            }
        }
        let mut solution = vec![0.0; size];
        for r in (0..size).rev() {
            let rest: f64 = (r + 1..size).map(|j| rows[r][j] * solution[j]).sum();
            solution[r] = (rows[r][size] - rest) / rows[r][r];
        }
        (0..size).map(|i| solution[i] * basis(i, point)).sum()
    }

    #[test]
    fn the_matrix_equals_a_direct_solve() {
        let (sites, mut seed) = (sites(), Seed::new(4));
        let values: Vec<f64> = sites.iter().map(|_| seed.normal()).collect();
        let (low, high) = values.iter().fold((9.0f64, -9.0f64), |(l, h), v| (v.min(l), v.max(h)));
        let points: Vec<(f64, f64)> = (0..60).map(|_| (seed.between(-1.0, 1.0), seed.between(-1.0, 1.0))).collect();
        let map = Spline::new(&sites, &points).expect("distinct sites").at(&values);
        for (got, point) in map.iter().zip(&points) {
            let wanted = direct(&sites, &values, *point).clamp(low, high);
            assert!((got - wanted).abs() < 1e-9, "{got} {wanted}");
        }
    }

    #[test]
    fn values_at_the_electrodes_are_kept() {
        let (sites, mut seed) = (sites(), Seed::new(5));
        let values: Vec<f64> = sites.iter().map(|_| seed.normal()).collect();
        let map = Spline::new(&sites, &sites).expect("distinct sites").at(&values);
        assert!(map.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn few_electrodes_and_those_on_a_line_have_a_map_too() {
        for count in [1, 2, 3] {
            let sites = [(0.0, 0.5), (0.0, 0.0), (0.0, -0.5)];
            let map = Spline::new(&sites[..count], &[(0.3, 0.5), (0.0, 0.0)]).expect("distinct").at(&[1.0, 0.0, -1.0][..count]);
            assert!((map[0] - 1.0).abs() < 1e-9, "{count}: {map:?}");
        }
        assert!(Spline::new(&[(0.1, 0.2), (0.1, 0.2), (0.5, 0.5)], &[]).is_none());
    }
}
