//! The in-memory link between the two halves: the lab on its own thread, commands one way, events and the latest
//! snapshot the other.

use crate::lab::message::{Command, Event, Snapshot};
use crate::lab::{Lab, LabError};
use crossbeam_channel::{Receiver, Sender, TryRecvError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Steps are so far apart.
const STEP: Duration = Duration::from_millis(50);
/// A snapshot every so many steps.
const SNAPSHOT_EVERY: u32 = 2;

/// One slot: a newer snapshot replaces an older one that nobody took, so that a slow client never holds the lab.
type Mailbox = Arc<Mutex<Option<Arc<Snapshot>>>>;

/// What goes to the lab's thread.
enum Wish {
    Do(Command),
    /// End now, whatever runs, for this reason.
    End(String),
}

/// The client's end. Dropping it ends the lab: a recording is aborted cleanly and everything is kept.
pub struct Link {
    commands: Option<Sender<Wish>>,
    events: Receiver<Event>,
    mailbox: Mailbox,
    thread: Option<JoinHandle<()>>,
}

/// Gives the lab its thread.
///
/// # Errors
/// The machine gives no thread.
pub fn spawn(lab: Lab) -> Result<Link, LabError> {
    let (commands, wishes) = crossbeam_channel::unbounded();
    let (news, events) = crossbeam_channel::unbounded();
    let mailbox = Mailbox::default();
    let slot = mailbox.clone();
    let work = move || run(lab, &wishes, &news, &slot);
    let thread = std::thread::Builder::new().name("lab".into()).spawn(work).map_err(LabError::Thread)?;
    Ok(Link { commands: Some(commands), events, mailbox, thread: Some(thread) })
}

fn run(mut lab: Lab, wishes: &Receiver<Wish>, news: &Sender<Event>, slot: &Mailbox) {
    let clock = lab.machine_clock();
    let mut steps = 0;
    loop {
        loop {
            match wishes.try_recv() {
                Ok(Wish::Do(command)) => lab.handle(command),
                Ok(Wish::End(why)) => return lab.abandon(&why),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return lab.abandon("the terminal went away"),
            }
        }
        lab.step();
        for event in lab.take_events() {
            // A client that is gone shows at the next command.
            let _ = news.send(event);
        }
        if steps % SNAPSHOT_EVERY == 0 || lab.has_ended() {
            let snapshot = Arc::new(lab.snapshot());
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(snapshot);
            }
        }
        if lab.has_ended() {
            return;
        }
        steps = steps.wrapping_add(1);
        clock.wait(STEP);
    }
}

impl Link {
    /// Sends a command; false when the lab has ended.
    pub fn send(&self, command: Command) -> bool {
        self.commands.as_ref().is_some_and(|c| c.send(Wish::Do(command)).is_ok())
    }

    /// Ends the lab at its next step. A recording is closed cleanly, with this reason in it; nothing is lost.
    pub fn end(&self, why: &str) {
        if let Some(commands) = &self.commands {
            // A lab that has ended needs no word.
            let _ = commands.send(Wish::End(why.into()));
        }
    }

    /// Answers and news since the last call, in order.
    pub fn events(&self) -> Vec<Event> {
        self.events.try_iter().collect()
    }

    /// The latest snapshot, if a new one has come since the last call.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.mailbox.lock().ok()?.take()
    }

    /// The lab's thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the lab was told on its own thread; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}
