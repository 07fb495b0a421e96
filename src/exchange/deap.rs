//! DEAP (Koelstra et al. 2012): 32 people, 40 music videos, ratings of valence, arousal, dominance and liking, 1 to 9.

mod original;
mod preprocessed;

pub use original::original;
pub use preprocessed::{matlab, python};

use super::ExchangeError;
use super::imported::file_name;
use super::recognise::{Recognised, Source, names};
use std::path::{Path, PathBuf};

/// A folder of DEAP's: s01.dat, s01.mat or s01.bdf and so on, in it or in the folder it is usually unpacked to.
///
/// # Errors
/// The folder cannot be read.
pub fn folder(path: &Path) -> Result<Option<Recognised>, ExchangeError> {
    for inner in ["", "data_preprocessed_python", "data_preprocessed_matlab", "data_original"] {
        let folder = if inner.is_empty() { path.to_path_buf() } else { path.join(inner) };
        if !folder.is_dir() {
            continue;
        }
        let subjects: Vec<PathBuf> = names(&folder)?.into_iter().filter(|p| subject(p).is_some()).collect();
        for (end, format) in [
            ("dat", "DEAP (preprocessed, Python)"),
            ("mat", "DEAP (preprocessed, MATLAB)"),
            ("bdf", "DEAP (original recordings)"),
        ] {
            let found: Vec<&PathBuf> = subjects.iter().filter(|p| p.extension().is_some_and(|e| e == end)).collect();
            let ratings = [&folder, &folder.join(".."), &path.join("metadata_csv"), &path.join("../metadata_csv")]
                .map(|place| place.join("participant_ratings.csv"));
            let ratings = ratings.into_iter().find(|p| p.is_file());
            if found.is_empty() || (end == "bdf" && ratings.is_none()) {
                continue;
            }
            let source = |p: &PathBuf| match (end, &ratings) {
                ("dat", _) => Source::DeapPython(p.clone()),
                ("mat", _) => Source::DeapMatlab(p.clone()),
                (_, Some(ratings)) => Source::DeapOriginal(p.clone(), ratings.clone()),
                _ => Source::Edf(p.clone()),
            };
            let sources: Vec<Source> = found.into_iter().map(source).collect();
            let how = format!("it holds {} files called s01.{end}, s02.{end}, ...", sources.len());
            let skipped = subjects.iter().filter(|p| !sources.iter().any(|s| s.path() == p.as_path()));
            let skipped = skipped.map(|p| format!("{}: the .{end} files are read", file_name(p))).collect();
            return Ok(Some(Recognised { format, how, sources, skipped }));
        }
    }
    Ok(None)
}

/// The number in "s01.dat".
fn subject(path: &Path) -> Option<u32> {
    let stem = path.file_stem()?.to_str()?;
    let digits = stem.strip_prefix(['s', 'S'])?;
    (digits.len() == 2).then(|| digits.parse().ok()).flatten()
}

/// "deap-01".
fn code(path: &Path) -> String {
    subject(path).map_or_else(|| "deap".into(), |n| format!("deap-{n:02}"))
}
