//! SEED and SEED-IV (Zheng and Lu 2015; Zheng et al. 2019): MAT-files of a person's day, a variable a film clip.

use super::ExchangeError;
use super::imported::{Draft, Imported, file_name};
use super::mat::{self, Value};
use super::recognise::{Recognised, Source, names};
use super::trials::{Answers, Row};
use crate::signal::{Emotion, Rating, Role};
use crate::store::rows::Participant;
use std::path::{Path, PathBuf};

const RATE: f64 = 200.0;
/// Both data sets' order of electrodes.
const ELECTRODES: [&str; 62] = [
    "Fp1", "Fpz", "Fp2", "AF3", "AF4", "F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8", "FT7", "FC5", "FC3", "FC1", "FCz",
    "FC2", "FC4", "FC6", "FT8", "T7", "C5", "C3", "C1", "Cz", "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1", "CPz", "CP2",
    "CP4", "CP6", "TP8", "P7", "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO5", "PO3", "POz", "PO4", "PO6", "PO8",
    "CB1", "O1", "Oz", "O2", "CB2",
];
/// SEED-IV's labels of its three sessions: 0 neutral, 1 sadness, 2 fear, 3 happiness.
const FOUR: [[u8; 24]; 3] = [
    [1, 2, 3, 0, 2, 0, 0, 1, 0, 1, 2, 1, 1, 1, 2, 3, 2, 2, 3, 3, 0, 3, 0, 3],
    [2, 1, 3, 0, 0, 2, 0, 2, 3, 3, 2, 3, 2, 0, 1, 1, 2, 1, 0, 3, 0, 1, 3, 1],
    [1, 2, 2, 1, 3, 3, 3, 1, 1, 2, 1, 0, 2, 3, 3, 0, 2, 3, 0, 0, 2, 0, 1, 0],
];

/// The number in "djc_eeg12".
pub(super) fn trial_number(variable: &str) -> Option<u32> {
    let (_, digits) = variable.rsplit_once("_eeg")?;
    digits.parse().ok().filter(|n| (1..=1000).contains(n))
}

/// A folder of files called 1_20131027.mat, in it or in the folders that the data sets unpack to.
///
/// # Errors
/// The folder cannot be read.
pub fn folder(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    let mut places = vec![path.to_path_buf()];
    for inner in ["Preprocessed_EEG", "eeg_raw_data", "1", "2", "3", "eeg_raw_data/1", "eeg_raw_data/2", "eeg_raw_data/3"] {
        places.push(path.join(inner));
    }
    let (mut sources, mut skipped) = (Vec::new(), Vec::new());
    for place in places.into_iter().filter(|p| p.is_dir()) {
        for file in names(&place)?.into_iter().filter(|p| p.extension().is_some_and(|e| e == "mat")) {
            match person(&file) {
                Some(_) => sources.push(Source::Seed(file)),
                None if file_name(&file) == "label.mat" => {}
                None => skipped.push(format!("{}: it is not called PERSON_DATE.mat", file_name(&file))),
            }
        }
    }
    let how = format!("{} of its files are called PERSON_DATE.mat", sources.len());
    Ok((!sources.is_empty()).then_some(Recognised { format: "SEED or SEED-IV", how, sources, skipped }))
}

/// The person in "1_20131027.mat".
fn person(path: &Path) -> Option<u32> {
    let (person, date) = path.file_stem()?.to_str()?.split_once('_')?;
    (date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit())).then(|| person.parse().ok()).flatten()
}

/// Reads one file. Intended emotions come from `label.mat` beside it (SEED) or, for 24 clips, from SEED-IV's list of the
/// session whose folder (1, 2 or 3) it lies in.
///
/// # Errors
/// Another MAT-file.
pub fn read(path: &Path) -> Result<Imported, ExchangeError> {
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "SEED", why };
    let mut clips: Vec<(u32, usize, Vec<f32>)> = Vec::new();
    let mut notes = Vec::new();
    mat::each(path, |name, value| {
        match (trial_number(&name), value.dims()) {
            (Some(number), &[channels, samples]) if channels == ELECTRODES.len() => {
                let values = match value {
                    Value::Singles { values, .. } => values,
                    other => other.numbers().into_iter().map(|v| v as f32).collect(),
                };
                clips.push((number, samples, values));
            }
            (Some(_), dims) => return Err(wrong(format!("{name} has the shape {dims:?}; 62 channels are expected"))),
            _ => notes.push(format!("variable {name} is left out")),
        }
        Ok(())
    })?;
    if clips.is_empty() {
        return Err(wrong("none of its variables is called NAME_eeg1, NAME_eeg2, ...".into()));
    }
    clips.sort_by_key(|(number, ..)| *number);
    let (intended, source) = labels(path, clips.len());
    notes.push(source);
    let mut row = Row::new(RATE, ELECTRODES.len());
    for (number, samples, values) in clips {
        let intended = intended.get(number as usize - 1).copied().flatten();
        let answers = Answers {
            number,
            stimulus: format!("seed-clip-{number:02}"),
            intended,
            rating: Rating::default(),
            note: String::new(),
        };
        row.add(samples, 0.0, answers, |c, t| values[t * ELECTRODES.len() + c]);
    }
    let drafts: Vec<Draft> = ELECTRODES.iter().map(|l| Draft::new(l, "uV", Some(Role::Eeg))).collect();
    let (stream, trials) = row.stream(&drafts, format!("SEED file {}", file_name(path)), &mut notes);
    let code = person(path).map_or("seed".into(), |n| format!("seed-{n:02}"));
    let participant = Some(Participant { code, ..Participant::default() });
    Ok(Imported { format: "SEED".into(), streams: vec![stream], trials, participant, notes, ..Imported::default() })
}

/// The emotion that each clip is meant to raise, and where that was learnt.
fn labels(path: &Path, clips: usize) -> (Vec<Option<Emotion>>, String) {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside: Vec<PathBuf> =
        [folder.join("label.mat"), folder.join("../label.mat")].into_iter().filter(|p| p.is_file()).collect();
    for file in beside {
        let mut found = Vec::new();
        let read = mat::each(&file, |name, value| {
            if name == "label" {
                found = value.numbers();
            }
            Ok(())
        });
        if read.is_ok() && !found.is_empty() {
            let emotion = |v: &f64| match *v as i32 {
                1 => Some(Emotion::Happiness),
                0 => Some(Emotion::Neutral),
                -1 => Some(Emotion::Sadness),
                _ => None,
            };
            let said = "label.mat says which clips are positive (taken for happiness), neutral and negative (taken for sadness)";
            return (found.iter().map(emotion).collect(), said.into());
        }
    }
    let session =
        folder.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse::<usize>().ok()).filter(|n| (1..=3).contains(n));
    match session.filter(|_| clips == 24) {
        Some(n) => {
            let emotions = [Emotion::Neutral, Emotion::Sadness, Emotion::Fear, Emotion::Happiness];
            let named = FOUR[n - 1].iter().map(|code| emotions.get(usize::from(*code)).copied()).collect();
            (named, format!("24 clips in a folder called {n}: the labels are those of SEED-IV's session {n}"))
        }
        None => (Vec::new(), "no label.mat lies beside the file; its trials have no intended emotion".into()),
    }
}
