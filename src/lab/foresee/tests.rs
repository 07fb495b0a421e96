//! Epochs that nobody takes up, and models that are not there.

use super::*;
use crate::signal::{Channel, LatencyOrigin};

fn stream() -> StreamInfo {
    StreamInfo {
        id: StreamId(0),
        name: "eeg".into(),
        kind: StreamKind::Signal,
        device: "test".into(),
        rate: 64.0,
        channels: vec![Channel::eeg("Cz")],
        clock: "host".into(),
        latency_s: 0.0,
        latency_origin: LatencyOrigin::default(),
        simulated: true,
    }
}

fn second(k: u64) -> Chunk {
    Chunk {
        stream: StreamId(0),
        first_index: 64 * k,
        lost_before: 0,
        arrived: k as i64 * SECOND,
        device_time: None,
        channels: 1,
        rows: vec![1.0; 64],
    }
}

/// A worker that never takes anything up: one epoch waits, all others are dropped and counted, nothing blocks.
#[test]
fn a_busy_worker_costs_epochs_and_nothing_else() {
    let (epochs, _kept) = bounded(1);
    let (_answering, answers) = bounded(1);
    let mut foresight = Foresight::new(&[stream()], 3.0, LiveModels::default());
    foresight.worker = Some(Worker { epochs, answers });
    for k in 0..30 {
        foresight.samples(&second(k));
        foresight.tend(k as i64 * SECOND);
    }
    let view = foresight.view().expect("asked for");
    // Six seconds are gathered first (k = 5); then one epoch every three seconds: k = 5, 8, ..., 29.
    assert_eq!((view.asked, view.dropped), (9, 8));
    assert_eq!(foresight.eeg.as_ref().map(|t| t.data[0].len()), Some(6 * 64));
}

#[test]
fn a_model_that_is_not_there_is_told_once_asked() {
    let models = LiveModels { eeg: "/nowhere/model.onnx".into(), ..LiveModels::default() };
    let mut foresight = Foresight::new(&[stream()], 3.0, models);
    (0..7).for_each(|k| foresight.samples(&second(k)));
    foresight.tend(7 * SECOND);
    for _ in 0..200 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        foresight.tend(8 * SECOND);
        if let Some(why) = foresight.view().and_then(|v| v.trouble) {
            assert!(why.contains("/nowhere/model.onnx"), "{why}");
            return;
        }
    }
    panic!("no answer within 2 s");
}
