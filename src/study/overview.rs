//! A study at a glance: who took part, which classes have how many usable trials, what is missing, what to record next.

use crate::prepare::dataset::Target;
use crate::signal::counted;
use crate::store::rows::{Session, SessionState, Trial};
use crate::store::{Home, Recording};
use crate::study::{StudyError, datasets};
use serde::Serialize;
use std::collections::BTreeMap;

/// Fewest usable trials of a class before a model of it is worth training: four folds need one each, and some to spare.
const FEWEST_PER_CLASS: usize = 8;
/// A class with less than this share of the largest one is out of balance.
const BALANCE: f64 = 0.6;
/// Below this mean quality a session is better recorded again, of 100.
const POOR: f64 = 60.0;

/// One session in the overview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionLine {
    pub session: String,
    pub number: u32,
    pub state: SessionState,
    pub simulated: bool,
    pub source: String,
    pub trials_planned: u32,
    pub usable: usize,
    /// Usable trials without the rating that the target takes; for the intended emotion without any that was asked for.
    pub unrated: usize,
    /// The gate's, 0-100.
    pub quality: Option<f64>,
    /// Why the gate's verdict was overridden.
    pub override_reason: Option<String>,
}

/// One participant in the overview.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PersonLine {
    pub code: String,
    pub sessions: Vec<SessionLine>,
    /// Usable trials by class of the target.
    pub classes: BTreeMap<String, usize>,
}

/// The whole study; the keys are stable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overview {
    pub target: Target,
    pub participants: Vec<PersonLine>,
    pub classes: BTreeMap<String, usize>,
    pub usable: usize,
    pub unrated: usize,
    /// Smallest class over largest, 0-1; None without classes.
    pub balance: Option<f64>,
    /// What to do next, most helpful first.
    pub next: Vec<String>,
}

/// Looks at every session of a home.
///
/// # Errors
/// The home or one of its sessions cannot be read.
pub fn overview(home: &Home, target: Target) -> Result<Overview, StudyError> {
    let mut sessions = home.sessions()?;
    sessions.sort_by(|a, b| (&a.participant, a.number).cmp(&(&b.participant, b.number)));
    let mut people: BTreeMap<String, PersonLine> = BTreeMap::new();
    let mut recordings = Vec::new();
    for session in sessions {
        recordings.push(home.recording(session.id)?);
    }
    let names = datasets::classes(&recordings, target);
    for recording in &recordings {
        let code = recording.session.participant.clone();
        let zero = || names.iter().map(|n| (n.clone(), 0)).collect();
        let person = people.entry(code.clone()).or_insert_with(|| PersonLine { code, sessions: Vec::new(), classes: zero() });
        let usable: Vec<&Trial> = recording.trials.iter().filter(|t| recording.is_usable(t)).collect();
        for trial in &usable {
            if let Some(count) = datasets::label(trial, target, &names).and_then(|c| person.classes.get_mut(&names[c])) {
                *count += 1;
            }
        }
        let words = asks_for_words(&recordings, &recording.session);
        let unrated = usable.iter().filter(|t| !is_rated(t, target, words)).count();
        let quality = recording.quality.as_ref().map(|q| q.overall);
        person.sessions.push(line(&recording.session, usable.len(), unrated, quality));
    }
    let participants: Vec<PersonLine> = people.into_values().collect();
    let mut classes: BTreeMap<String, usize> = names.iter().map(|n| (n.clone(), 0)).collect();
    for (name, n) in participants.iter().flat_map(|p| &p.classes) {
        *classes.entry(name.clone()).or_default() += n;
    }
    let all = || participants.iter().flat_map(|p| &p.sessions);
    let (usable, unrated) = (all().map(|s| s.usable).sum(), all().map(|s| s.unrated).sum());
    let most = classes.values().copied().max().filter(|n| *n > 0);
    let balance = most.and_then(|most| Some(classes.values().copied().min()? as f64 / most as f64));
    let mut overview = Overview { target, participants, classes, usable, unrated, balance, next: Vec::new() };
    overview.next = next(&overview);
    Ok(overview)
}

/// Whether a session's participants chose a word for what they felt: in a lab's own ones always, in those of a data set
/// from elsewhere where at least one answer is such a word.
fn asks_for_words(recordings: &[Recording], session: &Session) -> bool {
    let of_set = recordings.iter().filter(|r| r.session.source == session.source);
    !session.source.starts_with("import:") || of_set.flat_map(|r| &r.trials).any(|t| t.rating.emotion.is_some())
}

fn is_rated(trial: &Trial, target: Target, words: bool) -> bool {
    match target {
        Target::Valence | Target::ValenceLevels => trial.rating.valence.is_some(),
        Target::Arousal | Target::ArousalLevels => trial.rating.arousal.is_some(),
        Target::Reported => trial.rating.emotion.is_some(),
        Target::Intended => trial.rating.answers(words),
    }
}

