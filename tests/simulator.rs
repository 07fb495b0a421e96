//! The simulated participant does what it states: effects, determinism, truth of the heart, faults.

use limbic::acquire::simulator::Simulator;
use limbic::acquire::simulator::effects::{EYES_CLOSED, factor, trial_draw};
use limbic::acquire::{Packet, Pump, Source, Surroundings};
use limbic::rig::SimulatorRig;
use limbic::signal::{
    BANDS, Chunk, Clock, Cue, CueKind, Emotion, Frame, ManualClock, Nanos, SECOND, SystemClock, seconds, to_nanos,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const RATE: f64 = 256.0;
const WIDTH: usize = 34;

/// What a run delivered, and the true R peaks.
struct Run {
    packets: Vec<Packet>,
    beats: Vec<Nanos>,
    simulator: Simulator,
}

/// Runs for `length` seconds, reading every `step`, cueing on time.
fn run(rig: &SimulatorRig, length: f64, step: f64, cues: &[Cue]) -> Run {
    let clock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let mut simulator = Simulator::open(rig, &around).expect("opens");
    simulator.start().expect("starts");
    let (mut packets, mut cues) = (Vec::new(), cues.iter().peekable());
    let end = to_nanos(length);
    while clock.now() < end {
        let next_cue = cues.peek().map_or(Nanos::MAX, |c| c.at);
        let target = (clock.now() + to_nanos(step)).min(end).min(next_cue.max(clock.now()));
        clock.wait(Duration::from_nanos((target - clock.now()) as u64));
        while cues.peek().is_some_and(|c| c.at <= clock.now()) {
            simulator.cue(cues.next().expect("peeked"));
        }
        let before = clock.now();
        packets.extend(simulator.read(Duration::from_millis(50)).expect("reads"));
        assert_eq!(clock.now(), before, "a source must not move a manual clock");
    }
    Run { packets, beats: simulator.beats(), simulator }
}

fn chunks(packets: &[Packet]) -> impl Iterator<Item = &Chunk> {
    packets.iter().filter_map(|p| if let Packet::Samples(c) = p { Some(c) } else { None })
}

fn frames(packets: &[Packet]) -> impl Iterator<Item = &Frame> {
    packets.iter().filter_map(|p| if let Packet::Frame(f) = p { Some(f) } else { None })
}

impl Run {
    fn channel(&self, label: &str) -> Vec<f32> {
        let at = self.simulator.streams()[0].labels().iter().position(|l| l == label).expect("a channel");
        chunks(&self.packets).flat_map(|c| c.channel(at).collect::<Vec<_>>()).collect()
    }
}

fn rig(seed: u64) -> SimulatorRig {
    SimulatorRig { seed, face_fps: 0.0, ..SimulatorRig::default() }
}

fn video(at: f64, trial: u32, intended: Option<Emotion>) -> Cue {
    Cue { at: to_nanos(at), kind: CueKind::Video { trial, stimulus: "clip".into(), intended } }
}

/// Power of a band (both edges) by a plain DFT of 2-s Hann windows with 1-s hop.
fn band_power(x: &[f32], band: usize) -> f64 {
    let n = (2.0 * RATE) as usize;
    let (low, high) = ((2.0 * BANDS[band].low) as usize, (2.0 * BANDS[band].high) as usize);
    let hann = |i: usize| 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
    let mut total = 0.0;
    for window in x.windows(n).step_by(n / 2) {
        for bin in low..=high {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, v) in window.iter().enumerate() {
                let (sin, cos) = (std::f64::consts::TAU * (bin * i % n) as f64 / n as f64).sin_cos();
                re += f64::from(*v) * hann(i) * cos;
                im += f64::from(*v) * hann(i) * sin;
            }
            total += re * re + im * im;
        }
    }
    total
}

/// Amplitude of a band in one part of a recording over another.
fn amplitude_ratio(x: &[f32], band: usize, state: std::ops::Range<f64>, rest: std::ops::Range<f64>) -> f64 {
    let cut = |r: &std::ops::Range<f64>| &x[(r.start * RATE) as usize..(r.end * RATE) as usize];
    let length = |r: &std::ops::Range<f64>| r.end - r.start - 1.0;
    (band_power(cut(&state), band) / length(&state) / (band_power(cut(&rest), band) / length(&rest))).sqrt()
}

