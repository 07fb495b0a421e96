//! What a path holds, and how that was found out.

use super::imported::file_name;
use super::{ExchangeError, Imported, Opened, ReadOptions};
use super::{bids, brainvision, deap, edf, eeglab, mahnob, mat, npz, openbci, seed, wfdb, xdf};
use std::io::Read;
use std::path::{Path, PathBuf};

/// One recording that can be read by itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    Edf(PathBuf),
    BrainVision(PathBuf),
    Xdf(PathBuf),
    Eeglab(PathBuf),
    Wfdb(PathBuf),
    Npz(PathBuf),
    OpenBci(PathBuf),
    Bids(bids::Run),
    /// DEAP, preprocessed for Python.
    DeapPython(PathBuf),
    /// DEAP, preprocessed for MATLAB.
    DeapMatlab(PathBuf),
    /// DEAP's original BDF and the table of ratings.
    DeapOriginal(PathBuf, PathBuf),
    /// A MAHNOB-HCI session: its BDF and session.xml.
    Mahnob(PathBuf, PathBuf),
    Seed(PathBuf),
}

/// What was found under a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// "EDF or BDF", "BIDS", "DEAP (preprocessed, Python)", ...
    pub format: &'static str,
    /// By what it was recognised, for people: "its first bytes are \"XDF:\"".
    pub how: String,
    pub sources: Vec<Source>,
    /// What lies there and is left out, and why.
    pub skipped: Vec<String>,
}

impl Source {
    /// The file that names it.
    pub fn path(&self) -> &Path {
        match self {
            Source::Edf(p) | Source::BrainVision(p) | Source::Xdf(p) | Source::Eeglab(p) | Source::Wfdb(p) | Source::Npz(p) => p,
            Source::OpenBci(p) | Source::DeapPython(p) | Source::DeapMatlab(p) | Source::DeapOriginal(p, _) => p,
            Source::Mahnob(p, _) | Source::Seed(p) => p,
            Source::Bids(run) => &run.recording,
        }
    }

