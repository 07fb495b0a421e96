//! What each command does, and the sentence with which it is refused.

use crate::lab::core::{Lab, Setup};
use crate::lab::disk::planned_s;
use crate::lab::errand::Purpose;
use crate::lab::job::RunningJob;
use crate::lab::message::{Action, Command};
use crate::lab::order::Order;
use crate::lab::recording::{Begun, Recording};
use crate::present::{Input, Phase, Protocol};
use crate::signal::{Marker, MarkerKind, Nanos, SECOND};
use crate::store::rows::{Consent, Entry, Participant, SessionId, SessionState};
use std::sync::Arc;

/// Characters of a note or a mark: rows of a journal are small.
const LONGEST_TEXT: usize = 2000;
/// Longest time between the key of a marker and its last word.
const LONGEST_TYPED: Nanos = 600 * SECOND;

impl Lab {
    /// Applies a command, once per id. It is answered by an event: acknowledged when what it changed is durable, or
    /// refused with a sentence.
    pub fn handle(&mut self, command: Command) {
        if self.must_wait(&command.action) {
            self.queued.push_back(command);
            return;
        }
        self.once(command.id, |lab| lab.apply(command.id, command.action));
    }

    pub(super) fn apply(&mut self, id: u64, action: Action) -> Result<(), String> {
        match action {
            Action::Prepare { participant, consent } => self.prepare(participant, consent),
            Action::Resume { session } => self.resume(session),
            Action::Connect { rig } => self.connect(id, rig),
            Action::Disconnect => self.disconnect(),
            Action::Place { label, state, note } => self.place(&label, state, note),
            Action::SelfTest => self.test_again(),
            Action::Preview { on } => self.preview(on),
            Action::Order { seed } => self.order(seed),
            Action::CheckPlaylist => self.check_playlist(),
            Action::Moment { by, toggle } => self.moment(by, toggle),
            Action::Label { session, trial } => self.open_labels(session, trial),
            Action::Segment { session, segment } => self.put_segment(session, segment),
            Action::Draft { field, text } => self.draft(field, text),
            Action::Override { reason } => self.override_gate(reason),
            Action::Begin => self.begin(),
            Action::Pause { reason } => self.running(Input::Pause { reason }),
            Action::Continue => self.running(Input::Continue),
            Action::Redo { reason, trial } => self.meant(trial).and_then(|()| self.running(Input::Redo { reason })),
            Action::Skip { reason, trial } => self.meant(trial).and_then(|()| self.running(Input::Skip { reason })),
            Action::Next => self.running(Input::Next),
            Action::Abort { typed } => self.abort(&typed),
            Action::Note { text } => self.remark(MarkerKind::Note, text, None),
            Action::Mark { text, pressed } => self.remark(MarkerKind::Marker, text, pressed),
            Action::Rate { rating, by, done, reason } => {
                let stands = self.answers();
                let rating = stands.with(rating);
                if !done || rating != stands {
                    self.running(Input::Rate { rating, by })?;
                }
                if done { self.running(Input::RatingDone { reason }) } else { Ok(()) }
            }
            Action::Unrate { question, by } => {
                let rating = self.answers().without(question);
                self.running(Input::Rate { rating, by })
            }
            Action::Review { session } => self.load_review(id, session),
            Action::Train { sessions, seed } => self.train(sessions, seed),
            Action::StopJob => match &self.job {
                Some(job) if job.is_running() => {
                    job.stop();
                    Ok(())
                }
                _ => Err("no job is running".into()),
            },
            Action::Quit => self.quit(),
        }
    }

    pub(super) fn while_idle(&self) -> Result<(), String> {
        if self.is_recording() { Err("a session is being recorded; let it finish or abort it first".into()) } else { Ok(()) }
    }

    fn prepare(&mut self, participant: Participant, mut consent: Consent) -> Result<(), String> {
        self.while_idle()?;
        if participant.code.trim().is_empty() {
            return Err("the participant has no code; type a pseudonym such as P07".into());
        }
        if !consent.recording {
            return Err(format!("{} has not consented to be recorded, and without consent nothing is", participant.code));
        }
        if consent.signed_utc == 0 {
            consent.signed_utc = self.options.clock.utc();
        }
        let again = self.session.as_ref().is_some_and(|s| s.participant == participant.code);
        if self.recording.is_some() && again && self.resumed.is_none() {
            self.home.put(Entry::Participant(participant.clone())).map_err(|e| e.to_string())?;
            let consent = consent.clone();
            self.journal(|id| Entry::Consent(id, consent));
        } else {
            self.close_session();
            self.open_session(&participant, &consent)?;
        }
        (self.participant, self.consent) = (Some(participant), Some(consent));
        self.refresh_catalogue();
        Ok(())
    }

