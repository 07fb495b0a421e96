//! Independent components: whitening by principal components, then symmetric FastICA with the log cosh contrast
//! (Hyvarinen 1999; algorithms 1.2).

use crate::prepare::PrepareError;
use crate::prepare::linear::{dot, symmetric_eigen};
use crate::signal::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Choices of the decomposition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IcaOptions {
    /// Principal components below this share of the largest eigenvalue are left out: the rank of the data.
    pub rank_floor: f64,
    /// The search ends when no component turns by more: 1 - |cosine|.
    pub tolerance: f64,
    /// Components whose mean log cosh is that close to a normal variable's are not waited for: among themselves nearly
    /// Gaussian components have no directions to settle on. 0 = all are waited for.
    pub gaussian_within: f64,
    /// The search ends after so many rounds at the latest: artefacts stand by the fiftieth, and nearly Gaussian
    /// components turn among each other for hundreds of rounds more.
    pub iterations: usize,
    /// At most so many samples, evenly spaced, are looked at when the components are searched; all are decomposed.
    pub samples: usize,
    /// Start of the search.
    pub seed: u64,
}

impl Default for IcaOptions {
    fn default() -> Self {
        IcaOptions { rank_floor: 1e-7, tolerance: 1e-6, gaussian_within: 0.02, iterations: 100, samples: 65_536, seed: 1 }
    }
}

/// Rows of equal length.
type Matrix = Vec<Vec<f64>>;

/// Channels as a mixture of independent components.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// Channels x components, in the channels' unit per unit of a component (components have variance 1).
    pub mixing: Vec<Vec<f64>>,
    /// Components x channels.
    pub unmixing: Vec<Vec<f64>>,
    /// Mean of each channel, which belongs to no component.
    pub mean: Vec<f64>,
    pub iterations: usize,
    /// False where the search ended by its number of rounds.
    pub converged: bool,
}

/// Finds the components of `data` (channels x samples, any unit).
///
/// # Errors
/// No channels, or fewer samples than channels.
pub fn decompose(data: &[Vec<f64>], options: &IcaOptions) -> Result<Decomposition, PrepareError> {
    let samples = data.iter().map(Vec::len).min().ok_or(PrepareError::NoChannels)?;
    if samples <= data.len() {
        return Err(PrepareError::TooShort { have: samples, need: data.len() });
    }
    let stride = samples.div_ceil(options.samples.max(data.len() + 1));
    let mean: Vec<f64> = data.iter().map(|x| x.iter().sum::<f64>() / samples as f64).collect();
    let picked: Vec<Vec<f64>> = data.iter().zip(&mean).map(|(x, m)| x.iter().step_by(stride).map(|v| v - m).collect()).collect();
    let (whitening, colouring) = whiten(&picked, options.rank_floor)?;
    let white = product(&whitening, &picked);
    let (rotation, iterations, converged) = search_twice(&white, options);
    let unmixing = product(&rotation, &whitening);
    // Channels x rank times the transposed rotation.
    let mixing = colouring.iter().map(|row| rotation.iter().map(|r| dot(row, r)).collect()).collect();
    Ok(Decomposition { mixing, unmixing, mean, iterations, converged })
}

/// Whitening (rank x channels) and its inverse (channels x rank).
fn whiten(data: &[Vec<f64>], floor: f64) -> Result<(Matrix, Matrix), PrepareError> {
    let n = data.first().map_or(1, Vec::len) as f64;
    let covariance: Vec<Vec<f64>> = data.par_iter().map(|a| data.iter().map(|b| dot(a, b) / n).collect()).collect();
    let eigen = symmetric_eigen(&covariance);
    let largest = eigen.values.first().copied().unwrap_or(0.0);
    let rank = eigen.values.iter().filter(|v| **v > floor * largest && **v > 0.0).count();
    if rank == 0 {
        return Err(PrepareError::Flat);
    }
    let kept = || eigen.values.iter().zip(&eigen.vectors).take(rank);
    let whitening = kept().map(|(value, vector)| vector.iter().map(|x| x / value.sqrt()).collect()).collect();
    let colouring = (0..data.len()).map(|channel| kept().map(|(value, vector)| vector[channel] * value.sqrt()).collect());
    Ok((whitening, colouring.collect()))
}

/// rows x inner times inner x columns.
fn product(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let columns = b.first().map_or(0, Vec::len);
    let row = |weights: &Vec<f64>| {
        let mut sum = vec![0.0; columns];
        for (w, x) in weights.iter().zip(b) {
            sum.iter_mut().zip(x).for_each(|(s, x)| *s += w * x);
        }
        sum
    };
    a.par_iter().map(row).collect()
}

/// Samples of the first search, and rounds of the second where that is not settled by then.
const COARSE: usize = 8192;
const FINE_ROUNDS: usize = 60;