#[test]
fn the_same_seed_and_cues_give_the_same_packets_however_they_are_read() {
    let rig = SimulatorRig { seed: 11, ..SimulatorRig::default() };
    let cues = [video(2.0, 1, Some(Emotion::Fear)), Cue { at: to_nanos(5.01), kind: CueKind::EyesClosed }];
    let coarse = run(&rig, 9.0, 3.7, &cues);
    let fine = run(&rig, 9.0, 0.013, &cues);
    assert!(coarse.packets.len() > 200);
    assert!(coarse.packets == fine.packets, "the packets depend on when they are read");
    let other = run(&SimulatorRig { seed: 12, ..rig }, 9.0, 3.7, &cues);
    assert!(coarse.packets != other.packets);
}

#[test]
fn a_cue_one_read_late_changes_nothing() {
    let on_time = run(&rig(3), 4.0, 0.05, &[video(1.0, 1, Some(Emotion::Sadness))]);
    let clock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let mut late = Simulator::open(&rig(3), &around).expect("opens");
    late.start().expect("starts");
    clock.wait(Duration::from_millis(1060));
    let mut packets = late.read(Duration::ZERO).expect("reads");
    late.cue(&video(1.0, 1, Some(Emotion::Sadness)));
    clock.wait(Duration::from_millis(2940));
    packets.extend(late.read(Duration::ZERO).expect("reads"));
    assert!(packets == on_time.packets);
}

#[test]
fn it_says_what_it_is_and_counts_in_order() {
    let run = run(&SimulatorRig::default(), 5.0, 0.5, &[]);
    let streams = run.simulator.streams();
    assert!(streams.iter().all(|s| s.simulated && s.device.contains("SIMULATED")));
    assert_eq!((streams[0].name.as_str(), streams[0].channels.len(), streams[1].name.as_str()), ("eeg", WIDTH, "face"));
    let mut next = 0;
    for chunk in chunks(&run.packets) {
        assert_eq!((chunk.first_index, chunk.lost_before, chunk.channels), (next, 0, WIDTH));
        next += chunk.len() as u64;
        assert_eq!(chunk.arrived, to_nanos((next - 1) as f64 / RATE));
    }
    assert_eq!(next, 1280);
    let indices: Vec<u64> = frames(&run.packets).map(|f| f.index).collect();
    assert_eq!(indices, (0..=50).collect::<Vec<_>>());
}

#[test]
fn every_electrode_resembles_another_one_as_the_gate_expects() {
    let run = run(&rig(4), 30.0, 10.0, &[]);
    let x: Vec<Vec<f32>> = run.simulator.streams()[0].labels()[..32].iter().map(|l| run.channel(l)).collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(p, q)| f64::from(p * q)).sum::<f64>();
    for (i, a) in x.iter().enumerate() {
        let rms = (dot(a, a) / a.len() as f64).sqrt();
        assert!((9.0..25.0).contains(&rms), "channel {i}: {rms} uV");
        let r = |b: &Vec<f32>| (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).abs();
        let best = x.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, b)| r(b)).fold(0.0, f64::max);
        assert!((0.6..0.99).contains(&best), "channel {i}: {best}");
    }
}

#[test]
fn closed_eyes_raise_alpha_at_the_back_by_the_stated_amount() {
    let run = run(&rig(5), 130.0, 5.0, &[Cue { at: to_nanos(65.0), kind: CueKind::EyesClosed }]);
    for label in ["Oz", "O1", "Pz", "Cz", "F3"] {
        let ratio = amplitude_ratio(&run.channel(label), 1, 67.0..129.0, 1.0..63.0);
        let stated = factor(&EYES_CLOSED, 1, label);
        assert!((ratio / stated - 1.0).abs() < 0.15, "{label}: {ratio} for {stated}");
    }
}

