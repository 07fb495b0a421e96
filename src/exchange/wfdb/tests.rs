//! Records written here byte by byte; values worked out by hand.

use super::*;

fn record(header: &str, samples: &[u8], annotations: &[u8]) -> Result<Imported, ExchangeError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("r.hea"), header).expect("written");
    std::fs::write(folder.path().join("r.dat"), samples).expect("written");
    if !annotations.is_empty() {
        std::fs::write(folder.path().join("r.atr"), annotations).expect("written");
    }
    read(&folder.path().join("r.hea"), ReadOptions::default())
}

#[test]
fn twelve_bits_gain_and_baseline() {
    // 100 and -1 in three bytes: 0x064 and 0xFFF.
    let bytes = [0x64, 0xF0, 0xFF, 0x00, 0x80, 0x00];
    let made =
        record("r 2 100 2\nr.dat 212 200(100)/mV 12 0 0 0 0 ECG\nr.dat 212 1/NU 12 0 0 0 0 PLETH\n", &bytes, &[]).expect("good");
    let stream = &made.streams[0];
    assert_eq!((stream.info.rate, stream.data[0][0], stream.data[1][0]), (100.0, 0.0, -1.0));
    assert!(stream.data[0][1] < 0.0 && stream.data[1][1].is_nan(), "-2048 stands for a missing sample: {:?}", stream.data);
    assert_eq!((stream.info.channels[0].unit.as_str(), stream.info.channels[1].unit.as_str()), ("mV", "NU"));
}

#[test]
fn differences_offsets_and_ten_bits() {
    let made = record("r 1 10 3\nr.dat 8 1 8 0 5 0 0 x\n", &[1, 0xFF, 2], &[]).expect("good");
    assert_eq!(made.streams[0].data[0], [6.0 * 1e0, 5.0, 7.0].map(|v| v * 1e3));
    let made = record("r 1 10 2\nr.dat 80+1 1/NU 8 0 0 0 0 x\n", &[9, 129, 127], &[]).expect("good");
    assert_eq!(made.streams[0].data[0], [1.0, -1.0]);
    let word = 5u32 | 1023 << 10 | 7 << 20;
    let made = record("r 1 10 3\nr.dat 311 1/NU 10 0 0 0 0 x\n", &word.to_le_bytes(), &[]).expect("good");
    assert_eq!(made.streams[0].data[0], [5.0, -1.0, 7.0]);
}

#[test]
fn annotations_with_skips_and_texts() {
    let words = |list: &[u16]| list.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let mut bytes = words(&[28 << 10 | 18, 63 << 10 | 3]);
    bytes.extend(b"(N\0\0");
    bytes.extend(words(&[1 << 10 | 20, 59 << 10, 1, 0, 5 << 10 | 2, 0]));
    let (found, whole) = annotations::parse(&bytes);
    assert!(whole);
    assert_eq!(found, [(18, "+ (N".to_string()), (38, "N".into()), (38 + 65_536 + 2, "V".into())]);
    assert!(!annotations::parse(&bytes[..bytes.len() - 2]).1);
}

#[test]
fn what_is_missing_is_named() {
    let short = record("r 1 100 9\nr.dat 16 200 12 0 0 0 0 I\n", &[0, 0], &[]).expect_err("cut").to_string();
    assert!(short.contains("9 samples are promised and 1 are there"), "{short}");
    assert!(record("r 1 100 9\nother.dat 16 200\n", &[], &[]).expect_err("absent").to_string().contains("other.dat"));
    assert!(record("r 1 100 9\nr.dat 999 200\n", &[0; 4], &[]).expect_err("format").to_string().contains("format 999"));
    assert!(record("r/3 1 100\n", &[], &[]).expect_err("segments").to_string().contains("segments"));
}
