//! How the participant responds to a cue: a reaction time, then a smooth ramp from the present feeling to the next.

use super::CHANNELS;
use super::effects::{EYES_CLOSED, Expression, effect_of, factor, trial_draw};
use crate::signal::{BANDS, Cue, CueKind, Emotion, Montage, Nanos, SECOND};
use std::collections::VecDeque;

/// Nothing changes so soon after a cue. It also lets a cue that reaches the simulator a little late (one read of the
/// pump's thread) give exactly the same samples as one in time.
const REACTION: Nanos = SECOND / 5;
/// From the first change to the full feeling; reaction and ramp make one second.
const RAMP: Nanos = SECOND * 4 / 5;

/// The inner state that brain, heart and face follow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Feeling {
    /// Natural logarithm of the amplitude factor, band of [`BANDS`] x electrode.
    pub log_gain: [[f64; CHANNELS]; 4],
    /// Beats a minute above rest.
    pub heart_rate: f64,
    /// Respiratory rhythm over that at rest.
    pub respiratory: f64,
    pub face: Expression,
    /// 0 = open, 1 = shut.
    pub eyes_closed: f64,
}

impl Feeling {
    pub fn neutral() -> Self {
        Feeling {
            log_gain: [[0.0; CHANNELS]; 4],
            heart_rate: 0.0,
            respiratory: 1.0,
            face: Expression::default(),
            eyes_closed: 0.0,
        }
    }

    /// What this cue makes this participant feel; videos move by `effect` of the model's measure.
    fn of(kind: &CueKind, seed: u64, effect: f64, montage: &Montage) -> Self {
        let mut feeling = Feeling::neutral();
        match kind {
            CueKind::Idle | CueKind::EyesOpen | CueKind::Fixation => {}
            CueKind::EyesClosed => {
                feeling.eyes_closed = 1.0;
                feeling.gains(montage, |band, label| factor(&EYES_CLOSED, band, label));
            }
            CueKind::Video { trial, intended, .. } => {
                // Only what belongs to the emotion is scaled: a trial's own mood stays, as people have it too.
                let mut draw = trial_draw(seed, *trial);
                (draw.eeg, draw.face) = (draw.eeg * effect, draw.face * effect);
                feeling.gains(montage, |band, label| draw.factor(*intended, band, label));
                let model = effect_of(intended.unwrap_or(Emotion::Neutral));
                feeling.heart_rate = model.heart_rate * draw.eeg;
                feeling.respiratory = model.respiratory.powf(draw.eeg);
                feeling.face = model.face.scaled_plus(draw.face, &draw.bearing);
            }
        }
        feeling
    }

    fn gains(&mut self, montage: &Montage, factor: impl Fn(usize, &str) -> f64) {
        for (band, row) in self.log_gain.iter_mut().enumerate().take(BANDS.len()) {
            for (gain, label) in row.iter_mut().zip(&montage.labels) {
                *gain = factor(band, label).ln();
            }
        }
    }

    /// `share` of the way to the other feeling.
    fn toward(&self, other: &Feeling, share: f64) -> Feeling {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        let mut log_gain = self.log_gain;
        for (mine, theirs) in log_gain.iter_mut().flatten().zip(other.log_gain.iter().flatten()) {
            *mine = mix(*mine, *theirs);
        }
        let back = self.face.scaled_plus(1.0 - share, &Expression::default());
        Feeling {
            log_gain,
            heart_rate: mix(self.heart_rate, other.heart_rate),
            respiratory: mix(self.respiratory, other.respiratory),
            face: other.face.scaled_plus(share, &back),
            eyes_closed: mix(self.eyes_closed, other.eyes_closed),
        }
    }
}

/// The participant's feeling over time.
pub(super) struct Response {
    seed: u64,
    /// How strongly videos move the participant: 1 as modelled, 0 not at all.
    effect: f64,
    montage: Montage,
    /// Cues not yet felt with the time at which they begin to be, in order of time.
    waiting: VecDeque<(Nanos, CueKind)>,
    from: Feeling,
    to: Feeling,
    began: Nanos,
    now: Feeling,
    seen: Nanos,
    settled: bool,
}

