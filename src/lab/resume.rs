//! Going on with a session that a crash, a power cut or a killed program interrupted.

use crate::lab::Lab;
use crate::lab::disk::Disk;
use crate::lab::recording::Recording;
use crate::present::{Protocol, Stimulus};
use crate::rig::Rig;
use crate::signal::{Marker, MarkerKind, StreamInfo};
use crate::store::Continuation;
use crate::store::rows::{Session, SessionId, SessionState, Trial};
use std::path::Path;

/// What an interrupted session had come to.
pub struct Resumed {
    /// Every attempt, in the order of beginning.
    pub trials: Vec<Trial>,
    /// The trial that comes next.
    pub next: u32,
    streams: Vec<StreamInfo>,
    /// As it was begun, with the order of its videos.
    rig: Option<Rig>,
}

impl Lab {
    /// Prepares an interrupted session for going on, or one that was only prepared; its participant and consent hold again.
    pub(super) fn resume(&mut self, id: SessionId) -> Result<(), String> {
        self.while_idle()?;
        self.close_late(id)?;
        let stored = self.home.recording(id).map_err(|e| e.to_string())?;
        self.close_session();
        let estimated = self.take_up_clock(&stored);
        let recording =
            Recording::resume(&self.home, id, self.options.clock.now(), stored.recorded()).map_err(|e| e.to_string())?;
        let Session { number, participant, rig_name, trials_planned, .. } = &stored.session;
        let in_part = !stored.streams.is_empty();
        self.news(if in_part {
            let trial = stored.next_trial();
            format!(
                "session {number} of {participant} goes on with trial {trial} of {trials_planned}; connect its rig, {rig_name}"
            )
        } else {
            format!("session {number} of {participant} is prepared; connect its rig")
        });
        (self.participant, self.consent) = (Some(stored.participant.clone()), Some(stored.consent.clone()));
        self.session = Some(Session { state: SessionState::Prepared, ended: None, ..stored.session.clone() });
        self.recording = Some(recording);
        (self.protocol, self.override_reason) = (None, None);
        self.remember_marks(stored.placements.clone());
        self.labels.begin(stored.segments.clone());
        let streams = stored.streams.iter().map(|row| row.info.clone()).collect();
        if let Some(text) = estimated {
            let marker = Marker { at: self.options.clock.now(), kind: MarkerKind::Trouble, text: text.clone(), trial: None };
            self.journal_marker(marker);
            self.news(text);
        }
        let rig = Rig::parse(&stored.session.rig, Path::new("rig")).ok();
        self.resumed = in_part.then(|| Resumed { trials: stored.attempts.clone(), next: stored.next_trial(), streams, rig });
        self.keep_order();
        self.refresh_catalogue();
        Ok(())
    }

    /// A session goes on in the order that it was begun with, which may have been chosen after its rig was connected.
    pub(super) fn keep_order(&mut self) {
        let begun = self.resumed.as_ref().and_then(|r| r.rig.as_ref());
        if let (Some(begun), Some(setup)) = (begun, &mut self.setup) {
            setup.rig.protocol.shuffle = begun.protocol.shuffle;
            setup.rig.protocol.order_seed = begun.protocol.order_seed;
        }
    }

    /// The lab's clock becomes the session's, where the computer was started again since; answers how the gap was
    /// estimated then. Devices that have taken stamps by the other clock are released.
    fn take_up_clock(&mut self, stored: &crate::store::Recording) -> Option<String> {
        let Continuation { shift, estimated } = stored.continuation(&*self.options.clock);
        if shift != 0 {
            self.release();
            self.clock.shift(shift);
            // It remembers when it looked last, by the other time.
            self.disk = Disk::default();
        }
        estimated
    }
}

impl Resumed {
    /// The protocol from where it stopped; refused where the session would no longer be one thing.
    pub fn protocol(
        &self,
        session: &Session,
        rig: &Rig,
        stimuli: Vec<Stimulus>,
        streams: &[StreamInfo],
    ) -> Result<Protocol, String> {
        let other = |what: &str| {
            let Session { participant, number, rig_name, playlist, .. } = session;
            Err(format!(
                "session {number} of {participant} was begun with the rig {rig_name} and the playlist {playlist}, and {what}; \
                 connect what it was begun with, or begin a new session"
            ))
        };
        for before in &self.streams {
            let Some(now) = streams.iter().find(|s| s.id == before.id) else {
                return other(&format!("its stream {} is missing now", before.name));
            };
            let labels = |s: &StreamInfo| s.channels.iter().map(|c| c.label.clone()).collect::<Vec<_>>();
            if (now.kind, now.rate, labels(now)) != (before.kind, before.rate, labels(before)) {
                return other(&format!("its stream {} has other channels or another rate now", before.name));
            }
        }
        let shown = |t: &Trial| stimuli.get((t.number as usize).wrapping_sub(1)).is_some_and(|s| s.name == t.stimulus);
        if stimuli.len() != session.trials_planned as usize || !self.trials.iter().all(shown) {
            return other("its videos are others, or in another order, now");
        }
        Ok(Protocol::resumed(rig.protocol.clone(), stimuli, self.trials.clone()))
    }
}
