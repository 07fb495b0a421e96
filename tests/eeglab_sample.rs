//! The sample recording of EEGLAB (32 channels, 128 Hz, 238 s): its occipital alpha rhythm lies at 10 Hz. Skipped where
//! the file is not beside the crate (../shared/data/eeg).

use limbic::prepare::filter::{Filter, Pass};
use limbic::prepare::reference::average_reference;
use limbic::prepare::spectrum::{Spectrum, band_series, density_series};
use limbic::signal::BANDS;
use std::fmt::Write;

const RATE: f64 = 128.0;
/// The channels of eeglab_data.fdt in their order; samples follow each other channel by channel.
const LABELS: [&str; 32] = [
    "FPz", "EOG1", "F3", "Fz", "F4", "EOG2", "FC5", "FC1", "FC2", "FC6", "T7", "C3", "C4", "Cz", "T8", "CP5", "CP1", "CP2",
    "CP6", "P7", "P3", "Pz", "P4", "P8", "PO7", "PO3", "POz", "PO4", "PO8", "O1", "Oz", "O2",
];

/// The scalp channels band-passed and against their mean, with their labels.
fn sample() -> Option<(Vec<&'static str>, Vec<Vec<f64>>)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/eeg/eeglab_data.fdt");
    let Ok(bytes) = std::fs::read(path) else {
        println!("skipped: {path} is not there");
        return None;
    };
    let values: Vec<f64> = bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect();
    let scalp: Vec<usize> = (0..LABELS.len()).filter(|c| !LABELS[*c].starts_with("EOG")).collect();
    let channel = |c: &usize| values.iter().skip(*c).step_by(LABELS.len()).copied().collect::<Vec<f64>>();
    let raw: Vec<Vec<f64>> = scalp.iter().map(channel).collect();
    let filter = Filter::butterworth(Pass::Band(0.5, 45.0), 4, RATE).expect("edges fit");
    let mut data = filter.zero_phase_all(&raw).expect("long enough");
    average_reference(&mut data);
    Some((scalp.iter().map(|c| LABELS[*c]).collect(), data))
}

#[test]
fn occipital_alpha_peaks_at_ten_hertz() {
    let Some((labels, data)) = sample() else { return };
    assert_eq!(data[0].len(), 30_504);
    // Windows of 8 s, half overlapping: bins 0.125 Hz apart.
    let mut spectrum = Spectrum::new((8.0 * RATE) as usize, RATE).expect("fits");
    let mut mean = vec![0.0; spectrum.length() / 2 + 1];
    for label in ["O1", "Oz", "O2"] {
        let at = labels.iter().position(|l| *l == label).expect("a channel");
        for density in density_series(&data[at], &mut spectrum, (4.0 * RATE) as usize) {
            mean.iter_mut().zip(density).for_each(|(m, d)| *m += d);
        }
    }
    let bins = (7.0 / spectrum.step) as usize..=(14.0 / spectrum.step) as usize;
    let top = bins.max_by(|a, b| mean[*a].total_cmp(&mean[*b])).expect("bins");
    // The vertex of the parabola through the highest bin and its neighbours, in decibels.
    let level = |k: usize| mean[k].log10();
    let shift = 0.5 * (level(top - 1) - level(top + 1)) / (level(top - 1) - 2.0 * level(top) + level(top + 1));
    let peak = (top as f64 + shift) * spectrum.step;
    println!("occipital alpha peak at {peak:.2} Hz");
    assert!((peak - 10.0).abs() <= 0.2, "{peak}");
}

/// Also leaves the map as a table that `limbic topo` and tests/topography_beside_mne.py draw.
#[test]
fn alpha_is_strongest_over_the_occiput() {
    let Some((labels, data)) = sample() else { return };
    let mut spectrum = Spectrum::new((2.0 * RATE) as usize, RATE).expect("fits");
    let mut alpha = |x: &Vec<f64>| {
        let series = band_series(x, &mut spectrum, RATE as usize, &BANDS);
        series.iter().skip(1).step_by(BANDS.len()).sum::<f64>() / (series.len() / BANDS.len()) as f64
    };
    let powers: Vec<f64> = data.iter().map(&mut alpha).collect();
    let mut table = String::from("label,alpha\n");
    labels.iter().zip(&powers).for_each(|(l, p)| writeln!(table, "{l},{p}").expect("text"));
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("eeglab_alpha.csv");
    std::fs::write(&path, table).expect("written");
    println!("alpha by electrode: {}", path.display());
    let mean_of = |which: &dyn Fn(&str) -> bool| {
        let chosen: Vec<f64> = labels.iter().zip(&powers).filter(|(l, _)| which(l)).map(|(_, p)| *p).collect();
        chosen.iter().sum::<f64>() / chosen.len() as f64
    };
    let (back, middle) = (mean_of(&|l| l.starts_with('O') || l.starts_with("PO")), mean_of(&|l| l.starts_with('C')));
    println!("alpha: occipital {back:.1}, central {middle:.1} uV^2");
    assert!(back > 1.5 * middle, "{back} {middle}");
}
