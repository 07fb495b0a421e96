//! The live view: what the last seconds of every stream look like, held in small rings. Never waits, never writes.

mod bands;
mod face;
mod heart;
mod traces;

use crate::lab::guided::{CameraView, LiveBands};
use crate::lab::message::{FaceView, HeartView, StreamView, Traces};
use crate::signal::{Chunk, Frame, Nanos, Role, SECOND, StreamId, StreamInfo, StreamKind, seconds};
use bands::Scalp;
use face::LiveFace;
use heart::LiveHeart;
use std::collections::VecDeque;
use std::sync::Arc;
use traces::StreamTraces;

/// The measured rate is over so long.
const RATE_WINDOW: Nanos = 10 * SECOND;
/// A stream without an arrival for so long no longer holds the sweep of the others back.
const STALLED: Nanos = SECOND;

/// Live state of all streams of a rig.
#[derive(Default)]
pub struct Live {
    streams: Vec<LiveStream>,
    heart: Option<LiveHeart>,
    scalp: Option<Scalp>,
    refreshed: Option<Nanos>,
}

struct LiveStream {
    info: StreamInfo,
    received: u64,
    lost: u64,
    /// (arrival, received up to and including it).
    arrivals: VecDeque<(Nanos, u64)>,
    shape: Shape,
}

enum Shape {
    Signal(StreamTraces),
    Face(Box<LiveFace>),
}

impl Live {
    /// A live view over these streams. The heart is taken from the first ECG channel, else from the first PPG.
    pub fn new(infos: &[StreamInfo]) -> Self {
        let stream = |info: &StreamInfo| LiveStream {
            info: info.clone(),
            received: 0,
            lost: 0,
            arrivals: VecDeque::new(),
            shape: match info.kind {
                StreamKind::Signal => Shape::Signal(StreamTraces::new(&info.channels, info.rate)),
                StreamKind::Face => Shape::Face(Box::default()),
            },
        };
        let heart = [Role::Ecg, Role::Ppg].into_iter().find_map(|role| infos.iter().find_map(|i| LiveHeart::of(i, role)));
        let scalp = infos.iter().filter(|i| i.kind == StreamKind::Signal).find_map(Scalp::of);
        Live { streams: infos.iter().map(stream).collect(), heart, scalp, refreshed: None }
    }

    fn stream(&mut self, id: StreamId) -> Option<&mut LiveStream> {
        self.streams.iter_mut().find(|s| s.info.id == id)
    }

    /// Takes in samples.
    pub fn samples(&mut self, chunk: &Chunk) {
        if let Some(stream) = self.stream(chunk.stream) {
            stream.lost += chunk.lost_before;
            stream.arrive(chunk.arrived, chunk.len() as u64);
            if let Shape::Signal(traces) = &mut stream.shape {
                traces.push(chunk);
            }
        }
        if let Some(heart) = &mut self.heart {
            heart.push(chunk);
        }
        if let Some(scalp) = &mut self.scalp {
            scalp.push(chunk);
        }
    }

    /// Takes in a video frame.
    pub fn frame(&mut self, frame: &Frame) {
        if let Some(stream) = self.stream(frame.stream) {
            stream.arrive(frame.arrived, 1);
            if let Shape::Face(face) = &mut stream.shape {
                stream.lost += face.push(frame);
            }
        }
    }

    /// Renews what is judged once a second: scales, beats and band powers.
    pub fn refresh(&mut self, now: Nanos) {
        if self.refreshed.is_some_and(|at| now - at < SECOND) {
            return;
        }
        self.refreshed = Some(now);
        for stream in &mut self.streams {
            if let Shape::Signal(traces) = &mut stream.shape {
                traces.rescale();
            }
        }
        if let Some(heart) = &mut self.heart {
            heart.refresh();
        }
        if let Some(scalp) = &mut self.scalp {
            scalp.refresh();
        }
    }

    /// Samples and frames lost in the devices, all streams.
    pub fn lost(&self) -> u64 {
        self.streams.iter().map(|s| s.lost).sum()
    }

    /// Every stream with its counters; `dropped` tells what the pump of a stream had to drop.
    pub fn streams(&self, now: Nanos, dropped: &dyn Fn(StreamId) -> u64) -> Vec<StreamView> {
        self.streams.iter().map(|s| s.view(now, dropped(s.info.id))).collect()
    }

    /// All signal channels as columns; `quality` gives a channel's score by its label.
    pub fn traces(&self, now: Nanos, quality: &dyn Fn(&str) -> Option<f64>) -> Traces {
        let (mut signals, mut stalled) = (Vec::new(), Vec::new());
        for stream in &self.streams {
            if let Shape::Signal(traces) = &stream.shape {
                signals.push(traces);
                stalled.push(stream.arrivals.back().is_none_or(|(at, _)| now - at > STALLED));
            }
        }
        traces::together(&signals, &stalled, quality)
    }

