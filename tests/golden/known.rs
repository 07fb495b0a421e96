//! Checksums of the vectors that limbic was built against: results alone cannot notice every change (one sample of a
//! noisy ECG moves no beat), so a known set is also compared byte by byte.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// Lines of a checksum and "topic/file", as `sha256sum */*` prints them, without manifests; a file may have several
/// versions.
const SUMS: &str = include_str!("known.sha256");

/// Vectors of a topic that differ from the known set, as sentences. A set is known where more than half of its .npy
/// files are: other vectors of the same topic are judged by results alone.
pub fn changed(folder: &Path) -> Vec<String> {
    let topic = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sum, path) in SUMS.lines().filter_map(|line| line.split_once("  ")) {
        if let Some(file) = path.strip_prefix(&topic).and_then(|p| p.strip_prefix('/')) {
            known.entry(file).or_default().push(sum);
        }
    }
    let differs = |file: &str, sums: &[&str]| match std::fs::read(folder.join(file)) {
        Ok(bytes) => !sums.contains(&format!("{:x}", Sha256::digest(bytes)).as_str()),
        Err(_) => true,
    };
    let wrong: Vec<&str> = known.iter().filter(|(file, sums)| differs(file, sums)).map(|(file, _)| *file).collect();
    let arrays = |names: &mut dyn Iterator<Item = &str>| names.filter(|n| n.ends_with(".npy")).count();
    let (all, other) = (arrays(&mut known.keys().copied()), arrays(&mut wrong.iter().copied()));
    if 2 * other >= all {
        return Vec::new();
    }
    wrong.iter().map(|file| format!("{file} differs from the known vector of that name")).collect()
}
