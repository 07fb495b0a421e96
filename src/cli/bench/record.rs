//! `limbic bench record`: the recorder under a known load, in real time and as fast as it goes.

mod feed;
mod network;

use super::load::{Load, Material};
use super::machine;
use crate::cli::{Common, text};
use crate::signal::{ManualClock, Seed, SharedClock, StreamInfo, SystemClock, seconds};
use crate::store::rows::{Consent, Participant, Session, SessionId, SessionState};
use crate::store::{Home, LatencySummary, Recorder, StoreError};
use anyhow::{Context, bail};
use feed::feed;
use network::Outlet;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// CPU, memory, bytes and latency of recording
#[derive(Debug, clap::Args)]
#[command(after_help = "Without --channels: 32 x 512 Hz, 256 x 2048 Hz, then ever more until it breaks. What is written \
lies beside the home while the bench runs and is deleted afterwards.\n\nExample: limbic bench record --seconds 20")]
pub struct Args {
    /// Only this load: so many channels of 24 bits
    #[arg(long, value_name = "N")]
    channels: Option<usize>,
    /// Samples a second, with --channels
    #[arg(long, value_name = "HZ", default_value_t = 512.0)]
    rate: f64,
    /// Camera frames a second; 0 = no camera
    #[arg(long, default_value_t = 30.0)]
    fps: f64,
    /// Mean size of a frame, kB
    #[arg(long, default_value_t = 30)]
    frame_kb: usize,
    /// Seconds of recording a load
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// As fast as it goes, on a simulated clock, instead of in real time
    #[arg(long)]
    accelerated: bool,
    /// Record this LSL stream instead: what receiving it costs is in the figures then
    #[arg(long, value_name = "SOURCE_ID", conflicts_with_all = ["channels", "accelerated"])]
    lsl: Option<String>,
}

/// Memory that may wait for the recorder.
const MOST_QUEUED: usize = 64 << 20;
/// A load counts as carried while the slowest hundredth is durable within so many ms and the feed is not later.
const LATEST_MS: u64 = 1500;
/// Seconds of each step of the ladder.
const LADDER_S: f64 = 5.0;

/// What one load cost.
#[derive(Debug, Serialize)]
struct Run {
    channels: usize,
    rate_hz: f64,
    fps: f64,
    recorded_s: f64,
    took_s: f64,
    real_time: bool,
    /// Of the whole process, the feeding of the load included.
    cpu_ms_per_recorded_minute: f64,
    /// The part of it that made the packets and waited for when they are due, handing them over not counted.
    feeding_cpu_ms_per_recorded_minute: f64,
    /// Once a session: creating the home and the session, and closing it.
    open_and_close_cpu_ms: f64,
    /// How long a clean stop took.
    close_ms: u64,
    /// Of the signals, on disk, everything included.
    bytes_per_value: f64,
    signal_bytes: u64,
    session_bytes: u64,
    /// Peak less what was in use before the home was opened.
    extra_memory_kb: u64,
    /// Recorded seconds and memory in use.
    memory_kb: Vec<(u64, u64)>,
    /// From arrival to durable.
    latency: LatencySummary,
    values: u64,
    frames: u64,
    /// Samples and frames that were fed and are not in the closed session, or did not come over the network.
    lost: u64,
    verified: bool,
    latest_feed_ms: u64,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    if !(args.seconds > 0.0 && args.rate >= 1.0 && args.fps >= 0.0 && args.channels != Some(0)) {
        bail!("--seconds, --rate and --channels must be above 0 and --fps not below");
    }
    let load = |channels, rate| Load { channels, rate, fps: args.fps, frame_bytes: args.frame_kb * 1000 };
    let mut runs = Vec::new();
    if let Some(id) = &args.lsl {
        let outlet = Outlet::open(id, common)?;
        runs.push(one(outlet.load(), Some(outlet), args.seconds, false, common)?);
    } else if let Some(channels) = args.channels {
        runs.push(one(load(channels, args.rate), None, args.seconds, args.accelerated, common)?);
    } else {
        for load in [load(32, 512.0), load(256, 2048.0)] {
            runs.push(one(load, None, args.seconds, args.accelerated, common)?);
        }
        for channels in [512, 1024, 2048, 4096, 8192, 16_384] {
            let run = one(load(channels, 2048.0), None, LADDER_S.min(args.seconds), false, common)?;
            let broken = run.broke();
            runs.push(run);
            if broken {
                break;
            }
        }
    }
    let highest = runs.iter().filter(|r| r.real_time && !r.broke()).map(Run::values_per_s).fold(0.0, f64::max);
    if common.json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "runs": runs, "highest_values_per_s": highest }))?);
        return Ok(());
    }
    print!("{}", describe(&runs));
    if highest > 0.0 {
        println!("highest load carried in real time: {:.2} million values/s", highest / 1e6);
    }
    Ok(())
}

impl Run {
    fn values_per_s(&self) -> f64 {
        self.channels as f64 * self.rate_hz
    }

    fn broke(&self) -> bool {
        self.lost > 0 || !self.verified || self.real_time && self.latency.p99_ms.max(self.latest_feed_ms) > LATEST_MS
    }
}

