//! Devices: everything that delivers samples or frames is a [`Source`]; a [`Pump`] carries it to the lab.

pub mod brainflow;
pub mod camera;
mod counter;
pub mod lsl;
mod pump;
pub mod replay;
pub mod simulator;

pub use pump::Pump;

use crate::rig::Device;
use crate::signal::{Chunk, ClockOffset, Cue, Frame, Marker, SharedClock, StreamId, StreamInfo};
use std::path::PathBuf;
use std::time::Duration;

/// What a source hands over.
#[derive(Debug, Clone, PartialEq)]
pub enum Packet {
    Samples(Chunk),
    Frame(Frame),
    /// What is added to a stream's stamps from now on; comes before the samples that it holds for.
    Offset(ClockOffset),
    /// Another program marked a moment.
    Marker(Marker),
    /// The device stalled, came back, disconnected: a sentence for the screen and the journal.
    Trouble {
        stream: StreamId,
        message: String,
    },
}

/// A device. New device = one file in this folder and one line in [`open`].
pub trait Source: Send {
    /// Its streams; complete before the first packet.
    fn streams(&self) -> &[StreamInfo];
    /// Begins to deliver.
    ///
    /// # Errors
    /// The device is missing or refuses; the sentence says what to check.
    fn start(&mut self) -> Result<(), AcquireError>;
    /// What has arrived since the last call; waits at most about `wait` for something to arrive (on the clock it
    /// was opened with), and may return nothing.
    ///
    /// # Errors
    /// The device failed for good. Passing trouble is a [`Packet::Trouble`].
    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError>;
    /// Tells the device what the participant is being shown. Most devices do not care.
    fn cue(&mut self, cue: &Cue) {
        let _ = cue;
    }
    /// Ends delivery and releases the device. Safe to call twice.
    fn stop(&mut self);
}

/// What a source may need from the machine.
#[derive(Clone)]
pub struct Surroundings {
    pub clock: SharedClock,
    /// Number of the source's first stream; the others follow.
    pub first_stream: u16,
    /// Folder of native libraries given on the command line, before the usual places.
    pub library_dir: Option<PathBuf>,
    /// Where a native library may write its log.
    pub log_dir: Option<PathBuf>,
}

/// Why a device does not deliver. Every sentence names the device and the way out.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    #[error("BrainFlow's library is not here ({searched}); bring it with `limbic setup`, or record from the simulator")]
    NoBrainFlow { searched: String },
    #[error("liblsl is not here ({searched}); bring it with `limbic setup --only lsl`")]
    NoLsl { searched: String },
    #[error("{library} is here but cannot be used: {message}; run `limbic setup` again")]
    BadLibrary { library: String, message: String },
    #[error("{device}: {message}")]
    Device { device: String, message: String },
    #[error("{device}: no setting is called \"{key}\"; {known}")]
    UnknownSetting { device: String, key: String, known: String },
    #[error("the scenario {path}: {message}")]
    Scenario { path: PathBuf, message: String },
    #[error("cannot replay {path}: {message}")]
    Replay { path: PathBuf, message: String },
}

/// Opens the device that the rig describes; nothing is delivered before [`Source::start`].
///
/// # Errors
/// The device or its library is missing, or a setting is wrong.
pub fn open(device: &Device, around: &Surroundings) -> Result<Box<dyn Source>, AcquireError> {
    Ok(match device {
        Device::Simulator(rig) => Box::new(simulator::Simulator::open(rig, around)?),
        Device::BrainFlow(rig) => Box::new(brainflow::Board::open(rig, around)?),
        Device::Camera(rig) => Box::new(camera::Camera::open(rig, around)?),
        Device::Lsl(rig) => Box::new(lsl::Lsl::open(rig, around)?),
        Device::Replay(rig) => Box::new(replay::Replay::open(rig, around)?),
    })
}
