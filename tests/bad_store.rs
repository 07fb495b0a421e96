//! Store files that are not what they should be: each is met with one sentence that says what is wrong, and never with
//! a crash or with silence.

mod store_support;

use limbic::store::rows::SessionId;
use limbic::store::{Home, StoreError};
use std::path::Path;
use store_support::*;

/// A frame with right checksums, whatever it holds.
fn sealed(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut frame = b"CHK2".to_vec();
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.push(key.len() as u8);
    frame.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(&[key, payload].concat()).to_le_bytes());
    [frame, key.to_vec(), payload.to_vec()].concat()
}

fn data_key(session: SessionId, stream: u16, seq: u64) -> Vec<u8> {
    [&[1][..], &session.0.to_be_bytes(), &stream.to_be_bytes(), &seq.to_be_bytes()].concat()
}

/// Header of a data frame.
fn head(codec: u8, n: u32, first: u64) -> Vec<u8> {
    let mut bytes = vec![codec];
    bytes.extend_from_slice(&n.to_le_bytes());
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.extend_from_slice(&i64::MIN.to_le_bytes());
    bytes.extend_from_slice(&STARTED.to_le_bytes());
    bytes.extend_from_slice(&0u32.to_le_bytes());
    bytes
}

fn append(path: &Path, bytes: &[u8]) {
    let mut whole = std::fs::read(path).unwrap_or_default();
    whole.extend_from_slice(bytes);
    std::fs::write(path, whole).expect("writes");
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).expect("reads");
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replacen(from, to, 1)).expect("writes");
}

/// Does one bad thing to a home with one session.
type Harm = fn(home: &Path, session: &Path, id: SessionId);

