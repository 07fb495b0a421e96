//! Files written here byte by byte, and what must be read from them.

use super::*;
use crate::store::Windows;
use std::path::PathBuf;

struct Made {
    label: &'static str,
    unit: &'static str,
    physical: (&'static str, &'static str),
    samples: usize,
}

/// A header field's text and width.
type Field<'a> = (&'a dyn Fn(&Made) -> String, usize);

/// An EDF file of one-second records whose sample k of record r is 100 r + k; annotation bytes are given per record.
fn edf(reserved: &str, records: &str, signals: &[Made], notes: &[&[u8]], count: usize) -> Vec<u8> {
    let pad = |text: &str, width: usize| format!("{text:width$}").into_bytes();
    let mut bytes = Vec::new();
    let fixed = [("0", 8), ("X SIMULATED", 80), ("Startdate 02-MAR-2026 X X X", 80), ("02.03.26", 8), ("10.00.00", 8)];
    fixed.iter().for_each(|(text, width)| bytes.extend(pad(text, *width)));
    bytes.extend(pad(&(256 * (signals.len() + 1)).to_string(), 8));
    bytes.extend(pad(reserved, 44));
    bytes.extend(pad(records, 8));
    bytes.extend(pad("1", 8));
    bytes.extend(pad(&signals.len().to_string(), 4));
    let fields: [Field; 10] = [
        (&|s| s.label.into(), 16),
        (&|_| String::new(), 80),
        (&|s| s.unit.into(), 8),
        (&|s| s.physical.0.into(), 8),
        (&|s| s.physical.1.into(), 8),
        (&|_| "-32768".into(), 8),
        (&|_| "32767".into(), 8),
        (&|_| String::new(), 80),
        (&|s| s.samples.to_string(), 8),
        (&|_| String::new(), 32),
    ];
    fields.iter().for_each(|(field, width)| signals.iter().for_each(|s| bytes.extend(pad(&field(s), *width))));
    for record in 0..count {
        for signal in signals {
            if signal.label == "EDF Annotations" {
                let mut text = notes.get(record).map(|n| n.to_vec()).unwrap_or_default();
                text.resize(2 * signal.samples, 0);
                bytes.extend(text);
            } else {
                (0..signal.samples).for_each(|k| bytes.extend(((100 * record + k) as i16).to_le_bytes()));
            }
        }
    }
    bytes
}

fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made.edf");
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

const FZ: Made = Made { label: "EEG Fz", unit: "mV", physical: ("-32.768", "32.767"), samples: 4 };
const TEMP: Made = Made { label: "Temp", unit: "C", physical: ("-32768", "32767"), samples: 1 };
const NOTES: Made = Made { label: "EDF Annotations", unit: "", physical: ("-1", "1"), samples: 20 };

#[test]
fn rates_units_and_annotations_are_kept() {
    let marks: [&[u8]; 2] = [b"+0\x14\x14\0+0.5\x151\x14video on\x14\0", b"+1\x14\x14\0"];
    let (_folder, path) = file(&edf("EDF+C", "2", &[FZ, TEMP, NOTES], &marks, 2));
    let imported = read(&path).expect("a good file");
    assert_eq!((imported.format.as_str(), imported.notes.len()), ("EDF+C", 0));
    assert_eq!(imported.annotations, [(0.5, 1.0, "video on".to_string())]);
    assert_eq!(imported.start_utc, Some(1_772_445_600_000_000_000));
    let ImportedStream { info: eeg, data, .. } = &imported.streams[0];
    assert_eq!((eeg.name.as_str(), eeg.rate, eeg.simulated), ("eeg", 4.0, true));
    assert_eq!((eeg.channels[0].label.as_str(), eeg.channels[0].unit.as_str()), ("EEG Fz", "uV"));
    let wanted = [0.0, 1.0, 2.0, 3.0, 100.0, 101.0, 102.0, 103.0];
    assert!(data[0].iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-3), "{:?}", data[0]);
    let ImportedStream { info: slow, data, .. } = &imported.streams[1];
    assert_eq!((slow.rate, slow.channels[0].role, data[0].len()), (1.0, Role::Temperature, 2));
}

