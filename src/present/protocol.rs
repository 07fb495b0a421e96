//! The experiment as a pure state machine: (state, time, input) -> outputs. It does nothing itself.
//!
//! Eyes open, eyes closed, then per trial fixation, video, rating, rest; after the last rest it is finished. Phases
//! of length 0 are left out. Every input has a defined effect in every phase: a wish that makes no sense there is
//! answered by [`Output::Refused`] and changes nothing; a report of the player that comes too late is ignored.

mod inout;
mod reports;
#[cfg(test)]
mod tests;
mod wishes;

pub use inout::{Input, Output};

use crate::present::{Phase, ProtocolView, Stimulus};
use crate::rig::ProtocolRig;
use crate::signal::{CueKind, Marker, MarkerKind, Nanos, Rating, SECOND, to_nanos};
use crate::store::rows::{Trial, TrialState};

/// A video that has not ended so long after its stated length is taken off.
const OVERDUE: Nanos = 5 * SECOND;

/// See the module's own words.
#[derive(Debug, Clone)]
pub struct Protocol {
    rig: ProtocolRig,
    stimuli: Vec<Stimulus>,
    /// Never [`Phase::Paused`]: that is `paused`.
    phase: Phase,
    /// Start of the phase, moved on by every pause, so that a pause keeps the phase's clock.
    since: Nanos,
    paused: Option<Nanos>,
    /// Every attempt, in the order of beginning; the last one is current.
    trials: Vec<Trial>,
    /// Something is on the participant's screen.
    picture: bool,
    /// The current attempt was held in the middle of its video.
    interrupted: bool,
    /// The player has to load the stimulus again before it can play.
    unloaded: bool,
    out: Vec<Output>,
}

impl Protocol {
    /// A protocol over stimuli in the order of showing.
    pub fn new(rig: ProtocolRig, stimuli: Vec<Stimulus>) -> Self {
        Protocol {
            rig,
            stimuli,
            phase: Phase::Waiting,
            since: 0,
            paused: None,
            trials: Vec::new(),
            picture: false,
            interrupted: false,
            unloaded: false,
            out: Vec::new(),
        }
    }

    /// A protocol that goes on after an interruption; `trials` = every attempt so far, in the order of beginning. It
    /// begins with the trial that was running, as another attempt, or with the one after the last. Baselines are only
    /// repeated where no trial had begun.
    pub fn resumed(rig: ProtocolRig, stimuli: Vec<Stimulus>, trials: Vec<Trial>) -> Self {
        Protocol { trials, ..Protocol::new(rig, stimuli) }
    }

    /// Applies one input at `now` (monotonic; never earlier than at the call before).
    pub fn step(&mut self, now: Nanos, input: Input) -> Vec<Output> {
        match input {
            Input::Tick => self.tick(now),
            Input::Begin => self.begin(now),
            Input::PlayerStarted { at } => self.player_started(at),
            Input::PlayerEnded { at } => self.player_ended(now, at),
            Input::PlayerFailed { at, why } => self.player_failed(now, at, &why),
            Input::Rate { rating, by } => self.rate(rating, by),
            Input::RatingDone { reason } => self.rating_done(now, &reason),
            Input::Pause { reason } => self.pause(now, &reason),
            Input::Continue => self.go_on(now),
            Input::Redo { reason } => self.redo(now, &reason),
            Input::Skip { reason } => self.skip(now, &reason),
            Input::Abort { reason } => self.abort(now, &reason),
            Input::Next => self.next(now),
        }
        std::mem::take(&mut self.out)
    }

    /// As a screen sees it.
    pub fn view(&self) -> ProtocolView {
        let trial = self.trials.last();
        let active = !matches!(self.phase, Phase::Waiting | Phase::EyesOpen | Phase::EyesClosed);
        let shown = trial.filter(|_| active);
        ProtocolView {
            phase: self.phase(),
            phase_started: self.paused.unwrap_or(self.since),
            phase_length: if self.paused.is_some() { None } else { self.length() },
            trial: trial.map_or(0, |t| t.number),
            trials: self.stimuli.len() as u32,
            attempt: trial.map_or(0, |t| t.attempt),
            stimulus: shown.map(|t| t.stimulus.clone()).unwrap_or_default(),
            intended: shown.and_then(|t| t.intended),
        }
    }

    /// Where it stands; [`Phase::Paused`] while it is held.
    pub fn phase(&self) -> Phase {
        if self.paused.is_some() { Phase::Paused } else { self.phase }
    }

    /// Every attempt so far, in the order of beginning.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Notes the EEG quality (0-100) of an attempt and returns the attempt, if there is such a one.
    pub fn judge(&mut self, number: u32, attempt: u32, quality: f64) -> Option<&Trial> {
        let trial = self.trials.iter_mut().find(|t| t.number == number && t.attempt == attempt)?;
        trial.quality = Some(quality);
        Some(trial)
    }

    /// Length of the current phase; None where it lasts until someone acts.
    fn length(&self) -> Option<Nanos> {
        let seconds = match self.phase {
            Phase::EyesOpen => self.rig.baseline_open_s,
            Phase::EyesClosed => self.rig.baseline_closed_s,
            Phase::Fixation => self.rig.fixation_s,
            Phase::Video => self.stimulus()?.length_s,
            Phase::Rest => self.rig.rest_s,
            _ => return None,
        };
        Some(to_nanos(seconds))
    }

