//! The thread that waits for the disk, so that the recorder need not: while one flush becomes durable, further samples
//! are handed to the operating system as ever.

use super::Shared;
use crate::store::writer::{Flush, Flushed};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The thread is not there any more.
pub(super) struct Gone;

/// A flush that was waited for, and when the disk had answered.
type Answer = (Flushed, Instant);

/// The recorder's side. The thread ends with it.
pub(super) struct Patience {
    begun: Option<Sender<Flush>>,
    done: Receiver<Answer>,
    thread: Option<JoinHandle<()>>,
}

impl Patience {
    /// Starts the thread; None where the machine has none left, and the recorder has to wait itself.
    pub(super) fn spawn(shared: Arc<Shared>) -> Option<Patience> {
        let (begun, todo) = bounded::<Flush>(1);
        let (told, done) = bounded(1);
        let wait = move || loop {
            let flushed = match todo.try_recv() {
                Ok(flush) => flush.wait(),
                // Waiting in the channel would look at it in a loop first.
                Err(TryRecvError::Empty) => {
                    std::thread::park();
                    continue;
                }
                Err(TryRecvError::Disconnected) => break,
            };
            if told.send((flushed, Instant::now())).is_err() {
                break;
            }
            // Being woken costs an idle processor more than the write itself: the recorder looks at its next write
            // anyway, and only whoever waits for a ticket is in a hurry.
            if shared.awaited.load(Ordering::SeqCst) {
                shared.wake();
            }
        };
        let thread = std::thread::Builder::new().name("disk".into()).spawn(wait).ok()?;
        Some(Patience { begun: Some(begun), done, thread: Some(thread) })
    }

    /// Has this flush waited for; gives it back where the thread is gone. There is none under way.
    pub(super) fn begin(&self, flush: Flush) -> Option<Flush> {
        match &self.begun {
            Some(begun) => {
                let refused = begun.try_send(flush).err().map(crossbeam_channel::TrySendError::into_inner);
                self.wake();
                refused
            }
            None => Some(flush),
        }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// What was waited for and how long ago the disk has answered, if it has.
    ///
    /// # Errors
    /// The thread is gone and will never answer.
    pub(super) fn look(&self) -> Result<Option<(Flushed, Duration)>, Gone> {
        match self.done.try_recv() {
            Ok((flushed, at)) => Ok(Some((flushed, at.elapsed()))),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Gone),
        }
    }

    /// Waits for the flush that is under way.
    ///
    /// # Errors
    /// As [`Patience::look`].
    pub(super) fn wait(&self) -> Result<(Flushed, Duration), Gone> {
        self.done.recv().map(|(flushed, at)| (flushed, at.elapsed())).map_err(|_| Gone)
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.begun.take();
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
