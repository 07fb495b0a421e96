//! Carries a source to the lab: in a thread of its own, or in the caller's where time is simulated.
//!
//! The source never waits for the lab. What does not fit into the channel is dropped and counted, sample by sample
//! and frame by frame (invariant 4).

use super::{AcquireError, Packet, Source};
use crate::signal::{Cue, StreamId, StreamInfo};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, TrySendError, bounded, unbounded};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Longest time that the thread waits in the source; also how late a cue may reach it.
const READ_WAIT: Duration = Duration::from_millis(50);
/// A thread that has not ended so long after it was asked to is left behind and named.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// A source with its way to the lab.
pub struct Pump {
    streams: Vec<StreamInfo>,
    /// Samples or frames dropped, in the order of `streams`.
    dropped: Arc<Vec<AtomicU64>>,
    way: Way,
    /// What had arrived when the source ended and was not drained yet.
    left: Vec<Packet>,
    /// Why the source ended, to be told once `left` is drained.
    error: Option<AcquireError>,
}

enum Way {
    /// Read in the caller's thread when drained.
    Inline {
        source: Box<dyn Source>,
        running: bool,
    },
    /// To be read in a thread, once started.
    Idle {
        source: Box<dyn Source>,
        capacity: usize,
    },
    Thread(Running),
    /// The thread did not end in time, or broke, and the source with it.
    Gone,
}

struct Running {
    packets: Receiver<Packet>,
    cues: Sender<Cue>,
    stop: Arc<AtomicBool>,
    /// The source comes back through here, with the error that ended it.
    ended: Receiver<(Box<dyn Source>, Option<AcquireError>)>,
    capacity: usize,
}

impl Pump {
    /// Reads in the caller's thread: for simulated time, where the order of things must not depend on threads.
    pub fn inline(source: Box<dyn Source>) -> Self {
        Pump::with(source, |source| Way::Inline { source, running: false })
    }

    /// Reads in a thread of its own; at most `capacity` packets wait for the lab.
    pub fn spawn(source: Box<dyn Source>, capacity: usize) -> Self {
        Pump::with(source, |source| Way::Idle { source, capacity: capacity.max(1) })
    }

    fn with(source: Box<dyn Source>, way: impl FnOnce(Box<dyn Source>) -> Way) -> Self {
        let streams = source.streams().to_vec();
        let dropped = Arc::new(streams.iter().map(|_| AtomicU64::new(0)).collect());
        Pump { streams, dropped, way: way(source), left: Vec::new(), error: None }
    }

    /// The source's streams.
    pub fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    /// Starts the source, and its thread where it has one. Does nothing while it runs.
    ///
    /// # Errors
    /// The device is missing or refuses, or was left behind by an earlier stop.
    pub fn start(&mut self) -> Result<(), AcquireError> {
        match std::mem::replace(&mut self.way, Way::Gone) {
            Way::Inline { mut source, running } => {
                let outcome = if running { Ok(()) } else { source.start() };
                self.way = Way::Inline { source, running: running || outcome.is_ok() };
                outcome?;
            }
            Way::Idle { mut source, capacity } => {
                if let Err(error) = source.start() {
                    self.way = Way::Idle { source, capacity };
                    return Err(error);
                }
                self.way = Way::Thread(launch(source, capacity, self.streams.clone(), self.dropped.clone())?);
            }
            running @ Way::Thread(_) => self.way = running,
            Way::Gone => return Err(self.trouble("its reading thread was lost; open the device again")),
        }
        Ok(())
    }

