//! What real signals take on the disk, as their files give them: every value comes back bit for bit, in few bytes,
//! whether the source declares the converter's step or the store has to find it.

mod store_support;

use limbic::exchange::edf;
use limbic::signal::{Channel, Chunk, Nanos, SECOND, StreamId, StreamInfo};
use limbic::store::Home;
use limbic::store::rows::SessionState;
use std::path::PathBuf;
use store_support::*;

/// The folder of recordings, or None with the reason printed.
fn data() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/eeg"));
    if !path.is_dir() {
        println!("skipped: the recordings are not beside this repository");
    }
    path.is_dir().then_some(path)
}

/// Stores the samples (channel by channel) in packets of a seventh of a second, each flushed; reads them again, and
/// answers the bytes of the signal's files for each value.
fn stored(stream: &StreamInfo, data: &[Vec<f32>]) -> f64 {
    let dir = tempfile::tempdir().expect("dir");
    let home = Home::open(dir.path()).expect("opens");
    let mut writer = home.create_session(session(&home, "P07", 1), participant("P07"), consent()).expect("creates");
    let (channels, samples) = (data.len(), data[0].len());
    let info = StreamInfo { id: StreamId(7), name: "real".into(), ..stream.clone() };
    writer.declare_streams(&[info]).expect("declares");
    let id = writer.session().id;
    let packet = ((stream.rate / 7.0) as usize).max(1);
    for first in (0..samples).step_by(packet) {
        let end = (first + packet).min(samples);
        let rows: Vec<f32> = (first..end).flat_map(|i| data.iter().map(move |channel| channel[i])).collect();
        let arrived = STARTED + (end as f64 * SECOND as f64 / stream.rate) as Nanos;
        let (stream, first_index, device_time) = (StreamId(7), first as u64, None);
        writer.samples(&Chunk { stream, first_index, lost_before: 0, arrived, device_time, channels, rows }).expect("buffers");
        writer.hand_over().expect("writes");
    }
    writer.close(SessionState::Complete, STARTED + 3600 * SECOND).expect("closes");
    let back = home.recording(id).expect("opens").whole(StreamId(7)).expect("reads");
    for (c, (there, wanted)) in back.data.iter().zip(data).enumerate() {
        let differs = there.iter().zip(wanted).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!((there.len(), differs), (samples, None), "channel {c} of {}", stream.name);
    }
    let bytes = std::fs::metadata(home.session_dir(id).join("real-000.seg")).expect("there").len();
    bytes as f64 / (channels * samples) as f64
}

fn undeclared(stream: &StreamInfo) -> StreamInfo {
    let channels = stream.channels.iter().map(|c| Channel { step: None, ..c.clone() }).collect();
    StreamInfo { channels, ..stream.clone() }
}

#[test]
fn edf_and_bdf_files_come_back_bit_for_bit_and_take_few_bytes() {
    let Some(folder) = data() else { return };
    for (file, most) in [("eeglab_test.bdf", 2.4), ("mne_test.bdf", 3.2), ("mne_test.edf", 2.4)] {
        let imported = edf::read(&folder.join(file)).expect("a good file");
        for imported in &imported.streams {
            let (stream, data) = (&imported.info, &imported.data);
            let known = stream.channels.iter().filter(|c| c.step.is_some()).count();
            let (declared, found) = (stored(stream, data), stored(&undeclared(stream), data));
            println!(
                "{file} {}: {} channels ({known} with a declared step), {} samples at {} Hz: {declared:.2} bytes a value, \
                 {found:.2} where no step is declared",
                stream.name,
                data.len(),
                data[0].len(),
                stream.rate
            );
            assert!(declared < most && found < most + 0.6, "{declared} {found}");
        }
    }
}

#[test]
fn a_boards_own_text_file_comes_back_bit_for_bit() {
    let Some(folder) = data() else { return };
    let text = std::fs::read_to_string(folder.join("OpenBCI_GUI-v6-blinks-jawClench-alpha.txt")).expect("reads");
    let mut data = vec![Vec::new(); 8];
    for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let values: Vec<f32> = line.split(',').skip(1).take(8).filter_map(|word| word.trim().parse().ok()).collect();
        if values.len() == 8 {
            data.iter_mut().zip(values).for_each(|(channel, value)| channel.push(value));
        }
    }
    let stream = StreamInfo { channels: (1..=8).map(|i| Channel::eeg(format!("E{i}"))).collect(), ..streams().remove(0) };
    let bytes = stored(&stream, &data);
    println!("OpenBCI text, 8 channels, {} samples: {bytes:.2} bytes a value", data[0].len());
    assert!(bytes < 3.0, "{bytes}");
}
