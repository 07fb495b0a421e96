//! The live view of the camera: frames a second, frames missed, light and sharpness of the latest frame, and where it
//! was asked for, a small grey picture of it.

use crate::gate::face_look;
use crate::lab::guided::{CameraView, Preview};
use crate::lab::message::FaceView;
use crate::prepare::faces::{Grey, decode_grey};
use crate::signal::{Frame, Nanos, SECOND, seconds};
use std::collections::VecDeque;

/// Frames are decoded at most this often: two a second are enough for light and sharpness.
const DECODE_EVERY: Nanos = SECOND / 2;
const WINDOW: Nanos = 10 * SECOND;
/// A preview shows a new picture so often.
const PREVIEW_EVERY: Nanos = 2 * SECOND;
/// Most pixels of a preview: two rows of pixels share a row of characters.
const PREVIEW: (usize, usize) = (48, 36);
/// The same bytes for so long: the picture is frozen.
const FROZEN: Nanos = 2 * SECOND;

/// What is known of the latest frames of one camera.
#[derive(Default)]
pub struct LiveFace {
    arrivals: VecDeque<Nanos>,
    frames: u64,
    missed: u64,
    next_index: Option<u64>,
    decoded_at: Option<Nanos>,
    looks: Option<CameraView>,
    /// The last frame's bytes in one number, and when that changed.
    sum: u32,
    changed: Nanos,
    wanted: bool,
    preview: Option<Preview>,
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
        let sum = crc32fast::hash(&frame.jpeg);
        if sum != self.sum {
            (self.sum, self.changed) = (sum, frame.arrived);
        }
        if self.decoded_at.is_none_or(|at| frame.arrived - at >= DECODE_EVERY) {
            self.decoded_at = Some(frame.arrived);
            self.look(frame);
        }
        missed
    }

    fn look(&mut self, frame: &Frame) {
        let grey = decode_grey(&frame.jpeg).ok();
        self.looks = grey.as_ref().map(looks);
        let due = self.preview.as_ref().is_none_or(|p| frame.arrived - p.at >= PREVIEW_EVERY);
        if let Some(grey) = grey.filter(|_| self.wanted && due) {
            self.preview = Some(small(&grey, frame.arrived));
        }
    }

    /// Makes small pictures from now on, or forgets the one that is there.
    pub fn preview(&mut self, on: bool) {
        self.wanted = on;
        self.preview = self.preview.take().filter(|_| on);
    }

    /// Frames come and are all the same.
    pub fn is_frozen(&self) -> bool {
        self.arrivals.back().is_some_and(|last| last - self.changed > FROZEN)
    }

    /// As a screen sees it; `stored`: its pixels go to disk.
    pub fn view(&self, stored: bool) -> FaceView {
        let span = match (self.arrivals.front(), self.arrivals.back()) {
            (Some(first), Some(last)) if last > first => seconds(last - first),
            _ => f64::INFINITY,
        };
        let fps = self.arrivals.len().saturating_sub(1) as f64 / span;
        let brightness = self.looks.as_ref().map(|l| l.brightness);
        FaceView { fps, frames: self.frames, missed: self.missed, stored, brightness }
    }

    /// Framing and light of the latest decoded frame.
    pub fn camera(&self) -> CameraView {
        let looks = self.looks.clone().unwrap_or_default();
        CameraView { wanted: self.wanted, preview: self.preview.clone(), ..looks }
    }
}

fn looks(grey: &Grey) -> CameraView {
    let count = grey.pixels.len().max(1) as f64;
    let sum = |pixels: &mut dyn Iterator<Item = &u8>| pixels.map(|p| f64::from(*p)).sum::<f64>();
    let rows = || grey.pixels.chunks_exact(grey.width.max(1));
    let left = sum(&mut rows().flat_map(|row| &row[..grey.width / 2]));
    let right = sum(&mut rows().flat_map(|row| &row[grey.width - grey.width / 2..]));
    CameraView {
        width: grey.width,
        height: grey.height,
        brightness: sum(&mut grey.pixels.iter()) / count,
        clipped: grey.pixels.iter().filter(|p| **p < 4 || **p > 251).count() as f64 / count,
        left_over_right: if right > 0.0 { left / right } else { 1.0 },
        sharpness: face_look(grey).sharpness,
        ..CameraView::default()
    }
}

