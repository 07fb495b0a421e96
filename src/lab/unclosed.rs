//! A recording that the disk did not let close: it is told as interrupted, and closed once there is room again.

use crate::lab::Lab;
use crate::signal::Nanos;
use crate::store::rows::{Session, SessionId, SessionState};
use crate::store::{STOP_BELOW, free_bytes};

/// Sessions that the lab gave up and the store still calls open.
#[derive(Default)]
pub(super) struct Unclosed {
    sessions: Vec<SessionId>,
    /// Closing was tried since there is room: what fails for another reason is not tried over and over.
    tried: bool,
}

impl Lab {
    /// The session at hand lies on the disk as a killed program would leave it; nothing of it is written any more.
    pub(super) fn leave_unclosed(&mut self, now: Nanos) {
        let Some(session) = &mut self.session else { return };
        // One that was only prepared has nothing that could be interrupted.
        if session.state == SessionState::Recording || self.resumed.is_some() {
            session.state = SessionState::Interrupted;
        }
        session.ended = Some(now);
        self.unclosed.sessions.push(session.id);
        self.unclosed.tried = false;
        if let Some(stopped) = &mut self.disk.stopped {
            let home = self.options.home.display();
            *stopped = format!("the disk at {home} is full: the session is interrupted; free some space, then go on with it");
        }
    }

    /// The store learns of an interruption only when the session is closed; screens are told before.
    pub(super) fn tell_unclosed(&self, sessions: &mut [Session]) {
        let open = |s: &&mut Session| s.state == SessionState::Recording && self.unclosed.sessions.contains(&s.id);
        sessions.iter_mut().filter(open).for_each(|s| s.state = SessionState::Interrupted);
    }

    /// Closes what can be closed, as soon as there is room.
    pub(super) fn tend_unclosed(&mut self) {
        if self.unclosed.sessions.is_empty() || self.is_recording() {
            return;
        }
        let room = self.has_room();
        if std::mem::replace(&mut self.unclosed.tried, room) || !room {
            return;
        }
        for id in self.unclosed.sessions.clone() {
            if let Err(why) = self.close_late(id) {
                self.news(why);
            }
        }
    }

    /// Closes a session that could not be closed at its end; any other is left as it is.
    ///
    /// # Errors
    /// The disk has no room for it yet.
    pub(super) fn close_late(&mut self, id: SessionId) -> Result<(), String> {
        if !self.unclosed.sessions.contains(&id) {
            return Ok(());
        }
        if !self.has_room() {
            let home = self.options.home.display();
            return Err(format!("the disk at {home} is full, so that the session cannot go on; free some space and try again"));
        }
        let closed = self.home.close_abandoned(id);
        let session = closed.map_err(|e| format!("the session cannot be closed: {e}; `limbic verify` tells what is there"))?;
        self.unclosed.sessions.retain(|unclosed| *unclosed != id);
        let Session { number, participant, state, .. } = &session;
        self.news(format!("session {number} of {participant} is {} and saved", format!("{state:?}").to_lowercase()));
        if self.session_id() == Some(id) {
            self.judge_stored(&session);
            self.session = Some(session);
        }
        self.refresh_catalogue();
        Ok(())
    }

    pub(super) fn has_room(&self) -> bool {
        free_bytes(&self.options.home).is_none_or(|free| free >= STOP_BELOW)
    }
}
