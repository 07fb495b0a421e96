//! `limbic export FILE --to brainflow OUT`: a recording as a file for BrainFlow's playback board.

use crate::acquire::brainflow::{self, playback};
use crate::cli::{Common, files};
use anyhow::{Context, bail};
use std::path::PathBuf;

/// Write a recording for another program
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic export recording.bdf --to brainflow playback.tsv")]
pub struct Args {
    /// EDF or BDF file, or a session (id, PARTICIPANT/NUMBER, "last")
    source: PathBuf,
    /// What to write: "brainflow", a file for its playback board
    #[arg(long, value_parser = ["brainflow"])]
    to: String,
    /// The file to write
    output: PathBuf,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let loaded = files::load(&args.source, false, common)?;
    let library = brainflow::library(common.lib_dir.as_deref())?;
    let channels: Vec<Vec<f32>> = loaded.eeg.data.iter().map(|c| c.iter().map(|v| *v as f32).collect()).collect();
    let Some((board, descr)) = playback::master_board_for(&library, channels.len(), loaded.eeg.rate) else {
        bail!("no board of BrainFlow's has {} EEG channels", channels.len());
    };
    let start_utc = chrono::Utc::now().timestamp() as f64;
    let signals = playback::Signals { rate: loaded.eeg.rate, start_utc, channels };
    let samples = playback::write_file(&args.output, &descr, &signals)
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    if common.json {
        println!(
            "{}",
            serde_json::json!({ "output": args.output, "samples": samples, "master_board": board, "rate_hz": signals.rate })
        );
        return Ok(());
    }
    let labels: Vec<String> = loaded.eeg.labels.iter().map(|l| format!("\"{l}\"")).collect();
    println!("{} samples of {} channels as {}. The device for a rig:\n", samples, labels.len(), descr.name);
    println!("[[device]]\nkind = \"brainflow\"\nboard = \"playback\"\nmontage = [{}]", labels.join(", "));
    println!("[device.params]\nfile = \"{}\"\nmaster_board = {board}", args.output.display());
    Ok(())
}
