//! Between the lab and its visitors: lets them in, seats one at the keyboard, hands commands to the lab and everything
//! else back.
//!
//! It runs on a thread of its own beside the lab's, and never waits for a visitor.

mod visitor;

use super::ledger::{Known, Ledger};
use super::porter::{self, Said};
use super::seats::Seats;
use super::server::Options;
use super::sight::Sight;
use super::wire::{Hello, Role, Tell};
use crate::lab::Link;
use crate::lab::message::{Action, Command, Event, Snapshot};
use crate::signal::{Nanos, Seed, SharedClock};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use visitor::{Visitor, answer, hears_news, is_stopper, looks};

/// How often the server looks up by itself.
const TICK: Duration = Duration::from_millis(20);
/// Visitors at a time: an experimenter, a participant, and a class that looks on.
const MOST: usize = 16;
/// Messages of all visitors that may wait for the server; the readers wait beyond that.
const INBOX: usize = 256;
/// How long the last words may take.
const PARTING: Duration = Duration::from_secs(1);

/// See the module's own words.
pub struct Hub {
    link: Link,
    clock: SharedClock,
    /// Names this run of the lab.
    name: u64,
    listener: UnixListener,
    door: Sender<(u64, Said)>,
    inbox: Receiver<(u64, Said)>,
    visitors: BTreeMap<u64, Visitor>,
    last: u64,
    seats: Seats,
    ledger: Ledger,
    latest: Option<Arc<Snapshot>>,
    alone_since: Option<Nanos>,
    /// The lab's number of the command by which it is asked to end, and its answer, withheld until the home is free.
    quitting: Option<(u64, Option<Event>)>,
    farewell: String,
    options: Options,
}

impl Hub {
    pub fn new(link: Link, clock: SharedClock, listener: UnixListener, options: Options) -> Hub {
        let (door, inbox) = bounded(INBOX);
        let name = Seed::new(clock.utc().unsigned_abs()).fork(&std::process::id().to_string()).bits();
        Hub {
            link,
            clock,
            name,
            listener,
            door,
            inbox,
            visitors: BTreeMap::new(),
            last: 0,
            seats: Seats::default(),
            ledger: Ledger::default(),
            latest: None,
            alone_since: None,
            quitting: None,
            farewell: "the lab has ended".into(),
            options,
        }
    }

    /// Serves until the lab ends; the home is free on return, and everybody has been told.
    pub fn serve(mut self) {
        let mut told_to_end = false;
        while !self.link.has_ended() {
            self.accept();
            let first = self.inbox.recv_timeout(TICK).ok();
            let waiting: Vec<_> = first.into_iter().chain(self.inbox.try_iter().take(INBOX)).collect();
            waiting.into_iter().for_each(|(number, said)| self.hear(number, said));
            self.relay();
            if self.options.stop.load(Ordering::Relaxed) && !told_to_end {
                told_to_end = true;
                self.farewell =
                    "the lab was told to stop; what was recorded is safe, and an interrupted session can go on".into();
                self.link.end("the lab was told to stop");
            }
            self.mind_the_time();
        }
        self.relay();
        self.part();
    }

    /// Gives the home free; then last words to everybody, and a moment for the writers to say them.
    fn part(self) {
        let Hub { link, mut ledger, visitors, farewell, quitting, .. } = self;
        drop(link);
        let last_words = quitting.and_then(|(_, answer)| answer).and_then(|event| ledger.answered(event));
        if let Some((Some(key), event)) = last_words {
            answer(&visitors, key, event);
        }
        visitors.values().for_each(|v| v.outbox.finish(Some(farewell.clone())));
        let mut left = PARTING;
        while visitors.values().any(|v| !v.writer.is_finished()) && !left.is_zero() {
            std::thread::sleep(TICK);
            left = left.saturating_sub(TICK);
        }
    }

    fn accept(&mut self) {
        for _ in 0..MOST {
            let Ok((stream, _)) = self.listener.accept() else { return };
            if self.visitors.len() >= MOST {
                porter::turn_away(&stream, format!("the lab has {MOST} visitors already; close one of them"));
                continue;
            }
            self.last += 1;
            match porter::receive(stream, self.last, self.door.clone(), &self.clock) {
                Ok((outbox, writer)) => {
                    self.visitors.insert(self.last, Visitor { hello: None, outbox, writer });
                }
                Err(e) => (self.options.notice)(&format!("a visitor could not be let in: {e}")),
            }
        }
    }

    fn hear(&mut self, number: u64, said: Said) {
        match said {
            Said::Hello(hello) => self.welcome(number, hello),
            Said::Command(command) => self.command(number, command),
            Said::Gone(why) => {
                let Some(visitor) = self.visitors.remove(&number) else { return };
                let because = why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
                (self.options.notice)(&format!("visitor {number} left{because}"));
                visitor.outbox.finish(why);
                self.pass_on(number);
            }
        }
    }

