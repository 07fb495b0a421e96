//! The screen's end of the line: what [`crate::lab::Link`] is in one process, over the socket.
//!
//! A line that breaks is taken up again by itself. What was not answered is then said again; the lab does it once.

use super::wire::{self, Hello, LARGEST_SAY, LARGEST_TELL, Role, Say, Tell};
use super::{SocketError, place};
use crate::lab::message::{Action, Catalogue, Command, Event, Review, Snapshot};
use crate::signal::{Clock, SECOND, Seed, SystemClock};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A lab that is there answers a hello within this; a loaded machine gets its time.
const ANSWER: Duration = Duration::from_secs(5);
/// Saying something to a lab that reads takes no time.
const SAY: Duration = Duration::from_secs(2);
/// How long, and how often, a broken line is tried again.
const TRY_FOR: i64 = 10 * SECOND;
const TRY_EVERY: Duration = Duration::from_millis(100);

/// A visit to a lab in another process. Dropping it leaves the lab as it is.
pub struct Visit {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    home: PathBuf,
    hello: Hello,
    /// For writing; None while the line is broken.
    line: Mutex<Option<UnixStream>>,
    state: Mutex<State>,
    leaving: AtomicBool,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    snapshot: Option<Arc<Snapshot>>,
    unanswered: Vec<Command>,
    keyboard: bool,
    /// The line broke, and no snapshot has come since.
    broken: bool,
    ended: Option<String>,
    /// The run of the lab that heard `unanswered`.
    lab: u64,
    catalogue: Arc<Catalogue>,
    review: Option<Arc<Review>>,
}

impl Visit {
    /// Visits the lab of this home in this role.
    ///
    /// # Errors
    /// No lab runs; it is somebody else's, another version, or has too many visitors.
    pub fn connect(home: &Path, role: Role) -> Result<Visit, SocketError> {
        let nonce = Seed::new(SystemClock.utc().unsigned_abs()).fork(&std::process::id().to_string()).bits();
        let hello = Hello { version: env!("CARGO_PKG_VERSION").into(), nonce, role };
        let (stream, lab, keyboard) = open(home, &hello)?;
        let line = stream.try_clone().map_err(|e| mute(home, &e.to_string()))?;
        // A role that took the keyboard once does not take it again unasked.
        let role = if role == Role::TakeOver { Role::Keyboard } else { role };
        let shared = Arc::new(Shared {
            home: home.into(),
            hello: Hello { role, ..hello },
            line: Mutex::new(Some(line)),
            state: Mutex::new(State { lab, keyboard, ..State::default() }),
            leaving: AtomicBool::new(false),
        });
        let theirs = shared.clone();
        let thread = std::thread::Builder::new().name("line".into()).spawn(move || theirs.attend(stream));
        Ok(Visit { shared, thread: Some(thread.map_err(|e| mute(home, &e.to_string()))?) })
    }

    /// Says a command, now or when the line is there again. Its answer comes with the events.
    pub fn send(&self, mut command: Command) {
        // The lab may stand in another folder than we do.
        if let Action::Connect { rig: Some(path) } = &mut command.action
            && let Ok(whole) = std::path::absolute(&*path)
        {
            *path = whole;
        }
        self.shared.state().unanswered.push(command.clone());
        self.shared.say(&Say::Command(command));
    }

