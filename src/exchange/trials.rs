//! Data sets that come cut into trials become one recording: trial after trial, with a hole between them.

use super::imported::{self, Draft, ImportedStream, stream_name};
use crate::signal::{Emotion, Rating, SECOND};
use crate::store::rows::{Trial, TrialState};

/// Between two trials, so that no filter and no window reaches from one into the next, s.
const BETWEEN_S: f64 = 5.0;

/// Trials being put one behind the other.
pub(super) struct Row {
    rate: f64,
    data: Vec<Vec<f32>>,
    pub trials: Vec<Trial>,
}

/// One trial as a data set describes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    pub number: u32,
    pub stimulus: String,
    pub intended: Option<Emotion>,
    pub rating: Rating,
    pub note: String,
}

impl Row {
    pub fn new(rate: f64, channels: usize) -> Row {
        Row { rate, data: vec![Vec::new(); channels], trials: Vec::new() }
    }

    /// Adds a trial of `samples` a channel; the video begins `lead_s` after its first sample and lasts to its end.
    pub fn add(&mut self, samples: usize, lead_s: f64, answers: Answers, value: impl Fn(usize, usize) -> f32) {
        if let Some(so_far) = self.data.first().map(Vec::len).filter(|n| *n > 0) {
            let end = so_far + (BETWEEN_S * self.rate).round() as usize;
            self.data.iter_mut().for_each(|c| c.resize(end, f32::NAN));
        }
        let begin = self.data.first().map_or(0, Vec::len);
        for (c, channel) in self.data.iter_mut().enumerate() {
            channel.extend((0..samples).map(|t| value(c, t)));
        }
        let at = |sample: f64| (sample / self.rate * SECOND as f64).round() as i64;
        let (on, off) = (begin as f64 + lead_s * self.rate, (begin + samples) as f64);
        self.trials.push(trial(answers, at(on), at(off)));
    }

    /// The stream of all of them.
    pub fn stream(self, drafts: &[Draft], device: String, notes: &mut Vec<String>) -> (ImportedStream, Vec<Trial>) {
        let made = imported::channels(drafts, notes);
        let mut data = self.data;
        for (channel, (_, factor)) in data.iter_mut().zip(&made).filter(|(_, (_, factor))| *factor != 1.0) {
            channel.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
        }
        let channels: Vec<_> = made.into_iter().map(|(c, _)| c).collect();
        let name = stream_name(&channels, "signals");
        let info = imported::info(0, &name, device, self.rate, channels);
        (ImportedStream { info, data, start_s: 0.0, stamps: Vec::new() }, self.trials)
    }
}

/// A finished trial.
pub(super) fn trial(answers: Answers, on: i64, off: i64) -> Trial {
    Trial {
        number: answers.number,
        attempt: 1,
        stimulus: answers.stimulus,
        intended: answers.intended,
        video_on: Some(on),
        video_off: Some(off),
        state: TrialState::Done,
        rating: answers.rating,
        rated_by: "participant".into(),
        quality: None,
        note: answers.note,
    }
}
