//! `limbic verify`: every frame and checksum of sessions; or the catalogue made again from the journals.

use crate::cli::Common;
use crate::store::{Home, Repaired, VerifyReport};
use anyhow::bail;

/// Check every frame of a session, or rebuild the catalogue
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic verify last")]
pub struct Args {
    #[arg(help = session_help!("Session: ", "; all when absent"))]
    session: Option<String>,
    /// Make the catalogue again from journals and segments
    #[arg(long)]
    rebuild: bool,
    /// Put damaged rows (labels, markers, notes, consent) back from the catalogue, where that still has them
    #[arg(long, conflicts_with = "rebuild")]
    repair: bool,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.rebuild {
        let report = Home::open(&common.home)?.rebuild()?;
        if common.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!(
                "{} sessions, {} rows; the catalogue {}",
                report.sessions,
                report.rows,
                if report.was_equal {
                    "was already what the journals say"
                } else {
                    "differed from the journals and was made again"
                }
            );
        }
        return Ok(());
    }
    let home = if args.repair { Home::open(&common.home)? } else { Home::view(&common.home)? };
    let session = args.session.as_deref().map(|s| home.find_session(s)).transpose()?.map(|s| s.id);
    if args.repair {
        for row in home.repair(session)? {
            let Repaired { name, file, offset, bytes, wrong, row } = row;
            // Standard output is for the report that follows.
            eprintln!("{name}: {file}, {bytes} bytes at {offset}: {row} is put back, {wrong} of them had been wrong");
        }
    }
    let reports = home.verify(session)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
    } else {
        for report in &reports {
            print!("{}", describe(report));
        }
    }
    let damaged = reports.iter().filter(|r| !r.is_sound()).count();
    if damaged > 0 {
        bail!("{damaged} of {} sessions are damaged; what is readable stays readable, see above for where", reports.len());
    }
    Ok(())
}

fn describe(report: &VerifyReport) -> String {
    let frames: u64 = report.files.iter().map(|f| f.frames).sum();
    let bytes: u64 = report.files.iter().map(|f| f.bytes).sum();
    let who = if report.participant.is_empty() { String::new() } else { format!(" {}/{}", report.participant, report.number) };
    let verdict = if report.is_sound() { "ok" } else { "DAMAGED" };
    let mut text =
        format!("{}{who}: {verdict}, {} files, {frames} frames, {} kB\n", report.name, report.files.len(), bytes / 1000);
    for stream in &report.streams {
        text += &format!(
            "  {}: {} written, {} found, {} lost, {} dropped, {} gaps\n",
            stream.name, stream.written, stream.found, stream.lost, stream.dropped, stream.gaps
        );
    }
    for problem in &report.problems {
        text += &format!("  ! {problem}\n");
    }
    text
}
