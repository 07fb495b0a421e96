//! Writing sessions into a BIDS data set: whole studies, and only what is not there yet.

use super::{describe, events, lab, people, physio};
use crate::exchange::edf::{self, About};
use crate::exchange::outgoing::{Outgoing, each_stream, events as happened};
use crate::exchange::put::put;
use crate::exchange::tsv::Table;
use crate::exchange::{ExchangeError, brainvision, film};
use crate::job::Job;
use crate::signal::{Nanos, Role, StreamKind};
use crate::store::rows::{Session, SessionId};
use crate::store::{Home, Recording};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How the EEG is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Eeg {
    /// 32-bit floats: exact.
    BrainVision,
    /// 16 bit.
    Edf,
    /// 24 bit.
    Bdf,
}

/// Choices of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub eeg: Eeg,
    /// Name of the data set.
    pub name: String,
    pub authors: Vec<String>,
    pub license: String,
    /// Face video too, of those who agreed that it is shared.
    pub face: bool,
    /// Channels below this score of the gate are marked bad.
    pub bad_below: f64,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Written {
    /// Sessions that were written.
    pub written: Vec<String>,
    /// Sessions that had been written before and have not changed.
    pub unchanged: Vec<String>,
    /// Everything that was left out, and why.
    pub notes: Vec<String>,
    pub participants: usize,
}

const EEG_BIDS: &str = "1.10.0";

/// Writes sessions of a home under `root`. The same sessions give the same bytes; a session that is there already with
/// the same content and options is not written again.
///
/// # Errors
/// A session that cannot be read, a place that cannot be written, a stop. What is finished stays.
pub fn export(home: &Home, sessions: &[Session], root: &Path, options: &Options, job: &Job) -> Result<Written, ExchangeError> {
    let mut written = Written::default();
    let mut rows = Vec::new();
    let mut elsewhere = false;
    // Later sessions of a person say the latest about them.
    let mut ordered: Vec<&Session> = sessions.iter().collect();
    ordered.sort_by_key(|s| (s.participant.clone(), s.number));
    clashes(&ordered)?;
    for (done, session) in ordered.iter().enumerate() {
        let name = people::prefix(session);
        job.report_with("export", done as u64, ordered.len() as u64, &name)?;
        let recording = home.recording(session.id)?;
        let stamp = stamp(home, session.id, options)?;
        let place = Place::new(root, session);
        let has_eeg = recording.streams.iter().any(|s| s.written > 0 && !s.info.with_role(Role::Eeg).is_empty());
        if !has_eeg {
            written.notes.push(format!("{name} has no EEG and is left out: BIDS keeps such recordings elsewhere"));
            continue;
        }
        rows.push(people::row(&recording));
        elsewhere |= recording.consent.is_from_elsewhere();
        if place.provenance_says(&stamp) {
            written.unchanged.push(name);
            continue;
        }
        place.clear()?;
        session_files(&recording, &place, options, &stamp, &mut written.notes)?;
        written.written.push(name);
    }
    written.participants = people::write(root, rows)?;
    top(root, options, &ordered, elsewhere)?;
    job.report("export", ordered.len() as u64, ordered.len() as u64)?;
    Ok(written)
}

/// Two codes must not become one label.
fn clashes(sessions: &[&Session]) -> Result<(), ExchangeError> {
    for pair in sessions.windows(2) {
        let (a, b) = (&pair[0].participant, &pair[1].participant);
        if a != b && people::label(a).eq_ignore_ascii_case(&people::label(b)) {
            let message = format!("participants {a} and {b} would both be called sub-{}; export them apart", people::label(a));
            return Err(ExchangeError::Session { session: pair[1].id.to_string(), message });
        }
    }
    Ok(())
}

/// What the files of a session are made of: its content, the options, the version.
fn stamp(home: &Home, id: SessionId, options: &Options) -> Result<Value, ExchangeError> {
    Ok(json!({
        "session": id.to_string(),
        "content_sha256": home.session_digest(id)?,
        "exported_with": format!("limbic {}", env!("CARGO_PKG_VERSION")),
        "eeg": options.eeg,
        "face": options.face,
        "bad_below": options.bad_below,
    }))
}

/// Where a session's files go.
struct Place {
    root: PathBuf,
    folder: PathBuf,
    prefix: String,
}

