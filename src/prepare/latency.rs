//! How late a stream is: edges of a flash or sound against their onsets, and blinks in the EEG against the face camera
//! (devices F, calibration; algorithms 8.5). Times in seconds, on one clock.

use crate::prepare::PrepareError;
use crate::prepare::filter::{Filter, Pass};
use crate::prepare::heart::median;

/// A flash is looked for so long after its onset, and the level before it is judged over so long, s.
const AFTER_S: f64 = 3.0;
const BEFORE_S: f64 = 0.3;
/// An edge stands so many times above the noise before it, and is where half its height is reached.
const CLEAR: f64 = 8.0;
const HALF: f64 = 0.5;
/// Fewest edges that make a measurement.
const FEWEST: usize = 5;
/// Grid of the cross-correlation, its reach, and the band of blinks.
const GRID_HZ: f64 = 100.0;
const REACH_S: f64 = 5.0;
const BLINK_HZ: (f64, f64) = (1.0, 10.0);
/// The recording is cut into so many parts for the uncertainty.
const PARTS: usize = 4;
/// A weaker correlation is no common blinking.
const WEAKEST: f64 = 0.3;

/// A latency that is less certain than this would put times wrong rather than right: a latency's own jitter is a few ms for
/// edges, and about a frame for blinks.
const MOST_EDGES_SD_S: f64 = 0.02;
const MOST_BLINKS_SD_S: f64 = 0.05;
/// Parts agree with the whole within so much, s.
const AGREE_S: f64 = 0.1;

/// A measured latency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    pub latency_s: f64,
    pub sd_s: f64,
    /// Edges that were found, or parts of the recording that agree.
    pub found: usize,
    /// Correlation at the peak; 1 for edges.
    pub strength: f64,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    #[error("{found} clear edges after {onsets} onsets, and {FEWEST} are needed; check the sensor and the channel")]
    FewEdges { found: usize, onsets: usize },
    #[error("EEG and face have {0:.0} s in common, and 30 s with blinks are needed; record longer")]
    TooShort(f64),
    #[error("EEG and face do not blink together (r = {0:.2}); ask for double blinks, and check frontal electrodes and light")]
    Weak(f64),
    #[error(
        "{what} put it at {latency_ms:.0} ms, give or take {sd_ms:.0}, and more than {most_ms:.0} is no measurement; {advice}"
    )]
    Unsure { what: String, latency_ms: f64, sd_ms: f64, most_ms: f64, advice: &'static str },
    #[error(transparent)]
    Prepare(#[from] PrepareError),
}

/// A series with the time of its first value and a constant rate.
#[derive(Debug, Clone, Copy)]
pub struct Even<'a> {
    pub values: &'a [f64],
    pub start: f64,
    pub rate: f64,
}

/// The median delay from onset to edge. Each edge belongs to the last onset before it; the sign does not matter.
///
/// # Errors
/// Too few clear edges, or edges that do not follow the onsets.
pub fn flash_latency(aux: Even, onsets: &[f64]) -> Result<Latency, LatencyError> {
    let mut onsets: Vec<f64> = onsets.to_vec();
    onsets.sort_by(f64::total_cmp);
    let next = |i: usize| onsets.get(i + 1).copied().unwrap_or(f64::INFINITY);
    let delays: Vec<f64> =
        onsets.iter().enumerate().filter_map(|(i, &at)| Some(edge(aux, at, next(i).min(at + AFTER_S))? - at)).collect();
    if delays.len() < FEWEST {
        return Err(LatencyError::FewEdges { found: delays.len(), onsets: onsets.len() });
    }
    let latency_s = median(&delays);
    let spread: Vec<f64> = delays.iter().map(|d| (d - latency_s).abs()).collect();
    let found = Latency { latency_s, sd_s: 1.4826 * median(&spread), found: delays.len(), strength: 1.0 };
    sure(found, format!("{} edges", delays.len()), MOST_EDGES_SD_S, "name the channel that the sensor is on")
}

