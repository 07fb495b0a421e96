//! Rice codes: every count comes back, noise costs its entropy, missing bits show.

use super::*;
use crate::signal::Seed;

/// Codes columns side by side, the way the store does.
fn coded(columns: &[&[i32]]) -> Vec<u8> {
    let mut bits = BitWriter::default();
    let mut room = Room::default();
    for columns in columns.chunks(TILE) {
        let mut counts = vec![[0; TILE]; columns[0].len()];
        for (c, column) in columns.iter().enumerate() {
            counts.iter_mut().zip(*column).for_each(|(row, count)| row[c] = *count);
        }
        encode(&mut counts, columns.len(), &mut room, &mut bits);
    }
    bits.finish().to_vec()
}

fn round_trip(columns: &[&[i32]]) -> usize {
    let bytes = coded(columns);
    let mut reader = BitReader::new(&bytes);
    for (c, column) in columns.iter().enumerate() {
        let mut back = Vec::new();
        decode(&mut reader, column.len(), &mut back);
        assert_eq!(back, *column, "column {c}");
    }
    assert!(reader.is_spent());
    bytes.len()
}

#[test]
fn every_count_comes_back() {
    for counts in [&[][..], &[5], &[i32::MIN, i32::MAX], &[0, 0, 0, 0], &[7, 7, 7, 7, 7], &[i32::MAX, i32::MIN, 0, -1, 1]] {
        round_trip(&[counts]);
    }
    let mut seed = Seed::new(3);
    for length in 0..200 {
        let counts: Vec<i32> = (0..length).map(|_| (seed.bits() >> (seed.below(32))) as i32).collect();
        round_trip(&[&counts]);
    }
}

#[test]
fn neighbours_of_every_kind_do_not_disturb_each_other() {
    let mut seed = Seed::new(8);
    for length in (0..12).chain([64, 65, 66, 67, 300]) {
        let column = |c: usize, seed: &mut Seed| -> Vec<i32> {
            let sd = 10f64.powi(c as i32 % 7);
            let kind = |i: usize, seed: &mut Seed| match c % 5 {
                0 => (sd * seed.normal()) as i32,
                1 => (1e6 * (i as f64 * 0.01).sin() + sd) as i32, // order 3
                2 => -3,                                          // silent
                3 => seed.bits() as i32,                          // codes that are too long for two in a word
                _ if i == length / 2 => i32::MAX,                 // one that stands as it is
                _ => (20.0 * seed.normal()) as i32,
            };
            (0..length).map(|i| kind(i, seed)).collect()
        };
        let columns: Vec<Vec<i32>> = (0..37).map(|c| column(c, &mut seed)).collect();
        round_trip(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

#[test]
fn noise_costs_little_more_than_its_entropy_and_smooth_curves_almost_nothing() {
    let mut seed = Seed::new(4);
    let noise: Vec<i32> = (0..4096).map(|_| (100.0 * seed.normal()).round() as i32).collect();
    // Entropy of a normal distribution: log2(sigma sqrt(2 pi e)) bits.
    let entropy = (100.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).sqrt()).log2() / 8.0;
    let noisy = round_trip(&[&noise]) as f64 / 4096.0;
    assert!((entropy..entropy * 1.04).contains(&noisy), "{noisy} bytes a count for {entropy}");
    assert!(round_trip(&[&[-3; 4096]]) < 8, "a constant channel");
    let smooth: Vec<i32> = (0..4096).map(|i| (1e6 * (f64::from(i) * 0.01).sin()) as i32).collect();
    assert!(round_trip(&[&smooth]) < 4096, "a slow wave of 21 bits");
}

#[test]
fn bits_that_are_missing_or_too_many_show() {
    let whole = coded(&[&[1000, -1000, 500, 20, -90, 4]]);
    let spent = |bytes: &[u8]| {
        let mut reader = BitReader::new(bytes);
        decode(&mut reader, 6, &mut Vec::new());
        reader.is_spent()
    };
    assert!(spent(&whole));
    assert!(!spent(&whole[..whole.len() - 1]));
    assert!(!spent(&[&whole[..], &[0]].concat()));
}
