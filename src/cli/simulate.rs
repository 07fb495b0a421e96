//! `limbic simulate`: simulated participants through the real lab on simulated time, for trying out, for tests and
//! for knowing what an evaluation says when the truth is known.

use crate::acquire::simulator::participant_rating;
use crate::cli::driver::{self, Script};
use crate::cli::{Common, progress};
use crate::job::Job;
use crate::lab::{Lab, LabOptions};
use crate::present::Playlist;
use crate::rig::{Device, Rig};
use crate::signal::{ManualClock, SharedClock, counted};
use crate::store::Home;
use crate::store::rows::{Consent, Participant, Session, SessionId, SessionState};
use anyhow::{Context, bail};
use std::path::Path;
use std::sync::Arc;

/// Record simulated participants into a home, faster than real time; what is there already is not recorded again
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic simulate --home study --participants 3 --trials 24 --seed 7")]
pub struct Args {
    /// Participants SIM01, SIM02, ...; each gets one session
    #[arg(long, default_value_t = 1)]
    participants: u32,
    /// Trials of a session
    #[arg(long, default_value_t = 24)]
    trials: u32,
    /// Length of each simulated video, s
    #[arg(long, default_value_t = 12.0)]
    video_s: f64,
    /// How strongly videos move the participants: 1 as modelled, 0 not at all
    #[arg(long, default_value_t = 1.0)]
    effect: f64,
    /// Face frames a second; 0 = no camera
    #[arg(long, default_value_t = 5.0)]
    face_fps: f64,
    /// Same seed, same signals; every participant has their own
    #[arg(long, default_value_t = 7)]
    seed: u64,
}

/// 2026-01-01 00:00 UTC: a fixed wall time, so that the same seed gives the same output.
pub const SIMULATED_UTC: i64 = 1_767_225_600_000_000_000;
/// Simulated sessions begin a day apart.
const DAY_NS: i64 = 86_400_000_000_000;
/// Most participants: their codes have two digits, or three.
const MOST: u32 = 999;

/// One simulated session.
pub struct Simulated {
    pub participant: String,
    pub seed: u64,
    pub trials: u32,
    pub video_s: f64,
    pub effect: f64,
    pub face_fps: f64,
    /// When it begins, wall time.
    pub utc: i64,
}

impl Default for Simulated {
    fn default() -> Self {
        let participant = "SIM01".to_string();
        Simulated { participant, seed: 7, trials: 24, video_s: 12.0, effect: 1.0, face_fps: 5.0, utc: SIMULATED_UTC }
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if args.participants == 0 || args.participants > MOST || args.trials == 0 {
        bail!("--participants is 1 to {MOST} and --trials at least 1");
    }
    let scratch = tempfile::tempdir().context("cannot make a temporary folder for the rig")?;
    let job = progress::job();
    let there = if common.home.is_dir() { Home::view(&common.home)?.sessions()? } else { Vec::new() };
    let mut sessions = Vec::new();
    for number in 1..=args.participants {
        let simulated = Simulated {
            participant: format!("SIM{number:02}"),
            // The first participant is the demo's.
            seed: args.seed + u64::from(number - 1),
            trials: args.trials,
            video_s: args.video_s,
            effect: args.effect,
            face_fps: args.face_fps,
            utc: SIMULATED_UTC + i64::from(number - 1) * DAY_NS,
        };
        if let Some(session) = simulated.find(&there)? {
            sessions.push((simulated.participant, session, true));
            continue;
        }
        let session = simulated.record(&common.home, scratch.path(), common.lib_dir.as_deref(), &job);
        progress::clear();
        let session = session.with_context(|| format!("cannot record {}", simulated.participant))?;
        sessions.push((simulated.participant, session, false));
    }
    if common.json {
        let all =
            sessions.iter().map(|(p, s, kept)| serde_json::json!({ "participant": p, "session": s.to_string(), "kept": kept }));
        let all: Vec<_> = all.collect();
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "simulated": true, "sessions": all }))?);
        return Ok(());
    }
    for (participant, session, kept) in &sessions {
        let kept = if *kept { "  recorded earlier" } else { "" };
        println!("{participant}  {session}  {} of {} s  SIMULATED{kept}", counted(args.trials as usize, "trial"), args.video_s);
    }
    Ok(())
}

