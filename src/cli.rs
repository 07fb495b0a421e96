//! The command line: one file a subcommand. Exit 0 only if all of it worked; errors are one sentence on stderr.

mod background;
mod bench;
mod calibrate;
mod clocks;
mod demo;
mod doctor;
mod driver;
mod erase;
mod explain;
mod export;
mod features;
mod files;
mod guided;
mod import;
mod lab;
mod predict;
mod progress;
mod quality;
mod record;
mod redact;
mod sessions;
mod setup;
mod show;
mod study;
mod text;
mod topo;
mod train;
mod verify;
mod visit;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Records emotion experiments in a terminal, then trains, predicts and explains on what was recorded.
///
/// Without a command: the guided session.
#[derive(Debug, Parser)]
#[command(name = "limbic", version, after_help = "Example: limbic demo --seed 7")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Keep the lab in this process: it ends with the terminal
    #[arg(long)]
    in_process: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command understands.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// The lab's home: sessions, models, catalogue
    #[arg(long, global = true, value_name = "DIR", default_value = "sessions")]
    pub home: PathBuf,
    /// Print one JSON value instead of text (keys stay stable)
    #[arg(long, global = true)]
    pub json: bool,
    /// 7-bit characters only, no colour
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Look here first for native libraries
    #[arg(long, global = true, value_name = "DIR")]
    pub lib_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take back a running session, keyboard included
    Attach(visit::Attach),
    /// Look on at a running session
    Watch(visit::Watch),
    /// The participant's own screen: the questions after each video
    Rate(visit::Rate),
    /// The background half by itself: devices, store, player; screens attach to it
    Lab(lab::Args),
    /// The whole path on a simulated participant: record, train, predict, explain
    Demo(demo::Args),
    /// Bring BrainFlow, liblsl and ONNX Runtime, by name, version and checksum
    Setup(setup::Args),
    /// Measure what limbic costs on this machine
    Bench(bench::Args),
    /// What this machine has, lacks, and what to do about it
    Doctor(doctor::Args),
    /// Record without the screens
    Record(record::Args),
    /// List what was recorded
    Sessions(sessions::Args),
    /// One session: streams, counters, trials, predictions
    Show(show::Args),
    /// Check every frame of a session, or rebuild the catalogue
    Verify(verify::Args),
    /// Delete a participant from everything
    Erase(erase::Args),
    /// Remove or blur the faces of a stored session
    Redact(redact::Args),
    /// Make sessions of recordings and data sets of the field
    Import(import::Args),
    /// Measure a stream's fixed latency on a recorded session
    Calibrate(calibrate::Args),
    /// Write recordings for other programs
    Export(export::Args),
    /// The study at a glance: participants, classes, what to record next
    Study(study::Args),
    /// The gate's report on a session or a file
    Quality(quality::Args),
    /// Features of sessions or files
    Features(features::Args),
    /// Train on recorded sessions and evaluate by trial
    Train(train::Args),
    /// Predictions of a stored model for a session
    Predict(predict::Args),
    /// The explanation that was found with a model
    Explain(explain::Args),
    /// A scalp topography of any electrode values
    Topo(topo::Args),
}

/// Parses and runs.
///
/// # Errors
/// Whatever the command says, as one sentence.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<ExitCode> {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        // clap prints help and version to stdout with code 0, mistakes to stderr with code 2.
        Err(error) => {
            error.print()?;
            return Ok(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)));
        }
    };
    let common = &arguments.common;
    match &arguments.command {
        None => guided::run(common, arguments.in_process)?,
        Some(Command::Attach(_)) => visit::attach(common)?,
        Some(Command::Watch(_)) => visit::watch(common)?,
        Some(Command::Rate(_)) => visit::rate(common)?,
        Some(Command::Lab(args)) => lab::run(args, common)?,
        Some(Command::Demo(args)) => demo::run(args, common)?,
        Some(Command::Setup(args)) => setup::run(args, common.json)?,
        Some(Command::Bench(args)) => bench::run(args, common)?,
        Some(Command::Doctor(args)) => doctor::run(args, common.lib_dir.as_deref(), &common.home, common.json)?,
        Some(Command::Record(args)) => record::run(args, common)?,
        Some(Command::Sessions(args)) => sessions::run(args, common)?,
        Some(Command::Show(args)) => show::run(args, common)?,
        Some(Command::Verify(args)) => verify::run(args, common)?,
        Some(Command::Erase(args)) => erase::run(args, common)?,
        Some(Command::Redact(args)) => redact::run(args, common)?,
        Some(Command::Import(args)) => import::run(args, common)?,
        Some(Command::Calibrate(args)) => calibrate::run(args, common)?,
        Some(Command::Export(args)) => export::run(args, common)?,
        Some(Command::Study(args)) => study::run(args, common)?,
        Some(Command::Quality(args)) => quality::run(args, common)?,
        Some(Command::Features(args)) => features::run(args, common)?,
        Some(Command::Train(args)) => train::run(args, common)?,
        Some(Command::Predict(args)) => predict::run(args, common)?,
        Some(Command::Explain(args)) => explain::run(args, common)?,
        Some(Command::Topo(args)) => topo::run(args, common)?,
    }
    Ok(ExitCode::SUCCESS)
}
