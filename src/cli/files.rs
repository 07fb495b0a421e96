//! What a SESSION|FILE argument means: a file of the field where there is one, else a stored session.

use crate::cli::Common;
use crate::exchange::{self, Loaded, ReadOptions};
use crate::prepare::Signals;
use crate::signal::Role;
use crate::store::{Home, Recording};
use anyhow::Context;
use std::path::Path;

/// The EEG of a file or of a session.
///
/// # Errors
/// The file cannot be read, or neither a file nor a session has that name, or it has no EEG.
pub fn load(name: &Path, lenient: bool, common: &Common) -> anyhow::Result<Loaded> {
    if name.exists() || name.extension().is_some() {
        return Ok(exchange::load(name, ReadOptions { lenient, ..ReadOptions::default() })?);
    }
    let home = Home::view(&common.home)?;
    let session = home.find_session(&name.to_string_lossy())?;
    stored(&home.recording(session.id)?)
}

fn stored(recording: &Recording) -> anyhow::Result<Loaded> {
    let eeg = crate::study::stored_signals(recording)?;
    let row = recording.streams.iter().find(|s| !s.info.with_role(Role::Eeg).is_empty()).context("the session has no EEG")?;
    let mut notes = Vec::new();
    let mut segments = eeg.segments();
    if segments.len() > 1 {
        notes.push(format!("only the longest of {} stretches between gaps is used", segments.len()));
    }
    segments.sort_by_key(|s| s.signals.samples());
    let eeg: Signals = segments.pop().context("the session has no samples")?.signals;
    let rail = row.info.channels.iter().find(|c| c.role == Role::Eeg).and_then(|c| c.rail);
    Ok(Loaded { format: "session".into(), stream: row.info.clone(), eeg, rail, notes })
}
