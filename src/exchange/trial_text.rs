//! Trials and durations as one line of text, for formats that know nothing but text; and back.

use crate::signal::{Emotion, Rating, Segment};
use crate::store::rows::{Trial, TrialState};

/// "trial 3.1 done intended=fear valence=6 arousal=2.5 emotion=sadness quality=93 stimulus=clip 7.mp4": number, attempt,
/// state, then what is known; the stimulus is the rest of the line.
pub fn write(trial: &Trial) -> String {
    let mut text = format!("trial {}.{} {}", trial.number, trial.attempt, state(trial.state));
    let mut add = |name: &str, value: Option<String>| {
        text += &value.map(|v| format!(" {name}={v}")).unwrap_or_default();
    };
    add("intended", trial.intended.map(|e| e.name().into()));
    add("valence", trial.rating.valence.map(|v| v.to_string()));
    add("arousal", trial.rating.arousal.map(|v| v.to_string()));
    add("emotion", trial.rating.emotion.map(|e| e.name().into()));
    add("quality", trial.quality.map(|q| q.to_string()));
    add("stimulus", Some(trial.stimulus.clone()));
    text
}

/// A trial without its times; None: the text is something else.
pub fn read(text: &str) -> Option<Trial> {
    let mut words = text.strip_prefix("trial ")?.splitn(3, ' ');
    let (number, attempt) = words.next()?.split_once('.')?;
    let (state, rest) = (state_named(words.next()?)?, words.next().unwrap_or_default());
    let (head, stimulus) = rest.split_once("stimulus=").unwrap_or((rest, ""));
    let value =
        |name: &str| head.split_whitespace().find_map(|word| word.split_once('=').filter(|(n, _)| *n == name)).map(|(_, v)| v);
    let emotion = |name: &str| value(name).and_then(|v| v.parse::<Emotion>().ok());
    let rating = Rating {
        valence: value("valence").and_then(|v| v.parse().ok()),
        arousal: value("arousal").and_then(|v| v.parse().ok()),
        emotion: emotion("emotion"),
    };
    Some(Trial {
        number: number.parse().ok()?,
        attempt: attempt.parse().ok()?,
        stimulus: stimulus.into(),
        intended: emotion("intended"),
        video_on: None,
        video_off: None,
        state,
        rating,
        rated_by: String::new(),
        quality: value("quality").and_then(|v| v.parse().ok()),
        note: String::new(),
    })
}

/// "felt 3.1/2 emotion=fear intensity=7 live=no marked=1700000000000000000 by=experimenter": trial, attempt and number,
/// then what is known; who said so is the rest of the line.
pub fn write_felt(segment: &Segment) -> String {
    let mut text = format!("felt {}.{}/{}", segment.trial, segment.attempt, segment.number);
    text += &segment.emotion.map(|e| format!(" emotion={}", e.name())).unwrap_or_default();
    text += &segment.intensity.map(|i| format!(" intensity={i}")).unwrap_or_default();
    let live = if segment.live { "yes" } else { "no" };
    text + &format!(" live={live} marked={} by={}", segment.marked_utc, segment.by)
}

/// A segment without its seconds; None: the text is something else.
pub fn read_felt(text: &str) -> Option<Segment> {
    let (name, rest) = text.strip_prefix("felt ")?.split_once(' ')?;
    let (trial, rest_of_name) = name.split_once('.')?;
    let (attempt, number) = rest_of_name.split_once('/')?;
    let (head, by) = rest.split_once("by=")?;
    let value = |name: &str| head.split_whitespace().find_map(|w| w.split_once('=').filter(|(n, _)| *n == name)).map(|(_, v)| v);
    Some(Segment {
        trial: trial.parse().ok()?,
        attempt: attempt.parse().ok()?,
        number: number.parse().ok()?,
        emotion: value("emotion").and_then(|v| v.parse().ok()),
        intensity: value("intensity").and_then(|v| v.parse().ok()).filter(|i| (1..=9).contains(i)),
        by: by.into(),
        live: value("live") == Some("yes"),
        marked_utc: value("marked").and_then(|v| v.parse().ok()).unwrap_or(0),
        ..Segment::default()
    })
}

/// The word of a state in files.
pub fn state(state: TrialState) -> &'static str {
    match state {
        TrialState::Running => "running",
        TrialState::Done => "done",
        TrialState::Interrupted => "interrupted",
        TrialState::Redone => "redone",
        TrialState::Skipped => "skipped",
    }
}

/// The state of that word.
pub fn state_named(word: &str) -> Option<TrialState> {
    let all = [TrialState::Running, TrialState::Done, TrialState::Interrupted, TrialState::Redone, TrialState::Skipped];
    all.into_iter().find(|s| state(*s) == word)
}

/// A text with how long it lasted: a marker has no field for that.
pub fn with_duration(text: &str, seconds: f64) -> String {
    if seconds > 0.0 { format!("{text} (lasts {seconds} s)") } else { text.into() }
}

/// The text, and how long it lasted.
pub fn split_duration(text: &str) -> (&str, f64) {
    let parts = text.strip_suffix(" s)").and_then(|t| t.rsplit_once(" (lasts "));
    let long = |s: &str| s.parse().ok().filter(|s: &f64| s.is_finite() && *s > 0.0);
    parts.and_then(|(text, s)| Some((text, long(s)?))).unwrap_or((text, 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_and_durations_come_back() {
        let text = "trial 3.2 done intended=fear valence=6.5 emotion=calm quality=93 stimulus=clip = 7.mp4";
        let trial = read(text).expect("a trial");
        assert_eq!(
            (trial.number, trial.attempt, trial.intended, trial.stimulus.as_str()),
            (3, 2, Some(Emotion::Fear), "clip = 7.mp4")
        );
        assert_eq!((trial.rating.valence, trial.rating.arousal, trial.rating.emotion), (Some(6.5), None, Some(Emotion::Calm)));
        assert_eq!(write(&trial), text);
        assert_eq!((read("trial"), read("video-on: x")), (None, None));
        let felt = Segment { trial: 2, attempt: 1, number: 3, intensity: Some(7), by: "P 1".into(), ..Segment::default() };
        let (felt, rated) = (Segment { emotion: Some(Emotion::Fear), live: true, ..felt.clone() }, felt);
        assert_eq!((read_felt(&write_felt(&felt)), read_felt(&write_felt(&rated))), (Some(felt), Some(rated)));
        assert_eq!((read_felt("felt fear"), read_felt("felt 1/2 by=")), (None, None));
        assert_eq!(split_duration(&with_duration("T1", 4.2)), ("T1", 4.2));
        for other in ["note (s)", "note (lasts inf s)", "note (lasts -1 s)"] {
            assert_eq!(split_duration(other), (other, 0.0));
        }
    }
}
