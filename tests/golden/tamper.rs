//! The comparison itself is tested: a vector that is missing or changed must be noticed.

use crate::{Run, TOPICS, folders, judge, root};
use std::path::Path;

/// A copy of a topic that may be damaged.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the topic").flatten() {
        let bytes = std::fs::read(entry.path()).expect("a vector");
        std::fs::write(to.join(entry.file_name()), bytes).expect("written");
    }
}

/// The values of a .npy file in reverse order.
fn reversed(bytes: &[u8]) -> Vec<u8> {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]);
    let size = if header.contains("f4") || header.contains("i4") { 4 } else { 8 };
    let data = bytes[start..].chunks_exact(size).rev().flatten();
    bytes[..start].iter().chain(data).copied().collect()
}

/// Names of the vectors whose loss or change goes unnoticed.
fn unnoticed(topic: &Path, run: Run) -> Vec<String> {
    let room = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    let vectors = std::fs::read_dir(topic).expect("the topic").flatten().map(|e| e.file_name());
    for name in vectors.filter(|n| n.to_string_lossy().ends_with(".npy")) {
        let place = room.path().join(&name);
        copy(topic, &place);
        let path = place.join(&name);
        let whole = std::fs::read(&path).expect("a vector");
        let other = reversed(&whole);
        // Where the order makes no difference (a constant, a single value) there is nothing to notice.
        if other != whole {
            std::fs::write(&path, other).expect("written");
            if judge(&place, run).0.is_empty() {
                names.push(format!("{} reversed", path.display()));
            }
        }
        std::fs::remove_file(&path).expect("removed");
        if judge(&place, run).0.is_empty() {
            names.push(format!("{} deleted", path.display()));
        }
    }
    names
}

#[test]
fn a_missing_or_changed_vector_is_noticed() {
    let root = root();
    let mut silent = Vec::new();
    for name in folders(&root) {
        if let Some((_, run)) = TOPICS.iter().find(|(known, _)| *known == name) {
            silent.extend(unnoticed(&root.join(name), *run));
        }
    }
    assert!(silent.is_empty(), "not noticed:\n{}", silent.join("\n"));
}
