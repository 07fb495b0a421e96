//! The lab itself: its state, and the step that moves everything once.

mod answers;
mod carry;

use crate::lab::clocks::Clocks;
use crate::lab::devices::Devices;
use crate::lab::disk::Disk;
use crate::lab::errand::Errand;
use crate::lab::job::RunningJob;
use crate::lab::judge::Judge;
use crate::lab::live::Live;
use crate::lab::message::{Catalogue, Command, Event, Review, StoredStream};
use crate::lab::recording::{Recording, Status};
use crate::lab::resume::Resumed;
use crate::lab::{LabError, LabOptions};
use crate::present::{Input, Player, Playlist, Protocol};
use crate::rig::Rig;
use crate::signal::{Nanos, SECOND, Seed, SharedClock, ShiftedClock};
use crate::store::Home;
use crate::store::rows::{Consent, Entry, Participant, Session, SessionId};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Lines of the log that a snapshot carries.
const LOG_LINES: usize = 50;
/// Streams go on being written so long after the last phase, so that late packets of the last trial are kept.
pub(super) const POST_ROLL: Nanos = SECOND;

/// The background half. Drive it with [`Lab::handle`] and [`Lab::step`], or give it a thread with [`super::spawn`].
pub struct Lab {
    /// Its clock is `clock`, below.
    pub(super) options: LabOptions,
    /// The session's time, which is the machine's, moved where a session was begun before a restart.
    pub(super) clock: Arc<ShiftedClock>,
    pub(super) home: Home,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) participant: Option<Participant>,
    pub(super) consent: Option<Consent>,
    /// The session being prepared or recorded, or the one that just ended.
    pub(super) session: Option<Session>,
    /// Written since the participant was prepared; None again once closed.
    pub(super) recording: Option<Recording>,
    pub(super) setup: Option<Setup>,
    pub(super) devices: Devices,
    pub(super) live: Live,
    pub(super) judge: Judge,
    pub(super) foresight: super::foresee::Foresight,
    pub(super) disk: Disk,
    pub(super) unclosed: super::unclosed::Unclosed,
    pub(super) clocks: Clocks,
    pub(super) override_reason: Option<String>,
    pub(super) marks: super::montage::Marks,
    pub(super) test: super::selftest::Running,
    pub(super) labels: super::label::Labels,
    pub(super) drafts: super::drafts::Drafts,
    /// The session being prepared is an interrupted one that goes on.
    pub(super) resumed: Option<Resumed>,
    pub(super) protocol: Option<Protocol>,
    pub(super) job: Option<RunningJob>,
    /// Commands that are under way on threads of their own, and those that wait for them.
    pub(super) errands: Vec<Errand>,
    pub(super) queued: VecDeque<Command>,
    pub(super) review: Option<Arc<Review>>,
    pub(super) log: VecDeque<(Nanos, String)>,
    /// Random bits of session ids.
    pub(super) ids: Seed,
    pub(super) seq: u64,
    pub(super) ended: bool,
    events: Vec<Event>,
    applied: HashSet<u64>,
    /// What the recording that was closed last had come to: the summary shows it until the next is prepared.
    pub(super) closed: Option<Closed>,
    /// The last ticket given out for something that is to be durable.
    tickets: u64,
    /// (ticket, command): acknowledged when the recorder has made the ticket durable.
    waiting: VecDeque<(u64, u64)>,
}

/// How a recording ended.
pub(super) struct Closed {
    pub recorded: Nanos,
    pub status: Status,
}

/// What a rig file stands for, once connected.
pub(super) struct Setup {
    pub rig: Rig,
    pub playlist: Playlist,
    pub player: Box<dyn Player>,
    /// Chosen for the session that is prepared.
    pub order: super::order::Order,
    /// One a video of the playlist: why it cannot be shown.
    pub troubles: Vec<Option<String>>,
}

impl Lab {
    /// Opens the home. Nothing is connected and nobody is prepared.
    ///
    /// # Errors
    /// The home cannot be made, read or locked.
    pub fn new(mut options: LabOptions) -> Result<Lab, LabError> {
        let home = Home::open(&options.home)?;
        let drafts = super::drafts::Drafts::kept(home.drafts());
        let clock = Arc::new(ShiftedClock::new(options.clock));
        options.clock = clock.clone();
        let ids = Seed::new(options.clock.utc() as u64).fork("session ids");
        let mut lab = Lab {
            options,
            clock,
            home,
            catalogue: Arc::default(),
            participant: None,
            consent: None,
            session: None,
            recording: None,
            setup: None,
            devices: Devices::default(),
            live: Live::default(),
            judge: Judge::default(),
            foresight: Default::default(),
            disk: Disk::default(),
            unclosed: Default::default(),
            clocks: Clocks::default(),
            override_reason: None,
            marks: Default::default(),
            test: Default::default(),
            labels: Default::default(),
            drafts,
            resumed: None,
            protocol: None,
            job: None,
            errands: Vec::new(),
            queued: VecDeque::new(),
            review: None,
            log: VecDeque::new(),
            ids,
            seq: 0,
            ended: false,
            events: Vec::new(),
            applied: HashSet::new(),
            closed: None,
            tickets: 0,
            waiting: VecDeque::new(),
        };
        for notice in lab.home.notices().to_vec() {
            lab.news(notice);
        }
        lab.refresh_catalogue();
        Ok(lab)
    }

