//! MAHNOB-HCI (Soleymani et al. 2012): a folder a trial with a BDF file and `session.xml`.

use super::imported::{Imported, ReadOptions};
use super::recognise::{Recognised, Source, names};
use super::trials::{Answers, trial};
use super::xml::{self, Element};
use super::{ExchangeError, edf};
use crate::signal::{Emotion, Rating, Role, to_nanos};
use crate::store::rows::Participant;
use std::path::{Path, PathBuf};

/// Recorded before and after every video.
const MARGIN_S: f64 = 30.0;

/// A session's folder, or a folder of them, also under "Sessions".
///
/// # Errors
/// The folder cannot be read.
pub fn folder(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    let places: Vec<PathBuf> = match path.join("Sessions") {
        inner if inner.is_dir() => names(&inner)?,
        _ if path.join("session.xml").is_file() => vec![path.into()],
        _ => names(path)?,
    };
    let (mut sources, mut skipped) = (Vec::new(), Vec::new());
    for place in places.into_iter().filter(|p| p.join("session.xml").is_file()) {
        let bdf = names(&place)?.into_iter().find(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("bdf")));
        match bdf {
            Some(bdf) => sources.push(Source::Mahnob(bdf, place.join("session.xml"))),
            None => skipped.push(format!("{}: no BDF file lies beside session.xml", place.display())),
        }
    }
    let how = format!("{} of its folders hold session.xml and a BDF file", sources.len());
    Ok((!sources.is_empty()).then_some(Recognised { format: "MAHNOB-HCI", how, sources, skipped }))
}

/// Reads one session.
///
/// # Errors
/// As the BDF reader; a session.xml that is damaged.
pub fn read(bdf: &Path, xml: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let bytes = std::fs::read(xml).map_err(|cause| ExchangeError::Read { path: xml.into(), cause })?;
    let wrong = |why: &str| ExchangeError::Malformed { path: xml.into(), format: "MAHNOB-HCI", why: why.into() };
    let root = xml::parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| wrong("it is no XML"))?;
    let session = root.find("session").ok_or_else(|| wrong("it has no element \"session\""))?;
    let mut imported = edf::read_with(bdf, options)?;
    name_heart(&mut imported);
    let subject = root.find("subject");
    let code = subject.and_then(|s| s.attribute("id")).map_or("mahnob".into(), |id| format!("mahnob-{id:0>2}"));
    let sex = match subject.and_then(|s| s.attribute("gender")).map(str::to_ascii_lowercase).as_deref() {
        Some("female" | "f") => "f",
        Some("male" | "m") => "m",
        _ => "",
    };
    imported.participant = Some(Participant { code, sex: sex.into(), ..Participant::default() });
    imported.format = "MAHNOB-HCI".into();
    let is_stimulus = session.attribute("isStim").is_none_or(|v| v == "1");
    match answers(session, &mut imported.notes).zip(video(&imported)).filter(|_| is_stimulus) {
        Some((answers, (on, off))) => imported.trials = vec![trial(answers, to_nanos(on), to_nanos(off))],
        None => imported.notes.push("the session shows no video that was rated; it has no trial".into()),
    }
    Ok(imported)
}

/// EXG1 to EXG3 are chest electrodes.
fn name_heart(imported: &mut Imported) {
    for channel in imported.streams.iter_mut().flat_map(|s| &mut s.info.channels) {
        if matches!(channel.label.as_str(), "EXG1" | "EXG2" | "EXG3") {
            channel.role = Role::Ecg;
        }
    }
}

fn answers(session: &Element, notes: &mut Vec<String>) -> Option<Answers> {
    let figure = |name: &str| session.attribute(name).and_then(|v| v.trim().parse::<f32>().ok());
    let scale = |name: &str| figure(name).filter(|v| (1.0..=9.0).contains(v));
    let word = figure("feltEmo").map(|code| code as i32);
    let emotion = word.and_then(emotion);
    if let (Some(code), None) = (word, emotion) {
        notes.push(format!("the felt emotion {code} of MAHNOB's list has no word in limbic and is left out"));
    }
    let rating = Rating { valence: scale("feltVlnc"), arousal: scale("feltArsl"), emotion };
    let text = |name: &str, word: &str| figure(name).map(|v| format!("{word} {v}"));
    let note =
        [text("feltCtrl", "control"), text("feltPred", "predictability")].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let number = figure("cutNr").map_or(1, |n| n.max(1.0) as u32);
    let stimulus = session.attribute("mediaFile").unwrap_or("unknown").to_string();
    (rating != Rating::default()).then_some(Answers { number, stimulus, intended: None, rating, note })
}

/// The codes of the manual's table of emotions.
fn emotion(code: i32) -> Option<Emotion> {
    Some(match code {
        0 => Emotion::Neutral,
        1 => Emotion::Anger,
        2 => Emotion::Disgust,
        3 => Emotion::Fear,
        4 => Emotion::Happiness,
        5 => Emotion::Sadness,
        6 => Emotion::Surprise,
        11 => Emotion::Amusement,
        12 => Emotion::Anxiety,
        _ => return None,
    })
}

/// Between the first and the last change of the Status channel; without one, all but half a minute at either end.
fn video(imported: &Imported) -> Option<(f64, f64)> {
    let stream = imported.streams.iter().max_by_key(|s| s.data.first().map_or(0, Vec::len))?;
    let length = stream.data.first()?.len() as f64 / stream.info.rate;
    let edges: Vec<f64> = stream
        .info
        .with_role(Role::Trigger)
        .first()
        .map(|c| {
            let data = &stream.data[*c];
            let low = |v: f32| v as u32 & 0xFF;
            let rises = (1..data.len()).filter(|t| low(data[*t]) != low(data[t - 1]) && low(data[*t]) != 0);
            rises.map(|t| t as f64 / stream.info.rate).collect()
        })
        .unwrap_or_default();
    let (on, off) = match edges.as_slice() {
        [first, .., last] if last - first > 1.0 => (*first, *last),
        _ => (MARGIN_S, length - MARGIN_S),
    };
    (off > on).then_some((on, off))
}
