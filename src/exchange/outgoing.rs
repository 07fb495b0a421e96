//! A stored session as files take it: streams of samples, and events on each stream's own count of samples.

mod samples;

use super::ExchangeError;
use super::trial_text;
use crate::signal::{Nanos, Role, Segment, StreamInfo, StreamKind, seconds, to_nanos};
use crate::store::rows::{StreamRow, Trial};
use crate::store::{Recording, StreamClock};

/// One stream of samples. They stay in the session and are read a window at a time ([`Outgoing::each`]).
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    pub info: StreamInfo,
    recording: &'a Recording,
    /// Samples per channel.
    samples: usize,
    /// Index of the first sample.
    pub first: u64,
    /// When that one was taken, on the session's clock, latency subtracted.
    pub start: Nanos,
    pub clock: StreamClock,
    /// Lowest and highest value of each channel; None where it holds no number.
    pub ranges: Vec<Option<(f32, f32)>>,
    /// Stretches of lost samples: first, and how many.
    pub gaps: Vec<(usize, usize)>,
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

impl Outgoing<'_> {
    /// Samples per channel.
    pub fn samples(&self) -> usize {
        self.samples
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
}

/// Whether a session holds samples: one that was cut off early, or of which only the face is kept, does not.
pub fn has_samples(recording: &Recording) -> bool {
    recording.streams.iter().any(|row| has(recording, row))
}

fn has(recording: &Recording, row: &StreamRow) -> bool {
    row.info.kind == StreamKind::Signal && row.written > 0 && recording.clock(row.info.id).is_some()
}

/// Streams of samples of a session, that with the EEG first.
///
/// # Errors
/// `each` fails, or a frame of the session cannot be read.
pub fn each_stream<'a, E: From<ExchangeError>>(
    recording: &'a Recording,
    mut each: impl FnMut(&Outgoing<'a>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut rows: Vec<_> = recording.streams.iter().filter(|row| has(recording, row)).collect();
    rows.sort_by_key(|row| (row.info.with_role(Role::Eeg).is_empty(), row.info.id));
    let mut count = 0;
    for row in rows {
        let Some(clock) = recording.clock(row.info.id).copied() else { continue };
        each(&Outgoing::new(recording, row.info.clone(), clock)?)?;
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
    for (first, n) in &stream.gaps {
        let (onset_s, duration_s) = (*first as f64 / rate, *n as f64 / rate);
        events.push(Event { onset_s, duration_s, kind: "BAD_gap".into(), ..Event::default() });
    }
    events.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    events
}
