//! `limbic doctor`: what this machine has and lacks, what that costs, and the command that mends it.

mod machine;

use crate::acquire::{AcquireError, brainflow, camera, lsl};
use crate::cli::text;
use crate::infer::runtime;
use crate::native::{self, Library};
use crate::rig::{Device, Rig};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How long streams are waited for, s.
const SEARCH_S: f64 = 2.0;

/// Show what this machine has and lacks, what that costs, and the command that mends it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic doctor --json\n         limbic doctor --streams --rig rig.toml")]
pub struct Args {
    /// List the LSL streams on the network instead
    #[arg(long)]
    streams: bool,
    /// With --streams: take known_peers and multicast from this rig's LSL device
    #[arg(long, value_name = "FILE", requires = "streams")]
    rig: Option<PathBuf>,
}

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Ok,
    /// Not there.
    Missing,
    /// There, but not usable.
    Broken,
    /// Usable, with a drawback.
    Weak,
}

/// One line of the table; the JSON has the same keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    pub name: &'static str,
    pub state: State,
    /// Version, amount or kind; "" where there is none.
    pub version: String,
    /// Where it was found.
    pub path: Option<PathBuf>,
    /// What does not work because of it; "" where all is well.
    pub cost: String,
    /// The command that mends it; "" where all is well.
    pub mend: String,
}

impl Finding {
    fn ok(name: &'static str, version: impl Into<String>) -> Self {
        Finding { name, state: State::Ok, version: version.into(), path: None, cost: String::new(), mend: String::new() }
    }

    fn bad(name: &'static str, state: State, cost: impl Into<String>, mend: impl Into<String>) -> Self {
        Finding { state, cost: cost.into(), mend: mend.into(), ..Finding::ok(name, "") }
    }
}

/// Prints the table, or with `json` {"findings": [{name, state: "ok" | "missing" | "broken" | "weak", version, path,
/// cost, mend}]}. Succeeds whatever it finds: limbic works without any of it.
///
/// # Errors
/// Writing fails.
pub fn run(args: &Args, library_dir: Option<&Path>, home: &Path, json: bool) -> anyhow::Result<()> {
    if args.streams {
        return streams(args, library_dir, json);
    }
    let findings = examine(library_dir, home);
    if json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "findings": findings }))?);
    } else {
        print!("{}", table(&findings));
    }
    Ok(())
}

/// The LSL streams that answer, or with `json` {"streams": [{name, type, channels, rate, format, host, source_id}]}.
fn streams(args: &Args, library_dir: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let rig = args.rig.as_deref().map(Rig::load).transpose()?;
    let lsl = rig.as_ref().and_then(|r| r.devices.iter().find_map(|d| if let Device::Lsl(lsl) = d { Some(lsl) } else { None }));
    let found = lsl::streams(library_dir, lsl, SEARCH_S)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "streams": found }))?);
        return Ok(());
    }
    let row = |s: &lsl::Found| {
        let rate = if s.rate > 0.0 { format!("{} Hz", s.rate) } else { "irregular".into() };
        vec![s.name.clone(), s.kind.clone(), s.channels.to_string(), rate, s.format.clone(), s.host.clone(), s.source_id.clone()]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    print!("{}", text::table(&["stream", "type", "channels", "rate", "format", "host", "source_id"], &rows));
    println!("{} LSL streams answered within {SEARCH_S} s.", found.len());
    Ok(())
}

/// What is not as it should be among the libraries, a line each, for the home screen.
pub fn lines(library_dir: Option<&Path>) -> Vec<String> {
    let not_ok = libraries(library_dir).into_iter().filter(|f| f.state != State::Ok);
    not_ok.map(|f| format!("{} {}: {}; {}", f.name, word(f.state), f.cost, f.mend)).collect()
}

/// Everything, in the order of the table. `home` is where sessions go.
pub fn examine(library_dir: Option<&Path>, home: &Path) -> Vec<Finding> {
    let mut findings = libraries(library_dir);
    findings.extend([
        machine::cameras(&camera::cameras()),
        machine::mpv(),
        machine::display(),
        machine::gpu(),
        machine::disk(home),
        machine::terminal(),
    ]);
    findings
}

