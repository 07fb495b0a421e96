//! `limbic bench train`: how fast each network trains on this machine, on made-up examples.

use super::machine;
use crate::cli::{Common, numbers, text};
use crate::job::Job;
use crate::signal::{Montage, SECOND, Seed};
use crate::study::StudyError;
use crate::train::fit::{Examples, FitOptions, fit};
use crate::train::networks::{ARCHITECTURES, Architecture, Size, architecture};
use serde::Serialize;
use std::time::Instant;

/// Samples a second of training, network by network
#[derive(Debug, clap::Args)]
#[command(after_help = "tests/bench_train.py runs PyTorch beside it: same network, batch and number of samples.\n\n\
Example: limbic bench train --network seed-a-cnn --batch 64")]
pub struct Args {
    /// Networks, in their published widths; all when absent
    #[arg(long, value_delimiter = ',')]
    network: Vec<String>,
    #[arg(long, default_value_t = 64, value_parser = numbers::some::<usize>)]
    batch: usize,
    /// Samples that are trained on, a whole number of batches
    #[arg(long, default_value_t = 512, value_parser = numbers::some::<usize>)]
    samples: usize,
    /// Width in place of the published one
    #[arg(long, value_parser = numbers::some::<usize>)]
    hidden: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Cost {
    network: String,
    parameters: usize,
    batch: usize,
    samples: usize,
    wall_s: f64,
    cpu_s: f64,
    samples_per_s: f64,
}

/// Measures and prints.
///
/// # Errors
/// An unknown network.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let named = |name: &String| architecture(name).ok_or_else(|| StudyError::NoNetwork(name.clone()));
    let networks: Vec<Architecture> = match args.network.is_empty() {
        true => ARCHITECTURES.to_vec(),
        false => args.network.iter().map(named).collect::<Result<_, _>>()?,
    };
    let costs = networks.iter().map(|network| measure(args, *network)).collect::<anyhow::Result<Vec<_>>>()?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&costs)?);
        return Ok(());
    }
    let row = |c: &Cost| {
        let (wall, cpu) = (format!("{:.2}", c.wall_s), format!("{:.2}", c.cpu_s));
        vec![c.network.clone(), c.parameters.to_string(), c.batch.to_string(), wall, cpu, format!("{:.0}", c.samples_per_s)]
    };
    let head = ["network", "parameters", "batch", "wall s", "CPU s", "samples/s"];
    print!("{}", text::table(&head, &costs.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

fn measure(args: &Args, network: Architecture) -> anyhow::Result<Cost> {
    let input = match network.name {
        "seed-a-cnn" => [1, 22, 22],
        "seed-b-head" => [2048, 7, 5],
        "eeg-itnet" => [1, 32, 600],
        "sst-emotionnet" => [30, 1, 32],
        _ => [1, 32, 32],
    };
    let (batch, classes) = (args.batch.max(1), 9);
    let count = (args.samples / batch).max(1) * batch;
    let mut draws = Seed::new(1);
    let inputs: Vec<f32> = (0..count * input.iter().product::<usize>()).map(|_| draws.normal() as f32).collect();
    let labels: Vec<usize> = (0..count).map(|_| draws.below(classes)).collect();
    let size = Size { input, classes, hidden: args.hidden.unwrap_or(network.hidden), channels: Montage::biosemi32().labels };
    let made = (network.build)(&size, &Seed::new(2))?;
    let (name, parameters, length) = (made.name.clone(), made.parameter_count(), input.iter().product::<usize>());
    let options = FitOptions { epochs: 1, batch, learning_rate: 1e-4, ..FitOptions::default() };
    let none = Examples { inputs: &[], labels: &[] };
    let train = |made, n: usize| {
        let some = Examples { inputs: &inputs[..n * length], labels: &labels[..n] };
        fit(made, some, none, &options, (&Job::silent(), "bench"), None, &mut |_| {})
    };
    // Two batches first: threads, caches, the optimiser's memory.
    let warm = train(made, (2 * batch).min(count))?.network;
    let (start, cpu) = (Instant::now(), machine::cpu());
    train(warm, count)?;
    let (wall_s, cpu_s) = (start.elapsed().as_secs_f64(), (machine::cpu() - cpu) as f64 / SECOND as f64);
    Ok(Cost { network: name, parameters, batch, samples: count, wall_s, cpu_s, samples_per_s: count as f64 / wall_s.max(1e-9) })
}
