//! Sidecars of a recording: eeg.json, channels, electrodes and their coordinate system; and where it all comes from.

use crate::exchange::outgoing::Outgoing;
use crate::exchange::tsv::Table;
use crate::signal::{Channel, Placed, Role, position_of, seconds};
use crate::store::{Delivery, Recording};
use serde_json::{Value, json};

/// Radius of the sphere on which electrodes are placed, mm.
const HEAD_MM: f64 = 95.0;

/// BIDS' words for what a channel measures.
pub(super) fn kind(channel: &Channel) -> &'static str {
    match channel.role {
        Role::Eda => "GSR",
        // The device's own grade of contact is no signal of the body.
        Role::Contact => "MISC",
        role => role.name(),
    }
}

pub(super) fn unit(channel: &Channel) -> String {
    match channel.unit.as_str() {
        "uV" => "µV".into(),
        "" => "n/a".into(),
        other => other.into(),
    }
}

/// `_eeg.json`.
pub(super) fn eeg(recording: &Recording, stream: &Outgoing) -> Value {
    let count = |role: Role| stream.info.with_role(role).len();
    let known = stream.info.channels.iter().filter(|c| c.role == Role::Eeg).all(|c| position_of(&c.label).is_some());
    let others = count(Role::Misc) + count(Role::Contact) + count(Role::Eda) + count(Role::Temperature) + count(Role::Ppg);
    let rig = toml::from_str::<toml::Table>(&recording.session.rig).ok();
    let mains = rig.and_then(|rig| rig.get("mains_hz").and_then(|v| v.as_float().or_else(|| v.as_integer().map(|i| i as f64))));
    let mut told = json!({
        "TaskName": "emotion",
        "Manufacturer": "n/a",
        "ManufacturersModelName": stream.info.device,
        "CapManufacturer": "n/a",
        "EEGReference": "n/a",
        "EEGPlacementScheme": if known { "10-10" } else { "n/a" },
        "SamplingFrequency": stream.info.rate,
        "PowerLineFrequency": mains.map_or(json!("n/a"), |hz| json!(hz)),
        "SoftwareFilters": "n/a",
        "HardwareFilters": "n/a",
        "EEGChannelCount": count(Role::Eeg),
        "ECGChannelCount": count(Role::Ecg),
        "EOGChannelCount": count(Role::Eog),
        "EMGChannelCount": count(Role::Emg),
        "MISCChannelCount": others,
        "TriggerChannelCount": count(Role::Trigger),
        "RecordingDuration": stream.samples() as f64 / stream.info.rate,
        "RecordingType": "continuous",
    });
    // What people did for a recording from elsewhere is not known here.
    if !recording.consent.is_from_elsewhere() {
        told["TaskDescription"] = json!("Videos that are meant to raise emotions are watched and then rated.");
    }
    told
}

/// `_channels.json`: the columns that are not BIDS' own.
pub(super) fn channel_columns() -> Value {
    let levels = json!({ "placed": "the experimenter placed it", "bad": "marked as not to be used", "not yet": "nobody said" });
    json!({
        "lsb": { "Description": "step of the converter in the channel's unit; n/a: not known" },
        "placement": { "Description": "what the experimenter marked of the electrode", "Levels": levels },
        "placement_note": { "Description": "note on the electrode" },
        "placement_contact": {
            "Description": "contact at that moment as the device graded it: 0 to 4, or a percentage above 4",
        },
    })
}

/// `_channels.tsv`: status by the gate's report and by what the experimenter marked.
pub(super) fn channels(recording: &Recording, stream: &Outgoing, bad_below: f64) -> String {
    let mut table = Table::new(&[
        "name",
        "type",
        "units",
        "sampling_frequency",
        "status",
        "status_description",
        "lsb",
        "placement",
        "placement_note",
        "placement_contact",
    ]);
    let judged = recording.quality.iter().flat_map(|q| q.channels.iter().chain(&q.others));
    let judged: Vec<_> = judged.collect();
    for channel in &stream.info.channels {
        let grade = judged.iter().find(|q| q.label == channel.label);
        let mark = recording.placements.iter().find(|p| p.label == channel.label);
        let marked = mark.is_some_and(|p| p.state == Placed::Bad);
        let bad = marked || grade.is_some_and(|q| q.score < bad_below);
        let text =
            grade.map(|q| format!("quality {:.0} of 100{}{}", q.score, if q.detail.is_empty() { "" } else { ": " }, q.detail));
        table.rows.push(vec![
            channel.label.clone(),
            kind(channel).into(),
            unit(channel),
            stream.info.rate.to_string(),
            match (grade, bad) {
                (_, true) => "bad".into(),
                (None, _) => "n/a".into(),
                _ => "good".into(),
            },
            text.or_else(|| marked.then(|| "marked as bad".into())).unwrap_or_default(),
            channel.step.map(|s| s.to_string()).unwrap_or_default(),
            mark.map(|p| p.state.name().to_lowercase()).unwrap_or_default(),
            mark.map(|p| p.note.clone()).unwrap_or_default(),
            mark.and_then(|p| p.contact).map(|c| c.to_string()).unwrap_or_default(),
        ]);
    }
    table.text()
}

/// `_electrodes.tsv`: positions by name on an idealised head. None where no name is known.
pub(super) fn electrodes(stream: &Outgoing) -> Option<String> {
    let mut table = Table::new(&["name", "x", "y", "z"]);
    let mm = |v: f64| format!("{:.3}", v * HEAD_MM);
    let mut known = false;
    for channel in stream.info.channels.iter().filter(|c| c.role == Role::Eeg) {
        let mut row = vec![channel.label.clone()];
        match position_of(&channel.label) {
            Some(p) => row.extend([mm(p.x), mm(p.y), mm(p.z)]),
            None => row.extend([const { String::new() }; 3]),
        }
        known |= !row[1].is_empty();
        table.rows.push(row);
    }
    known.then(|| table.text())
}

/// `_coordsystem.json`.
pub(super) fn coordinates() -> Value {
    let text = format!(
        "Positions are not measured: the 10-20 and 10-10 names on a sphere of {HEAD_MM} mm about the middle of the head; \
         x to the right ear, y to the nose, z up."
    );
    json!({ "EEGCoordinateSystem": "Other", "EEGCoordinateUnits": "mm", "EEGCoordinateSystemDescription": text })
}

/// Everything that a reader of the derivatives may ask: versions, gate, overrides, gaps, clocks, what was done to it.
pub(super) fn provenance(recording: &Recording) -> Value {
    let session = &recording.session;
    let clocks: Vec<_> =
        recording.streams.iter().filter_map(|row| Some(recording.clock(row.info.id)?.summary(&row.info.name))).collect();
    let delivered: Vec<Delivery> = recording.streams.iter().map(|row| Delivery::of(session, row, &recording.consent)).collect();
    json!({
        "session": session.id.to_string(),
        "number": session.number,
        "source": session.source,
        "simulated": session.simulated,
        "state": session.state,
        "recorded_with": format!("limbic {}", session.limbic_version),
        "length_s": session.ended.map(|ended| seconds(ended - session.started)),
        "gate": session.verdict,
        "override_reason": session.override_reason,
        "quality": recording.quality,
        "streams": delivered,
        "clocks": clocks,
        "latencies": recording.latencies,
        "redactions": recording.redactions,
        "order_seed": session.order_seed,
        "player": session.player,
        "rig": session.rig,
        "playlist": session.playlist,
    })
}
