//! `limbic record`: records without the screens: the rig's whole protocol, or just so many seconds. Stops cleanly on
//! Ctrl-C or SIGTERM.

use crate::acquire::simulator::participant_rating;
use crate::acquire::{self, Packet, Pump, Surroundings};
use crate::cli::driver::{self, Script};
use crate::cli::{Common, text};
use crate::lab::clocks::Clocks;
use crate::lab::message::Action;
use crate::lab::{Lab, LabOptions};
use crate::rig::{Device, Rig};
use crate::signal::{
    Marker, MarkerKind, Rating, SECOND, Seed, SharedClock, StreamId, StreamInfo, SystemClock, seconds, to_nanos,
};
use crate::store::rows::{ClockPair, Consent, Entry, Participant, Session, SessionId, SessionState};
use crate::store::{DiskGuard, DiskState, Home, Recorder, RecorderStatus, check_room, expected_bytes_per_s, free_bytes};
use anyhow::{Context, bail};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

/// Chunks that may wait for the disk before they count as dropped: about ten seconds of a busy rig.
const CAPACITY: usize = 1024;

/// How often devices are drained.
const POLL: Duration = Duration::from_millis(30);

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let rig = match &args.rig {
        Some(path) => Rig::load(path)?,
        None => Rig::simulated(7),
    };
    match args.seconds {
        Some(length) if length > 0.0 && length <= 86_400.0 => free(args, &rig, length, common),
        Some(length) => bail!("--seconds {length} is not between 0 and 86400"),
        None => protocol(args, &rig, common),
    }
}

/// The rig's protocol through the lab, in real time.
fn protocol(args: &Args, rig: &Rig, common: &Common) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    let consent = consent(args, rig.is_simulated(), &clock)?;
    let scratch = tempfile::tempdir()?;
    let rig_path = match &args.rig {
        Some(path) => path.clone(),
        None => {
            let path = scratch.path().join("rig.toml");
            std::fs::write(&path, rig.to_toml())?;
            path
        }
    };
    let options = LabOptions { library_dir: common.lib_dir.clone(), ..LabOptions::new(common.home.clone(), clock.clone()) };
    let mut lab = Lab::new(options)?;
    let job = crate::cli::progress::job();
    let stop = stop_flag()?;
    let simulated = args.ratings == "simulated";
    let mut remarks = Remarks { clock: clock.clone(), next: clock.now(), count: 0 };
    let script = Script {
        rig: rig_path,
        participant: Participant { code: args.participant.clone(), ..Participant::default() },
        consent,
        override_reason: args.override_reason.clone(),
        rate: &mut |view| match simulated {
            true => (
                participant_rating(rig.protocol.order_seed, view.trial, view.intended),
                "simulated participant".into(),
                String::new(),
            ),
            false => (Rating::default(), "nobody".into(), "recorded without ratings".into()),
        },
        watch: &mut |snapshot| {
            if stop.load(Ordering::Relaxed) {
                bail!("stopped on request; what was recorded is kept");
            }
            let p = &snapshot.protocol;
            Ok(job.report_with("record", u64::from(p.trial), u64::from(p.trials), &driver::describe(snapshot))?)
        },
        gate_patience_s: if args.exercise { 0.5 } else { rig.gate.window_s + 30.0 },
        saved: &mut |action, id| {
            if args.events {
                tell(action, id);
            }
        },
        remark: &mut |_| if args.exercise { remarks.next() } else { None },
    };
    let id = driver::drive(&mut lab, &clock, script);
    drop(lab);
    crate::cli::progress::clear();
    let id = id?;
    let home = Home::open(&common.home)?;
    finish(&home, id, common)
}

/// Numbered notes and marks in turn.
struct Remarks {
    clock: SharedClock,
    next: i64,
    count: u64,
}

impl Remarks {
    fn next(&mut self) -> Option<Action> {
        if self.clock.now() < self.next {
            return None;
        }
        self.next = self.clock.now() + SECOND / 8;
        self.count += 1;
        let text = format!("remark {}", self.count);
        Some(if self.count.is_multiple_of(2) { Action::Note { text } } else { Action::Mark { text } })
    }
}

