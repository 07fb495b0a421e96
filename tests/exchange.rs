//! Real EDF and BDF files, where they are at hand: read, judged, made into features.

use limbic::exchange::{ExchangeError, ReadOptions, edf, load, recognise};
use limbic::gate::{EegWindow, judge};
use limbic::prepare::{PrepareError, PsdOptions, band_map, psd_features};
use limbic::signal::Role;
use limbic::store::Home;
use limbic::study;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// The recordings, or `None` with the reason printed.
fn recording(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/eeg")).join(name);
    if !path.exists() {
        println!("skipped: {name} is not beside this repository");
    }
    path.exists().then_some(path)
}

#[test]
fn biosemi_file_with_an_open_record_count() {
    let Some(path) = recording("eeglab_test.bdf") else { return };
    let loaded = load(&path, edf::ReadOptions::default()).expect("a good file");
    assert_eq!((loaded.format.as_str(), loaded.eeg.labels.len(), loaded.eeg.rate), ("BDF", 16, 256.0));
    assert_eq!((loaded.eeg.samples(), loaded.rail), (15_360, Some(262_144.0)));
    assert!(loaded.notes.iter().any(|n| n.contains("sockets")), "{:?}", loaded.notes);
    let features = psd_features(&loaded.eeg, &PsdOptions::default()).expect("60 s");
    assert_eq!((features.len(), features[0].1.len()), (59, 64));
    assert!(features.iter().all(|(_, f)| f.iter().all(|v| v.is_finite())));
}

#[test]
fn edf_plus_with_annotations_and_139_channels() {
    let Some(path) = recording("mne_test.edf") else { return };
    let imported = edf::read(&path).expect("a good file");
    let edf::ImportedStream { info: stream, data, .. } = &imported.streams[0];
    assert_eq!((imported.format.as_str(), stream.channels.len(), stream.rate, data[0].len()), ("EDF+C", 139, 512.0, 3072));
    assert_eq!(stream.with_role(Role::Trigger).len(), 1);
    assert!(!imported.annotations.is_empty());
}

#[test]
fn one_second_is_judged_and_mapped_and_too_short_for_features() {
    let Some(path) = recording("mne_test.bdf") else { return };
    let loaded = load(&path, edf::ReadOptions::default()).expect("a good file");
    assert!(matches!(psd_features(&loaded.eeg, &PsdOptions::default()), Err(PrepareError::ShorterThanWindow { .. })));
    assert_eq!(band_map(&loaded.eeg).map(|map| (map.len(), map[0].len())), Ok((4, loaded.eeg.labels.len())));
    let eeg = EegWindow {
        rate: loaded.eeg.rate,
        expected_samples: loaded.eeg.samples(),
        labels: loaded.eeg.labels,
        data: loaded.eeg.data,
        mains_hz: 60.0,
        rail: loaded.rail,
    };
    assert_eq!(judge(&eeg).seconds, 1.0);
}

#[test]
fn a_cut_file_names_itself_and_its_figures() {
    let Some(path) = recording("mne_test.edf") else { return };
    let bytes = std::fs::read(&path).expect("readable");
    let folder = tempfile::tempdir().expect("a folder");
    let cut = folder.path().join("cut.edf");
    std::fs::write(&cut, &bytes[..500_000]).expect("written");
    let error = load(&cut, edf::ReadOptions::default()).expect_err("truncated");
    assert!(matches!(error, ExchangeError::Truncated { expected: 896_256, found: 500_000, .. }), "{error}");
    let kept = load(&cut, edf::ReadOptions { lenient: true, ..Default::default() }).expect("whole records");
    assert_eq!(kept.eeg.samples() % 512, 0);
    assert!(kept.notes.iter().any(|n| n.contains("truncated")), "{:?}", kept.notes);
}

#[test]
fn a_file_and_the_session_made_of_it_use_the_same_of_two_stretches_and_say_so() {
    let Some(path) = recording("../xdf/clock_resets.xdf") else { return };
    let loaded = load(&path, ReadOptions::default()).expect("a good file");
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::open(folder.path()).expect("a home");
    let source = recognise(&path).expect("XDF").sources.remove(0);
    let opened = source.open(ReadOptions::default()).expect("opened");
    let said = opened.imported.notes.clone();
    let session =
        study::import(&home, opened, &source, None, 1_800_000_000_000_000_000, &AtomicBool::new(false)).expect("imported");
    let recording = home.recording(session.id).expect("opened");
    let used = study::datasets::eeg_stream(&recording).expect("EEG");
    assert_eq!((used.info.rate, used.written as usize), (loaded.stream.rate, loaded.eeg.samples()));
    assert!((used.written as f64 / used.info.rate - 161.2).abs() < 0.1, "the longer one");
    for notes in [said, loaded.notes] {
        assert!(notes.iter().any(|n| n.contains("several streams have EEG") && n.contains("93.24 Hz")), "{notes:?}");
    }
}
