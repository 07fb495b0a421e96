//! Band powers of a recording as maps: how far each electrode is above or below the scalp's mean, in dB.

use super::Args;
use crate::cli::{Common, files};
use crate::prepare::band_map;
use crate::signal::{BANDS, Montage, position_of};
use anyhow::{Context, anyhow, bail};
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
pub fn band_maps(args: &Args, common: &Common) -> anyhow::Result<(Maps, Vec<String>)> {
    let loaded = files::load(&args.values, false, common)?;
    let name = args.values.display();
    let labels = match &args.montage {
        Some(montage) => named(montage, Some(loaded.eeg.labels.len()))?,
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

/// A montage of one's own: `labels = ["Fz", "Cz", ...]`, in the order of the channels.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    labels: Vec<String>,
}

/// Labels of a cap's name, of a TOML file, or of a list with commas; at most `channels` of them.
///
/// # Errors
/// The file cannot be read or says something else; there are more labels than channels.
pub fn named(montage: &str, channels: Option<usize>) -> anyhow::Result<Vec<String>> {
    let labels: Vec<String> = if let Some(cap) = Montage::named(montage) {
        cap.labels
    } else if montage.ends_with(".toml") {
        let text = std::fs::read_to_string(montage).with_context(|| format!("the montage {montage} cannot be read"))?;
        let own: Own = toml::from_str(&text).map_err(|e| anyhow!("the montage {montage}: {}", e.message()))?;
        Montage::of(&own.labels).with_context(|| format!("the montage {montage}"))?.labels
    } else if montage.contains(',') {
        montage.split(',').map(|l| l.trim().to_string()).collect()
    } else {
        let caps: Vec<&str> = Montage::names().collect();
        bail!("no montage is named {montage}; there are {}, or a TOML file, or labels with commas between", caps.join(", "));
    };
    // Channels beyond the list (EXG, sensors) have no place on the scalp.
    if let Some(channels) = channels.filter(|channels| labels.len() > *channels) {
        bail!("the montage {montage} has {} labels, the recording {channels} EEG channels", labels.len());
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn montages_are_caps_files_or_lists() {
        assert_eq!(named("muse", None).expect("a cap"), ["TP9", "AF7", "AF8", "TP10"]);
        assert_eq!(named("Fz, Cz,Pz", Some(3)).expect("a list").len(), 3);
        let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
        let path = file.path().to_str().expect("a name");
        std::fs::write(path, "labels = [\"fz\", \"FCC3h\"]").expect("written");
        assert_eq!(named(path, None).expect("a file"), ["Fz", "FCC3h"]);
        std::fs::write(path, "labels = [\"XX\"]").expect("written");
        assert!(named(path, None).is_err());
        assert!(named("helmet", None).is_err_and(|e| e.to_string().contains("openbci16")));
        assert!(named("biosemi64", Some(32)).is_err());
    }
}