impl Simulated {
    /// The session that this would be, where it was recorded before: a command that was stopped goes on.
    ///
    /// # Errors
    /// The same seed gave other sessions of the home their signals. Recorded once more they would count as new data, and one
    /// recording could be trained on and tested with.
    fn find(&self, sessions: &[Session]) -> anyhow::Result<Option<SessionId>> {
        let playlist = Playlist::simulated(self.trials as usize, self.video_s).name;
        let mut twins = sessions.iter().filter(|s| s.simulated && s.order_seed == self.seed).peekable();
        let Some(first) = twins.peek().copied() else { return Ok(None) };
        let same = |s: &&Session| {
            let devices = Rig::parse(&s.rig, Path::new("rig.toml")).map(|rig| rig.devices);
            s.participant == self.participant
                && s.state == SessionState::Complete
                && s.playlist == playlist
                && devices.is_ok_and(|d| d == self.devices())
        };
        if let Some(same) = twins.find(same) {
            return Ok(Some(same.id));
        }
        let what = if first.state == SessionState::Complete { "differs" } else { "is unfinished" };
        bail!(
            "{} has the signals of seed {} already and {what}: recorded again, they would count as new data; choose another \
             --seed or --home, or remove the old ones with `limbic erase {}`",
            first.name(),
            self.seed,
            first.participant
        )
    }

    /// Through the real lab: consent, devices, gate, protocol, ratings, store.
    ///
    /// # Errors
    /// Whatever the lab refuses: a home that cannot be written, lengths out of range.
    pub fn record(&self, home: &Path, scratch: &Path, library_dir: Option<&Path>, job: &Job) -> anyhow::Result<SessionId> {
        let rig_path = scratch.join("demo-rig.toml");
        std::fs::write(&rig_path, self.rig(scratch)?.to_toml())?;
        let clock: SharedClock = Arc::new(ManualClock::new(self.utc));
        let options = LabOptions::new(home.to_path_buf(), clock.clone());
        let library_dir = library_dir.map(Path::to_path_buf);
        let mut lab = Lab::new(LabOptions { library_dir, threaded_sources: false, ..options })?;
        let script = Script {
            rig: rig_path,
            participant: Participant {
                code: self.participant.clone(),
                note: "simulated participant".into(),
                ..Participant::default()
            },
            consent: Consent {
                recording: true,
                face_stored: self.face_fps > 0.0,
                form: "none needed: SIMULATED".into(),
                experimenter: "demo".into(),
                ..Consent::default()
            },
            override_reason: None,
            rate: &mut |view| {
                (participant_rating(self.seed, view.trial, view.intended), "simulated participant".into(), String::new())
            },
            watch: &mut |snapshot| {
                let (done, what) = (u64::from(snapshot.protocol.trial), format!("record {}", self.participant));
                Ok(job.report_with(&what, done, u64::from(self.trials), &driver::describe(snapshot))?)
            },
            gate_patience_s: 120.0,
            saved: &mut |_, _| {},
            remark: &mut |_| None,
        };
        driver::drive(&mut lab, &clock, script)
    }

    fn devices(&self) -> Vec<Device> {
        let mut devices = Rig::simulated(self.seed).devices;
        if let Some(Device::Simulator(simulator)) = devices.first_mut() {
            (simulator.face_fps, simulator.effect) = (self.face_fps, self.effect);
        }
        devices
    }

    fn rig(&self, scratch: &Path) -> anyhow::Result<Rig> {
        let mut rig = Rig { devices: self.devices(), ..Rig::simulated(self.seed) };
        rig.gate.window_s = 20.0;
        rig.protocol.baseline_open_s = 10.0;
        rig.protocol.baseline_closed_s = 10.0;
        rig.protocol.rest_s = 3.0;
        rig.protocol.order_seed = Some(self.seed);
        let playlist = Playlist::simulated(self.trials as usize, self.video_s);
        let path = scratch.join("demo-playlist.toml");
        std::fs::write(&path, toml::to_string(&playlist)?)?;
        rig.stimulus.playlist = Some(path);
        Ok(rig)
    }
}
