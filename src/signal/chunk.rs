//! What flows out of a device: chunks of samples, frames of video; and the cue that flows back to it.

use crate::signal::{Emotion, Nanos, StreamId};

/// Some consecutive samples of one stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    pub stream: StreamId,
    /// Index of the first sample in the stream, counted by the device: a lost sample leaves a hole in the
    /// indices, so that index stays proportional to device time.
    pub first_index: u64,
    /// Samples lost just before this chunk.
    pub lost_before: u64,
    /// When the host received it. Never overwritten (invariant 3).
    pub arrived: Nanos,
    /// The device's own stamp of the first sample on our clock, where it has one.
    pub device_time: Option<Nanos>,
    /// Width of the table.
    pub channels: usize,
    /// Row-major: sample 0 of all channels, sample 1 of all channels, ...; in the channels' units.
    pub rows: Vec<f32>,
}

impl Chunk {
    /// Samples per channel.
    pub fn len(&self) -> usize {
        self.rows.len().checked_div(self.channels).unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The samples of one channel.
    pub fn channel(&self, channel: usize) -> impl Iterator<Item = f32> + '_ {
        self.rows.iter().skip(channel).step_by(self.channels.max(1)).copied()
    }
}

/// One video frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    pub stream: StreamId,
    /// Counted by the camera; a dropped frame leaves a hole.
    pub index: u64,
    pub captured: Nanos,
    pub arrived: Nanos,
    /// A complete JPEG file.
    pub jpeg: Vec<u8>,
}

/// What the participant is being shown, told to the sources: a device may write it into its own stream as a
/// cross-check, and the simulated participant reacts to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    pub at: Nanos,
    pub kind: CueKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CueKind {
    /// Nothing in particular: between trials, ratings.
    Idle,
    EyesOpen,
    EyesClosed,
    Fixation,
    /// A stimulus video with the emotion that it is meant to raise.
    Video {
        trial: u32,
        stimulus: String,
        intended: Option<Emotion>,
    },
}
