//! Montages: which electrode sits where. Channels are always matched by label, never by index.

use crate::signal::positions::ANGLES;
use crate::signal::ten_five::others;
use serde::{Deserialize, Serialize};

/// A point on the unit sphere: x right, y front, z up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

impl Position {
    /// From the customary angles in degrees: theta from the vertex (negative on the left), phi within the hemisphere.
    pub fn at(theta: f64, phi: f64) -> Position {
        let (theta, phi) = (theta.to_radians(), phi.to_radians());
        Position { x: theta.sin() * phi.cos(), y: theta.sin() * phi.sin(), z: theta.cos() }
    }

    /// Azimuthal equidistant projection: the vertex at (0, 0), theta = 92 degrees at radius 1, nose towards +y.
    pub fn flat(&self) -> (f64, f64) {
        let theta = self.z.clamp(-1.0, 1.0).acos();
        let radius = theta / 92f64.to_radians();
        let across = self.x.hypot(self.y);
        if across < 1e-12 { (0.0, 0.0) } else { (radius * self.x / across, radius * self.y / across) }
    }

    pub fn dot(&self, other: &Position) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }
}

/// A label that is no electrode of the 10-20 or 10-10 systems.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("channel \"{0}\" is no electrode position limbic knows (10-20, 10-10 and 10-05 names, e.g. Fz, CP1, FCC3h)")]
pub struct UnknownElectrode(pub String);

/// Ordered electrode labels, in the field's spelling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Montage {
    pub labels: Vec<String>,
}

const BIOSEMI32: [&str; 32] = [
    "Fp1", "AF3", "F7", "F3", "FC1", "FC5", "T7", "C3", "CP1", "CP5", "P7", "P3", "Pz", "PO3", "O1", "Oz", "O2", "PO4", "P4",
    "P8", "CP6", "CP2", "C4", "T8", "FC6", "FC2", "F4", "F8", "AF4", "Fp2", "Fz", "Cz",
];

impl Montage {
    /// The 32 electrodes of BioSemi's cap, DEAP's raw files and MAHNOB-HCI, in the device's order.
    pub fn biosemi32() -> Self {
        Montage { labels: BIOSEMI32.iter().map(|l| l.to_string()).collect() }
    }

    /// A montage of these labels, each in the field's spelling.
    ///
    /// # Errors
    /// Names the first label that is no known electrode.
    pub fn of<S: AsRef<str>>(labels: &[S]) -> Result<Self, UnknownElectrode> {
        let labels = labels
            .iter()
            .map(|l| spelled(l.as_ref()).map(str::to_string).ok_or_else(|| UnknownElectrode(l.as_ref().into())))
            .collect::<Result<_, _>>()?;
        Ok(Montage { labels })
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Where that label stands in the montage, whatever its spelling.
    pub fn index_of(&self, label: &str) -> Option<usize> {
        let wanted = spelled(label)?;
        self.labels.iter().position(|l| *l == wanted)
    }

    /// Positions of all electrodes, in order; unknown ones are left out by construction.
    pub fn positions(&self) -> Vec<Position> {
        self.labels.iter().filter_map(|l| position_of(l)).collect()
    }
}

/// The position of an electrode by name: any case, with or without "EEG " before and "-REF" behind, old names
/// (T3, T4, T5, T6) included.
pub fn position_of(label: &str) -> Option<Position> {
    let wanted = spelled(label)?;
    let of_table = ANGLES.iter().find(|(name, ..)| *name == wanted).map(|&(_, theta, phi)| Position::at(theta, phi));
    of_table.or_else(|| others().iter().find(|(name, _)| name == wanted).map(|(_, position)| *position))
}

/// The field's spelling of an electrode label, if it is one.
fn spelled(label: &str) -> Option<&'static str> {
    let mut bare = label.trim();
    if bare.len() > 4
        && bare.is_char_boundary(3)
        && bare.is_char_boundary(4)
        && bare[..3].eq_ignore_ascii_case("eeg")
        && !bare.as_bytes()[3].is_ascii_alphanumeric()
    {
        bare = bare[4..].trim();
    }
    let bare = bare.split(['-', ' ']).next().unwrap_or(bare).trim_end_matches('.');
    let modern = match bare.to_ascii_uppercase().as_str() {
        "T3" => "T7",
        "T4" => "T8",
        "T5" => "P7",
        "T6" => "P8",
        _ => bare,
    };
    let known = ANGLES.iter().map(|(name, ..)| *name).chain(others().iter().map(|(name, _)| name.as_str()));
    known.into_iter().find(|name| name.eq_ignore_ascii_case(modern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_matched_whatever_their_dress() {
        assert_eq!((position_of("ÿÿÿ"), position_of("ÿÿÿÿÿ")), (None, None), "damaged labels");
        for label in ["Fp1", "FP1", "EEG Fp1-Ref", "eeg:fp1", "Fp1."] {
            assert_eq!(Montage::of(&[label]).map(|m| m.labels[0].clone()), Ok("Fp1".to_string()), "{label}");
        }
        assert_eq!(spelled("T5"), Some("P7"));
        assert_eq!(Montage::of(&["Fz", "ECG"]), Err(UnknownElectrode("ECG".into())));
    }

    #[test]
    fn the_sphere_is_the_fields() {
        let vertex = position_of("Cz").map(|p| p.flat());
        assert_eq!(vertex, Some((0.0, 0.0)));
        let left = position_of("T7").expect("known");
        assert!((left.x + 92f64.to_radians().sin()).abs() < 1e-12 && left.y.abs() < 1e-12);
        let nose = position_of("Fpz").expect("known").flat();
        assert!(nose.0.abs() < 1e-9 && (nose.1 - 1.0).abs() < 1e-9);
    }
}
