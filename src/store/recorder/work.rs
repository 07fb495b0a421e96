//! The recorder's thread: packets into buffers, buffers onto the disk, answers and counters back.

mod durable;

use super::latency::{Latencies, LatencySummary};
use super::patience::Patience;
use super::{Control, Data, Shared, held};
use crate::signal::{Marker, MarkerKind, Nanos, SECOND, SharedClock};
use crate::store::StoreError;
use crate::store::rows::{ClockPair, Entry, Session, SessionState};
use crate::store::writer::SessionWriter;
use crossbeam_channel::{Receiver, Sender, TryRecvError, select};
use std::sync::Arc;
use std::time::Duration;

/// What the operating system does not have is lost with the process: at most this much time, and a packet's length.
const WRITE_EVERY: Nanos = SECOND / 7;
/// Samples that are not flushed are lost with the power: at most this much time. Rows of the journal do not wait.
const FLUSH_EVERY: Nanos = SECOND;
/// So many bytes do not wait for the next flush.
const ENOUGH: usize = 4 << 20;
/// How often the status is renewed and the clocks are compared.
const PUBLISH_EVERY: Nanos = SECOND / 4;
/// The wall clock was set when it moves by more than this beside the monotonic clock between two looks.
const SET: Nanos = SECOND / 10;
/// The same on a simulated clock, which runs far ahead of the disk; nothing there is worth a flush each 250 ms.
const FLUSH_EVERY_SIMULATED: Nanos = 10 * SECOND;
/// How often counters and a pair of clock readings go into the journal.
const CHECKPOINT_EVERY: Nanos = 10 * SECOND;
/// Most packets taken between two looks at the clock.
const BATCH: usize = 64;

/// The thread's side.
pub(super) struct Work {
    writer: SessionWriter,
    clock: SharedClock,
    data: Receiver<Data>,
    control: Receiver<Control>,
    acks: Sender<Result<u64, String>>,
    shared: Arc<Shared>,
    /// Tickets of entries that are buffered and not durable yet, each with the number of its row.
    waiting: Vec<(u64, u64)>,
    /// Waits for the disk; not on a simulated clock, where everybody waits for us.
    patience: Option<Patience>,
    under_way: Option<durable::UnderWay>,
    /// Flushes that failed since the last one that did not.
    failures: u32,
    /// Why the last packet was refused, since the last flush.
    refused: Option<String>,
    /// Why the last flush failed.
    failed: Option<String>,
    published: Nanos,
    written: Nanos,
    flushed: Nanos,
    checkpointed: Nanos,
    /// Wall time less monotonic time, when last looked at.
    offset: Nanos,
    /// Arrivals of what is not durable yet.
    undurable: Vec<Nanos>,
    latencies: Latencies,
    /// The quantiles as of the last flush.
    latency: LatencySummary,
}

impl Work {
    pub(super) fn new(
        writer: SessionWriter,
        clock: SharedClock,
        (data, control, acks): (Receiver<Data>, Receiver<Control>, Sender<Result<u64, String>>),
        shared: Arc<Shared>,
    ) -> Work {
        let now = clock.now();
        let ClockPair { monotonic, utc, .. } = ClockPair::of(&*clock);
        Work {
            writer,
            clock,
            data,
            control,
            acks,
            shared,
            waiting: Vec::new(),
            patience: None,
            under_way: None,
            failures: 0,
            refused: None,
            failed: None,
            published: now,
            written: now,
            flushed: now,
            // The first pair comes at once: by it a session that is cut short can go on.
            checkpointed: now - CHECKPOINT_EVERY,
            offset: utc - monotonic,
            undurable: Vec::new(),
            latencies: Latencies::default(),
            latency: LatencySummary::default(),
        }
    }

    /// Takes packets and messages until the session is closed.
    pub(super) fn run(mut self) -> Result<Session, StoreError> {
        self.publish();
        let (state, ended) = if self.clock.is_simulated() { self.in_simulated_time() } else { self.in_real_time() };
        self.close(state, ended)
    }

    /// Packets wait in the channel until the next write, and only messages wake the thread before: one waking for all
    /// packets, and no channel to wait at, which would look at it in a loop before it slept.
    fn in_real_time(&mut self) -> (SessionState, Nanos) {
        let _ = self.shared.thread.set(std::thread::current()); // there is one thread only
        self.patience = Patience::spawn(self.shared.clone());
        loop {
            match self.control.try_recv() {
                Ok(message) => {
                    if let Some(end) = self.control(message) {
                        return end;
                    }
                }
                Err(TryRecvError::Empty) => std::thread::park_timeout(self.time_left()),
                Err(TryRecvError::Disconnected) => return (SessionState::Interrupted, Nanos::MIN),
            }
            self.take_all();
            self.hear();
            self.tick();
        }
    }

    /// Senders wait for us: every packet is taken as it comes.
    fn in_simulated_time(&mut self) -> (SessionState, Nanos) {
        let (data, control) = (self.data.clone(), self.control.clone());
        loop {
            select! {
                recv(control) -> message => match message.map(|message| self.control(message)) {
                    Ok(None) => {}
                    Ok(Some(end)) => return end,
                    Err(_) => return (SessionState::Interrupted, Nanos::MIN),
                },
                recv(data) -> packet => {
                    packet.into_iter().chain(data.try_iter().take(BATCH)).for_each(|p| self.take(p));
                }
                // The clock may stand while we catch up: what was taken since the last look is told all the same.
                default(Duration::from_nanos(WRITE_EVERY as u64)) => self.publish_counters(),
            }
            self.tick();
        }
    }

