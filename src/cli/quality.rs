//! `limbic quality FILE`: the gate's report, and with `--plot` or `--plots DIR` the channels that it fails.

mod picture;
mod plot;

use crate::cli::{Common, files};
use crate::gate::{EegWindow, Method, QualityReport, Verdict, try_judge_by, verdict};
use crate::prepare::filter::fitting_edge;
use crate::rig::GateRig;
use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Signal quality of every EEG channel, with the reason, and the gate's verdict
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic quality recording.bdf --mains 60")]
pub struct Args {
    #[arg(help = session_help!("EDF or BDF file, or a session: ", ""))]
    file: PathBuf,
    /// Mains frequency of the country, Hz
    #[arg(long, value_name = "HZ", default_value = "50", value_parser = mains)]
    mains: f64,
    /// Read the whole records of a truncated file
    #[arg(long)]
    lenient: bool,
    /// Draw the channels that fail, where they are worst
    #[arg(long)]
    plot: bool,
    /// Write a picture of the channels that fail to this folder (SVG: signal, spectrum, score over time)
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// By which figures to judge: calibrated on simulated and real recordings, or the plain definition
    #[arg(long, value_parser = method, default_value = "calibrated")]
    method: Method,
}

fn method(word: &str) -> Result<Method, String> {
    let all = [Method::Calibrated, Method::Definition];
    all.into_iter().find(|m| m.name() == word).ok_or_else(|| "the method is calibrated or definition".into())
}

fn mains(word: &str) -> Result<f64, String> {
    match word {
        "50" => Ok(50.0),
        "60" => Ok(60.0),
        _ => Err("mains is 50 or 60 Hz".into()),
    }
}

/// Judges the file and prints the report.
///
/// # Errors
/// A file that cannot be read, has no EEG, or is too short to judge.
pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let (mut loaded, share) = files::load_counted(&args.file, args.lenient, common)?;
    loaded.notes.extend(fitting_edge(45.0, loaded.eeg.rate).1);
    let eeg = EegWindow {
        rate: loaded.eeg.rate,
        // What was lost elsewhere in a session counts, though only its longest stretch is judged.
        expected_samples: (loaded.eeg.samples() as f64 / share).round() as usize,
        labels: loaded.eeg.labels,
        data: loaded.eeg.data,
        mains_hz: args.mains,
        rail: loaded.rail,
    };
    let report = try_judge_by(&eeg, args.method).with_context(|| format!("cannot judge {}", args.file.display()))?;
    let rig = GateRig { method: args.method, ..GateRig::default() };
    let answer = verdict(&report, &rig);
    let drawn = args.plots.as_ref().map(|folder| drawn(folder, args, &eeg, &report, rig.bad_channel)).transpose()?.flatten();
    if common.json {
        let value = serde_json::json!({
            "file": args.file,
            "picture": drawn,
            "format": loaded.format,
            "rate_hz": eeg.rate,
            "mains_hz": args.mains,
            "method": args.method,
            "simulated": loaded.stream.simulated,
            "report": report,
            "verdict": answer,
            "notes": loaded.notes,
        });
        return files::print(format!("{value:#}\n"));
    }
    let mut out = Vec::new();
    let mark = if loaded.stream.simulated { "  SIMULATED" } else { "" };
    let shape = format!("{} EEG channels, {} Hz, {:.1} s", report.channels.len(), eeg.rate, report.seconds);
    writeln!(out, "{}: {}, {shape}{mark}; judged by the {} figures\n", args.file.display(), loaded.format, args.method.name())?;
    write!(out, "{}", text(&report, &answer))?;
    loaded.notes.iter().try_for_each(|note| writeln!(out, "! {note}"))?;
    match (&drawn, args.plots.is_some()) {
        (Some(path), _) => writeln!(out, "the channels that fail are drawn in {}", path.display())?,
        (None, true) => writeln!(out, "no channel scores below {:.0}, so none is drawn", rig.bad_channel)?,
        _ => {}
    }
    if args.plot {
        write!(out, "{}", plot::failing(&eeg, &report, args.method, rig.bad_channel, common.ascii)?)?;
    }
    files::print(out)
}

/// Writes the picture of the failing channels, where there are any, named after the recording.
fn drawn(folder: &Path, args: &Args, eeg: &EegWindow, report: &QualityReport, bad: f64) -> anyhow::Result<Option<PathBuf>> {
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(picture) = picture::failing(&name, eeg, report, args.method, bad)? else { return Ok(None) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let path = folder.join(format!("{name}.svg"));
    files::write(&path, picture)?;
    Ok(Some(path))
}

/// The report as people read it.
pub fn text(report: &QualityReport, verdict: &Verdict) -> String {
    let all = || report.channels.iter().chain(&report.others);
    let width = all().map(|c| c.label.chars().count()).max().unwrap_or(0).max("channel".len());
    let mut text = format!("{:width$}  score  reason       figure\n", "channel");
    for channel in all() {
        let reason = channel.reason.map_or("", |r| r.name());
        let line = format!("{:width$}  {:5.1}  {reason:11}  {}", channel.label, channel.score, channel.detail);
        text += line.trim_end();
        text += "\n";
    }
    text += &format!("\noverall {:.1} %, {:.1} % of the samples received\n", report.overall, 100.0 * report.completeness);
    text += &format!("gate    {}: {}\n", if verdict.pass { "PASS" } else { "FAIL" }, verdict.why);
    verdict.advice.iter().for_each(|advice| text += &format!("        - {advice}\n"));
    text
}
