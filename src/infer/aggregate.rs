//! From windows or frames to one answer per trial (algorithms 8.4).

/// Probabilities below this count as this, so that one frame cannot veto a class.
const EPSILON: f64 = 1e-6;
/// A frame counts when the detector is at least this sure of the face.
pub const USABLE_CONFIDENCE: f64 = 0.5;
/// With a smaller share of usable frames the face counts as missing.
pub const USABLE_SHARE: f64 = 0.3;

/// Normalised geometric mean of probability rows. `None` without rows.
pub fn geometric_mean<R: AsRef<[f64]>>(rows: &[R]) -> Option<Vec<f64>> {
    let classes = rows.first()?.as_ref().len();
    let mut sums = vec![0.0; classes];
    for row in rows {
        for (sum, p) in sums.iter_mut().zip(row.as_ref()) {
            *sum += p.max(EPSILON).ln();
        }
    }
    let mut mean: Vec<f64> = sums.iter().map(|s| (s / rows.len() as f64).exp()).collect();
    normalise(&mut mean);
    Some(mean)
}

/// Arithmetic mean of probability rows. `None` without rows.
pub fn mean<R: AsRef<[f64]>>(rows: &[R]) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; rows.first()?.as_ref().len()];
    for row in rows {
        for (sum, p) in sums.iter_mut().zip(row.as_ref()) {
            *sum += p;
        }
    }
    sums.iter_mut().for_each(|s| *s /= rows.len() as f64);
    Some(sums)
}

/// Face probabilities of a trial from (detector confidence, probabilities) per frame: geometric mean over usable
/// frames, `None` when too few are usable.
pub fn face_of_trial(frames: &[(f64, Vec<f64>)]) -> Option<Vec<f64>> {
    let usable: Vec<&[f64]> =
        frames.iter().filter(|(confidence, _)| *confidence >= USABLE_CONFIDENCE).map(|(_, p)| p.as_slice()).collect();
    if (usable.len() as f64) < USABLE_SHARE * frames.len() as f64 {
        return None;
    }
    geometric_mean(&usable)
}

/// Scales to sum 1; equal shares where the sum is not positive.
pub(super) fn normalise(values: &mut [f64]) {
    let sum: f64 = values.iter().sum();
    let classes = values.len().max(1) as f64;
    values.iter_mut().for_each(|v| *v = if sum > 0.0 { *v / sum } else { 1.0 / classes });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_row_is_its_own_mean_and_no_row_has_none() {
        let mean = geometric_mean(&[vec![0.2, 0.8]]).expect("one row");
        assert!((mean[0] - 0.2).abs() < 1e-12);
        assert_eq!(geometric_mean::<Vec<f64>>(&[]), None);
    }

    #[test]
    fn too_few_usable_frames_make_a_missing_face() {
        let frames: Vec<(f64, Vec<f64>)> = (0..10).map(|i| (if i < 2 { 0.9 } else { 0.1 }, vec![0.5, 0.5])).collect();
        assert_eq!(face_of_trial(&frames), None);
        assert!(face_of_trial(&frames[..5]).is_some());
    }
}