    /// Answers and news since the last call, in order.
    pub fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.shared.state().events)
    }

    /// The latest snapshot, if a new one has come since the last call.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let snapshot = self.shared.state().snapshot.take()?;
        self.shared.say(&Say::Seen { seq: snapshot.seq });
        Some(snapshot)
    }

    /// We give commands; else we look on.
    pub fn has_keyboard(&self) -> bool {
        self.shared.state().keyboard
    }

    /// The line broke: the last snapshot is old until the next one comes.
    pub fn is_broken(&self) -> bool {
        self.shared.state().broken
    }

    /// The visit is over, and why.
    pub fn ended(&self) -> Option<String> {
        self.shared.state().ended.clone()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.shared.leaving.store(true, Ordering::Relaxed);
        if let Some(line) = self.shared.line().take() {
            let _ = line.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> MutexGuard<'_, Option<UnixStream>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What cannot be said now is said again when the line is back, where it matters.
    fn say(&self, say: &Say) {
        let mut line = self.line();
        if let Some(stream) = line.as_mut()
            && wire::write(stream, say, LARGEST_SAY).is_err()
        {
            // The reading thread notices and tries again.
            let _ = stream.shutdown(Shutdown::Both);
            *line = None;
        }
    }

    /// Reads until the visit ends, over as many lines as it takes.
    fn attend(&self, mut stream: UnixStream) {
        loop {
            while let Ok(tell) = wire::read(&mut stream, LARGEST_TELL) {
                self.hear(tell);
            }
            *self.line() = None;
            if self.leaving.load(Ordering::Relaxed) || self.state().ended.is_some() {
                return;
            }
            match self.again() {
                Some(fresh) => stream = fresh,
                None => return,
            }
        }
    }

    fn hear(&self, tell: Tell) {
        let mut state = self.state();
        match tell {
            Tell::Event(event) => {
                if let Event::Acknowledged { id } | Event::Refused { id, .. } = &event {
                    state.unanswered.retain(|c| c.id != *id);
                }
                state.events.push(event);
            }
            Tell::Snapshot { catalogue, review, mut snapshot } => {
                if catalogue {
                    state.catalogue = snapshot.catalogue.clone();
                }
                if review {
                    state.review.clone_from(&snapshot.review);
                }
                snapshot.catalogue = state.catalogue.clone();
                snapshot.review.clone_from(&state.review);
                (state.snapshot, state.broken) = (Some(Arc::from(snapshot)), false);
            }
            Tell::Keyboard { held, why } => {
                state.keyboard = held;
                state.news(why);
            }
            Tell::Goodbye { why } => state.ended = Some(why),
            Tell::Welcome { .. } | Tell::Ending => {}
        }
    }

    /// A new line to the same lab, with everything unanswered said again; None when there is none to be had.
    fn again(&self) -> Option<UnixStream> {
        {
            let mut state = self.state();
            state.broken = true;
            state.news("the line to the lab broke; trying again ...".into());
        }
        let until = SystemClock.now() + TRY_FOR;
        let mut why = String::new();
        while SystemClock.now() < until && !self.leaving.load(Ordering::Relaxed) {
            match open(&self.home, &self.hello) {
                Ok((stream, lab, keyboard)) => match stream.try_clone() {
                    Ok(line) => {
                        self.take_up(line, lab, keyboard);
                        return Some(stream);
                    }
                    Err(e) => why = e.to_string(),
                },
                Err(SocketError::Refused(sentence)) => {
                    why = sentence;
                    break;
                }
                Err(e) => why = e.to_string(),
            }
            std::thread::sleep(TRY_EVERY);
        }
        let kept = "what it had acknowledged is on disk; `limbic` starts a new lab and says what was interrupted";
        self.state().ended = Some(format!("the lab is gone ({why}); {kept}"));
        None
    }

    fn take_up(&self, mut line: UnixStream, lab: u64, keyboard: bool) {
        let mut state = self.state();
        state.keyboard = keyboard;
        if state.lab == lab {
            state.news("the line to the lab is back".into());
            for command in &state.unanswered {
                // A line that breaks again is taken up again.
                let _ = wire::write(&mut line, &Say::Command(command.clone()), LARGEST_SAY);
            }
        } else {
            // Another lab cannot know whether the one before did it.
            let why = "the lab was started anew before it answered; look whether this was done";
            let lost: Vec<u64> = state.unanswered.drain(..).map(|c| c.id).collect();
            state.events.extend(lost.into_iter().map(|id| Event::Refused { id, why: why.into() }));
            state.lab = lab;
        }
        *self.line() = Some(line);
    }
}

impl State {
    fn news(&mut self, text: String) {
        self.events.push(Event::News { at: SystemClock.now(), text });
    }
}

fn mute(home: &Path, why: &str) -> SocketError {
    SocketError::Mute { home: home.into(), why: why.into() }
}

/// Knocks and says hello.
fn knock(home: &Path, hello: &Hello) -> Result<(UnixStream, Tell), SocketError> {
    let mut stream = place::connect(home)?;
    let exchange = |stream: &mut UnixStream| {
        stream.set_write_timeout(Some(SAY))?;
        stream.set_read_timeout(Some(ANSWER))?;
        // A lab that turns us away may have closed its end already; what it said can still be read.
        let said = wire::greet(stream).and_then(|()| wire::write(stream, &Say::Hello(hello.clone()), LARGEST_SAY));
        wire::greeted(stream).and_then(|()| wire::read(stream, LARGEST_TELL)).map_err(|heard| said.err().unwrap_or(heard))
    };
    match exchange(&mut stream) {
        Ok(tell) => Ok((stream, tell)),
        Err(e @ (wire::WireError::Magic | wire::WireError::Protocol { .. })) => Err(SocketError::Refused(e.to_string())),
        Err(e) => Err(mute(home, &e.to_string())),
    }
}

fn open(home: &Path, hello: &Hello) -> Result<(UnixStream, u64, bool), SocketError> {
    match knock(home, hello)? {
        (stream, Tell::Welcome { lab, keyboard }) => {
            stream.set_read_timeout(None).map_err(|e| mute(home, &e.to_string()))?;
            Ok((stream, lab, keyboard))
        }
        (_, Tell::Goodbye { why }) => Err(SocketError::Refused(why)),
        (_, other) => Err(mute(home, &format!("it answers a hello with {other:?}"))),
    }
}

/// Asks the lab of this home to end, and waits until it has.
///
/// # Errors
/// No lab runs; it is recording, and says so; it does not end within five seconds.
pub fn stop(home: &Path) -> Result<(), SocketError> {
    let hello = Hello { version: env!("CARGO_PKG_VERSION").into(), nonce: 0, role: Role::Stop };
    match knock(home, &hello)? {
        // The next word is its last one, said when the home is free.
        (mut stream, Tell::Ending) => match wire::read(&mut stream, LARGEST_TELL) {
            Ok(Tell::Goodbye { .. }) | Err(wire::WireError::Closed) => Ok(()),
            Ok(other) => Err(mute(home, &format!("it was to end and says {other:?}"))),
            Err(e) => Err(mute(home, &e.to_string())),
        },
        (_, Tell::Goodbye { why }) => Err(SocketError::Refused(why)),
        (_, other) => Err(mute(home, &format!("it answers a hello with {other:?}"))),
    }
}
