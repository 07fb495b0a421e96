//! The recorder: the one thread that writes a session. It waits for nothing but its channels and the disk.
//!
//! Samples and frames come over a bounded channel; when that is full they are dropped and counted. Journal entries
//! come over a channel of their own that is never full, are flushed at once, and are acknowledged only when they
//! are durable.

use super::error::StoreError;
use super::rows::{ClockPair, Entry, Session, SessionState};
use super::writer::SessionWriter;
use crate::signal::{Chunk, Frame, Nanos, SECOND, SharedClock, StreamId, StreamInfo};
use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is not flushed may be lost with the process: at most this much time.
const FLUSH_EVERY: Nanos = SECOND / 4;
/// The same on a simulated clock, which runs far ahead of the disk; nothing there is worth a flush each 250 ms.
const FLUSH_EVERY_SIMULATED: Nanos = 10 * SECOND;
/// How often counters and a pair of clock readings go into the journal.
const CHECKPOINT_EVERY: Nanos = 10 * SECOND;
/// Most packets taken between two looks at the clock.
const BATCH: usize = 64;

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
}

/// How the recorder fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecorderStatus {
    /// Bytes made durable.
    pub written_bytes: u64,
    pub streams: Vec<StreamTally>,
    /// When everything that had come was last durable, on the session's clock.
    pub last_durable: Option<Nanos>,
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
        let (data_in, data) = bounded(capacity.max(1));
        let (control_in, control) = unbounded();
        let (acks_in, acks) = unbounded();
        let shared = Arc::new(Shared::default());
        let path = writer.folder().to_path_buf();
        let now = clock.now();
        let work = Work {
            writer,
            clock,
            data,
            control,
            acks: acks_in,
            shared: shared.clone(),
            waiting: Vec::new(),
            refused: None,
            failed: None,
            published: now,
            flushed: now,
            checkpointed: now,
        };
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || work.run())
            .map_err(|source| StoreError::Io { what: "start the recorder of", path, source })?;
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
        let _ = self.input.control.send(Control::Streams(streams));
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
        let _ = self.input.control.send(Control::Close(state, ended));
        let thread = self.thread.take().ok_or(StoreError::Ended)?;
        thread.join().unwrap_or(Err(StoreError::Ended))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Other sending ends may live on; this tells the thread that nobody will close it.
            let _ = self.input.control.send(Control::Close(SessionState::Interrupted, Nanos::MIN));
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
        let _ = self.control.send(Control::Journal(Box::new(entry), ticket));
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

/// The thread's side.
struct Work {
    writer: SessionWriter,
    clock: SharedClock,
    data: Receiver<Data>,
    control: Receiver<Control>,
    acks: Sender<Result<u64, String>>,
    shared: Arc<Shared>,
    /// Tickets of entries that are buffered and not durable yet.
    waiting: Vec<u64>,
    /// Why the last packet was refused, since the last flush.
    refused: Option<String>,
    /// Why the last flush failed.
    failed: Option<String>,
    published: Nanos,
    flushed: Nanos,
    checkpointed: Nanos,
}

impl Work {
    fn run(mut self) -> Result<Session, StoreError> {
        self.publish();
        let (data, control) = (self.data.clone(), self.control.clone());
        loop {
            select! {
                recv(control) -> message => match message {
                    Ok(message) => {
                        if let Some((state, ended)) = self.control(message) {
                            return self.close(state, ended);
                        }
                    }
                    Err(_) => return self.close(SessionState::Interrupted, Nanos::MIN),
                },
                recv(data) -> packet => {
                    packet.into_iter().chain(data.try_iter().take(BATCH)).for_each(|p| self.take(&p));
                }
                default(self.patience()) => {}
            }
            self.tick();
        }
    }

    /// Real time until the next flush is due; a simulated clock does not move while we wait.
    fn patience(&self) -> Duration {
        if self.clock.is_simulated() {
            return Duration::from_nanos(FLUSH_EVERY as u64);
        }
        let left = FLUSH_EVERY - self.clock.now().saturating_sub(self.flushed);
        Duration::from_nanos(left.clamp(1_000_000, FLUSH_EVERY) as u64)
    }