/// The picture in at most [`PREVIEW`] pixels, each the mean of what it covers, in steps of sixteen so that noise does
/// not change every one of them.
fn small(grey: &Grey, at: Nanos) -> Preview {
    let shrink = (grey.width as f64 / PREVIEW.0 as f64).max(grey.height as f64 / PREVIEW.1 as f64).max(1.0);
    let (width, height) = ((grey.width as f64 / shrink) as usize, (grey.height as f64 / shrink) as usize);
    let edge = |i: usize, most: usize| ((i as f64 * shrink) as usize).min(most);
    let mean = |x: usize, y: usize| {
        let (left, right) = (edge(x, grey.width - 1), edge(x + 1, grey.width));
        let (top, bottom) = (edge(y, grey.height - 1), edge(y + 1, grey.height));
        let mut sum = (0u64, 0u64);
        for row in top..bottom.max(top + 1) {
            for p in &grey.pixels[row * grey.width + left..row * grey.width + right.max(left + 1)] {
                sum = (sum.0 + u64::from(*p), sum.1 + 1);
            }
        }
        ((sum.0 / sum.1.max(1)) as u8) & 0xf0
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(x, y));
    Preview { at, width, height, grey: pixels.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::StreamId;

    fn jpeg(level: u8) -> Vec<u8> {
        let mut jpeg = Vec::new();
        // Left half dark, right half at `level`.
        let grey: Vec<u8> = (0..96 * 72).map(|i| if i % 96 < 48 { 40 } else { level }).collect();
        jpeg_encoder::Encoder::new(&mut jpeg, 95).encode(&grey, 96, 72, jpeg_encoder::ColorType::Luma).expect("encodes");
        jpeg
    }

    fn frame(index: u64, jpeg: Vec<u8>) -> Frame {
        let at = index as Nanos * SECOND / 10;
        Frame { stream: StreamId(2), index, captured: at, arrived: at, jpeg }
    }

    #[test]
    fn rate_misses_and_light_are_counted() {
        let mut face = LiveFace::default();
        for index in (0..21).filter(|i| *i != 7 && *i != 8) {
            face.push(&frame(index, jpeg(200)));
        }
        let view = face.view(true);
        assert_eq!((view.frames, view.missed, view.stored), (19, 2, true));
        assert!((view.fps - 9.0).abs() < 1e-9, "18 intervals in 2 s: {}", view.fps);
        let camera = face.camera();
        assert!((camera.brightness - 120.0).abs() < 3.0, "{camera:?}");
        assert!((camera.left_over_right - 0.2).abs() < 0.02, "{camera:?}");
        assert_eq!((camera.width, camera.height, camera.preview), (96, 72, None));
        assert_eq!(LiveFace::default().view(false).fps, 0.0);
    }

    #[test]
    fn a_picture_is_made_only_where_it_is_asked_for_and_a_frozen_camera_is_seen() {
        let mut face = LiveFace::default();
        for i in 0..10 {
            face.push(&frame(i, jpeg(200)));
        }
        assert!(face.camera().preview.is_none() && !face.is_frozen());
        face.preview(true);
        for i in 10..40 {
            face.push(&frame(i, jpeg(200)));
        }
        let preview = face.camera().preview.expect("made");
        assert_eq!((preview.width, preview.height, preview.grey.len()), (48, 36, 48 * 36));
        assert_eq!((preview.grey[5], preview.grey[40]), (32, 192), "steps of sixteen");
        assert!(face.is_frozen());
        face.push(&frame(40, jpeg(100)));
        assert!(!face.is_frozen());
        face.preview(false);
        assert!(face.camera().preview.is_none());
        face.push(&frame(60, b"no picture".to_vec()));
        assert_eq!(face.view(false).brightness, None);
    }
}
