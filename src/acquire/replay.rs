//! A recording played back as a device, at real or any other speed.
//!
//! At another speed than 1 the streams keep their nominal rate, so that spectra stay true; the samples just come
//! faster or slower than the rate says.

use super::{AcquireError, Packet, Source, Surroundings};
use crate::rig::ReplayRig;
use crate::signal::{Chunk, Frame, Nanos, SECOND, SharedClock, StreamId, StreamInfo, StreamKind, to_nanos};
use std::path::Path;
use std::time::Duration;

/// Length of a packet of samples, seconds of the recording.
const PACKET_S: f64 = 0.1;
/// Longest sleep before looking again at the clock.
const NAP: Duration = Duration::from_millis(20);

/// A recording in memory, as it is played back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recorded {
    pub streams: Vec<StreamInfo>,
    /// Stream -> channel -> samples in the channel's unit, NaN where lost; empty for face streams.
    pub data: Vec<Vec<Vec<f32>>>,
    /// When each stream's first sample was taken, on the clock of the frames' `captured`; may be empty when all are 0.
    pub starts: Vec<Nanos>,
    /// Frames of all face streams, in order of time, numbered by their stream's `id`.
    pub frames: Vec<Frame>,
}

/// Reads a recording: a file of samples or the folder of a session.
///
/// # Errors
/// No such path, or a kind of file that cannot be replayed.
pub fn load(path: &Path) -> Result<Recorded, AcquireError> {
    let wrong = |message: String| AcquireError::Replay { path: path.into(), message };
    let kind = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    if !path.exists() {
        return Err(wrong("there is no such file or folder".into()));
    }
    match kind.as_str() {
        _ if path.is_dir() => Err(wrong("folders cannot be replayed by this build; choose an EDF or BDF file".into())),
        other => Err(wrong(format!("\"{other}\" files cannot be replayed by this build; choose an EDF or BDF file"))),
    }
}

/// One stream on its way.
struct Track {
    id: StreamId,
    rate: f64,
    /// Channel-major samples; empty for face streams.
    data: Vec<Vec<f32>>,
    /// Seconds between the recording's start and the stream's first sample.
    offset: f64,
    frames: Vec<Frame>,
    /// Samples a packet, samples (or frames) a pass, and the indices by which a repetition is shifted.
    packet: usize,
    length: usize,
    shift: u64,
    pass: u64,
    next: usize,
    /// One more than the last index that was delivered.
    expected: u64,
}

/// A recording as a source.
pub struct Replay {
    streams: Vec<StreamInfo>,
    tracks: Vec<Track>,
    /// Seconds of one pass.
    length: f64,
    speed: f64,
    repeat: bool,
    clock: SharedClock,
    start: Option<Nanos>,
    ended: bool,
}

impl Replay {
    /// Opens the recording that the rig names.
    ///
    /// # Errors
    /// As [`load`] and [`Replay::of`].
    pub fn open(rig: &ReplayRig, around: &Surroundings) -> Result<Self, AcquireError> {
        let named = |e| match e {
            AcquireError::Replay { message, .. } => AcquireError::Replay { path: rig.path.clone(), message },
            other => other,
        };
        let mut replay = Replay::of(load(&rig.path)?, rig.speed, rig.repeat, around).map_err(named)?;
        let name = rig.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        replay.streams.iter_mut().for_each(|s| s.device = format!("{} from {name}", s.device));
        Ok(replay)
    }

