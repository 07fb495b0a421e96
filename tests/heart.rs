//! The heart's chain against the truth of simulated series and real records: R peaks, pulse peaks, beat correction.

mod heart_support;

use heart_support::series::{KINDS, STRONG, hrv_error_ms, spoilt, truth};
use heart_support::{matched, shared, wfdb};
use limbic::acquire::simulator::Simulator;
use limbic::acquire::{Packet, Source, Surroundings};
use limbic::prepare::heart::correct::{BeatMethod, HrvQuality, correct};
use limbic::prepare::heart::{median, r_peaks};
use limbic::prepare::pulse::pulse_peaks;
use limbic::rig::SimulatorRig;
use limbic::signal::{Clock, ManualClock, Role, Seed, seconds};
use std::sync::Arc;
use std::time::Duration;

/// Seeds that no constant of the method was chosen on; the method's own series came from another generator.
const FRESH: u64 = 910_000;

#[test]
fn r_peaks_of_record_100_agree_with_its_annotations() {
    let Some(header) = shared("ecg/100.hea") else { return };
    let record = wfdb::read(&header);
    let truth = wfdb::beats(&header.with_extension("atr"), record.rate);
    let found = r_peaks(&record.data[0], record.rate).expect("half an hour");
    let (hits, missed, invented) = matched(&found, &truth, 0.05);
    let (sensitivity, predictivity) = (hits as f64 / truth.len() as f64, hits as f64 / found.len() as f64);
    println!(
        "record 100: {} annotated beats, {missed} missed, {invented} invented: sensitivity {sensitivity:.4}, \
         positive predictivity {predictivity:.4}",
        truth.len()
    );
    assert_eq!(truth.len(), 2273);
    assert!(sensitivity >= 0.998 && predictivity >= 0.998);
}

#[test]
fn pulse_peaks_of_a_real_finger_follow_its_ecg() {
    let Some(header) = shared("ecg/a103l.hea") else { return };
    let record = wfdb::read(&header);
    let channel = |name: &str| record.names.iter().position(|n| n == name).map(|i| &record.data[i]);
    let (ecg, ppg) = (channel("II").expect("lead II"), channel("PLETH").expect("a PPG"));
    let (beats, pulses) = (r_peaks(ecg, record.rate).expect("long"), pulse_peaks(ppg, record.rate).expect("long"));
    // The pulse comes a transit time after the R peak, which differs from person to person: it is learnt first.
    let delay = |pulse: &f64| beats.iter().rev().find(|b| *b < pulse).map(|b| pulse - b);
    let transit = median(&pulses.iter().filter_map(delay).collect::<Vec<_>>());
    let moved: Vec<f64> = pulses.iter().map(|p| p - transit).collect();
    let (hits, missed, invented) = matched(&moved, &beats, 0.15);
    println!(
        "a103l: {} R peaks, {} pulses {transit:.3} s later: {hits} together, {missed} R peaks without pulse, {invented} pulses \
         without R peak",
        beats.len(),
        pulses.len()
    );
    // An alarm record: both signals hold stretches of noise, so the whole cannot agree beat by beat.
    let usual = |times: &[f64]| median(&times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>());
    println!("a103l: median interval {:.3} s by the ECG, {:.3} s by the PPG", usual(&beats), usual(&pulses));
    assert!((usual(&beats) / usual(&pulses) - 1.0).abs() < 0.03);
    assert!(hits as f64 >= 0.9 * beats.len() as f64);
}

