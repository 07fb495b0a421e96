//! `limbic record`: records without the screens: the rig's whole protocol, or just so many seconds. Stops cleanly on
//! Ctrl-C or SIGTERM.

mod free;
mod protocol;

use crate::cli::{Common, text};
use crate::rig::Rig;
use crate::signal::SharedClock;
use crate::store::Home;
use crate::store::rows::{Consent, SessionId};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Record without the screens
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic record --rig rig.toml --seconds 60 --participant P07 --consent \"form v3, signed 2026-11-21\""
)]
pub struct Args {
    /// The rig file; the simulated rig when absent
    #[arg(long, value_name = "FILE")]
    rig: Option<PathBuf>,
    /// Record so many seconds and nothing else: no gate, no videos; the rig's protocol when absent
    #[arg(long)]
    seconds: Option<f64>,
    /// Pseudonym
    #[arg(long, value_name = "CODE", default_value = "TEST")]
    participant: String,
    /// What was signed, by version and date; needed unless the rig is simulated
    #[arg(long, value_name = "TEXT")]
    consent: Option<String>,
    /// Store the camera's pictures too
    #[arg(long)]
    face: bool,
    /// The participant agreed that face video may leave the lab (`limbic export --to mkv`)
    #[arg(long, requires = "face")]
    face_shared: bool,
    /// Who answers after each video: nobody (a reason is stored), or the simulated participant
    #[arg(long, value_parser = ["none", "simulated"], default_value = "none")]
    ratings: String,
    /// Go on below the quality gate, for this reason
    #[arg(long = "override", value_name = "REASON")]
    override_reason: Option<String>,
    /// Print one JSON line for everything that is safe on the disk
    #[arg(long)]
    events: bool,
    /// Add a note and a mark several times a second, and do not wait for the gate: for tests that end it by force
    #[arg(long, hide = true, requires = "override_reason")]
    exercise: bool,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let rig = match &args.rig {
        Some(path) => Rig::load(path)?,
        None => Rig::simulated(7),
    };
    match args.seconds {
        Some(length) if length > 0.0 && length <= 86_400.0 => free::free(args, &rig, length, common),
        Some(length) => bail!("--seconds {length} is not between 0 and 86400"),
        None => protocol::protocol(args, &rig, common),
    }
}

/// What was signed; needed unless nobody is measured.
fn consent(args: &Args, simulated: bool, clock: &SharedClock) -> anyhow::Result<Consent> {
    let form = match &args.consent {
        Some(form) => form.clone(),
        None if simulated => "none needed: SIMULATED".into(),
        None => {
            bail!("recording a person needs their consent: say what was signed with --consent \"form v3, signed 2026-11-21\"")
        }
    };
    Ok(Consent {
        recording: true,
        face_stored: args.face,
        face_shared: args.face_shared,
        form,
        signed_utc: clock.utc(),
        ..Consent::default()
    })
}

/// Raised by SIGINT and SIGTERM.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, stop.clone()).context("cannot listen for Ctrl-C")?;
    }
    Ok(stop)
}

fn finish(home: &Home, id: SessionId, common: &Common) -> anyhow::Result<()> {
    let recording = home.recording(id)?;
    if common.json {
        println!("{}", serde_json::json!({ "session": recording.session, "streams": recording.streams }));
    } else {
        print!(
            "{}",
            text::session(&recording.session, &recording.streams, &recording.consent, &recording.trials, |t| recording
                .is_usable(t))
        );
    }
    Ok(())
}