    /// Plays a recording that is in memory; streams are renumbered from `around.first_stream`.
    ///
    /// # Errors
    /// A speed that is not positive; a recording with nothing in it or with tables that do not fit their streams.
    pub fn of(recorded: Recorded, speed: f64, repeat: bool, around: &Surroundings) -> Result<Self, AcquireError> {
        let wrong = |message: String| AcquireError::Replay { path: "the recording".into(), message };
        if !(speed.is_finite() && speed > 0.0) {
            return Err(wrong(format!("speed = {speed}; it must be above 0 (1 = real time)")));
        }
        if let Some(message) = recorded.problem() {
            return Err(wrong(message));
        }
        let mut streams = recorded.streams.clone();
        for (i, stream) in streams.iter_mut().enumerate() {
            stream.id = StreamId(around.first_stream + i as u16);
            stream.device = format!("Replay of {}", stream.device);
            stream.clock = if speed == 1.0 { "replayed".into() } else { format!("replayed at {speed} x") };
        }
        let mut tracks = recorded.tracks(around.first_stream);
        let length = tracks.iter().map(Track::end).fold(0.0, f64::max);
        if length <= 0.0 {
            return Err(wrong("it holds no samples and no frames".into()));
        }
        for track in &mut tracks {
            // No shorter than the track itself, so that indices never run backwards.
            track.shift = ((length * track.rate).round() as u64).max(track.last_index() + 1);
        }
        Ok(Replay { streams, tracks, length, speed, repeat, clock: around.clock.clone(), start: None, ended: false })
    }

    fn due(&mut self) -> Vec<Packet> {
        let Some(start) = self.start else { return Vec::new() };
        let now = self.clock.now();
        let (length, speed) = (self.length, self.speed);
        let on_clock = |t: f64| start + to_nanos(t / speed);
        let mut made: Vec<(Nanos, Packet)> = Vec::new();
        for track in &mut self.tracks {
            while let Some(t) = track.due_at(length, self.repeat).filter(|t| on_clock(*t) <= now) {
                track.take(length, on_clock(t), &on_clock, &mut made);
            }
        }
        made.sort_by_key(|(arrived, _)| *arrived);
        let over = !self.repeat && on_clock(length) <= now;
        let mut packets: Vec<Packet> = made.into_iter().map(|(_, packet)| packet).collect();
        if over && !self.ended {
            self.ended = true;
            let message = "the replayed recording has come to its end".into();
            packets.extend(self.streams.first().map(|s| Packet::Trouble { stream: s.id, message }));
        }
        packets
    }
}

impl Source for Replay {
    fn streams(&self) -> &[StreamInfo] {
        &self.streams
    }

    fn start(&mut self) -> Result<(), AcquireError> {
        if self.start.is_none() {
            for track in &mut self.tracks {
                (track.pass, track.next, track.expected) = (0, 0, 0);
            }
            self.ended = false;
            self.start = Some(self.clock.now());
        }
        Ok(())
    }

    fn read(&mut self, wait: Duration) -> Result<Vec<Packet>, AcquireError> {
        let packets = self.due();
        if !packets.is_empty() || self.start.is_none() || self.clock.is_simulated() || wait.is_zero() {
            return Ok(packets);
        }
        self.clock.wait(wait.min(NAP));
        Ok(self.due())
    }

    fn stop(&mut self) {
        self.start = None;
    }
}

impl Recorded {
    /// Why it cannot be played, if it cannot.
    fn problem(&self) -> Option<String> {
        if self.data.len() != self.streams.len() {
            return Some(format!("{} streams are described and {} are there", self.streams.len(), self.data.len()));
        }
        self.streams.iter().zip(&self.data).find_map(|(stream, data)| {
            let lengths: Vec<usize> = data.iter().map(Vec::len).collect();
            let signal = stream.kind == StreamKind::Signal;
            if !(stream.rate.is_finite() && stream.rate > 0.0) {
                Some(format!("stream {} has a rate of {}", stream.name, stream.rate))
            } else if signal && data.len() != stream.channels.len() {
                Some(format!("stream {} names {} channels and holds {}", stream.name, stream.channels.len(), data.len()))
            } else if lengths.windows(2).any(|pair| pair[0] != pair[1]) {
                Some(format!("the channels of stream {} differ in length", stream.name))
            } else {
                None
            }
        })
    }

