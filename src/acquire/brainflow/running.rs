//! A board between start and stop: reading BrainFlow's ring buffer, and noticing silence.

use super::exit::ExitCode;
use super::ffi::Session;
use super::unpack::{Drained, Unpacker};
use crate::acquire::Packet;
use crate::signal::{Nanos, SECOND, SharedClock, seconds};
use std::time::Duration;

/// Pause between two looks into BrainFlow's ring buffer: 50 a second keep samples fresh at 1.4 % of a core.
const POLL: Duration = Duration::from_millis(20);
/// A board silent for so long is reported.
const SILENT: Nanos = 2 * SECOND;
/// A slow board need not fill the first table before it is read.
const LEARN_AT_MOST: Nanos = 2 * SECOND;

/// What exists between start and stop.
pub(super) struct Running {
    pub session: Session,
    pub unpacker: Unpacker,
    pub started: Nanos,
    /// When samples came last.
    pub heard: Nanos,
    pub silent: bool,
    pub pending: Vec<Packet>,
    pub table: Vec<f64>,
}

impl Running {
    pub fn read(&mut self, wait: Duration, clock: &SharedClock, playback: bool) -> Result<Vec<Packet>, ExitCode> {
        let until = clock.now().saturating_add(i64::try_from(wait.as_nanos()).unwrap_or(Nanos::MAX));
        let mut packets = std::mem::take(&mut self.pending);
        loop {
            let waiting = self.session.waiting()?;
            let now = clock.now();
            if waiting >= self.unpacker.wants() || (waiting > 0 && now - self.started > LEARN_AT_MOST) {
                break;
            }
            if now >= until {
                packets.extend(self.silence(now, playback));
                return Ok(packets);
            }
            clock.wait(POLL.min(Duration::from_nanos((until - now).unsigned_abs())));
        }
        let n = self.session.drain(&mut self.table)?;
        let drained = Drained { now: clock.now(), utc: clock.utc() };
        if std::mem::take(&mut self.silent) {
            packets.push(self.unpacker.trouble(&format!("data again after {:.1} s", seconds(drained.now - self.heard))));
        }
        self.heard = drained.now;
        packets.extend(self.unpacker.unpack(&self.table, n, drained));
        Ok(packets)
    }

    fn silence(&mut self, now: Nanos, playback: bool) -> Option<Packet> {
        if self.silent || now - self.heard < SILENT {
            return None;
        }
        self.silent = true;
        // BrainFlow ends a file without a word and reports no unplugged board.
        let message = if playback {
            "no data for 2 s: the file has been played to its end, or its stamps have a gap"
        } else {
            "no data for 2 s: check that the board is switched on, charged and near"
        };
        Some(self.unpacker.trouble(message))
    }
}
