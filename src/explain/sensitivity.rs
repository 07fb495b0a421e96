//! Sensitivity: how much a class's map changes when it is computed from only a part of the class's samples
//! (algorithms 6.2; the paper's cosine is read as a distance, since otherwise an unstable explainer would score best).

use crate::signal::Seed;

/// Shares of the samples that the curve is measured at: 1/p, 2/p, ..., 1.
pub fn fractions(partitions: usize) -> impl Iterator<Item = f64> {
    (1..=partitions).map(move |i| i as f64 / partitions as f64)
}

/// Fewer samples of a class than this say nothing about stability.
pub const LEAST_SAMPLES: usize = 10;

/// For each fraction, the drawn subsets of sample indices.
pub type Subsets = Vec<Vec<Vec<usize>>>;

/// `repeats` subsets of 0..n for every one of `partitions` fractions, without replacement, sizes rounded half up and at least 1.
pub fn subsets(n: usize, partitions: usize, repeats: usize, seed: &mut Seed) -> Subsets {
    let mut all: Vec<usize> = (0..n).collect();
    let mut draw = |size: usize| {
        for i in 0..size {
            let other = i + seed.below(n - i);
            all.swap(i, other);
        }
        all[..size].to_vec()
    };
    let size = |fraction: f64| ((fraction * n as f64 + 0.5).floor() as usize).clamp(1, n.max(1));
    fractions(partitions).map(|p| (0..repeats).map(|_| draw(size(p).min(n))).collect()).collect()
}

/// 1 - cosine similarity; 1 if either vector is zero.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(p, q)| p * q).sum::<f64>();
    let norms = dot(a, a).sqrt() * dot(b, b).sqrt();
    if norms > 0.0 { 1.0 - dot(a, b) / norms } else { 1.0 }
}

/// The curve over the [`fractions`]: mean over subsets of clip(d(E, E*)) * clip(1 - d(X, X*)), where E is the mean map and
/// X the mean input of all `members` and the starred ones of the subset. `maps` and `inputs` are samples x `width`;
/// `members` are rows of both (repetition allowed), and subsets index into `members`.
pub fn curve(maps: &[f32], inputs: &[f32], width: usize, members: &[usize], subsets: &Subsets) -> Vec<f64> {
    let everyone: Vec<usize> = (0..members.len()).collect();
    let whole_map = mean_row(maps, width, members, &everyone);
    let whole_input = mean_row(inputs, width, members, &everyone);
    let one = |subset: &Vec<usize>| {
        let map = distance(&whole_map, &mean_row(maps, width, members, subset)).clamp(0.0, 1.0);
        map * (1.0 - distance(&whole_input, &mean_row(inputs, width, members, subset))).clamp(0.0, 1.0)
    };
    subsets.iter().map(|drawn| drawn.iter().map(one).sum::<f64>() / drawn.len().max(1) as f64).collect()
}

/// Area under the sensitivity curve, divided by the width of its axis.
pub fn area(curve: &[f64]) -> f64 {
    let pairs: f64 = curve.windows(2).map(|s| (s[0] + s[1]) / 2.0).sum();
    pairs / curve.len().saturating_sub(1).max(1) as f64
}

fn mean_row(rows: &[f32], width: usize, members: &[usize], subset: &[usize]) -> Vec<f64> {
    let mut mean = vec![0.0; width];
    for &i in subset {
        let row = &rows[members[i] * width..(members[i] + 1) * width];
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v));
    }
    mean.iter_mut().for_each(|m| *m /= subset.len().max(1) as f64);
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_have_the_right_sizes_and_no_repetition() {
        let drawn = subsets(25, 10, 4, &mut Seed::new(3));
        let sizes: Vec<usize> = drawn.iter().map(|d| d[0].len()).collect();
        assert_eq!(sizes, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]);
        for subset in drawn.iter().flatten() {
            let mut sorted = subset.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), subset.len());
            assert!(sorted.iter().all(|&i| i < 25));
        }
    }

    #[test]
    fn distances_known_by_hand() {
        assert!((distance(&[1.0, 0.0], &[0.0, 2.0]) - 1.0).abs() < 1e-12);
        assert!((distance(&[1.0, 0.0], &[-3.0, 0.0]) - 2.0).abs() < 1e-12);
        assert!(distance(&[1.0, 2.0], &[2.0, 4.0]).abs() < 1e-12);
        assert_eq!(distance(&[0.0, 0.0], &[2.0, 4.0]), 1.0);
    }

    #[test]
    fn equal_maps_are_perfectly_stable_and_opposed_ones_are_not() {
        let inputs = vec![1.0; 24];
        let members: Vec<usize> = (0..12).collect();
        let drawn = subsets(12, 10, 20, &mut Seed::new(1));
        let same: Vec<f32> = [0.3, -0.7].repeat(12);
        assert!(area(&curve(&same, &inputs, 2, &members, &drawn)).abs() < 1e-9);
        let opposed: Vec<f32> = (0..12).flat_map(|i| if i % 2 == 0 { [1.0, 0.1] } else { [-1.0, 0.1] }).collect();
        let unstable = curve(&opposed, &inputs, 2, &members, &drawn);
        assert!(area(&unstable) > 0.2 && unstable[9].abs() < 1e-9, "{unstable:?}");
    }

    #[test]
    fn the_area_of_a_constant_is_the_constant() {
        assert!((area(&[0.4; 10]) - 0.4).abs() < 1e-12);
    }
}
