//! The judge: a trial by itself, silence as loss.

use super::*;
use crate::signal::{Channel, Seed};

fn eeg_info(channels: usize) -> StreamInfo {
    StreamInfo {
        id: StreamId(0),
        name: "eeg".into(),
        kind: StreamKind::Signal,
        device: "test".into(),
        rate: 256.0,
        channels: (0..channels)
            .map(|i| Channel::eeg(format!("E{i}")))
            .chain([Channel { role: Role::Ecg, ..Channel::eeg("ECG") }])
            .collect(),
        clock: "host arrival".into(),
        latency_s: 0.0,
        latency_origin: Default::default(),
        simulated: true,
    }
}

fn feed(judge: &mut Judge, from_s: usize, to_s: usize, flat: bool) {
    let mut seed = Seed::new(3 + from_s as u64);
    let mut x = [0.0f64; 5];
    for second in from_s..to_s {
        let mut rows = Vec::new();
        for _ in 0..256 {
            x[4] = 0.95 * x[4] + 3.0 * seed.normal();
            for own in 0..4 {
                x[own] = 0.95 * x[own] + seed.normal();
                rows.push(if flat { 0.0 } else { (x[4] + x[own]) as f32 });
            }
            rows.push(0.0);
        }
        let (first_index, arrived) = (second as u64 * 256, (second as Nanos + 1) * SECOND);
        judge.samples(&Chunk { stream: StreamId(0), first_index, lost_before: 0, arrived, device_time: None, channels: 5, rows });
    }
}

#[test]
fn a_marked_electrode_is_left_out_of_the_score_and_counts_as_bad() {
    let mut rig = Rig::simulated(1);
    (rig.gate.window_s, rig.gate.required) = (10.0, vec!["eeg".into()]);
    let mut judge = Judge::new(&[eeg_info(4)], &rig);
    feed(&mut judge, 0, 12, false);
    judge.refresh(12 * SECOND);
    let before = judge.report().expect("judged");
    judge.leave_out(vec!["E2".into()]);
    judge.refresh(12 * SECOND);
    let after = judge.report().expect("judged anew at once");
    assert_eq!((after.channels[2].score, after.channels[2].reason), (0.0, Some(Reason::Marked)));
    let others = [0, 1, 3].map(|i| before.channels[i].score).iter().sum::<f64>() / 3.0;
    assert!((after.overall - others * after.completeness).abs() < 1e-9, "{} {others}", after.overall);
    // One of four is more than the share of channels that may be bad.
    let verdict = judge.verdict();
    assert!(!verdict.pass && verdict.why.contains("1 of 4 channels are bad"), "{verdict:?}");
    assert!(verdict.advice.iter().any(|a| a.contains("marked bad by the experimenter")), "{verdict:?}");
}

#[test]
fn a_trial_is_judged_by_itself_and_silence_counts_as_loss() {
    let mut rig = Rig::simulated(1);
    rig.gate.window_s = 10.0;
    let mut judge = Judge::new(&[eeg_info(4)], &rig);
    assert!(!judge.verdict().pass, "nothing has come");
    feed(&mut judge, 0, 12, true);
    judge.begin_trial();
    feed(&mut judge, 12, 18, false);
    let trial = judge.end_trial().expect("long enough");
    judge.refresh(18 * SECOND);
    let report = judge.report().expect("judged");
    assert!(trial > report.overall + 20.0, "{trial} {}", report.overall);
    assert_eq!(report.others.len(), 1, "the ECG");
    assert_eq!(report.channels.len(), 4);
    judge.begin_trial();
    assert_eq!(judge.end_trial(), None, "no sample came");
    judge.refresh(28 * SECOND);
    assert!(judge.report().expect("judged").completeness < 0.5);
}
