//! `limbic bench predict`: what one epoch of prediction costs, stage by stage, beside the second paper's 1.5 s.

use crate::cli::{Common, text};
use crate::infer::convert::quantise::{quantise, ranges};
use crate::infer::epoch::{Answer, EpochPath, FEATURES};
use crate::infer::face::look::Models;
use crate::infer::face::track::Tracker;
use crate::infer::face::{Looker, Picture};
use crate::infer::fuse::{Expert, Fusion};
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::native::Model;
use crate::prepare::features::{PsdOptions, psd_features};
use crate::prepare::{Signals, scalp_map};
use crate::signal::{Clock, Montage, Nanos, Seed, SystemClock};
use crate::train::network::{Conv2d, Dense, MapLayer, Network, RowLayer};
use crate::train::networks::seed_a::seed_a;
use crate::train::{Predictor, score};
use anyhow::Context as _;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// Make the eight-bit network first, from made-up epochs, and write it here
    #[arg(long, value_name = "FILE", conflicts_with = "fast")]
    make_fast: Option<PathBuf>,
    /// Epochs that are timed
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// Prints a table, or with `json` {runtime, epochs, side, stages_ms: {spectrograms, network, head, fusion}, rest_share,
/// psd_ms, face_ms, fast: {network_ms, ratio, cosine, agree}}; medians over the epochs.
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
    let head: Arc<dyn Predictor> = Arc::new(head(args.seed)?);
    let path = EpochPath::new(OnnxSession::from_bytes(&runtime, &name, &bytes)?, head.clone(), 1.0)?;
    let epochs: Vec<Signals> = (0..args.epochs.max(1)).map(|i| eeg(args.seed + i as u64)).collect();
    let fast = match (&args.make_fast, &args.fast) {
        (Some(out), _) => Some(make_fast(&runtime, &name, &bytes, &path, args.seed, out)?),
        (None, Some(fast)) => Some(std::fs::read(fast).with_context(|| format!("cannot read {}", fast.display()))?),
        (None, None) => None,
    };
    // Once for warmth, then timed.
    path.answer(&epochs[0], &clock)?;
    let answers: Vec<Answer> = epochs.iter().map(|e| path.answer(e, &clock)).collect::<Result<_, _>>()?;
    let fast = match fast {
        Some(bytes) => {
            let quick = EpochPath::new(OnnxSession::from_bytes(&runtime, "the eight-bit network", &bytes)?, head, 1.0)?;
            quick.answer(&epochs[0], &clock)?;
            Some(epochs.iter().map(|e| quick.answer(e, &clock)).collect::<Result<Vec<_>, _>>()?)
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
        psd: psd(args, &clock)?,
        face: face(args, &runtime, &clock)?,
        fast: fast.map(|quick| compared(&answers, &quick)),
    };
    figures.print(args.epochs, common.json)
}

/// Conv 3x3 -> 256, conv 2x2 -> 128, conv 1x1 -> 64, pool, dense 128, dense K (algorithms 7).
fn head(seed: u64) -> anyhow::Result<Network> {
    let mut draws = Seed::new(seed).fork("head");
    let maps = vec![
        Conv2d::init(FEATURES, 256, 3, 1, &mut draws).into(),
        MapLayer::Relu,
        Conv2d::init(256, 128, 2, 0, &mut draws).into(),
        MapLayer::Relu,
        Conv2d::init(128, 64, 1, 0, &mut draws).into(),
        MapLayer::Relu,
        MapLayer::MaxPool2d { size: [2, 2], stride: [2, 2] },
    ];
    let rows = vec![Dense::init(384, 128, &mut draws).into(), RowLayer::Relu, Dense::init(128, CLASSES, &mut draws).into()];
    Ok(Network::new("head of the bench", [FEATURES, scalp_map::ROWS, scalp_map::COLUMNS], maps, rows)?)
}

/// Made-up EEG of the map's electrodes: a slow wander shared by neighbours, an alpha rhythm that comes and goes, noise.
fn eeg(seed: u64) -> Signals {
    let labels = scalp_map::labels();
    let samples = ((EPOCH_S + LEAD_S) * RATE) as usize;
    let mut draws = Seed::new(seed).fork("eeg");
    let channel = |i: usize| {
        let (mut slow, phase) = (0.0, draws.uniform() * std::f64::consts::TAU);
        let depth = 5.0 + 15.0 * (i as f64 / labels.len() as f64);
        let sample = |k: usize| {
            let t = k as f64 / RATE;
            slow = 0.98 * slow + 2.0 * draws.normal();
            let alpha = depth * (0.5 + 0.5 * (t * 1.3 + phase).sin()) * (std::f64::consts::TAU * 10.0 * t + phase).sin();
            slow + alpha + 2.0 * draws.normal()
        };
        (0..samples).map(sample).collect()
    };
    let mut channel = channel;
    let data = (0..labels.len()).map(&mut channel).collect();
    Signals { rate: RATE, labels, data }
}

