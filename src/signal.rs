//! The words every stage shares: time, streams, chunks, frames, montages, bands, labels, seeds.
//!
//! This module imports no other module of ours (invariant 1, held by `tests/borders.rs`).

mod band;
mod caps;
mod chunk;
mod count;
mod label;
mod montage;
mod placement;
mod positions;
mod seed;
mod stream;
mod ten_five;
mod time;

pub use band::{BANDS, Band, band_named};
pub use chunk::{Chunk, Cue, CueKind, Frame};
pub use count::counted;
pub use label::{Emotion, Label, Marker, MarkerKind, Question, Rating, Segment, UnknownEmotion};
pub use montage::{Montage, Position, UnknownElectrode, position_of};
pub use placement::{Placed, Placement};
pub use seed::Seed;
pub use stream::{Channel, ClockOffset, LatencyOrigin, LatencySource, Role, StreamId, StreamInfo, StreamKind};
pub use time::{Clock, ManualClock, Nanos, SECOND, SharedClock, ShiftedClock, SystemClock, seconds, to_nanos};
