//! Just so many seconds of every stream: no gate, no videos.

use super::{Args, consent, finish, stop_flag};
use crate::acquire::{self, Packet, Pump, Surroundings};
use crate::cli::Common;
use crate::lab::clocks::Clocks;
use crate::rig::{Device, Rig};
use crate::signal::{Marker, MarkerKind, SECOND, Seed, SharedClock, StreamId, StreamInfo, SystemClock, seconds, to_nanos};
use crate::store::rows::{ClockPair, Entry, Participant, Session, SessionId, SessionState};
use crate::store::{DiskGuard, DiskState, Home, Recorder, RecorderStatus, check_room, expected_bytes_per_s, free_bytes};
use anyhow::bail;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Chunks that may wait for the disk before they count as dropped: about ten seconds of a busy rig.
const CAPACITY: usize = 1024;

/// How often devices are drained.
const POLL: Duration = Duration::from_millis(30);

/// Samples come in packets and a little late: the last of those that were asked for are waited for so long, s. A stream that
/// fell silent is not waited for longer.
const LAST_S: f64 = 2.0;

/// Just so many seconds of every stream.
pub(super) fn free(args: &Args, rig: &Rig, length: f64, common: &Common) -> anyhow::Result<()> {
    let clock: SharedClock = Arc::new(SystemClock);
    // Devices first: a missing one leaves no empty session behind.
    let (mut pumps, absent) = open(rig, common, &clock)?;
    let streams: Vec<_> = pumps.iter().flat_map(|p| p.streams().to_vec()).collect();
    let simulated = streams.iter().any(|s| s.simulated);
    // A person may sit before one real device among simulated ones.
    let consent = consent(args, streams.iter().all(|s| s.simulated), &clock)?;
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
    let state = if matches!(outcome, Ok(None)) { SessionState::Complete } else { SessionState::Aborted };
    recorder.close(state, clock.now())?;
    let stopped_after = outcome?;
    crate::cli::progress::clear();
    finish(&home, id, common)?;
    if let Some(after_s) = stopped_after {
        bail!("stopped on request after {after_s:.0} of {length:.0} s; what was recorded is kept");
    }
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
    let seed = &mut Seed::new(clock.utc() as u64);
    Ok(Session {
        state: SessionState::Recording,
        rig_name: rig.name.clone(),
        rig: rig.to_toml(),
        player: "none".into(),
        simulated,
        ..home.new_session(&args.participant, clock.as_ref(), seed)?
    })
}

/// Samples of every stream of a constant rate that are still to come, until there is a length of each.
struct Awaited(BTreeMap<StreamId, u64>);

impl Awaited {
    fn of(streams: &[StreamInfo], length: f64) -> Awaited {
        let even = streams.iter().filter(|s| s.rate.is_finite() && s.rate > 0.0 && !s.channels.is_empty());
        Awaited(even.map(|s| (s.id, (length * s.rate).ceil() as u64)).collect())
    }

    /// Lost samples will not come any more: they count as if they had.
    fn count(&mut self, packet: &Packet) {
        if let Packet::Samples(chunk) = packet
            && let Some(left) = self.0.get_mut(&chunk.stream)
        {
            *left = left.saturating_sub(chunk.len() as u64 + chunk.lost_before);
        }
    }

    fn none(&self) -> bool {
        self.0.values().all(|left| *left == 0)
    }
}

/// Drains the devices until the time is over or someone asks to stop; then the seconds until that.
fn pump_all(
    length: f64,
    pumps: &mut [Pump],
    recorder: &mut Recorder,
    (clock, guard): (&SharedClock, &mut Guarded),
    id: SessionId,
) -> anyhow::Result<Option<f64>> {
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
    let mut awaited = Awaited::of(&streams, length);
    let over = |awaited: &Awaited| {
        let elapsed = seconds(clock.now() - started);
        elapsed >= length && (awaited.none() || elapsed >= length + LAST_S)
    };
    while !over(&awaited) && !stop.load(Ordering::Relaxed) {
        if clock.now() >= next_pair {
            journal(recorder, Entry::Clock(id, ClockPair::of(&**clock)));
            next_pair += 10 * SECOND;
        }
        for pump in pumps.iter_mut() {
            for packet in pump.drain()? {
                awaited.count(&packet);
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
    let elapsed = clock.now() - started;
    let stopped_after = (!over(&awaited)).then_some(seconds(elapsed));
    let why = stopped_after.map_or_else(String::new, |_| "stopped on request".into());
    journal(recorder, marker(started + elapsed, MarkerKind::SessionEnd, why));
    Ok(stopped_after)
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