    fn take(&mut self, packet: &Data) {
        let outcome = match packet {
            Data::Samples(chunk) => self.writer.samples(chunk),
            Data::Frame(frame) => self.writer.frame(frame),
        };
        if let Err(e) = outcome {
            self.refused = Some(e.to_string());
        }
    }

    /// Handles this message and those behind it, flushes once for all of them; Some = close.
    fn control(&mut self, first: Control) -> Option<(SessionState, Nanos)> {
        let more = self.control.clone();
        let mut close = None;
        for message in std::iter::once(first).chain(more.try_iter()) {
            match message {
                Control::Journal(entry, ticket) => match self.writer.journal(*entry) {
                    Ok(()) => self.waiting.push(ticket),
                    Err(e) => {
                        let _ = self.acks.send(Err(format!("entry {ticket}: {e}")));
                    }
                },
                Control::Streams(streams) => {
                    if let Err(e) = self.writer.declare_streams(&streams) {
                        self.refused = Some(e.to_string());
                    }
                }
                Control::Close(state, ended) => {
                    close = Some((state, ended));
                    break;
                }
            }
        }
        if close.is_none() && !self.waiting.is_empty() {
            self.failed = self.writer.flush_journal().err().map(|e| e.to_string());
            self.acknowledge();
            self.publish();
        }
        close
    }

    /// Answers all waiting tickets if their rows are durable.
    fn acknowledge(&mut self) {
        if self.writer.journal_is_durable() {
            for ticket in self.waiting.drain(..) {
                let _ = self.acks.send(Ok(ticket));
            }
        }
    }

    /// Counts, flushes and writes checkpoints when it is time to.
    fn tick(&mut self) {
        let now = self.clock.now();
        if now.saturating_sub(self.published) < FLUSH_EVERY {
            return;
        }
        self.published = now;
        self.count_drops();
        if now.saturating_sub(self.checkpointed) >= CHECKPOINT_EVERY {
            self.checkpointed = now;
            let pair = ClockPair { monotonic: now, utc: self.clock.utc() };
            let entry = Entry::Clock(self.writer.session().id, pair);
            if let Err(e) = self.writer.journal(entry).and_then(|()| self.writer.checkpoint()) {
                self.refused = Some(e.to_string());
            }
        }
        let every = if self.clock.is_simulated() { FLUSH_EVERY_SIMULATED } else { FLUSH_EVERY };
        if now.saturating_sub(self.flushed) >= every {
            self.flushed = now;
            self.failed = self.writer.flush().err().map(|e| e.to_string());
            self.acknowledge();
            if self.failed.is_none() {
                held(&self.shared.status).last_durable = Some(now);
            }
        }
        self.publish();
    }

    /// Moves drops at the channel into the writer's counters.
    fn count_drops(&mut self) {
        for (stream, n) in std::mem::take(&mut *held(&self.shared.dropped)) {
            self.writer.note_dropped(stream, n);
        }
    }

    fn publish(&mut self) {
        let trouble = self.failed.clone().or(self.refused.take());
        let mut status = held(&self.shared.status);
        status.written_bytes = self.writer.written();
        status.streams = self.writer.tallies();
        status.trouble = trouble;
    }

    fn close(mut self, state: SessionState, ended: Nanos) -> Result<Session, StoreError> {
        let data = self.data.clone();
        data.try_iter().for_each(|packet| self.take(&packet));
        self.count_drops();
        let ended = if ended == Nanos::MIN { self.clock.now() } else { ended };
        let pair = ClockPair { monotonic: self.clock.now(), utc: self.clock.utc() };
        let id = self.writer.session().id;
        self.writer.journal(Entry::Clock(id, pair))?;
        self.failed = self.writer.flush().err().map(|e| e.to_string());
        self.acknowledge();
        for ticket in std::mem::take(&mut self.waiting) {
            let _ = self.acks.send(Err(format!("entry {ticket} could not be written")));
        }
        self.publish();
        self.writer.close(state, ended)
    }
}
