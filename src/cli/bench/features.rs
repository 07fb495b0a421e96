//! `limbic bench features`: what a data set costs from signals to every feature set, on simulated trials; and how that
//! grows with trials and channels.

use super::machine;
use crate::cli::{Common, progress, text};
use crate::prepare::eeg::Companions;
use crate::prepare::heart::r_peaks;
use crate::prepare::recipes::{FeatureOptions, FeatureSet, FeatureTable, Material, features, powers_and_families};
use crate::prepare::{PrepareError, Signals, image, scalp_map};
use crate::signal::{Montage, Seed, seconds};
use rayon::prelude::*;
use serde::Serialize;
use std::f64::consts::TAU;
use std::time::Instant;

/// Time the way from signals to every feature set
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  limbic bench features\n  limbic bench features --subjects 1 --growth\n\n\
Without options: 32 people x 40 trials x 60 s x 32 channels at 128 Hz, the size of DEAP, simulated.")]
pub struct Args {
    #[arg(long, default_value_t = 32)]
    subjects: usize,
    /// Trials a person
    #[arg(long, default_value_t = 40)]
    trials: usize,
    /// Length of a trial, s
    #[arg(long, default_value_t = 60)]
    seconds: usize,
    /// EEG channels, at most 32; spectrograms need all
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u8).range(1..=32))]
    channels: u8,
    #[arg(long, default_value_t = 128.0)]
    rate: f64,
    /// Trials and channels in several numbers instead of one set
    #[arg(long)]
    growth: bool,
    /// Leave out the images of InceptionV3's size, which take nearly all of the time
    #[arg(long)]
    no_spectrograms: bool,
}

/// One data set, measured. CPU times are sums over all threads, s; signals are simulated outside of them.
#[derive(Debug, Serialize)]
struct Figures {
    trials: usize,
    channels: usize,
    wall_s: f64,
    heart_cpu_s: f64,
    powers_and_interplay_cpu_s: f64,
    spectrograms_cpu_s: f64,
    cpu_s: f64,
    cpu_ms_a_trial: f64,
    /// The most memory in use, the simulated signals of a batch among it, MB.
    peak_mb: u64,
    /// Feature values made.
    values: u64,
}

