//! Labels: the emotion a video is meant to raise, the one the participant reports, ratings 1-9, markers.

use crate::signal::Nanos;
use serde::{Deserialize, Serialize};

/// The categories of algorithms 5.2, plus "calm" as the low-arousal pleasant one that many playlists use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    Neutral,
    Happiness,
    Sadness,
    Anger,
    Fear,
    Disgust,
    Surprise,
    Amusement,
    Anxiety,
    Calm,
}

/// A word that names none of the emotions.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "\"{0}\" is not an emotion limbic knows; use one of neutral, happiness, sadness, anger, fear, disgust, surprise, amusement, anxiety, calm"
)]
pub struct UnknownEmotion(pub String);

impl Emotion {
    pub const ALL: [Emotion; 10] = [
        Emotion::Neutral,
        Emotion::Happiness,
        Emotion::Sadness,
        Emotion::Anger,
        Emotion::Fear,
        Emotion::Disgust,
        Emotion::Surprise,
        Emotion::Amusement,
        Emotion::Anxiety,
        Emotion::Calm,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Emotion::Neutral => "neutral",
            Emotion::Happiness => "happiness",
            Emotion::Sadness => "sadness",
            Emotion::Anger => "anger",
            Emotion::Fear => "fear",
            Emotion::Disgust => "disgust",
            Emotion::Surprise => "surprise",
            Emotion::Amusement => "amusement",
            Emotion::Anxiety => "anxiety",
            Emotion::Calm => "calm",
        }
    }

    /// The key that answers with it on the rating screen; disjoint from digits and control keys.
    pub fn key(self) -> char {
        match self {
            Emotion::Neutral => 'n',
            Emotion::Happiness => 'h',
            Emotion::Sadness => 's',
            Emotion::Anger => 'a',
            Emotion::Fear => 'f',
            Emotion::Disgust => 'd',
            Emotion::Surprise => 'u',
            Emotion::Amusement => 'm',
            Emotion::Anxiety => 'x',
            Emotion::Calm => 'c',
        }
    }
}

impl std::fmt::Display for Emotion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for Emotion {
    type Err = UnknownEmotion;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Emotion::ALL.into_iter().find(|e| e.name().eq_ignore_ascii_case(word.trim())).ok_or_else(|| UnknownEmotion(word.into()))
    }
}

/// What is asked after a trial, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Question {
    #[default]
    Valence,
    Arousal,
    Feeling,
}

/// A participant's answers after one trial: self-assessment on the 1-9 manikin scales (Bradley and Lang 1994)
/// and one emotion word. `None` = not answered.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rating {
    pub valence: Option<f32>,
    pub arousal: Option<f32>,
    pub emotion: Option<Emotion>,
}

impl Rating {
    /// All three answered.
    pub fn is_complete(&self) -> bool {
        self.valence.is_some() && self.arousal.is_some() && self.emotion.is_some()
    }

    /// These answers with newer ones: what `newer` does not answer stays.
    pub fn with(self, newer: Rating) -> Rating {
        Rating {
            valence: newer.valence.or(self.valence),
            arousal: newer.arousal.or(self.arousal),
            emotion: newer.emotion.or(self.emotion),
        }
    }

    /// These answers without that to one question.
    pub fn without(mut self, question: Question) -> Rating {
        match question {
            Question::Valence => self.valence = None,
            Question::Arousal => self.arousal = None,
            Question::Feeling => self.emotion = None,
        }
        self
    }

    /// What was asked is answered: valence and arousal, and the emotion's word where words were asked for.
    pub fn answers(&self, words: bool) -> bool {
        self.valence.is_some() && self.arousal.is_some() && (!words || self.emotion.is_some())
    }

    /// A sentence about the first value outside 1-9, if any.
    pub fn problem(&self) -> Option<String> {
        [("valence", self.valence), ("arousal", self.arousal)].into_iter().find_map(|(name, value)| {
            let value = value?;
            (!(1.0..=9.0).contains(&value)).then(|| format!("{name} {value} is outside the scale of 1 to 9"))
        })
    }
}

/// Both labels of a trial: what the video was chosen for and what was felt. Either can be the target of training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Label {
    pub intended: Option<Emotion>,
    pub reported: Rating,
}

/// Seconds of a video in which an emotion was felt: people do not hold one for a whole clip. Kept apart from the
/// trial's own rating; trial, attempt and number name it, a later row of the same name replaces it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Segment {
    pub trial: u32,
    pub attempt: u32,
    /// 1, 2, ... within the attempt; a removed one keeps its number.
    pub number: u32,
    /// Seconds since the video's first frame.
    pub from_s: f64,
    pub to_s: f64,
    /// None: the one that the trial's rating names.
    pub emotion: Option<Emotion>,
    /// 1 (barely) to 9 (as strong as can be).
    pub intensity: Option<u8>,
    /// "participant" or "experimenter".
    pub by: String,
    /// Marked while the video ran, not afterwards on its timeline.
    pub live: bool,
    pub marked_utc: Nanos,
    /// Taken back; the row stays in the journal.
    pub removed: bool,
}