    fn open_session(&mut self, participant: &Participant, consent: &Consent) -> Result<(), String> {
        let clock = self.options.clock.clone();
        let session = self.home.new_session(&participant.code, clock.as_ref(), &mut self.ids).map_err(|e| e.to_string())?;
        let recording = Recording::prepare(&self.home, session.clone(), participant, consent).map_err(|e| e.to_string())?;
        self.recording = Some(recording);
        self.session = Some(session);
        if let Err(why) = self.forget_drafts() {
            self.news(why);
        }
        self.forget_marks();
        // What was chosen for another participant is no choice for this one.
        if let Some(setup) = &mut self.setup {
            setup.order = Order::default();
        }
        self.labels.begin(Vec::new());
        (self.protocol, self.override_reason) = (None, None);
        Ok(())
    }

    fn override_gate(&mut self, reason: String) -> Result<(), String> {
        self.while_idle()?;
        if reason.trim().is_empty() {
            return Err("an override needs a reason; type one".into());
        }
        if self.setup.is_none() {
            return Err("no devices are connected yet, so there is nothing to override".into());
        }
        if self.recording.is_none() {
            return Err("nobody is prepared yet; enter the participant first, so that the reason can be stored".into());
        }
        self.news(format!("the gate is overridden: {reason}"));
        let marker = Marker { at: self.options.clock.now(), kind: MarkerKind::Override, text: reason.clone(), trial: None };
        self.journal_marker(marker);
        self.override_reason = Some(reason);
        Ok(())
    }

    fn begin(&mut self) -> Result<(), String> {
        self.while_idle()?;
        let (Some(setup), Some(mut session)) = (&self.setup, self.session.clone().filter(|_| self.recording.is_some())) else {
            let missing = if self.setup.is_none() { "connect the devices" } else { "enter the participant" };
            return Err(format!("the session cannot begin yet; {missing} first"));
        };
        let (report, verdict) = (self.judge.report(), self.judge.verdict());
        if !verdict.pass && self.override_reason.is_none() {
            return Err(format!("below the gate: {}; mend it, or override with a reason", verdict.why));
        }
        setup.showable()?;
        let (rig, playlist) = (&setup.rig, &setup.playlist);
        let seed = self.order_seed(setup);
        let stimuli = setup.stimuli(seed);
        let streams = self.devices.streams();
        let planned = planned_s(&rig.protocol, playlist);
        self.room_for(&streams, planned)?;
        let Some(Setup { rig, playlist, player, .. }) = &self.setup else { return Err("connect the devices first".into()) };
        let now = self.options.clock.now();
        let protocol = match &self.resumed {
            Some(resumed) => resumed.protocol(&session, rig, stimuli, &streams)?,
            None => {
                (session.started, session.started_utc) = (now, self.options.clock.utc());
                session.trials_planned = stimuli.len() as u32;
                Protocol::new(rig.protocol.clone(), stimuli)
            }
        };
        session.state = SessionState::Recording;
        // As it is shown: who opens the session again shows the same.
        let mut shown = rig.clone();
        shown.protocol.shuffle = seed.is_some();
        shown.protocol.order_seed = seed.or(rig.protocol.order_seed);
        (session.rig_name, session.rig) = (rig.name.clone(), shown.to_toml());
        (session.playlist, session.order_seed) = (playlist.name.clone(), seed.unwrap_or_default());
        session.player = player.name();
        session.simulated = streams.iter().any(|s| s.simulated);
        if !verdict.pass {
            // One that was given before an interruption stays.
            session.override_reason = self.override_reason.clone();
        }
        (session.quality, session.verdict) = (report.clone(), Some(verdict.clone()));
        let begun = Begun { session: session.clone(), streams, report, at: now, dropped: self.dropped() };
        let Some(recording) = &mut self.recording else { return Err("enter the participant first".into()) };
        recording.begin(begun, &self.options.clock).map_err(|e| e.to_string())?;
        let id = session.id;
        self.session = Some(session);
        for offset in self.clocks.offsets().to_vec() {
            self.journal(|id| Entry::Offset(id, offset));
        }
        self.journal_marker(Marker { at: now, kind: MarkerKind::Gate, text: verdict.why, trial: None });
        self.protocol = Some(protocol);
        self.news(format!("recording session {id}"));
        self.refresh_catalogue();
        self.input(Input::Begin)
    }

