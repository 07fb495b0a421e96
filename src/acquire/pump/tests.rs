//! The pump: drops, failures, cues, stopping.

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
    Packet::Samples(Chunk { stream: StreamId(0), first_index, lost_before: 0, arrived: 0, device_time: None, channels: 2, rows })
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
        latency_origin: Default::default(),
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
    let drained = pump.drain().expect("works");
    assert_eq!(drained[..2], [chunk(0), chunk(5)]);
    // The trouble may slip in as soon as there is room.
    assert!(drained[2..].iter().all(|packet| *packet == trouble), "{drained:?}");
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