/// # Errors
/// A trial that gives no features (too short, too slow a rate).
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let all = args.subjects * args.trials;
    let channels = usize::from(args.channels);
    let sizes: Vec<(usize, usize)> = match args.growth {
        false => vec![(all, channels)],
        true => {
            let trials = [8, 4, 2, 1].map(|share| (all.div_ceil(share), channels));
            let fewer = [4, 2].map(|share| (all.div_ceil(4), channels.div_ceil(share)));
            trials.into_iter().chain(fewer).collect()
        }
    };
    let figures = sizes.into_iter().map(|(trials, channels)| measure(args, trials, channels)).collect::<anyhow::Result<Vec<_>>>();
    progress::clear();
    let figures = figures?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
        return Ok(());
    }
    let threads = rayon::current_num_threads();
    println!(
        "{} s a trial at {} Hz, {threads} threads; CPU time of all threads in s, simulation left out; SIMULATED",
        args.seconds, args.rate
    );
    let row = |f: &Figures| {
        let part = |s: f64| format!("{s:.2}");
        vec![
            f.trials.to_string(),
            f.channels.to_string(),
            part(f.heart_cpu_s),
            part(f.powers_and_interplay_cpu_s),
            part(f.spectrograms_cpu_s),
            part(f.cpu_s),
            format!("{:.1}", f.cpu_ms_a_trial),
            part(f.wall_s),
            f.peak_mb.to_string(),
            f.values.to_string(),
        ]
    };
    let head = [
        "trials",
        "channels",
        "R peaks",
        "powers, interplay",
        "spectrograms",
        "CPU s",
        "CPU ms/trial",
        "wall s",
        "peak MB",
        "values",
    ];
    print!("{}", text::table(&head, &figures.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

/// Trials that are simulated and then made into features together.
const BATCH: usize = 16;

/// Every stage in turn over a batch, so that the CPU time of the process is the stage's.
fn measure(args: &Args, trials: usize, channels: usize) -> anyhow::Result<Figures> {
    let job = progress::job();
    machine::forget_peak();
    let (mut cpu, mut wall_s, mut values) = ([0.0; 3], 0.0, 0u64);
    let numbers: Vec<usize> = (0..trials).collect();
    for batch in numbers.chunks(BATCH) {
        let signals: Vec<Simulated> = batch.par_iter().map(|&trial| simulated(args, trial, channels)).collect();
        let began = Instant::now();
        let mut mark = machine::cpu();
        let mut lap = |part: usize| {
            let now = machine::cpu();
            cpu[part] += seconds(now - std::mem::replace(&mut mark, now));
        };
        let beats = signals.par_iter().map(|s| r_peaks(&s.ecg, s.eeg.rate)).collect::<Result<Vec<_>, _>>()?;
        lap(0);
        let materials =
            || signals.par_iter().zip(&beats).map(|(s, beats)| Material::whole(&s.eeg, Companions { eog: &[], beats }));
        values += materials().map(powers).sum::<Result<u64, PrepareError>>()?;
        lap(1);
        if !args.no_spectrograms {
            values += materials().map(spectrograms).sum::<Result<u64, PrepareError>>()?;
        }
        lap(2);
        wall_s += began.elapsed().as_secs_f64();
        job.report("features", (batch[0] + batch.len()) as u64, trials as u64)?;
    }
    let [heart_cpu_s, powers_and_interplay_cpu_s, spectrograms_cpu_s] = cpu;
    let cpu_s = cpu.iter().sum::<f64>();
    let cpu_ms_a_trial = 1e3 * cpu_s / trials.max(1) as f64;
    Ok(Figures {
        trials,
        channels,
        wall_s,
        heart_cpu_s,
        powers_and_interplay_cpu_s,
        spectrograms_cpu_s,
        cpu_s,
        cpu_ms_a_trial,
        peak_mb: machine::peak_kb() / 1024,
        values,
    })
}

/// Band powers and the four families of a trial, and the scalp image of every row that has all electrodes; how many
/// values these have.
fn powers(material: Material<'_>) -> Result<u64, PrepareError> {
    let tables = powers_and_families(material, &FeatureOptions::default())?;
    let pixels = image::pixels(&tables[0].recipe.channels, tables[0].recipe.bands.len()).ok();
    let images = tables.iter().flat_map(|t| &t.rows).filter_map(|(_, row)| Some(image::place(row, pixels.as_ref()?).len()));
    Ok((tables.iter().map(size).sum::<usize>() + images.sum::<usize>()) as u64)
}

/// The three-band images of the 28 electrodes; none where one is missing.
fn spectrograms(material: Material<'_>) -> Result<u64, PrepareError> {
    if scalp_map::channels(&material.eeg.labels).is_err() {
        return Ok(0);
    }
    Ok(size(&features(FeatureSet::Spectrogram, material, &FeatureOptions::default())?) as u64)
}

fn size(table: &FeatureTable) -> usize {
    table.rows.len() * table.shape.iter().product::<usize>()
}

struct Simulated {
    eeg: Signals,
    ecg: Vec<f64>,
}

/// Noise that falls with frequency and an alpha rhythm, uV, and an ECG whose beats breathe; the same for a trial's number.
fn simulated(args: &Args, trial: usize, channels: usize) -> Simulated {
    let mut seed = Seed::new(1 + trial as u64);
    let samples = (args.seconds as f64 * args.rate) as usize;
    let mut channel = || {
        let (mut slow, phase) = (0.0, seed.normal());
        let mut sample = |i: usize| {
            slow = 0.95 * slow + 3.0 * seed.normal();
            slow + 8.0 * (TAU * 10.0 * i as f64 / args.rate + phase).sin()
        };
        (0..samples).map(&mut sample).collect::<Vec<f64>>()
    };
    let data = (0..channels).map(|_| channel()).collect();
    let mut ecg = vec![0.0; samples];
    let mut beat = 0.4;
    while beat < args.seconds as f64 {
        let centre = beat * args.rate;
        let near = (centre - 12.0).max(0.0) as usize..((centre + 12.0) as usize).min(samples);
        near.for_each(|i| ecg[i] += (-((i as f64 - centre) / (0.012 * args.rate)).powi(2) / 2.0).exp());
        beat += 0.85 + 0.04 * (TAU * 0.25 * beat).sin() + 0.03 * (TAU * 0.1 * beat).sin() + 0.005 * seed.normal();
    }
    ecg.iter_mut().for_each(|x| *x += 0.01 * seed.normal());
    Simulated { eeg: Signals { rate: args.rate, labels: Montage::biosemi32().labels[..channels].to_vec(), data }, ecg }
}