/// One load; `outlet` = where it comes from, if not from here.
fn one(load: Load, outlet: Option<Outlet>, length: f64, accelerated: bool, common: &Common) -> anyhow::Result<Run> {
    let beside = common.home.ancestors().find(|p| p.is_dir()).unwrap_or(Path::new("."));
    let needed = (load.bytes_per_s() * length) as u64;
    let free = machine::free_bytes(beside);
    if needed + (256 << 20) > free {
        bail!("the bench may write {} MB at {}, where {} MB are free", needed >> 20, beside.display(), free >> 20);
    }
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(beside).context("no folder for the bench")?;
    if !common.json {
        eprintln!("{} channels x {} Hz + {} frames/s, {length} s ...", load.channels, load.rate, load.fps);
    }
    let material = outlet.is_none().then(|| Material::new(load));
    let clock: SharedClock = if accelerated { Arc::new(ManualClock::new(0)) } else { Arc::new(SystemClock) };
    machine::forget_peak();
    let (memory, cpu, began) = (machine::resident_kb(), machine::cpu(), Instant::now());
    let home = Home::open(folder.path())?;
    let streams = outlet.as_ref().map_or_else(|| load.streams(), Outlet::streams);
    let (id, recorder) = open(&home, &clock, &load, &streams)?;
    let fed = match (outlet, &material) {
        (Some(outlet), _) => outlet.feed(length, &recorder, &clock)?,
        (None, Some(material)) => feed(material, length, &recorder, &clock),
        (None, None) => bail!("nothing to record"),
    };
    let steady = fed.steady;
    let (status, fed_at, closing) = (recorder.status(), machine::cpu(), Instant::now());
    recorder.close(SessionState::Complete, clock.now())?;
    let (close_ms, ends) = (closing.elapsed().as_millis() as u64, machine::cpu());
    let (took_s, peak) = (began.elapsed().as_secs_f64(), machine::peak_kb());
    let latency = status.latency;
    let recording = home.recording(id)?;
    let there: u64 = recording.streams.iter().map(|row| row.written).sum();
    drop(recording);
    let verified = home.verify(Some(id))?.iter().all(|report| report.is_sound());
    let signal_bytes = bytes_of(&home, id, "eeg")?;
    let values = fed.samples * load.channels as u64;
    Ok(Run {
        channels: load.channels,
        rate_hz: load.rate,
        fps: load.fps,
        recorded_s: length,
        took_s,
        real_time: !accelerated,
        cpu_ms_per_recorded_minute: seconds(fed_at - steady) * 1000.0 * 60.0 / length,
        feeding_cpu_ms_per_recorded_minute: seconds(fed.cpu) * 1000.0 * 60.0 / length,
        open_and_close_cpu_ms: seconds(steady - cpu + ends - fed_at) * 1000.0,
        close_ms,
        bytes_per_value: signal_bytes as f64 / values as f64,
        signal_bytes,
        session_bytes: home.session_bytes(id)?,
        extra_memory_kb: peak.saturating_sub(memory),
        memory_kb: fed.memory_kb,
        latency,
        values,
        frames: fed.frames,
        lost: fed.lost + (fed.samples + fed.frames).saturating_sub(there),
        verified,
        latest_feed_ms: u64::try_from(fed.latest / 1_000_000).unwrap_or(0),
    })
}

/// A session that is being recorded.
fn open(home: &Home, clock: &SharedClock, load: &Load, streams: &[StreamInfo]) -> anyhow::Result<(SessionId, Recorder)> {
    let session = session(home, clock)?;
    let id = session.id;
    let consent = Consent { recording: true, face_stored: true, ..Consent::default() };
    let person = Participant { code: "BENCH".into(), ..Participant::default() };
    let mut writer = home.create_session(session, person, consent)?;
    writer.declare_streams(streams)?;
    let queued = if clock.is_simulated() { MOST_QUEUED / 16 } else { MOST_QUEUED };
    let capacity = (queued / (load.packet() * load.channels * 4)).clamp(16, 1024);
    Ok((id, Recorder::spawn(writer, capacity, clock.clone(), clock.is_simulated())?))
}

fn session(home: &Home, clock: &SharedClock) -> Result<Session, StoreError> {
    Ok(Session {
        state: SessionState::Recording,
        rig_name: "bench".into(),
        player: "none".into(),
        simulated: true,
        source: "bench".into(),
        ..home.new_session("BENCH", clock.as_ref(), &mut Seed::new(1))?
    })
}

/// Bytes of one stream's segments.
fn bytes_of(home: &Home, id: SessionId, stem: &str) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(home.session_dir(id))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&format!("{stem}-")) {
            sum += entry.metadata()?.len();
        }
    }
    Ok(sum)
}

fn describe(runs: &[Run]) -> String {
    let row = |r: &Run| {
        let LatencySummary { median_ms, p99_ms, max_ms, .. } = r.latency;
        vec![
            format!("{} x {} Hz + {} fps", r.channels, r.rate_hz, r.fps),
            if r.real_time { "1".into() } else { format!("{:.0}", r.recorded_s / r.took_s) },
            format!("{:.0}", r.cpu_ms_per_recorded_minute),
            format!("{:.0}", r.feeding_cpu_ms_per_recorded_minute),
            format!("{:.3}", r.bytes_per_value),
            format!("{:.1}", r.extra_memory_kb as f64 / 1000.0),
            if r.real_time { format!("{median_ms} / {p99_ms} / {max_ms}") } else { "-".into() },
            r.lost.to_string(),
            r.close_ms.to_string(),
            if r.broke() { "BROKE" } else { "ok" }.into(),
        ]
    };
    let head = [
        "load",
        "x real time",
        "CPU ms/min",
        "of it the feed",
        "bytes/value",
        "extra MB",
        "durable after ms (median / p99 / max)",
        "lost",
        "stop ms",
        "",
    ];
    let mut text = text::table(&head, &runs.iter().map(row).collect::<Vec<_>>());
    for run in runs.iter().filter(|r| !r.real_time) {
        let memory: Vec<String> = run.memory_kb.iter().map(|(s, kb)| format!("{s} s {:.1} MB", *kb as f64 / 1000.0)).collect();
        text += &format!("memory of {} x {} Hz: {}\n", run.channels, run.rate_hz, memory.join(", "));
    }
    text
}
