//! Face frames one at a time, in their order: for films, which may be larger than memory.

use super::codec;
use super::error::StoreError;
use super::recording::Recording;
use crate::signal::{Frame, StreamId};

impl Recording {
    /// Whole frames of a stream.
    pub fn frame_count(&self, stream: StreamId) -> usize {
        self.parts(stream).len()
    }

    /// The frame at that place, 0 to before [`Recording::frame_count`].
    ///
    /// # Errors
    /// No such frame, or one that was damaged since the session was opened.
    pub fn frame_at(&self, stream: StreamId, place: usize) -> Result<Frame, StoreError> {
        let missing = || StoreError::NoStream { session: self.session.id, stream: stream.0 };
        let part = self.parts(stream).get(place).ok_or_else(missing)?;
        codec::decode_frame(&self.payload(part)?, stream).ok_or_else(|| self.damaged(part))
    }
}