/// A line for whoever reads along; it is written at once, for the next moment may be the last.
fn tell(action: &Action, id: SessionId) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", serde_json::json!({ "saved": action, "session": id.to_string() })).and_then(|()| out.flush());
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

/// Just so many seconds of every stream.
fn free(args: &Args, rig: &Rig, length: f64, common: &Common) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    // Devices first: a missing one leaves no empty session behind.
    let (mut pumps, absent) = open(rig, common, &clock)?;
    let streams: Vec<_> = pumps.iter().flat_map(|p| p.streams().to_vec()).collect();
    let simulated = streams.iter().any(|s| s.simulated);
    let consent = consent(args, simulated, &clock)?;
    let home = Home::open(&common.home)?;
    let expected = expected_bytes_per_s(&streams, args.face);
    check_room(&common.home, length, expected)?;
    let session = session(args, rig, &home, &clock, simulated)?;
    let id = session.id;
    let person = Participant { code: args.participant.clone(), ..Participant::default() };
    let mut writer = home.create_session(session, person, consent)?;
    writer.declare_streams(&streams)?;
    let mut recorder = Recorder::spawn(writer, CAPACITY, clock.clone(), false)?;
    for pump in &mut pumps {
        pump.start()?;
    }
    for why in &absent {
        let marker = Marker { at: clock.now(), kind: MarkerKind::Trouble, text: why.clone(), trial: None };
        recorder.journal(Entry::Marker(id, marker), 0);
    }
    let mut guard = Guarded { guard: DiskGuard::new(expected), home: common.home.clone() };
    let outcome = pump_all(length, &mut pumps, &mut recorder, (&clock, &mut guard), id);
    for pump in &mut pumps {
        pump.stop();
    }
    let state = if outcome.is_ok() { SessionState::Complete } else { SessionState::Aborted };
    recorder.close(state, clock.now())?;
    outcome?;
    crate::cli::progress::clear();
    finish(&home, id, common)?;
    if let Some(why) = absent.first() {
        bail!("recorded without {why}");
    }
    Ok(())
}

/// Ends a recording before the disk is full.
struct Guarded {
    guard: DiskGuard,
    home: PathBuf,
}

impl Guarded {
    fn look(&mut self, now: i64, written: u64) -> anyhow::Result<()> {
        let free = free_bytes(&self.home);
        if self.guard.look(now, free, written) == DiskState::Full {
            let left = free.unwrap_or(0) >> 20;
            bail!("the disk at {} is full ({left} MiB left): the session was ended; all before is saved", self.home.display());
        }
        Ok(())
    }
}

/// The rig's devices, and sentences about cameras that are not there: the others are recorded without them.
fn open(rig: &Rig, common: &Common, clock: &SharedClock) -> anyhow::Result<(Vec<Pump>, Vec<String>)> {
    let mut first_stream = 0;
    let (mut pumps, mut absent) = (Vec::new(), Vec::new());
    for device in &rig.devices {
        let around = Surroundings { clock: clock.clone(), first_stream, library_dir: common.lib_dir.clone(), log_dir: None };
        let source = match acquire::open(device, &around) {
            Err(e) if matches!(device, Device::Camera(_)) && rig.devices.len() > 1 => {
                absent.push(e.to_string());
                continue;
            }
            source => source?,
        };
        let pump = Pump::spawn(source, CAPACITY);
        first_stream += pump.streams().len() as u16;
        pumps.push(pump);
    }
    Ok((pumps, absent))
}

fn session(args: &Args, rig: &Rig, home: &Home, clock: &SharedClock, simulated: bool) -> anyhow::Result<Session> {
    let utc = clock.utc();
    Ok(Session {
        id: home.new_session_id(utc, &mut Seed::new(utc as u64)),
        participant: args.participant.clone(),
        number: home.next_number(&args.participant)?,
        state: SessionState::Recording,
        started_utc: utc,
        started: clock.now(),
        ended: None,
        rig_name: rig.name.clone(),
        rig: rig.to_toml(),
        playlist: String::new(),
        order_seed: 0,
        player: "none".into(),
        simulated,
        limbic_version: env!("CARGO_PKG_VERSION").into(),
        trials_planned: 0,
        verdict: None,
        override_reason: None,
        quality: None,
        source: "recorded".into(),
    })
}