    fn welcome(&mut self, number: u64, hello: Hello) {
        // A client that comes again has given up its earlier line, whether we have noticed or not.
        let twin = |v: &Visitor| v.hello.as_ref().is_some_and(|h| h.nonce == hello.nonce);
        if let Some(before) = self.visitors.iter().find(|(_, v)| twin(v)).map(|(n, _)| *n) {
            self.hear(before, Said::Gone(None));
        }
        let busy = self.is_recording();
        let Some(visitor) = self.visitors.get_mut(&number) else { return };
        let (role, outbox) = (hello.role, visitor.outbox.clone());
        (self.options.notice)(&format!("visitor {number} came ({role:?})"));
        if role == Role::Stop {
            if busy {
                outbox.finish(Some("a session is being recorded; let it finish or abort it first".into()));
            } else {
                visitor.hello = Some(hello);
                outbox.tell(Tell::Ending);
                self.ask_to_end("the lab was told to stop");
            }
            return;
        }
        visitor.hello = Some(hello);
        let earlier = self.seats.sit(number, role);
        outbox.sees(match role {
            Role::Rate => Sight::Participant,
            _ if self.seats.holds(number) => Sight::Whole,
            _ => Sight::LooksOn,
        });
        outbox.tell(Tell::Welcome { lab: self.name, keyboard: self.seats.holds(number) });
        if let Some(latest) = &self.latest {
            outbox.show(latest);
        }
        let why = "another terminal took the keyboard; you look on now, and `limbic attach` takes it back";
        self.tell_keyboard(earlier, false, why);
        if role == Role::Keyboard && !self.seats.holds(number) {
            let why = "another terminal has the keyboard; this one looks on until it leaves, and `limbic attach` takes it over";
            self.tell_keyboard(Some(number), false, why);
        }
    }

    fn tell_keyboard(&self, number: Option<u64>, held: bool, why: &str) {
        if let Some(visitor) = number.and_then(|n| self.visitors.get(&n)) {
            visitor.outbox.sees(if held { Sight::Whole } else { Sight::LooksOn });
            visitor.outbox.tell(Tell::Keyboard { held, why: why.into() });
        }
    }

    /// Somebody left: the keyboard goes to whoever wants it.
    fn pass_on(&mut self, number: u64) {
        let next = self.seats.leave(number);
        self.tell_keyboard(next, true, "the other terminal has left; you have the keyboard");
    }

    fn command(&mut self, number: u64, Command { id, action }: Command) {
        let Some((outbox, hello)) = self.visitors.get(&number).and_then(|v| Some((v.outbox.clone(), v.hello.clone()?))) else {
            return;
        };
        let key = (hello.nonce, id);
        if !self.ledger.knows(key) {
            let verdict = match action {
                // Leaving is everybody's own business; whoever has the keyboard takes the lab along, or hears what holds it.
                Action::Quit if !self.seats.holds(number) => Some(Event::Acknowledged { id }),
                Action::Quit => self.held_by(number).map(|why| Event::Refused { id, why }),
                _ => self.seats.refusal(number, &action).map(|why| Event::Refused { id, why: why.into() }),
            };
            if let Some(event) = verdict {
                outbox.answered();
                return outbox.tell(Tell::Event(event));
            }
        }
        match self.ledger.hear(key) {
            Known::New(inner) => {
                if action == Action::Quit {
                    self.quitting = Some((inner, None));
                }
                self.link.send(Command { id: inner, action });
            }
            // Its answer will come over this line too.
            Known::Waiting => outbox.answered(),
            Known::Answered(event) => {
                outbox.answered();
                outbox.tell(Tell::Event(event));
            }
        }
    }

    /// Answers, news and the latest snapshot to whom they concern.
    fn relay(&mut self) {
        for event in self.link.events() {
            match (&mut self.quitting, &event) {
                (Some((inner, answer)), Event::Acknowledged { id }) if id == inner => {
                    *answer = Some(event);
                    continue;
                }
                (Some((inner, _)), Event::Refused { id, why }) if id == inner => {
                    let why = why.clone();
                    self.quitting = None;
                    self.visitors.values().filter(|v| is_stopper(v)).for_each(|v| v.outbox.finish(Some(why.clone())));
                }
                _ => {}
            }
            match self.ledger.answered(event) {
                Some((Some(key), event)) => answer(&self.visitors, key, event),
                Some((None, news)) => self.visitors.values().filter(|v| hears_news(v)).for_each(|v| {
                    v.outbox.tell(Tell::Event(news.clone()));
                }),
                None => {}
            }
        }
        if let Some(snapshot) = self.link.snapshot() {
            self.visitors.values().filter(|v| looks(v)).for_each(|v| v.outbox.show(&snapshot));
            self.latest = Some(snapshot);
        }
    }

    /// Why the lab does not end at the wish of the one at the keyboard. Screens that only look on or rate hold nothing.
    fn held_by(&self, number: u64) -> Option<String> {
        let held = if self.is_working() {
            "a job is running and would be lost with the lab; stop it first"
        } else if self.seats.shared_with_others(number) {
            "another terminal is attached as well and holds the lab; close it first"
        } else {
            return None;
        };
        Some(format!("{held}, or d leaves only this terminal"))
    }

    fn is_recording(&self) -> bool {
        self.latest.as_ref().is_some_and(|s| s.recording)
    }

    fn is_working(&self) -> bool {
        self.latest.as_ref().and_then(|s| s.job.as_ref()).is_some_and(|job| job.outcome.is_none())
    }

    /// Ends a lab that nobody visits and that has nothing to do.
    fn mind_the_time(&mut self) {
        let Some(idle) = self.options.idle else { return };
        if !self.visitors.is_empty() || self.is_recording() || self.is_working() || self.quitting.is_some() {
            self.alone_since = None;
            return;
        }
        let now = self.clock.now();
        let since = *self.alone_since.get_or_insert(now);
        if u128::from((now - since).unsigned_abs()) >= idle.as_nanos() {
            self.alone_since = None;
            self.ask_to_end("the lab was idle and alone");
        }
    }

    fn ask_to_end(&mut self, farewell: &str) {
        if self.quitting.is_none() {
            self.farewell = farewell.into();
            (self.options.notice)(farewell);
            let inner = self.ledger.own();
            self.quitting = Some((inner, None));
            self.link.send(Command { id: inner, action: Action::Quit });
        }
    }
}
