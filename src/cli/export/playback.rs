//! The EEG of a recording as a file for BrainFlow's playback board.

use crate::acquire::brainflow::{self, playback};
use crate::cli::{Common, files};
use anyhow::{Context, bail};
use std::path::Path;

pub fn run(source: &Path, output: &Path, common: &Common) -> anyhow::Result<()> {
    let loaded = files::load(source, false, common)?;
    let library = brainflow::library(common.lib_dir.as_deref())?;
    let channels: Vec<Vec<f32>> = loaded.eeg.data.iter().map(|c| c.iter().map(|v| *v as f32).collect()).collect();
    let Some((board, descr)) = playback::master_board_for(&library, channels.len(), loaded.eeg.rate) else {
        bail!("no board of BrainFlow's has {} EEG channels", channels.len());
    };
    let start_utc = chrono::Utc::now().timestamp() as f64;
    let signals = playback::Signals { rate: loaded.eeg.rate, start_utc, channels };
    let samples = playback::write_file(output, &descr, &signals).with_context(|| format!("cannot write {}", output.display()))?;
    if common.json {
        let value = serde_json::json!({ "output": output, "samples": samples, "master_board": board, "rate_hz": signals.rate });
        println!("{value}");
        return Ok(());
    }
    let labels: Vec<String> = loaded.eeg.labels.iter().map(|l| format!("\"{l}\"")).collect();
    println!("{} samples of {} channels as {}. The device for a rig:\n", samples, labels.len(), descr.name);
    println!("[[device]]\nkind = \"brainflow\"\nboard = \"playback\"\nmontage = [{}]", labels.join(", "));
    println!("[device.params]\nfile = \"{}\"\nmaster_board = {board}", output.display());
    Ok(())
}
