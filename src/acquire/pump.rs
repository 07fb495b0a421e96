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
    /// Trouble that found the channel full: it is rare and small, and never dropped.
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
                Packet::Trouble { .. } => return self.waiting.push_back(packet),
            };
            let at = self.streams.iter().position(|s| s.id == stream);
            if let Some(count) = at.and_then(|i| self.dropped.get(i)) {
                count.fetch_add(amount, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Channel, Chunk, CueKind, StreamKind};

    /// Delivers its script one entry a read, then nothing; says which cues it heard.
    struct Scripted {
        streams: Vec<StreamInfo>,
        script: VecDeque<Result<Vec<Packet>, AcquireError>>,
        heard: Sender<Cue>,
        /// Says when the script is over.
        done: Sender<()>,
    }

    impl Source for Scripted {
        fn streams(&self) -> &[StreamInfo] {
            &self.streams
        }
        fn start(&mut self) -> Result<(), AcquireError> {
            Ok(())
        }
        fn read(&mut self, _: Duration) -> Result<Vec<Packet>, AcquireError> {
            self.script.pop_front().unwrap_or_else(|| {
                let _ = self.done.send(());
                std::thread::yield_now();
                Ok(Vec::new())
            })
        }
        fn cue(&mut self, cue: &Cue) {
            let _ = self.heard.send(cue.clone());
        }
        fn stop(&mut self) {}
    }

    fn chunk(first_index: u64) -> Packet {
        let rows = vec![0.0; 10];
        Packet::Samples(Chunk {
            stream: StreamId(0),
            first_index,
            lost_before: 0,
            arrived: 0,
            device_time: None,
            channels: 2,
            rows,
        })
    }

    fn broken() -> AcquireError {
        AcquireError::Device { device: "cap".into(), message: "the dongle is gone".into() }
    }

    fn scripted(script: Vec<Result<Vec<Packet>, AcquireError>>) -> (Box<Scripted>, Receiver<Cue>, Receiver<()>) {
        let (heard, cues) = unbounded();
        let (done, over) = unbounded();
        let info = StreamInfo {
            id: StreamId(0),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "cap".into(),
            rate: 100.0,
            channels: vec![Channel::eeg("Fz"), Channel::eeg("Cz")],
            clock: "host".into(),
            latency_s: 0.0,
            simulated: true,
        };
        (Box::new(Scripted { streams: vec![info], script: script.into(), heard, done }), cues, over)
    }

    fn patiently<T>(channel: &Receiver<T>) -> T {
        channel.recv_timeout(Duration::from_secs(20)).expect("the thread to get there")
    }

    #[test]
    fn a_full_channel_drops_and_counts_but_never_trouble() {
        let trouble = Packet::Trouble { stream: StreamId(0), message: "stalled".into() };
        let mut packets: Vec<Packet> = (0..5).map(|i| chunk(5 * i)).collect();
        packets.push(trouble.clone());
        let (source, _cues, over) = scripted(vec![Ok(packets)]);
        let mut pump = Pump::spawn(source, 2);
        pump.start().expect("starts");
        patiently(&over);
        assert_eq!((pump.dropped(StreamId(0)), pump.dropped_total(), pump.dropped(StreamId(7))), (15, 15, 0));
        assert_eq!(pump.drain().expect("works"), [chunk(0), chunk(5)]);
    }

    #[test]
    fn trouble_that_found_no_room_comes_later() {
        let trouble = Packet::Trouble { stream: StreamId(0), message: "stalled".into() };
        let (out, packets) = bounded(1);
        let dropped = Arc::new(vec![AtomicU64::new(0)]);
        let streams = scripted(Vec::new()).0.streams;
        let mut spout = Spout { out, streams, dropped: dropped.clone(), waiting: VecDeque::new() };
        spout.send(chunk(0));
        spout.send(trouble.clone());
        spout.send(chunk(5));
        assert_eq!(packets.try_iter().collect::<Vec<_>>(), [chunk(0)]);
        spout.send(chunk(10));
        assert_eq!(packets.try_iter().collect::<Vec<_>>(), [trouble]);
        assert_eq!(dropped[0].load(Ordering::Relaxed), 10);
    }

    #[test]
    fn a_failure_is_told_once_after_what_came_before_it() {
        for threaded in [false, true] {
            let (source, _cues, _over) = scripted(vec![Ok(vec![chunk(0)]), Err(broken())]);
            let mut pump = if threaded { Pump::spawn(source, 9) } else { Pump::inline(source) };
            pump.start().expect("starts");
            let (mut seen, mut errors) = (Vec::new(), Vec::new());
            while errors.is_empty() {
                match pump.drain() {
                    Ok(packets) => seen.extend(packets),
                    Err(e) => errors.push(e.to_string()),
                }
                std::thread::yield_now();
            }
            assert_eq!((seen, errors), (vec![chunk(0)], vec![broken().to_string()]));
            assert_eq!(pump.drain().expect("said already"), []);
            pump.stop();
            assert_eq!(pump.drain().expect("said already"), []);
        }
    }

    #[test]
    fn cues_reach_the_source_and_the_last_packets_reach_the_lab() {
        for threaded in [false, true] {
            let (source, cues, over) = scripted(vec![Ok(vec![chunk(0)])]);
            let mut pump = if threaded { Pump::spawn(source, 9) } else { Pump::inline(source) };
            pump.start().expect("starts");
            let cue = Cue { at: 5, kind: CueKind::EyesClosed };
            pump.cue(&cue);
            assert_eq!(patiently(&cues), cue);
            if threaded {
                patiently(&over);
            }
            pump.stop();
            pump.stop();
            assert_eq!(pump.drain().expect("stops well"), [chunk(0)]);
            assert_eq!(pump.drain().expect("nothing more"), []);
            pump.start().expect("starts again");
        }
    }
}