    /// The streams to play, in the order of their new numbers; the frames' own numbers are replaced.
    fn tracks(self, first: u16) -> Vec<Track> {
        let Recorded { streams, data, starts, frames } = self;
        let start_of = |i: usize| starts.get(i).copied().unwrap_or(0);
        let signals = streams.iter().enumerate().filter(|(_, s)| s.kind == StreamKind::Signal).map(|(i, _)| start_of(i));
        let origin = signals.chain(frames.iter().map(|f| f.captured)).min().unwrap_or(0);
        let mut tracks = Vec::with_capacity(streams.len());
        for (i, (stream, data)) in streams.into_iter().zip(data).enumerate() {
            let mine: Vec<Frame> = frames
                .iter()
                .filter(|f| stream.kind == StreamKind::Face && f.stream == stream.id)
                .map(|f| Frame { captured: f.captured - origin, ..f.clone() })
                .collect();
            let length = if stream.kind == StreamKind::Face { mine.len() } else { data.first().map_or(0, Vec::len) };
            tracks.push(Track {
                id: StreamId(first + i as u16),
                rate: stream.rate,
                data,
                offset: (start_of(i) - origin) as f64 / SECOND as f64,
                frames: mine,
                packet: ((stream.rate * PACKET_S).round() as usize).max(1),
                length,
                shift: 0,
                pass: 0,
                next: 0,
                expected: 0,
            });
        }
        tracks
    }
}

impl Track {
    /// Seconds from the recording's start to the end of the last sample or frame.
    fn end(&self) -> f64 {
        match self.frames.last() {
            Some(last) => last.captured as f64 / SECOND as f64 + 1.0 / self.rate,
            None if self.length == 0 => 0.0,
            None => self.offset + self.length as f64 / self.rate,
        }
    }

    fn last_index(&self) -> u64 {
        self.frames.last().map_or(self.length.saturating_sub(1) as u64, |f| f.index)
    }

    /// One past the last sample of the packet that comes next.
    fn packet_end(&self) -> usize {
        (self.next + self.packet).min(self.length)
    }

    /// Seconds of play at which the next packet is complete; None at the end.
    fn due_at(&mut self, length: f64, repeat: bool) -> Option<f64> {
        if self.next >= self.length {
            if !repeat || self.length == 0 {
                return None;
            }
            (self.next, self.pass) = (0, self.pass + 1);
        }
        let within = match self.frames.get(self.next) {
            Some(frame) => frame.captured as f64 / SECOND as f64,
            None => self.offset + (self.packet_end() - 1) as f64 / self.rate,
        };
        Some(self.pass as f64 * length + within)
    }

    /// Hands over the next packet: a frame, or the samples between the holes.
    fn take(&mut self, length: f64, arrived: Nanos, on_clock: &impl Fn(f64) -> Nanos, made: &mut Vec<(Nanos, Packet)>) {
        let shift = self.pass * self.shift;
        if let Some(frame) = self.frames.get(self.next) {
            let frame =
                Frame { stream: self.id, index: shift + frame.index, captured: arrived, arrived, jpeg: frame.jpeg.clone() };
            made.push((arrived, Packet::Frame(frame)));
            self.next += 1;
            return;
        }
        let end = self.packet_end();
        let lost = |i: usize| self.data.iter().all(|c| c[i].is_nan());
        let mut i = self.next;
        while i < end {
            let run = (i..end).take_while(|k| !lost(*k)).count();
            if run == 0 {
                i += 1;
                continue;
            }
            let first_index = shift + i as u64;
            let begun = self.pass as f64 * length + self.offset + i as f64 / self.rate;
            let chunk = Chunk {
                stream: self.id,
                first_index,
                lost_before: first_index - self.expected,
                arrived,
                device_time: Some(on_clock(begun)),
                channels: self.data.len(),
                rows: (i..i + run).flat_map(|k| self.data.iter().map(move |c| c[k])).collect(),
            };
            self.expected = first_index + run as u64;
            made.push((arrived, Packet::Samples(chunk)));
            i += run;
        }
        self.next = end;
    }
}

#[cfg(test)]
mod tests;