/// The latency, where its uncertainty allows to use it.
fn sure(found: Latency, what: String, most_s: f64, advice: &'static str) -> Result<Latency, LatencyError> {
    if found.sd_s <= most_s {
        return Ok(found);
    }
    let (latency_ms, sd_ms, most_ms) = (1e3 * found.latency_s, 1e3 * found.sd_s, 1e3 * most_s);
    Err(LatencyError::Unsure { what, latency_ms, sd_ms, most_ms, advice })
}

/// When the first edge after `at` and before `until` has half its height.
fn edge(aux: Even, at: f64, until: f64) -> Option<f64> {
    let index = |t: f64| ((t - aux.start) * aux.rate).ceil().max(0.0) as usize;
    let before: Vec<f64> = aux.values.get(index(at - BEFORE_S)..index(at))?.iter().copied().filter(|v| v.is_finite()).collect();
    let after = aux.values.get(index(at)..index(until).min(aux.values.len()))?;
    if before.len() < 4 {
        return None;
    }
    let level = median(&before);
    let noise = 1.4826 * median(&before.iter().map(|v| (v - level).abs()).collect::<Vec<_>>());
    let height = after.iter().map(|v| (v - level).abs()).filter(|v| v.is_finite()).fold(0.0, f64::max);
    if height <= CLEAR * noise || height <= 0.0 {
        return None;
    }
    let k = after.iter().position(|v| (v - level).abs() >= HALF * height)?;
    let here = (after[k] - level).abs();
    let there = if k == 0 { here } else { (after[k - 1] - level).abs() };
    let part = if here > there { (HALF * height - there) / (here - there) } else { 1.0 };
    Some(aux.start + (index(at) + k) as f64 / aux.rate - (1.0 - part) / aux.rate)
}

/// How much later blinks come in the EEG than in the video. `eeg` is the mean of the frontal channels, NaN where lost;
/// `face` is (time, how far the eye region is from its usual look) for every frame.
///
/// # Errors
/// Too short, no common blinks, or parts of the recording that contradict each other.
pub fn blink_latency(eeg: Even, face: &[(f64, f64)]) -> Result<Latency, LatencyError> {
    let filled: Vec<f64> = held(eeg.values);
    let band = Filter::butterworth(Pass::Band(BLINK_HZ.0, BLINK_HZ.1), 2, eeg.rate)?.zero_phase(&filled)?;
    let envelope: Vec<(f64, f64)> = band.iter().enumerate().map(|(i, v)| (eeg.start + i as f64 / eeg.rate, v.abs())).collect();
    let start = envelope.first().zip(face.first()).map_or(0.0, |(a, b)| a.0.max(b.0));
    let end = envelope.last().zip(face.last()).map_or(0.0, |(a, b)| a.0.min(b.0));
    if end - start < 30.0 {
        return Err(LatencyError::TooShort((end - start).max(0.0)));
    }
    let n = ((end - start) * GRID_HZ) as usize;
    let smooth = Filter::butterworth(Pass::Low(4.0), 2, GRID_HZ)?;
    let a = smooth.zero_phase(&gridded(&envelope, start, n))?;
    let b = smooth.zero_phase(&gridded(face, start, n))?;
    let (lag, strength) = peak(&a, &b);
    if strength < WEAKEST {
        return Err(LatencyError::Weak(strength));
    }
    let part = n / PARTS;
    let parts: Vec<f64> = (0..PARTS)
        .map(|k| peak(&a[k * part..(k + 1) * part], &b[k * part..(k + 1) * part]))
        .filter(|(_, r)| *r >= WEAKEST)
        .map(|(lag, _)| lag)
        .collect();
    let mean = parts.iter().sum::<f64>() / parts.len().max(1) as f64;
    let scatter = parts.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (parts.len().max(2) - 1) as f64;
    // Never better than a frame's own width allows.
    let frame_s = (face[face.len() - 1].0 - face[0].0) / (face.len() - 1) as f64;
    let floor = frame_s / 12f64.sqrt() / (parts.len().max(1) as f64).sqrt();
    let sd_s = (scatter / parts.len().max(1) as f64).sqrt().max(floor);
    // A part that correlates as well seconds away speaks against the whole, not for it.
    let agree = parts.iter().filter(|l| (*l - lag).abs() <= AGREE_S).count();
    let found = Latency { latency_s: lag, sd_s, found: agree, strength };
    let what = format!("blinks (r = {strength:.2}, {agree} of {PARTS} parts agree)");
    sure(found, what, MOST_BLINKS_SD_S, "record ten double blinks with pauses between them")
}