fn line(session: &Session, usable: usize, unrated: usize, quality: Option<f64>) -> SessionLine {
    SessionLine {
        session: session.id.to_string(),
        number: session.number,
        state: session.state,
        simulated: session.simulated,
        source: session.source.clone(),
        trials_planned: session.trials_planned,
        usable,
        unrated,
        quality,
        override_reason: session.override_reason.clone(),
    }
}

/// What to record, in this order: sessions that broke off, poor ones, classes that are short, people who are behind.
fn next(study: &Overview) -> Vec<String> {
    let mut said = Vec::new();
    for person in &study.participants {
        for session in &person.sessions {
            let name = format!("{}/{}", person.code, session.number);
            let missing = (session.trials_planned as usize).saturating_sub(session.usable);
            if session.state == SessionState::Interrupted && missing > 0 {
                said.push(format!(
                    "{name} was interrupted: {missing} of its {} {} to be recorded",
                    counted(session.trials_planned as usize, "trial"),
                    if missing == 1 { "is" } else { "are" }
                ));
            } else if session.quality.is_some_and(|q| q < POOR) {
                said.push(format!("{name} has a quality of {:.0} %: record it again", session.quality.unwrap_or(0.0)));
            } else if missing > 0 && session.trials_planned > 0 {
                said.push(format!("{name} lacks {missing} of its {}", counted(session.trials_planned as usize, "trial")));
            }
        }
    }
    let most = study.classes.values().copied().max().unwrap_or(0);
    let wanted = |n: usize| FEWEST_PER_CLASS.max((BALANCE * most as f64).ceil() as usize).saturating_sub(n);
    // Balance: a class that is the largest already waits until the others have caught up, however few it has.
    let level = study.classes.values().all(|n| *n == most);
    for (class, n) in study.classes.iter().filter(|(_, n)| wanted(**n) > 0 && (level || **n < most)) {
        said.push(format!("{} of {class} ({n} so far, the largest class has {most})", counted(wanted(*n), "more trial")));
    }
    if study.unrated > 0 {
        said.push(format!(
            "{} without a rating; a question left open cannot be asked later",
            counted(study.unrated, "usable trial")
        ));
    }
    let people = study.participants.len();
    if (1..3).contains(&people) {
        said.push(format!("{}: leaving one person out needs three", counted(3 - people, "more participant")));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(classes: &[(&str, usize)], sessions: Vec<SessionLine>) -> Overview {
        let classes: BTreeMap<String, usize> = classes.iter().map(|(n, c)| (n.to_string(), *c)).collect();
        let person = PersonLine { code: "P1".into(), sessions, classes: classes.clone() };
        let (target, participants) = (Target::Intended, vec![person]);
        Overview { target, participants, classes, usable: 0, unrated: 0, balance: None, next: Vec::new() }
    }

    fn session(state: SessionState, usable: usize, quality: f64) -> SessionLine {
        SessionLine {
            session: "0".into(),
            number: 1,
            state,
            simulated: false,
            source: "recorded".into(),
            trials_planned: 10,
            usable,
            unrated: 0,
            quality: Some(quality),
            override_reason: None,
        }
    }

    #[test]
    fn the_largest_class_waits_until_the_others_have_caught_up() {
        let behind = next(&study(&[("fear", 5), ("calm", 3)], Vec::new()));
        assert!(behind.iter().any(|line| line.contains("5 more trials of calm")), "{behind:?}");
        assert!(!behind.iter().any(|line| line.contains("of fear")), "{behind:?}");
        let level = next(&study(&[("fear", 5), ("calm", 5)], Vec::new()));
        assert_eq!(level.iter().filter(|line| line.contains("3 more trials")).count(), 2, "{level:?}");
    }

    #[test]
    fn what_broke_off_comes_first_then_short_classes_then_people() {
        let said = next(&study(&[("fear", 20), ("calm", 3)], vec![session(SessionState::Interrupted, 4, 90.0)]));
        assert!(said[0].contains("interrupted: 6 of its 10"), "{said:?}");
        assert!(said[1].contains("9 more trials of calm"), "{said:?}");
        assert!(said[2].contains("2 more participants"), "{said:?}");
        assert!(!said.iter().any(|line| line.contains("of fear")), "{said:?}");
        let one = next(&study(&[("fear", 9), ("calm", 7)], Vec::new()));
        assert!(one.iter().any(|line| line.contains("1 more trial of calm")), "{one:?}");
        let poor = next(&study(&[], vec![session(SessionState::Complete, 10, 41.0)]));
        assert!(poor[0].contains("quality of 41 %"), "{poor:?}");
    }
}
