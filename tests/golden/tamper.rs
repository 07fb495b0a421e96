//! The comparison itself is tested: a vector that is missing or changed must be noticed.

use crate::{Run, TOPICS, folders, judge, judge_results, root};
use std::path::Path;

/// A copy of a topic that may be damaged.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the topic").flatten() {
        let bytes = std::fs::read(entry.path()).expect("a vector");
        std::fs::write(to.join(entry.file_name()), bytes).expect("written");
    }
}

/// A .npy file with other values.
fn with(bytes: &[u8], change: impl Fn(Vec<f64>) -> Vec<f64>) -> Vec<u8> {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    let (floats, size) = (header.contains("<f"), if header.contains("f4") || header.contains("i4") { 4 } else { 8 });
    let number = |b: &[u8]| match (floats, size) {
        (true, 4) => f64::from(f32::from_le_bytes(b.try_into().expect("four"))),
        (true, _) => f64::from_le_bytes(b.try_into().expect("eight")),
        (false, 4) => f64::from(i32::from_le_bytes(b.try_into().expect("four"))),
        (false, _) => i64::from_le_bytes(b.try_into().expect("eight")) as f64,
    };
    let bytes_of = |v: f64| match (floats, size) {
        (true, 4) => (v as f32).to_le_bytes().to_vec(),
        (true, _) => v.to_le_bytes().to_vec(),
        (false, 4) => (v.round() as i32).to_le_bytes().to_vec(),
        (false, _) => (v.round() as i64).to_le_bytes().to_vec(),
    };
    let changed = change(bytes[start..].chunks_exact(size).map(number).collect());
    bytes[..start].iter().copied().chain(changed.into_iter().flat_map(bytes_of)).collect()
}

/// Every way in which a vector is damaged: all values in reverse, all 1 % larger, one of them moved by a tenth of the
/// range, eight bytes cut off.
fn damaged(whole: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let reversed = with(whole, |values| values.into_iter().rev().collect());
    let scaled = with(whole, |values| values.into_iter().map(|v| 1.01 * v).collect());
    let one = with(whole, |mut values| {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let range = finite().fold(f64::MIN, f64::max) - finite().fold(f64::MAX, f64::min);
        let middle = values.len() / 2;
        values[middle] += if range > 0.0 { range / 10.0 } else { 1.0 };
        values
    });
    let short = whole[..whole.len() - 8].to_vec();
    // Where a change makes no difference (a constant in reverse) there is nothing to notice.
    let made = [("reversed", reversed), ("scaled", scaled), ("one value changed", one), ("cut short", short)];
    made.into_iter().filter(|(_, bytes)| bytes != whole).collect()
}

/// Names of the vectors whose loss or change goes unnoticed by `judge`.
fn unnoticed(topic: &Path, judge: impl Fn(&Path) -> Vec<String>) -> Vec<String> {
    let room = tempfile::tempdir().expect("a folder");
    // Named as the topic, so that it is known for what it is.
    let place = room.path().join(topic.file_name().expect("a name"));
    copy(topic, &place);
    let mut names = Vec::new();
    let vectors = std::fs::read_dir(topic).expect("the topic").flatten().map(|e| e.file_name());
    for name in vectors.filter(|n| n.to_string_lossy().ends_with(".npy")) {
        let path = place.join(&name);
        let whole = std::fs::read(&path).expect("a vector");
        for (how, bytes) in damaged(&whole) {
            std::fs::write(&path, bytes).expect("written");
            if judge(&place).is_empty() {
                names.push(format!("{}/{} {how}", topic.display(), name.to_string_lossy()));
            }
        }
        std::fs::remove_file(&path).expect("removed");
        if judge(&place).is_empty() {
            names.push(format!("{}/{} deleted", topic.display(), name.to_string_lossy()));
        }
        std::fs::write(&path, whole).expect("written");
    }
    names
}

fn of_all_topics(judge: impl Fn(&Path, Run) -> Vec<String>) -> Vec<String> {
    let root = root();
    let topics = folders(&root).into_iter().filter_map(|name| TOPICS.iter().find(|(known, _)| *known == name));
    topics.flat_map(|(name, run)| unnoticed(&root.join(name), |folder| judge(folder, *run))).collect()
}

#[test]
fn a_missing_or_changed_vector_is_noticed() {
    // The checksums first: where they notice, the results need not be computed again.
    let silent = of_all_topics(|folder, run| {
        let changed = crate::known::changed(folder);
        if changed.is_empty() { judge(folder, run).0 } else { changed }
    });
    assert!(silent.is_empty(), "not noticed:\n{}", silent.join("\n"));
}

/// Changes that only the checksums notice, because they lie within the pass marks.
#[test]
#[ignore = "prints a list and takes minutes: cargo test --release --test golden -- --ignored --nocapture"]
fn what_results_alone_do_not_notice() {
    let silent = of_all_topics(|folder, run| judge_results(folder, run).0);
    println!("{} changes lie within the pass marks:\n{}", silent.len(), silent.join("\n"));
}
