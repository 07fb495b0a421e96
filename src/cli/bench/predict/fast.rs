//! The eight-bit network beside the float one: made, timed, and how far they agree.

use super::material::Sets;
use super::median;
use crate::infer::convert::quantise::{quantise, ranges};
use crate::infer::epoch::{Answer, EpochPath, FEATURES};
use crate::infer::runtime::Runtime;
use crate::signal::Nanos;
use crate::train::score;
use anyhow::Context as _;
use std::path::Path;

/// How the two compare.
pub struct Fast {
    pub network: Nanos,
    /// Of the float network's time.
    pub ratio: f64,
    pub cosine_least: f64,
    pub cosine_mean: f64,
    /// Share of the epochs in which the head says the same class.
    pub agree: f64,
    /// Where there are several recordings: share of the pictures that both say are from the same one, and how often the
    /// float network is right in that.
    pub recordings: Option<(f64, f64)>,
}

/// The eight-bit network, with ranges seen on the sets' calibration epochs.
///
/// # Errors
/// A model that cannot be quantised; a file that cannot be written.
pub fn make(
    runtime: &Runtime,
    (name, bytes): (&str, &[u8]),
    path: &EpochPath,
    sets: &Sets,
    out: &Path,
) -> anyhow::Result<Vec<u8>> {
    let side = path.sides().0;
    let mut inputs: Vec<Vec<f32>> = Vec::new();
    for (_, epoch) in &sets.calibration {
        // Every third channel: pictures of one epoch resemble each other.
        inputs.extend(path.pictures(epoch)?.chunks_exact(3 * side * side).step_by(3).map(<[f32]>::to_vec));
    }
    let ranges = ranges(runtime, name, bytes, &inputs, &[1, 3, side, side])?;
    let fast = quantise(name, bytes, &ranges, &format!("{} spectrograms of {}", inputs.len(), sets.about))?;
    std::fs::write(out, &fast).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(fast)
}

/// Eight bits beside floats: the time's ratio, the features' likeness, how often the answers are the same.
///
/// # Errors
/// The network fails on a calibration epoch.
pub fn compared(path: &EpochPath, sets: &Sets, exact: &[Answer], quick: &[Answer]) -> anyhow::Result<Fast> {
    let time = |answers: &[Answer]| median(answers.iter().map(|a| a.network_ns));
    let pairs =
        exact.iter().zip(quick).flat_map(|(a, b)| a.features.chunks_exact(FEATURES).zip(b.features.chunks_exact(FEATURES)));
    let likeness: Vec<f64> = pairs.map(|(x, y)| cosine(x, y)).collect();
    let class = |a: &Answer| score::argmax(&a.probabilities);
    let same = exact.iter().zip(quick).filter(|(a, b)| class(a) == class(b)).count();
    Ok(Fast {
        network: time(quick),
        ratio: time(quick) as f64 / time(exact).max(1) as f64,
        cosine_least: likeness.iter().copied().fold(1.0, f64::min),
        cosine_mean: likeness.iter().sum::<f64>() / likeness.len().max(1) as f64,
        agree: same as f64 / exact.len().max(1) as f64,
        recordings: if sets.groups > 1 { Some(told_apart(path, sets, exact, quick)?) } else { None },
    })
}

/// A prediction that needs no labels: which recording a picture is from, by the nearest mean of the calibration pictures'
/// float features. Share on which both agree, and share in which the float one is right.
fn told_apart(path: &EpochPath, sets: &Sets, exact: &[Answer], quick: &[Answer]) -> anyhow::Result<(f64, f64)> {
    let mut means = vec![vec![0f32; FEATURES]; sets.groups];
    for (group, epoch) in &sets.calibration {
        for vector in path.features(&path.pictures(epoch)?)?.chunks_exact(FEATURES) {
            means[*group].iter_mut().zip(vector).for_each(|(m, v)| *m += v);
        }
    }
    let says = |vector: &[f32]| score::argmax(&means.iter().map(|m| cosine(m, vector)).collect::<Vec<_>>());
    let (mut same, mut right, mut all) = (0, 0, 0);
    for ((group, _), (a, b)) in sets.timed.iter().zip(exact.iter().zip(quick)) {
        for (x, y) in a.features.chunks_exact(FEATURES).zip(b.features.chunks_exact(FEATURES)) {
            let (float, eight) = (says(x), says(y));
            same += usize::from(float == eight);
            right += usize::from(float == *group);
            all += 1;
        }
    }
    let share = |n: usize| n as f64 / all.max(1) as f64;
    Ok((share(same), share(right)))
}

fn cosine(x: &[f32], y: &[f32]) -> f64 {
    let dot = |u: &[f32], v: &[f32]| u.iter().zip(v).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    dot(x, y) / (dot(x, x) * dot(y, y)).sqrt().max(1e-30)
}
