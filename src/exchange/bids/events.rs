//! `_events.tsv` and its JSON: trials with what was answered, markers, gaps; and the answers once more as behaviour.

use crate::exchange::outgoing::Event;
use crate::exchange::trial_text;
use crate::exchange::tsv::Table;
use crate::signal::Emotion;
use crate::store::rows::Trial;
use serde_json::{Map, Value, json};

const COLUMNS: [&str; 15] = [
    "onset",
    "duration",
    "trial_type",
    "description",
    "trial",
    "attempt",
    "state",
    "stimulus",
    "intended",
    "valence",
    "arousal",
    "emotion",
    "rated_by",
    "quality",
    "sample",
];

/// One row an event; onsets in seconds by the count of samples.
pub(super) fn table(events: &[Event], rate: f64) -> String {
    let mut table = Table::new(&COLUMNS);
    for event in events {
        let t = event.trial.as_ref();
        let description = t.map_or(event.text.clone(), |t| t.note.clone());
        let mut row = vec![event.onset_s.to_string(), event.duration_s.to_string(), event.kind.clone(), description];
        row.extend(answers(t));
        row.push(((event.onset_s * rate).round() as i64).to_string());
        table.rows.push(row);
    }
    table.text()
}

/// trial, attempt, state, stimulus, intended, valence, arousal, emotion, rated_by, quality.
fn answers(trial: Option<&Trial>) -> Vec<String> {
    let Some(t) = trial else { return vec![String::new(); 10] };
    let scale = |v: Option<f32>| v.map(|v| v.to_string()).unwrap_or_default();
    let word = |e: Option<Emotion>| e.map(|e| e.name().to_string()).unwrap_or_default();
    vec![
        t.number.to_string(),
        t.attempt.to_string(),
        trial_text::state(t.state).into(),
        t.stimulus.clone(),
        word(t.intended),
        scale(t.rating.valence),
        scale(t.rating.arousal),
        word(t.rating.emotion),
        t.rated_by.clone(),
        t.quality.map(|q| q.to_string()).unwrap_or_default(),
    ]
}

/// The latest attempt at each trial, without times: what was answered.
pub(super) fn behaviour(trials: &[Trial]) -> String {
    let mut table = Table::new(&COLUMNS[4..14]);
    table.rows = trials.iter().map(|t| answers(Some(t))).collect();
    table.text()
}

/// What the columns mean; `player` names what showed the videos.
pub(super) fn describe(player: &str, only_answers: bool) -> Value {
    let words: Map<String, Value> =
        Emotion::ALL.iter().map(|e| (e.name().to_string(), json!(format!("felt {}", e.name())))).collect();
    let scale = |what: &str, low: &str, high: &str| {
        json!({
            "LongName": what,
            "Description": format!("self-assessment manikin, 1 ({low}) to 9 ({high})"),
            "Minimum": 1, "Maximum": 9, "Format": "number", "Units": "arbitrary",
        })
    };
    let mut about = Map::new();
    let mut say = |name: &str, text: Value| about.insert(name.into(), text);
    if !only_answers {
        say(
            "trial_type",
            json!({
                "Description": "trial: a video from its first to its last picture; BAD_gap: samples that were lost; others: markers",
                "Levels": { "trial": "one attempt at one video", "BAD_gap": "samples were lost" },
            }),
        );
        say("description", json!({ "Description": "text of a marker, note on a trial" }));
        say("sample", json!({ "Description": "0-based sample of the recording at the onset" }));
        say(
            "StimulusPresentation",
            json!({ "SoftwareName": "limbic", "SoftwareVersion": env!("CARGO_PKG_VERSION"), "OperatingSystem": "Linux", "Code": format!("player: {player}") }),
        );
    }
    say("trial", json!({ "Description": "number of the trial in the session's order, from 1" }));
    say("attempt", json!({ "Description": "1, 2, ...: a repeated trial keeps its earlier attempts" }));
    let states = json!({
        "done": "shown to its end", "interrupted": "paused in the middle", "redone": "replaced by a later attempt",
        "skipped": "not shown", "running": "the recording ended during it",
    });
    say("state", json!({ "Description": "how the attempt ended", "Levels": states }));
    say("stimulus", json!({ "Description": "name of the video; the videos themselves are not part of the data set" }));
    say("intended", json!({ "Description": "the emotion that the video is meant to raise" }));
    say("valence", scale("valence", "unpleasant", "pleasant"));
    say("arousal", scale("arousal", "calm", "excited"));
    say("emotion", json!({ "Description": "the emotion that the participant reports", "Levels": Value::Object(words) }));
    say("rated_by", json!({ "Description": "who entered the ratings" }));
    say("quality", json!({ "Description": "EEG quality during the video", "Minimum": 0, "Maximum": 100, "Format": "number" }));
    Value::Object(about)
}
