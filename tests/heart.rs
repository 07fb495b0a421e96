//! The heart's chain against the truth of simulated series and real records: R peaks, pulse peaks, beat correction.

mod heart_support;

use heart_support::series::{KINDS, STRONG, hrv_error_ms, spoilt, truth};
use heart_support::{matched, shared, wfdb};
use limbic::prepare::heart::correct::{BeatMethod, HrvQuality, correct};
use limbic::prepare::heart::{median, r_peaks};
use limbic::prepare::pulse::pulse_peaks;
use limbic::signal::Seed;

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
    assert!(hits as f64 >= 0.95 * beats.len() as f64 && invented as f64 <= 0.05 * pulses.len() as f64);
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
    assert_ne!(many.quality(), HrvQuality::Good, "{}", many.say());
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
