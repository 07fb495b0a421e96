//! Damaged files of the field: no panic, no hang, at most twice the file's memory; an error or what is whole.
//!
//! `LIMBIC_MUTATIONS=10000` makes it long.

use limbic::exchange::{ReadOptions, Source, recognise};
use limbic::signal::Seed;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Counts what is asked of the system's allocator.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        grown(size);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most memory that something took beyond what there was, bytes; and its answer.
fn taken<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let answer = run();
    (PEAK.load(Ordering::Relaxed).saturating_sub(before), answer)
}

/// Blocks that are read at once, headers, and lists of a few words: whatever does not grow with the file.
const SLACK: usize = 1 << 19;

#[test]
fn damaged_files_end_with_a_sentence_or_with_what_is_whole() {
    let originals = originals();
    if originals.is_empty() {
        println!("skipped: the recordings are not beside this repository");
        return;
    }
    let rounds: usize = std::env::var("LIMBIC_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(350);
    let folder = tempfile::tempdir().expect("a folder");
    // A file that is packed may take twice what it unfolds to, which the sound file tells.
    let sound = |(bytes, source, end): &(Vec<u8>, Format, &str)| {
        let path = folder.path().join(format!("sound.{end}"));
        std::fs::write(&path, bytes).expect("written");
        let (most, read) = taken(|| source(path).read(ReadOptions::default()));
        println!("sound {end} of {} KiB: {} KiB at most", bytes.len() >> 10, most >> 10);
        read.map_or(0, |r| r.streams.iter().flat_map(|s| &s.data).map(|c| 4 * c.len()).sum::<usize>()).max(bytes.len())
    };
    let unfolded: Vec<usize> = originals.iter().map(sound).collect();
    let mut worst: Vec<(f64, usize)> = vec![(0.0, 0); originals.len()];
    let mut seed = Seed::new(11);
    let (mut read, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..rounds {
        let (original, source, end) = &originals[round % originals.len()];
        let mut bytes = original.clone();
        mutate(&mut bytes, &mut seed);
        let path = folder.path().join(format!("mutated.{end}"));
        std::fs::write(&path, &bytes).expect("written");
        let begun = Instant::now();
        let lenient = ReadOptions { lenient: round % 2 == 0, ..ReadOptions::default() };
        let (most, answer) = taken(|| source(path.clone()).read(lenient));
        let allowed = 2 * bytes.len().max(unfolded[round % originals.len()]) + SLACK;
        assert!(most <= allowed, "round {round}: {most} bytes for a {end} file of {}; {allowed} are allowed", bytes.len());
        let times = most.saturating_sub(SLACK) as f64 / unfolded[round % originals.len()] as f64;
        let so_far = &mut worst[round % originals.len()];
        *so_far = (so_far.0.max(times), so_far.1.max(most));
        match answer {
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
    println!("{rounds} files: {read} read, {refused} refused; slowest {slowest:?}");
    for ((bytes, _, end), (times, most)) in originals.iter().zip(&worst) {
        println!(
            "{end} of {} KiB: {} KiB at most, {times:.2} times what the file holds beyond {} KiB",
            bytes.len() >> 10,
            most >> 10,
            SLACK >> 10
        );
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}
