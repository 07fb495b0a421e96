//! `limbic export SOURCE --to KIND OUT`: a recording as a file for BrainFlow's playback board, or its face video as a
//! Matroska film.

use crate::acquire::brainflow::{self, playback};
use crate::cli::{Common, files};
use crate::exchange::film;
use crate::store::Home;
use anyhow::{Context, bail};
use std::path::PathBuf;

/// Write a recording for another program
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic export recording.bdf --to brainflow playback.tsv")]
pub struct Args {
    /// EDF or BDF file, or a session (id, PARTICIPANT/NUMBER, "last")
    source: PathBuf,
    /// What to write: "brainflow", a file for its playback board; "mkv", the face video with every frame's time
    #[arg(long, value_parser = ["brainflow", "mkv"])]
    to: String,
    /// Which face stream, where there are several (mkv)
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// The file stays inside the lab: where the participant agreed to storing, not to sharing (mkv)
    #[arg(long)]
    inside_lab: bool,
    /// The file to write
    output: PathBuf,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.to == "mkv" { face_video(args, common) } else { playback_file(args, common) }
}

/// The face video of a session; what is damaged or missing is said and left out.
fn face_video(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = Home::view(&common.home)?;
    let session = home.find_session(&args.source.to_string_lossy())?;
    let recording = home.recording(session.id)?;
    let report = film::film(&recording, args.stream.as_deref(), &args.output, args.inside_lab)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        let mark = crate::cli::text::simulated_mark(report.simulated);
        println!("{} frames, {:.1} s of {}{mark} in {}", report.frames, report.seconds, report.stream, report.output.display());
        println!("every frame's own stamps in {}", report.stamps.display());
        if report.missing > 0 {
            println!("! {} frames are missing, in {} places", report.missing, report.gaps);
        }
    }
    if report.damaged > 0 {
        bail!("{} frames of the session are damaged and were left out; the others are written", report.damaged);
    }
    Ok(())
}

/// The EEG for BrainFlow's playback board.
fn playback_file(args: &Args, common: &Common) -> anyhow::Result<()> {
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
