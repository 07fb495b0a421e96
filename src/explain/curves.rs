//! Deletion and insertion (Petsiuk et al. 2018) over the electrode values: how fast the class is lost when the most
//! important ones are taken away, and how fast it is found when they are put back (algorithms 6.1).

use crate::explain::{ExplainError, Metric, Order, batch};
use crate::job::Job;
use crate::train::Predictor;

/// Which way a curve goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// From the whole input, values are set to 0.
    Deletion,
    /// From the zero input, values are put back.
    Insertion,
}

/// Features by descending importance; equal ones by ascending position in the input.
pub fn ranking(map: &[f32], pixels: &[usize], order: Order) -> Vec<usize> {
    let key = |i: usize| if order == Order::Absolute { map[i].abs() } else { map[i] };
    let mut features: Vec<usize> = (0..map.len().min(pixels.len())).collect();
    features.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(pixels[a].cmp(&pixels[b])));
    features
}

/// How many features have been changed at each point of a curve: 0, s, 2s, ..., all.
pub fn points(features: usize, per_step: usize) -> Vec<usize> {
    let mut points: Vec<usize> = (0..features).step_by(per_step.max(1)).collect();
    points.push(features);
    points
}

/// Score of every sample at every point, `n` x points, row-major. `ranked` are positions in the input, most
/// important first, the same for every sample.
///
/// # Errors
/// [`ExplainError::Stopped`] on request; a network that answers with another number of logits.
#[expect(clippy::too_many_arguments, reason = "a curve is told by exactly these")]
pub fn scores(
    network: &dyn Predictor,
    inputs: &[f32],
    n: usize,
    class: usize,
    ranked: &[usize],
    points: &[usize],
    mode: Mode,
    metric: Metric,
    job: &Job,
) -> Result<Vec<f32>, ExplainError> {
    let width = network.input_len();
    let mut scores = vec![0.0; n * points.len()];
    let mut image = vec![0.0; width];
    let fill = |row: usize, buffer: &mut [f32]| {
        let (sample, point) = (row / points.len(), row % points.len());
        let input = &inputs[sample * width..(sample + 1) * width];
        let before = if point == 0 { 0 } else { points[point - 1] };
        if point == 0 {
            match mode {
                Mode::Deletion => image.copy_from_slice(input),
                Mode::Insertion => image.fill(0.0),
            }
        }
        for &pixel in &ranked[before..points[point]] {
            image[pixel] = if mode == Mode::Deletion { 0.0 } else { input[pixel] };
        }
        buffer.copy_from_slice(&image);
    };
    batch::logits(network, n * points.len(), job, fill, |row, logits| scores[row] = metric.score(logits, class))?;
    Ok(scores)
}

/// Mean over samples at every point.
pub fn mean(scores: &[f32], points: usize) -> Vec<f32> {
    let n = (scores.len() / points.max(1)).max(1);
    let mut sums = vec![0.0f64; points];
    for row in scores.chunks(points.max(1)) {
        sums.iter_mut().zip(row).for_each(|(s, v)| *s += f64::from(*v));
    }
    sums.iter().map(|s| (s / n as f64) as f32).collect()
}

/// Area under a curve by the trapezoid rule, the points brought to [0, 1].
pub fn area(values: &[f32], points: &[usize]) -> f64 {
    let all = points.last().copied().unwrap_or(0).max(1) as f64;
    let pairs = points.windows(2).zip(values.windows(2));
    pairs.map(|(p, v)| (p[1] - p[0]) as f64 / all * (f64::from(v[0]) + f64::from(v[1])) / 2.0).sum()
}

/// The area of every sample's own curve; their mean is the area of the mean curve.
pub fn areas(scores: &[f32], points: &[usize]) -> Vec<f64> {
    scores.chunks(points.len().max(1)).map(|row| area(row, points)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::testing::Linear;

    #[test]
    fn ranking_is_descending_with_ties_by_position() {
        let map = [0.5, -2.0, 0.5, 1.0];
        assert_eq!(ranking(&map, &[9, 1, 3, 4], Order::Signed), [3, 2, 0, 1]);
        assert_eq!(ranking(&map, &[9, 1, 3, 4], Order::Absolute), [1, 3, 2, 0]);
    }

    #[test]
    fn points_end_with_all_features() {
        assert_eq!(points(5, 2), [0, 2, 4, 5]);
        assert_eq!(points(4, 2), [0, 2, 4]);
        assert_eq!(points(3, 1), [0, 1, 2, 3]);
    }

    #[test]
    fn a_linear_network_gives_the_curves_known_by_hand() {
        // Class 1 wins while 3 a + b - c > 0: a alone decides.
        let network = Linear { weights: vec![vec![0.0; 3], vec![3.0, 1.0, -1.0]] };
        let run = |mode| {
            scores(&network, &[1.0; 3], 1, 1, &[0, 1, 2], &[0, 1, 2, 3], mode, Metric::Recall, &Job::silent()).expect("runs")
        };
        // Deletion: 3 > 0, 0, -1, 0; equal logits go to class 0. Insertion: 0, 3, 4, 3.
        assert_eq!(run(Mode::Deletion), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(run(Mode::Insertion), [0.0, 1.0, 1.0, 1.0]);
        assert!((area(&run(Mode::Deletion), &[0, 1, 2, 3]) - 1.0 / 6.0).abs() < 1e-12);
        assert!((area(&run(Mode::Insertion), &[0, 1, 2, 3]) - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn the_area_of_the_mean_is_the_mean_of_the_areas() {
        let (scores, points) = ([1.0, 0.5, 0.0, 1.0, 1.0, 0.25], [0, 3, 4]);
        let areas = areas(&scores, &points);
        assert!((area(&mean(&scores, 3), &points) - (areas[0] + areas[1]) / 2.0).abs() < 1e-7);
    }
}
