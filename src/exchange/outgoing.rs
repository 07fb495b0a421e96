//! A stored session as files take it: streams of samples, and events on each stream's own count of samples.

use super::ExchangeError;
use super::trial_text;
use crate::signal::{Nanos, Role, Segment, StreamInfo, StreamKind, seconds, to_nanos};
use crate::store::rows::Trial;
use crate::store::{Recording, StreamClock};

/// One stream of samples, in memory.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub info: StreamInfo,
    /// Channel-major; NaN where samples were lost.
    pub data: Vec<Vec<f32>>,
    /// Index of the first sample.
    pub first: u64,
    /// When that one was taken, on the session's clock, latency subtracted.
    pub start: Nanos,
    pub clock: StreamClock,
}

/// Something that happened, in seconds since a stream's first sample by that stream's count.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    pub onset_s: f64,
    pub duration_s: f64,
    /// "trial", "felt", "video-on", "note", ...; "BAD_gap" where samples are missing.
    pub kind: String,
    /// What a person reads, without the kind.
    pub text: String,
    pub trial: Option<Trial>,
    /// Seconds in which an emotion was felt.
    pub felt: Option<Segment>,
    /// Number of the trial that a marker belongs to.
    pub of_trial: Option<u32>,
}

impl Event {
    /// Kind and text in one line, as formats with nothing but text take it.
    pub fn line(&self) -> String {
        match (&self.trial, &self.felt) {
            (Some(trial), _) => trial_text::write(trial),
            (None, Some(felt)) => trial_text::write_felt(felt),
            _ if self.text.is_empty() => self.kind.clone(),
            _ => format!("{}: {}", self.kind, self.text),
        }
    }
}

impl Outgoing {
    pub fn samples(&self) -> usize {
        self.data.first().map_or(0, Vec::len)
    }

    /// A moment in seconds since the first sample, by the count of samples: a clock that is fast or slow does not part
    /// what happened from the samples that show it.
    pub fn seconds_at(&self, t: Nanos) -> f64 {
        (self.clock.index_at(t) - self.first as f64) / self.info.rate
    }

    /// The time of a sample, s on the session's clock.
    pub fn time_of(&self, sample: usize) -> f64 {
        seconds(self.clock.time_of(self.first + sample as u64))
    }

    /// Stretches of lost samples: first, and how many.
    pub fn gaps(&self) -> Vec<(usize, usize)> {
        let lost = |t: usize| self.data.iter().all(|c| c[t].is_nan());
        let mut gaps: Vec<(usize, usize)> = Vec::new();
        for t in (0..self.samples()).filter(|t| lost(*t)) {
            match gaps.last_mut() {
                Some((first, n)) if *first + *n == t => *n += 1,
                _ => gaps.push((t, 1)),
            }
        }
        gaps
    }
}

/// Streams of samples of a session, that with the EEG first. Only one is in memory at a time.
///
/// # Errors
/// `each` fails, or a frame of the session cannot be read.
pub fn each_stream<E: From<ExchangeError>>(
    recording: &Recording,
    mut each: impl FnMut(&Outgoing) -> Result<(), E>,
) -> Result<usize, E> {
    let mut rows: Vec<_> =
        recording.streams.iter().filter(|row| row.info.kind == StreamKind::Signal && row.written > 0).collect();
    rows.sort_by_key(|row| (row.info.with_role(Role::Eeg).is_empty(), row.info.id));
    let mut count = 0;
    for row in rows {
        let Some(clock) = recording.clock(row.info.id).copied() else { continue };
        let block = recording.whole(row.info.id).map_err(ExchangeError::from)?;
        // The block begins at the first sample that is there.
        let first = clock.index_at(block.start).round().max(0.0) as u64;
        each(&Outgoing { info: row.info.clone(), data: block.data, first, start: block.start, clock })?;
        count += 1;
    }
    Ok(count)
}

/// Everything that happened during a session, on the count of `stream`; trials with what was answered, and gaps.
pub fn events(recording: &Recording, stream: &Outgoing) -> Vec<Event> {
    let at = |t: Nanos| stream.seconds_at(t);
    let mut events: Vec<Event> = Vec::new();
    for trial in &recording.attempts {
        let Some(on) = trial.video_on else { continue };
        let duration = trial.video_off.map_or(0.0, |off| at(off) - at(on));
        let (kind, text, trial) = ("trial".into(), trial.stimulus.clone(), Some(trial.clone()));
        events.push(Event { onset_s: at(on), duration_s: duration, kind, text, trial, ..Event::default() });
    }
    for segment in &recording.segments {
        let of = |t: &&Trial| (t.number, t.attempt) == (segment.trial, segment.attempt);
        let Some(on) = recording.attempts.iter().find(of).and_then(|t| t.video_on) else { continue };
        let (from, to) = (at(on + to_nanos(segment.from_s)), at(on + to_nanos(segment.to_s)));
        let (kind, felt) = ("felt".into(), Some(segment.clone()));
        events.push(Event { onset_s: from, duration_s: to - from, kind, felt, ..Event::default() });
    }
    for marker in &recording.markers {
        let (text, duration_s) = trial_text::split_duration(&marker.text);
        let (kind, text, of_trial) = (marker.kind.name().into(), text.into(), marker.trial);
        events.push(Event { onset_s: at(marker.at), duration_s, kind, text, of_trial, ..Event::default() });
    }
    let rate = stream.info.rate;
    for (first, n) in stream.gaps() {
        let (onset_s, duration_s) = (first as f64 / rate, n as f64 / rate);
        events.push(Event { onset_s, duration_s, kind: "BAD_gap".into(), ..Event::default() });
    }
    events.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    events
}