fn libraries(library_dir: Option<&Path>) -> Vec<Finding> {
    Library::ALL.into_iter().map(|l| library(l, library_dir)).collect()
}

/// Opens the library, because a file that is there may still not load.
fn library(library: Library, library_dir: Option<&Path>) -> Finding {
    let path = native::find(library, library_dir);
    let version = match (library, &path) {
        (_, None) => return Finding::bad(library.name(), State::Missing, library.cost_of_absence(), mend(library)),
        (Library::BrainFlow, _) => brainflow::version(library_dir).map_err(words),
        (Library::Lsl, _) => lsl::version(library_dir).map(Option::unwrap_or_default).map_err(words),
        (Library::OnnxRuntime, Some(path)) => runtime::probe(path),
    };
    let found = match version {
        Ok(version) => Finding::ok(library.name(), version),
        Err(message) => {
            let cost = format!("{} ({message})", library.cost_of_absence());
            Finding::bad(library.name(), State::Broken, cost, mend(library))
        }
    };
    Finding { path, ..found }
}

fn words(error: AcquireError) -> String {
    match error {
        AcquireError::BadLibrary { message, .. } => message,
        other => other.to_string(),
    }
}

fn mend(library: Library) -> String {
    match native::pin(library) {
        Some(_) => format!("limbic setup --only {}", library.key()),
        None => "no package for this machine; build it and point --lib-dir at it".into(),
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Missing => "MISSING",
        State::Broken => "BROKEN",
        State::Weak => "weak",
    }
}

/// One line a finding; what is wrong stands indented below, so that 80 columns suffice.
fn table(findings: &[Finding]) -> String {
    let mut text = format!("{:<14} {:<8} {:<20} where\n", "", "state", "version");
    for finding in findings {
        let path = finding.path.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
        let line = format!("{:<14} {:<8} {:<20} {path}", finding.name, word(finding.state), finding.version);
        text += line.trim_end();
        text += "\n";
        for (what, words) in [("costs", &finding.cost), ("mend ", &finding.mend)] {
            if !words.is_empty() {
                text += &format!("    {what}: {words}\n");
            }
        }
    }
    let wrong = findings.iter().filter(|f| f.state != State::Ok).count();
    text += &match wrong {
        0 => "All is there.\n".to_string(),
        n => format!("{n} of {} could be better; limbic works without them, at the costs above.\n", findings.len()),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_costs_and_mends() {
        let findings = [
            Finding { path: Some("/lib/libBoardController.so".into()), ..Finding::ok("BrainFlow", "5.23.0") },
            Finding::bad("mpv", State::Missing, "no videos", "sudo apt install mpv"),
        ];
        let text = table(&findings);
        assert!(text.contains("BrainFlow      ok       5.23.0               /lib/libBoardController.so\n"), "{text}");
        assert!(text.contains("mpv            MISSING\n    costs: no videos\n    mend : sudo apt install mpv\n"), "{text}");
        assert!(text.ends_with("1 of 2 could be better; limbic works without them, at the costs above.\n"), "{text}");
    }

    #[test]
    fn a_file_that_is_no_library_is_broken_not_missing() {
        let folder = tempfile::tempdir().expect("folder");
        for name in ["libBoardController.so", "liblsl.so", "libonnxruntime.so"] {
            std::fs::write(folder.path().join(name), b"not a library").expect("file");
        }
        for finding in libraries(Some(folder.path())) {
            assert_eq!(finding.state, State::Broken, "{finding:?}");
            assert!(finding.cost.contains(&folder.path().display().to_string()), "{finding:?}");
        }
        assert_eq!(lines(Some(folder.path())).len(), 3);
    }

    #[test]
    fn every_thing_is_examined_once() {
        let findings = examine(None, Path::new("sessions"));
        let names: Vec<&str> = findings.iter().map(|f| f.name).collect();
        let all = ["BrainFlow", "liblsl", "ONNX Runtime", "camera", "mpv", "display", "training", "disk space", "terminal"];
        assert_eq!(names, all);
        assert!(findings.iter().all(|f| (f.state == State::Ok) == f.mend.is_empty()), "{findings:?}");
    }
}
