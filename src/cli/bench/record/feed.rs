//! Feeding the recorder: packets and frames in the order in which they are due.

use super::super::load::Material;
use super::super::machine;
use crate::signal::{Nanos, SECOND, SharedClock, to_nanos};
use crate::store::Recorder;
use std::time::Duration;

/// Moments at which memory is noted.
const LOOKS: u64 = 8;
/// Seconds from which on a few looks at memory weigh nothing.
const LONG_S: f64 = 300.0;

/// What was handed to the recorder.
#[derive(Default)]
pub(super) struct Fed {
    pub samples: u64,
    pub frames: u64,
    /// Samples that never came.
    pub lost: u64,
    /// CPU time of the process when the first packet was there.
    pub steady: Nanos,
    /// How late the feed itself was at worst.
    pub latest: Nanos,
    pub memory_kb: Vec<(u64, u64)>,
    /// CPU time of this thread, less what handing over took.
    pub cpu: Nanos,
}

/// Packets and frames in the order in which they are due.
pub(super) fn feed(material: &Material, length: f64, recorder: &Recorder, clock: &SharedClock) -> Fed {
    let (start, end) = (clock.now(), to_nanos(length));
    let mut fed = Fed { steady: machine::cpu(), ..Fed::default() };
    let often = clock.is_simulated() || length >= LONG_S;
    let began = machine::thread_cpu();
    let mut handing = 0;
    let (mut k, mut i, mut looks) = (0, 0, 0);
    loop {
        let (packet, frame) = material.due(k, i);
        let next = frame.map_or(packet, |frame| packet.min(frame));
        if next > end {
            fed.cpu = machine::thread_cpu() - began - handing;
            return fed;
        }
        // A look costs more than a packet: not in short runs in real time, where CPU time counts.
        while often && next >= looks as Nanos * end / LOOKS as Nanos {
            fed.memory_kb.push((next as u64 / SECOND as u64, machine::resident_kb()));
            looks += 1;
        }
        let early = start + next - clock.now();
        if early > 0 {
            clock.wait(Duration::from_nanos(early as u64));
        } else {
            fed.latest = fed.latest.max(-early);
        }
        if frame == Some(next) {
            let frame = material.frame(i, clock.now());
            let before = machine::thread_cpu();
            recorder.frame(frame);
            handing += machine::thread_cpu() - before;
            (i, fed.frames) = (i + 1, fed.frames + 1);
        } else {
            let chunk = material.chunk(k, clock.now());
            fed.samples += chunk.len() as u64;
            let before = machine::thread_cpu();
            recorder.samples(chunk);
            handing += machine::thread_cpu() - before;
            k += 1;
        }
    }
}
