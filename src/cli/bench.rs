//! `limbic bench`: what limbic costs on this machine, measured.

mod arrays;
mod explain;
mod features;
mod kernels;
mod load;
mod machine;
mod predict;
mod record;
mod train;

use crate::cli::Common;

/// Measure what limbic costs on this machine
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic bench record --seconds 20")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// CPU, memory, bytes and latency of recording
    Record(record::Args),
    /// Time single stages on given arrays (the script tests/bench_features.py makes them)
    #[command(hide = true)]
    Kernels(kernels::Args),
    /// Time of one epoch of prediction, stage by stage
    Predict(predict::Args),
    /// CPU and wall time from simulated signals to every feature set, and how it grows
    Features(features::Args),
    /// CPU and wall time of attributions and of the Quality Test's curves
    Explain(explain::Args),
    /// Samples a second of training, network by network
    Train(train::Args),
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    match &args.what {
        What::Record(args) => record::run(args, common),
        What::Kernels(args) => kernels::run(args, common),
        What::Features(args) => features::run(args, common),
        What::Explain(args) => explain::run(args, common),
        What::Predict(args) => predict::run(args, common),
        What::Train(args) => train::run(args, common),
    }
}
