//! Rice codes: every count comes back, noise costs its entropy, missing bits show.

use super::*;
use crate::signal::Seed;

fn round_trip(counts: &[i32]) -> usize {
    let mut writer = BitWriter::default();
    encode(counts, &mut writer, &mut Vec::new());
    writer.finish();
    let mut reader = BitReader::new(&writer.bytes);
    let mut back = Vec::new();
    decode(&mut reader, counts.len(), &mut back);
    assert_eq!(back, counts);
    assert!(reader.is_spent());
    writer.bytes.len()
}

#[test]
fn every_count_comes_back() {
    for counts in [&[][..], &[5], &[i32::MIN, i32::MAX], &[0, 0, 0, 0], &[7, 7, 7, 7, 7], &[i32::MAX, i32::MIN, 0, -1, 1]] {
        round_trip(counts);
    }
    let mut seed = Seed::new(3);
    for length in 0..200 {
        let counts: Vec<i32> = (0..length).map(|_| (seed.bits() >> (seed.below(32))) as i32).collect();
        round_trip(&counts);
    }
}

#[test]
fn noise_costs_little_more_than_its_entropy_and_smooth_curves_almost_nothing() {
    let mut seed = Seed::new(4);
    let noise: Vec<i32> = (0..4096).map(|_| (100.0 * seed.normal()).round() as i32).collect();
    // Entropy of a normal distribution: log2(sigma sqrt(2 pi e)) bits.
    let entropy = (100.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).sqrt()).log2() / 8.0;
    let noisy = round_trip(&noise) as f64 / 4096.0;
    assert!((entropy..entropy * 1.04).contains(&noisy), "{noisy} bytes a count for {entropy}");
    assert!(round_trip(&[-3; 4096]) < 8, "a constant channel");
    let smooth: Vec<i32> = (0..4096).map(|i| (1e6 * (f64::from(i) * 0.01).sin()) as i32).collect();
    assert!(round_trip(&smooth) < 4096, "a slow wave of 21 bits");
}

#[test]
fn bits_that_are_missing_or_too_many_show() {
    let mut writer = BitWriter::default();
    encode(&[1000, -1000, 500, 20, -90, 4], &mut writer, &mut Vec::new());
    writer.finish();
    let whole = writer.bytes;
    let spent = |bytes: &[u8]| {
        let mut reader = BitReader::new(bytes);
        decode(&mut reader, 6, &mut Vec::new());
        reader.is_spent()
    };
    assert!(spent(&whole));
    assert!(!spent(&whole[..whole.len() - 1]));
    assert!(!spent(&[&whole[..], &[0]].concat()));
}
