//! What the lab knew of a session: written beside the derivatives, and taken back from there.
//!
//! BIDS has no place for a gate's verdict, an order's seed or a device's latency; without them a session that went out
//! would not come back as it was.

use super::read::Run;
use crate::exchange::imported::{Imported, LabFacts, file_name};
use crate::signal::{Placement, StreamInfo};
use crate::store::Recording;
use crate::store::rows::Consent;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The end of the file's name.
pub(super) const END: &str = "_desc-provenance_eeg.json";

/// The part of the file that [`restore`] reads: streams as they were declared, consent, electrodes' marks in ns since
/// `zero`, the first sample of the EEG.
pub(super) fn facts(recording: &Recording, zero: i64) -> Value {
    let streams: Vec<StreamInfo> = recording.streams.iter().map(|row| as_it_holds(recording, &row.info)).collect();
    let marks = recording.placements.iter().map(|p| Placement { at: if p.at == 0 { 0 } else { p.at - zero }, ..p.clone() });
    // Who witnessed a signature is a person too, and stays in the lab.
    let consent = Consent { experimenter: String::new(), ..recording.consent.clone() };
    json!({
        "streams": streams,
        "placements": marks.collect::<Vec<_>>(),
        "consent": consent,
        "trials_planned": recording.session.trials_planned,
    })
}

/// A stream with the latency that was measured on the session, if one was.
fn as_it_holds(recording: &Recording, info: &StreamInfo) -> StreamInfo {
    let mut info = info.clone();
    if let Some(row) = recording.latencies.iter().find(|row| row.stream == info.id) {
        (info.latency_s, info.latency_origin) = (row.latency_s, row.origin);
    }
    info
}

/// Takes back what [`facts`] and the rest of the file say. A data set of another program has no such file.
pub(super) fn restore(run: &Run, imported: &mut Imported) {
    let name = file_name(&run.recording);
    let base = name.rsplit_once("_eeg.").map_or(name.as_str(), |(base, _)| base);
    let inner = run.recording.parent().and_then(|folder| folder.strip_prefix(&run.root).ok());
    let Some(path) = inner.map(|inner| run.root.join("derivatives/limbic").join(inner).join(format!("{base}{END}"))) else {
        return;
    };
    let Ok(bytes) = std::fs::read(&path) else { return };
    let Ok(about) = serde_json::from_slice::<Value>(&bytes) else {
        imported.notes.push(format!("{} is no JSON; what the lab knew of the session is lost", file_name(&path)));
        return;
    };
    let facts = &about["facts"];
    for known in part::<Vec<StreamInfo>>(&facts["streams"]).unwrap_or_default() {
        let same = |info: &StreamInfo| info.labels() == known.labels() && info.rate == known.rate;
        if let Some(stream) = imported.streams.iter_mut().find(|s| same(&s.info)) {
            let id = stream.info.id;
            stream.info = StreamInfo { id, ..known };
        }
    }
    imported.placements = part(&facts["placements"]).unwrap_or_default();
    let text = |key: &str| about[key].as_str().unwrap_or_default().to_string();
    imported.lab = Some(LabFacts {
        consent: part(&facts["consent"]),
        verdict: part(&about["gate"]),
        override_reason: part(&about["override_reason"]),
        quality: part(&about["quality"]),
        order_seed: about["order_seed"].as_u64().unwrap_or(0),
        player: text("player"),
        rig: text("rig"),
        playlist: text("playlist"),
        trials_planned: facts["trials_planned"].as_u64().and_then(|n| u32::try_from(n).ok()),
    });
}

fn part<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}