/// Ranges come from epochs of other seeds than the timed ones.
fn make_fast(
    runtime: &Runtime,
    name: &str,
    bytes: &[u8],
    path: &EpochPath,
    seed: u64,
    out: &std::path::Path,
) -> anyhow::Result<Vec<u8>> {
    let side = path.sides().0;
    let pictures = path.pictures(&eeg(seed + 10_000))?;
    // Every third channel: pictures of one epoch resemble each other.
    let inputs: Vec<Vec<f32>> = pictures.chunks_exact(3 * side * side).step_by(3).map(<[f32]>::to_vec).collect();
    let ranges = ranges(runtime, name, bytes, &inputs, &[1, 3, side, side])?;
    let words = format!("{} spectrograms of made-up EEG", inputs.len());
    let fast = quantise(name, bytes, &ranges, &words)?;
    std::fs::write(out, &fast).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(fast)
}

/// Eight bits beside floats: the time's ratio, the features' likeness, how often the head says the same.
fn compared(exact: &[Answer], quick: &[Answer]) -> Fast {
    let time = |answers: &[Answer]| median(answers.iter().map(|a| a.network_ns));
    let mut likeness = Vec::new();
    for (a, b) in exact.iter().zip(quick) {
        for (x, y) in a.features.chunks_exact(FEATURES).zip(b.features.chunks_exact(FEATURES)) {
            let dot = |u: &[f32], v: &[f32]| u.iter().zip(v).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
            likeness.push(dot(x, y) / (dot(x, x) * dot(y, y)).sqrt().max(1e-30));
        }
    }
    let same =
        exact.iter().zip(quick).filter(|(a, b)| score::argmax(&a.probabilities) == score::argmax(&b.probabilities)).count();
    Fast {
        network: time(quick),
        ratio: time(quick) as f64 / time(exact).max(1) as f64,
        cosine_least: likeness.iter().copied().fold(1.0, f64::min),
        cosine_mean: likeness.iter().sum::<f64>() / likeness.len().max(1) as f64,
        agree: same as f64 / exact.len().max(1) as f64,
    }
}

/// The first paper's path for the same 3 s: band powers of 32 channels, its network.
fn psd(args: &Args, clock: &dyn Clock) -> anyhow::Result<Nanos> {
    let made = eeg(args.seed);
    let montage = Montage::biosemi32();
    let data = (0..montage.labels.len()).map(|i| made.data[i % made.data.len()].clone()).collect();
    let signals = Signals { rate: RATE, labels: montage.labels, data };
    let network = seed_a(CLASSES, 512, &Seed::new(args.seed))?;
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

struct Fast {
    network: Nanos,
    ratio: f64,
    cosine_least: f64,
    cosine_mean: f64,
    agree: f64,
}

struct Figures {
    runtime: String,
    side: usize,
    spectrograms: Nanos,
    network: Nanos,
    head: Nanos,
    fusion: Nanos,
    psd: Nanos,
    face: Option<Nanos>,
    fast: Option<Fast>,
}

fn ms(nanos: Nanos) -> f64 {
    (nanos as f64 / 1e4).round() / 100.0
}

impl Figures {
    fn print(&self, epochs: usize, as_json: bool) -> anyhow::Result<()> {
        let rest = (self.spectrograms + self.head + self.fusion) as f64 / self.network.max(1) as f64;
        if as_json {
            let fast = self.fast.as_ref().map(|f| {
                json!({ "network_ms": ms(f.network), "ratio": f.ratio, "cosine_least": f.cosine_least,
                        "cosine_mean": f.cosine_mean, "agree": f.agree })
            });
            let stages = json!({ "spectrograms": ms(self.spectrograms), "network": ms(self.network), "head": ms(self.head),
                                 "fusion": ms(self.fusion) });
            let value = json!({ "runtime": self.runtime, "epochs": epochs, "side": self.side, "stages_ms": stages,
                                "rest_share": rest, "psd_ms": ms(self.psd), "face_ms": self.face.map(ms), "fast": fast });
            println!("{}", serde_json::to_string_pretty(&value)?);
            return Ok(());
        }
        let row = |what: &str, time: Nanos| vec![what.to_string(), format!("{:.2}", ms(time))];
        let mut rows = vec![
            row("bands and spectrograms", self.spectrograms),
            row("InceptionV3, 28 pictures", self.network),
            row("head", self.head),
            row("fusion", self.fusion),
            row("the whole epoch", self.spectrograms + self.network + self.head + self.fusion),
            row("band powers and their network", self.psd),
        ];
        rows.extend(self.face.map(|t| row("a face, per frame", t)));
        rows.extend(self.fast.as_ref().map(|f| row("InceptionV3 in eight bits", f.network)));
        print!("{}", text::table(&["3 s of EEG", "ms"], &rows));
        println!("all but InceptionV3: {:.1} % of it; the paper's pipeline takes 1500 ms an epoch", 100.0 * rest);
        if let Some(f) = &self.fast {
            println!(
                "eight bits: {:.2} of the time; features' cosine {:.4} on average, {:.4} at least; same class in {:.0} %",
                f.ratio,
                f.cosine_mean,
                f.cosine_least,
                100.0 * f.agree
            );
        }
        println!("{} epochs, pictures of {1} x {1}, {2}", epochs, self.side, self.runtime);
        Ok(())
    }
}
