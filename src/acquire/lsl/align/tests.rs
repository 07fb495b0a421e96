//! Losses that are known, and what must be found of them.

use super::*;
use crate::signal::{Channel, Seed};

fn layout(counter: Option<usize>, interpolated: Option<usize>) -> Layout {
    Layout { channels: vec![Channel::eeg("Fz")], columns: vec![(0, 1.0)], counter, interpolated, emotiv: false }
}

/// Sample `i` of the device, stamped by `stamp_of` (s), in pulls of eight; `there` says which came.
fn run(
    aligner: &mut Aligner,
    range: std::ops::Range<u64>,
    there: impl Fn(u64) -> bool,
    stamp_of: impl Fn(u64) -> f64,
) -> Vec<Chunk> {
    let samples: Vec<u64> = range.filter(|i| there(*i)).collect();
    let mut chunks = Vec::new();
    for pull in samples.chunks(8) {
        let row = |i: u64| [i as f64, (i % 128) as f64, if i % 1000 == 77 { 1.0 } else { 0.0 }];
        let mut pulled = Pulled { offset: 500, ..Pulled::default() };
        pulled.rows = Values::Double(pull.iter().flat_map(|&i| row(i).into_iter().take(aligner.width)).collect());
        for &i in pull {
            pulled.stamps.push(stamp_of(i));
            pulled.arrived = to_nanos(stamp_of(i)) + 1_000_000;
        }
        chunks.extend(samples_of(aligner.push(&pulled)));
    }
    chunks
}

fn samples_of(packets: Vec<Packet>) -> Vec<Chunk> {
    packets.into_iter().filter_map(|p| if let Packet::Samples(c) = p { Some(c) } else { None }).collect()
}

/// Each value is the device's own number of the sample: the index must be that number less the first one.
fn assert_numbered(chunks: &[Chunk], first: u64) {
    let mut expected = None;
    for chunk in chunks {
        assert!(expected.is_none_or(|e| e + chunk.lost_before == chunk.first_index), "{chunk:?} after {expected:?}");
        for (i, value) in chunk.rows.iter().enumerate() {
            assert_eq!(*value as u64 - first, chunk.first_index + i as u64);
        }
        expected = Some(chunk.first_index + chunk.len() as u64);
    }
}

fn lost(chunks: &[Chunk]) -> u64 {
    chunks.iter().map(|c| c.lost_before).sum()
}

/// Stamps 1/256 s apart with an exponential lateness of 5 ms.
fn jittered(seed: u64) -> impl Fn(u64) -> f64 {
    move |i| 1000.0 + i as f64 / 256.0 - 0.005 * (1.0 - Seed::new(seed).fork(&i.to_string()).uniform()).ln()
}

#[test]
fn nothing_is_lost_where_nothing_was() {
    let mut aligner = Aligner::new(StreamId(0), layout(None, None), 3, 256.0);
    let mut chunks = run(&mut aligner, 5..2565, |_| true, jittered(1));
    chunks.extend(samples_of(aligner.flush()));
    assert_numbered(&chunks, 5);
    assert_eq!((lost(&chunks), chunks.iter().map(Chunk::len).sum::<usize>()), (0, 2560));
    assert_eq!(chunks[0].device_time, Some(to_nanos(jittered(1)(5)) + 500));
}

/// A stream of which every column is recorded takes the short way to the same pieces.
#[test]
fn streams_without_bookkeeping_are_numbered_as_well() {
    let mut aligner = Aligner::new(StreamId(0), layout(None, None), 1, 256.0);
    assert!(aligner.layout.takes_all(1) && !aligner.layout.takes_all(3));
    let mut chunks = run(&mut aligner, 0..4000, |i| !(1000..1909).contains(&i), jittered(2));
    chunks.extend(samples_of(aligner.flush()));
    assert_eq!(lost(&chunks), 909);
    assert_numbered(&chunks, 0);
}

#[test]
fn single_numbers_are_what_doubles_would_be() {
    let both = [layout(None, None), Layout { columns: vec![(1, 1000.0), (0, 1.0)], ..layout(None, None) }].map(|layout| {
        let pulled = |rows| Pulled { stamps: vec![1.0, 2.0], rows, ..Pulled::default() };
        let chunks = |rows| samples_of(Aligner::new(StreamId(0), layout.clone(), 2, 1.0).push(&pulled(rows)));
        let single = chunks(Values::Single(vec![0.1, 0.2, 0.3, 0.4]));
        let double = chunks(Values::Double([0.1f32, 0.2, 0.3, 0.4].map(f64::from).to_vec()));
        assert_eq!(single, double);
        single[0].rows.clone()
    });
    assert_eq!(both, [vec![0.1, 0.3], vec![200.0, 0.1, 400.0, 0.3]]);
}

#[test]
fn samples_that_stay_late_have_lost_others_before_them() {
    let mut aligner = Aligner::new(StreamId(0), layout(None, None), 3, 256.0);
    let mut chunks = run(&mut aligner, 0..4000, |i| !(1000..1909).contains(&i), jittered(2));
    chunks.extend(samples_of(aligner.flush()));
    assert_eq!(lost(&chunks), 909);
    assert_numbered(&chunks, 0);
}

#[test]
fn a_burst_after_a_stall_has_lost_nothing() {
    let mut aligner = Aligner::new(StreamId(0), layout(None, None), 3, 256.0);
    // Two seconds are held back and then come at once, each stamped when it was sent.
    let stamp = |i: u64| if (1000..1512).contains(&i) { 1000.0 + 1512.0 / 256.0 } else { 1000.0 + i as f64 / 256.0 };
    let mut chunks = run(&mut aligner, 0..4000, |_| true, stamp);
    chunks.extend(samples_of(aligner.flush()));
    assert_eq!(lost(&chunks), 0);
    assert_numbered(&chunks, 0);
}

#[test]
fn the_gap_of_a_restarted_outlet_is_measured_even_if_it_is_short() {
    for gap in [10, 300, 909] {
        let mut aligner = Aligner::new(StreamId(0), layout(None, None), 3, 256.0);
        let mut chunks = run(&mut aligner, 0..1000, |_| true, jittered(3));
        chunks.extend(samples_of(aligner.reconnected()));
        chunks.extend(run(&mut aligner, 1000 + gap..3000, |_| true, jittered(3)));
        assert_eq!(lost(&chunks), gap);
        assert_numbered(&chunks, 0);
    }
}

#[test]
fn the_counter_tells_short_losses_and_made_up_samples_count_as_lost() {
    let mut aligner = Aligner::new(StreamId(0), layout(Some(1), Some(2)), 3, 128.0);
    let gone = |i: u64| i == 300 || (700..709).contains(&i) || (2000..2300).contains(&i);
    let mut chunks = run(&mut aligner, 0..4000, |i| !gone(i), |i| 50.0 + i as f64 / 128.0);
    chunks.extend(samples_of(aligner.flush()));
    assert_eq!(lost(&chunks), 1 + 9 + 300 + 3, "three holes and the samples 77, 1077, 3077");
    assert_numbered(&chunks, 0);
}
