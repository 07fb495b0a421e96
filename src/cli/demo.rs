//! `limbic demo`: the whole path on a simulated participant, faster than real time; ends with the review.

use crate::acquire::simulator::participant_rating;
use crate::cli::driver::{self, Script};
use crate::cli::{Common, progress, text};
use crate::job::Job;
use crate::lab::message::Review;
use crate::lab::{Lab, LabOptions};
use crate::rig::{Device, Rig};
use crate::signal::{ManualClock, SharedClock};
use crate::store::Home;
use crate::store::rows::{Consent, Participant, SessionId};
use crate::study::{self, Outcome, Plan};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The whole path on a simulated participant: record, train, predict, explain
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic demo --seed 7 --keep demo-home")]
pub struct Args {
    /// Same seed, same output
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Trials to record
    #[arg(long, default_value_t = 24)]
    trials: u32,
    /// Length of each simulated video, s
    #[arg(long, default_value_t = 12.0)]
    video_s: f64,
    /// Keep the recorded home in this folder instead of a temporary one; then `limbic --home DIR` opens it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// 2026-01-01 00:00 UTC: a fixed wall time, so that the same seed gives the same output.
const DEMO_UTC: i64 = 1_767_225_600_000_000_000;

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder for the demo")?;
    let home = args.keep.clone().unwrap_or_else(|| folder.path().join("home"));
    if home.join("db").exists() {
        bail!("{} already holds a home; the demo keeps its data in a new folder", home.display());
    }
    let job = progress::job();
    let session = record(args, &home, folder.path(), common.lib_dir.as_deref(), &job)?;
    let store = Home::open(&home)?;
    let plan = Plan {
        sessions: vec![session],
        hidden: 64,
        epochs: 14,
        folds: 4,
        seed: args.seed,
        created_utc: DEMO_UTC,
        library_dir: common.lib_dir.clone(),
        features_per_step: 4,
        samples_per_class: 40,
        ..Plan::default()
    };
    let outcome = study::run(&store, &plan, &job, &mut |_| {});
    progress::clear();
    let outcome = outcome?;
    let review = study::review(&store, session)?;
    if common.json {
        println!(
            "{}",
            serde_json::to_string_pretty(
                &serde_json::json!({ "simulated": true, "seed": args.seed, "outcome": outcome, "review": review })
            )?
        );
    } else {
        print!("{}", report(args, &review, &outcome));
        if let Some(kept) = &args.keep {
            println!("\nKept in {0}. Look around with: limbic --home {0}", kept.display());
        }
    }
    Ok(())
}

/// One simulated session through the real lab: consent, devices, gate, protocol, ratings, store.
fn record(args: &Args, home: &Path, scratch: &Path, library_dir: Option<&Path>, job: &Job) -> anyhow::Result<SessionId> {
    let rig_path = scratch.join("demo-rig.toml");
    std::fs::write(&rig_path, rig(args, scratch)?.to_toml())?;
    let clock: SharedClock = Arc::new(ManualClock::new(DEMO_UTC));
    let options = LabOptions::new(home.to_path_buf(), clock.clone());
    let mut lab = Lab::new(LabOptions { library_dir: library_dir.map(Path::to_path_buf), threaded_sources: false, ..options })?;
    let script = Script {
        rig: rig_path,
        participant: Participant { code: "SIM01".into(), note: "simulated participant".into(), ..Participant::default() },
        consent: Consent {
            recording: true,
            face_stored: true,
            form: "none needed: SIMULATED".into(),
            experimenter: "demo".into(),
            ..Consent::default()
        },
        override_reason: None,
        rate: &mut |view| {
            (participant_rating(args.seed, view.trial, view.intended), "simulated participant".into(), String::new())
        },
        watch: &mut |snapshot| {
            let trials = u64::from(args.trials);
            Ok(job.report_with("record", u64::from(snapshot.protocol.trial), trials, &driver::describe(snapshot))?)
        },
        gate_patience_s: 120.0,
        saved: &mut |_, _| {},
        remark: &mut |_| None,
    };
    driver::drive(&mut lab, &clock, script)
}

fn rig(args: &Args, scratch: &Path) -> anyhow::Result<Rig> {
    let mut rig = Rig::simulated(args.seed);
    if let Some(Device::Simulator(simulator)) = rig.devices.first_mut() {
        simulator.face_fps = 5.0;
    }
    rig.gate.window_s = 20.0;
    rig.protocol.baseline_open_s = 10.0;
    rig.protocol.baseline_closed_s = 10.0;
    rig.protocol.rest_s = 3.0;
    rig.protocol.order_seed = args.seed;
    let playlist = crate::present::Playlist::simulated(args.trials as usize, args.video_s);
    let path = scratch.join("demo-playlist.toml");
    std::fs::write(&path, toml::to_string(&playlist)?)?;
    rig.stimulus.playlist = Some(path);
    Ok(rig)
}

fn report(args: &Args, review: &Review, outcome: &Outcome) -> String {
    let mut out = String::new();
    out += &format!("LIMBIC DEMO, seed {}: everything below is SIMULATED\n\n1. RECORDED\n", args.seed);
    out += &text::session(&review.session, &review.streams, &review.trials);
    out += &format!("\n2. TRAINED AND PREDICTED\n{}\n\n", outcome.summary);
    out += &text::review(review);
    if let Some((runtime, difference)) = &outcome.runtime_agreement {
        out += &format!(
            "{runtime} agrees with limbic's own forward pass: largest logit difference {}\n",
            if *difference <= 1e-4 { "below 1e-4".to_string() } else { format!("{difference:.1e}") }
        );
    }
    if let Some(explanation) = &outcome.explanation {
        out += "\n3. EXPLAINED\n";
        out += &text::quality_test(explanation);
        for class in &explanation.classes {
            out += "\n";
            out += &text::topographies(explanation, class, 80, 22);
        }
        for caveat in &explanation.caveats {
            out += &format!("! {caveat}\n");
        }
    }
    out
}