    /// The heart, where a stream carries one.
    pub fn heart(&self) -> Option<HeartView> {
        self.heart.as_ref().map(LiveHeart::view)
    }

    /// Band powers of the first EEG stream.
    pub fn bands(&self) -> Option<Arc<LiveBands>> {
        self.scalp.as_ref().and_then(Scalp::latest)
    }

    /// Channels on the participant that have not changed for a second, and how many ought to change; a frozen camera
    /// says "picture".
    pub fn still(&self, id: StreamId) -> (Vec<String>, usize) {
        match self.streams.iter().find(|s| s.info.id == id).map(|s| &s.shape) {
            Some(Shape::Signal(traces)) => traces.still(),
            Some(Shape::Face(face)) => (if face.is_frozen() { vec!["picture".into()] } else { Vec::new() }, 1),
            None => (Vec::new(), 0),
        }
    }

    fn faces(&self) -> impl Iterator<Item = (&StreamInfo, &LiveFace)> {
        self.streams.iter().filter_map(|s| if let Shape::Face(face) = &s.shape { Some((&s.info, face.as_ref())) } else { None })
    }

    pub fn has_camera(&self) -> bool {
        self.faces().next().is_some()
    }

    /// The stream of the first camera.
    pub fn first_camera(&self) -> Option<StreamId> {
        self.faces().next().map(|(info, _)| info.id)
    }

    /// How the first camera is framed and lit.
    pub fn camera(&self) -> Option<CameraView> {
        self.faces().next().map(|(info, face)| CameraView { rate: info.rate, ..face.camera() })
    }

    /// Makes small pictures now and then, or forgets them.
    pub fn preview(&mut self, on: bool) {
        for stream in &mut self.streams {
            if let Shape::Face(face) = &mut stream.shape {
                face.preview(on);
            }
        }
    }

    /// The first camera; `stored`: its pixels go to disk.
    pub fn face(&self, stored: bool) -> Option<FaceView> {
        self.faces().next().map(|(_, face)| face.view(stored))
    }
}

impl LiveStream {
    fn arrive(&mut self, at: Nanos, count: u64) {
        self.received += count;
        self.arrivals.push_back((at, self.received));
        while self.arrivals.front().is_some_and(|(first, _)| at - first > RATE_WINDOW) {
            self.arrivals.pop_front();
        }
    }

    fn view(&self, now: Nanos, dropped: u64) -> StreamView {
        let measured_rate = match (self.arrivals.front(), self.arrivals.back()) {
            (Some((t0, n0)), Some((t1, n1))) if t1 > t0 => (n1 - n0) as f64 / seconds(t1 - t0),
            _ => 0.0,
        };
        StreamView {
            id: self.info.id,
            name: self.info.name.clone(),
            kind: self.info.kind,
            device: self.info.device.clone(),
            channels: self.info.channels.len(),
            rate: self.info.rate,
            measured_rate,
            received: self.received,
            lost: self.lost,
            dropped,
            age_s: self.arrivals.back().map_or(f64::INFINITY, |(at, _)| seconds((now - at).max(0))),
            simulated: self.info.simulated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Channel;

    #[test]
    fn counters_and_the_measured_rate_follow_the_arrivals() {
        let info = StreamInfo {
            id: StreamId(3),
            name: "eeg".into(),
            kind: StreamKind::Signal,
            device: "test".into(),
            rate: 100.0,
            channels: vec![Channel::eeg("Fz"), Channel::eeg("Cz")],
            clock: "host arrival".into(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: true,
        };
        let mut live = Live::new(&[info]);
        for k in 0..200u64 {
            let lost_before = if k == 50 { 7 } else { 0 };
            let first_index = k * 10 + if k >= 50 { 7 } else { 0 };
            let arrived = (k as Nanos + 1) * SECOND / 10;
            live.samples(&Chunk {
                stream: StreamId(3),
                first_index,
                lost_before,
                arrived,
                device_time: None,
                channels: 2,
                rows: vec![0.0; 20],
            });
        }
        live.refresh(20 * SECOND);
        let view = &live.streams(21 * SECOND, &|_| 4)[0];
        assert_eq!((view.received, view.lost, view.dropped, view.age_s), (2000, 7, 4, 1.0));
        assert!((view.measured_rate - 100.0).abs() < 1e-9, "{}", view.measured_rate);
        assert_eq!(live.traces(20 * SECOND, &|_| None).channels.len(), 2);
        assert!(live.heart().is_none() && live.face(false).is_none());
    }
}
