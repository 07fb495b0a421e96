//! Band powers of a recording as maps: how far each electrode is above or below the scalp's mean, in dB.

use super::{Args, own};
use crate::cli::{Common, files};
use crate::prepare::band_map;
use crate::show::topography::Sites;
use crate::signal::{BANDS, position_of};
use anyhow::bail;
use std::path::Path;

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
pub fn band_maps(args: &Args, common: &Common) -> anyhow::Result<(Maps, Sites)> {
    let loaded = files::load(&args.values, false, common)?;
    let name = args.values.display();
    let cap = args.montage.as_ref().map(|montage| own::montage(montage, Some(loaded.eeg.labels.len()))).transpose()?;
    let labels = match &cap {
        Some(cap) => cap.labels.clone(),
        // BioSemi's sockets run A1 to A32, B1 to ...: among them "C3" and "F7" are no positions.
        None if loaded.eeg.labels.iter().any(|l| l == "A1") && loaded.eeg.labels.iter().any(|l| l == "A8") => bail!(
            "{name} names amplifier sockets (A1, A2, ...), not positions; say where they sat with --montage biosemi16, \
             --montage biosemi32 or a list of {} labels",
            loaded.eeg.labels.len()
        ),
        None => loaded.eeg.labels.clone(),
    };
    let place = |label: &str| cap.as_ref().map_or_else(|| position_of(label), |cap| cap.place(label));
    let placed: Vec<usize> = (0..labels.len()).filter(|&i| place(&labels[i]).is_some()).collect();
    if placed.len() < 4 {
        bail!("{name} has only {} channels at known positions; name them with --montage", placed.len());
    }
    let powers = band_map(&loaded.eeg)?;
    let maps = BANDS.iter().zip(&powers).map(|(band, powers)| {
        let level: Vec<f64> = placed.iter().map(|&i| 10.0 * powers[i].max(1e-12).log10()).collect();
        let mean = level.iter().sum::<f64>() / level.len() as f64;
        (format!("{} dB", band.name), level.iter().map(|l| l - mean).collect())
    });
    let sites = placed.iter().filter_map(|&i| Some((labels[i].clone(), place(&labels[i])?))).collect();
    Ok((maps.collect(), Sites::placed(sites)?))
}
