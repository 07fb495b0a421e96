//! `limbic quality FILE`: the gate's report, and with `--plot` the channels that it fails.

mod plot;

use crate::cli::{Common, files};
use crate::gate::{EegWindow, Method, QualityReport, Verdict, try_judge_by, verdict};
use crate::rig::GateRig;
use anyhow::Context;
use std::io::Write;
use std::path::PathBuf;

/// Signal quality of every EEG channel, with the reason, and the gate's verdict
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic quality recording.bdf --mains 60")]
pub struct Args {
    /// EDF or BDF file, or a session (id, PARTICIPANT/NUMBER, "last")
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
    let loaded = files::load(&args.file, args.lenient, common)?;
    let eeg = EegWindow {
        rate: loaded.eeg.rate,
        expected_samples: loaded.eeg.samples(),
        labels: loaded.eeg.labels,
        data: loaded.eeg.data,
        mains_hz: args.mains,
        rail: loaded.rail,
    };
    let report = try_judge_by(&eeg, args.method).with_context(|| format!("cannot judge {}", args.file.display()))?;
    let rig = GateRig { method: args.method, ..GateRig::default() };
    let answer = verdict(&report, &rig);
    let mut out = std::io::stdout().lock();
    if common.json {
        let value = serde_json::json!({
            "file": args.file,
            "format": loaded.format,
            "rate_hz": eeg.rate,
            "mains_hz": args.mains,
            "method": args.method,
            "simulated": loaded.stream.simulated,
            "report": report,
            "verdict": answer,
            "notes": loaded.notes,
        });
        writeln!(out, "{value:#}")?;
        return Ok(());
    }
    let mark = if loaded.stream.simulated { "  SIMULATED" } else { "" };
    let shape = format!("{} EEG channels, {} Hz, {:.1} s", report.channels.len(), eeg.rate, report.seconds);
    writeln!(out, "{}: {}, {shape}{mark}; judged by the {} figures\n", args.file.display(), loaded.format, args.method.name())?;
    write!(out, "{}", text(&report, &answer))?;
    loaded.notes.iter().try_for_each(|note| writeln!(out, "! {note}"))?;
    if args.plot {
        write!(out, "{}", plot::failing(&eeg, &report, args.method, rig.bad_channel)?)?;
    }
    Ok(())
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