#[test]
fn pulse_and_r_peaks_of_the_simulator_stand_where_its_truth_says() {
    let clock = Arc::new(ManualClock::new(0));
    let around = Surroundings { clock: clock.clone(), first_stream: 0, library_dir: None, log_dir: None };
    let rig = SimulatorRig { seed: 31, face_fps: 0.0, ..SimulatorRig::default() };
    let mut simulator = Simulator::open(&rig, &around).expect("opens");
    simulator.start().expect("starts");
    clock.wait(Duration::from_secs(300));
    let packets = simulator.read(Duration::ZERO).expect("reads");
    let column = |role: Role| -> Vec<f64> {
        let at = simulator.streams()[0].with_role(role)[0];
        let chunks = packets.iter().filter_map(|p| if let Packet::Samples(chunk) = p { Some(chunk) } else { None });
        chunks.flat_map(|chunk| chunk.channel(at).map(f64::from).collect::<Vec<_>>()).collect()
    };
    let truth: Vec<f64> = simulator.beats().iter().map(|t| seconds(*t)).filter(|t| (0.2..299.5).contains(t)).collect();
    let later: Vec<f64> = truth.iter().map(|t| t + 0.30).collect();
    for (name, found, truth) in [
        ("R peaks", r_peaks(&column(Role::Ecg), rig.rate), &truth),
        ("pulses", pulse_peaks(&column(Role::Ppg), rig.rate), &later),
    ] {
        let found = found.expect("long enough");
        let (hits, missed, invented) = matched(&found, truth, 0.05);
        let near = |t: &f64| found.iter().map(|f| f - t).min_by(|a, b| a.abs().total_cmp(&b.abs())).expect("beats");
        let off: Vec<f64> = truth.iter().map(near).filter(|d| d.abs() < 0.05).collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        let spread = (off.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / off.len() as f64).sqrt();
        println!(
            "simulator, {name}: {hits} found, {missed} missed, {invented} invented; {:.1} ms late, SD {:.1} ms",
            1e3 * mean,
            1e3 * spread
        );
        assert!(missed <= 1 && invented <= 2 && spread < 0.01, "{name}");
    }
}

/// Median and largest error of both methods on twenty series of each kind, and clean series that were edited.
#[test]
fn correction_of_fresh_series() {
    println!("20 fresh series each, HRV error at 4 Hz in ms: median (largest)");
    println!("{:30} {:>16} {:>16} {:>16}  clean edited", "", "two-sided", "reference", "uncorrected");
    let (mut clean_edited, mut clean) = (0, 0);
    for (k, kind) in KINDS.iter().enumerate() {
        let (mut ours, mut reference, mut none, mut edited) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for i in 0..20 {
            let mut seed = Seed::new(FRESH + 1000 * k as u64 + i);
            let truth = truth(kind, &mut seed);
            let bad = spoilt(&truth, kind, &mut seed);
            ours.push(hrv_error_ms(&correct(&bad, BeatMethod::TwoSided).beats, &truth));
            reference.push(hrv_error_ms(&correct(&bad, BeatMethod::InverseGaussian).beats, &truth));
            none.push(hrv_error_ms(&bad, &truth));
            edited += usize::from(!correct(&truth, BeatMethod::TwoSided).edits.is_empty());
        }
        let say = |v: &[f64]| format!("{:.1} ({:.1})", median(v), v.iter().copied().fold(0.0, f64::max));
        println!("{:30} {:>16} {:>16} {:>16}  {edited} of 20", kind.name, say(&ours), say(&reference), say(&none));
        (clean_edited, clean) = (clean_edited + edited, clean + 20);
        assert!(median(&ours) <= 8.0, "{}: median {} ms", kind.name, median(&ours));
    }
    assert_eq!(clean_edited, 0, "of {clean} clean series");
}

#[test]
fn quality_follows_the_share_of_corrected_beats() {
    let mut seed = Seed::new(FRESH + 77_000);
    let whole = truth(&STRONG, &mut seed);
    let bad = spoilt(&whole, &STRONG, &mut seed);
    let few = correct(&bad, BeatMethod::TwoSided);
    assert_eq!(few.quality(), HrvQuality::Good, "{}", few.say());
    let part: Vec<f64> = bad.iter().copied().filter(|t| *t < 60.0).collect();
    let thinned: Vec<f64> = part.iter().enumerate().filter(|(i, _)| i % 9 != 5).map(|(_, t)| *t).collect();
    let many = correct(&thinned, BeatMethod::TwoSided);
    assert_ne!(many.quality(), HrvQuality::Good, "{} of {}: {}", thinned.len(), part.len(), many.say());
    assert!(many.say().contains("HRV doubtful") || many.say().contains("excluded"), "{}", many.say());
}

#[test]
fn disorder_is_taken_out_and_said() {
    let beats = [0.5, 1.3, f64::NAN, 1.2, 2.1, 2.9, 2.9, 3.7];
    let made = correct(&beats, BeatMethod::None);
    assert_eq!(made.beats, [0.5, 1.3, 2.1, 2.9, 3.7]);
    assert_eq!(made.edits.len(), 3);
    assert!((made.share - 3.0 / 8.0).abs() < 1e-12, "{}", made.share);
}
