//! Feeding the recorder from an LSL outlet in another process, as LabRecorder is fed.

use super::super::load::Load;
use super::super::machine;
use super::feed::Fed;
use crate::acquire::{self, Packet, Source, Surroundings};
use crate::cli::Common;
use crate::rig::{Device, LslRig};
use crate::signal::{SharedClock, StreamInfo, SystemClock, to_nanos};
use crate::store::Recorder;
use anyhow::{Context, bail};
use std::sync::Arc;
use std::time::Duration;

/// How long one look waits.
const PATIENCE: Duration = Duration::from_millis(500);
/// The outlet must begin within so many looks.
const LOOKS: usize = 20;

/// A stream that was found, not yet delivering.
pub(super) struct Outlet {
    source: Box<dyn Source>,
    signals: StreamInfo,
}

impl Outlet {
    /// Finds the stream with that source id.
    ///
    /// # Errors
    /// No liblsl, no such stream.
    pub(super) fn open(source_id: &str, common: &Common) -> anyhow::Result<Outlet> {
        let rig = LslRig { source_id: Some(source_id.into()), simulated: true, ..LslRig::default() };
        let around =
            Surroundings { clock: Arc::new(SystemClock), first_stream: 0, library_dir: common.lib_dir.clone(), log_dir: None };
        let source = acquire::open(&Device::Lsl(rig), &around)?;
        let signals = source.streams().first().cloned().context("the LSL stream has no signals")?;
        // Its files are looked for by this name.
        Ok(Outlet { signals: StreamInfo { name: "eeg".into(), ..signals }, source })
    }

    pub(super) fn load(&self) -> Load {
        Load { channels: self.signals.channels.len(), rate: self.signals.rate, fps: 0.0, frame_bytes: 0 }
    }

    pub(super) fn streams(&self) -> Vec<StreamInfo> {
        vec![self.signals.clone()]
    }

    /// Hands over what comes for so many seconds from the first packet on.
    ///
    /// # Errors
    /// Nothing comes, or the stream fails.
    pub(super) fn feed(mut self, length: f64, recorder: &Recorder, clock: &SharedClock) -> anyhow::Result<Fed> {
        self.source.start()?;
        for _ in 0..LOOKS {
            if self.source.read(PATIENCE)?.iter().any(|packet| matches!(packet, Packet::Samples(_))) {
                return self.deliver(length, recorder, clock);
            }
        }
        bail!("the LSL stream is there and sends nothing")
    }

    fn deliver(&mut self, length: f64, recorder: &Recorder, clock: &SharedClock) -> anyhow::Result<Fed> {
        let mut fed = Fed { steady: machine::cpu(), ..Fed::default() };
        let (began, end) = (machine::thread_cpu(), clock.now() + to_nanos(length));
        let mut handing = 0;
        while clock.now() < end {
            for packet in self.source.read(PATIENCE)? {
                let Packet::Samples(chunk) = packet else { continue };
                if chunk.stream != self.signals.id {
                    continue;
                }
                fed.samples += chunk.len() as u64;
                fed.lost += if fed.samples == chunk.len() as u64 { 0 } else { chunk.lost_before };
                let before = machine::thread_cpu();
                recorder.samples(chunk);
                handing += machine::thread_cpu() - before;
            }
        }
        fed.cpu = machine::thread_cpu() - began - handing;
        self.source.stop();
        Ok(fed)
    }
}