/// The rotation of white data whose rows are the components, the rounds it took, and whether it settled: searched on
/// few samples, which is cheap, and then on all of them from there.
fn search_twice(white: &[Vec<f64>], options: &IcaOptions) -> (Vec<Vec<f64>>, usize, bool) {
    let rank = white.len();
    let mut seed = Seed::new(options.seed).fork("fastica");
    let start = decorrelate((0..rank).map(|_| (0..rank).map(|_| seed.normal()).collect()).collect());
    let samples = white.first().map_or(0, Vec::len);
    let stride = samples / COARSE.max(rank * rank);
    if stride < 2 {
        return search(white, start, options.iterations, options);
    }
    let few: Vec<Vec<f64>> = white.iter().map(|x| x.iter().step_by(stride).copied().collect()).collect();
    let (coarse, rounds, _) = search(&few, start, options.iterations, options);
    let (rotation, more, settled) = search(white, coarse, options.iterations.min(FINE_ROUNDS), options);
    (rotation, rounds + more, settled)
}

/// Rounds from a rotation on.
fn search(white: &[Vec<f64>], start: Matrix, rounds: usize, options: &IcaOptions) -> (Matrix, usize, bool) {
    let mut rotation = start;
    let mut waited_for = vec![true; white.len()];
    for round in 1..=rounds {
        let next = decorrelate(step(&rotation, white));
        let turned = |((a, b), _): ((&Vec<f64>, &Vec<f64>), &bool)| (1.0 - dot(a, b).abs()).abs();
        let pairs = rotation.iter().zip(&next).zip(&waited_for).filter(|(_, waited)| **waited);
        let largest = pairs.map(turned).fold(0.0, f64::max);
        rotation = next;
        if largest < options.tolerance {
            return (rotation, round, true);
        }
        if round.is_multiple_of(LOOK_EVERY) && options.gaussian_within > 0.0 {
            waited_for = rotation.iter().map(|row| (contrast(row, white) - GAUSSIAN).abs() > options.gaussian_within).collect();
        }
    }
    (rotation, rounds, false)
}

/// Rounds between two looks at which components are nearly Gaussian.
const LOOK_EVERY: usize = 10;
/// Mean of log cosh of a standard normal variable.
const GAUSSIAN: f64 = 0.374_567_207_5;

/// Mean of log cosh of one component, from at most some 8000 samples.
fn contrast(row: &[f64], white: &[Vec<f64>]) -> f64 {
    let samples = white.first().map_or(0, Vec::len);
    let places = (0..samples).step_by(samples.div_ceil(8192).max(1));
    let log_cosh = |t: usize| {
        let y: f64 = row.iter().zip(white).map(|(w, x)| w * x[t]).sum::<f64>().abs();
        y + (-2.0 * y).exp().ln_1p() - std::f64::consts::LN_2
    };
    let count = places.len().max(1) as f64;
    places.map(log_cosh).sum::<f64>() / count
}

/// Samples that one task works on, and samples that stay in the nearest cache while it does.
const SPAN: usize = 4096;
const BLOCK: usize = 128;

/// E[tanh(w x) x] - E[1 - tanh(w x)^2] w for every row w. Spans are added in order, so that the result does not
/// depend on the number of threads.
fn step(rotation: &[Vec<f64>], white: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let (rank, samples) = (white.len(), white.first().map_or(0, Vec::len));
    let starts: Vec<usize> = (0..samples).step_by(SPAN).collect();
    let parts: Vec<(Matrix, Vec<f64>)> =
        starts.par_iter().map(|&from| span(rotation, white, from, (from + SPAN).min(samples))).collect();
    let (mut next, mut slopes) = (vec![vec![0.0; rank]; rank], vec![0.0; rank]);
    for (products, slope) in parts {
        for (sum, row) in next.iter_mut().zip(products) {
            sum.iter_mut().zip(row).for_each(|(s, x)| *s += x);
        }
        slopes.iter_mut().zip(slope).for_each(|(s, x)| *s += x);
    }
    let share = 1.0 / samples.max(1) as f64;
    for ((row, old), slope) in next.iter_mut().zip(rotation).zip(slopes) {
        row.iter_mut().zip(old).for_each(|(x, w)| *x = (*x - slope * w) * share);
    }
    next
}

fn span(rotation: &[Vec<f64>], white: &[Vec<f64>], from: usize, to: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let rank = white.len();
    let (mut products, mut slopes) = (vec![vec![0.0; rank]; rank], vec![0.0; rank]);
    let mut activity = [0.0; BLOCK];
    for start in (from..to).step_by(BLOCK) {
        let end = (start + BLOCK).min(to);
        let y = &mut activity[..end - start];
        for ((row, sums), slope) in rotation.iter().zip(&mut products).zip(&mut slopes) {
            y.fill(0.0);
            for (w, x) in row.iter().zip(white) {
                y.iter_mut().zip(&x[start..end]).for_each(|(y, x)| *y += w * x);
            }
            for v in y.iter_mut() {
                *v = tanh(*v);
                *slope += 1.0 - *v * *v;
            }
            for (sum, x) in sums.iter_mut().zip(white) {
                *sum += dot(y, &x[start..end]);
            }
        }
    }
    (products, slopes)
}

