//! The lab minds the disk: refuses what has no room, warns early, ends a session while it can still be closed.

use crate::lab::core::Lab;
use crate::lab::recording::Recording;
use crate::present::{Input, Playlist};
use crate::rig::ProtocolRig;
use crate::signal::{Nanos, SECOND, StreamInfo};
use crate::store::rows::SessionState;
use crate::store::{DiskGuard, DiskState, check_room, expected_bytes_per_s, free_bytes};

/// How often the disk is looked at.
const EVERY: Nanos = SECOND / 5;
/// A rating takes about so long, s.
const RATING_S: f64 = 20.0;

/// What the lab knows about the disk.
#[derive(Default)]
pub(super) struct Disk {
    guard: DiskGuard,
    looked: Option<Nanos>,
    low: bool,
    /// While recording: minutes until the guard would end it, as far as that is known.
    pub minutes_left: Option<f64>,
    /// Why the guard ended the last session, if it did.
    pub stopped: Option<String>,
}

impl Lab {
    /// Before a session: there must be room for all of it.
    ///
    /// # Errors
    /// How many minutes there is room for.
    pub(super) fn room_for(&mut self, streams: &[StreamInfo], planned_s: f64) -> Result<(), String> {
        let expected = self.expected(streams);
        check_room(&self.options.home, planned_s, expected).map_err(|e| e.to_string())?;
        self.disk = Disk { guard: DiskGuard::new(expected), ..Disk::default() };
        Ok(())
    }

    /// Why a session with the connected rig would be refused for want of room, said before anybody begins it.
    pub(super) fn no_room(&self) -> Option<String> {
        let setup = self.setup.as_ref().filter(|_| !self.is_recording())?;
        let planned = planned_s(&setup.rig.protocol, &setup.playlist);
        let expected = self.expected(&self.devices.streams());
        check_room(&self.options.home, planned, expected).err().map(|e| e.to_string())
    }

    fn expected(&self, streams: &[StreamInfo]) -> f64 {
        expected_bytes_per_s(streams, self.consent.as_ref().is_some_and(|c| c.face_stored))
    }

    /// During a session, a few times a second.
    pub(super) fn mind_the_disk(&mut self, now: Nanos) {
        let Some(recording) = self.recording.as_ref().filter(|r| r.is_running()) else {
            self.disk.minutes_left = None;
            return;
        };
        if self.disk.looked.is_some_and(|looked| now - looked < EVERY) {
            return;
        }
        self.disk.looked = Some(now);
        let written = recording.status().written;
        let free = free_bytes(&self.options.home);
        let state = self.disk.guard.look(now, free, written);
        self.disk.minutes_left = free.and_then(|free| self.disk.guard.minutes_to_tell(free));
        let home = self.options.home.display().to_string();
        let minutes = self.disk.minutes_left.unwrap_or(0.0);
        match state {
            DiskState::Low if !self.disk.low => {
                self.trouble(None, format!("the disk at {home} will be full in about {minutes:.0} min; free some space"));
            }
            DiskState::Full if self.disk.stopped.is_none() => {
                let left = free.unwrap_or(0) >> 20;
                let why = format!("the disk at {home} is full ({left} MiB left): the session was ended; all before is saved");
                self.disk.stopped = Some(why.clone());
                self.trouble(None, why);
                // Refused only where the session has ended already, which is as good.
                let _ = self.input(Input::Abort { reason: "the disk is full".into() });
                // No post-roll: every second writes more.
                self.recording.iter_mut().for_each(|r: &mut Recording| r.end_at(now, SessionState::Aborted));
            }
            _ => {}
        }
        self.disk.low = state != DiskState::Fine;
    }
}

/// How long a whole session takes, s.
pub(super) fn planned_s(protocol: &ProtocolRig, playlist: &Playlist) -> f64 {
    let trial = |length: f64| protocol.fixation_s + length + RATING_S + protocol.rest_s;
    let trials: f64 = playlist.videos.iter().map(|video| trial(video.length_s)).sum();
    protocol.baseline_open_s + protocol.baseline_closed_s + trials
}