    /// What has arrived since the last call; never waits for the source.
    ///
    /// # Errors
    /// Once, after everything that arrived before: the source failed for good, or its thread could not be stopped.
    pub fn drain(&mut self) -> Result<Vec<Packet>, AcquireError> {
        match &mut self.way {
            Way::Inline { source, running: running @ true } => match source.read(Duration::ZERO) {
                Ok(packets) => self.left.extend(packets),
                Err(error) => {
                    self.error = Some(error);
                    *running = false;
                }
            },
            Way::Thread(running) => loop {
                match running.packets.try_recv() {
                    Ok(packet) => self.left.push(packet),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        self.stop(); // the thread has ended by itself
                        break;
                    }
                }
            },
            Way::Inline { .. } | Way::Idle { .. } | Way::Gone => {}
        }
        match self.error.take() {
            Some(error) if self.left.is_empty() => Err(error),
            error => {
                self.error = error;
                Ok(std::mem::take(&mut self.left))
            }
        }
    }

    /// Tells the source what the participant is being shown.
    pub fn cue(&mut self, cue: &Cue) {
        match &mut self.way {
            Way::Inline { source, .. } => source.cue(cue),
            Way::Thread(running) => {
                // A thread that has just ended hears no cues; drain says why it ended.
                let _ = running.cues.send(cue.clone());
            }
            Way::Idle { .. } | Way::Gone => {}
        }
    }

    /// Samples or frames of one stream that were dropped because the lab did not keep up.
    pub fn dropped(&self, stream: StreamId) -> u64 {
        let at = self.streams.iter().position(|s| s.id == stream);
        at.and_then(|i| self.dropped.get(i)).map_or(0, |n| n.load(Ordering::Relaxed))
    }

    /// As [`Pump::dropped`], all streams together.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().map(|n| n.load(Ordering::Relaxed)).sum()
    }

    /// Stops the source and its thread. What had still arrived, and why the thread could not be stopped if so, comes
    /// with the next [`Pump::drain`]. Safe to call twice; [`Pump::start`] may follow.
    pub fn stop(&mut self) {
        self.way = match std::mem::replace(&mut self.way, Way::Gone) {
            Way::Inline { mut source, running } => {
                match if running { source.read(Duration::ZERO) } else { Ok(Vec::new()) } {
                    Ok(packets) => self.left.extend(packets),
                    Err(error) => self.error = Some(error),
                }
                source.stop();
                Way::Inline { source, running: false }
            }
            Way::Thread(running) => self.join(running),
            other => other,
        };
    }

    fn join(&mut self, running: Running) -> Way {
        running.stop.store(true, Ordering::Relaxed);
        let ended = running.ended.recv_timeout(STOP_DEADLINE);
        self.left.extend(running.packets.try_iter());
        match ended {
            Ok((source, error)) => {
                self.error = error;
                Way::Idle { source, capacity: running.capacity }
            }
            Err(RecvTimeoutError::Timeout) => {
                let message = format!("its reading thread has not ended after {} s", STOP_DEADLINE.as_secs());
                self.error = Some(self.trouble(&message));
                Way::Gone
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.error = Some(self.trouble("its reading thread broke off; open the device again"));
                Way::Gone
            }
        }
    }

    fn trouble(&self, message: &str) -> AcquireError {
        let device = self.streams.first().map_or_else(|| "device".into(), |s| s.device.clone());
        AcquireError::Device { device, message: message.into() }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the thread around a started source.
fn launch(
    source: Box<dyn Source>,
    capacity: usize,
    streams: Vec<StreamInfo>,
    dropped: Arc<Vec<AtomicU64>>,
) -> Result<Running, AcquireError> {
    let (packet_in, packets) = bounded(capacity);
    let (cues, cue_out) = unbounded();
    let (ended_in, ended) = bounded(1);
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let device = streams.first().map_or_else(|| "device".into(), |s| s.device.clone());
    let name = format!("source-{}", streams.first().map_or("", |s| s.name.as_str()));
    let spout = Spout { out: packet_in, streams, dropped, waiting: VecDeque::new() };
    std::thread::Builder::new()
        .name(name)
        .spawn(move || {
            let end = pump(source, &cue_out, &flag, spout);
            let _ = ended_in.send(end); // nobody listens only when the pump itself is gone
        })
        .map_err(|e| AcquireError::Device { device, message: format!("cannot start its reading thread: {e}") })?;
    Ok(Running { packets, cues, stop, ended, capacity })
}

/// The thread: cues in, packets out, until told to stop or the source fails. The channel closes when it returns.
fn pump(
    mut source: Box<dyn Source>,
    cues: &Receiver<Cue>,
    stop: &AtomicBool,
    mut spout: Spout,
) -> (Box<dyn Source>, Option<AcquireError>) {
    let mut error = None;
    while !stop.load(Ordering::Relaxed) {
        cues.try_iter().for_each(|cue| source.cue(&cue));
        spout.flush();
        match source.read(READ_WAIT) {
            Ok(packets) => packets.into_iter().for_each(|packet| spout.send(packet)),
            Err(e) => {
                error = Some(e);
                break;
            }
        }
    }
    source.stop();
    (source, error)
}

/// The thread's end of the channel.
struct Spout {
    out: Sender<Packet>,
    streams: Vec<StreamInfo>,
    dropped: Arc<Vec<AtomicU64>>,
    /// Trouble, markers and clock offsets that found the channel full: they are rare and small, and never dropped.
    waiting: VecDeque<Packet>,
}

impl Spout {
    /// Sends the trouble that waits, as far as there is room.
    fn flush(&mut self) {
        while let Some(trouble) = self.waiting.pop_front() {
            if let Err(e) = self.out.try_send(trouble) {
                self.waiting.push_front(e.into_inner());
                break;
            }
        }
    }

    fn send(&mut self, packet: Packet) {
        self.flush();
        if let Err(TrySendError::Full(packet)) = self.out.try_send(packet) {
            let (stream, amount) = match &packet {
                Packet::Samples(chunk) => (chunk.stream, chunk.len() as u64),
                Packet::Frame(frame) => (frame.stream, 1),
                Packet::Trouble { .. } | Packet::Offset(_) | Packet::Marker(_) => return self.waiting.push_back(packet),
            };
            let at = self.streams.iter().position(|s| s.id == stream);
            if let Some(count) = at.and_then(|i| self.dropped.get(i)) {
                count.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