    /// The home, for whoever reads it beside the lab.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The machine's own clock, for what surrounds the lab: it is never moved.
    pub(super) fn machine_clock(&self) -> SharedClock {
        self.clock.inner()
    }

    /// Quit was accepted: nothing more will happen.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The session being prepared or recorded, or the one that just ended.
    pub fn session_id(&self) -> Option<SessionId> {
        self.session.as_ref().map(|s| s.id)
    }

    /// Why the lab itself ended the last session, if it did: the disk was full.
    pub fn stopped(&self) -> Option<&str> {
        self.disk.stopped.as_deref()
    }

    /// Samples are being written.
    pub fn is_recording(&self) -> bool {
        self.recording.as_ref().is_some_and(Recording::is_running)
    }

    /// Moves everything once: samples to the recorder, the live view and the gate; the player and the protocol; answers
    /// to whoever waits for one. Call it about twenty times a second; it never waits for a client.
    pub fn step(&mut self) {
        self.tend_errands();
        self.carry();
        self.present();
        let now = self.options.clock.now();
        self.live.refresh(now);
        self.judge.refresh(now);
        if self.is_recording() {
            self.foresight.tend(now);
        }
        self.mind_the_disk(now);
        for (stream, text) in self.clocks.refresh(now) {
            self.trouble(Some(stream), text);
        }
        self.tend_labels(now);
        self.tend_recording(now);
        self.tend_unclosed();
        if self.job.as_mut().is_some_and(RunningJob::poll) {
            let said = match self.job.as_ref().and_then(RunningJob::outcome) {
                Some(Ok(outcome)) => outcome.clone(),
                Some(Err(why)) => format!("the training ended: {why}"),
                None => String::new(),
            };
            self.news(said);
            self.refresh_catalogue();
        }
    }

    /// The player's reports and the passing of time, as far as a protocol runs.
    fn present(&mut self) {
        if !self.is_recording() {
            return;
        }
        while let Some(event) = self.setup.as_mut().and_then(|s| s.player.poll()) {
            self.player_said(event);
        }
        // Refusals answer wishes only; a tick is none.
        let _ = self.input(Input::Tick);
    }

    /// Acknowledgements, the recorder's complaints, and the end of a session.
    fn tend_recording(&mut self, now: Nanos) {
        let Some(recording) = &mut self.recording else { return };
        let durable = recording.durable();
        let (failure, complaint) = (recording.take_failure(), recording.take_complaint());
        let over = recording.is_over(now);
        self.answer_until(durable);
        failure.into_iter().for_each(|why| self.refuse_waiting(&why));
        complaint.into_iter().for_each(|why| self.news(format!("the recorder: {why}")));
        if over {
            self.close_session();
        }
    }

    /// Ends the recording, or leaves a session that was only prepared: everything is durable afterwards.
    pub(super) fn close_session(&mut self) {
        if let Some(report) = self.judge.report().filter(|_| self.is_recording()) {
            self.journal(|id| Entry::Quality(id, report));
        }
        let dropped = self.dropped();
        self.closed = None;
        let Some(recording) = self.recording.take() else { return };
        let now = self.options.clock.now();
        self.closed = recording.is_running().then(|| Closed { recorded: recording.recorded(now), status: recording.status() });
        match recording.close(now, &dropped) {
            Ok(session) => {
                self.answer_until(u64::MAX);
                self.judge_stored(&session);
                let Session { number, participant, state, .. } = &session;
                self.news(format!("session {number} of {participant} is {} and saved", format!("{state:?}").to_lowercase()));
                self.session = Some(session);
            }
            Err(e) => {
                self.refuse_waiting(&e.to_string());
                self.leave_unclosed(now);
                let way =
                    if self.has_room() { "`limbic verify` tells what is there" } else { "free some space, then go on with it" };
                self.news(format!("the session could not be closed and is interrupted: {e}; {way}"));
            }
        }
        (self.override_reason, self.resumed) = (None, None);
        self.refresh_catalogue();
    }

    /// Takes what the store says of a session that was just closed for what was counted on the way.
    pub(super) fn judge_stored(&mut self, session: &Session) {
        let Some(closed) = &mut self.closed else { return };
        let (home, id) = (&self.home, session.id);
        let stored = home.streams(id).and_then(|rows| Ok((rows, home.consent(id)?, home.session_bytes(id)?)));
        match stored {
            Ok((rows, consent, bytes)) => {
                closed.status.written = bytes;
                closed.status.streams = rows.iter().map(|row| StoredStream::judged(session, row, &consent)).collect();
            }
            Err(e) => self.news(format!("the counters of the session cannot be read again: {e}")),
        }
    }
}