/// Drains the devices until the time is over or someone asks to stop.
fn pump_all(
    length: f64,
    pumps: &mut [Pump],
    recorder: &mut Recorder,
    (clock, guard): (&SharedClock, &mut Guarded),
    id: SessionId,
) -> anyhow::Result<()> {
    let stop = stop_flag()?;
    let started = clock.now();
    let mut ticket = 0;
    let mut journal = |recorder: &mut Recorder, entry: Entry| {
        ticket += 1;
        recorder.journal(entry, ticket);
    };
    let marker = |at, kind, text: String| Entry::Marker(id, Marker { at, kind, text, trial: None });
    journal(recorder, marker(started, MarkerKind::SessionStart, String::new()));
    let mut next_pair = started;
    let streams: Vec<StreamInfo> = pumps.iter().flat_map(|p| p.streams().to_vec()).collect();
    let named = |stream: StreamId, text: &str| match streams.iter().find(|s| s.id == stream) {
        Some(s) => format!("{}: {text}", s.name),
        None => text.to_string(),
    };
    let mut clocks = Clocks::new(&streams);
    let mut troubles: Vec<(StreamId, String)> = Vec::new();
    while seconds(clock.now() - started) < length && !stop.load(Ordering::Relaxed) {
        if clock.now() >= next_pair {
            journal(recorder, Entry::Clock(id, ClockPair::of(&**clock)));
            next_pair += 10 * SECOND;
        }
        for pump in pumps.iter_mut() {
            for packet in pump.drain()? {
                troubles.extend(take(packet, id, &mut clocks, recorder, &mut journal));
            }
        }
        troubles.extend(clocks.refresh(clock.now()));
        for (stream, text) in troubles.drain(..) {
            let text = named(stream, &text);
            crate::cli::progress::clear();
            eprintln!("{text}");
            journal(recorder, marker(clock.now(), MarkerKind::Trouble, text));
        }
        let status = recorder.status();
        if let Some(trouble) = &status.trouble {
            bail!("{trouble}");
        }
        guard.look(clock.now(), status.written_bytes)?;
        progress(&status, clock.now() - started, to_nanos(length));
        clock.wait(POLL);
    }
    journal(
        recorder,
        marker(
            clock.now(),
            MarkerKind::SessionEnd,
            if stop.load(Ordering::Relaxed) { "stopped on request".into() } else { String::new() },
        ),
    );
    Ok(())
}

/// Hands one packet to the recorder; answers what a person should hear of.
fn take(
    packet: Packet,
    id: SessionId,
    clocks: &mut Clocks,
    recorder: &mut Recorder,
    journal: &mut impl FnMut(&mut Recorder, Entry),
) -> Option<(StreamId, String)> {
    match packet {
        Packet::Samples(chunk) => {
            let gap = clocks.samples(&chunk).map(|text| (chunk.stream, text));
            recorder.samples(chunk);
            return gap;
        }
        Packet::Frame(frame) => recorder.frame(frame),
        Packet::Offset(offset) => journal(recorder, Entry::Offset(id, offset)),
        Packet::Marker(said) => journal(recorder, Entry::Marker(id, said)),
        Packet::Trouble { stream, message } => return Some((stream, message)),
    }
    None
}

/// Raised by SIGINT and SIGTERM.
fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, stop.clone()).context("cannot listen for Ctrl-C")?;
    }
    Ok(stop)
}

fn progress(status: &RecorderStatus, elapsed: i64, planned: i64) {
    if std::io::stderr().is_terminal() {
        let lost: u64 = status.streams.iter().map(|s| s.lost + s.dropped).sum();
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[K{:.0} / {:.0} s  {} kB  lost {lost}",
            seconds(elapsed),
            seconds(planned),
            status.written_bytes / 1000
        );
        let _ = std::io::stderr().flush();
    }
}

fn finish(home: &Home, id: SessionId, common: &Common) -> anyhow::Result<()> {
    let recording = home.recording(id)?;
    if common.json {
        println!("{}", serde_json::json!({ "session": recording.session, "streams": recording.streams }));
    } else {
        print!("{}", text::session(&recording.session, &recording.streams, &recording.trials));
    }
    Ok(())
}
