//! The live view of the camera: frames a second, frames missed, brightness of the latest frame.

use crate::lab::message::FaceView;
use crate::signal::{Frame, Nanos, SECOND, seconds};
use std::collections::VecDeque;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Frames are decoded at most this often: two a second are enough for a brightness.
const DECODE_EVERY: Nanos = SECOND / 2;
const WINDOW: Nanos = 10 * SECOND;

/// What is known of the latest frames of one camera.
#[derive(Default)]
pub struct LiveFace {
    arrivals: VecDeque<Nanos>,
    frames: u64,
    missed: u64,
    next_index: Option<u64>,
    decoded_at: Option<Nanos>,
    brightness: Option<f64>,
}

impl LiveFace {
    /// Takes in a frame; returns how many the camera dropped just before it.
    pub fn push(&mut self, frame: &Frame) -> u64 {
        let missed = self.next_index.map_or(0, |next| frame.index.saturating_sub(next));
        self.next_index = Some(frame.index + 1);
        self.frames += 1;
        self.missed += missed;
        self.arrivals.push_back(frame.arrived);
        while self.arrivals.front().is_some_and(|first| frame.arrived - first > WINDOW) {
            self.arrivals.pop_front();
        }
        if self.decoded_at.is_none_or(|at| frame.arrived - at >= DECODE_EVERY) {
            self.decoded_at = Some(frame.arrived);
            self.brightness = brightness(&frame.jpeg);
        }
        missed
    }

    /// As a screen sees it; `stored`: its pixels go to disk.
    pub fn view(&self, stored: bool) -> FaceView {
        let span = match (self.arrivals.front(), self.arrivals.back()) {
            (Some(first), Some(last)) if last > first => seconds(last - first),
            _ => f64::INFINITY,
        };
        let fps = self.arrivals.len().saturating_sub(1) as f64 / span;
        FaceView { fps, frames: self.frames, missed: self.missed, stored, brightness: self.brightness }
    }
}

/// Mean of the luma plane, 0-255; None where the bytes are no JPEG.
fn brightness(jpeg: &[u8]) -> Option<f64> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let pixels = JpegDecoder::new_with_options(ZCursor::new(jpeg), options).decode().ok()?;
    (!pixels.is_empty()).then(|| pixels.iter().map(|p| f64::from(*p)).sum::<f64>() / pixels.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::StreamId;

    #[test]
    fn rate_misses_and_brightness_are_counted() {
        let mut jpeg = Vec::new();
        let grey = [120u8; 16 * 16];
        jpeg_encoder::Encoder::new(&mut jpeg, 90).encode(&grey, 16, 16, jpeg_encoder::ColorType::Luma).expect("encodes");
        let mut face = LiveFace::default();
        for index in (0..21).filter(|i| *i != 7 && *i != 8) {
            let at = index as Nanos * SECOND / 10;
            face.push(&Frame { stream: StreamId(2), index, captured: at, arrived: at, jpeg: jpeg.clone() });
        }
        let view = face.view(true);
        assert_eq!((view.frames, view.missed, view.stored), (19, 2, true));
        assert!((view.fps - 9.0).abs() < 1e-9, "18 intervals in 2 s: {}", view.fps);
        assert!((view.brightness.expect("decoded") - 120.0).abs() < 3.0);
        assert_eq!(brightness(b"no picture"), None);
        assert_eq!(LiveFace::default().view(false).fps, 0.0);
    }
}
