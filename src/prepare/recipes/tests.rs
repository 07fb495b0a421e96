//! Each feature set by name, on simulated EEG with beats.

use super::*;
use crate::signal::{Montage, Seed};

/// 30 s of 32 channels at 256 Hz, and beats.
fn recording() -> (Signals, Vec<f64>) {
    let mut seed = Seed::new(31);
    let wave = |seed: &mut Seed| (0..256 * 30).map(|i| 10.0 * seed.normal() + 8.0 * (i as f64 * 0.245).sin()).collect();
    let data = (0..32).map(|_| wave(&mut seed)).collect();
    let mut t = 0.3_f64;
    let beats = std::iter::from_fn(|| {
        t += 0.85 + 0.04 * (1.6 * t).sin() + 0.03 * (0.6 * t).cos();
        (t < 30.0).then_some(t)
    });
    (Signals { rate: 256.0, labels: Montage::biosemi32().labels, data }, beats.collect())
}

#[test]
fn every_name_makes_its_table() {
    let (eeg, beats) = recording();
    let beside = Companions { eog: &[], beats: &beats };
    let options = FeatureOptions::default();
    for set in FeatureSet::ALL {
        assert_eq!(FeatureSet::named(&set.name()), Some(set));
        let table = features(set, Material::whole(&eeg, beside), &options).expect("long enough");
        let size: usize = table.shape.iter().product();
        assert!(!table.rows.is_empty() && table.rows.iter().all(|(_, v)| v.len() == size), "{}", set.name());
        assert_eq!(table.recipe.kind, set.name());
        assert_eq!(Ok(&table.recipe), recipe(set, &eeg.labels, &options).as_ref());
        assert!(table.rows.windows(2).all(|pair| pair[1].0 > pair[0].0));
    }
    assert_eq!(FeatureSet::named("bhi"), None);
    let together = powers_and_families(Material::whole(&eeg, beside), &options).expect("long enough");
    for (set, table) in FeatureSet::ALL.into_iter().zip(together) {
        assert_eq!(features(set, Material::whole(&eeg, beside), &options), Ok(table));
    }
    // What made the plain powers is what earlier models were trained on.
    assert_eq!(recipe(FeatureSet::Psd, &eeg.labels, &options), Ok(PsdOptions::default().recipe(&eeg.labels)));
}

#[test]
fn a_part_counts_from_its_own_start_and_choices_change_the_recipe() {
    let (eeg, beats) = recording();
    let beside = Companions { eog: &[], beats: &beats };
    let part = Material { eeg: &eeg, beside, onset_s: 3.0, length_s: 24.0, cleaned: None };
    let set = FeatureSet::Interplay(Family::HfToB);
    let table = features(set, part, &FeatureOptions::default()).expect("long enough");
    // 23 windows from 1 to 23 s; the coefficient of a window of 15 s stands at its centre.
    assert_eq!((table.rows.len(), table.rows[0].0, table.shape.as_slice()), (8, 8.5, &[32, 4][..]));
    let averaged = FeatureOptions { per_trial_mean: true, ..FeatureOptions::default() };
    assert_eq!(features(set, part, &averaged).expect("long enough").rows.len(), 1);
    let other = FeatureOptions { sdg: SdgOptions { intercept: true, ..SdgOptions::default() }, ..FeatureOptions::default() };
    assert_ne!(recipe(set, &eeg.labels, &other).expect("labels").id(), table.recipe.id());
    assert!(features(set, Material { onset_s: 29.0, ..part }, &averaged).is_err());
    assert!(features(set, Material { onset_s: -1.0, ..part }, &averaged).is_err());
    let beatless = Material { beside: Companions::default(), ..part };
    assert!(features(set, beatless, &averaged).is_err(), "no beats, no interplay");
    let few = Signals { labels: vec!["Fz".into(), "Cz".into()], data: eeg.data[..2].to_vec(), rate: eeg.rate };
    let missing = features(FeatureSet::SpectrogramMap, Material::whole(&few, beside), &averaged).expect_err("28 are needed");
    assert!(missing.to_string().contains("Fp1"), "{missing}");
}
