//! The eigenvectors of symmetric matrices by Jacobi's rotations: all that whitening and decorrelation need.

/// Eigenvalues in descending order, each with its eigenvector of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    pub values: Vec<f64>,
    /// `vectors[k]` belongs to `values[k]`.
    pub vectors: Vec<Vec<f64>>,
}

/// Rotations go over the whole matrix at most so often; seven suffice for 64 x 64.
const SWEEPS: usize = 40;
/// The rest off the diagonal, relative to the whole matrix, that counts as nothing.
const REST: f64 = 1e-15;

/// Eigenvalues and eigenvectors of a symmetric matrix (cyclic Jacobi; Golub and Van Loan, Matrix Computations, 8.5).
pub fn symmetric_eigen(matrix: &[Vec<f64>]) -> Eigen {
    let n = matrix.len();
    let mut a = matrix.to_vec();
    // Rows become the eigenvectors: rotating rows is contiguous in memory.
    let mut v: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    let whole = a.iter().flatten().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..SWEEPS {
        let rest: f64 = (0..n).flat_map(|i| a[i][i + 1..].iter()).map(|x| x * x).sum::<f64>().sqrt();
        if rest <= REST * whole {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, p, q);
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[*j][*j].total_cmp(&a[*i][*i]));
    Eigen { values: order.iter().map(|&i| a[i][i]).collect(), vectors: order.iter().map(|&i| v[i].clone()).collect() }
}

/// One rotation that makes a[p][q] zero.
fn rotate(a: &mut [Vec<f64>], v: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (c * x - s * y, s * x + c * y);
    }
    turn_rows(a, p, q, c, s);
    turn_rows(v, p, q, c, s);
}

fn turn_rows(m: &mut [Vec<f64>], p: usize, q: usize, c: f64, s: f64) {
    let (upper, lower) = m.split_at_mut(q);
    for (x, y) in upper[p].iter_mut().zip(&mut lower[0]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// a . b, in eight running sums so that the processor can add several at once.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = a8.remainder().iter().zip(b8.remainder()).map(|(x, y)| x * y).sum();
    let mut sums = [0.0; 8];
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn a_matrix_is_put_together_again_from_its_eigenvectors() {
        let (n, mut seed) = (20, Seed::new(4));
        let half: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| seed.normal()).collect()).collect();
        let symmetric = |i: usize| (0..n).map(|j| half[i][j] + half[j][i]).collect();
        let m: Vec<Vec<f64>> = (0..n).map(symmetric).collect();
        let eigen = symmetric_eigen(&m);
        for (i, row) in m.iter().enumerate() {
            for (j, wanted) in row.iter().enumerate() {
                let sum: f64 = (0..n).map(|k| eigen.values[k] * eigen.vectors[k][i] * eigen.vectors[k][j]).sum();
                assert!((sum - wanted).abs() < 1e-11, "{i} {j}");
                let unit = f64::from(u8::from(i == j));
                assert!((dot(&eigen.vectors[i], &eigen.vectors[j]) - unit).abs() < 1e-12);
            }
        }
        assert!(eigen.values.windows(2).all(|w| w[0] >= w[1]));
        let small = symmetric_eigen(&[vec![2.0, 1.0], vec![1.0, 2.0]]).values;
        assert!((small[0] - 3.0).abs() < 1e-12 && (small[1] - 1.0).abs() < 1e-12, "{small:?}");
    }
}
