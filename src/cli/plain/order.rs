//! One line of `limbic --plain` as what it asks for.

use crate::lab::message::Action;
use crate::signal::{Emotion, Rating};
use crate::store::rows::{Consent, Participant};
use std::path::PathBuf;

/// The words that the line mode knows, in the order of a session; help prints them.
pub const WORDS: [(&str, &str); 24] = [
    ("participant CODE [age=25-34] [sex=f] [hand=right] [note=\"...\"]", "who; a code, never a name"),
    ("consent recording [face] [share] by=INITIALS [form=\"v3\"]", "what was agreed to; prepares the session"),
    ("resume", "instead of both: the newest interrupted session goes on"),
    ("devices [RIG.toml]", "connects the rig, or the simulated one"),
    ("gate", "how good the signals are, and what to mend"),
    ("override REASON", "goes on below the gate"),
    ("begin", "starts the recording and the trials"),
    ("wait gate | rating | end | training | SECONDS", "until then"),
    ("rate valence=1-9 arousal=1-9 emotion=WORD [by=participant] [reason=\"...\"]", "answers after a video"),
    ("rate simulated", "answers as the simulated participant would"),
    ("next", "ends a baseline or a rest now"),
    ("pause [REASON]", "holds the trial; samples go on being written"),
    ("continue", "goes on"),
    ("redo REASON", "the trial again"),
    ("skip REASON", "leaves the trial out"),
    ("abort CODE", "ends the session; the participant's code confirms"),
    ("note TEXT", "stored with the time"),
    ("marker TEXT", "stored in the markers"),
    ("status", "where it stands, in one line"),
    ("summary", "what was recorded"),
    ("train [seed=0]", "on every recorded session"),
    ("review", "trials, predictions, scores of the newest session"),
    ("explain [CLASS]", "which electrodes and bands a class was told by"),
    ("quit", "leaves"),
];

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Kept until the consent comes.
    Participant(Participant),
    Consent(Consent),
    Resume,
    Do(Action),
    RateSimulated,
    Wait(Until),
    Gate,
    Status,
    Summary,
    Review,
    Explain(Option<String>),
    Help,
    Quit,
    Nothing,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Until {
    Gate,
    Rating,
    End,
    Training,
    Seconds(f64),
}

/// Words of a line: quotes hold blanks together.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut open) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, open) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The value of `key=value` among the words.
fn value<'a>(words: &'a [String], key: &str) -> Option<&'a str> {
    words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix('='))
}

/// Refuses words that would be left unheard.
fn known(words: &[String], keys: &[&str], bare: &[&str]) -> Result<(), String> {
    let strange = words.iter().find(|w| match w.split_once('=') {
        Some((key, _)) => !keys.contains(&key),
        None => !bare.contains(&w.as_str()),
    });
    strange.map_or(Ok(()), |w| Err(format!("\"{w}\" is not understood here; help lists the words")))
}

/// Understands a line.
///
/// # Errors
/// One sentence: what is wrong with it.
pub fn parse(line: &str) -> Result<Order, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Order::Nothing);
    }
    let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(w, r)| (w, r.trim()));
    let words = split(rest);
    let text = |what: &str| if rest.is_empty() { Err(format!("{word} needs {what}")) } else { Ok(split(rest).join(" ")) };
    Ok(match word {
        "participant" => participant(&words)?,
        "consent" => consent(&words)?,
        "resume" => Order::Resume,
        "devices" => Order::Do(Action::Connect { rig: words.first().map(PathBuf::from) }),
        "gate" => Order::Gate,
        "override" => Order::Do(Action::Override { reason: text("a reason")? }),
        "begin" => Order::Do(Action::Begin),
        "wait" => Order::Wait(until(rest)?),
        "rate" if rest == "simulated" => Order::RateSimulated,
        "rate" => rate(&words)?,
        "next" => Order::Do(Action::Next),
        "pause" => {
            Order::Do(Action::Pause { reason: if rest.is_empty() { "paused by the experimenter".into() } else { rest.into() } })
        }
        "continue" => Order::Do(Action::Continue),
        "redo" => Order::Do(Action::Redo { reason: text("a reason")?, trial: None }),
        "skip" => Order::Do(Action::Skip { reason: text("a reason")?, trial: None }),
        "abort" => Order::Do(Action::Abort { typed: text("the participant's code")? }),
        "note" => Order::Do(Action::Note { text: text("a few words")? }),
        "marker" => Order::Do(Action::Mark { text: text("a few words")?, pressed: None }),
        "status" => Order::Status,
        "summary" => Order::Summary,
        "train" => {
            known(&words, &["seed"], &[])?;
            let seed = value(&words, "seed").unwrap_or("0");
            let seed = seed.parse().map_err(|_| format!("\"{seed}\" is no seed; write a whole number"))?;
            Order::Do(Action::Train { sessions: Vec::new(), seed })
        }
        "stop" => Order::Do(Action::StopJob),
        "review" => Order::Review,
        "explain" => Order::Explain(words.first().cloned()),
        "help" | "?" => Order::Help,
        "quit" => Order::Quit,
        _ => return Err(format!("\"{word}\" is no command; help lists them")),
    })
}

