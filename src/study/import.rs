//! Files of the field become ordinary sessions.

use crate::exchange::edf::Imported;
use crate::signal::{Nanos, Seed};
use crate::store::Home;
use crate::store::rows::{Consent, Participant, Session, SessionState};
use crate::study::StudyError;
use std::path::Path;

/// Stores an imported file as a complete session of that participant.
///
/// # Errors
/// The home cannot be written.
pub fn import(home: &Home, imported: &Imported, file: &Path, participant: &str, now_utc: Nanos) -> Result<Session, StudyError> {
    let started_utc = imported.start_utc.unwrap_or(now_utc);
    let session = Session {
        id: home.new_session_id(now_utc, &mut Seed::new(now_utc as u64)),
        participant: participant.into(),
        number: home.next_number(participant)?,
        state: SessionState::Prepared,
        started_utc,
        started: 0,
        ended: None,
        rig_name: file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        rig: String::new(),
        playlist: String::new(),
        order_seed: 0,
        player: "none".into(),
        simulated: imported.streams.iter().any(|(stream, _)| stream.simulated),
        limbic_version: env!("CARGO_PKG_VERSION").into(),
        trials_planned: 0,
        verdict: None,
        override_reason: None,
        quality: None,
        source: format!("import:{}", imported.format.to_ascii_lowercase()),
    };
    let person = Participant { code: participant.into(), ..Participant::default() };
    // The file was recorded elsewhere, under the consent that was given there.
    let consent = Consent { recording: true, form: format!("imported from {}", file.display()), ..Consent::default() };
    Ok(home.import_session(session, person, consent, imported.streams.clone())?)
}
