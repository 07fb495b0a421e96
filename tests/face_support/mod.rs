//! Sessions with real pictures in them, for the tests of face video.
#![allow(dead_code)]

use crate::store_support::*;
use jpeg_encoder::{ColorType, Encoder};
use limbic::signal::{Frame, Nanos, SECOND, Seed};
use limbic::store::Home;
use limbic::store::rows::{Consent, SessionId, SessionState};
use std::path::Path;

pub const FRAMES: u64 = 90;

/// Frame number `i`: 64 x 48 of noise over a slope, no two alike, taken at a jittered time.
pub fn picture(i: u64) -> Frame {
    let mut seed = Seed::new(1000 + i);
    let pixels: Vec<u8> = (0..64 * 48).map(|k| (k / 24) as u8 / 2 + seed.below(120) as u8).collect();
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 85).encode(&pixels, 64, 48, ColorType::Luma).expect("encodes");
    let captured = STARTED + (i as Nanos * SECOND) / 30 + seed.below(4_000_000) as Nanos;
    Frame { stream: FACE, index: i, captured, arrived: captured + 9_000_000, jpeg }
}

/// A closed session of EEG and [`FRAMES`] pictures but for number 40 and 41, which the camera lost.
pub fn filmed(home: &Home, code: &str, seed: u64, simulated: bool, consent: Consent) -> SessionId {
    let row = limbic::store::rows::Session { simulated, ..session(home, code, seed) };
    let mut writer = home.create_session(row, participant(code), consent).expect("creates");
    writer.declare_streams(&streams()).expect("declares");
    for i in (0..FRAMES).filter(|i| *i != 40 && *i != 41) {
        writer.samples(&chunk(i)).expect("buffers");
        writer.frame(&picture(i)).expect("buffers");
        if i % 20 == 0 {
            writer.flush().expect("flushes");
        }
    }
    writer.close(SessionState::Complete, STARTED + 60 * SECOND).expect("closes").id
}

/// Files below a folder that hold these bytes.
pub fn holding(dir: &Path, bytes: &[u8]) -> Vec<String> {
    contents(dir).into_iter().filter(|(_, b)| b.windows(bytes.len()).any(|w| w == bytes)).map(|(n, _)| n).collect()
}

/// Sixteen bytes out of the middle of a picture: nothing but this picture has them.
pub fn piece(frame: &Frame) -> &[u8] {
    &frame.jpeg[frame.jpeg.len() / 2..][..16]
}
