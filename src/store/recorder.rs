//! The recorder: the one thread that writes a session. It waits for nothing but its channels; a second thread waits for
//! the disk.
//!
//! Samples and frames come over a bounded channel; when that is full they are dropped and counted. Journal entries
//! come over a channel of their own that is never full, are flushed at once, and are acknowledged only when they
//! are durable.

mod latency;
mod memory;
mod patience;
mod work;

use super::error::StoreError;
use super::rows::{Entry, Session, SessionState};
use super::writer::SessionWriter;
use crate::signal::{Chunk, Frame, Nanos, SharedClock, StreamId, StreamInfo};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
pub use latency::LatencySummary;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{JoinHandle, Thread};
use work::Work;

/// One stream's counters, live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTally {
    pub stream: StreamId,
    pub name: String,
    pub written: u64,
    pub lost: u64,
    pub dropped: u64,
    /// Face frames that were not stored for lack of consent.
    pub withheld: u64,
    /// Holes among what was taken in, interruptions of the recording too.
    pub gaps: usize,
}

/// How the recorder fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecorderStatus {
    /// Bytes made durable.
    pub written_bytes: u64,
    pub streams: Vec<StreamTally>,
    /// When everything that had come was last durable, on the session's clock.
    pub last_durable: Option<Nanos>,
    /// From arrival to durable, since the session began.
    pub latency: LatencySummary,
    /// A sentence while something is wrong; gone when it works again.
    pub trouble: Option<String>,
}

enum Data {
    Samples(Chunk),
    Frame(Frame),
}

enum Control {
    Journal(Box<Entry>, u64),
    Streams(Vec<StreamInfo>),
    Close(SessionState, Nanos),
}

/// What the recorder's thread and its callers share.
#[derive(Default)]
struct Shared {
    status: Mutex<RecorderStatus>,
    /// Dropped at the full channel, not yet in the writer's counters.
    dropped: Mutex<BTreeMap<StreamId, u64>>,
    /// The recorder's own thread, once it runs: it sleeps between two writes, and messages wake it.
    thread: OnceLock<Thread>,
    /// Somebody waits for a row that is not durable yet.
    awaited: AtomicBool,
}

impl Shared {
    /// Wakes the recorder's thread before its next write is due.
    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// A running recorder. Dropping it without [`Recorder::close`] ends the session as interrupted.
pub struct Recorder {
    input: RecorderInput,
    acks: Receiver<Result<u64, String>>,
    thread: Option<JoinHandle<Result<Session, StoreError>>>,
}

/// The sending end; each source's thread has its own.
#[derive(Clone)]
pub struct RecorderInput {
    data: Sender<Data>,
    control: Sender<Control>,
    shared: Arc<Shared>,
    blocking: bool,
}

impl Recorder {
    /// Starts the thread. `capacity` = packets that may wait for it. With `blocking` a full channel makes the
    /// sender wait instead of dropping: for sources that can wait (a simulated clock, a replay).
    ///
    /// # Errors
    /// The machine has no thread left.
    pub fn spawn(writer: SessionWriter, capacity: usize, clock: SharedClock, blocking: bool) -> Result<Recorder, StoreError> {
        memory::keep_some();
        let (data_in, data) = bounded(capacity.max(1));
        let (control_in, control) = unbounded();
        let (acks_in, acks) = unbounded();
        let shared = Arc::new(Shared::default());
        let path = writer.folder().to_path_buf();
        let work = Work::new(writer, clock, (data, control, acks_in), shared.clone());
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || work.run())
            .map_err(|cause| StoreError::Io { what: "start the recorder of", path, cause })?;
        let input = RecorderInput { data: data_in, control: control_in, shared, blocking };
        Ok(Recorder { input, acks, thread: Some(thread) })
    }

    /// Another sending end.
    pub fn input(&self) -> RecorderInput {
        self.input.clone()
    }

    /// Hands over samples; never waits unless built as blocking.
    pub fn samples(&self, chunk: Chunk) {
        self.input.samples(chunk);
    }

    /// Hands over a frame; never waits unless built as blocking.
    pub fn frame(&self, frame: Frame) {
        self.input.frame(frame);
    }

    /// Hands over a journal entry; `Ok(ticket)` comes back through [`Recorder::acks`] once it is durable.
    pub fn journal(&self, entry: Entry, ticket: u64) {
        self.input.journal(entry, ticket);
    }

    /// Announces further streams.
    pub fn declare_streams(&self, streams: Vec<StreamInfo>) {
        self.input.tell(Control::Streams(streams));
    }

    /// Acknowledgements, in the order of becoming durable. An entry that the disk does not take is not answered
    /// before it does (see [`RecorderStatus::trouble`]); an error is an entry that can never be written.
    pub fn acks(&self) -> &Receiver<Result<u64, String>> {
        &self.acks
    }

    /// How it fares, drops at the channel included.
    pub fn status(&self) -> RecorderStatus {
        let mut status = held(&self.input.shared.status).clone();
        for (stream, n) in held(&self.input.shared.dropped).iter() {
            if let Some(tally) = status.streams.iter_mut().find(|t| t.stream == *stream) {
                tally.dropped += n;
            }
        }
        status
    }

    /// Writes what has been handed over and ends the session.
    ///
    /// # Errors
    /// As [`SessionWriter::close`].
    pub fn close(mut self, state: SessionState, ended: Nanos) -> Result<Session, StoreError> {
        self.input.tell(Control::Close(state, ended));
        let thread = self.thread.take().ok_or(StoreError::Ended)?;
        thread.join().unwrap_or(Err(StoreError::Ended))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Other sending ends may live on; this tells the thread that nobody will close it.
            self.input.tell(Control::Close(SessionState::Interrupted, Nanos::MIN));
            let _ = thread.join();
        }
    }
}

impl RecorderInput {
    pub fn samples(&self, chunk: Chunk) {
        let (stream, n) = (chunk.stream, chunk.len() as u64);
        self.send(Data::Samples(chunk), stream, n);
    }

    pub fn frame(&self, frame: Frame) {
        let stream = frame.stream;
        self.send(Data::Frame(frame), stream, 1);
    }

    pub fn journal(&self, entry: Entry, ticket: u64) {
        self.tell(Control::Journal(Box::new(entry), ticket));
    }

    fn tell(&self, message: Control) {
        // A recorder that has ended hears nothing more.
        let _ = self.control.send(message);
        self.shared.wake();
    }

    fn send(&self, data: Data, stream: StreamId, n: u64) {
        let sent = if self.blocking { self.data.send(data).is_ok() } else { self.data.try_send(data).is_ok() };
        if !sent {
            *held(&self.shared.dropped).entry(stream).or_default() += n;
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