impl Segment {
    /// Shortest that means anything, s.
    pub const SHORTEST_S: f64 = 0.1;

    pub fn contains(&self, second: f64) -> bool {
        !self.removed && (self.from_s..=self.to_s).contains(&second)
    }

    /// A sentence about what is wrong with it, where the video is `length_s` long.
    pub fn problem(&self, length_s: f64) -> Option<String> {
        let Segment { from_s, to_s, intensity, .. } = self;
        if !(from_s.is_finite() && to_s.is_finite() && *from_s >= 0.0 && to_s - from_s >= Segment::SHORTEST_S - 1e-9) {
            return Some(format!("a segment from {from_s:.1} to {to_s:.1} s is none; it needs 0.1 s at least, from 0 on"));
        }
        if *to_s > length_s + 0.05 {
            return Some(format!("the segment ends at {to_s:.1} s, and the video at {length_s:.1} s"));
        }
        let strength = intensity.filter(|i| !(1..=9).contains(i))?;
        Some(format!("intensity {strength} is outside the scale of 1 to 9"))
    }
}

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    pub at: Nanos,
    pub kind: MarkerKind,
    /// Details for people: the stimulus, the note's text, the reason.
    pub text: String,
    /// The trial it belongs to, where it belongs to one.
    #[serde(default)]
    pub trial: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkerKind {
    SessionStart,
    SessionEnd,
    EyesOpen,
    EyesClosed,
    Fixation,
    VideoOn,
    VideoOff,
    RatingOn,
    RatingOff,
    Rest,
    Pause,
    Resume,
    Redo,
    Skip,
    Abort,
    /// The experimenter pressed the marker key.
    Marker,
    /// Another program said so, over the network.
    External,
    /// The experimenter wrote a note.
    Note,
    /// The gate was passed, or overridden for the reason in the text.
    Gate,
    Override,
    /// A device failed, stalled, came back, or samples were lost.
    Trouble,
}

impl MarkerKind {
    pub const ALL: [MarkerKind; 21] = [
        MarkerKind::SessionStart,
        MarkerKind::SessionEnd,
        MarkerKind::EyesOpen,
        MarkerKind::EyesClosed,
        MarkerKind::Fixation,
        MarkerKind::VideoOn,
        MarkerKind::VideoOff,
        MarkerKind::RatingOn,
        MarkerKind::RatingOff,
        MarkerKind::Rest,
        MarkerKind::Pause,
        MarkerKind::Resume,
        MarkerKind::Redo,
        MarkerKind::Skip,
        MarkerKind::Abort,
        MarkerKind::Marker,
        MarkerKind::External,
        MarkerKind::Note,
        MarkerKind::Gate,
        MarkerKind::Override,
        MarkerKind::Trouble,
    ];

    /// The kind of that name.
    pub fn named(word: &str) -> Option<MarkerKind> {
        MarkerKind::ALL.into_iter().find(|kind| kind.name() == word)
    }

    pub fn name(self) -> &'static str {
        match self {
            MarkerKind::SessionStart => "session-start",
            MarkerKind::SessionEnd => "session-end",
            MarkerKind::EyesOpen => "eyes-open",
            MarkerKind::EyesClosed => "eyes-closed",
            MarkerKind::Fixation => "fixation",
            MarkerKind::VideoOn => "video-on",
            MarkerKind::VideoOff => "video-off",
            MarkerKind::RatingOn => "rating-on",
            MarkerKind::RatingOff => "rating-off",
            MarkerKind::Rest => "rest",
            MarkerKind::Pause => "pause",
            MarkerKind::Resume => "resume",
            MarkerKind::Redo => "redo",
            MarkerKind::Skip => "skip",
            MarkerKind::Abort => "abort",
            MarkerKind::Marker => "marker",
            MarkerKind::External => "external",
            MarkerKind::Note => "note",
            MarkerKind::Gate => "gate",
            MarkerKind::Override => "override",
            MarkerKind::Trouble => "trouble",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_bounds_and_holds_its_seconds() {
        let segment = Segment { from_s: 2.0, to_s: 5.5, intensity: Some(7), ..Segment::default() };
        assert!(segment.contains(2.0) && segment.contains(5.5) && !segment.contains(5.6));
        assert_eq!(segment.problem(10.0), None);
        assert!(segment.problem(5.0).expect("too late").contains("the video at 5.0 s"));
        assert!(Segment { to_s: 2.0, ..segment.clone() }.problem(10.0).is_some());
        assert!(Segment { from_s: f64::NAN, ..segment.clone() }.problem(10.0).is_some());
        assert!(Segment { intensity: Some(0), ..segment.clone() }.problem(10.0).expect("off").contains("1 to 9"));
        assert!(!Segment { removed: true, ..segment }.contains(3.0));
    }
}