#[test]
fn emotions_change_their_bands_by_the_stated_amounts() {
    for (trial, emotion, band, label) in [
        (1, Emotion::Happiness, 3, "T7"),
        (2, Emotion::Happiness, 1, "F3"),
        (3, Emotion::Sadness, 0, "Fz"),
        (4, Emotion::Fear, 2, "F4"),
        (5, Emotion::Fear, 3, "Oz"),
        (6, Emotion::Neutral, 2, "F4"),
    ] {
        let run = run(&rig(21), 102.0, 10.0, &[video(50.0, trial, Some(emotion))]);
        let ratio = amplitude_ratio(&run.channel(label), band, 52.0..101.0, 1.0..49.0);
        let stated = trial_draw(21, trial).factor(Some(emotion), band, label);
        let tolerance = [0.16, 0.16, 0.06, 0.06][band];
        assert!((ratio / stated - 1.0).abs() < tolerance, "{emotion} {label} {}: {ratio} for {stated}", BANDS[band].name);
    }
}

#[test]
fn fear_makes_the_heart_faster_by_the_stated_amount() {
    let run = run(&rig(8), 122.0, 1.0, &[video(60.0, 1, Some(Emotion::Fear))]);
    let rate = |from: f64, to: f64| {
        let inside: Vec<f64> = run.beats.iter().map(|b| seconds(*b)).filter(|t| (from..to).contains(t)).collect();
        60.0 * (inside.len() - 1) as f64 / (inside[inside.len() - 1] - inside[0])
    };
    let (change, stated) = (rate(62.0, 122.0) - rate(0.0, 60.0), 10.0 * trial_draw(8, 1).eeg);
    assert!((change - stated).abs() < 0.8, "{change} for {stated}");
}

#[test]
fn the_truth_of_the_beats_is_where_ecg_and_pulse_peak() {
    let run = run(&rig(6), 60.0, 1.0, &[]);
    let (ecg, ppg) = (run.channel("ECG"), run.channel("PPG"));
    let peak_near = |x: &[f32], t: f64, reach: f64| {
        let range = ((t - reach) * RATE) as usize..((t + reach) * RATE) as usize;
        range.max_by(|a, b| x[*a].total_cmp(&x[*b])).expect("not empty") as f64 / RATE
    };
    let beats: Vec<f64> = run.beats.iter().map(|b| seconds(*b)).filter(|t| (1.0..58.5).contains(t)).collect();
    assert!(beats.len() > 50);
    for beat in beats {
        assert!((peak_near(&ecg, beat, 0.2) - beat).abs() < 0.006, "R at {beat}");
        assert!((peak_near(&ppg, beat + 0.30, 0.15) - beat - 0.30).abs() < 0.06, "pulse after {beat}");
    }
}

/// A run of one of tests/scenarios, with its camera.
fn scenario(name: &str) -> Run {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    run(&SimulatorRig { seed: 2, scenario: Some(path), ..SimulatorRig::default() }, 8.0, 0.1, &[])
}

#[test]
fn every_scenario_parses() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let around = Surroundings { clock: Arc::new(ManualClock::new(0)), first_stream: 0, library_dir: None, log_dir: None };
        let rig = SimulatorRig { scenario: Some(path.clone()), ..SimulatorRig::default() };
        assert!(Simulator::open(&rig, &around).is_ok(), "{}", path.display());
        names.push(path);
    }
    assert!(names.len() >= 4);
}

#[test]
fn electrodes_in_trouble_show_it() {
    let run = scenario("electrodes.toml");
    let clean = crate::run(&SimulatorRig { seed: 2, ..SimulatorRig::default() }, 8.0, 0.1, &[]);
    let part = |x: &[f32]| x[512..1536].to_vec();
    let sd = |x: &[f32]| {
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        (x.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / x.len() as f32).sqrt()
    };
    assert_eq!(sd(&part(&run.channel("T8"))), 0.0);
    let rail = run.simulator.streams()[0].channels[0].rail.expect("known") as f32;
    assert!(part(&run.channel("C3")).iter().all(|v| *v >= 0.98 * rail));
    let hum = sd(&part(&run.channel("O2"))).powi(2) - sd(&part(&clean.channel("O2"))).powi(2);
    assert!((hum.sqrt() - 80.0 / 2f32.sqrt()).abs() < 3.0, "{}", hum.sqrt());
    assert!(sd(&part(&run.channel("Fp1"))) > 200.0);
    assert_eq!(run.channel("Fz"), clean.channel("Fz"), "the rest stays as it is");
    assert_eq!(run.channel("T8")[1536..], clean.channel("T8")[1536..], "and the end belongs to the clean part");
}

