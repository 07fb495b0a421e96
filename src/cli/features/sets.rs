//! Feature sets beyond the plain band powers: whole recordings with their heart beats, cleaned where asked.

use super::Args;
use crate::cli::Common;
use crate::exchange;
use crate::exchange::edf::ReadOptions;
use crate::exchange::npz::{self, Array, Values};
use crate::prepare::eeg::Cleaning;
use crate::prepare::interplay::SdgOptions;
use crate::prepare::physiology::{Physiology, heart_beats, physiology};
use crate::prepare::recipes::{FeatureOptions, FeatureSet, FeatureTable, Material, features};
use crate::signal::{Role, StreamInfo, seconds};
use crate::store::rows::StreamRow;
use crate::store::{Home, Recording};
use anyhow::{Context, bail};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

struct Made {
    path: PathBuf,
    stream: StreamInfo,
    physiology: Physiology,
    table: FeatureTable,
}

/// Makes, prints and, where asked, writes the set.
///
/// # Errors
/// As [`super::run`]; a recording without the channels that the set needs.
pub fn run(set: FeatureSet, args: &Args, common: &Common) -> anyhow::Result<()> {
    let cleaning = args.clean.then(|| Cleaning { keep: args.keep.clone(), remove: args.remove.clone(), ..Cleaning::default() });
    let options = FeatureOptions {
        cleaning,
        psd: args.psd(),
        sdg: SdgOptions { mode: args.mode.into(), intercept: args.intercept, ..SdgOptions::default() },
        per_trial_mean: args.mean,
        ..FeatureOptions::default()
    };
    let make = |path: &PathBuf| -> anyhow::Result<Made> {
        let (stream, physiology) = load(path, set, args.lenient, common)?;
        let table = features(set, Material::whole(&physiology.eeg, physiology.companions()), &options)
            .with_context(|| format!("cannot make {} of {}", set.name(), path.display()))?;
        Ok(Made { path: path.clone(), stream, physiology, table })
    };
    let made = args.files.iter().map(make).collect::<anyhow::Result<Vec<_>>>()?;
    let Some(first) = made.first() else { bail!("no file was given") };
    if let Some(other) = made.iter().find(|m| m.table.recipe != first.table.recipe) {
        bail!("{} has other channels than {}; make their features in two runs", other.path.display(), first.path.display());
    }
    if let Some(output) = &args.output {
        npz::write(output, &arrays(&made, &first.table))?;
    }
    let mut out = std::io::stdout().lock();
    if common.json {
        let value = json!({
            "recipe": first.table.recipe,
            "recipe_id": first.table.recipe.id(),
            "shape": shape(&made, &first.table),
            "output": args.output,
            "files": made.iter().map(described).collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{value:#}")?);
    }
    made.iter().try_for_each(|m| print(&mut out, m))?;
    let shape: Vec<String> = shape(&made, &first.table).iter().map(usize::to_string).collect();
    writeln!(out, "features {}, recipe {}", shape.join(" x "), first.table.recipe.id())?;
    match &args.output {
        Some(output) => writeln!(out, "written to {}", output.display())?,
        None => writeln!(out, "nothing written; name a file with -o")?,
    }
    Ok(())
}

/// EEG, EOG and beats of a session or a file.
fn load(path: &Path, set: FeatureSet, lenient: bool, common: &Common) -> anyhow::Result<(StreamInfo, Physiology)> {
    let (stream, physiology) = if path.exists() || path.extension().is_some() {
        of_file(path, lenient)?
    } else {
        let home = Home::view(&common.home)?;
        let session = home.find_session(&path.to_string_lossy())?;
        of_session(&home.recording(session.id)?)?
    };
    if set.needs_beats() && physiology.beats.is_empty() {
        let why = physiology.notes.iter().find(|n| n.starts_with("no heart beats")).map_or("", |n| n.as_str());
        bail!(
            "{}: {} needs an ECG or PPG beside the EEG; {}",
            path.display(),
            set.name(),
            if why.is_empty() { "it has none" } else { why }
        );
    }
    Ok((stream, physiology))
}

/// One stream's samples, channels x samples, and when they begin, s on an axis that all streams share.
struct Table {
    info: StreamInfo,
    start_s: f64,
    data: Vec<Vec<f32>>,
}

fn of_file(path: &Path, lenient: bool) -> anyhow::Result<(StreamInfo, Physiology)> {
    let imported = exchange::read(path, ReadOptions { lenient, raw_stamps: false })?;
    let tables = imported.streams.into_iter().map(|s| Table { info: s.info, start_s: s.start_s, data: s.data });
    let (info, mut physiology) = joined(tables.collect()).with_context(|| format!("{} cannot be used", path.display()))?;
    physiology.notes.splice(0..0, imported.notes);
    Ok((info, physiology))
}

fn of_session(recording: &Recording) -> anyhow::Result<(StreamInfo, Physiology)> {
    let table = |row: &StreamRow| -> anyhow::Result<Table> {
        let block = recording.whole(row.info.id)?;
        let start_s = seconds(block.start - recording.session.started);
        Ok(Table { info: row.info.clone(), start_s, data: block.data })
    };
    let signals = recording.streams.iter().filter(|row| !row.info.channels.is_empty());
    joined(signals.map(table).collect::<anyhow::Result<_>>()?)
}

/// The stream with the most EEG; where it has no heart channel, another stream's beats on its time axis.
fn joined(mut tables: Vec<Table>) -> anyhow::Result<(StreamInfo, Physiology)> {
    let most = (0..tables.len()).max_by_key(|&i| tables[i].info.with_role(Role::Eeg).len()).context("there are no signals")?;
    let eeg = tables.swap_remove(most);
    let mut physiology = physiology(&eeg.info.channels, eeg.info.rate, &eeg.data)?;
    if heart_beats(&eeg.info.channels, eeg.info.rate, &eeg.data).is_none() {
        let beats = |t: &Table| Some((t.start_s, heart_beats(&t.info.channels, t.info.rate, &t.data)?));
        if let Some((start_s, found)) = tables.iter().find_map(beats) {
            let shift = start_s - eeg.start_s - physiology.first_s;
            let inside = |t: &f64| (0.0..=physiology.eeg.seconds()).contains(t);
            physiology.beats = found?.into_iter().map(|t| t + shift).filter(inside).collect();
        }
    }
    Ok((eeg.info, physiology))
}

fn shape(made: &[Made], first: &FeatureTable) -> Vec<usize> {
    std::iter::once(made.iter().map(|m| m.table.rows.len()).sum()).chain(first.shape.iter().copied()).collect()
}

fn arrays(made: &[Made], first: &FeatureTable) -> Vec<Array> {
    let shape = shape(made, first);
    let rows = || made.iter().enumerate().flat_map(|(i, m)| m.table.rows.iter().map(move |row| (i, row)));
    let files: Vec<String> = made.iter().map(|m| m.path.display().to_string()).collect();
    let recipe = serde_json::to_string(&first.recipe).unwrap_or_default();
    vec![
        Array::new("features", &shape, Values::F32(rows().flat_map(|(_, (_, values))| values.iter().copied()).collect())),
        Array::new("time_s", &shape[..1], Values::F64(rows().map(|(i, (time, _))| made[i].physiology.first_s + time).collect())),
        Array::new("file", &shape[..1], Values::I64(rows().map(|(i, _)| i as i64).collect())),
        Array::labels("files", &files),
        Array::labels("channels", &first.recipe.channels),
        Array::labels("bands", &first.recipe.bands),
        Array::labels("recipe", &[recipe]),
        Array::labels("recipe_id", &[first.recipe.id()]),
    ]
}

fn described(made: &Made) -> serde_json::Value {
    json!({
        "file": made.path,
        "rate_hz": made.physiology.eeg.rate,
        "samples": made.physiology.eeg.samples(),
        "simulated": made.stream.simulated,
        "beats": made.physiology.beats.len(),
        "rows": made.table.rows.len(),
        "cleaning": made.table.cleaning,
        "notes": made.physiology.notes.iter().chain(&made.table.notes).collect::<Vec<_>>(),
    })
}

fn print(out: &mut impl Write, made: &Made) -> std::io::Result<()> {
    let eeg = &made.physiology.eeg;
    let mark = if made.stream.simulated { "  SIMULATED" } else { "" };
    let beats = made.physiology.beats.len();
    let shape = format!("{} EEG channels, {} Hz, {:.1} s, {beats} heart beats", eeg.labels.len(), eeg.rate, eeg.seconds());
    writeln!(out, "{}: {shape}{mark}", made.path.display())?;
    made.physiology.notes.iter().chain(&made.table.notes).try_for_each(|note| writeln!(out, "! {note}"))?;
    writeln!(out, "{} rows", made.table.rows.len())
}
