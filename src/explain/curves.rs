//! Deletion and insertion (Petsiuk et al. 2018) over the electrode values: how fast the class is lost when the most
//! important ones are taken away, and how fast it is found when they are put back (algorithms 6.1).

use crate::explain::{ExplainError, Metric, Order, batch};
use crate::job::{Job, Stopped};
use crate::train::{Predictor, Walk};

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

/// Samples of one walk: between two of them a stop request is heard.
const SAMPLES: usize = 256;

/// How inputs are taken apart or put together.
#[derive(Debug, Clone, Copy)]
pub struct Curves<'a> {
    /// Positions in the input, most important first, the same for every sample.
    pub ranked: &'a [usize],
    /// How many of them have been changed at each point, ascending.
    pub points: &'a [usize],
    pub mode: Mode,
    pub metric: Metric,
}

impl Curves<'_> {
    /// Score of every sample at every point, samples x points, row-major; `labels` are the classes that are asked
    /// about. Only what a changed value reaches is computed again where the network can do that.
    ///
    /// # Errors
    /// [`ExplainError::Stopped`] on request; a network that answers with another number of logits.
    pub fn scores(&self, network: &dyn Predictor, inputs: &[f32], labels: &[usize], job: &Job) -> Result<Vec<f32>, ExplainError> {
        let width = network.input_len();
        let mut scores = Vec::with_capacity(labels.len() * self.points.len());
        for (rows, labels) in inputs.chunks(SAMPLES * width.max(1)).zip(labels.chunks(SAMPLES)) {
            if job.is_stopped() {
                return Err(Stopped.into());
            }
            match self.walked(network, rows, labels) {
                Some(some) => scores.extend(some),
                None => scores.extend(self.passed(network, rows, labels, job)?),
            }
        }
        Ok(scores)
    }

    /// By a walk from the emptier end: both curves put values into images that lack them, and the deletion curve is
    /// then read backwards. Images without any of the values are often all alike and need one pass.
    fn walked(&self, network: &dyn Predictor, inputs: &[f32], labels: &[usize]) -> Option<Vec<f32>> {
        let (n, points, all) = (labels.len(), self.points.len(), self.ranked.len());
        let mut starts = vec![0.0; inputs.len()];
        let mut order = self.ranked.to_vec();
        let mut counts = self.points.to_vec();
        if self.mode == Mode::Deletion {
            starts.copy_from_slice(inputs);
            for start in starts.chunks_mut(network.input_len()) {
                self.ranked.iter().for_each(|&p| start[p] = 0.0);
            }
            order.reverse();
            counts = self.points.iter().rev().map(|p| all.saturating_sub(*p)).collect();
        }
        let walk = Walk { starts: &starts, goals: inputs, n, order: &order, points: &counts };
        let logits = network.walk(&walk)?;
        let classes = network.classes();
        if logits.len() != n * points * classes {
            return None;
        }
        let mut scores = vec![0.0; n * points];
        for (row, logits) in logits.chunks(classes).enumerate() {
            let (sample, at) = (row / points, row % points);
            let at = if self.mode == Mode::Deletion { points - 1 - at } else { at };
            scores[sample * points + at] = self.metric.score(logits, labels[sample]);
        }
        Some(scores)
    }

    /// By a whole pass at every point.
    fn passed(&self, network: &dyn Predictor, inputs: &[f32], labels: &[usize], job: &Job) -> Result<Vec<f32>, ExplainError> {
        let (width, count) = (network.input_len(), self.points.len());
        let mut scores = vec![0.0; labels.len() * count];
        let mut image = vec![0.0; width];
        let fill = |row: usize, buffer: &mut [f32]| {
            let (sample, point) = (row / count, row % count);
            let input = &inputs[sample * width..(sample + 1) * width];
            let before = if point == 0 { 0 } else { self.points[point - 1] };
            if point == 0 {
                match self.mode {
                    Mode::Deletion => image.copy_from_slice(input),
                    Mode::Insertion => image.fill(0.0),
                }
            }
            for &pixel in &self.ranked[before..self.points[point]] {
                image[pixel] = if self.mode == Mode::Deletion { 0.0 } else { input[pixel] };
            }
            buffer.copy_from_slice(&image);
        };
        batch::logits(network, labels.len() * count, job, fill, |row, logits| {
            scores[row] = self.metric.score(logits, labels[row / count]);
        })?;
        Ok(scores)
    }
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
    use crate::signal::Seed;
    use crate::train::Network;
    use crate::train::networks::seed_a::seed_a;

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
            let curves = Curves { ranked: &[0, 1, 2], points: &[0, 1, 2, 3], mode, metric: Metric::Recall };
            curves.scores(&network, &[1.0; 3], &[1], &Job::silent()).expect("runs")
        };
        // Deletion: 3 > 0, 0, -1, 0; equal logits go to class 0. Insertion: 0, 3, 4, 3.
        assert_eq!(run(Mode::Deletion), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(run(Mode::Insertion), [0.0, 1.0, 1.0, 1.0]);
        assert!((area(&run(Mode::Deletion), &[0, 1, 2, 3]) - 1.0 / 6.0).abs() < 1e-12);
        assert!((area(&run(Mode::Insertion), &[0, 1, 2, 3]) - 5.0 / 6.0).abs() < 1e-12);
    }

    /// Networks of limbic walk, others pass: the same curve from both.
    #[test]
    fn walks_and_passes_give_the_same_curves() {
        struct Passing(Network);
        impl Predictor for Passing {
            fn input_len(&self) -> usize {
                self.0.input_len()
            }
            fn classes(&self) -> usize {
                Predictor::classes(&self.0)
            }
            fn logits(&self, inputs: &[f32], n: usize) -> Vec<f32> {
                self.0.logits(inputs, n)
            }
            fn runtime(&self) -> String {
                self.0.runtime()
            }
        }
        let network = seed_a(3, 16, &Seed::new(1)).expect("fits");
        let mut seed = Seed::new(9);
        let inputs: Vec<f32> = (0..3 * 484).map(|_| seed.normal() as f32).collect();
        let mut ranked: Vec<usize> = (0..484).step_by(4).collect();
        seed.shuffle(&mut ranked);
        for mode in [Mode::Deletion, Mode::Insertion] {
            let points = points(ranked.len(), 7);
            let curves = Curves { ranked: &ranked, points: &points, mode, metric: Metric::Probability };
            let run = |network: &dyn Predictor| curves.scores(network, &inputs, &[0, 1, 2], &Job::silent()).expect("runs");
            let (walked, passed) = (run(&network), run(&Passing(network.clone())));
            assert_eq!(walked.len(), 3 * points.len());
            walked.iter().zip(&passed).for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{mode:?}: {a} {b}"));
        }
    }

    #[test]
    fn the_area_of_the_mean_is_the_mean_of_the_areas() {
        let (scores, points) = ([1.0, 0.5, 0.0, 1.0, 1.0, 0.25], [0, 3, 4]);
        let areas = areas(&scores, &points);
        assert!((area(&mean(&scores, 3), &points) - (areas[0] + areas[1]) / 2.0).abs() < 1e-7);
    }
}