    /// Takes what waits in the channel.
    fn take_all(&mut self) {
        let data = self.data.clone();
        data.try_iter().for_each(|packet| self.take(packet));
    }

    /// Time until the next write is due.
    fn time_left(&self) -> Duration {
        let left = WRITE_EVERY - self.clock.now().saturating_sub(self.written);
        Duration::from_nanos(left.clamp(1_000_000, WRITE_EVERY) as u64)
    }

    fn take(&mut self, packet: Data) {
        let (arrived, outcome) = match packet {
            Data::Samples(chunk) => (chunk.arrived, self.writer.take_samples(chunk)),
            Data::Frame(frame) => (frame.arrived, self.writer.frame(&frame)),
        };
        match outcome {
            Ok(()) => self.undurable.push(arrived),
            Err(e) => self.refused = Some(e.to_string()),
        }
    }

    /// Handles this message and those behind it, flushes once for all of them; Some = close.
    fn control(&mut self, first: Control) -> Option<(SessionState, Nanos)> {
        let more = self.control.clone();
        let mut close = None;
        for message in std::iter::once(first).chain(more.try_iter()) {
            match message {
                Control::Journal(entry, ticket) => match self.writer.journal(*entry) {
                    Ok(()) => self.waiting.push((ticket, self.writer.rows_put())),
                    Err(e) => {
                        let _ = self.acks.send(Err(format!("entry {ticket}: {e}")));
                    }
                },
                Control::Streams(streams) => {
                    self.settle();
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
            if !self.clock.is_simulated() {
                // The disk may take its time over the rows: samples that have come should be out of this process first.
                self.take_all();
                self.written = self.clock.now();
                let _ = self.writer.hand_over();
            }
            self.flush(None);
        }
        close
    }

    /// Writes, looks around and flushes when it is time to.
    fn tick(&mut self) {
        let now = self.clock.now();
        if !self.clock.is_simulated() && now.saturating_sub(self.written) >= WRITE_EVERY {
            self.written = now;
            // The flush that follows tries again and tells.
            let _ = self.writer.hand_over();
        }
        if now.saturating_sub(self.published) >= PUBLISH_EVERY {
            self.look_around(now);
        }
        let every = if self.clock.is_simulated() { FLUSH_EVERY_SIMULATED } else { FLUSH_EVERY };
        // A little early rather than a whole write late.
        if now.saturating_sub(self.flushed) >= every - WRITE_EVERY / 4 || self.writer.pending() > ENOUGH {
            self.flush(Some(now));
        }
    }

    /// Everything that is done a few times a second.
    fn look_around(&mut self, now: Nanos) {
        self.published = now;
        self.count_drops();
        self.compare_clocks(now);
        if now.saturating_sub(self.checkpointed) >= CHECKPOINT_EVERY {
            self.checkpointed = now;
            let entry = Entry::Clock(self.writer.session().id, ClockPair::of(&*self.clock));
            if let Err(e) = self.writer.journal(entry).and_then(|()| self.writer.checkpoint()) {
                self.refused = Some(e.to_string());
            }
        }
        self.publish();
    }

    /// Somebody sets the computer's clock: recorded times do not follow, and the session says when it was.
    fn compare_clocks(&mut self, now: Nanos) {
        let (pair, apart) = ClockPair::within(&*self.clock);
        if apart > SET / 4 {
            return; // held up between the two readings: they say nothing about each other
        }
        let moved = (pair.utc - pair.monotonic).saturating_sub(self.offset);
        self.offset += moved;
        if moved.abs() < SET {
            return;
        }
        let way = if moved > 0 { "forward" } else { "back" };
        let by = crate::signal::seconds(moved.abs());
        let text = format!("the computer's clock was set {way} by {by:.3} s; recorded times do not follow it");
        let id = self.writer.session().id;
        let marker = Marker { at: now, kind: MarkerKind::Trouble, text, trial: None };
        for entry in [Entry::Marker(id, marker), Entry::Clock(id, pair)] {
            if let Err(e) = self.writer.journal(entry) {
                self.refused = Some(e.to_string());
            }
        }
    }

    /// Moves drops at the channel into the writer's counters.
    fn count_drops(&mut self) {
        for (stream, n) in std::mem::take(&mut *held(&self.shared.dropped)) {
            self.writer.note_dropped(stream, n);
        }
    }

    fn publish(&mut self) {
        self.publish_counters();
        held(&self.shared.status).trouble = self.failed.clone().or(self.refused.take());
    }

    fn publish_counters(&self) {
        let mut status = held(&self.shared.status);
        status.written_bytes = self.writer.written();
        status.streams = self.writer.tallies();
        status.latency = self.latency;
    }

    fn close(mut self, state: SessionState, ended: Nanos) -> Result<Session, StoreError> {
        self.take_all();
        self.settle();
        self.count_drops();
        let ended = if ended == Nanos::MIN { self.clock.now() } else { ended };
        let id = self.writer.session().id;
        self.writer.journal(Entry::Clock(id, ClockPair::of(&*self.clock)))?;
        self.flush(Some(self.clock.now()));
        self.settle();
        for (ticket, _) in std::mem::take(&mut self.waiting) {
            let _ = self.acks.send(Err(format!("entry {ticket} could not be written")));
        }
        self.publish();
        self.writer.close(state, ended)
    }
}