#[test]
fn a_weak_radio_loses_and_delays_packets_and_counts_them() {
    let run = scenario("radio.toml");
    let (mut next, mut lost, mut arrived) = (0, 0, 0);
    let mut latest = 0f64;
    for chunk in chunks(&run.packets) {
        assert_eq!(chunk.first_index, next + chunk.lost_before);
        assert!(chunk.arrived >= arrived, "order is kept");
        lost += chunk.lost_before;
        next = chunk.first_index + chunk.len() as u64;
        arrived = chunk.arrived;
        latest = latest.max(seconds(chunk.arrived) - (next - 1) as f64 / RATE);
        let t = chunk.first_index as f64 / RATE;
        assert!(!(1.0..1.5).contains(&t), "a sample at {t} s");
    }
    assert!((128 + 128..=128 + 384).contains(&lost), "{lost}: the whole of half a second, about half of two");
    assert!((latest - 0.4).abs() < 1e-6, "{latest}");
    assert_eq!(next, 2048);
}

#[test]
fn a_stalled_camera_leaves_a_hole_in_the_frames_only() {
    let run = scenario("camera.toml");
    let indices: Vec<u64> = frames(&run.packets).map(|f| f.index).collect();
    assert_eq!(indices[..21], (0..20).chain([40]).collect::<Vec<_>>()[..]);
    assert_eq!(chunks(&run.packets).map(|c| c.len()).sum::<usize>(), 2048);
}

#[test]
fn a_pulled_cable_silences_everything_says_so_twice_and_is_counted() {
    let run = scenario("unplugged.toml");
    let troubles = run.packets.iter().filter(|p| matches!(p, Packet::Trouble { .. })).count();
    assert_eq!(troubles, 2);
    assert!(frames(&run.packets).all(|f| !(2 * SECOND..to_nanos(3.5)).contains(&f.captured)));
    let gap: Vec<&Chunk> = chunks(&run.packets).filter(|c| c.lost_before > 0).collect();
    assert_eq!(gap.len(), 1);
    assert_eq!((gap[0].lost_before, gap[0].first_index), (384, 896));
}

#[test]
fn on_a_real_clock_a_pump_brings_it_in_real_time() {
    let clock = Arc::new(SystemClock);
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let simulator = Simulator::open(&SimulatorRig::default(), &around).expect("opens");
    let mut pump = Pump::spawn(Box::new(simulator), 256);
    let begun = clock.now();
    pump.start().expect("starts");
    let mut samples = 0;
    while samples < 80 && seconds(clock.now() - begun) < 20.0 {
        let packets = pump.drain().expect("works");
        samples += chunks(&packets).map(|c| c.len()).sum::<usize>();
        assert!(chunks(&packets).all(|c| c.arrived <= clock.now()));
        clock.wait(Duration::from_millis(5));
    }
    let took = seconds(clock.now() - begun);
    pump.stop();
    assert!(samples >= 80 && took >= 79.0 / RATE, "{samples} samples in {took} s");
    assert_eq!(pump.dropped_total(), 0);
}

/// Signals that are there are not recorded once more: they would count as new data.
#[test]
fn simulated_people_are_recorded_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let limbic = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_limbic"));
        let out = command.args(arguments).current_dir(folder.path()).output().expect("limbic runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (out.status.success(), text(&out.stdout), text(&out.stderr))
    };
    let simulate = |more: &[&str]| {
        let usual = ["simulate", "--participants", "2", "--trials", "1", "--video-s", "3", "--face-fps", "0"];
        limbic(&[&usual[..], more].concat())
    };
    let (good, _, why) = simulate(&[]);
    assert!(good, "{why}");
    let listed = limbic(&["sessions"]).1;
    let (_, again, why) = simulate(&[]);
    assert_eq!(again.matches("recorded earlier").count(), 2, "{again}{why}");
    for (other, what) in [(["--effect", "0"], "seed 7"), (["--seed", "8"], "seed 8")] {
        let (good, _, why) = simulate(&other);
        assert!(!good && why.contains(what) && why.contains("limbic erase SIM0"), "{why}");
    }
    assert_eq!(limbic(&["sessions"]).1, listed);
}
