//! `limbic --plain`: the guided session as lines, for screen readers, dumb terminals, logs and scripts. Orders come from
//! standard input, one a line; every change is one line of output, and nothing is ever drawn over.

mod order;
mod tell;

use crate::acquire::simulator::participant_rating;
use crate::cli::{Common, background, guided, text, visit};
use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::lab::socket::wire::Role;
use crate::lab::socket::{SocketError, Visit};
use crate::lab::{Lab, LabOptions, spawn};
use crate::present::Phase;
use crate::rig::Rig;
use crate::show::Link;
use crate::signal::{Clock, ManualClock, SECOND, SharedClock, SystemClock};
use crate::store::StoreError;
use crate::store::rows::{Participant, SessionState};
use anyhow::{anyhow, bail};
use crossbeam_channel::{Receiver, TryRecvError};
use order::{Order, Until};
use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tell::Teller;

/// The lab's step.
const STEP: Duration = Duration::from_millis(50);
/// How long an answer of the lab may take.
const ANSWER: Duration = Duration::from_secs(60);

/// Whether lines are to be spoken instead of screens drawn.
pub fn wanted(flag: bool) -> bool {
    flag || std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

/// A lab on simulated time in this thread: time passes while we wait for it.
struct Stepped(Lab);

impl Link for Stepped {
    fn send(&mut self, command: Command) {
        self.0.handle(command);
    }

    fn events(&mut self) -> Vec<Event> {
        self.0.step();
        self.0.take_events()
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        Some(Arc::new(self.0.snapshot()))
    }
}

/// Runs until `quit`, the end of the input, or the first order of a script that cannot be done.
///
/// # Errors
/// What the lab refuses a script, in its words; the script ends while something is recorded.
pub fn run(common: &Common, in_process: bool, simulated_time: bool) -> anyhow::Result<()> {
    if simulated_time {
        let clock: SharedClock = Arc::new(ManualClock::new(SystemClock.utc()));
        let lab = Lab::new(LabOptions { clock: clock.clone(), threaded_sources: false, ..guided::options(common) })?;
        return Talk::new(Stepped(lab), Some(clock)).run();
    }
    if in_process {
        return Talk::new(guided::Client(spawn(Lab::new(guided::options(common))?)?), None).run();
    }
    let visit = match Visit::connect(&common.home, Role::Keyboard) {
        Err(SocketError::NoLab { .. }) => {
            background::start(common)?;
            Visit::connect(&common.home, Role::Keyboard)?
        }
        found => found?,
    };
    Talk::new(visit::Line(visit), None).run()
}

/// A conversation with a lab.
struct Talk<L> {
    link: L,
    /// Simulated time, which we let pass.
    clock: Option<SharedClock>,
    snapshot: Option<Arc<Snapshot>>,
    events: Vec<Event>,
    teller: Teller,
    participant: Option<Participant>,
    next: u64,
    /// A person types: mistakes are told and the talk goes on.
    person: bool,
}

impl<L: Link> Talk<L> {
    fn new(link: L, clock: Option<SharedClock>) -> Self {
        Talk {
            link,
            clock,
            snapshot: None,
            events: Vec::new(),
            teller: Teller::default(),
            participant: None,
            next: SystemClock.utc().unsigned_abs(),
            person: std::io::stdin().is_terminal(),
        }
    }

    fn run(mut self) -> anyhow::Result<()> {
        say("limbic, line mode: help lists the commands, quit leaves")?;
        let lines = read_lines()?;
        loop {
            match lines.try_recv() {
                Ok(line) => match self.obey(&line) {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    Err(error) if self.person => say(&format!("! {error}"))?,
                    Err(error) => return Err(error.context(format!("\"{}\" was not done", line.trim()))),
                },
                Err(TryRecvError::Empty) => self.step()?,
                Err(TryRecvError::Disconnected) => return self.over(),
            }
        }
    }

    /// The input has ended.
    fn over(&mut self) -> anyhow::Result<()> {
        let recording = self.snapshot.as_ref().is_some_and(|s| s.recording);
        if recording && self.link.standing() == crate::show::Standing::Inside {
            bail!("the orders ended while the session was being recorded; it can go on (resume)");
        }
        Ok(())
    }

    /// Lets a little time pass and tells what it brought.
    fn step(&mut self) -> anyhow::Result<()> {
        match &self.clock {
            // Simulated time runs where something happens in it; a job runs in real time.
            Some(clock) if self.snapshot.as_ref().is_some_and(|s| !s.streams.is_empty() && !working(s)) => clock.wait(STEP),
            Some(_) => std::thread::sleep(Duration::from_millis(5)),
            None => std::thread::sleep(STEP),
        }
        self.events.extend(self.link.events());
        if let Some(why) = self.link.ended() {
            bail!("{why}");
        }
        if let Some(snapshot) = self.link.snapshot() {
            for line in self.teller.lines(&snapshot) {
                say(&line)?;
            }
            self.snapshot = Some(snapshot);
        }
        Ok(())
    }

    /// Does what a line says; false where it says to leave.
    fn obey(&mut self, line: &str) -> anyhow::Result<bool> {
        match order::parse(line).map_err(|e| anyhow!(e))? {
            Order::Nothing => {}
            Order::Participant(participant) => {
                let code = participant.code.clone();
                anyhow::ensure!(self.known()?.catalogue.takes(&code), StoreError::BadCode { code });
                self.participant = Some(participant);
            }
            Order::Consent(consent) => {
                let participant =
                    self.participant.take().ok_or_else(|| anyhow!("whose consent? participant CODE comes first"))?;
                self.act(Action::Prepare { participant, consent })?;
            }
            Order::Resume => {
                let sessions = self.known()?.catalogue.sessions.clone();
                let found = sessions.iter().find(|s| s.state == SessionState::Interrupted);
                let session = found.ok_or_else(|| anyhow!("no session was interrupted"))?.id;
                self.act(Action::Resume { session })?;
            }
            Order::Do(action) => {
                self.check(&action)?;
                self.act(action)?;
            }
            Order::RateSimulated => {
                let snapshot = self.known()?;
                let p = &snapshot.protocol;
                let rating = participant_rating(0, p.trial, p.intended);
                self.act(Action::Rate { rating, by: "simulated participant".into(), done: true, reason: String::new() })?;
            }
            Order::Wait(until) => self.wait(&until)?,
            Order::Gate => tell::gate(self.known()?.as_ref()).iter().try_for_each(|l| say(l))?,
            Order::Status => say(&tell::status(self.known()?.as_ref()))?,
            Order::Summary => tell::summary(self.known()?.as_ref()).iter().try_for_each(|l| say(l))?,
            Order::Review => say(text::review(self.reviewed()?.as_ref()).trim_end())?,
            Order::Explain(class) => {
                let review = self.reviewed()?;
                let report = review.explanation.as_ref().ok_or_else(|| anyhow!("no explanation is stored: train makes one"))?;
                say(tell::explanation(report, class.as_deref()).map_err(|e| anyhow!(e))?.trim_end())?;
            }
            Order::Help => order::WORDS.iter().try_for_each(|(word, what)| say(&format!("{word}\n    {what}")))?,
            Order::Quit => {
                // The lab may be gone before its answer is read: that is what was asked for.
                self.act(Action::Quit).or_else(|e| self.link.ended().map_or(Err(e), |_| Ok(())))?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Devices that live in real time cannot be read on simulated time.
    fn check(&self, action: &Action) -> anyhow::Result<()> {
        if let (Some(_), Action::Connect { rig: Some(path) }) = (&self.clock, action) {
            anyhow::ensure!(
                Rig::load(path)?.is_simulated(),
                "{} is no simulated rig; leave --simulated-time out",
                path.display()
            );
        }
        Ok(())
    }

    /// The newest snapshot, waited for where none has come.
    fn known(&mut self) -> anyhow::Result<Arc<Snapshot>> {
        self.step()?;
        let began = Instant::now();
        loop {
            if let Some(snapshot) = &self.snapshot {
                return Ok(snapshot.clone());
            }
            anyhow::ensure!(began.elapsed() < ANSWER, "the lab says nothing");
            self.step()?;
        }
    }

    /// Sends a command and waits until it is durable.
    fn act(&mut self, action: Action) -> anyhow::Result<()> {
        self.next += 1;
        let id = self.next;
        let done = crate::show::words::done(&action);
        self.link.send(Command { id, action });
        let began = Instant::now();
        loop {
            self.step()?;
            for event in std::mem::take(&mut self.events) {
                match event {
                    Event::Acknowledged { id: answered } if answered == id => return say(&format!("ok {done}")),
                    Event::Refused { id: answered, why } if answered == id => bail!("{why}"),
                    _ => {}
                }
            }
            anyhow::ensure!(began.elapsed() < ANSWER, "the lab did not answer");
        }
    }

    fn wait(&mut self, until: &Until) -> anyhow::Result<()> {
        let start = self.known()?.now;
        loop {
            self.step()?;
            let Some(s) = self.snapshot.clone() else { continue };
            let over = matches!(s.protocol.phase, Phase::Finished | Phase::Aborted) && !s.recording;
            let done = match until {
                Until::Gate => s.verdict.as_ref().is_some_and(|v| v.pass),
                Until::Rating => s.protocol.phase == Phase::Rating,
                Until::End => over,
                Until::Training => !working(&s),
                Until::Seconds(seconds) => (s.now - start) as f64 >= seconds * SECOND as f64,
            };
            if done {
                let failed = s.job.as_ref().and_then(|j| j.outcome.clone()).and_then(Result::err);
                return match failed.filter(|_| *until == Until::Training) {
                    Some(why) => bail!("{why}"),
                    None => Ok(()),
                };
            }
            anyhow::ensure!(!(over && *until == Until::Rating), "the session is over: nothing more is rated");
            let waited = (s.now - start) / SECOND;
            let why = s.verdict.as_ref().map_or("no signal has come", |v| v.why.as_str());
            anyhow::ensure!(*until != Until::Gate || waited < 300, "the gate did not pass in 5 minutes: {why}");
        }
    }

    /// The newest session with what is known about it.
    fn reviewed(&mut self) -> anyhow::Result<Arc<crate::lab::message::Review>> {
        let newest = self.known()?.catalogue.sessions.first().map(|s| s.id);
        let session = newest.ok_or_else(|| anyhow!("nothing was recorded yet"))?;
        self.act(Action::Review { session })?;
        let found = self.known()?.review.clone();
        found.ok_or_else(|| anyhow!("the lab did not load the session"))
    }
}

/// A job runs.
fn working(s: &Snapshot) -> bool {
    s.job.as_ref().is_some_and(|j| j.outcome.is_none())
}

/// One line, at once.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Lines of standard input, from a thread of their own: reading waits.
fn read_lines() -> anyhow::Result<Receiver<String>> {
    let (to, lines) = crossbeam_channel::unbounded();
    let read = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("input".into()).spawn(read)?;
    Ok(lines)
}