fn participant(words: &[String]) -> Result<Order, String> {
    let code = words.first().filter(|w| !w.contains('=')).ok_or("participant needs a code, such as P07; never a name")?;
    known(&words[1..], &["age", "sex", "hand", "note"], &[])?;
    let text = |key| value(words, key).unwrap_or_default().to_string();
    Ok(Order::Participant(Participant {
        code: code.clone(),
        age_band: text("age"),
        sex: text("sex"),
        handedness: text("hand"),
        note: text("note"),
    }))
}

fn consent(words: &[String]) -> Result<Order, String> {
    known(words, &["by", "form"], &["recording", "face", "share"])?;
    let has = |word: &str| words.iter().any(|w| w == word);
    if !has("recording") {
        return Err("without consent to recording nothing can be recorded: consent recording by=INITIALS".into());
    }
    let by = value(words, "by").filter(|v| !v.is_empty()).ok_or("consent needs by=INITIALS: who witnessed it")?;
    Ok(Order::Consent(Consent {
        recording: true,
        face_stored: has("face"),
        face_shared: has("face") && has("share"),
        form: value(words, "form").unwrap_or_default().into(),
        experimenter: by.into(),
        ..Consent::default()
    }))
}

fn rate(words: &[String]) -> Result<Order, String> {
    known(words, &["valence", "arousal", "emotion", "by", "reason"], &[])?;
    let scale = |key: &str| {
        let number = |v: &str| v.parse::<f32>().map_err(|_| format!("{key}=\"{v}\" is no number from 1 to 9"));
        value(words, key).map(number).transpose()
    };
    let emotion = value(words, "emotion").map(|w| w.parse::<Emotion>().map_err(|e| e.to_string())).transpose()?;
    let rating = Rating { valence: scale("valence")?, arousal: scale("arousal")?, emotion };
    if let Some(problem) = rating.problem() {
        return Err(problem);
    }
    let by = value(words, "by").unwrap_or("participant").into();
    Ok(Order::Do(Action::Rate { rating, by, done: true, reason: value(words, "reason").unwrap_or_default().into() }))
}

fn until(what: &str) -> Result<Until, String> {
    Ok(match what {
        "gate" => Until::Gate,
        "rating" => Until::Rating,
        "end" => Until::End,
        "training" => Until::Training,
        other => match other.parse::<f64>() {
            Ok(seconds) if seconds > 0.0 && seconds < 1e6 => Until::Seconds(seconds),
            _ => return Err(format!("wait for what? \"{other}\" is none of gate, rating, end, training, seconds")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_order() {
        assert_eq!(parse("  # nothing"), Ok(Order::Nothing));
        let Ok(Order::Participant(p)) = parse("participant P07 age=25-34 note=\"left ear plugged\"") else {
            panic!("participant")
        };
        assert_eq!((p.code.as_str(), p.age_band.as_str(), p.note.as_str()), ("P07", "25-34", "left ear plugged"));
        let Ok(Order::Consent(c)) = parse("consent recording face by=MK form=\"v3, signed\"") else { panic!("consent") };
        assert!(c.recording && c.face_stored && !c.face_shared && c.form == "v3, signed" && c.experimenter == "MK");
        let Ok(Order::Do(Action::Rate { rating, done: true, .. })) = parse("rate valence=7 arousal=3 emotion=calm") else {
            panic!("rate")
        };
        assert!(rating.is_complete());
        assert_eq!(parse("note T7 came \"loose\""), Ok(Order::Do(Action::Note { text: "T7 came loose".into() })));
        assert_eq!(parse("wait 2.5"), Ok(Order::Wait(Until::Seconds(2.5))));
    }

    #[test]
    fn what_is_wrong_is_one_sentence() {
        for (line, words) in [
            ("begn", "\"begn\" is no command"),
            ("participant", "needs a code"),
            ("participant Anna Smith", "\"Smith\" is not understood"),
            ("consent by=MK", "without consent"),
            ("consent recording", "who witnessed"),
            ("rate valence=12", "outside the scale"),
            ("rate valence=high", "no number"),
            ("override", "needs a reason"),
            ("wait for it", "none of gate"),
        ] {
            assert!(parse(line).is_err_and(|e| e.contains(words)), "{line}");
        }
    }
}
