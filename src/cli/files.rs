//! What a SESSION|FILE argument means: a file of the field, or a stored session.

use crate::cli::Common;
use crate::prepare::signals::Signals;
use crate::store::Home;
use crate::study;
use std::path::Path;

/// EEG signals of a file, or of a session when no such file exists.
///
/// # Errors
/// The file cannot be read, or neither a file nor a session has that name.
pub fn eeg_signals(name: &str, common: &Common) -> anyhow::Result<Signals> {
    let path = Path::new(name);
    if path.is_file() || path.extension().is_some() {
        return Ok(crate::exchange::load_signals(path)?);
    }
    let home = Home::view(&common.home)?;
    let session = home.find_session(name)?;
    Ok(study::stored_signals(&home.recording(session.id)?)?)
}
