//! XDF files written here chunk by chunk: whole, cut, damaged.

use super::chunks::BOUNDARY;
use super::*;
use crate::exchange::{Imported, ReadOptions};

fn chunk(tag: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![4];
    bytes.extend((body.len() as u32 + 2).to_le_bytes());
    bytes.extend(tag.to_le_bytes());
    bytes.extend(body);
    bytes
}

fn header(id: u32, name: &str, rate: f64, format: &str) -> Vec<u8> {
    let text = format!(
        "<info><name>{name}</name><type>EEG</type><channel_count>1</channel_count><nominal_srate>{rate}</nominal_srate>\
         <channel_format>{format}</channel_format><desc><channels><channel><label>Cz</label><unit>microvolts</unit></channel>\
         </channels></desc></info>"
    );
    chunk(2, &[&id.to_le_bytes(), text.as_bytes()].concat())
}

/// Samples 0.5 uV apart from `from`, at 100 Hz since 1000 s.
fn samples(id: u32, from: usize, n: usize) -> Vec<u8> {
    let mut body = [id.to_le_bytes().as_slice(), &[1, n as u8]].concat();
    for i in from..from + n {
        body.push(8);
        body.extend((1000.0 + i as f64 * 0.01).to_le_bytes());
        body.extend((i as f32 * 0.5).to_le_bytes());
    }
    chunk(3, &body)
}

fn offset(id: u32, at: f64, offset: f64) -> Vec<u8> {
    chunk(4, &[id.to_le_bytes().as_slice(), &at.to_le_bytes(), &offset.to_le_bytes()].concat())
}

fn imported(parts: &[Vec<u8>]) -> Imported {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), [b"XDF:".to_vec(), parts.concat()].concat()).expect("written");
    read(file.path(), ReadOptions::default()).expect("read")
}

#[test]
fn offsets_pauses_and_units() {
    let parts = [
        chunk(1, b"<info><version>1.0</version></info>"),
        header(1, "amp", 100.0, "float32"),
        offset(1, 1000.0, 5.0),
        samples(1, 0, 100),
        samples(1, 900, 100),
        offset(1, 1010.0, 5.0),
    ];
    let made = imported(&parts);
    let stream = &made.streams[0];
    assert!((made.zero_s - 1005.0).abs() < 1e-9, "{}", made.zero_s);
    assert_eq!((stream.info.name.as_str(), stream.info.channels[0].unit.as_str(), stream.data[0].len()), ("eeg", "uV", 1000));
    assert_eq!((stream.data[0][99], stream.data[0][900]), (49.5, 450.0));
    assert!(stream.data[0][100..900].iter().all(|v| v.is_nan()));
}

#[test]
fn a_cut_file_gives_what_is_whole_down_to_the_sample() {
    let whole = [header(1, "amp", 100.0, "float32"), samples(1, 0, 50), samples(1, 50, 50)].concat();
    let cut = whole[..whole.len() - 13 * 20 - 5].to_vec();
    let made = imported(&[cut]);
    assert_eq!(made.streams[0].data[0].len(), 50 + 29);
    assert!(made.notes.iter().any(|n| n.contains("ends within a chunk")), "{:?}", made.notes);
}

#[test]
fn behind_damage_reading_goes_on_at_the_next_boundary() {
    let mut parts =
        vec![header(1, "amp", 100.0, "float32"), samples(1, 0, 50), samples(1, 50, 50), chunk(5, &BOUNDARY), samples(1, 100, 50)];
    parts[2][0] = 77;
    let made = imported(&parts);
    let data = &made.streams[0].data[0];
    assert_eq!((data.len(), data[49], data.last().copied()), (100, 24.5, Some(74.5)));
    assert!(made.notes.iter().any(|n| n.contains("damaged at byte")), "{:?}", made.notes);
}

#[test]
fn text_becomes_annotations_and_nonsense_is_refused() {
    let mut body = vec![2, 0, 0, 0, 1, 1, 8];
    body.extend(1001.5f64.to_le_bytes());
    body.extend([1, 2, b'g', b'o']);
    let parts = [header(1, "amp", 100.0, "float32"), header(2, "markers", 0.0, "string"), samples(1, 0, 50), chunk(3, &body)];
    assert_eq!(imported(&parts).annotations, [(1.5, 0.0, "go".to_string())]);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), b"XDF:nothing").expect("written");
    assert!(read(file.path(), ReadOptions::default()).expect_err("refused").to_string().contains("XDF"));
}
