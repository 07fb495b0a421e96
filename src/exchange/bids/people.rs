//! Names of people and sessions in a data set, and participants.tsv with what each agreed to.

use crate::exchange::ExchangeError;
use crate::exchange::put::put;
use crate::exchange::tsv::Table;
use crate::store::Recording;
use crate::store::rows::Session;
use serde_json::json;
use std::path::Path;

/// The label of a participant: letters and digits only.
pub(super) fn label(code: &str) -> String {
    let kept: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    if kept.is_empty() { "X".into() } else { kept }
}

/// "sub-P07_ses-01".
pub(super) fn prefix(session: &Session) -> String {
    format!("sub-{}_ses-{:02}", label(&session.participant), session.number)
}

const COLUMNS: [&str; 8] =
    ["participant_id", "code", "age_band", "sex", "handedness", "consent_recording", "consent_face_shared", "simulated"];

/// One row of participants.tsv. Notes about a person stay in the lab.
pub(super) fn row(recording: &Recording) -> Vec<String> {
    let (person, consent) = (&recording.participant, &recording.consent);
    let yes = |b: bool| if b { "yes" } else { "no" }.to_string();
    let agreed = |b: bool| if consent.is_from_elsewhere() { "n/a".into() } else { yes(b) };
    let sex = match person.sex.as_str() {
        "f" => "F",
        "m" => "M",
        "x" => "O",
        _ => "",
    };
    let hand = match person.handedness.as_str() {
        "right" => "R",
        "left" => "L",
        "both" => "A",
        _ => "",
    };
    vec![
        format!("sub-{}", label(&person.code)),
        person.code.clone(),
        person.age_band.clone(),
        sex.into(),
        hand.into(),
        agreed(consent.recording),
        agreed(consent.face_shared),
        yes(recording.session.simulated),
    ]
}

/// Puts rows into participants.tsv; people of earlier exports stay, sorted by name.
pub(super) fn write(root: &Path, rows: Vec<Vec<String>>) -> Result<usize, ExchangeError> {
    let path = root.join("participants.tsv");
    let failed = |cause| ExchangeError::Write { path: path.clone(), cause };
    let mut table = Table::new(&COLUMNS);
    if let Ok(before) = Table::read(&path).map(|t| if t.head == table.head { t.rows } else { Vec::new() }) {
        table.rows = before;
    }
    for row in rows {
        table.rows.retain(|r| r.first() != row.first());
        table.rows.push(row);
    }
    table.rows.sort();
    put(&path, table.text().as_bytes()).map_err(failed)?;
    let about = json!({
        "code": { "Description": "pseudonym in the lab" },
        "age_band": { "Description": "age of the participant, as a band" },
        "sex": { "Description": "sex of the participant", "Levels": { "F": "female", "M": "male", "O": "other" } },
        "handedness": { "Description": "handedness", "Levels": { "R": "right", "L": "left", "A": "both" } },
        "consent_recording": { "Description": "agreed to the recording of EEG and heart", "Levels": { "yes": "yes", "no": "no" } },
        "consent_face_shared": {
            "Description": "agreed that face video leaves the lab; without it sourcedata holds none",
            "Levels": { "yes": "yes", "no": "no" },
        },
        "simulated": { "Description": "SIMULATED: no person was recorded", "Levels": { "yes": "yes", "no": "no" } },
    });
    put(&root.join("participants.json"), format!("{about:#}\n").as_bytes()).map_err(failed)?;
    Ok(table.rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_letters_and_digits_only() {
        assert_eq!((label("P-07_a").as_str(), label("ä").as_str()), ("P07a", "X"));
    }

    #[test]
    fn people_of_earlier_exports_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let row = |id: &str| std::iter::once(id).chain(["n/a"; 7]).map(String::from).collect::<Vec<_>>();
        write(folder.path(), vec![row("sub-B")]).expect("written");
        assert_eq!(write(folder.path(), vec![row("sub-A"), row("sub-B")]).expect("written"), 2);
        let table = Table::read(&folder.path().join("participants.tsv")).expect("read");
        assert_eq!(table.rows.iter().map(|r| r[0].as_str()).collect::<Vec<_>>(), ["sub-A", "sub-B"]);
    }
}
