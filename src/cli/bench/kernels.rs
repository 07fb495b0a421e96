//! `limbic bench kernels FILE.npz`: limbic's side of a comparison on the same arrays, on one thread, in CPU time. The
//! other side and the arrays come from tests/bench_features.py. To add a stage: one function and one line in [`KERNELS`].

use super::arrays::{Arrays, read};
use super::machine::thread_cpu;
use crate::cli::{Common, text};
use crate::prepare::eeg::Companions;
use crate::prepare::filter::{Filter, Pass, fitting_edge};
use crate::prepare::heart::hrv::{HRV_HZ, Hrv, hrv_series};
use crate::prepare::heart::r_peaks;
use crate::prepare::heart::spwvd::{SpwvdOptions, hrv_power, spwvd};
use crate::prepare::interplay::{SdgOptions, Trial, interplay};
use crate::prepare::recipes::{FeatureOptions, Material, powers_and_families};
use crate::prepare::spectrogram::{SpectrogramOptions, Stft, banded, mean_level};
use crate::prepare::spectrum::{Spectrum, band_series};
use crate::prepare::{PsdOptions, Signals};
use crate::signal::{BANDS, Montage, seconds};
use anyhow::Context;
use serde::Serialize;
use std::path::PathBuf;

/// Time single stages on given arrays
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Arrays: what a stage needs is said by tests/bench_features.py
    file: PathBuf,
    /// Each stage runs so often; the median counts
    #[arg(long, default_value_t = 15)]
    repeats: usize,
}

/// One stage on its arrays: its results, which the other side compares with its own.
type Kernel = fn(&Arrays) -> anyhow::Result<Vec<f64>>;

/// Name, the array without which the stage is left out, and the stage.
const KERNELS: &[(&str, &str, Kernel)] = &[
    ("spectra", "eeg", spectra),
    ("r_peaks", "ecg", peaks),
    ("hrv", "ecg_beats", series),
    ("spwvd", "intervals", time_frequency),
    ("lf_hf", "intervals", low_and_high),
    ("interplay", "brain", four_families),
    ("trial", "trial_eeg", trial),
    ("spectrograms", "epoch", spectrograms),
];

#[derive(Debug, Serialize)]
struct Timed {
    name: &'static str,
    median_ms: f64,
    least_ms: f64,
    repeats: usize,
    values: Vec<f64>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let arrays = read(&args.file)?;
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().context("no thread for the bench")?;
    let mut timed = Vec::new();
    for (name, needs, kernel) in KERNELS.iter().filter(|(_, needs, _)| arrays.has(needs)) {
        let made = one.install(|| time(name, *kernel, &arrays, args.repeats));
        timed.push(made.with_context(|| format!("stage {name} on array {needs}"))?);
    }
    if common.json {
        println!("{}", serde_json::to_string(&timed)?);
        return Ok(());
    }
    let row = |t: &Timed| vec![t.name.into(), format!("{:.3}", t.median_ms), format!("{:.3}", t.least_ms)];
    print!("{}", text::table(&["stage", "CPU ms (median)", "CPU ms (least)"], &timed.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

fn time(name: &'static str, kernel: Kernel, arrays: &Arrays, repeats: usize) -> anyhow::Result<Timed> {
    let mut values = kernel(arrays)?;
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats.max(1) {
        let began = thread_cpu();
        values = kernel(arrays)?;
        times.push(seconds(thread_cpu() - began) * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(Timed { name, median_ms: times[times.len() / 2], least_ms: times[0], repeats: times.len(), values })
}

/// `eeg` (channels x samples, uV), `eeg_rate`: zero-phase band-pass, PSD series, band powers; channels x windows x bands.
fn spectra(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let (rate, options) = (arrays.number("eeg_rate")?, PsdOptions::default());
    let filter = Filter::butterworth(Pass::Band(options.low, fitting_edge(options.high, rate).0), options.order, rate)?;
    let filtered = filter.zero_phase_all(arrays.rows("eeg")?)?;
    let mut spectrum = Spectrum::new((options.window_s * rate).round() as usize, rate)?;
    let hop = (options.hop_s * rate).round() as usize;
    Ok(filtered.iter().flat_map(|x| band_series(x, &mut spectrum, hop, &BANDS)).collect())
}

/// `ecg`, `ecg_rate`: times of the R peaks, s.
fn peaks(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    Ok(r_peaks(arrays.row("ecg")?, arrays.number("ecg_rate")?)?)
}

/// `ecg_beats` (s): the intervals at 4 Hz, s.
fn series(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    Ok(hrv_series(arrays.row("ecg_beats")?)?.intervals)
}

/// `intervals` (s, at 4 Hz): the whole density over frequency and time, then LF and HF.
fn time_frequency(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let made = spwvd(arrays.row("intervals")?, HRV_HZ, &SpwvdOptions::default())?;
    Ok([made.lf, made.hf].concat())
}

/// `intervals`: LF and HF at whole seconds, as features use them, without the density.
fn low_and_high(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let intervals = arrays.row("intervals")?.to_vec();
    let times = (0..intervals.len()).map(|k| k as f64 / HRV_HZ).collect();
    let made = hrv_power(&Hrv { times, intervals }, &SpwvdOptions::default())?;
    Ok([made.lf, made.hf].concat())
}

/// `trial_eeg` (32 channels x samples, uV), `eeg_rate`, `beats` (s): from signals and beats to all four families in all
/// bands: filter and reference, band powers, beat correction, intervals, LF and HF, interplay.
fn trial(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let rows = arrays.rows("trial_eeg")?;
    let eeg = Signals { rate: arrays.number("eeg_rate")?, labels: Montage::biosemi32().labels, data: rows.to_vec() };
    let beside = Companions { eog: &[], beats: arrays.row("beats")? };
    let tables = powers_and_families(Material::whole(&eeg, beside), &FeatureOptions::default())?;
    Ok(tables.iter().skip(1).flat_map(|t| &t.rows).flat_map(|(_, values)| values).map(|v| f64::from(*v)).collect())
}

/// `brain` (rows x moments, uV^2), `times`, `lf`, `hf`, `beats`: all four families, one after the other.
fn four_families(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let trial = Trial {
        times: arrays.row("times")?,
        brain: arrays.rows("brain")?,
        lf: arrays.row("lf")?,
        hf: arrays.row("hf")?,
        beats: arrays.row("beats")?,
    };
    let made = interplay(trial, &SdgOptions::default())?;
    Ok(made.families.iter().flatten().flatten().copied().collect())
}

/// `epoch` (channels x 600 samples at 200 Hz, uV): the three-band image of each channel; the mean of each image.
fn spectrograms(arrays: &Arrays) -> anyhow::Result<Vec<f64>> {
    let (rows, options) = (arrays.rows("epoch")?, SpectrogramOptions::default());
    let labels = (0..rows.len()).map(|i| i.to_string()).collect();
    let bands = banded(&Signals { rate: options.rate, labels, data: rows.to_vec() }, &options)?;
    let mut stft = Stft::new(&options)?;
    Ok(bands.data.iter().map(|channel| mean_level(&stft.image(channel, 0))).collect())
}
