//! One flipped byte anywhere in a closed session: detected, and located to the frame in which it lies.
//!
//! `LIMBIC_FLIPS=1000 cargo test --release --test flips -- --nocapture` for the long run.

mod store_support;

use limbic::signal::{Marker, MarkerKind, Seed};
use limbic::store::Home;
use limbic::store::rows::{Entry, SessionState};
use std::path::Path;
use store_support::*;

/// First byte and the one behind the last of every frame, and the samples that it holds (0 in a journal).
fn frames(bytes: &[u8], journal: bool) -> Vec<(usize, usize, u64)> {
    let word = |i: usize| u32::from_le_bytes(bytes[i..i + 4].try_into().expect("four bytes"));
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let (length, key) = (word(at + 4) as usize, usize::from(bytes[at + 8]));
        let samples = if journal { 0 } else { u64::from(word(at + 17 + key + 1)) };
        found.push((at, at + 17 + key + length, samples));
        at = found[found.len() - 1].1;
    }
    found
}

#[test]
fn every_flipped_byte_is_found_and_located() {
    let flips: usize = std::env::var("LIMBIC_FLIPS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    for k in 0..40 {
        // A hole now and then, as real sessions have.
        let mut part = chunk(k + u64::from(k > 20));
        part.lost_before = if k == 21 { CHUNK as u64 } else { 0 };
        writer.samples(&part).expect("buffers");
        if k % 4 == 0 {
            writer.frame(&frame(k / 4)).expect("buffers");
            let text = format!("note {k}");
            writer
                .journal(Entry::Marker(id, Marker { at: k as i64, kind: MarkerKind::Note, text, trial: None }))
                .expect("buffers");
        }
        writer.flush().expect("flushes");
    }
    writer.close(SessionState::Complete, STARTED + 5_000_000_000).expect("closes");
    assert!(home.verify(Some(id)).expect("verifies")[0].is_sound());

    let folder = home.session_dir(id);
    let files: Vec<(String, Vec<u8>)> = contents(&folder);
    let total: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut seed = Seed::new(1000);
    let (mut detected, mut located) = (0, 0);
    for _ in 0..flips {
        let mut at = seed.below(total);
        let (path, bytes) = files
            .iter()
            .find(|(_, b)| {
                at < b.len() || {
                    at -= b.len();
                    false
                }
            })
            .expect("within");
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 + seed.below(255) as u8;
        std::fs::write(path, &flipped).expect("writes");
        let report = home.verify(Some(id)).expect("verifies").remove(0);
        std::fs::write(path, bytes).expect("mends");
        let name = Path::new(path).file_name().expect("a name").to_string_lossy().into_owned();
        detected += usize::from(!report.is_sound());
        if name == "manifest.json" {
            assert!(report.damage.is_empty() && report.problems.iter().any(|p| p.contains("manifest.json")), "{report:#?}");
            located += 1;
            continue;
        }
        let (from, to, samples) = frames(bytes, name.starts_with("journal"))
            .into_iter()
            .find(|(from, to, _)| (*from..*to).contains(&at))
            .expect("a frame");
        let [damage] = &report.damage[..] else { panic!("{name} at {at}: {:#?}", report.damage) };
        assert_eq!((&damage.file, damage.offset, damage.bytes), (&name, from as u64, (to - from) as u64), "byte {at}");
        if !name.starts_with("journal") {
            assert_eq!(damage.samples, Some(samples), "{name} at {at}: {}", report.problems[0]);
            assert!(report.problems[0].contains(name.split('-').next().expect("a stem")), "{}", report.problems[0]);
        }
        located += 1;
    }
    assert!(home.verify(Some(id)).expect("verifies")[0].is_sound(), "all are mended");
    println!("{flips} flipped bytes in {total}: {detected} detected, {located} located to their frame");
    assert_eq!((detected, located), (flips, flips));
}

#[test]
fn a_flipped_byte_in_a_row_is_put_back_from_the_catalogue() {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = writer(&home, "P07", 1);
    let id = writer.session().id;
    for k in 0..12 {
        writer.samples(&chunk(k)).expect("buffers");
        let marker = Marker { at: k as i64, kind: MarkerKind::Note, text: format!("note {k}"), trial: None };
        writer.journal(Entry::Marker(id, marker)).expect("buffers");
        writer.flush().expect("flushes");
    }
    writer.close(SessionState::Complete, STARTED + 5_000_000_000).expect("closes");
    let path = home.session_dir(id).join("journal-000.seg");
    let whole = std::fs::read(&path).expect("reads");
    let markers = home.recording(id).expect("opens").markers;
    let mut seed = Seed::new(6);
    let (mut back, mut superseded) = (0, 0);
    for (from, to, _) in frames(&whole, true) {
        let mut bytes = whole.clone();
        bytes[from + seed.below(to - from)] ^= 1 << seed.below(8);
        std::fs::write(&path, &bytes).expect("writes");
        assert!(!home.verify(Some(id)).expect("verifies")[0].is_sound(), "the flip is seen");
        let repaired = home.repair(Some(id)).expect("repairs");
        match repaired.as_slice() {
            [one] => {
                back += 1;
                assert_eq!((one.offset, one.wrong, one.file.as_str()), (from as u64, 1, "journal-000.seg"));
                assert_eq!(std::fs::read(&path).expect("reads"), whole, "the file as it was");
                let report = home.verify(Some(id)).expect("verifies").remove(0);
                assert!(report.is_sound(), "{report:#?}");
            }
            // An earlier version of a row that was written again later: only the latest is in the catalogue.
            [] => superseded += 1,
            more => panic!("{more:?}"),
        }
        std::fs::write(&path, &whole).expect("writes");
    }
    println!("{back} rows put back, {superseded} were superseded by later ones");
    assert!(back >= 14 && superseded <= 4, "{back} {superseded}");
    assert_eq!(home.recording(id).expect("opens").markers, markers);
    assert!(home.repair(None).expect("nothing to do").is_empty());
}
