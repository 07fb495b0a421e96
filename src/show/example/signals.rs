//! Example streams, traces and quality.

use crate::gate::{ChannelQuality, QualityReport, Reason};
use crate::lab::message::{StoredStream, StreamView, TraceChannel, Traces};
use crate::signal::{Montage, Nanos, Role, Seed, StreamId, StreamKind, seconds};
use crate::store::Delivery;

/// Trace columns a second, and how many are kept.
const PER_S: f64 = 32.0;
const KEPT: u64 = 320;

/// EEG + ECG, PPG, face after so long.
pub fn streams(elapsed: Nanos) -> Vec<StreamView> {
    let one = |id: u16, name: &str, kind, channels, rate: f64| StreamView {
        id: StreamId(id),
        name: name.into(),
        kind,
        device: "simulated participant (seed 7)".into(),
        channels,
        rate,
        measured_rate: rate * 0.9996,
        received: (rate * (81.0 + seconds(elapsed))) as u64,
        lost: 0,
        dropped: 0,
        age_s: 0.06,
        simulated: true,
    };
    vec![
        one(0, "eeg", StreamKind::Signal, 33, 256.0),
        one(1, "ppg", StreamKind::Signal, 1, 64.0),
        one(2, "face", StreamKind::Face, 0, 10.0),
    ]
}

/// What lies on the disk of a recording that has run for so long.
pub fn stored(elapsed: Nanos) -> Vec<StoredStream> {
    let stored = |s: StreamView| StoredStream {
        id: s.id,
        name: s.name,
        written: (s.rate * seconds(elapsed)) as u64,
        missing: 0,
        gaps: 0,
        delivery: None,
    };
    streams(elapsed).into_iter().map(stored).collect()
}

/// The same once it has ended: every stream delivered what it promised.
pub fn delivered(elapsed: Nanos) -> Vec<StoredStream> {
    let verdict = |s: StoredStream| {
        let delivery = Delivery {
            stream: s.name.clone(),
            promised: s.written,
            delivered: s.written,
            missing: 0,
            gaps: vec![],
            complete: true,
            withheld: false,
            verdict: "delivered what it promised".into(),
        };
        StoredStream { delivery: Some(delivery), ..s }
    };
    stored(elapsed).into_iter().map(verdict).collect()
}

/// 32 EEG channels with alpha, T8 flat, P3 full of mains; an ECG and a PPG.
pub fn traces(now: Nanos) -> Traces {
    let newest = (seconds(now) * PER_S) as u64;
    let first = newest - KEPT + 1;
    let mut seed = Seed::new(7).fork("traces");
    let mut channels: Vec<TraceChannel> = Montage::biosemi32()
        .labels
        .iter()
        .map(|label| {
            let quality = quality_of(label, false).score;
            let amplitude = match label.as_str() {
                "T8" => 0.1,
                "P3" => 40.0,
                _ => 12.0 + 4.0 * seed.uniform() as f32,
            };
            let mut level = 0.0f32;
            let columns = (first..=newest)
                .map(|_| {
                    level = 0.85 * level + 0.4 * amplitude * seed.normal() as f32;
                    let width = amplitude * (0.6 + 0.4 * seed.uniform() as f32);
                    (level - width, level + width)
                })
                .collect();
            trace(label, Role::Eeg, "uV", Some(quality), amplitude, columns)
        })
        .collect();
    // Beats at 72 a minute: one sharp column, one rounded wave.
    let phase = |n: u64| (n as f64 / PER_S * 1.2).fract() as f32;
    let ecg = |n: u64| match phase(n) {
        p if p < 0.05 => (-0.2, 1.1),
        p if (0.3..0.5).contains(&p) => (0.1, 0.3),
        _ => (-0.05, 0.05),
    };
    let pulse = |n: u64| (1.0 - phase(n)).powi(2) * (phase(n) * 9.0).min(1.0);
    channels.push(trace("ECG", Role::Ecg, "mV", Some(97.0), 0.2, (first..=newest).map(ecg).collect()));
    channels.push(trace(
        "PPG",
        Role::Ppg,
        "au",
        Some(93.0),
        0.3,
        (first..=newest).map(|n| (pulse(n) - 0.02, pulse(n))).collect(),
    ));
    Traces { channels, columns_per_s: PER_S, newest_column: newest }
}

fn trace(label: &str, role: Role, unit: &str, quality: Option<f64>, spread: f32, columns: Vec<(f32, f32)>) -> TraceChannel {
    TraceChannel { label: label.into(), role, unit: unit.into(), quality, centre: 0.0, spread, columns }
}

fn quality_of(label: &str, mended: bool) -> ChannelQuality {
    let (score, reason, detail) = match label {
        "T8" if !mended => (4.0, Some(Reason::Flat), "0.1 uV over the window"),
        "P3" if !mended => (31.0, Some(Reason::Line), "50 Hz line 12.1 dB over the signal"),
        "F4" => (72.0, Some(Reason::Amplitude), "peak to peak 212 uV"),
        _ => (88.0 + (label.len() * 7 + label.as_bytes()[0] as usize) as f64 % 12.0, None, ""),
    };
    ChannelQuality { label: label.into(), score, reason, detail: detail.into() }
}

/// A passing report, or one with two bad channels.
pub fn quality(mended: bool) -> QualityReport {
    let channels: Vec<_> = Montage::biosemi32().labels.iter().map(|l| quality_of(l, mended)).collect();
    let mean = channels.iter().map(|c| c.score).sum::<f64>() / channels.len() as f64;
    let other = |label: &str, score| ChannelQuality { label: label.into(), score, reason: None, detail: String::new() };
    QualityReport {
        channels,
        others: vec![other("ecg", 97.0), other("ppg", 93.0), other("face", 99.0)],
        overall: if mended { mean } else { mean - 12.0 },
        completeness: 0.999,
        seconds: 60.0,
        bridged: vec![],
    }
}
