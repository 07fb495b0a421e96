//! The state of a training run on disk, so that a killed run goes on where it was and ends with the same weights.
//!
//! Order and dropout of an epoch are functions of seed and epoch, so weights, the optimiser's moments and the
//! counters of the loop are all there is to keep. The file is written whole or not at all and ends with a CRC; one
//! that does not fit or is damaged is passed over, since training anew gives the same result.

use super::adam::Adam;
use super::file::write_whole;
use super::fit::EpochReport;
use super::network::Network;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where a run keeps its state, and how often at most.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    every: Duration,
    /// Saving decides nothing about the result, so that the machine's clock serves here.
    last: std::cell::Cell<Instant>,
}

/// Where the loop stands after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stand {
    /// What makes two runs the same: options, data and network; another run's file is not ours.
    pub run: u64,
    pub epochs: Vec<EpochReport>,
    pub rate: f64,
    pub least: f32,
    pub stale: u32,
    pub best_epoch: u32,
    pub steps: i32,
}

impl Checkpoint {
    /// State in `path`, saved after an epoch when the last time was `every` ago.
    pub fn new(path: &Path, every: Duration) -> Self {
        Checkpoint { path: path.into(), every, last: std::cell::Cell::new(Instant::now()) }
    }

    /// Saves if it is time. A state that cannot be written costs a resumption, not the run, so the error is the
    /// caller's to show.
    pub(super) fn save_if_due(&self, stand: &Stand, network: &Network, best: &Network, adam: &Adam) -> io::Result<()> {
        if self.last.get().elapsed() < self.every {
            return Ok(());
        }
        let written = write_whole(&self.path, &pack(stand, network, best, adam));
        self.last.set(Instant::now());
        written
    }

    /// The state of the run `run`, into `network` and the two returned; `None` without a sound one of this run.
    pub(super) fn load(&self, run: u64, network: &mut Network) -> Option<(Stand, Network, Adam)> {
        let bytes = std::fs::read(&self.path).ok()?;
        unpack(&bytes, run, network)
    }

    /// Removes the file: the run has ended.
    pub fn discard(&self) {
        // Not being there is what is wanted.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Length of the header, header, weights, best weights, first and second moments, CRC of all before it.
fn pack(stand: &Stand, network: &Network, best: &Network, adam: &Adam) -> Vec<u8> {
    let header = rmp_serde::to_vec(stand).unwrap_or_default();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    let (first, second) = adam.flat();
    for part in [network.flat(), best.flat(), first, second] {
        bytes.extend(part.iter().flat_map(|v| v.to_le_bytes()));
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn unpack(bytes: &[u8], run: u64, network: &mut Network) -> Option<(Stand, Network, Adam)> {
    let (body, crc) = bytes.split_last_chunk::<4>()?;
    let (length, rest) = body.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let stand: Stand = rmp_serde::from_slice(rest.get(..length)?).ok()?;
    let count = network.flat_length();
    let numbers = rest.get(length..)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) || stand.run != run || numbers.len() != 16 * count {
        return None;
    }
    let mut parts = numbers
        .chunks_exact(4 * count)
        .map(|part| part.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<f32>>());
    let (weights, best_weights, first, second) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    network.set_flat(&weights);
    let mut best = network.clone();
    best.set_flat(&best_weights);
    let adam = Adam::of_flat(network, &first, &second, stand.steps);
    Some((stand, best, adam))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;
    use crate::signal::Seed;
    use crate::train::fit::{Examples, FitOptions, Fitted, fit};
    use crate::train::networks::face_small::face_small;

    /// 40 noise pictures of 8 x 8, split by the brightness of one half.
    fn train(job: &Job, checkpoint: Option<&Checkpoint>, on_epoch: &mut dyn FnMut(&EpochReport)) -> Fitted {
        let mut seed = Seed::new(4);
        let inputs: Vec<f32> = (0..40 * 64).map(|_| seed.normal() as f32).collect();
        let labels: Vec<usize> = inputs.chunks(64).map(|x| usize::from(x[..32].iter().sum::<f32>() > 0.0)).collect();
        let examples = Examples { inputs: &inputs, labels: &labels };
        let options = FitOptions { epochs: 9, batch: 8, learning_rate: 3e-3, plateau: 1, ..FitOptions::default() };
        let network = face_small(8, 2, 8, &Seed::new(1)).expect("fits");
        fit(network, examples, examples, &options, (job, "train"), checkpoint, on_epoch).expect("trains")
    }

    /// Stopped after the third and again after the fifth epoch, the run ends with the bits of one that never was.
    #[test]
    fn a_run_that_was_cut_short_ends_with_the_same_bits() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("fold.checkpoint");
        let whole = train(&Job::silent(), None, &mut |_| {});
        for stop_after in [3, 5] {
            let job = Job::silent();
            let mut seen = Vec::new();
            train(&job, Some(&Checkpoint::new(&path, Duration::ZERO)), &mut |e| {
                seen.push(e.epoch);
                if e.epoch == stop_after {
                    job.stop();
                }
            });
            assert_eq!(seen.last(), Some(&stop_after));
            assert_eq!(seen.len(), if stop_after == 3 { 3 } else { 2 }, "finished epochs are not trained again");
        }
        let resumed = train(&Job::silent(), Some(&Checkpoint::new(&path, Duration::ZERO)), &mut |_| {});
        assert_eq!(resumed.epochs, whole.epochs);
        assert_eq!((resumed.best_epoch, resumed.network.flat()), (whole.best_epoch, whole.network.flat()));
    }

    #[test]
    fn a_damaged_file_or_one_of_another_run_is_passed_over() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("fold.checkpoint");
        let mut network = face_small(8, 2, 8, &Seed::new(1)).expect("fits");
        let stand = Stand { run: 7, epochs: vec![], rate: 0.1, least: 0.5, stale: 1, best_epoch: 2, steps: 3 };
        let adam = Adam::of_flat(&network, &vec![0.5; network.parameter_count()], &vec![0.25; network.parameter_count()], 3);
        let checkpoint = Checkpoint::new(&path, Duration::ZERO);
        checkpoint.save_if_due(&stand, &network.clone(), &network.clone(), &adam).expect("saves");
        assert!(checkpoint.load(8, &mut network).is_none());
        assert_eq!(checkpoint.load(7, &mut network).map(|l| l.0), Some(stand));
        let mut bytes = std::fs::read(&path).expect("there");
        bytes[100] ^= 1;
        std::fs::write(&path, bytes).expect("writes");
        assert!(checkpoint.load(7, &mut network).is_none());
    }
}