/// (what is done, what is said about it).
const TABLE: &[(&str, Harm, &str)] = &[
    (
        "a manifest that is no JSON",
        |_, s, _| std::fs::write(s.join("manifest.json"), "{").expect("w"),
        "manifest.json cannot be read",
    ),
    ("an empty manifest", |_, s, _| std::fs::write(s.join("manifest.json"), "").expect("w"), "manifest.json cannot be read"),
    ("a manifest of another format", |_, s, _| replace(&s.join("manifest.json"), "session 1", "session 9"), "another format"),
    (
        "a manifest of another session",
        |_, s, id| replace(&s.join("manifest.json"), &id.to_string(), "0000000000000001"),
        "another session",
    ),
    ("a manifest with a field too many", |_, s, _| replace(&s.join("manifest.json"), "{", "{\"x\": 1,"), "not as it was written"),
    (
        "a manifest that lists what is not there",
        |_, s, _| std::fs::remove_file(s.join("face-000.seg")).expect("w"),
        "face-000.seg is missing",
    ),
    ("no manifest", |_, s, _| std::fs::remove_file(s.join("manifest.json")).expect("w"), "the manifest is missing"),
    (
        "a file that grew",
        |_, s, id| append(&s.join("face-000.seg"), &sealed(&data_key(id, 1, 99), &head(3, 1, 99))),
        "not what the manifest says",
    ),
    ("an empty journal", |_, s, _| std::fs::write(s.join("journal-000.seg"), "").expect("w"), "no row of the session"),
    ("no journal", |_, s, _| std::fs::remove_file(s.join("journal-000.seg")).expect("w"), "no row of the session"),
    ("a journal of text", |_, s, _| std::fs::write(s.join("journal-000.seg"), "once upon a time").expect("w"), "cut at the end"),
    (
        "a journal cut in a frame",
        |_, s, _| {
            let bytes = std::fs::read(s.join("journal-000.seg")).expect("r");
            std::fs::write(s.join("journal-000.seg"), &bytes[..bytes.len() - 7]).expect("w");
        },
        "journal-000.seg: ",
    ),
    (
        "a row of another session",
        |_, s, _| append(&s.join("journal-000.seg"), &sealed(&[&[6, 1][..], &[9; 8], &[0; 12]].concat(), b"x")),
        "cut at the end",
    ),
    (
        "a row of a later limbic",
        |_, s, id| {
            let key = [&[6, 1][..], &id.0.to_be_bytes(), &[0; 12]].concat();
            let body = [9u8, 0x80];
            let value = [&[9][..], &crc32fast::hash(&body).to_le_bytes(), &[0x80]].concat();
            append(&s.join("journal-000.seg"), &sealed(&key, &value));
        },
        "cannot be read",
    ),
    ("samples of text", |_, s, _| std::fs::write(s.join("eeg-000.seg"), "CHK2CHK2CHK2CHK2CHK2CHK2").expect("w"), "eeg-000.seg: "),
    (
        "samples cut in the middle",
        |_, s, _| {
            let bytes = std::fs::read(s.join("eeg-000.seg")).expect("r");
            std::fs::write(s.join("eeg-000.seg"), &bytes[..bytes.len() / 2]).expect("w");
        },
        "are lost, all else is good",
    ),
    (
        "a frame of four gigabytes",
        |_, s, _| {
            let mut bytes = std::fs::read(s.join("eeg-000.seg")).expect("r");
            bytes[4..8].fill(0xFF);
            let sum = crc32fast::hash(&bytes[..9]);
            bytes[9..13].copy_from_slice(&sum.to_le_bytes());
            std::fs::write(s.join("eeg-000.seg"), bytes).expect("w");
        },
        "damaged at byte 0",
    ),
    (
        "a frame with fewer samples than it says",
        |_, s, id| append(&s.join("eeg-000.seg"), &sealed(&data_key(id, 0, 50), &[head(0, 10, 5000), vec![0; 40]].concat())),
        "cannot be unpacked",
    ),
    (
        "a frame of a codec that is not known",
        |_, s, id| append(&s.join("eeg-000.seg"), &sealed(&data_key(id, 0, 50), &head(13, 1, 5000))),
        "cannot be unpacked",
    ),
    (
        "a frame with four billion samples",
        |_, s, id| {
            append(&s.join("eeg-000.seg"), &sealed(&data_key(id, 0, 50), &[head(5, u32::MAX, 5000), vec![0; 90]].concat()))
        },
        "cut at the end",
    ),
    (
        "a frame whose packets do not add up",
        |_, s, id| append(&s.join("eeg-000.seg"), &sealed(&data_key(id, 0, 50), &[head(0x45, 9, 5000), vec![1, 2, 0]].concat())),
        "eeg-000.seg: ",
    ),
    (
        "a frame without a header",
        |_, s, id| append(&s.join("eeg-000.seg"), &sealed(&data_key(id, 0, 50), b"short")),
        "eeg-000.seg: ",
    ),
    (
        "a frame of another session",
        |_, s, _| append(&s.join("eeg-000.seg"), &sealed(&data_key(SessionId(1), 0, 50), &head(0, 0, 0))),
        "eeg-000.seg: ",
    ),
    ("a frame whose key is no key", |_, s, _| append(&s.join("eeg-000.seg"), &sealed(b"hello", &head(0, 0, 0))), "eeg-000.seg: "),
    ("zeros behind the samples", |_, s, _| append(&s.join("eeg-000.seg"), &[0; 5000]), "5000 bytes cut at the end"),
    ("a home's journal of text", |h, _, _| std::fs::write(h.join("home-000.seg"), "x".repeat(300)).expect("w"), "home-000.seg: "),
    (
        "a catalogue that is a file",
        |h, _, _| {
            std::fs::remove_dir_all(h.join("db")).expect("w");
            std::fs::write(h.join("db"), "x").expect("w");
        },
        "the catalogue was behind",
    ),
    (
        "a lock that is a folder",
        |h, _, _| {
            std::fs::remove_file(h.join("lock")).expect("w");
            std::fs::create_dir(h.join("lock")).expect("w");
        },
        "cannot be written",
    ),
    (
        "a home that is a file",
        |h, _, _| {
            std::fs::remove_dir_all(h).expect("w");
            std::fs::write(h, "x").expect("w");
        },
        "cannot be written",
    ),
];

/// Everything that is said when such a home is verified, read and opened.
fn said(home: &Path, id: SessionId) -> Vec<String> {
    let mut all = Vec::new();
    let mut error = |e: StoreError| all.push(e.to_string());
    let mut problems = Vec::new();
    if let Ok(view) = Home::view(home).map_err(&mut error) {
        match view.verify(None) {
            Ok(reports) => problems.extend(reports.into_iter().flat_map(|r| r.problems)),
            Err(e) => error(e),
        }
        let _ = view.recording(id).and_then(|r| r.whole(EEG)).map_err(&mut error);
    }
    match Home::open(home) {
        Ok(opened) => problems.extend(opened.notices().to_vec()),
        Err(e) => error(e),
    }
    all.extend(problems);
    all
}

#[test]
fn every_bad_file_is_met_with_a_sentence() {
    assert!(TABLE.len() >= 15);
    let mut silent = Vec::new();
    for (what, harm, wanted) in TABLE {
        let dir = tempfile::tempdir().expect("dir");
        let home = dir.path().join("home");
        let id = recorded(&Home::open(&home).expect("opens"), "P07", 1, 8);
        harm(&home, &home.join(id.to_string()), id);
        let said = said(&home, id);
        println!("{what}: {}", said.join(" | ").replace(&dir.path().display().to_string(), ""));
        if !said.iter().any(|s| s.contains(wanted)) || said.iter().any(|s| s.contains('\n') || s.len() < 10) {
            silent.push((*what, said));
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}
