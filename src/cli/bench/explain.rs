//! `limbic bench explain`: what attributions and the curves of the Quality Test cost, on a network and data of one's
//! own or on the paper's network and made-up windows.

use super::machine;
use crate::cli::{Common, numbers};
use crate::exchange::arrays::{self, Content, Stored};
use crate::explain::curves::{self, Curves, Mode};
use crate::explain::{Context, DeepLift, ExpectedGradients, Explainer, GradCam, IntegratedGradients, Metric, Options};
use crate::job::Job;
use crate::prepare::image;
use crate::signal::{Montage, SECOND, Seed};
use crate::train::networks::seed_a::seed_a;
use crate::train::{Differentiable, Network, Predictor, onnx};
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// CPU and wall time of attributions and of deletion and insertion curves
#[derive(Debug, clap::Args)]
#[command(after_help = "Without --onnx and --data: the paper's network (15.9 million parameters) with random weights, and \
random windows. tests/bench_explain.py runs captum and PyTorch beside it, with the same weights, windows and orders.\n\n\
Example: limbic bench explain --windows 90")]
pub struct Args {
    /// Windows in all classes together
    #[arg(long, default_value_t = 1000, value_parser = numbers::some::<usize>)]
    windows: usize,
    /// Classes of the made-up network
    #[arg(long, default_value_t = 9, value_parser = numbers::some::<usize>)]
    classes: usize,
    /// Orders of each class: how many explainers are compared
    #[arg(long, default_value_t = 4, value_parser = numbers::some::<usize>)]
    orders: usize,
    /// Windows that are attributed
    #[arg(long, default_value_t = 16, value_parser = numbers::some::<usize>)]
    attributed: usize,
    /// Steps of Integrated Gradients
    #[arg(long, default_value_t = 64, value_parser = numbers::some::<usize>)]
    steps: usize,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// A network to measure with
    #[arg(long, requires = "data")]
    onnx: Option<PathBuf>,
    /// Its windows: .npz with x, y, pixels (positions of the features), orders (explainers x classes x features)
    #[arg(long, requires = "onnx")]
    data: Option<PathBuf>,
}

/// A network, windows, their classes and the orders in which features are deleted.
struct Material {
    network: Network,
    inputs: Vec<f32>,
    labels: Vec<usize>,
    /// Positions in the input, for each explainer and class.
    orders: Vec<Vec<Vec<usize>>>,
}

/// One measured piece of work.
#[derive(Debug, Serialize)]
struct Cost {
    what: String,
    /// What was counted, and how many.
    unit: &'static str,
    count: usize,
    wall_s: f64,
    cpu_s: f64,
}

#[derive(Debug, Serialize)]
struct Report {
    network: String,
    windows: usize,
    threads: usize,
    costs: Vec<Cost>,
    /// Areas under the deletion and the insertion curves (recall), explainers x classes.
    audc: Vec<Vec<f64>>,
    auic: Vec<Vec<f64>>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let material = match (&args.onnx, &args.data) {
        (Some(model), Some(data)) => read(model, data)?,
        _ => made_up(args)?,
    };
    let mut report = Report {
        network: material.network.name.clone(),
        windows: material.labels.len(),
        threads: rayon::current_num_threads(),
        costs: attributions(args, &material)?,
        audc: Vec::new(),
        auic: Vec::new(),
    };
    let classes = Predictor::classes(&material.network);
    for (mode, areas) in [(Mode::Deletion, &mut report.audc), (Mode::Insertion, &mut report.auic)] {
        let name = format!("{mode:?} curves, {} orders x {classes} classes", material.orders.len());
        let mut count = 0;
        let cost = measured(name, "scores", || {
            for order in &material.orders {
                let (some, scored) = areas_of(&material, order, mode)?;
                count += scored;
                areas.push(some);
            }
            Ok(0)
        })?;
        report.costs.push(Cost { count, ..cost });
    }
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!("{}, {} windows, {} threads", report.network, report.windows, report.threads);
    for cost in &report.costs {
        let rate = cost.count as f64 / cost.wall_s.max(1e-9);
        println!(
            "{}: {} {} in {:.2} s ({:.2} s CPU), {rate:.0} a second",
            cost.what, cost.count, cost.unit, cost.wall_s, cost.cpu_s
        );
    }
    Ok(())
}

/// Runs `work`, which says how many units it did.
fn measured(what: String, unit: &'static str, work: impl FnOnce() -> anyhow::Result<usize>) -> anyhow::Result<Cost> {
    let (start, cpu) = (Instant::now(), machine::cpu());
    let count = work()?;
    let cpu_s = (machine::cpu() - cpu) as f64 / SECOND as f64;
    Ok(Cost { what, unit, count, wall_s: start.elapsed().as_secs_f64(), cpu_s })
}

