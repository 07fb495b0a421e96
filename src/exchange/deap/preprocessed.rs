//! DEAP's preprocessed files: `data` (trials x channels x samples, 128 Hz, 3 s before each video) and `labels`.

use super::code;
use crate::exchange::ExchangeError;
use crate::exchange::imported::{Draft, Imported, file_name};
use crate::exchange::mat::{self, Value};
use crate::exchange::pickle;
use crate::exchange::trials::{Answers, Row};
use crate::signal::{Rating, Role};
use crate::store::rows::Participant;
use std::path::Path;

const RATE: f64 = 128.0;
/// Of every trial, before the video.
const BASELINE_S: f64 = 3.0;
/// The order of the electrodes in the preprocessed files.
const ELECTRODES: [&str; 32] = [
    "Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1", "Oz", "Pz", "Fp2", "AF4", "Fz",
    "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8", "PO4", "O2",
];
const OTHERS: [(&str, Role, &str); 8] = [
    ("hEOG", Role::Eog, "uV"),
    ("vEOG", Role::Eog, "uV"),
    ("zEMG", Role::Emg, "uV"),
    ("tEMG", Role::Emg, "uV"),
    ("GSR", Role::Eda, "au"),
    ("Resp", Role::Misc, "au"),
    ("Plet", Role::Ppg, "au"),
    ("Temp", Role::Temperature, "au"),
];

/// The value at an index of each dimension.
type Lookup<'a> = Box<dyn Fn(&[usize]) -> f64 + 'a>;

/// Values of a table of numbers with its shape.
struct Table<'a> {
    shape: Vec<usize>,
    value: Lookup<'a>,
}

/// Reads `sNN.dat`, a pickled dictionary. Nothing in it is executed.
///
/// # Errors
/// A pickle that is no dictionary of such arrays.
pub fn python(path: &Path) -> Result<Imported, ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "DEAP's pickle", why };
    let held = pickle::load(&bytes).map_err(wrong)?;
    drop(bytes);
    let table = |name: &str| {
        let array = held.array(name).ok_or_else(|| wrong(format!("it has no array called \"{name}\"")))?;
        let (shape, fortran) = (array.shape.clone(), array.fortran);
        let dims = shape.clone();
        let value = Box::new(move |at: &[usize]| array.value(place(&dims, at, fortran))) as Box<dyn Fn(&[usize]) -> f64>;
        Ok::<Table, ExchangeError>(Table { shape, value })
    };
    made(path, "DEAP (preprocessed, Python)", &table("data")?, &table("labels")?)
}

/// Reads `sNN.mat` with the same content.
///
/// # Errors
/// No MAT-file of level 5, or other variables.
pub fn matlab(path: &Path) -> Result<Imported, ExchangeError> {
    let (mut data, mut labels) = (None, None);
    mat::each(path, |name, value| {
        match name.as_str() {
            "data" => data = Some(value),
            "labels" => labels = Some(value),
            _ => {}
        }
        Ok(())
    })?;
    let wrong = |why: &str| ExchangeError::Malformed { path: path.into(), format: "DEAP's MAT-file", why: why.into() };
    let (data, labels) = data.zip(labels).ok_or_else(|| wrong("it does not hold \"data\" and \"labels\""))?;
    fn table(value: &Value) -> Table<'_> {
        let shape = value.dims().to_vec();
        let dims = shape.clone();
        let value = Box::new(move |at: &[usize]| {
            let i = place(&dims, at, true);
            match value {
                Value::Doubles { values, .. } => values.get(i).copied().unwrap_or(f64::NAN),
                Value::Singles { values, .. } => values.get(i).map_or(f64::NAN, |v| f64::from(*v)),
                _ => f64::NAN,
            }
        });
        Table { shape, value }
    }
    made(path, "DEAP (preprocessed, MATLAB)", &table(&data), &table(&labels))
}

/// Where an element stands: first dimension fastest (Fortran) or last.
fn place(shape: &[usize], at: &[usize], fortran: bool) -> usize {
    let step = |sum: usize, (size, i): (&usize, &usize)| sum.saturating_mul(*size).saturating_add(*i);
    if fortran { shape.iter().zip(at).rev().fold(0, step) } else { shape.iter().zip(at).fold(0, step) }
}

fn made(path: &Path, format: &str, data: &Table, labels: &Table) -> Result<Imported, ExchangeError> {
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "DEAP", why };
    let (&[trials, channels, samples], &[rated, scales]) = (data.shape.as_slice(), labels.shape.as_slice()) else {
        return Err(wrong(format!("data of shape {:?} and labels of shape {:?} are not DEAP's", data.shape, labels.shape)));
    };
    if channels != ELECTRODES.len() + OTHERS.len() || rated != trials || scales < 2 || samples as f64 <= BASELINE_S * RATE {
        let shapes = format!("data {:?} and labels {:?}", data.shape, labels.shape);
        return Err(wrong(format!("{shapes}; 40 channels, one row of labels a trial and more than 3 s are expected")));
    }
    let mut notes = Vec::new();
    let mut row = Row::new(RATE, channels);
    let mut odd = 0;
    for trial in 0..trials {
        let answer = |scale: usize| {
            let value = (labels.value)(&[trial, scale]) as f32;
            (scale < scales && (1.0..=9.0).contains(&value)).then_some(value)
        };
        odd += usize::from(answer(0).is_none() || answer(1).is_none());
        let number = trial as u32 + 1;
        let word = |name: &str, scale: usize| answer(scale).map(|v| format!("{name} {v}"));
        let note = [word("dominance", 2), word("liking", 3)].into_iter().flatten().collect::<Vec<_>>().join(", ");
        let rating = Rating { valence: answer(0), arousal: answer(1), emotion: None };
        let answers = Answers { number, stimulus: format!("deap-video-{number:02}"), intended: None, rating, note };
        row.add(samples, BASELINE_S, answers, |c, t| (data.value)(&[trial, c, t]) as f32);
    }
    if odd > 0 {
        notes.push(format!("{odd} trials have ratings outside 1 to 9, which are left out"));
    }
    notes.push("dominance and liking stand in the trials' notes".into());
    let electrodes = ELECTRODES.iter().map(|label| Draft::new(label, "uV", Some(Role::Eeg)));
    let drafts: Vec<Draft> = electrodes.chain(OTHERS.iter().map(|(l, r, u)| Draft::new(l, u, Some(*r)))).collect();
    let (stream, trials) = row.stream(&drafts, format!("{format}, {}", file_name(path)), &mut notes);
    let participant = Some(Participant { code: code(path), ..Participant::default() });
    Ok(Imported { format: "DEAP".into(), streams: vec![stream], trials, participant, notes, ..Imported::default() })
}
