//! The thread that owns an open camera: it waits in the driver, for ever if need be, and nobody waits for it.

use super::driver::{Mode, Opener};
use super::picture::jpeg_of;
use super::stamp::{captured, pair};
use crate::signal::{Nanos, SharedClock};
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};
use signal_hook::consts::SIGURG;
use std::os::unix::thread::JoinHandleExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Frames that may wait for the reader; one more is dropped, and leaves a hole in the numbers.
const CAPACITY: usize = 8;
/// How long a thread that was told to stop may take, twice: by itself, then after its wait was interrupted.
const STOPPING: Duration = Duration::from_millis(300);

/// What the thread tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Event {
    /// The camera is open, by that name and in that mode; no frame comes before [`Grab::go`].
    Opened(String, Mode),
    Frame {
        captured: Nanos,
        arrived: Nanos,
        jpeg: Vec<u8>,
    },
    /// It could not be opened, or is gone; the thread ends.
    Failed(String),
}

/// A camera in its thread.
pub(super) struct Grab {
    pub events: Receiver<Event>,
    go: Sender<()>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// Images that were no whole picture.
    torn: AtomicU64,
}

impl Grab {
    /// Starts the thread, which opens the camera and then waits for [`Grab::go`].
    ///
    /// # Errors
    /// The machine has no thread left.
    pub(super) fn spawn(opener: Arc<dyn Opener>, clock: SharedClock, quality: u8) -> std::io::Result<Grab> {
        let (events_in, events) = bounded(CAPACITY);
        let (go, going) = bounded(1);
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        let thread = std::thread::Builder::new().name("camera".into()).spawn(move || {
            // v4l panics where a driver surprises it; here that is one more way of being gone.
            let outcome = catch_unwind(AssertUnwindSafe(|| run(&*opener, &clock, quality, &events_in, &going, &own)));
            if let Some(why) = outcome.unwrap_or_else(|_| Err("its driver did something unforeseen".into())).err() {
                say_last(&events_in, &own.stop, why);
            }
        })?;
        Ok(Grab { events, go, shared, thread })
    }

    /// Lets frames come.
    pub(super) fn go(&self) {
        let _ = self.go.try_send(());
    }

    /// Images so far that were no whole picture.
    pub(super) fn torn(&self) -> u64 {
        self.shared.torn.load(Ordering::Relaxed)
    }

    /// Asks the thread to end, and interrupts its wait in the driver: nokhwa waits without a limit (devices D), and
    /// an open camera cannot be opened a second time. Never waits for the thread itself.
    pub(super) fn abandon(&self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        interrupt(&self.thread);
    }

    /// The thread has ended, and the camera is closed.
    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the thread if it can be ended within a moment; false: it is still in the driver and is left there.
    pub(super) fn end(self) -> Option<Grab> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let Grab { events, go, shared, thread } = self;
        // Without readers nothing holds the thread but the driver.
        drop((events, go));
        for interrupted in [false, true] {
            if interrupted {
                interrupt(&thread);
            }
            let began = Instant::now();
            while began.elapsed() < STOPPING {
                if thread.is_finished() {
                    return None;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        let (_, events) = bounded(1);
        let (go, _) = bounded(1);
        Some(Grab { events, go, shared, thread })
    }
}

/// Makes the thread's system call return early: poll(2) ends with EINTR whenever a handler has run.
fn interrupt(thread: &JoinHandle<()>) {
    static HANDLER: OnceLock<bool> = OnceLock::new();
    // The handler only sets a flag that nobody reads; SIGURG means nothing to limbic and is ignored by default.
    let handled = HANDLER.get_or_init(|| signal_hook::flag::register(SIGURG, Arc::default()).is_ok());
    if *handled && !thread.is_finished() {
        // SAFETY: the handle is neither joined nor dropped, so the thread's id is valid even if it has just ended;
        // the signal has a handler, so nothing else happens.
        unsafe { libc::pthread_kill(thread.as_pthread_t() as libc::pthread_t, SIGURG) };
    }
}

/// Sends the last word, waiting for room unless nobody reads any more.
fn say_last(events: &Sender<Event>, stop: &AtomicBool, why: String) {
    let mut event = Event::Failed(why);
    while let Err(SendTimeoutError::Timeout(back)) = events.send_timeout(event, Duration::from_millis(20)) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        event = back;
    }
}

/// The thread: opens, waits to be let go, then frame by frame until told to stop or the camera is gone.
fn run(
    opener: &dyn Opener,
    clock: &SharedClock,
    quality: u8,
    events: &Sender<Event>,
    going: &Receiver<()>,
    shared: &Shared,
) -> Result<(), String> {
    let mut driver = opener.open()?;
    let mode = driver.mode();
    let _ = events.send(Event::Opened(driver.name(), mode));
    if going.recv().is_err() {
        return Ok(());
    }
    while !shared.stop.load(Ordering::Relaxed) {
        let shot = driver.next()?;
        let (arrived, pair) = (clock.now(), pair(&**clock));
        let Some(jpeg) = jpeg_of(&shot.bytes, mode, quality) else {
            shared.torn.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let frame = Event::Frame { captured: captured(shot.wall, pair, arrived), arrived, jpeg };
        // A full channel drops the frame: the next one's time tells that it is missing.
        if let Err(TrySendError::Disconnected(_)) = events.try_send(frame) {
            break;
        }
    }
    Ok(())
}
