//! Quality of heart signals and of the face (algorithms section 10, last paragraph).

use crate::gate::check::ramp;
use crate::gate::flat::repeated;
use crate::gate::railed::railed_share;
use crate::gate::{ChannelQuality, Reason};
use crate::prepare::PrepareError;
use crate::prepare::faces::{Grey, centre_square, decode_grey};
use crate::prepare::heart::likeness::likeness;
use crate::prepare::heart::{PLAUSIBLE_S, heart_rate, median, r_peaks};
use crate::prepare::pulse::pulse_peaks;

/// Which heart signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartKind {
    Ecg,
    Ppg,
}

/// Largest change from one interval to the next, as a share of the earlier one.
const LARGEST_CHANGE: f64 = 0.25;

/// Quality of an ECG or PPG in any unit: flat and railed shares, plausible intervals, likeness of the beats.
pub fn heart_quality(samples: &[f64], rate: f64, rail: Option<f64>, kind: HeartKind) -> ChannelQuality {
    let (label, peaks) = match kind {
        HeartKind::Ecg => ("ecg", r_peaks(samples, rate)),
        HeartKind::Ppg => ("ppg", pulse_peaks(samples, rate)),
    };
    let limited = |score: f64, reason, detail| ChannelQuality { label: label.into(), score, reason, detail };
    let peaks = match peaks {
        Ok(peaks) => peaks,
        Err(error) => return limited(0.0, Some(Reason::Missing), error.to_string()),
    };
    let flat = flat_share(samples, rate);
    let railed = rail.map_or(0.0, |rail| railed_share(samples, rail));
    let (regular, alike) = (regular_share(&peaks), likeness(samples, &peaks, rate));
    let rate_text = heart_rate(&peaks).map_or("no heart rate".to_string(), |bpm| format!("{bpm:.0} beats a minute"));
    let parts = [
        (1.0 - flat, Reason::Flat, format!("{:.0} % of the seconds flat", 100.0 * flat)),
        (1.0 - railed, Reason::Railed, format!("{:.0} % of the samples at the end of the range", 100.0 * railed)),
        (regular, Reason::Rhythm, format!("{rate_text}; {:.0} % of the intervals plausible", 100.0 * regular)),
        (ramp(alike, 0.6, 0.9), Reason::Rhythm, format!("{rate_text}; beats alike with r = {alike:.2}")),
    ];
    worst(label, parts, rate_text)
}

/// The smallest part limits the score; from 90 upwards nothing does.
fn worst<const N: usize>(label: &str, parts: [(f64, Reason, String); N], fine: String) -> ChannelQuality {
    let smallest = parts.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((score, reason, detail)) = smallest else {
        return ChannelQuality { label: label.into(), score: 0.0, reason: Some(Reason::Missing), detail: fine };
    };
    let score = 100.0 * score.clamp(0.0, 1.0);
    let limited = score < 90.0;
    ChannelQuality { label: label.into(), score, reason: limited.then_some(reason), detail: if limited { detail } else { fine } }
}

/// Share of whole seconds in which nothing changes.
fn flat_share(samples: &[f64], rate: f64) -> f64 {
    let second = (rate.round() as usize).max(2);
    let chunks = samples.chunks_exact(second);
    let all = chunks.len().max(1) as f64;
    chunks.filter(|chunk| repeated(chunk) > 0.5).count() as f64 / all
}

/// Share of intervals that a heart makes and that do not jump; 0 with fewer than three beats.
fn regular_share(peaks: &[f64]) -> f64 {
    let intervals: Vec<f64> = peaks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if intervals.len() < 2 {
        return 0.0;
    }
    let plausible = |i: usize| {
        let jump = if i == 0 { intervals[1] - intervals[0] } else { intervals[i] - intervals[i - 1] };
        let from = if i == 0 { intervals[1] } else { intervals[i - 1] };
        PLAUSIBLE_S.contains(&intervals[i]) && jump.abs() < LARGEST_CHANGE * from
    };
    (0..intervals.len()).filter(|i| plausible(*i)).count() as f64 / intervals.len() as f64
}

/// What one frame says about light and sharpness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceFrame {
    /// Mean of the centre square, 0-255.
    pub brightness: f64,
    /// Variance of the Laplacian of the centre square at 112 x 112.
    pub sharpness: f64,
}

/// Looks at one frame.
///
/// # Errors
/// A frame that cannot be decoded.
pub fn face_frame(jpeg: &[u8]) -> Result<FaceFrame, PrepareError> {
    Ok(face_look(&decode_grey(jpeg)?))
}

