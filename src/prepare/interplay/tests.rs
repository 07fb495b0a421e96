//! Known answers of the interplay model.

use super::*;
use crate::signal::Seed;

fn random(n: usize, seed: &mut Seed) -> Vec<f64> {
    (0..n).map(|_| seed.between(1.0, 2.0)).collect()
}

/// Beats whose intervals swing by breathing.
fn beats(n: usize) -> Vec<f64> {
    let mut t = 0.0;
    let mut all = Vec::new();
    while t < n as f64 + 2.0 {
        all.push(t);
        t += 0.8 + 0.05 * (t * 1.5).sin() + 0.03 * (t * 0.6).cos();
    }
    all
}

#[test]
fn a_noiseless_system_gives_its_own_coefficients() {
    let mut seed = Seed::new(1);
    let heart = random(60, &mut seed);
    let mut brain = vec![1.0];
    (0..59).for_each(|i| brain.push(0.7 * brain[i] + 0.35 * heart[i]));
    for intercept in [false, true] {
        for found in heart_to_brain(&brain, &heart, 15, intercept) {
            assert!((found.persistence - 0.7).abs() < 1e-9 && (found.heart - 0.35).abs() < 1e-9, "{found:?}");
            assert!(found.residual < 1e-6);
        }
    }
    assert!(heart_to_brain(&heart, &heart, 15, false).iter().all(|c| c.heart.is_nan()), "brain and heart are the same");
}

#[test]
fn scale_of_the_brain_changes_no_min_max_coefficient() {
    let mut seed = Seed::new(2);
    let n = 60;
    let (lf, hf, row) = (random(n, &mut seed), random(n, &mut seed), random(n, &mut seed));
    let times: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
    let beats = beats(n);
    let louder: Vec<f64> = row.iter().map(|x| 40.0 * x).collect();
    let brain = [row, louder];
    let trial = Trial { times: &times, brain: &brain, lf: &lf, hf: &hf, beats: &beats };
    let found = interplay(trial, &SdgOptions::default()).expect("long enough");
    assert_eq!((found.times.len(), found.times[0], found.times[44]), (45, 8.5, 52.5));
    for family in Family::ALL {
        let rows = found.family(family);
        assert!(rows[0].iter().zip(&rows[1]).all(|(a, b)| (a - b).abs() < 1e-9 * a.abs().max(1.0)), "{family:?}");
    }
    let other = interplay(trial, &SdgOptions { mode: Mode::SqrtStd, ..SdgOptions::default() }).expect("long enough");
    assert!(other.families != found.families);
}

#[test]
fn what_cannot_be_computed_is_refused_or_flagged() {
    let n = 40;
    let times: Vec<f64> = (0..n).map(|i| 1.0 + i as f64).collect();
    let (flat, mut seed) = (vec![1.0; n], Seed::new(3));
    let (brain, hf, beats) = ([random(n, &mut seed)], random(n, &mut seed), beats(n));
    let trial = Trial { times: &times, brain: &brain, lf: &flat, hf: &hf, beats: &beats };
    let found = interplay(trial, &SdgOptions::default()).expect("runs");
    assert!(found.family(Family::LfToB)[0].iter().all(|c| c.is_nan()) && found.notes[0].contains("LF is constant"));
    assert!(found.family(Family::HfToB)[0].iter().all(|c| c.is_finite()));
    let half = Trial { beats: &beats[..20], ..trial };
    assert!(matches!(interplay(half, &SdgOptions::default()), Err(PrepareError::NoDrive { .. })));
    let short = Trial { times: &times[..15], brain: &[], lf: &flat[..15], hf: &hf[..15], ..trial };
    assert_eq!(interplay(short, &SdgOptions::default()), Err(PrepareError::FewMoments { have: 15, need: 16 }));
    assert!(matches!(interplay(Trial { lf: &flat[1..], ..trial }, &SdgOptions::default()), Err(PrepareError::Ragged { .. })));
}

#[test]
fn shifted_hearts_take_the_bias_of_independent_series_away() {
    let (mut seed, mut raw, mut shown) = (Seed::new(4), Vec::new(), Vec::new());
    for _ in 0..60 {
        let (brain, heart) = (normalised(&random(60, &mut seed)), normalised(&random(60, &mut seed)));
        let slopes: Vec<f64> = heart_to_brain(&brain, &heart, 15, false).iter().map(|c| c.heart).collect();
        raw.push(crate::prepare::heart::median(&slopes));
        shown.extend(above_chance(&brain, &heart, 15, false, &Surrogates::default()));
    }
    let (raw, shown) = (crate::prepare::heart::median(&raw), crate::prepare::heart::median(&shown));
    assert!(raw > 0.15 && shown.abs() < 0.1, "{raw} {shown}");
    assert_eq!(above_chance(&[1.0; 20], &[1.0; 20], 15, false, &Surrogates::default()), None);
}