impl Place {
    fn new(root: &Path, session: &Session) -> Place {
        let inner = format!("sub-{}/ses-{:02}", people::label(&session.participant), session.number);
        Place { root: root.into(), folder: PathBuf::from(inner), prefix: people::prefix(session) }
    }

    fn file(&self, kind: &str, end: &str) -> PathBuf {
        self.root.join(&self.folder).join(kind).join(format!("{}_task-emotion{end}", self.prefix))
    }

    fn provenance(&self) -> PathBuf {
        let name = format!("{}_task-emotion{}", self.prefix, lab::END);
        self.root.join("derivatives/limbic").join(&self.folder).join("eeg").join(name)
    }

    fn provenance_says(&self, stamp: &Value) -> bool {
        let text = std::fs::read(self.provenance()).unwrap_or_default();
        serde_json::from_slice::<Value>(&text).is_ok_and(|v| v["export"] == *stamp)
    }

    /// Takes away what an earlier export with other options left.
    fn clear(&self) -> Result<(), ExchangeError> {
        let folders = ["", "sourcedata", "derivatives/limbic"].map(|above| self.root.join(above).join(&self.folder));
        for folder in folders.into_iter().filter(|f| f.is_dir()) {
            std::fs::remove_dir_all(&folder).map_err(|cause| ExchangeError::Write { path: folder, cause })?;
        }
        Ok(())
    }
}

fn text(path: &Path, text: &str) -> Result<(), ExchangeError> {
    put(path, text.as_bytes()).map_err(|cause| ExchangeError::Write { path: path.into(), cause })
}

fn value(path: &Path, value: &Value) -> Result<(), ExchangeError> {
    text(path, &format!("{value:#}\n"))
}

fn session_files(
    recording: &Recording,
    place: &Place,
    options: &Options,
    stamp: &Value,
    notes: &mut Vec<String>,
) -> Result<(), ExchangeError> {
    // The first stream is that with the EEG; the times of all others are told on its count.
    let mut eeg: Option<(Outgoing, Nanos)> = None;
    each_stream(recording, |stream| {
        let session = &recording.session;
        let began = session.started_utc + (stream.start - session.started);
        match &eeg {
            None => {
                eeg_files(recording, stream, began, place, options)?;
                eeg = Some((stream.clone(), began));
            }
            Some((main, _)) => {
                let end = format!("_recording-{}_physio", people::label(&stream.info.name).to_ascii_lowercase());
                physio::write(&place.file("eeg", &end), stream, main.seconds_at(stream.start))?;
            }
        }
        Ok::<(), ExchangeError>(())
    })?;
    let (zero, began) = eeg.map_or((0, recording.session.started_utc), |(main, began)| (main.start, began));
    scans(place, options, recording.session.is_dated().then_some(began))?;
    if !recording.trials.is_empty() {
        text(&place.file("beh", "_beh.tsv"), &events::behaviour(&recording.trials))?;
        value(&place.file("beh", "_beh.json"), &events::describe(&recording.session.player, true))?;
    }
    face(recording, place, options, notes)?;
    // Last: what is stamped is whole.
    let mut about = describe::provenance(recording);
    about["facts"] = lab::facts(recording, zero);
    about["export"] = stamp.clone();
    value(&place.provenance(), &about)
}

fn eeg_files(
    recording: &Recording,
    stream: &Outgoing,
    began: Nanos,
    place: &Place,
    options: &Options,
) -> Result<(), ExchangeError> {
    let session = &recording.session;
    let events = happened(recording, stream);
    let about =
        About { participant: &session.participant, session: &session.id.to_string(), began, simulated: session.simulated };
    match options.eeg {
        Eeg::BrainVision => {
            let date = session.is_dated().then_some(began);
            brainvision::write(&place.file("eeg", "_eeg.vhdr"), stream, &events, date, "")?
        }
        Eeg::Edf => edf::write(&place.file("eeg", "_eeg.edf"), false, stream, &events, about)?,
        Eeg::Bdf => edf::write(&place.file("eeg", "_eeg.bdf"), true, stream, &events, about)?,
    }
    value(&place.file("eeg", "_eeg.json"), &describe::eeg(recording, stream))?;
    text(&place.file("eeg", "_channels.tsv"), &describe::channels(recording, stream, options.bad_below))?;
    value(&place.file("eeg", "_channels.json"), &describe::channel_columns())?;
    text(&place.file("eeg", "_events.tsv"), &events::table(&events, stream.info.rate))?;
    value(&place.file("eeg", "_events.json"), &events::describe(&session.player, false))?;
    if let Some(electrodes) = describe::electrodes(stream) {
        let of = |end: &str| place.root.join(&place.folder).join("eeg").join(format!("{}{end}", place.prefix));
        text(&of("_space-Other_electrodes.tsv"), &electrodes)?;
        value(&of("_space-Other_coordsystem.json"), &describe::coordinates())?;
    }
    Ok(())
}