fn attributions(args: &Args, material: &Material) -> anyhow::Result<Vec<Cost>> {
    let width = material.network.input_len();
    let n = args.attributed.clamp(1, material.labels.len().max(1));
    let inputs = &material.inputs[..n * width];
    let options = Options { steps: args.steps, steps_max: args.steps, ..Options::default() };
    let job = Job::silent();
    let context = Context::new(&material.inputs, args.seed, &options, &job);
    let all: [(&dyn Explainer, usize); 4] =
        [(&IntegratedGradients, args.steps), (&ExpectedGradients, options.pairs), (&DeepLift, 1), (&GradCam, 1)];
    let network = &material.network;
    // The first pass of a process pays for what later ones reuse; what explanations reuse is counted apart.
    network.logits(inputs, n);
    let eight = inputs[..width].repeat(8);
    let arranged = measured("arranging the weights, once a network".into(), "networks", || {
        network.gradients(&eight, 8, 0);
        Ok(1)
    })?;
    let one = |(explainer, gradients): (&dyn Explainer, usize)| {
        measured(format!("{}, {n} windows", explainer.name()), "gradients", || {
            explainer.attribute(network, inputs, n, 1, &context)?;
            Ok(n * gradients)
        })
    };
    let passes = measured("whole passes".into(), "passes", || {
        network.logits(&material.inputs, material.labels.len());
        Ok(material.labels.len())
    })?;
    let mut costs = vec![passes, arranged];
    for work in all {
        costs.push(one(work)?);
    }
    Ok(costs)
}

/// The area of every class's curve with its order, and how many scores that took.
fn areas_of(material: &Material, orders: &[Vec<usize>], mode: Mode) -> anyhow::Result<(Vec<f64>, usize)> {
    let width = material.network.input_len();
    let (mut areas, mut count) = (Vec::with_capacity(orders.len()), 0);
    for (class, ranked) in orders.iter().enumerate() {
        let members: Vec<usize> = (0..material.labels.len()).filter(|&i| material.labels[i] == class).collect();
        let inputs: Vec<f32> = members.iter().flat_map(|&i| &material.inputs[i * width..(i + 1) * width]).copied().collect();
        let points = curves::points(ranked.len(), 1);
        let curves = Curves { ranked, points: &points, mode, metric: Metric::Recall };
        let scores = curves.scores(&material.network, &inputs, &vec![class; members.len()], &Job::silent())?;
        count += scores.len();
        areas.push(curves::area(&curves::mean(&scores, points.len()), &points));
    }
    Ok((areas, count))
}

fn made_up(args: &Args) -> anyhow::Result<Material> {
    let network = seed_a(args.classes, 512, &Seed::new(args.seed))?;
    let pixels = image::pixels(&Montage::biosemi32().labels, 4)?;
    let mut seed = Seed::new(args.seed).fork("windows");
    let inputs: Vec<f32> = (0..args.windows)
        .flat_map(|_| image::place(&pixels.iter().map(|_| seed.normal() as f32).collect::<Vec<_>>(), &pixels))
        .collect();
    let mut order = || {
        let mut order = pixels.clone();
        seed.shuffle(&mut order);
        order
    };
    let orders = (0..args.orders).map(|_| (0..args.classes).map(|_| order()).collect()).collect();
    let labels = (0..args.windows).map(|i| i % args.classes.max(1)).collect();
    Ok(Material { network, inputs, labels, orders })
}

fn read(model: &Path, data: &Path) -> anyhow::Result<Material> {
    let bytes = std::fs::read(model).with_context(|| format!("cannot read {}", model.display()))?;
    let (network, _) = onnx::read_logits(&bytes).with_context(|| model.display().to_string())?;
    let stored = arrays::read(data)?;
    let numbers = |name: &str| -> anyhow::Result<(&[usize], &[f64])> {
        let found: Option<&Stored> = stored.iter().find(|a| a.name == name);
        match found.map(|a| (&a.shape, &a.content)) {
            Some((shape, Content::Numbers(values))) => Ok((shape, values)),
            _ => bail!("{} has no numbers called {name}", data.display()),
        }
    };
    let inputs: Vec<f32> = numbers("x")?.1.iter().map(|v| *v as f32).collect();
    let labels: Vec<usize> = numbers("y")?.1.iter().map(|v| *v as usize).collect();
    let (shape, values) = numbers("orders")?;
    let [explainers, classes, features] = shape[..] else { bail!("orders must be explainers x classes x features") };
    let positions: Vec<usize> = values.iter().map(|v| *v as usize).collect();
    let width = network.input_len();
    if inputs.len() != labels.len() * width || classes != Predictor::classes(&network) || positions.iter().any(|p| *p >= width) {
        bail!("x, y and orders do not fit the network: {width} values, {} classes", Predictor::classes(&network));
    }
    let mut rows = positions.chunks(features.max(1)).map(<[usize]>::to_vec);
    let orders = (0..explainers).map(|_| rows.by_ref().take(classes).collect()).collect();
    Ok(Material { network, inputs, labels, orders })
}
