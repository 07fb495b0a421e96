//! What the timed path is fed: made-up EEG or that of recordings, and a head of random weights.

use super::{CLASSES, EPOCH_S, LEAD_S, RATE};
use crate::exchange::{self, ReadOptions};
use crate::infer::epoch::FEATURES;
use crate::prepare::{Signals, scalp_map};
use crate::signal::{Role, Seed};
use crate::train::network::{Conv2d, Dense, MapLayer, Network, RowLayer};
use anyhow::Context as _;
use std::path::Path;

/// Conv 3x3 -> 256, conv 2x2 -> 128, conv 1x1 -> 64, pool, dense 128, dense K (algorithms 7).
pub fn head(seed: u64) -> anyhow::Result<Network> {
    let mut draws = Seed::new(seed).fork("head");
    let maps = vec![
        Conv2d::init(FEATURES, 256, 3, 1, &mut draws).into(),
        MapLayer::Relu,
        Conv2d::init(256, 128, 2, 0, &mut draws).into(),
        MapLayer::Relu,
        Conv2d::init(128, 64, 1, 0, &mut draws).into(),
        MapLayer::Relu,
        MapLayer::MaxPool2d { size: [2, 2], stride: [2, 2] },
    ];
    let rows = vec![Dense::init(384, 128, &mut draws).into(), RowLayer::Relu, Dense::init(128, CLASSES, &mut draws).into()];
    Ok(Network::new("head of the bench", [FEATURES, scalp_map::ROWS, scalp_map::COLUMNS], maps, rows)?)
}

/// Made-up EEG of the map's electrodes: a slow wander shared by neighbours, an alpha rhythm that comes and goes, noise.
pub fn eeg(seed: u64) -> Signals {
    let labels = scalp_map::labels();
    let samples = ((EPOCH_S + LEAD_S) * RATE) as usize;
    let mut draws = Seed::new(seed).fork("eeg");
    let channel = |i: usize| {
        let (mut slow, phase) = (0.0, draws.uniform() * std::f64::consts::TAU);
        let depth = 5.0 + 15.0 * (i as f64 / labels.len() as f64);
        let sample = |k: usize| {
            let t = k as f64 / RATE;
            slow = 0.98 * slow + 2.0 * draws.normal();
            let alpha = depth * (0.5 + 0.5 * (t * 1.3 + phase).sin()) * (std::f64::consts::TAU * 10.0 * t + phase).sin();
            slow + alpha + 2.0 * draws.normal()
        };
        (0..samples).map(sample).collect()
    };
    let mut channel = channel;
    let data = (0..labels.len()).map(&mut channel).collect();
    Signals { rate: RATE, labels, data }
}

/// Epochs to see ranges on, and others to time and compare on; each with the number of what it is from.
pub struct Sets {
    pub calibration: Vec<(usize, Signals)>,
    pub timed: Vec<(usize, Signals)>,
    /// "made-up EEG".
    pub about: String,
    pub groups: usize,
}

/// Epochs of a recording whose pictures show the ranges.
const CALIBRATION: usize = 3;

impl Sets {
    /// Made-up epochs; those for calibration are of another seed than the timed ones.
    pub fn made_up(seed: u64, epochs: usize) -> Sets {
        let timed = (0..epochs.max(1)).map(|i| (0, eeg(seed + i as u64))).collect();
        Sets { calibration: vec![(0, eeg(seed + 10_000))], timed, about: "made-up EEG".into(), groups: 1 }
    }

    /// Epochs of these files: calibration in the first half of each, `epochs` to compare in the second.
    ///
    /// # Errors
    /// As [`recorded`].
    pub fn recorded(files: &[std::path::PathBuf], epochs: usize) -> anyhow::Result<Sets> {
        let (mut calibration, mut timed) = (Vec::new(), Vec::new());
        for (group, file) in files.iter().enumerate() {
            let all = recorded(file)?;
            let spread = |part: &[Signals], most: usize| -> Vec<(usize, Signals)> {
                part.iter().step_by(part.len().div_ceil(most.max(1)).max(1)).map(|e| (group, e.clone())).collect()
            };
            let (first, second) = all.split_at(all.len() / 2);
            calibration.extend(spread(first, CALIBRATION));
            // The epoch after the border has its lead in the first half.
            timed.extend(spread(&second[usize::from(second.len() > 1)..], epochs.max(1)));
        }
        let name = |file: &std::path::PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let about = files.iter().map(name).collect::<Vec<_>>().join(", ");
        Ok(Sets { calibration, timed, about, groups: files.len() })
    }
}

/// Epochs with their lead of a recording, one after the other. The map's electrodes take the recording's EEG channels by
/// turns, since agreement is about pictures and not about places; stretches with a missing sample are left out.
///
/// # Errors
/// A file that cannot be read, has no EEG, or is shorter than two epochs.
fn recorded(path: &Path) -> anyhow::Result<Vec<Signals>> {
    let imported = exchange::read(path, ReadOptions { lenient: true, raw_stamps: false })?;
    let most = imported.streams.into_iter().max_by_key(|s| s.info.with_role(Role::Eeg).len());
    let stream = most.with_context(|| format!("{} has no signals", path.display()))?;
    let channels = stream.info.with_role(Role::Eeg);
    anyhow::ensure!(!channels.is_empty(), "{} has no EEG channel", path.display());
    let (rate, labels) = (stream.info.rate, scalp_map::labels());
    let (length, step) = (((EPOCH_S + LEAD_S) * rate).ceil() as usize, (EPOCH_S * rate) as usize);
    let samples = stream.data.first().map_or(0, Vec::len);
    let cut = |start: usize| -> Option<Signals> {
        let channel = |i: usize| stream.data[channels[i % channels.len()]][start..start + length].iter().map(|v| f64::from(*v));
        let data: Vec<Vec<f64>> = (0..labels.len()).map(|i| channel(i).collect()).collect();
        let whole = data.iter().flatten().all(|v| v.is_finite());
        whole.then(|| Signals { rate, labels: labels.clone(), data })
    };
    let starts = (0..=samples.saturating_sub(length)).step_by(step.max(1)).filter(|_| samples >= length);
    let epochs: Vec<Signals> = starts.filter_map(cut).collect();
    anyhow::ensure!(epochs.len() >= 2, "{} is too short for two epochs of {} s", path.display(), EPOCH_S + LEAD_S);
    Ok(epochs)
}
