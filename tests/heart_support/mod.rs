//! What the tests of the heart share: simulated beat series with injected errors, and a reader of WFDB records.

#![allow(dead_code)] // every test file uses its part

pub mod series;
pub mod wfdb;

use std::path::PathBuf;

/// A file of the folder of real recordings beside the repository; says so and gives None where it is absent.
pub fn shared(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")).join(path);
    if !file.exists() {
        println!("skipped: {} is not here", file.display());
    }
    file.exists().then_some(file)
}

/// True beats found, beats missed, beats invented, by the nearest found beat within `within` seconds, each used once.
pub fn matched(found: &[f64], truth: &[f64], within: f64) -> (usize, usize, usize) {
    let mut used = vec![false; found.len()];
    let mut hits = 0;
    for t in truth {
        let near = (0..found.len()).filter(|i| !used[*i] && (found[*i] - t).abs() <= within);
        if let Some(i) = near.min_by(|a, b| (found[*a] - t).abs().total_cmp(&(found[*b] - t).abs())) {
            used[i] = true;
            hits += 1;
        }
    }
    (hits, truth.len() - hits, found.len() - hits)
}
