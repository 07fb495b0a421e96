//! Replay: timing, repetition, holes, nonsense.

use super::*;
use crate::signal::{Channel, Clock, ManualClock};
use std::path::Path;
use std::sync::Arc;

fn around(clock: &Arc<ManualClock>) -> Surroundings {
    Surroundings { clock: clock.clone(), first_stream: 3, library_dir: None, log_dir: None }
}

fn stream(id: u16, kind: StreamKind, rate: f64, channels: Vec<Channel>) -> StreamInfo {
    StreamInfo {
        id: StreamId(id),
        name: format!("s{id}"),
        kind,
        device: "cap".into(),
        rate,
        channels,
        clock: "host".into(),
        latency_s: 0.0,
        latency_origin: Default::default(),
        simulated: false,
    }
}

/// One second at 100 Hz of two channels counting up, and five frames, which began 0.2 s after the samples.
fn recorded() -> Recorded {
    let count = |from: usize| (from..from + 100).map(|v| v as f32).collect::<Vec<f32>>();
    let frame = |i: u64| {
        let captured = 5 * SECOND + SECOND / 5 + i as i64 * SECOND / 10;
        Frame { stream: StreamId(9), index: i, captured, arrived: 0, jpeg: vec![i as u8] }
    };
    Recorded {
        streams: vec![
            stream(8, StreamKind::Signal, 100.0, vec![Channel::eeg("Fz"), Channel::eeg("Cz")]),
            stream(9, StreamKind::Face, 10.0, Vec::new()),
        ],
        data: vec![vec![count(0), count(1000)], Vec::new()],
        starts: vec![5 * SECOND, 0],
        frames: (0..5).map(frame).collect(),
    }
}

fn play(replay: &mut Replay, clock: &ManualClock, seconds: f64, steps: usize) -> Vec<Packet> {
    let mut packets = Vec::new();
    for _ in 0..steps {
        clock.wait(Duration::from_secs_f64(seconds / steps as f64));
        packets.extend(replay.read(Duration::from_millis(50)).expect("reads"));
    }
    packets
}

fn chunks(packets: &[Packet]) -> Vec<&Chunk> {
    packets.iter().filter_map(|p| if let Packet::Samples(c) = p { Some(c) } else { None }).collect()
}

#[test]
fn plays_all_of_it_in_time_and_says_when_it_ends() {
    let clock = Arc::new(ManualClock::new(0));
    clock.wait(Duration::from_secs(7));
    let mut replay = Replay::of(recorded(), 1.0, false, &around(&clock)).expect("good");
    replay.start().expect("starts");
    let packets = play(&mut replay, &clock, 0.5, 3);
    assert_eq!(chunks(&packets).iter().map(|c| c.len()).sum::<usize>(), 50);
    let frames: Vec<&Frame> = packets.iter().filter_map(|p| if let Packet::Frame(f) = p { Some(f) } else { None }).collect();
    assert_eq!(
        frames.iter().map(|f| f.captured - 7 * SECOND).collect::<Vec<_>>(),
        [SECOND / 5, SECOND * 3 / 10, SECOND * 2 / 5, SECOND / 2]
    );
    assert_eq!((frames[0].stream, chunks(&packets)[0].stream), (StreamId(4), StreamId(3)));
    let rest = play(&mut replay, &clock, 2.0, 2);
    let all: Vec<f32> = [packets, rest.clone()]
        .iter()
        .flat_map(|p| chunks(p).into_iter().flat_map(|c| c.channel(1).collect::<Vec<_>>()).collect::<Vec<_>>())
        .collect();
    assert_eq!(all, recorded().data[0][1]);
    assert_eq!(rest.iter().filter(|p| matches!(p, Packet::Trouble { .. })).count(), 1);
}

#[test]
fn speed_and_repetition_keep_the_index_going() {
    let clock = Arc::new(ManualClock::new(0));
    let mut replay = Replay::of(recorded(), 4.0, true, &around(&clock)).expect("good");
    replay.start().expect("starts");
    let packets = play(&mut replay, &clock, 0.625, 7);
    let mut next = 0;
    for chunk in chunks(&packets) {
        assert_eq!((chunk.first_index, chunk.lost_before), (next, 0));
        next += chunk.len() as u64;
    }
    assert_eq!(next, 250, "2.5 passes in 0.625 s at fourfold speed");
    let indices: Vec<u64> = packets.iter().filter_map(|p| if let Packet::Frame(f) = p { Some(f.index) } else { None }).collect();
    assert_eq!(indices[..7], [0, 1, 2, 3, 4, 10, 11]);
}

#[test]
fn lost_samples_stay_lost() {
    let clock = Arc::new(ManualClock::new(0));
    let mut holed = recorded();
    for channel in &mut holed.data[0] {
        channel[25..35].fill(f32::NAN);
    }
    holed.data[0][0][50] = f32::NAN;
    let mut replay = Replay::of(holed, 1.0, false, &around(&clock)).expect("good");
    replay.start().expect("starts");
    let packets = play(&mut replay, &clock, 1.5, 1);
    let after: Vec<(u64, u64)> =
        chunks(&packets).iter().filter(|c| c.lost_before > 0).map(|c| (c.first_index, c.lost_before)).collect();
    assert_eq!(after, [(35, 10)]);
    assert_eq!(chunks(&packets).iter().map(|c| c.len()).sum::<usize>(), 90, "one missing value loses no sample");
}

#[test]
fn nonsense_is_refused_in_a_sentence() {
    let clock = Arc::new(ManualClock::new(0));
    let mut lame = recorded();
    lame.data[0][1].pop();
    for (recorded, speed, words) in
        [(recorded(), 0.0, "speed"), (lame, 1.0, "differ in length"), (Recorded::default(), 1.0, "no samples")]
    {
        let sentence = Replay::of(recorded, speed, false, &around(&clock)).err().expect("refused").to_string();
        assert!(sentence.contains(words), "{sentence}");
    }
    assert!(load(Path::new("nowhere.bdf")).is_err_and(|e| e.to_string().contains("nowhere.bdf")));
}
