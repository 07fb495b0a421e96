//! `limbic export ... --what labels|predictions|features --to npz|parquet`: flat tables for other programs.

use super::Args;
use crate::cli::{Common, progress, text};
use crate::exchange::{npz, parquet};
use crate::store::rows::Session;
use crate::store::{Home, Recording};
use crate::study::datasets::eeg_dataset;
use crate::study::{self, Features, tables};
use anyhow::bail;
use serde_json::json;
use std::path::Path;

/// Writes one table about all the sessions.
///
/// # Errors
/// A session that cannot be read, nothing to write, a place that cannot be written.
pub fn run(args: &Args, home: &Home, sessions: &[Session], output: &Path, common: &Common) -> anyhow::Result<()> {
    let mut recordings: Vec<Recording> = Vec::with_capacity(sessions.len());
    let job = progress::job();
    for (done, session) in sessions.iter().enumerate() {
        job.report_with("read", done as u64, sessions.len() as u64, &session.participant)?;
        recordings.push(home.recording(session.id)?);
    }
    let mut left_out = Vec::new();
    let table = match args.what.as_str() {
        "labels" => tables::labels(&recordings),
        "predictions" => tables::predictions(home, &recordings)?,
        _ => {
            let target = study::target_named(args.target.as_deref().unwrap_or("intended"))?;
            let features = Features::named(args.features.as_deref().unwrap_or("psd"))?;
            let made = eeg_dataset(&recordings, target, features, &job)?;
            left_out = made.left_out;
            let simulated = sessions.iter().filter(|s| s.simulated).map(|s| s.id.to_string()).collect();
            tables::features(&made.dataset, &simulated)
        }
    };
    progress::clear();
    let rows = table.rows();
    if rows == 0 {
        match args.what.as_str() {
            "predictions" => bail!("nothing was predicted for these sessions yet; `limbic train` and `limbic predict` do it"),
            what => bail!("these sessions have no trial; there are no {what} to write"),
        }
    }
    let columns = match args.to.as_str() {
        "parquet" => {
            let (columns, notes) = table.flat();
            parquet::write(output, &columns, &notes)?;
            columns.len()
        }
        _ => {
            let arrays = table.arrays();
            npz::write(output, &arrays)?;
            arrays.len()
        }
    };
    let simulated = sessions.iter().any(|s| s.simulated);
    if common.json {
        println!(
            "{}",
            json!({ "output": output, "what": args.what, "rows": rows, "columns": columns, "left_out": left_out, "simulated": simulated })
        );
    } else {
        let mark = text::simulated_mark(simulated);
        left_out.iter().for_each(|why| println!("! left out: {why}"));
        println!("{rows} rows of {} of {} sessions{mark} in {}", args.what, sessions.len(), output.display());
    }
    Ok(())
}