#[test]
fn windows_hold_what_lies_in_them_whatever_the_records_and_whatever_was_lost() {
    // The slow signal's window is the whole file, which is read in several parts.
    let fast = Made { samples: 6000, ..FZ };
    let (_folder, path) = file(&edf("", "200", &[fast, TEMP], &[], 200));
    let (_, mut streams) = open(&path, ReadOptions::default()).expect("a good file");
    let mut slow = Vec::new();
    streams[1].window(0..200, &mut slow).expect("read");
    assert!(slow[0].iter().enumerate().all(|(second, value)| *value == 100.0 * second as f32) && slow[0].len() == 200);
    let mut part = Vec::new();
    streams[0].lose(12_001..12_003);
    streams[0].window(11_998..12_005, &mut part).expect("read");
    let close = |value: &f32, wanted: f32| if wanted.is_nan() { value.is_nan() } else { (value - wanted).abs() < 1e-2 };
    let wanted = [6098.0, 6099.0, 200.0, f32::NAN, f32::NAN, 203.0, 204.0];
    assert!(part[0].len() == 7 && part[0].iter().zip(wanted).all(|(value, wanted)| close(value, wanted)), "{:?}", part[0]);
}

#[test]
fn gaps_of_a_discontinuous_file_stay_gaps() {
    let marks: [&[u8]; 2] = [b"+5\x14\x14\0", b"+8\x14\x14\0"];
    let (_folder, path) = file(&edf("EDF+D", "2", &[FZ, NOTES], &marks, 2));
    let imported = read(&path).expect("a good file");
    let data = &imported.streams[0].data[0];
    assert_eq!((data.len(), data.iter().filter(|v| v.is_nan()).count()), (16, 8));
    assert!(imported.notes.iter().any(|n| n.contains("1 gaps, 2.0 s")), "{:?}", imported.notes);
}

#[test]
fn a_truncated_file_is_refused_with_figures_or_read_as_far_as_it_goes() {
    let mut bytes = edf("", "3", &[FZ], &[], 3);
    bytes.truncate(bytes.len() - 3);
    let (_folder, path) = file(&bytes);
    let sentence = read(&path).expect_err("truncated").to_string();
    assert!(sentence.contains("536 bytes expected, 533 found") && sentence.contains("made.edf"), "{sentence}");
    let imported = read_with(&path, ReadOptions { lenient: true, ..ReadOptions::default() }).expect("two whole records");
    assert_eq!(imported.streams[0].data[0].len(), 8);
}

#[test]
fn open_record_counts_are_mended_and_nonsense_is_refused() {
    let (_folder, path) = file(&edf("", "-1", &[FZ], &[], 2));
    assert_eq!(read(&path).expect("mended").streams[0].data[0].len(), 8);
    for bytes in [b"no header".to_vec(), vec![b'x'; 600], edf("", "two", &[FZ], &[], 2)] {
        let (_folder, path) = file(&bytes);
        assert!(read(&path).is_err());
    }
    let (_folder, path) = file(&edf("", "-1", &[FZ], &[], 0));
    assert!(matches!(read(&path), Err(ExchangeError::Empty { .. })));
}

#[test]
fn equal_labels_are_numbered() {
    let (_folder, path) = file(&edf("", "1", &[FZ, FZ], &[], 1));
    assert_eq!(read(&path).expect("a good file").streams[0].info.labels(), ["EEG Fz-0", "EEG Fz-1"]);
}

#[test]
fn every_value_is_a_count_of_its_step_beside_its_zero() {
    // BioSemi's range, which lies half a count beside 0, one that lies on it, and one of the data alone.
    let ranges = [(-262_144.0, 262_143.0), (-262_144.0, 262_143.968_75), (-87.3, 123.456)];
    for (low, high) in ranges {
        let gain = (high - low) / 16_777_215.0;
        let offset = low + 8_388_608.0 * gain;
        let (step, zero) = step_of(gain, offset);
        let step = step.expect("a step");
        for count in (-8_388_608..8_388_607).step_by(1999) {
            let value = (f64::from(count) * gain + offset) as f32;
            let back = (((f64::from(value) - zero) / step).round() * step + zero) as f32;
            assert_eq!(back.to_bits(), value.to_bits(), "{count} of {low} to {high}");
        }
    }
}
