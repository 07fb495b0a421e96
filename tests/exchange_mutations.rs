//! Damaged files of the field: no panic, no hang, no memory beyond what the file is worth; an error or what is whole.
//!
//! `LIMBIC_MUTATIONS=10000` makes it long.

use limbic::exchange::{ReadOptions, Source, recognise};
use limbic::signal::Seed;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file that is read for longer than this hangs.
const LONGEST: Duration = Duration::from_secs(5);

/// The recordings beside this repository, and how each is read.
/// How a path of this format is named to the reader.
type Format = fn(PathBuf) -> Source;

fn originals() -> Vec<(Vec<u8>, Format, &'static str)> {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    let files: [(&str, Format, &str); 7] = [
        ("eeg/mne_test.edf", Source::Edf, "edf"),
        ("eeg/mne_test.bdf", Source::Edf, "bdf"),
        ("xdf/minimal.xdf", Source::Xdf, "xdf"),
        ("xdf/empty_streams.xdf", Source::Xdf, "xdf"),
        ("xdf/clock_resets.xdf", Source::Xdf, "xdf"),
        ("eeg_ecg/brainbeats_muse_3eeg_ecg_256hz.set", Source::Eeglab, "set"),
        ("eeg_ecg/brainbeats_muse_3eeg_ecg_256hz.set", Source::DeapMatlab, "mat"),
    ];
    let read = |(name, source, end): (&str, fn(PathBuf) -> Source, &'static str)| {
        std::fs::read(data.join(name)).ok().map(|bytes| (bytes, source, end))
    };
    files.into_iter().filter_map(read).collect()
}

/// A few bytes are changed, a stretch is cut out, doubled or zeroed, or the end is missing; most often near the head.
fn mutate(bytes: &mut Vec<u8>, seed: &mut Seed) {
    let mut pick = |below: usize| (seed.uniform() * below.max(1) as f64) as usize;
    for _ in 0..=pick(4) {
        let reach = if pick(2) == 0 { bytes.len().min(2000) } else { bytes.len() };
        let (at, kind) = (pick(reach), pick(6));
        let end = (at + 1 + pick(64)).min(bytes.len());
        if at >= end {
            continue;
        }
        match kind {
            0 | 1 => bytes[at] = pick(256) as u8,
            2 => bytes[at..end].fill(if pick(2) == 0 { 0 } else { 0xFF }),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => bytes.truncate(at.max(pick(bytes.len()))),
        }
    }
}

/// Most memory this process ever used, bytes.
fn peak() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

#[test]
fn damaged_files_end_with_a_sentence_or_with_what_is_whole() {
    let originals = originals();
    if originals.is_empty() {
        println!("skipped: the recordings are not beside this repository");
        return;
    }
    let rounds: usize = std::env::var("LIMBIC_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(350);
    let folder = tempfile::tempdir().expect("a folder");
    let largest = originals.iter().map(|(bytes, ..)| bytes.len()).max().unwrap_or(0) as u64;
    let mut seed = Seed::new(11);
    let (mut read, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    let before = peak();
    for round in 0..rounds {
        let (original, source, end) = &originals[round % originals.len()];
        let mut bytes = original.clone();
        mutate(&mut bytes, &mut seed);
        let path = folder.path().join(format!("mutated.{end}"));
        std::fs::write(&path, &bytes).expect("written");
        let begun = Instant::now();
        let lenient = ReadOptions { lenient: round % 2 == 0, ..ReadOptions::default() };
        match source(path.clone()).read(lenient) {
            Ok(imported) => {
                read += 1;
                assert!(imported.streams.iter().all(|s| s.data.len() == s.info.channels.len()), "round {round}");
            }
            Err(error) => {
                refused += 1;
                let sentence = error.to_string();
                assert!(sentence.contains(&name(&path)) && sentence.len() < 2000, "round {round}: {sentence}");
            }
        }
        let _ = recognise(&path);
        slowest = slowest.max(begun.elapsed());
        assert!(begun.elapsed() < LONGEST, "round {round} took {:?}", begun.elapsed());
    }
    let grown = peak().saturating_sub(before);
    println!("{rounds} files: {read} read, {refused} refused; slowest {slowest:?}; {} MB more memory", grown >> 20);
    // Samples of 16 bits become twice as large in memory, beside the file itself and what the test holds.
    assert!(grown < 8 * largest + (64 << 20), "{} MB for files of {} MB", grown >> 20, largest >> 20);
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
