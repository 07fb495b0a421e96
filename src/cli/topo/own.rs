//! Where channels sit: a cap by name, a list of labels, or a TOML file, which may place electrodes that no standard knows.

use crate::show::topography::Sites;
use crate::signal::{Montage, Position, position_of};
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeMap;

/// Electrodes in the order of the channels.
#[derive(Debug)]
pub struct Cap {
    pub labels: Vec<String>,
    /// Places of one's own, before those of the standard.
    own: BTreeMap<String, Position>,
}

impl Cap {
    /// Where a label sits.
    pub fn place(&self, label: &str) -> Option<Position> {
        self.own.get(label).copied().or_else(|| position_of(label))
    }

    /// These labels at their places.
    ///
    /// # Errors
    /// A label that stands twice, or none.
    pub fn sites(&self, labels: &[String]) -> anyhow::Result<Sites> {
        Ok(Sites::placed(labels.iter().filter_map(|l| Some((l.clone(), self.place(l)?))).collect())?)
    }
}

/// `labels = ["Fz", "Cz", ...]`, in the order of the channels, and places of those that the 10-20 family does not know or
/// that sit elsewhere, in degrees: theta from the vertex (negative on the left), phi within the hemisphere.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    labels: Vec<String>,
    #[serde(default)]
    positions: BTreeMap<String, (f64, f64)>,
}

/// A cap's name, a TOML file, or a list with commas; at most `channels` labels.
///
/// # Errors
/// The file cannot be read or says something else; there are more labels than channels.
pub fn montage(name: &str, channels: Option<usize>) -> anyhow::Result<Cap> {
    let cap = if let Some(cap) = Montage::named(name) {
        Cap { labels: cap.labels, own: BTreeMap::new() }
    } else if name.ends_with(".toml") {
        read(name)?
    } else if name.contains(',') {
        Cap { labels: name.split(',').map(|l| l.trim().to_string()).collect(), own: BTreeMap::new() }
    } else {
        let caps: Vec<&str> = Montage::names().collect();
        bail!("no montage is named {name}; there are {}, or a TOML file, or labels with commas between", caps.join(", "));
    };
    // Channels beyond the list (EXG, sensors) have no place on the scalp.
    if let Some(channels) = channels.filter(|channels| cap.labels.len() > *channels) {
        bail!("the montage {name} has {} labels, the recording {channels} EEG channels", cap.labels.len());
    }
    Ok(cap)
}

fn read(file: &str) -> anyhow::Result<Cap> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the montage {file} cannot be read"))?;
    let own: Own = toml::from_str(&text).map_err(|e| anyhow!("the montage {file}: {}", e.message()))?;
    let sane = |(theta, phi): &(f64, f64)| theta.abs() <= 180.0 && phi.abs() <= 180.0;
    if let Some((label, (theta, phi))) = own.positions.iter().find(|(_, angles)| !sane(angles)) {
        bail!("the montage {file} puts {label} at {theta}, {phi}; angles are degrees from -180 to 180");
    }
    let positions = own.positions.iter().map(|(label, (theta, phi))| (label.clone(), Position::at(*theta, *phi)));
    let mut cap = Cap { labels: Vec::new(), own: positions.collect() };
    for label in own.labels {
        if cap.own.contains_key(&label) {
            cap.labels.push(label);
        } else {
            let known = Montage::of(&[label]).with_context(|| format!("the montage {file}"))?;
            cap.labels.extend(known.labels);
        }
    }
    Ok(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn montages_are_caps_files_or_lists() {
        let labels = |name: &str, channels| montage(name, channels).map(|cap| cap.labels);
        assert_eq!(labels("muse", None).expect("a cap"), ["TP9", "AF7", "AF8", "TP10"]);
        assert_eq!(labels("Fz, Cz,Pz", Some(3)).expect("a list").len(), 3);
        assert!(labels("helmet", None).is_err_and(|e| e.to_string().contains("openbci16")));
        assert!(labels("biosemi64", Some(32)).is_err());
    }

    #[test]
    fn a_file_may_place_electrodes_of_its_own() {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
        let path = file.path().to_str().expect("a name");
        let read = |text: &str| {
            std::fs::write(path, text).expect("written");
            montage(path, None)
        };
        assert_eq!(read("labels = [\"fz\", \"FCC3h\"]").expect("a file").labels, ["Fz", "FCC3h"]);
        assert!(read("labels = [\"XX\"]").is_err());
        let cap = read("labels = [\"A1\", \"Cz\"]\n[positions]\nA1 = [46.0, 90.0]\n").expect("own places");
        let (x, y) = cap.place("A1").expect("placed").flat();
        assert!(x.abs() < 1e-9 && (y - 0.5).abs() < 1e-9, "half-way to the front: {x} {y}");
        assert_eq!(cap.sites(&cap.labels).expect("two").places.len(), 2);
        assert!(read("labels = [\"A1\"]\n[positions]\nA1 = [460.0, 0.0]\n").is_err_and(|e| e.to_string().contains("degrees")));
    }
}
