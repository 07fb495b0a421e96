//! Band powers of a recording as maps: how far each electrode is above or below the scalp's mean, in dB.

use super::Args;
use crate::cli::{Common, files};
use crate::prepare::band_map;
use crate::signal::{BANDS, Montage, position_of};
use anyhow::bail;
use std::path::Path;

/// BioSemi's cap of 16 electrodes, sockets A1 to A16.
const BIOSEMI16: [&str; 16] = ["Fp1", "Fp2", "F4", "Fz", "F3", "T7", "C3", "Cz", "C4", "T8", "P4", "Pz", "P3", "O1", "Oz", "O2"];

/// A map of the scalp: its name, and one value per electrode.
type Maps = Vec<(String, Vec<f64>)>;

/// Whether the file is one of samples and not of values.
pub fn is_recording(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("edf") || e.eq_ignore_ascii_case("bdf"))
}

/// The four bands over the electrodes that have a position.
///
/// # Errors
/// A recording that cannot be read, whose channels have no positions, or a montage of another length.
pub fn band_maps(args: &Args, common: &Common) -> anyhow::Result<(Maps, Vec<String>)> {
    let loaded = files::load(&args.values, false, common)?;
    let name = args.values.display();
    let labels = match &args.montage {
        Some(montage) => named(montage, loaded.eeg.labels.len())?,
        // BioSemi's sockets run A1 to A32, B1 to ...: among them "C3" and "F7" are no positions.
        None if loaded.eeg.labels.iter().any(|l| l == "A1") && loaded.eeg.labels.iter().any(|l| l == "A8") => bail!(
            "{name} names amplifier sockets (A1, A2, ...), not positions; say where they sat with --montage biosemi16, \
             --montage biosemi32 or a list of {} labels",
            loaded.eeg.labels.len()
        ),
        None => loaded.eeg.labels.clone(),
    };
    let placed: Vec<usize> = (0..labels.len()).filter(|&i| position_of(&labels[i]).is_some()).collect();
    if placed.len() < 4 {
        bail!("{name} has only {} channels at known positions; name them with --montage", placed.len());
    }
    let powers = band_map(&loaded.eeg)?;
    let maps = BANDS.iter().zip(&powers).map(|(band, powers)| {
        let level: Vec<f64> = placed.iter().map(|&i| 10.0 * powers[i].max(1e-12).log10()).collect();
        let mean = level.iter().sum::<f64>() / level.len() as f64;
        (format!("{} dB", band.name), level.iter().map(|l| l - mean).collect())
    });
    Ok((maps.collect(), placed.iter().map(|&i| labels[i].clone()).collect()))
}

fn named(montage: &str, channels: usize) -> anyhow::Result<Vec<String>> {
    let labels: Vec<String> = match montage {
        "biosemi16" => BIOSEMI16.iter().map(|l| l.to_string()).collect(),
        "biosemi32" => Montage::biosemi32().labels,
        list => list.split(',').map(|l| l.trim().to_string()).collect(),
    };
    // Channels beyond the list (EXG, sensors) have no place on the scalp.
    if labels.len() > channels {
        bail!("the montage {montage} has {} labels, the recording {channels} EEG channels", labels.len());
    }
    Ok(labels)
}
