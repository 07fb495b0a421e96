//! `limbic lab`: the background half by itself. It runs until it is told to stop, or is idle and alone.

use crate::cli::background::{self, Log};
use crate::cli::{Common, guided};
use crate::lab::Lab;
use crate::lab::socket::{self, Options, Server};
use anyhow::Context;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The background half by itself: devices, store, player; screens attach to it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It stays in the foreground of this terminal; Ctrl-C or SIGTERM interrupts a recording cleanly, so that it \
                  can go on later, and ends the lab; a closed terminal does not. `limbic` starts one in the background by itself. Where systemd ends what a \
                  login leaves behind (KillUserProcesses=yes), start it with `systemd-run --user --scope limbic lab` and \
                  allow lingering.\n\n\
                  Example: limbic lab --idle-s 3600"
)]
pub struct Args {
    /// End when nobody has visited for so long, nothing is recorded and no job runs; 0: never
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    idle_s: f64,
    /// Ask the running lab of this home to end; refused while it records
    #[arg(long)]
    stop: bool,
    /// Started by `limbic` in the background
    #[arg(long, hide = true)]
    detached: bool,
}

/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(10);

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.stop {
        socket::stop(&common.home)?;
        if common.json {
            println!("{}", serde_json::json!({ "home": common.home, "stopped": true }));
        } else {
            println!("The lab of {} has ended.", common.home.display());
        }
        return Ok(());
    }
    let idle = (args.idle_s > 0.0).then(|| Duration::try_from_secs_f64(args.idle_s));
    let idle = idle.transpose().context("--idle-s is no length of time that can be waited for")?;
    if args.detached {
        return detached(common, idle);
    }
    let stop = stop_flag()?;
    let (lab, server) = open(common)?;
    let at = server.path().display().to_string();
    if common.json {
        println!("{}", serde_json::json!({ "home": common.home, "socket": at, "process": std::process::id() }));
    } else {
        println!("The lab of {} is open (process {}, {at}).", common.home.display(), std::process::id());
    }
    serve(lab, server, idle, stop)
}

fn open(common: &Common) -> anyhow::Result<(Lab, Server)> {
    let lab = Lab::new(guided::options(common))?;
    let server = Server::open(&lab)?;
    Ok((lab, server))
}

/// As a process of its own: says once how it went, then writes to its log only.
fn detached(common: &Common, idle: Option<Duration>) -> anyhow::Result<()> {
    let begun = stop_flag().and_then(|stop| {
        let (lab, server) = open(common)?;
        Ok((lab, server, stop, Log::take_errors(&common.home)?))
    });
    let (lab, server, stop, log) = begun.inspect_err(|e| background::report(Err(&format!("{e:#}"))))?;
    log.bound();
    background::report(Ok(()));
    log.take_output();
    // It ends with the process.
    let watch = move || {
        loop {
            std::thread::sleep(LOOK);
            log.bound();
        }
    };
    std::thread::Builder::new().name("log".into()).spawn(watch).context("cannot start the log's thread")?;
    serve(lab, server, idle, stop)
}

fn serve(lab: Lab, server: Server, idle: Option<Duration>, stop: Arc<AtomicBool>) -> anyhow::Result<()> {
    let notice = Box::new(say);
    say(&format!("limbic {} opens the lab", env!("CARGO_PKG_VERSION")));
    server.run(lab, Options { idle, stop: stop.clone(), notice })?;
    say(if stop.load(Ordering::Relaxed) { "the lab was stopped" } else { "the lab has ended" });
    Ok(())
}

/// A line with its time. A terminal that was closed takes none, which must not end the lab: no `eprintln!` here.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{} {text}", chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ"));
}

/// Raised by SIGINT and SIGTERM. SIGHUP is heard and nothing follows: a recording does not end with a terminal.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, stop.clone()).context("cannot listen for signals")?;
    }
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::default()).context("cannot listen for signals")?;
    Ok(stop)
}
