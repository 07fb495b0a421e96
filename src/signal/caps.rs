//! Caps and headbands by name: which electrodes they have, in the device's order.

use super::montage::Montage;

/// (name, electrodes). Sources: the makers' channel lists; DEAP is BioSemi's 32 in the order of its raw files.
const CAPS: [(&str, &str); 9] = [
    ("10-20", "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2"),
    ("biosemi16", "Fp1 Fp2 F4 Fz F3 T7 C3 Cz C4 T8 P4 Pz P3 O1 Oz O2"),
    (
        "biosemi32",
        "Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 F8 AF4 Fp2 Fz Cz",
    ),
    ("deap", "Fp1 AF3 F7 F3 FC1 FC5 T7 C3 CP1 CP5 P7 P3 Pz PO3 O1 Oz O2 PO4 P4 P8 CP6 CP2 C4 T8 FC6 FC2 F4 F8 AF4 Fp2 Fz Cz"),
    (
        "biosemi64",
        "Fp1 AF7 AF3 F1 F3 F5 F7 FT7 FC5 FC3 FC1 C1 C3 C5 T7 TP7 CP5 CP3 CP1 P1 P3 P5 P7 P9 PO7 PO3 O1 Iz Oz POz Pz CPz Fpz \
         Fp2 AF8 AF4 AFz Fz F2 F4 F6 F8 FT8 FC6 FC4 FC2 FCz Cz C2 C4 C6 T8 TP8 CP6 CP4 CP2 P2 P4 P6 P8 P10 PO8 PO4 O2",
    ),
    ("flex", "Cz Fz Fp1 F7 F3 FC1 C3 FC5 FT9 T7 CP5 CP1 P3 P7 PO9 O1 Pz Oz O2 PO10 P8 P4 CP2 CP6 T8 FT10 FC6 C4 FC2 F4 F8 Fp2"),
    ("openbci8", "Fp1 Fp2 C3 C4 P7 P8 O1 O2"),
    ("openbci16", "Fp1 Fp2 C3 C4 P7 P8 O1 O2 F7 F8 F3 F4 T7 T8 P3 P4"),
    ("muse", "TP9 AF7 AF8 TP10"),
];

impl Montage {
    /// The cap of that name, whatever its case; see [`Montage::names`].
    pub fn named(name: &str) -> Option<Montage> {
        let (_, labels) = CAPS.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(Montage { labels: labels.split_whitespace().map(String::from).collect() })
    }

    /// The caps that [`Montage::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CAPS.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cap_consists_of_known_and_different_electrodes() {
        for (name, count) in Montage::names().zip([19, 16, 32, 32, 64, 32, 8, 16, 4]) {
            let cap = Montage::named(name).expect("its own name");
            assert_eq!(cap.len(), count, "{name}");
            assert_eq!(Montage::of(&cap.labels).map(|m| m.positions().len()), Ok(count), "{name}");
            let mut labels = cap.labels.clone();
            labels.sort();
            labels.dedup();
            assert_eq!(labels.len(), count, "{name} has an electrode twice");
        }
        assert_eq!(Montage::named("BioSemi32"), Some(Montage::biosemi32()));
        assert_eq!(Montage::named("helmet"), None);
    }
}