fn scans(place: &Place, options: &Options, began: Option<Nanos>) -> Result<(), ExchangeError> {
    let end = match options.eeg {
        Eeg::BrainVision => "vhdr",
        Eeg::Edf => "edf",
        Eeg::Bdf => "bdf",
    };
    let mut table = Table::new(&["filename", "acq_time"]);
    let date = |began| chrono::DateTime::from_timestamp_nanos(began).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    table.rows.push(vec![format!("eeg/{}_task-emotion_eeg.{end}", place.prefix), began.map(date).unwrap_or_default()]);
    text(&place.root.join(&place.folder).join(format!("{}_scans.tsv", place.prefix)), &table.text())
}

/// Face video lies in sourcedata, of those who agreed that it leaves the lab, and of simulated people.
fn face(recording: &Recording, place: &Place, options: &Options, notes: &mut Vec<String>) -> Result<(), ExchangeError> {
    let stored = recording.streams.iter().any(|s| s.info.kind == StreamKind::Face && s.written > 0);
    if !options.face || !stored {
        return Ok(());
    }
    // Nobody is to be seen in a simulated person's pictures.
    if !(recording.session.simulated || recording.consent.face_shared) {
        notes.push(format!("{}: no consent that face video is shared; it is left out", place.prefix));
        return Ok(());
    }
    let folder = place.root.join("sourcedata").join(&place.folder).join("video");
    std::fs::create_dir_all(&folder).map_err(|cause| ExchangeError::Write { path: folder.clone(), cause })?;
    match film::film(recording, None, &folder.join(format!("{}_face.mkv", place.prefix)), false) {
        Ok(report) if report.damaged > 0 => {
            notes.push(format!("{}: {} damaged frames of the face video are left out", place.prefix, report.damaged))
        }
        Ok(_) => {}
        Err(ExchangeError::NoFrames { .. }) => notes.push(format!("{}: no frame of the face video is left", place.prefix)),
        Err(e) => return Err(e),
    }
    Ok(())
}

/// The files about the whole data set. With sessions from `elsewhere` nothing is said of what people did.
fn top(root: &Path, options: &Options, sessions: &[&Session], elsewhere: bool) -> Result<(), ExchangeError> {
    let simulated = sessions.iter().any(|s| s.simulated);
    let name = if simulated { format!("{} (SIMULATED)", options.name) } else { options.name.clone() };
    let version = json!([{ "Name": "limbic", "Version": env!("CARGO_PKG_VERSION") }]);
    value(
        &root.join("dataset_description.json"),
        &json!({
            "Name": name, "BIDSVersion": EEG_BIDS, "DatasetType": "raw", "License": options.license,
            "Authors": options.authors, "GeneratedBy": version,
        }),
    )?;
    value(
        &root.join("derivatives/limbic/dataset_description.json"),
        &json!({
            "Name": format!("{name}: provenance and quality"), "BIDSVersion": EEG_BIDS, "DatasetType": "derivative",
            "GeneratedBy": version,
        }),
    )?;
    let mark = if simulated {
        "SIMULATED: sessions of this data set were recorded from a simulated person, not from a human being.\n\n"
    } else {
        ""
    };
    let task = if elsewhere {
        "Recordings from elsewhere are among these; what people did for them and agreed to is told where they come from."
    } else {
        "EEG while videos that are meant to raise emotions are watched, with the ratings of valence, arousal and emotion that \
         followed each video."
    };
    let about = format!(
        "{name}\n\n{mark}{task} Written by limbic {}.\n\nEvents stand on the count of the EEG's samples. Samples that \
         were lost are missing values (BrainVision: NaN) and named by events of the type BAD_gap. Signals of other rates are \
         physio files beside the EEG. The gate's verdicts, overrides, gaps, clocks and the rig lie in derivatives/limbic.\n",
        env!("CARGO_PKG_VERSION")
    );
    text(&root.join("README"), &about)
}
