//! Every board that BrainFlow drives, as a source: its C library is opened at run time, its rows become one stream.
//!
//! Lost samples are found by the board's package number and leave holes in the sample index. BrainFlow stamps samples
//! with the wall clock when it parses them; the stamps are moved to the monotonic clock with a pair of readings taken
//! at every drain. Its ring buffer has one reader, this source.

mod board;
mod exit;
mod ffi;
mod layout;
mod outage;
mod params;
pub mod playback;
mod running;
mod unpack;

pub use board::Descr;
pub use ffi::Api;

use super::{AcquireError, Packet, Source, Surroundings};
use crate::native::{self, Library};
use crate::rig::{BoardChoice, BrainFlowRig};
use crate::signal::{Cue, CueKind, LatencyOrigin, SharedClock, StreamId, StreamInfo, StreamKind};
use board::{PLAYBACK, STREAMING, SYNTHETIC};
use exit::ExitCode;
use layout::Layout;
use params::Params;
use running::Running;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use unpack::Unpacker;

/// The ring buffer holds so much, should the reader be held up, s.
const BUFFER_S: f64 = 120.0;
/// ... unless that takes more memory than this, bytes.
const BUFFER_BYTES: usize = 256 << 20;

/// Markers that [`Board`] writes into BrainFlow's own stream; a video's is its trial number. BrainFlow refuses 0.
pub mod marker {
    pub const IDLE: f64 = 9000.0;
    pub const EYES_OPEN: f64 = 9001.0;
    pub const EYES_CLOSED: f64 = 9002.0;
    pub const FIXATION: f64 = 9003.0;
}

/// Opens BrainFlow's library where it is.
///
/// # Errors
/// It is not here, or cannot be used.
pub fn library(library_dir: Option<&Path>) -> Result<Arc<Api>, AcquireError> {
    let path = native::find(Library::BrainFlow, library_dir)
        .ok_or_else(|| AcquireError::NoBrainFlow { searched: native::searched(Library::BrainFlow, library_dir) })?;
    let bad = |message: String| AcquireError::BadLibrary { library: path.display().to_string(), message };
    let api = Api::open(&path).map_err(bad)?;
    Ok(api)
}

/// BrainFlow's version, "5.23.0".
///
/// # Errors
/// As [`library`].
pub fn version(library_dir: Option<&Path>) -> Result<String, AcquireError> {
    let api = library(library_dir)?;
    api.version().map_err(|e| AcquireError::BadLibrary { library: api.path().display().to_string(), message: e.to_string() })
}

/// One board.
pub struct Board {
    /// "Cyton (0)".
    name: String,
    api: Arc<Api>,
    number: i32,
    /// The board whose rows are delivered.
    described_by: i32,
    descr: Descr,
    params: Params,
    config: Vec<String>,
    layout: Layout,
    streams: Vec<StreamInfo>,
    log: Option<PathBuf>,
    clock: SharedClock,
    running: Option<Running>,
}

impl Board {
    /// Looks the board up in BrainFlow and names its channels; the board itself is not touched before start.
    ///
    /// # Errors
    /// BrainFlow's library is not here; no such board; a parameter, role or label that makes no sense; a playback file
    /// that is not there or comes from another board.
    pub fn open(rig: &BrainFlowRig, around: &Surroundings) -> Result<Self, AcquireError> {
        let api = library(around.library_dir.as_deref())?;
        let log = around.log_dir.as_deref().and_then(log_file);
        api.log_to(log.as_deref());
        let refuse = |message: String| AcquireError::Device { device: "BrainFlow".into(), message };
        let number = board::number(&rig.board, &api).map_err(refuse)?;
        let params = Params::of(rig, |name| board::number(&BoardChoice::Name(name.into()), &api))?;
        let described_by = match number {
            STREAMING | PLAYBACK => params
                .master_board()
                .ok_or_else(|| refuse("params.master_board is missing: the board that the file or stream comes from".into()))?,
            own => own,
        };
        let descr = api.descr(described_by).map_err(|e| refuse(format!("board {described_by}: {e}")))?;
        let name = match number {
            STREAMING => format!("stream of {} ({described_by})", descr.name),
            PLAYBACK => format!("playback of {} as {} ({described_by})", params.text("file"), descr.name),
            _ => format!("{} ({number})", descr.name),
        };
        let layout = Layout::of(&name, &descr, rig)?;
        let rate = rate(number, &descr, &params, &rig.config)
            .map_err(|message| AcquireError::Device { device: name.clone(), message })?;
        let version = api.version().unwrap_or_else(|_| "?".into());
        let simulated = described_by == SYNTHETIC;
        let device = format!("BrainFlow {version} {name}{}", if simulated { ", SIMULATED: a signal generator" } else { "" });
        let info = StreamInfo {
            id: StreamId(around.first_stream),
            name: if around.first_stream == 0 { "eeg".into() } else { format!("eeg-{}", around.first_stream) },
            kind: StreamKind::Signal,
            device,
            rate,
            channels: layout.channels.clone(),
            clock: "BrainFlow's host clock when a packet is parsed, moved to the monotonic clock".into(),
            latency_s: rig.latency_s,
            latency_origin: LatencyOrigin { sd_s: rig.latency_sd_s, source: rig.latency_source },
            simulated,
        };
        Ok(Board {
            name,
            api,
            number,
            described_by,
            descr,
            params,
            config: rig.config.clone(),
            layout,
            streams: vec![info],
            log,
            clock: around.clock.clone(),
            running: None,
        })
    }

