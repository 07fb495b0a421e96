//! What the experimenter and the participant may wish: ratings, pause, redo, skip, abort.

use super::{Output, Protocol};
use crate::present::Phase;
use crate::signal::{CueKind, MarkerKind, Nanos, Rating};
use crate::store::rows::TrialState;

impl Protocol {
    pub(super) fn rate(&mut self, rating: Rating, by: String) {
        if self.phase != Phase::Rating {
            return self.refuse("no trial is being rated; wait for the end of the video");
        }
        if let Some(problem) = rating.problem() {
            return self.refuse(&format!("{problem}; answer again"));
        }
        if let Some(trial) = self.trials.last_mut() {
            (trial.rating, trial.rated_by) = (rating, by);
            self.updated();
        }
    }

    pub(super) fn rating_done(&mut self, now: Nanos, reason: &str) {
        if self.phase() != Phase::Rating {
            return self.refuse("no trial is being rated; wait for the end of the video, or continue after a pause");
        }
        let complete = self.trials.last().is_some_and(|t| t.rating.is_complete());
        if !complete && reason.trim().is_empty() {
            return self.refuse("valence, arousal and emotion are not all answered; answer them, or give a reason");
        }
        self.mark(now, MarkerKind::RatingOff, reason);
        let state = if self.interrupted { TrialState::Interrupted } else { TrialState::Done };
        self.conclude(state, reason);
        self.enter(now, Phase::Rest);
    }

    pub(super) fn pause(&mut self, now: Nanos, reason: &str) {
        if self.paused.is_some() {
            return self.refuse("it is paused already; continue, redo, skip or abort");
        }
        if self.is_idle() {
            return self.refuse("nothing is running that could be paused");
        }
        self.paused = Some(now);
        self.mark(now, MarkerKind::Pause, reason);
        if self.phase == Phase::Video {
            self.interrupted |= self.picture;
            self.out.push(Output::PausePlayer);
        }
        self.out.push(Output::Cue(CueKind::Idle));
    }

    pub(super) fn go_on(&mut self, now: Nanos) {
        let Some(at) = self.paused.take() else { return self.refuse("it is not paused") };
        self.since += now - at;
        self.mark(now, MarkerKind::Resume, "");
        if std::mem::take(&mut self.unloaded) && self.trials.last().is_some_and(|t| t.video_on.is_none()) {
            self.out.extend(self.stimulus().cloned().map(Output::Prepare));
        }
        match self.phase {
            Phase::Video if self.picture => self.out.push(Output::ResumePlayer),
            // The video ended, or broke off, while it was paused.
            Phase::Video if self.trials.last().is_some_and(|t| t.video_off.is_some()) => return self.enter(now, Phase::Rating),
            Phase::Video => self.out.push(Output::Play),
            _ => {}
        }
        self.out.extend(self.cue());
    }

    pub(super) fn redo(&mut self, now: Nanos, reason: &str) {
        let Some((number, attempt)) = self.trials.last().filter(|_| !self.is_idle()).map(|t| (t.number, t.attempt)) else {
            return self.refuse("there is no trial to redo");
        };
        self.leave_trial(now);
        self.mark(now, MarkerKind::Redo, reason);
        self.conclude(TrialState::Redone, reason);
        self.begin_trial(now, number, attempt + 1);
    }

    pub(super) fn skip(&mut self, now: Nanos, reason: &str) {
        if !matches!(self.phase, Phase::Fixation | Phase::Video | Phase::Rating) {
            return self.refuse("no trial is running that could be skipped; Next ends a baseline or a rest");
        }
        self.leave_trial(now);
        self.mark(now, MarkerKind::Skip, reason);
        self.conclude(TrialState::Skipped, reason);
        self.enter(now, Phase::Rest);
    }

    pub(super) fn abort(&mut self, now: Nanos, reason: &str) {
        if matches!(self.phase, Phase::Finished | Phase::Aborted) {
            return self.refuse("the session has ended already");
        }
        let running = self.trials.last().is_some_and(|t| t.state == TrialState::Running);
        // A video that came to its end keeps its label "intended", whatever is left unrated.
        let seen = self.phase == Phase::Rating;
        self.leave_trial(now);
        self.mark(now, MarkerKind::Abort, reason);
        if running {
            let state = match (seen, self.interrupted) {
                (true, false) => TrialState::Done,
                (true, true) => TrialState::Interrupted,
                (false, _) => TrialState::Skipped,
            };
            self.conclude(state, "the session was aborted in this trial");
        }
        self.enter(now, Phase::Aborted);
        self.out.push(Output::Finished);
    }

    pub(super) fn next(&mut self, now: Nanos) {
        match self.phase() {
            Phase::EyesOpen | Phase::EyesClosed | Phase::Rest => self.advance(now),
            Phase::Paused => self.refuse("it is paused; continue, redo, skip or abort"),
            _ => self.refuse("only a baseline or a rest can be ended early; Skip leaves out a trial"),
        }
    }

    /// Takes off what the current trial shows or asks, and lifts a pause.
    fn leave_trial(&mut self, now: Nanos) {
        self.paused = None;
        match self.phase {
            Phase::Fixation | Phase::Video => {
                self.out.push(Output::StopPlayer);
                self.picture_off(now);
            }
            Phase::Rating => self.mark(now, MarkerKind::RatingOff, ""),
            _ => {}
        }
    }

    pub(super) fn conclude(&mut self, state: TrialState, note: &str) {
        if let Some(trial) = self.trials.last_mut() {
            trial.state = state;
            if !note.trim().is_empty() {
                if !trial.note.is_empty() {
                    trial.note.push_str("; ");
                }
                trial.note.push_str(note.trim());
            }
            self.updated();
        }
    }
}
