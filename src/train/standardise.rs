//! Standardising features with the statistics of the training part only (algorithms 5.3).

/// Mean and standard deviation per feature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standardiser {
    pub mean: Vec<f32>,
    pub sd: Vec<f32>,
}

impl Standardiser {
    /// Statistics of these rows, feature by feature; see [`Standardiser::grouped`].
    pub fn of(rows: &[&[f32]]) -> Self {
        Standardiser::grouped(rows, |feature| feature)
    }

    /// Statistics of these rows, where `group` says which features share theirs (population standard deviation; below
    /// 1e-12 it counts as 1). Rows of differing length are cut to the shortest; without rows it is empty.
    pub fn grouped(rows: &[&[f32]], group: impl Fn(usize) -> usize) -> Self {
        let features = rows.iter().map(|r| r.len()).min().unwrap_or(0);
        let of: Vec<usize> = (0..features).map(group).collect();
        let groups = of.iter().max().map_or(0, |last| last + 1);
        let (mut sums, mut squares, mut counts) = (vec![0.0; groups], vec![0.0; groups], vec![0usize; groups]);
        let each = || rows.iter().flat_map(|row| of.iter().zip(row.iter()).map(|(&g, &v)| (g, f64::from(v))));
        each().for_each(|(g, v)| (sums[g], counts[g]) = (sums[g] + v, counts[g] + 1));
        let means: Vec<f64> = sums.iter().zip(&counts).map(|(sum, n)| sum / (*n).max(1) as f64).collect();
        each().for_each(|(g, v)| squares[g] += (v - means[g]).powi(2));
        let deviation = |(square, n): (&f64, &usize)| {
            let sd = (square / (*n).max(1) as f64).sqrt();
            if sd < 1e-12 { 1.0 } else { sd as f32 }
        };
        let sd = squares.iter().zip(&counts).map(deviation).collect();
        Standardiser { mean: means.into_iter().map(|m| m as f32).collect(), sd }
    }

    /// (x - mean) / sd.
    pub fn apply(&self, features: &[f32]) -> Vec<f32> {
        features.iter().zip(&self.mean).zip(&self.sd).map(|((x, mean), sd)| (x - mean) / sd).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn population_statistics_and_constant_features() {
        let s = Standardiser::of(&[&[1.0, 5.0], &[3.0, 5.0]]);
        assert_eq!((s.mean.clone(), s.sd.clone()), (vec![2.0, 5.0], vec![1.0, 1.0]));
        assert_eq!(s.apply(&[4.0, 6.0]), vec![2.0, 1.0]);
        let shared = Standardiser::grouped(&[&[1.0, 3.0, 5.0], &[3.0, 1.0, 5.0]], |f| f / 2);
        assert_eq!((shared.mean, shared.sd), (vec![2.0, 5.0], vec![1.0, 1.0]));
    }
}
