//! The thread that waits for the disk, so that the recorder need not: while one flush becomes durable, further samples
//! are handed to the operating system as ever.

use super::Shared;
use crate::store::writer::{Flush, Flushed};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The thread is not there any more.
pub(super) struct Gone;

/// The recorder's side. The thread ends with it.
pub(super) struct Patience {
    begun: Option<Sender<Flush>>,
    done: Receiver<Flushed>,
    thread: Option<JoinHandle<()>>,
}

impl Patience {
    /// Starts the thread; None where the machine has none left, and the recorder has to wait itself.
    pub(super) fn spawn(shared: Arc<Shared>) -> Option<Patience> {
        let (begun, todo) = bounded::<Flush>(1);
        let (told, done) = bounded(1);
        let wait = move || {
            for flush in todo {
                if told.send(flush.wait()).is_err() {
                    break;
                }
                shared.wake();
            }
        };
        let thread = std::thread::Builder::new().name("disk".into()).spawn(wait).ok()?;
        Some(Patience { begun: Some(begun), done, thread: Some(thread) })
    }

    /// Has this flush waited for; gives it back where the thread is gone. There is none under way.
    pub(super) fn begin(&self, flush: Flush) -> Option<Flush> {
        match &self.begun {
            Some(begun) => begun.try_send(flush).err().map(crossbeam_channel::TrySendError::into_inner),
            None => Some(flush),
        }
    }

    /// What was waited for, if the disk has answered.
    ///
    /// # Errors
    /// The thread is gone and will never answer.
    pub(super) fn look(&self) -> Result<Option<Flushed>, Gone> {
        match self.done.try_recv() {
            Ok(flushed) => Ok(Some(flushed)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    /// Waits for the flush that is under way.
    ///
    /// # Errors
    /// As [`Patience::look`].
    pub(super) fn wait(&self) -> Result<Flushed, Gone> {
        self.done.recv().map_err(|_| Gone)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.begun.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