/// The series with gaps held at their last value.
fn held(values: &[f64]) -> Vec<f64> {
    let mut last = values.iter().copied().find(|v| v.is_finite()).unwrap_or(0.0);
    let mut hold = |v: &f64| {
        last = if v.is_finite() { *v } else { last };
        last
    };
    values.iter().map(&mut hold).collect()
}

/// Linear between the points of a series, `n` values from `start` on.
fn gridded(points: &[(f64, f64)], start: f64, n: usize) -> Vec<f64> {
    let mut at = 0;
    let value = |k: usize| {
        let t = start + k as f64 / GRID_HZ;
        while at + 2 < points.len() && points[at + 1].0 <= t {
            at += 1;
        }
        let (a, b) = (points[at], points[(at + 1).min(points.len() - 1)]);
        if b.0 > a.0 { a.1 + (b.1 - a.1) * ((t - a.0) / (b.0 - a.0)).clamp(0.0, 1.0) } else { a.1 }
    };
    (0..n).map(value).collect()
}

/// By how many seconds `a` comes after `b` where they agree best, and how well they do.
fn peak(a: &[f64], b: &[f64]) -> (f64, f64) {
    let reach = ((REACH_S * GRID_HZ) as usize).min(a.len() / 2) as i64;
    let at = |lag: i64| {
        let (shift_a, shift_b) = (lag.max(0) as usize, (-lag).max(0) as usize);
        let n = a.len() - shift_a.max(shift_b);
        correlation(&a[shift_a..shift_a + n], &b[shift_b..shift_b + n])
    };
    let all: Vec<f64> = (-reach..=reach).map(at).collect();
    let best = (0..all.len()).max_by(|i, j| all[*i].total_cmp(&all[*j])).unwrap_or(0);
    let (left, right) = (all.get(best.wrapping_sub(1)), all.get(best + 1));
    let part = match (left, right) {
        (Some(l), Some(r)) if 2.0 * all[best] - l - r > 0.0 => 0.5 * (r - l) / (2.0 * all[best] - l - r),
        _ => 0.0,
    };
    ((best as f64 - reach as f64 + part) / GRID_HZ, all[best])
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma).powi(2);
        bb += (y - mb).powi(2);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn flashes_tell_their_delay_and_its_spread() {
        let mut seed = Seed::new(4);
        let rate = 512.0;
        let onsets: Vec<f64> = (0..20).map(|k| 105.0 + 2.0 * f64::from(k)).collect();
        let delays: Vec<f64> = onsets.iter().map(|_| 0.0312 + 0.0015 * seed.normal()).collect();
        let lit = |t: f64| onsets.iter().zip(&delays).any(|(on, d)| (on + d..on + d + 0.2).contains(&t));
        let aux: Vec<f64> =
            (0..30_000).map(|i| 3.0 + 0.2 * seed.normal() - if lit(100.0 + f64::from(i) / rate) { 50.0 } else { 0.0 }).collect();
        let aux = Even { values: &aux, start: 100.0, rate };
        let found = flash_latency(aux, &onsets).expect("edges");
        assert_eq!(found.found, 20);
        assert!((found.latency_s - median(&delays)).abs() < 0.0015, "{found:?}");
        assert!((0.0005..0.003).contains(&found.sd_s), "{found:?}");
        let dark = Even { values: &aux.values[..2000], ..aux };
        assert!(matches!(flash_latency(dark, &[101.0, 102.0]), Err(LatencyError::FewEdges { found: 0, onsets: 2 })));
    }

    #[test]
    fn blinks_tell_how_late_the_eeg_is() {
        for truth in [0.0, 0.35, 2.0, -0.12] {
            let mut seed = Seed::new(9);
            let mut at = 3.0;
            let mut blinks = Vec::new();
            while at < 88.0 {
                blinks.extend([at, at + 0.4]);
                at += 6.0 + 3.0 * seed.uniform();
            }
            let lid = |t: f64| blinks.iter().map(|b| (-((t - b) / 0.08f64).powi(2)).exp()).sum::<f64>();
            let eeg: Vec<f64> = (0..90 * 128).map(|i| 120.0 * lid(f64::from(i) / 128.0 - truth) + 12.0 * seed.normal()).collect();
            let face: Vec<(f64, f64)> =
                (0..90 * 30).map(|i| f64::from(i) / 30.0).map(|t| (t, lid(t) + 0.1 * seed.normal().abs())).collect();
            let found = blink_latency(Even { values: &eeg, start: 0.0, rate: 128.0 }, &face).expect("blinks");
            assert!((found.latency_s - truth).abs() < 1.0 / 30.0, "{truth}: {found:?}");
            assert!(found.strength > 0.6 && found.sd_s < 1.0 / 30.0, "{found:?}");
        }
    }

    /// A channel without a sensor has its own peaks somewhere behind each onset; parts of a recording may correlate anywhere.
    #[test]
    fn what_cannot_be_known_is_no_latency() {
        let mut seed = Seed::new(6);
        let onsets: Vec<f64> = (0..8).map(|k| 2.0 + 4.0 * f64::from(k)).collect();
        let peaks: Vec<f64> = onsets.iter().map(|on| on + 0.1 + 2.5 * seed.uniform()).collect();
        let near = |t: f64| peaks.iter().any(|p| (t - p).abs() < 0.1);
        let eeg: Vec<f64> = (0..36 * 256).map(|i| seed.normal() + if near(f64::from(i) / 256.0) { 80.0 } else { 0.0 }).collect();
        let aux = Even { values: &eeg, start: 0.0, rate: 256.0 };
        let refused = flash_latency(aux, &onsets).expect_err("unsure").to_string();
        assert!(refused.contains("edges put it at") && refused.contains("no measurement"), "{refused}");

        // Blinks that the face shows at another delay in each half.
        let blinks: Vec<f64> = (0..20).map(|k| 3.0 + 6.0 * f64::from(k) + 2.0 * seed.uniform()).collect();
        let lid = |t: f64, late: &dyn Fn(f64) -> f64| -> f64 {
            blinks.iter().map(|b| (-((t - b - late(*b)) / 0.08f64).powi(2)).exp()).sum()
        };
        for late in [1.5, 0.25] {
            let drifting = |b: f64| if b < 60.0 { 0.0 } else { late };
            let eeg: Vec<f64> = (0..124 * 128).map(|i| 120.0 * lid(f64::from(i) / 128.0, &drifting)).collect();
            let face: Vec<(f64, f64)> = (0..124 * 30).map(|i| f64::from(i) / 30.0).map(|t| (t, lid(t, &|_| 0.0))).collect();
            let refused = blink_latency(Even { values: &eeg, start: 0.0, rate: 128.0 }, &face).expect_err("unsure").to_string();
            assert!(refused.contains("2 of 4 parts agree") && refused.contains("no measurement"), "{refused}");
        }
    }

    #[test]
    fn noise_is_no_blinking() {
        let mut seed = Seed::new(2);
        let eeg: Vec<f64> = (0..60 * 128).map(|_| seed.normal()).collect();
        let face: Vec<(f64, f64)> = (0..60 * 30).map(|i| (f64::from(i) / 30.0, seed.normal())).collect();
        let eeg = Even { values: &eeg, start: 0.0, rate: 128.0 };
        assert!(matches!(blink_latency(eeg, &face), Err(LatencyError::Weak(_))));
        assert!(matches!(blink_latency(eeg, &face[..300]), Err(LatencyError::TooShort(_))));
    }
}
