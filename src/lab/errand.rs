//! What a command does on a thread of its own before the lab goes on with it: opening devices, reading a stored
//! session. The lab's thread, which hands samples to the recorder, never waits for it.

use crate::lab::Lab;
use crate::lab::message::{Action, Command, Event};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is left to do on the lab's thread, with the command's outcome.
pub(super) type Finish = Box<dyn FnOnce(&mut Lab) -> Result<(), String> + Send>;

/// A lab that ends waits so long for devices that are being opened.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(10);

/// What an errand is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Opening the devices of this rig.
    Connect {
        rig: String,
    },
    Review,
}

/// A command that is under way.
pub(super) struct Errand {
    /// The command's id.
    id: u64,
    purpose: Purpose,
    thread: JoinHandle<Finish>,
}

impl Lab {
    /// Does the work on a thread of its own and the rest, when that has ended, on the lab's. Where time is simulated
    /// both are done here and now: a session is then a function of its seed.
    pub(super) fn send_out(
        &mut self,
        id: u64,
        purpose: Purpose,
        work: impl FnOnce() -> Finish + Send + 'static,
    ) -> Result<(), String> {
        if !self.options.threaded_sources {
            return work()(self);
        }
        let name = if purpose == Purpose::Review { "review" } else { "connect" };
        let thread = std::thread::Builder::new().name(name.into()).spawn(work).map_err(|e| format!("no thread is left: {e}"))?;
        self.errands.push(Errand { id, purpose, thread });
        Ok(())
    }

    /// The command is answered when its errand has ended.
    pub(super) fn is_under_way(&self, id: u64) -> bool {
        self.errands.iter().any(|errand| errand.id == id)
    }

    /// The rig whose devices are being opened.
    pub(super) fn connecting(&self) -> Option<&str> {
        self.errands.iter().find_map(|errand| match &errand.purpose {
            Purpose::Connect { rig } => Some(rig.as_str()),
            Purpose::Review => None,
        })
    }

    pub(super) fn is_reading(&self) -> bool {
        self.errands.iter().any(|errand| errand.purpose == Purpose::Review)
    }

    /// The command needs what is being opened, or one before it does: it is done afterwards, in the order of coming.
    pub(super) fn must_wait(&self, action: &Action) -> bool {
        let needs_devices = || {
            matches!(
                action,
                Action::Connect { .. }
                    | Action::Disconnect
                    | Action::Override { .. }
                    | Action::Begin
                    | Action::Resume { .. }
                    | Action::Quit
            )
        };
        !self.queued.is_empty() || self.connecting().is_some() && needs_devices()
    }

    /// Finishes errands whose threads have ended, and does what waited for them.
    pub(super) fn tend_errands(&mut self) {
        while let Some(at) = self.errands.iter().position(|errand| errand.thread.is_finished()) {
            let Errand { id, thread, .. } = self.errands.remove(at);
            let outcome = match thread.join() {
                Ok(finish) => finish(self),
                Err(_) => Err("it broke off; the log of the lab says where".into()),
            };
            self.answer(match outcome {
                Ok(()) => Event::Acknowledged { id },
                Err(why) => Event::Refused { id, why },
            });
        }
        while self.connecting().is_none()
            && let Some(Command { id, action }) = self.queued.pop_front()
        {
            self.once(id, |lab| lab.apply(id, action));
        }
    }

    /// The lab ends: devices that are being opened are waited for, so that they are released and not torn away.
    pub(super) fn await_devices(&mut self) {
        let mut left = PATIENCE;
        while self.connecting().is_some() && !left.is_zero() {
            self.queued.clear();
            self.tend_errands();
            std::thread::sleep(LOOK);
            left = left.saturating_sub(LOOK);
        }
    }
}