/// tanh through one exponential, which is several times faster than the library's.
fn tanh(x: f64) -> f64 {
    let e = (-2.0 * x.abs()).exp();
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// (W W')^(-1/2) W: rows of length 1, orthogonal to each other, none preferred.
fn decorrelate(w: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let gram: Vec<Vec<f64>> = w.iter().map(|a| w.iter().map(|b| dot(a, b)).collect()).collect();
    let eigen = symmetric_eigen(&gram);
    let n = w.len();
    let mut root = vec![vec![0.0; n]; n];
    for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
        let scale = 1.0 / value.max(1e-300).sqrt();
        for (row, a) in root.iter_mut().zip(vector) {
            row.iter_mut().zip(vector).for_each(|(x, b)| *x += scale * a * b);
        }
    }
    let row = |weights: &Vec<f64>| {
        let mut sum = vec![0.0; n];
        for (weight, x) in weights.iter().zip(&w) {
            sum.iter_mut().zip(x).for_each(|(s, x)| *s += weight * x);
        }
        sum
    };
    root.iter().map(row).collect()
}

impl Decomposition {
    /// Activity of every component, components x samples.
    pub fn activities(&self, data: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let centred: Vec<Vec<f64>> = data.iter().zip(&self.mean).map(|(x, m)| x.iter().map(|v| v - m).collect()).collect();
        product(&self.unmixing, &centred)
    }

    /// Takes `activity` of one component out of the channels.
    pub fn subtract(&self, data: &mut [Vec<f64>], component: usize, activity: &[f64]) {
        for (channel, weights) in data.iter_mut().zip(&self.mixing) {
            let weight = weights[component];
            channel.iter_mut().zip(activity).for_each(|(x, s)| *x -= weight * s);
        }
    }

    /// Share of the data's variance that one component carries.
    pub fn share(&self, component: usize) -> f64 {
        let power = |c: usize| self.mixing.iter().map(|row| row[c] * row[c]).sum::<f64>();
        power(component) / (0..self.unmixing.len()).map(power).sum::<f64>().max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_sources_are_told_apart_and_the_rank_is_seen() {
        let mut seed = Seed::new(9);
        let n = 8000;
        let saw: Vec<f64> = (0..n).map(|i| (i % 97) as f64 / 97.0 - 0.5).collect();
        let sine: Vec<f64> = (0..n).map(|i| (i as f64 * 0.05).sin()).collect();
        let rare: Vec<f64> = (0..n).map(|_| if seed.uniform() < 0.03 { 8.0 * seed.normal() } else { 0.0 }).collect();
        let sources = [saw, sine, rare];
        let weights = [[1.0, 0.4, 0.2], [-0.3, 1.0, 0.5], [0.6, -0.8, 1.0], [0.7, 0.2, 0.7]];
        // The fourth channel is a mixture of the others: rank 3.
        let data: Vec<Vec<f64>> =
            weights.iter().map(|w| (0..n).map(|t| 5.0 + (0..3).map(|s| w[s] * sources[s][t]).sum::<f64>()).collect()).collect();
        let found = decompose(&data, &IcaOptions::default()).expect("long enough");
        assert!(found.converged && found.unmixing.len() == 3, "{} {}", found.converged, found.unmixing.len());
        let activities = found.activities(&data);
        for source in &sources {
            let best = activities.iter().map(|a| super::super::shape::correlation(a, source).abs()).fold(0.0, f64::max);
            assert!(best > 0.99, "{best}");
        }
        let mut rest = data.clone();
        (0..3).for_each(|c| found.subtract(&mut rest, c, &activities[c]));
        assert!(rest.iter().flatten().all(|v| (v - 5.0).abs() < 0.3), "only the mean is left");
        assert!(((0..3).map(|c| found.share(c)).sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(decompose(&data, &IcaOptions::default()).expect("same"), found);
    }

    #[test]
    fn flat_and_short_data_are_refused() {
        assert_eq!(decompose(&[vec![1.0; 50], vec![1.0; 50]], &IcaOptions::default()), Err(PrepareError::Flat));
        assert!(decompose(&[vec![1.0; 2], vec![1.0; 2]], &IcaOptions::default()).is_err());
        assert!((tanh(0.7) - 0.7f64.tanh()).abs() < 1e-15 && (tanh(-30.0) + 1.0).abs() < 1e-15);
    }
}