    /// Reads the recording, but leaves the samples of EDF and BDF files where they are: long ones need not be in memory.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn open(&self, options: ReadOptions) -> Result<Opened, ExchangeError> {
        match self {
            Source::Edf(path) => edf::open(path, options).map(|(imported, later)| Opened { imported, later }),
            other => other.read(options).map(Opened::from),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// See [`ExchangeError`].
    pub fn read(&self, options: ReadOptions) -> Result<Imported, ExchangeError> {
        match self {
            Source::Edf(path) => edf::read_with(path, options),
            Source::BrainVision(path) => brainvision::read(path, options),
            Source::Xdf(path) => xdf::read(path, options),
            Source::Eeglab(path) => eeglab::read(path),
            Source::Wfdb(path) => wfdb::read(path, options),
            Source::Npz(path) => npz::read(path),
            Source::OpenBci(path) => openbci::read(path),
            Source::Bids(run) => bids::read(run, options),
            Source::DeapPython(path) => deap::python(path),
            Source::DeapMatlab(path) => deap::matlab(path),
            Source::DeapOriginal(bdf, ratings) => deap::original(bdf, ratings, options),
            Source::Mahnob(bdf, xml) => mahnob::read(bdf, xml, options),
            Source::Seed(path) => seed::read(path),
        }
    }
}

/// Looks at the first bytes of a file, or at what a folder holds.
///
/// # Errors
/// Nothing is there, or nothing that limbic knows.
pub fn recognise(path: &Path) -> Result<Recognised, ExchangeError> {
    let unknown = || ExchangeError::UnknownKind { path: path.into() };
    let info = std::fs::metadata(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    if info.is_dir() { folder(path)?.ok_or_else(unknown) } else { file(path)?.ok_or_else(unknown) }
}

fn one(format: &'static str, how: impl Into<String>, source: Source) -> Option<Recognised> {
    Some(Recognised { format, how: how.into(), sources: vec![source], skipped: Vec::new() })
}

fn ending(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn file(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    let mut first = vec![0u8; 256];
    let cannot = |cause| ExchangeError::Read { path: path.into(), cause };
    let mut stream = std::fs::File::open(path).map_err(cannot)?.take(256);
    let mut n = 0;
    while n < first.len() {
        match stream.read(&mut first[n..]).map_err(cannot)? {
            0 => break,
            more => n += more,
        }
    }
    first.truncate(n);
    let own = path.to_path_buf();
    let bytes = |what: &str| format!("its first bytes are {what}");
    let text = String::from_utf8_lossy(&first);
    let text = text.trim_start_matches('\u{feff}');
    Ok(if first.starts_with(b"XDF:") {
        one("XDF", bytes("\"XDF:\""), Source::Xdf(own))
    } else if first.starts_with(b"\xFFBIOSEMI") {
        one("BDF", bytes("255 and \"BIOSEMI\""), Source::Edf(own))
    } else if first.starts_with(b"0       ") {
        one("EDF", bytes("\"0\" and spaces"), Source::Edf(own))
    } else if text.starts_with("Brain") && text.contains("Data Exchange Header") {
        one("BrainVision", "its first line is that of a BrainVision header", Source::BrainVision(own))
    } else if first.starts_with(b"%OpenBCI") {
        one("OpenBCI text", bytes("\"%OpenBCI\""), Source::OpenBci(own))
    } else if first.starts_with(b"PK") && matches!(ending(path).as_str(), "npz" | "") {
        one("npz", bytes("those of a zip and its name ends with .npz"), Source::Npz(own))
    } else if mat::looks_like(&first) || first.starts_with(b"\x89HDF") || first.starts_with(b"MATLAB 7.3") {
        Some(matlab(path)?)
    } else {
        by_name(path, &first)
    })
}

fn by_name(path: &Path, first: &[u8]) -> Option<Recognised> {
    let beside = |end: &str| Some(path.with_extension(end)).filter(|p| p.is_file());
    let own = path.to_path_buf();
    match ending(path).as_str() {
        "edf" | "bdf" => one("EDF or BDF", "its name ends so", Source::Edf(own)),
        "vhdr" => one("BrainVision", "its name ends with .vhdr", Source::BrainVision(own)),
        "eeg" | "vmrk" if beside("vhdr").is_some() => {
            one("BrainVision", "a .vhdr of that name lies beside it", Source::BrainVision(path.with_extension("vhdr")))
        }
        "hea" => one("WFDB", "its name ends with .hea", Source::Wfdb(own)),
        "dat" | "atr" if beside("hea").is_some() => {
            one("WFDB", "a .hea of that name lies beside it", Source::Wfdb(path.with_extension("hea")))
        }
        "fdt" if beside("set").is_some() => {
            one("EEGLAB", "a .set of that name lies beside it", Source::Eeglab(path.with_extension("set")))
        }
        "dat" if first.starts_with(b"\x80") || first.starts_with(b"(d") => {
            one("DEAP (preprocessed, Python)", "it begins like a pickle and its name ends with .dat", Source::DeapPython(own))
        }
        "npz" => one("npz", "its name ends so", Source::Npz(own)),
        "xdf" => one("XDF", "its name ends so", Source::Xdf(own)),
        "set" => one("EEGLAB", "its name ends so", Source::Eeglab(own)),
        "bids" | "json" if file_name(path) == "dataset_description.json" => folder(path.parent()?).ok().flatten(),
        _ => None,
    }
}

/// MAT-files are told apart by their name and, for DEAP and SEED, by their variables.
fn matlab(path: &Path) -> Result<Recognised, ExchangeError> {
    let own = path.to_path_buf();
    let made = if ending(path) == "set" {
        one("EEGLAB", "it is a MAT-file and its name ends with .set", Source::Eeglab(own))
    } else if path.with_extension("hea").is_file() {
        one("WFDB", "a .hea of that name lies beside the MAT-file", Source::Wfdb(path.with_extension("hea")))
    } else {
        let mut names = Vec::new();
        mat::each(path, |name, _| {
            names.push(name);
            Ok(())
        })?;
        let has = |name: &str| names.iter().any(|n| n == name);
        if has("data") && has("labels") {
            one("DEAP (preprocessed, MATLAB)", "it holds \"data\" and \"labels\"", Source::DeapMatlab(own))
        } else if names.iter().any(|n| seed::trial_number(n).is_some()) {
            one("SEED or SEED-IV", "its variables are called NAME_eeg1, NAME_eeg2, ...", Source::Seed(own))
        } else if has("EEG") {
            one("EEGLAB", "it holds \"EEG\"", Source::Eeglab(own))
        } else {
            let what = format!("a MAT-file of {}", names.join(", "));
            let way_out = "limbic knows those of EEGLAB, DEAP, SEED and SEED-IV; save the samples as npz with rate and channels";
            return Err(ExchangeError::Unsupported { path: path.into(), what, way_out: way_out.into() });
        }
    };
    made.ok_or_else(|| ExchangeError::UnknownKind { path: path.into() })
}

/// The names in a folder, in order.
pub(super) fn names(path: &Path) -> Result<Vec<PathBuf>, ExchangeError> {
    let cannot = |cause| ExchangeError::Read { path: path.into(), cause };
    let mut found: Vec<PathBuf> = std::fs::read_dir(path).map_err(cannot)?.flatten().map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

fn folder(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    if path.join("dataset_description.json").is_file() {
        let (runs, skipped) = bids::runs(path)?;
        let sources = runs.into_iter().map(Source::Bids).collect();
        let how = "it holds dataset_description.json".into();
        return Ok(Some(Recognised { format: "BIDS", how, sources, skipped }));
    }
    for find in [deap::folder, mahnob::folder, seed::folder] {
        if let Some(found) = find(path)? {
            return Ok(Some(found));
        }
    }
    each_file(path)
}

/// A folder of recordings: every file by itself.
fn each_file(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    let (mut sources, mut skipped) = (Vec::new(), Vec::new());
    for name in names(path)?.into_iter().filter(|p| p.is_file()) {
        match file(&name) {
            Ok(Some(found)) => {
                // The parts of one recording name the same source.
                found.sources.into_iter().for_each(|s| {
                    if !sources.contains(&s) {
                        sources.push(s)
                    }
                });
            }
            Ok(None) => skipped.push(format!("{}: of no format that limbic knows", file_name(&name))),
            Err(e) => skipped.push(e.to_string()),
        }
    }
    let how = format!("each of its files was looked at; {} are recordings", sources.len());
    Ok((!sources.is_empty()).then_some(Recognised { format: "folder of recordings", how, sources, skipped }))
}
