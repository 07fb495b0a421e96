//! `limbic import PATH...`: recordings and data sets of the field become ordinary sessions.

use crate::cli::{Common, progress};
use crate::exchange::{self, ReadOptions, Source};
use crate::store::rows::Session;
use crate::store::{Home, StoreError};
use crate::study::{self, StudyError};
use anyhow::bail;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Make sessions of recordings: EDF, BDF, BrainVision, XDF, EEGLAB, WFDB, npz, OpenBCI; BIDS, DEAP, MAHNOB-HCI, SEED
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic import recording.bdf --participant P11\n         limbic import DEAP/data_preprocessed_python"
)]
pub struct Args {
    /// Files, or folders of data sets
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Code of the participant; without it the data set's own, or "imported"
    #[arg(long, value_name = "CODE")]
    participant: Option<String>,
    /// Read what is whole of a truncated file instead of refusing it
    #[arg(long)]
    lenient: bool,
    /// XDF: keep every sample's own stamp instead of the straight line through them
    #[arg(long)]
    raw_stamps: bool,
}

/// One recording that was taken in.
struct Taken {
    source: Source,
    session: Session,
    format: String,
    zero_s: f64,
    notes: Vec<String>,
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let options = ReadOptions { lenient: args.lenient, raw_stamps: args.raw_stamps };
    // Looked at and, where it is a single file, opened before the home is touched: a bad file creates nothing.
    let mut found = Vec::new();
    for path in &args.paths {
        found.push((path, exchange::recognise(path)?));
    }
    let sources: Vec<Source> = found.iter().flat_map(|(_, f)| f.sources.clone()).collect();
    let mut first = match sources.as_slice() {
        [only] => Some(only.open(options)?),
        [] => bail!(
            "{} holds no recording: {}",
            args.paths[0].display(),
            found.iter().flat_map(|(_, f)| f.skipped.clone()).collect::<Vec<_>>().join("; ")
        ),
        _ => None,
    };
    if !common.json {
        for (path, f) in &found {
            println!("{}: {} ({})", path.display(), f.format, f.how);
        }
    }
    let home = Home::open(&common.home)?;
    let job = progress::job();
    // Half an import goes; after a second Ctrl-C the next opening of the home takes it away.
    let stop = progress::stop_flag()?;
    let (mut taken, mut failed, mut twice) = (Vec::new(), Vec::new(), Vec::new());
    for (done, source) in sources.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        job.report_with("import", done as u64, sources.len() as u64, &source.path().display().to_string())?;
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0);
        // One bad file does not stop the rest.
        let outcome = first.take().map_or_else(|| source.open(options), Ok).map_err(anyhow::Error::from).and_then(|opened| {
            let imported = &opened.imported;
            let (format, zero_s, notes) = (imported.format.clone(), imported.zero_s, imported.notes.clone());
            let session = match study::import(&home, opened, source, args.participant.as_deref(), now, &stop) {
                // Of several recordings those that are new are taken; a single one that is not is refused.
                Err(StudyError::Store(StoreError::Twice { session, .. })) if sources.len() > 1 => {
                    twice.push(format!("{} is already here as {session}", source.path().display()));
                    return Ok(None);
                }
                // The code is the data set's own.
                Err(StudyError::Store(bad @ StoreError::BadCode { .. })) if args.participant.is_none() => {
                    bail!("{}: {bad}; give another with --participant", source.path().display())
                }
                outcome => outcome?,
            };
            Ok(Some(Taken { source: source.clone(), session, format, zero_s, notes }))
        });
        if stop.load(Ordering::Relaxed) && outcome.is_err() {
            break;
        }
        match outcome {
            Ok(one) => taken.extend(one),
            Err(e) => failed.push(format!("{e:#}")),
        }
    }
    progress::clear();
    let skipped: Vec<&String> = found.iter().flat_map(|(_, f)| &f.skipped).chain(&twice).collect();
    if common.json {
        let how: Vec<Value> =
            found.iter().map(|(path, f)| json!({ "path": path, "format": f.format, "recognised_by": f.how })).collect();
        let sessions: Vec<Value> = taken.iter().map(described).collect();
        println!("{:#}", json!({ "found": how, "sessions": sessions, "skipped": skipped, "failed": failed }));
    } else {
        taken.iter().for_each(print);
        skipped.iter().for_each(|s| println!("! left out: {s}"));
    }
    if taken.len() + failed.len() + twice.len() < sources.len() {
        bail!("stopped: {} of {} recordings were imported, nothing is left of the others", taken.len(), sources.len());
    }
    if !failed.is_empty() {
        bail!("{} of {} recordings were not imported: {}", failed.len(), sources.len(), failed.join("; "));
    }
    Ok(())
}

fn described(taken: &Taken) -> Value {
    json!({
        "file": taken.source.path(),
        "session": taken.session,
        "format": taken.format,
        "zero_s": taken.zero_s,
        "notes": taken.notes,
    })
}

fn print(taken: &Taken) {
    let Taken { source, session, .. } = taken;
    let trials = if session.trials_planned > 0 {
        format!(", {}", crate::signal::counted(session.trials_planned as usize, "trial"))
    } else {
        String::new()
    };
    println!("{} -> session {}/{} ({}){trials}", source.path().display(), session.participant, session.number, session.id);
    for note in &taken.notes {
        println!("! {note}");
    }
}