    fn stimulus(&self) -> Option<&Stimulus> {
        self.stimuli.get(self.trials.last()?.number.checked_sub(1)? as usize)
    }

    fn tick(&mut self, now: Nanos) {
        let Some(length) = self.length().filter(|_| self.paused.is_none()) else { return };
        let spent = now - self.since;
        match self.phase {
            Phase::Video if spent >= length + OVERDUE => {
                self.mark(now, MarkerKind::Trouble, "the video did not end and was taken off");
                self.out.push(Output::StopPlayer);
                self.picture_off(now);
                self.enter(now, Phase::Rating);
            }
            Phase::Video => {}
            _ if spent >= length => self.advance(now),
            _ => {}
        }
    }

    /// Out of a timed phase into the one after it.
    fn advance(&mut self, now: Nanos) {
        match self.phase {
            Phase::EyesOpen => self.enter(now, Phase::EyesClosed),
            Phase::Fixation => self.enter(now, Phase::Video),
            _ => self.next_trial(now),
        }
    }

    fn enter(&mut self, now: Nanos, phase: Phase) {
        self.phase = phase;
        self.since = now;
        if self.length() == Some(0) && phase != Phase::Video {
            return self.advance(now);
        }
        let (kind, cue) = match phase {
            Phase::EyesOpen => (MarkerKind::EyesOpen, CueKind::EyesOpen),
            Phase::EyesClosed => (MarkerKind::EyesClosed, CueKind::EyesClosed),
            Phase::Fixation => (MarkerKind::Fixation, CueKind::Fixation),
            Phase::Rating => (MarkerKind::RatingOn, CueKind::Idle),
            Phase::Rest => (MarkerKind::Rest, CueKind::Idle),
            // Its marker and cue wait for the first frame.
            Phase::Video => return self.out.push(Output::Play),
            _ => (MarkerKind::SessionEnd, CueKind::Idle),
        };
        self.mark(now, kind, "");
        self.out.push(Output::Cue(cue));
    }

    fn begin(&mut self, now: Nanos) {
        if self.phase != Phase::Waiting {
            return self.refuse("the session has begun already");
        }
        let Some((number, attempt, state)) = self.trials.last().map(|t| (t.number, t.attempt, t.state)) else {
            self.mark(now, MarkerKind::SessionStart, "");
            return self.enter(now, Phase::EyesOpen);
        };
        self.mark(now, MarkerKind::SessionStart, "goes on after an interruption");
        if state == TrialState::Running {
            self.conclude(TrialState::Redone, Trial::CUT_OFF);
        }
        match state {
            TrialState::Running | TrialState::Redone => self.begin_trial(now, number, attempt + 1),
            _ => self.next_trial(now),
        }
    }

    fn next_trial(&mut self, now: Nanos) {
        self.begin_trial(now, self.trials.last().map_or(0, |t| t.number) + 1, 1);
    }

    fn begin_trial(&mut self, now: Nanos, number: u32, attempt: u32) {
        let Some(stimulus) = self.stimuli.get(number as usize - 1).cloned() else {
            self.enter(now, Phase::Finished);
            return self.out.push(Output::Finished);
        };
        let trial = Trial {
            number,
            attempt,
            stimulus: stimulus.name.clone(),
            intended: Some(stimulus.intended),
            video_on: None,
            video_off: None,
            state: TrialState::Running,
            rating: Rating::default(),
            rated_by: String::new(),
            quality: None,
            note: String::new(),
        };
        self.trials.push(trial.clone());
        (self.interrupted, self.unloaded) = (false, false);
        self.out.push(Output::TrialBegun(trial));
        self.out.push(Output::Prepare(stimulus));
        self.enter(now, Phase::Fixation);
    }

    /// Not begun, or over.
    fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::Finished | Phase::Aborted)
    }

    /// What the participant is shown in this phase.
    fn cue(&self) -> Option<Output> {
        let kind = match self.phase {
            Phase::EyesOpen => CueKind::EyesOpen,
            Phase::EyesClosed => CueKind::EyesClosed,
            Phase::Fixation => CueKind::Fixation,
            Phase::Video => {
                let trial = self.trials.last().filter(|_| self.picture)?;
                CueKind::Video { trial: trial.number, stimulus: trial.stimulus.clone(), intended: trial.intended }
            }
            _ => CueKind::Idle,
        };
        Some(Output::Cue(kind))
    }

    fn updated(&mut self) {
        self.out.extend(self.trials.last().cloned().map(Output::TrialUpdated));
    }

    fn mark(&mut self, at: Nanos, kind: MarkerKind, text: &str) {
        let within =
            !matches!(self.phase, Phase::Waiting | Phase::EyesOpen | Phase::EyesClosed | Phase::Finished | Phase::Aborted);
        let trial = self.trials.last().filter(|_| within).map(|t| t.number);
        self.out.push(Output::Marker(Marker { at, kind, text: text.into(), trial }));
    }

    fn refuse(&mut self, why: &str) {
        self.out.push(Output::Refused(why.into()));
    }
}
