//! The command line: one file a subcommand. Exit 0 only if all of it worked; errors are one sentence on stderr.

/// What a command says of its SESSION: in one place, since nobody can guess what `last` is.
macro_rules! session_help {
    ($before:literal, $after:literal) => {
        concat!($before, "id or its beginning, PARTICIPANT/NUMBER, or \"last\", the recording that was begun last", $after)
    };
}

mod background;
mod bench;
mod calibrate;
mod clocks;
mod demo;
mod device;
mod doctor;
mod driver;
mod erase;
mod evaluate;
mod explain;
mod export;
mod faces;
mod features;
mod files;
mod guided;
mod import;
mod lab;
mod label;
mod models;
mod numbers;
mod pictures;
mod plain;
mod predict;
mod progress;
mod quality;
mod record;
mod redact;
mod reproduce;
mod sessions;
mod setup;
mod show;
mod simulate;
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
    /// Lines instead of screens, for screen readers, dumb terminals and scripts; orders come from standard input
    #[arg(long)]
    plain: bool,
    /// Simulated devices on simulated time, in this process: a session of half an hour takes a minute or two
    #[arg(long)]
    simulated_time: bool,
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
    /// Colours on the screens, whatever the terminal says: mono, 16, 256 or true
    #[arg(long, global = true, value_name = "DEPTH")]
    pub colours: Option<crate::show::Depth>,
    /// What the letters stand on: light or dark
    #[arg(long, global = true, value_name = "SHADE", value_parser = ["light", "dark"])]
    pub background: Option<String>,
    /// Characters beyond 7 bits on the screens, whatever the locale says
    #[arg(long, global = true, conflicts_with = "ascii")]
    pub utf8: bool,
    /// Size of the screens, such as 120x40, whatever the terminal says
    #[arg(long, global = true, value_name = "COLSxROWS", value_parser = visit::size)]
    pub size: Option<(u16, u16)>,
    /// At most so many pictures a second, also inside tmux and screen, where the link cannot be measured
    #[arg(long, global = true, value_name = "N")]
    pub fps: Option<f64>,
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
    /// Record simulated participants into a home, faster than real time
    Simulate(simulate::Args),
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
    /// Mark the seconds of a clip in which an emotion was felt
    Label(label::Args),
    /// Faces and expressions in photos and videos
    Faces(faces::Args),
    /// Features of sessions or files
    Features(features::Args),
    /// Train on recorded sessions and evaluate by trial
    Train(train::Args),
    /// Evaluate a network by one or several protocols, here or on a cluster
    Evaluate(evaluate::Args),
    /// A paper's experiment from its data set to its tables
    Reproduce(reproduce::Args),
    /// List trained models, or show the card of one
    Models(models::Args),
    /// Predictions of a stored model for a session
    Predict(predict::Args),
    /// The explanation that was found with a model
    Explain(explain::Args),
    /// A scalp topography of any electrode values
    Topo(topo::Args),
    /// Whether a GPU computes rightly, tried in a process of its own
    #[command(hide = true)]
    ProbeGpu,
    /// Draw the pictures of the documents from the screens themselves
    Pictures(pictures::Args),
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
    if !matches!(
        arguments.command,
        // Screens show the counters, and the last says all there is to say.
        None | Some(Command::Attach(_) | Command::Watch(_) | Command::Rate(_) | Command::Lab(_) | Command::Verify(_))
    ) {
        crate::store::tell_of_damage(|sentence| {
            progress::clear();
            eprintln!("limbic: {sentence}");
        });
    }
    match &arguments.command {
        None if plain::wanted(arguments.plain) => plain::run(common, arguments.in_process, arguments.simulated_time)?,
        None if arguments.simulated_time => guided::run_simulated(common)?,
        None => guided::run(common, arguments.in_process)?,
        Some(Command::Attach(_)) => visit::attach(common)?,
        Some(Command::Watch(_)) => visit::watch(common)?,
        Some(Command::Rate(_)) => visit::rate(common)?,
        Some(Command::Lab(args)) => lab::run(args, common)?,
        Some(Command::Demo(args)) => demo::run(args, common)?,
        Some(Command::Simulate(args)) => simulate::run(args, common)?,
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
        Some(Command::Label(args)) => label::run(args, common)?,
        Some(Command::Faces(args)) => faces::run(args, common)?,
        Some(Command::Features(args)) => features::run(args, common)?,
        Some(Command::Train(args)) => train::run(args, common)?,
        Some(Command::Evaluate(args)) => evaluate::run(args, common)?,
        Some(Command::Reproduce(args)) => reproduce::run(args, common)?,
        Some(Command::Models(args)) => models::run(args, common)?,
        Some(Command::Predict(args)) => predict::run(args, common)?,
        Some(Command::Explain(args)) => explain::run(args, common)?,
        Some(Command::Topo(args)) => topo::run(args, common)?,
        Some(Command::ProbeGpu) => device::probe()?,
        Some(Command::Pictures(args)) => pictures::run(args, common.json)?,
    }
    Ok(ExitCode::SUCCESS)
}
