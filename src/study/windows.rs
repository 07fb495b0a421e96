//! Which windows of a clip are learnt from: all of them, or those in which the emotion was felt.

use crate::prepare::dataset::{Dataset, Example, Target};
use crate::signal::Segment;
use crate::store::Recording;
use crate::store::rows::Trial;
use crate::study::StudyError;
use std::collections::BTreeMap;

/// See the module's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Windows {
    /// Every whole window of every usable trial.
    #[default]
    All,
    /// Windows whose middle lies in a felt segment that does not contradict the trial's label; clips without segments
    /// are left out.
    Labelled,
}

impl Windows {
    /// The choice of that name: "all" or "labelled".
    ///
    /// # Errors
    /// Any other word.
    pub fn named(name: &str) -> Result<Windows, StudyError> {
        match name {
            "all" => Ok(Windows::All),
            "labelled" => Ok(Windows::Labelled),
            other => Err(StudyError::UnknownWindows(other.into())),
        }
    }

    /// What a model's card says of it.
    pub fn caveat(self) -> Option<String> {
        let text = "learnt and judged on windows inside felt segments only; other seconds of a clip were not looked at";
        (self == Windows::Labelled).then(|| text.into())
    }
}

/// Leaves the chosen windows in `data`; answers how many there were before.
///
/// # Errors
/// Nothing is left of two classes.
pub fn choose(data: &mut Dataset, recordings: &[Recording], windows: Windows) -> Result<usize, StudyError> {
    let before = data.examples.len();
    if windows == Windows::All {
        return Ok(before);
    }
    let trials: BTreeMap<(String, u32), (&Recording, &Trial)> =
        recordings.iter().flat_map(|r| r.trials.iter().map(move |t| ((r.session.id.to_string(), t.number), (r, t)))).collect();
    let target = data.target;
    data.examples.retain(|example| {
        let Some((recording, trial)) = trials.get(&(example.session.clone(), example.trial)) else { return false };
        recording.felt(trial).into_iter().any(|segment| felt(segment, trial, target, example))
    });
    let mut counts = vec![0; data.classes.len()];
    data.trials().iter().for_each(|(_, examples)| counts[data.examples[examples[0]].label] += 1);
    if counts.iter().filter(|n| **n >= 2).count() < 2 {
        let found: Vec<String> = data.classes.iter().zip(&counts).map(|(class, n)| format!("{n} {class}")).collect();
        return Err(StudyError::NothingToTrain(format!(
            "felt segments leave {} clips; two classes need two each. Label more with `limbic label`, or leave --windows out",
            found.join(", ")
        )));
    }
    Ok(before)
}

/// The window's middle lies in the segment, and what was felt there is what the trial is labelled with.
fn felt(segment: &Segment, trial: &Trial, target: Target, example: &Example) -> bool {
    let label = match target {
        Target::Intended => trial.intended,
        Target::Reported => trial.rating.emotion,
        Target::Valence | Target::Arousal | Target::ValenceLevels | Target::ArousalLevels => None,
    };
    let agrees = segment.emotion.is_none() || label.is_none() || segment.emotion == label;
    agrees && segment.contains(example.time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Emotion;
    use crate::store::rows::TrialState;

    #[test]
    fn a_window_counts_where_its_middle_was_felt_and_agrees_with_the_label() {
        let trial = Trial {
            number: 1,
            attempt: 1,
            stimulus: "sea".into(),
            intended: Some(Emotion::Calm),
            video_on: Some(0),
            video_off: Some(20_000_000_000),
            state: TrialState::Done,
            rating: Default::default(),
            rated_by: String::new(),
            quality: None,
            note: String::new(),
        };
        let at = |time| Example {
            features: vec![],
            label: 0,
            participant: "P".into(),
            session: "s".into(),
            trial: 1,
            stimulus: "sea".into(),
            time,
        };
        let segment = Segment { from_s: 4.0, to_s: 8.0, ..Segment::default() };
        let judge = |segment: &Segment, target, time| felt(segment, &trial, target, &at(time));
        assert!(judge(&segment, Target::Intended, 4.0) && judge(&segment, Target::Intended, 8.0));
        assert!(!judge(&segment, Target::Intended, 3.9));
        let other = Segment { emotion: Some(Emotion::Fear), ..segment.clone() };
        assert!(!judge(&other, Target::Intended, 5.0), "the segment contradicts the label");
        assert!(judge(&other, Target::Valence, 5.0), "a rating of valence has no word to contradict");
        assert!(judge(&other, Target::Reported, 5.0), "nothing was reported");
        assert!(!judge(&Segment { removed: true, ..segment }, Target::Intended, 5.0));
        assert!(Windows::named("some").is_err());
    }
}