    /// An input to the protocol of a session that is being recorded.
    fn running(&mut self, input: Input) -> Result<(), String> {
        if !self.is_recording() {
            return Err("no session is being recorded".into());
        }
        self.input(input)
    }

    fn abort(&mut self, typed: &str) -> Result<(), String> {
        let code = self.session.as_ref().map(|s| s.participant.clone()).unwrap_or_default();
        if self.is_recording() && typed.trim() != code {
            return Err(format!("to abort, type the participant's code {code}; nothing is deleted"));
        }
        self.running(Input::Abort { reason: "by the experimenter".into() })
    }

    /// The lab has to end now: what is being recorded is interrupted, with everything that the devices have delivered,
    /// and can be taken up again.
    pub(super) fn abandon(&mut self, why: &str) {
        self.await_devices();
        if self.is_recording() {
            self.carry();
            let (at, trial) = (self.options.clock.now(), self.running_trial());
            self.journal_marker(Marker { at, kind: MarkerKind::Trouble, text: format!("interrupted: {why}"), trial });
        }
        self.close_session();
        self.release();
        self.ended = true;
    }

    /// A reason is about the trial that its writer saw; while it was typed another may have begun.
    fn meant(&self, trial: Option<(u32, u32)>) -> Result<(), String> {
        let last = self.protocol.as_ref().and_then(|p| p.trials().last()).map(|t| (t.number, t.attempt));
        match (trial, last) {
            (Some((number, _)), Some(now)) if trial != last => Err(format!(
                "nothing was done: the reason was about trial {number}, and trial {} has begun meanwhile; a trial can be left out \
                 or repeated until the rest after it ends, and a note keeps the words",
                now.0
            )),
            _ => Ok(()),
        }
    }

    /// A note or a marker; one whose key was `pressed` earlier belongs there.
    fn remark(&mut self, kind: MarkerKind, text: String, pressed: Option<(Nanos, u32)>) -> Result<(), String> {
        if self.recording.is_none() {
            return Err("nobody is prepared yet; enter the participant first, so that it can be stored".into());
        }
        if kind == MarkerKind::Note && text.trim().is_empty() {
            return Err("the note is empty".into());
        }
        if text.chars().count() > LONGEST_TEXT {
            return Err(format!("the text is longer than {LONGEST_TEXT} characters; split it"));
        }
        let running = self.protocol.as_ref().filter(|p| !matches!(p.phase(), Phase::Waiting | Phase::Finished | Phase::Aborted));
        let trial = running.and_then(|p| p.trials().last()).map(|t| t.number);
        let now = self.options.clock.now();
        // What no clock of this lab can have said is not believed.
        let (at, trial) = match pressed.filter(|(at, _)| (now - LONGEST_TYPED..=now).contains(at)) {
            Some((at, trial_then)) => (at, (trial_then > 0).then_some(trial_then)),
            None => (now, trial),
        };
        self.journal_marker(Marker { at, kind, text, trial });
        Ok(())
    }

    fn load_review(&mut self, id: u64, session: SessionId) -> Result<(), String> {
        let Some(load) = self.options.review.clone() else { return Err("this lab cannot load reviews".into()) };
        if self.is_reading() {
            return Err("a session is being read already; try again in a moment".into());
        }
        let home = self.home.clone();
        self.send_out(id, Purpose::Review, move || {
            let review = load(&home, session);
            Box::new(move |lab| {
                lab.review = Some(Arc::new(review?));
                Ok(())
            })
        })
    }

    fn train(&mut self, sessions: Vec<SessionId>, seed: u64) -> Result<(), String> {
        self.while_idle()?;
        if self.job.as_ref().is_some_and(RunningJob::is_running) {
            return Err("a job is running already; wait for its end or stop it".into());
        }
        let Some(work) = self.options.train.clone() else { return Err("this lab cannot train".into()) };
        let job = RunningJob::train(work, self.home.clone(), sessions, seed);
        self.job = Some(job.map_err(|e| format!("cannot start the training: {e}"))?);
        Ok(())
    }

    fn quit(&mut self) -> Result<(), String> {
        self.while_idle()?;
        self.close_session();
        self.release();
        self.job = None;
        self.ended = true;
        Ok(())
    }
}
