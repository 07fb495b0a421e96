//! What the player reports, and when a picture leaves the participant's screen.

use super::Protocol;
use crate::present::Phase;
use crate::signal::{MarkerKind, Nanos};

impl Protocol {
    pub(super) fn player_started(&mut self, at: Nanos) {
        let waiting = self.phase == Phase::Video && self.trials.last().is_some_and(|t| t.video_on.is_none());
        let Some(trial) = self.trials.last_mut().filter(|_| waiting) else { return };
        trial.video_on = Some(at);
        (self.picture, self.since) = (true, at);
        let text = trial.stimulus.clone();
        self.mark(at, MarkerKind::VideoOn, &text);
        self.out.extend(self.cue());
        self.updated();
    }

    pub(super) fn player_ended(&mut self, now: Nanos, at: Nanos) {
        if self.picture {
            self.picture_off(at);
            if self.paused.is_none() {
                self.enter(now, Phase::Rating);
            }
        }
    }

    pub(super) fn player_failed(&mut self, now: Nanos, at: Nanos, why: &str) {
        self.mark(at, MarkerKind::Trouble, why);
        if !matches!(self.phase, Phase::Fixation | Phase::Video) {
            return;
        }
        self.unloaded = true;
        self.interrupted |= self.picture;
        self.picture_off(at);
        if self.paused.is_none() {
            self.pause(now, "the stimulus failed");
        }
    }

    /// The picture left the participant's screen, for whatever reason.
    pub(super) fn picture_off(&mut self, at: Nanos) {
        if !std::mem::take(&mut self.picture) {
            return;
        }
        let mut text = String::new();
        if let Some(trial) = self.trials.last_mut() {
            trial.video_off = Some(at);
            text.clone_from(&trial.stimulus);
        }
        self.mark(at, MarkerKind::VideoOff, &text);
        self.updated();
    }
}
