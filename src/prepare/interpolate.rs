//! Bad channels from their neighbours by spherical splines (Perrin et al. 1989; algorithms 1.3).

use crate::prepare::{PrepareError, Signals};
use crate::signal::{Montage, Position};
use std::f64::consts::PI;

/// Largest share of channels that may be interpolated; beyond it the segment is rejected.
pub const LARGEST_SHARE: f64 = 0.25;
/// Added to the diagonal of the spline matrix against noise.
const SMOOTHING: f64 = 1e-5;
const TERMS: usize = 50;

/// g(cos) of the spline: the Legendre series with stiffness 4.
fn spline(cosine: f64) -> f64 {
    let (mut before, mut now, mut sum) = (1.0, cosine, 0.0);
    for n in 1..=TERMS {
        let m = n as f64;
        sum += (2.0 * m + 1.0) / (m * (m + 1.0)).powi(4) * now;
        (before, now) = (now, ((2.0 * m + 1.0) * cosine * now - m * before) / (m + 1.0));
    }
    sum / (4.0 * PI)
}

/// Weights that make each bad channel from the good ones: `bad.len()` rows of `good.len()`.
///
/// # Errors
/// Positions that coincide, so that the equations have no single answer.
pub fn weights(good: &[Position], bad: &[Position]) -> Result<Vec<Vec<f64>>, PrepareError> {
    let n = good.len();
    let mut matrix = vec![vec![1.0; n + 1]; n + 1];
    matrix[n][n] = 0.0;
    for (i, a) in good.iter().enumerate() {
        for (j, b) in good.iter().enumerate() {
            matrix[i][j] = spline(a.dot(b)) + if i == j { SMOOTHING } else { 0.0 };
        }
    }
    let wanted = |b: &Position| good.iter().map(|g| spline(b.dot(g))).chain([1.0]).collect();
    let mut rows = solve(matrix, bad.iter().map(wanted).collect())?;
    rows.iter_mut().for_each(|row| row.truncate(n));
    Ok(rows)
}

/// Solves matrix x = r for every r (Gaussian elimination with row exchange).
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, PrepareError> {
    let n = matrix.len();
    for column in 0..n {
        let size = |row: &usize| matrix[*row][column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(column);
        if matrix[pivot][column].abs() < 1e-14 {
            return Err(PrepareError::Singular);
        }
        matrix.swap(column, pivot);
        right.iter_mut().for_each(|r| r.swap(column, pivot));
        let head = matrix[column].clone();
        for row in column + 1..n {
            let factor = matrix[row][column] / head[column];
            matrix[row][column..].iter_mut().zip(&head[column..]).for_each(|(x, h)| *x -= factor * h);
            right.iter_mut().for_each(|r| r[row] -= factor * r[column]);
        }
    }
    for r in &mut right {
        for row in (0..n).rev() {
            let known: f64 = (row + 1..n).map(|c| matrix[row][c] * r[c]).sum();
            r[row] = (r[row] - known) / matrix[row][row];
        }
    }
    Ok(right)
}

/// Replaces the bad channels (indices into `signals`) by interpolation from all others.
///
/// # Errors
/// More than a quarter bad; a label that is no electrode.
pub fn interpolate(signals: &mut Signals, bad: &[usize]) -> Result<(), PrepareError> {
    let all = signals.labels.len();
    if bad.is_empty() {
        return Ok(());
    }
    if bad.len() as f64 > LARGEST_SHARE * all as f64 {
        return Err(PrepareError::TooManyBad { bad: bad.len(), all });
    }
    let positions = Montage::of(&signals.labels)?.positions();
    let good: Vec<usize> = (0..all).filter(|i| !bad.contains(i)).collect();
    let place = |which: &[usize]| which.iter().filter_map(|&i| positions.get(i).copied()).collect::<Vec<_>>();
    for (row, &target) in weights(&place(&good), &place(bad))?.iter().zip(bad) {
        let mut made = vec![0.0; signals.samples()];
        for (weight, &source) in row.iter().zip(&good) {
            made.iter_mut().zip(&signals.data[source]).for_each(|(m, x)| *m += weight * x);
        }
        signals.data[target] = made;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_field_is_kept_and_a_smooth_one_nearly() {
        let montage = Montage::biosemi32();
        let smooth: Vec<Vec<f64>> = montage.positions().iter().map(|p| vec![5.0, 10.0 * p.x + 4.0 * p.y]).collect();
        let bad = [montage.index_of("FC1").expect("there"), montage.index_of("P4").expect("there")];
        let mut signals = Signals { rate: 1.0, labels: montage.labels, data: smooth.clone() };
        interpolate(&mut signals, &bad).expect("two of 32");
        for i in bad {
            assert!((signals.data[i][0] - 5.0).abs() < 1e-9, "{:?}", signals.data[i]);
            assert!((signals.data[i][1] - smooth[i][1]).abs() < 0.5, "{:?} {:?}", signals.data[i], smooth[i]);
        }
    }

    #[test]
    fn too_many_bad_channels_reject_the_segment() {
        let montage = Montage::biosemi32();
        let mut signals = Signals { rate: 1.0, data: vec![vec![0.0]; 32], labels: montage.labels };
        let nine: Vec<usize> = (0..9).collect();
        assert_eq!(interpolate(&mut signals, &nine), Err(PrepareError::TooManyBad { bad: 9, all: 32 }));
    }
}