    fn failed(&self, doing: &str, code: ExitCode) -> AcquireError {
        let log = self.log.as_ref().map(|l| format!("; BrainFlow's log: {}", l.display())).unwrap_or_default();
        AcquireError::Device { device: self.name.clone(), message: format!("{doing}: {code}{log}") }
    }

    fn rate(&self) -> f64 {
        self.streams[0].rate
    }

    /// Samples for BrainFlow's ring buffer.
    fn capacity(&self) -> i32 {
        let by_time = (BUFFER_S * self.rate()) as usize;
        let by_memory = BUFFER_BYTES / (8 * self.descr.num_rows.max(1));
        i32::try_from(by_time.min(by_memory).max(1)).unwrap_or(i32::MAX)
    }
}

impl Source for Board {
    fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    fn start(&mut self) -> Result<(), AcquireError> {
        if self.running.is_some() {
            return Ok(());
        }
        let key = self.params.to_json()?;
        let mut session = self.api.prepare(self.number, self.described_by, key).map_err(|e| self.failed("cannot connect", e))?;
        for command in &self.config {
            session.config(command).map_err(|e| self.failed(&format!("it refuses the command \"{command}\""), e))?;
        }
        session.start(self.capacity()).map_err(|e| self.failed("cannot start", e))?;
        let now = self.clock.now();
        self.running = Some(Running {
            session,
            unpacker: Unpacker::new(self.streams[0].id, self.layout.clone(), self.rate(), self.number == PLAYBACK),
            started: now,
            heard: now,
            silent: false,
            pending: Vec::new(),
            table: Vec::new(),
        });
        Ok(())
    }

    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError> {
        let Some(mut running) = self.running.take() else {
            return Ok(Vec::new());
        };
        let packets =
            running.read(wait, &self.clock, self.number == PLAYBACK).map_err(|e| self.failed("it stopped delivering", e));
        self.running = Some(running);
        packets
    }

    fn cue(&mut self, cue: &Cue) {
        let Some(running) = &mut self.running else {
            return;
        };
        let value = match &cue.kind {
            CueKind::Idle => marker::IDLE,
            CueKind::EyesOpen => marker::EYES_OPEN,
            CueKind::EyesClosed => marker::EYES_CLOSED,
            CueKind::Fixation => marker::FIXATION,
            CueKind::Video { trial, .. } => f64::from((*trial).max(1)),
        };
        if let Err(code) = running.session.marker(value) {
            running.pending.push(running.unpacker.trouble(&format!("BrainFlow did not take marker {value}: {code}")));
        }
    }

    fn stop(&mut self) {
        self.running = None;
    }
}

/// Samples a second: a playback file's own, a rate that the rig's commands set ("sampling_rate:500" of ANT boards), or
/// the board's nominal one.
fn rate(number: i32, descr: &Descr, params: &Params, config: &[String]) -> Result<f64, String> {
    let rate = if number == PLAYBACK {
        let file = params.text("file");
        if file.is_empty() {
            return Err("params.file is missing: the file to play".into());
        }
        playback::inspect(Path::new(file), descr)?
    } else {
        let set = config.iter().rev().find_map(|c| c.strip_prefix("sampling_rate:")?.trim().parse().ok());
        set.unwrap_or(descr.sampling_rate)
    };
    if rate > 0.0 { Ok(rate) } else { Err("BrainFlow gives no sampling rate for this board".into()) }
}

/// A log file in `folder` that can be written; None sends the log nowhere.
fn log_file(folder: &Path) -> Option<PathBuf> {
    std::fs::create_dir_all(folder).ok()?;
    let file = folder.join("brainflow.log");
    std::fs::OpenOptions::new().create(true).append(true).open(&file).ok()?;
    Some(file)
}
