//! Standardising features with the statistics of the training part only (algorithms 5.3).

/// Mean and standard deviation per feature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standardiser {
    pub mean: Vec<f32>,
    pub sd: Vec<f32>,
}

impl Standardiser {
    /// Statistics of these rows (population standard deviation; below 1e-12 it counts as 1). Rows of differing
    /// length are cut to the shortest; without rows it is empty.
    pub fn of(rows: &[&[f32]]) -> Self {
        let features = rows.iter().map(|r| r.len()).min().unwrap_or(0);
        let n = rows.len().max(1) as f64;
        let mut standardiser = Standardiser { mean: Vec::with_capacity(features), sd: Vec::with_capacity(features) };
        for feature in 0..features {
            let mean = rows.iter().map(|r| f64::from(r[feature])).sum::<f64>() / n;
            let variance = rows.iter().map(|r| (f64::from(r[feature]) - mean).powi(2)).sum::<f64>() / n;
            let sd = variance.sqrt();
            standardiser.mean.push(mean as f32);
            standardiser.sd.push(if sd < 1e-12 { 1.0 } else { sd as f32 });
        }
        standardiser
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
    }
}
