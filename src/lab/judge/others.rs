//! Heart and face under judgement, over their newest seconds.

use crate::gate::{ChannelQuality, FaceFrame, HeartKind, face_frame, face_quality, heart_quality};
use crate::signal::{Chunk, Frame, Nanos, Role, SECOND, StreamId, StreamInfo, seconds};
use std::collections::VecDeque;

/// Heart and face are judged over so long, s.
const WINDOW_S: f64 = 20.0;
/// Frames are decoded at most this often.
const DECODE_EVERY: Nanos = SECOND / 2;

pub(super) struct Heart {
    pub stream: StreamId,
    channel: usize,
    kind: HeartKind,
    rate: f64,
    rail: Option<f64>,
    samples: VecDeque<f64>,
}

pub(super) struct Face {
    pub stream: StreamId,
    rate: f64,
    first: Option<Nanos>,
    arrivals: VecDeque<Nanos>,
    looked: VecDeque<(Nanos, FaceFrame)>,
}

impl Heart {
    /// The heart channels of a stream: the first of each kind.
    pub fn all_of(info: &StreamInfo) -> impl Iterator<Item = Heart> {
        [(Role::Ecg, HeartKind::Ecg), (Role::Ppg, HeartKind::Ppg)].into_iter().filter_map(|(role, kind)| {
            let channel = info.with_role(role).into_iter().next()?;
            let rail = info.channels.get(channel)?.rail;
            Some(Heart { stream: info.id, channel, kind, rate: info.rate, rail, samples: VecDeque::new() })
        })
    }

    pub fn push(&mut self, chunk: &Chunk) {
        self.samples.extend(chunk.channel(self.channel).map(f64::from));
        let surplus = self.samples.len().saturating_sub((WINDOW_S * self.rate) as usize);
        self.samples.drain(..surplus);
    }

    pub fn quality(&self) -> ChannelQuality {
        let samples: Vec<f64> = self.samples.iter().copied().collect();
        heart_quality(&samples, self.rate, self.rail, self.kind)
    }
}

impl Face {
    pub fn of(info: &StreamInfo) -> Face {
        let (first, arrivals, looked) = (None, VecDeque::new(), VecDeque::new());
        Face { stream: info.id, rate: info.rate, first, arrivals, looked }
    }

    pub fn push(&mut self, frame: &Frame) {
        self.first.get_or_insert(frame.arrived);
        self.arrivals.push_back(frame.arrived);
        if self.looked.back().is_none_or(|(at, _)| frame.arrived - at >= DECODE_EVERY)
            && let Ok(looks) = face_frame(&frame.jpeg)
        {
            self.looked.push_back((frame.arrived, looks));
        }
    }

    pub fn quality(&mut self, now: Nanos) -> ChannelQuality {
        let span = self.first.map_or(0.0, |first| seconds(now - first)).min(WINDOW_S);
        let old = |at: &Nanos| seconds(now - at) > WINDOW_S;
        while self.arrivals.front().is_some_and(old) {
            self.arrivals.pop_front();
        }
        while self.looked.front().is_some_and(|(at, _)| old(at)) {
            self.looked.pop_front();
        }
        let looks: Vec<FaceFrame> = self.looked.iter().map(|(_, looks)| *looks).collect();
        face_quality(&looks, self.arrivals.len() as u64, (span * self.rate) as u64)
    }
}