/// Looks at one decoded frame.
pub fn face_look(grey: &Grey) -> FaceFrame {
    const SIDE: usize = 112;
    let pixels: Vec<f64> = centre_square(grey, SIDE).into_iter().map(|p| 255.0 * f64::from(p)).collect();
    let inner = (1..SIDE - 1).flat_map(|y| (1..SIDE - 1).map(move |x| y * SIDE + x));
    let laplacian: Vec<f64> =
        inner.map(|i| pixels[i - 1] + pixels[i + 1] + pixels[i - SIDE] + pixels[i + SIDE] - 4.0 * pixels[i]).collect();
    let mean = laplacian.iter().sum::<f64>() / laplacian.len() as f64;
    let sharpness = laplacian.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / laplacian.len() as f64;
    FaceFrame { brightness: pixels.iter().sum::<f64>() / pixels.len() as f64, sharpness }
}

/// Quality of the face video: light, sharpness, and delivered over expected frames. Whether a face is there and how
/// large it is needs a detector, which this release does not run; the detail says so.
pub fn face_quality(frames: &[FaceFrame], delivered: u64, expected: u64) -> ChannelQuality {
    if delivered == 0 || frames.is_empty() {
        let detail = format!("no frame came; {expected} were expected");
        return ChannelQuality { label: "face".into(), score: 0.0, reason: Some(Reason::Missing), detail };
    }
    let brightness = median(&frames.iter().map(|f| f.brightness).collect::<Vec<_>>());
    let sharpness = median(&frames.iter().map(|f| f.sharpness).collect::<Vec<_>>());
    // Full score inside 40-220, none at black or white.
    let light = ramp(brightness, 0.0, 40.0).min(ramp(brightness, 255.0, 220.0));
    let rate = if expected == 0 { 1.0 } else { (delivered as f64 / expected as f64).min(1.0) };
    let unjudged = "presence and size of the face not judged";
    let parts = [
        (light, Reason::Face, format!("brightness {brightness:.0}, wanted 40 to 220; {unjudged}")),
        (ramp(sharpness, 20.0, 80.0), Reason::Face, format!("blurred: sharpness {sharpness:.0}, wanted 80; {unjudged}")),
        (rate, Reason::Missing, format!("{delivered} of {expected} frames came; {unjudged}")),
    ];
    worst("face", parts, format!("light and sharpness good; {unjudged}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    fn pulses(rate: f64, seconds: usize, interval: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut beats = vec![0.4];
        while beats[beats.len() - 1] < seconds as f64 {
            beats.push(beats[beats.len() - 1] + interval(beats.len()));
        }
        let mut seed = Seed::new(2);
        (0..seconds * rate as usize)
            .map(|i| {
                let t = i as f64 / rate;
                let near = beats.iter().map(|b| (-((t - b) / 0.012).powi(2) / 2.0).exp()).sum::<f64>();
                near + 0.02 * seed.normal()
            })
            .collect()
    }

    #[test]
    fn a_steady_heart_scores_high_and_a_jumping_one_low() {
        let steady = heart_quality(&pulses(256.0, 30, |_| 0.8), 256.0, None, HeartKind::Ecg);
        assert!(steady.score >= 90.0 && steady.reason.is_none() && steady.detail.contains("75"), "{steady:?}");
        let jumping = heart_quality(&pulses(256.0, 30, |i| [0.4, 1.1][i % 2]), 256.0, None, HeartKind::Ecg);
        assert!(jumping.score < 30.0 && jumping.reason == Some(Reason::Rhythm), "{jumping:?}");
        let flat = heart_quality(&[0.0; 2560], 256.0, None, HeartKind::Ecg);
        assert!(flat.score == 0.0 && flat.reason.is_some(), "{flat:?}");
    }

    #[test]
    fn dark_blurred_and_missing_frames_are_named() {
        let good = FaceFrame { brightness: 120.0, sharpness: 150.0 };
        assert_eq!(face_quality(&[good; 9], 100, 100).score, 100.0);
        let dark = face_quality(&[FaceFrame { brightness: 10.0, ..good }; 9], 100, 100);
        assert!(dark.score == 25.0 && dark.reason == Some(Reason::Face), "{dark:?}");
        assert_eq!(face_quality(&[good; 9], 50, 100).reason, Some(Reason::Missing));
        assert!(face_quality(&[good; 9], 100, 100).detail.contains("not judged"));
        assert_eq!(face_quality(&[], 0, 100).score, 0.0);
    }
}