impl Response {
    pub fn new(seed: u64, effect: f64, montage: Montage) -> Self {
        let rest = Feeling::neutral();
        Response {
            seed,
            effect,
            montage,
            waiting: VecDeque::new(),
            from: rest.clone(),
            to: rest.clone(),
            began: Nanos::MIN / 2,
            now: rest,
            seen: Nanos::MIN / 2,
            settled: true,
        }
    }

    /// Takes a cue; one that comes later than the reaction time acts from the next sample on.
    pub fn cue(&mut self, cue: &Cue) {
        let felt = cue.at.saturating_add(REACTION);
        let after = self.waiting.partition_point(|(at, _)| *at <= felt);
        self.waiting.insert(after, (felt, cue.kind.clone()));
    }

    /// Moves on to `time` (never backwards); Some where the feeling changed.
    pub fn at(&mut self, time: Nanos) -> Option<&Feeling> {
        while self.waiting.front().is_some_and(|(felt, _)| *felt <= time) {
            let Some((felt, kind)) = self.waiting.pop_front() else { break };
            let began = felt.max(self.seen);
            self.from = self.from.toward(&self.to, self.progress(began));
            self.to = Feeling::of(&kind, self.seed, self.effect, &self.montage);
            self.began = began;
            self.settled = false;
        }
        self.seen = time;
        if self.settled {
            return None;
        }
        let share = self.progress(time);
        self.now = self.from.toward(&self.to, share);
        self.settled = share >= 1.0;
        Some(&self.now)
    }

    /// Smooth in both ends (3s^2 - 2s^3).
    fn progress(&self, time: Nanos) -> f64 {
        let s = (time.saturating_sub(self.began) as f64 / RAMP as f64).clamp(0.0, 1.0);
        s * s * (3.0 - 2.0 * s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(at: Nanos, emotion: Emotion) -> Cue {
        Cue { at, kind: CueKind::Video { trial: 1, stimulus: "a".into(), intended: Some(emotion) } }
    }

    #[test]
    fn a_feeling_begins_after_the_reaction_and_is_full_after_a_second() {
        let mut response = Response::new(3, 1.0, Montage::biosemi32());
        response.cue(&video(SECOND, Emotion::Fear));
        assert!(response.at(SECOND + REACTION - 1).is_none());
        let half = response.at(SECOND + REACTION + RAMP / 2).expect("ramping").heart_rate;
        let full = response.at(2 * SECOND).expect("arriving").heart_rate;
        assert!((full - 10.0 * trial_draw(3, 1).eeg).abs() < 1e-9);
        assert!((half - full / 2.0).abs() < 1e-9);
        assert!(response.at(3 * SECOND).is_none(), "settled feelings cost nothing");
    }

    /// Without an effect two emotions give the same feeling, which still is this trial's own.
    #[test]
    fn without_an_effect_only_the_trials_own_mood_is_left() {
        let felt = |effect, emotion| {
            let mut response = Response::new(3, effect, Montage::biosemi32());
            response.cue(&video(0, emotion));
            response.at(3 * SECOND).expect("arriving").clone()
        };
        assert_eq!(felt(0.0, Emotion::Fear), felt(0.0, Emotion::Calm));
        assert_ne!(felt(1.0, Emotion::Fear), felt(1.0, Emotion::Calm));
        assert_ne!(felt(0.0, Emotion::Fear).log_gain, Feeling::neutral().log_gain);
    }

    #[test]
    fn a_cue_in_the_middle_of_a_ramp_starts_from_where_the_feeling_is() {
        let mut response = Response::new(3, 1.0, Montage::biosemi32());
        response.cue(&video(0, Emotion::Fear));
        response.cue(&Cue { at: RAMP / 2, kind: CueKind::Idle });
        let before = response.at(REACTION + RAMP / 2).expect("ramping").heart_rate;
        let after = response.at(REACTION + RAMP / 2 + 1).expect("ramping").heart_rate;
        assert!(before > 1.0 && (before - after).abs() < 1e-3, "{before} {after}");
        assert_eq!(response.at(5 * SECOND).map(|f| f.heart_rate), Some(0.0));
    }
}
