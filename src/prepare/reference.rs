//! The average reference (algorithms 1.3).

/// Subtracts the mean over all channels from every sample. `channels` holds scalp channels only: EOG and ECG would
/// leak into every electrode.
pub fn average_reference(channels: &mut [Vec<f64>]) {
    let samples = channels.iter().map(Vec::len).min().unwrap_or(0);
    let share = 1.0 / channels.len().max(1) as f64;
    let mut mean = vec![0.0; samples];
    for channel in channels.iter() {
        mean.iter_mut().zip(channel).for_each(|(m, x)| *m += x * share);
    }
    for channel in channels.iter_mut() {
        channel.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_sums_to_zero_afterwards() {
        let mut channels = vec![vec![1.0, 5.0], vec![2.0, -5.0], vec![6.0, 3.0]];
        average_reference(&mut channels);
        assert_eq!(channels, [vec![-2.0, 4.0], vec![-1.0, -6.0], vec![3.0, 2.0]]);
    }
}
