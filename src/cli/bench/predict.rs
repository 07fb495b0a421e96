//! `limbic bench predict`: what one epoch of prediction costs, stage by stage, beside the second paper's 1.5 s.

mod fast;
mod figures;
mod material;

use crate::cli::Common;
use crate::infer::epoch::{Answer, EpochError, EpochPath};
use crate::infer::face::look::Models;
use crate::infer::face::track::Tracker;
use crate::infer::face::{Looker, Picture};
use crate::infer::fuse::{Expert, Fusion};
use crate::infer::open::on_runtime;
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::native::Model;
use crate::prepare::Signals;
use crate::prepare::features::{PsdOptions, psd_features};
use crate::signal::{Clock, Montage, Nanos, Seed, SystemClock};
use crate::train::networks::seed_a::seed_a;
use anyhow::Context as _;
use figures::Figures;
use material::{Sets, eeg, head};
use std::path::PathBuf;

/// Rate of the made-up amplifier, samples a second.
const RATE: f64 = 256.0;
/// Length of an epoch, s, and what stands before it for the filters.
const EPOCH_S: f64 = 3.0;
const LEAD_S: f64 = 3.0;
const CLASSES: usize = 4;

/// Time one epoch of prediction: 3 s of 28 channels through bands, spectrograms, InceptionV3, head and fusion
#[derive(Debug, clap::Args)]
#[command(after_help = "The head has random weights; how long it takes does not depend on them. tests/bench_infer.py runs \
Python's onnxruntime on the same file beside it.\n\nExample: limbic bench predict --make-fast fast.onnx\n         limbic bench predict --fast fast.onnx")]
pub struct Args {
    /// InceptionV3 without its top (ONNX); default: the one of `limbic setup --models`
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The same network in eight bits, timed and compared with it
    #[arg(long, value_name = "FILE")]
    fast: Option<PathBuf>,
    /// Make the eight-bit network first, and write it here
    #[arg(long, value_name = "FILE", conflicts_with = "fast")]
    make_fast: Option<PathBuf>,
    /// EEG files whose epochs are used instead of made-up ones; the eight-bit network sees the first half of each, both are
    /// compared on the second
    #[arg(long, value_name = "FILE")]
    recording: Vec<PathBuf>,
    /// Epochs that are timed (of each recording)
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Prints a table, or with `json` {runtime, epochs, side, stages_ms: {spectrograms, network, head, fusion}, rest_share,
/// psd_ms, face_ms, fast: {network_ms, ratio, cosine_least, cosine_mean, agree, same_recording, right_recording}}; medians over the epochs.
///
/// # Errors
/// No runtime, no model, or one that fails.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let clock = SystemClock;
    let runtime = Runtime::find(common.lib_dir.as_deref());
    let file = args.model.clone().or_else(|| Model::Features.find());
    let file = file.context("no InceptionV3 here; bring it with `limbic setup --models`, or name one with --model")?;
    let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.display().to_string();
    let head = on_runtime(&runtime, head(args.seed)?);
    let path = EpochPath::new(OnnxSession::from_bytes(&runtime, &name, &bytes)?, head.clone(), 1.0)?;
    let sets = match args.recording.is_empty() {
        true => Sets::made_up(args.seed, args.epochs),
        false => Sets::recorded(&args.recording, args.epochs)?,
    };
    let fast = match (&args.make_fast, &args.fast) {
        (Some(out), _) => Some(fast::make(&runtime, (&name, &bytes), &path, &sets, out)?),
        (None, Some(fast)) => Some(std::fs::read(fast).with_context(|| format!("cannot read {}", fast.display()))?),
        (None, None) => None,
    };
    // Once for warmth, then timed.
    let all = |path: &EpochPath| -> Result<Vec<Answer>, EpochError> {
        path.answer(&sets.timed[0].1, &clock)?;
        sets.timed.iter().map(|(_, e)| path.answer(e, &clock)).collect()
    };
    let answers = all(&path)?;
    let fast = match fast {
        Some(bytes) => {
            let quick = EpochPath::new(OnnxSession::from_bytes(&runtime, "the eight-bit network", &bytes)?, head, 1.0)?;
            Some(fast::compared(&path, &sets, &answers, &all(&quick)?)?)
        }
        None => None,
    };
    let fusion_ns = timed(&clock, args.epochs, || {
        let face = vec![1.0 / CLASSES as f64; CLASSES];
        let expert = |p| Some(Expert { probabilities: p, quality: None });
        Fusion::default().fuse(expert(&answers[0].probabilities), expert(&face));
    });
    let figures = Figures {
        runtime: runtime.version().unwrap_or_default().to_string(),
        side: path.sides().0,
        spectrograms: median(answers.iter().map(|a| a.spectrograms_ns)),
        network: median(answers.iter().map(|a| a.network_ns)),
        head: median(answers.iter().map(|a| a.head_ns)),
        fusion: fusion_ns,
        psd: psd(args, &runtime, &clock)?,
        face: face(args, &runtime, &clock)?,
        about: sets.about.clone(),
        fast,
    };
    figures.print(sets.timed.len(), common.json)
}

/// The first paper's path for the same 3 s: band powers of 32 channels, its network.
fn psd(args: &Args, runtime: &Runtime, clock: &dyn Clock) -> anyhow::Result<Nanos> {
    let made = eeg(args.seed);
    let montage = Montage::biosemi32();
    let data = (0..montage.labels.len()).map(|i| made.data[i % made.data.len()].clone()).collect();
    let signals = Signals { rate: RATE, labels: montage.labels, data };
    let network = on_runtime(runtime, seed_a(CLASSES, 512, &Seed::new(args.seed))?);
    let mut fault = None;
    let took = timed(clock, args.epochs, || match psd_features(&signals, &PsdOptions::default()) {
        Ok(rows) => {
            let image = vec![rows.first().map_or(0.0, |r| r.1[0]); 22 * 22];
            network.logits(&image, 1);
        }
        Err(e) => fault = Some(e),
    });
    fault.map_or(Ok(took), |e| Err(e.into()))
}

/// A camera frame of 640 x 480: decoding, detector, crop, expression; None where the models are not here.
fn face(args: &Args, runtime: &Runtime, clock: &dyn Clock) -> anyhow::Result<Option<Nanos>> {
    let Ok(looker) = Looker::open(runtime, &Models::default()) else { return Ok(None) };
    let mut frame = Picture::filled(640, 480, [120, 110, 100]);
    let oval = |x: usize, y: usize| ((x as f64 - 320.0) / 90.0).powi(2) + ((y as f64 - 240.0) / 120.0).powi(2) < 1.0;
    (0..640 * 480).filter(|i| oval(i % 640, i / 640)).for_each(|i| frame.set(i % 640, i / 640, [215, 170, 145]));
    let jpeg = frame.to_jpeg(90).map_err(anyhow::Error::msg)?;
    let box_of_it = crate::infer::face::Face { bounds: [230.0, 120.0, 410.0, 360.0], score: 0.9, landmarks: vec![] };
    let mut fault = None;
    let took = timed(clock, args.epochs.max(20), || {
        let picture = Picture::from_jpeg(&jpeg).map_err(anyhow::Error::msg);
        let looked = picture.and_then(|p| {
            let seen = looker.look(&p, 0.0, &mut Tracker::default())?;
            // The drawn face may not be taken for one: the expression is timed on its box all the same.
            if let (None, Some(network)) = (seen.expression, &looker.expression) {
                network.read(&p, &box_of_it)?;
            }
            Ok(())
        });
        fault = looked.err().or(fault.take());
    });
    fault.map_or(Ok(Some(took)), Err)
}

/// The median of some runs, ns.
fn timed(clock: &dyn Clock, runs: usize, mut work: impl FnMut()) -> Nanos {
    work();
    median((0..runs.max(3)).map(|_| {
        let begun = clock.now();
        work();
        clock.now() - begun
    }))
}

fn median(values: impl Iterator<Item = Nanos>) -> Nanos {
    let mut values: Vec<Nanos> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
