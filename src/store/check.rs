//! Verifying: every frame's checksum, every file's, counters against samples, the catalogue against the journals.

use super::align::session_ids;
use super::codec;
use super::disk;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::{self, Ledger};
use super::keys;
use super::manifest;
use super::recording::Recording;
use super::rows::{SessionId, SessionState, StreamRow};
use super::segment::{Recovery, scan};
use crate::signal::StreamKind;
use serde::Serialize;
use std::path::Path;

mod damage;

pub use damage::Damage;

/// What verifying a session (or the home's own journal) found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// The session's id in hex, or "home".
    pub name: String,
    pub participant: String,
    pub number: u32,
    pub state: Option<SessionState>,
    pub files: Vec<FileCheck>,
    pub streams: Vec<StreamCheck>,
    /// Every damaged place.
    pub damage: Vec<Damage>,
    /// Sentences; empty = sound.
    pub problems: Vec<String>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileCheck {
    pub name: String,
    pub bytes: u64,
    /// Whole frames.
    pub frames: u64,
    pub recovery: Recovery,
    /// Against the manifest; None where the manifest does not name it or there is none.
    pub checksum: Option<bool>,
}

/// One stream: what its row says and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamCheck {
    pub name: String,
    /// Samples (frames) according to the row.
    pub written: u64,
    /// Samples (frames) found.
    pub found: u64,
    pub lost: u64,
    pub dropped: u64,
    /// Holes in the indices, and how many samples they stand for.
    pub gaps: u64,
    pub missing: u64,
}

impl VerifyReport {
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl Home {
    /// Verifies one session, or the home's journal, all sessions and the catalogue. Changes nothing.
    ///
    /// # Errors
    /// No such session; a folder that cannot be read. Damage is no error but a problem in the report.
    pub fn verify(&self, session: Option<SessionId>) -> Result<Vec<VerifyReport>, StoreError> {
        if let Some(id) = session {
            return Ok(vec![self.verify_session(id)?]);
        }
        let mut reports = vec![self.verify_home()?];
        for id in session_ids(self.dir())? {
            reports.push(self.verify_session(id)?);
        }
        Ok(reports)
    }

    fn verify_home(&self) -> Result<VerifyReport, StoreError> {
        let mut report = empty("home".into());
        for (_, name) in disk::segments(self.dir(), journal::HOME)? {
            report.file(&self.dir().join(&name), name, None, (keys::HOME, &[]))?;
        }
        let ledger = Ledger::of_home(self.dir())?;
        report.catalogue(self, keys::HOME, "", &ledger)?;
        Ok(report)
    }

    fn verify_session(&self, id: SessionId) -> Result<VerifyReport, StoreError> {
        let folder = self.session_dir(id);
        if !folder.is_dir() {
            return Err(StoreError::NoSession { word: id.to_string() });
        }
        let mut report = empty(id.to_string());
        let manifest = manifest::check(&folder, id).unwrap_or_else(|e| {
            report.problems.push(e.to_string());
            None
        });
        let broken = !report.problems.is_empty();
        let recording = Recording::open(self.dir(), id);
        let streams = recording.as_ref().map(Recording::stored_rows).unwrap_or_default();
        for name in disk::file_names(&folder)?.into_iter().filter(|n| n.ends_with(".seg")) {
            report.file(&folder.join(&name), name, manifest.as_ref(), (id.0, &streams))?;
        }
        for name in manifest.iter().flat_map(|m| m.files.keys()) {
            if !folder.join(name).exists() {
                report.problems.push(format!("{name} is missing"));
            }
        }
        match recording {
            Ok(recording) => {
                report.session(&recording, manifest.is_some() || broken);
                report.state = Some(self.told(&recording.session));
            }
            Err(e) => report.problems.push(e.to_string()),
        }
        report.catalogue(self, id.0, &id.to_string(), &Ledger::of_session(&folder, id)?)?;
        Ok(report)
    }
}

fn empty(name: String) -> VerifyReport {
    let (files, streams, problems, damage) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    VerifyReport { name, participant: String::new(), number: 0, state: None, files, streams, damage, problems }
}

impl VerifyReport {
    fn file(
        &mut self,
        path: &Path,
        name: String,
        manifest: Option<&manifest::Manifest>,
        (scope, streams): (u64, &[StreamRow]),
    ) -> Result<(), StoreError> {
        let mut frames = 0;
        let recovery = scan(path, |_, key, payload| {
            let ours = damage::belongs(&name, scope, key, payload);
            frames += u64::from(ours);
            ours
        })?;
        let bytes = std::fs::metadata(path).named("look at", path)?.len();
        let checksum = match manifest.and_then(|m| m.files.get(&name)) {
            Some(listed) => Some(bytes == listed.bytes && disk::sha256_of(path)? == listed.sha256),
            None => None,
        };
        if !recovery.is_clean() {
            let damage = damage::find(path, &name, scope, streams)?;
            self.problems.extend(damage.iter().map(|d| d.describe(streams)));
            self.damage.extend(damage);
        }
        if checksum == Some(false) {
            self.problems.push(format!("{name} is not what the manifest says"));
        }
        self.files.push(FileCheck { name, bytes, frames, recovery, checksum });
        Ok(())
    }

    fn session(&mut self, recording: &Recording, has_manifest: bool) {
        let session = &recording.session;
        (self.participant, self.number, self.state) = (session.participant.clone(), session.number, Some(session.state));
        if !has_manifest && !matches!(session.state, SessionState::Prepared | SessionState::Recording) {
            self.problems.push("the manifest is missing".into());
        }
        for row in &recording.stored_rows() {
            let check = stream(recording, row);
            if check.found != check.written {
                self.problems.push(format!("{}: {} written, {} found", check.name, check.written, check.found));
            }
            if recording.parts(row.info.id).iter().any(|part| !decodes(recording, row, part)) {
                self.problems.push(format!("{}: a frame cannot be unpacked", check.name));
            }
            self.streams.push(check);
        }
    }

    /// The catalogue must hold exactly what the journal says.
    fn catalogue(&mut self, home: &Home, scope: u64, folder: &str, ledger: &Ledger) -> Result<(), StoreError> {
        let state = home.state();
        let Some(catalogue) = &state.catalogue else { return Ok(()) };
        let there = catalogue.scope(scope)?;
        let slim = |(key, (value, place)): (&Vec<u8>, &(Vec<u8>, _))| (key.clone(), keys::slim(value, folder, place));
        let wanted: Vec<keys::Pair> = ledger.rows.iter().map(slim).collect();
        if there != wanted {
            let text =
                format!("the catalogue has {} rows and the journal {}, not the same; use --rebuild", there.len(), wanted.len());
            self.problems.push(text);
        }
        Ok(())
    }
}

fn stream(recording: &Recording, row: &StreamRow) -> StreamCheck {
    let (mut gaps, mut missing, mut next) = (0, 0, None);
    let mut found = 0;
    for part in recording.parts(row.info.id) {
        found += u64::from(part.head.n);
        if let Some(next) = next.filter(|next| *next < part.head.first) {
            gaps += 1;
            missing += part.head.first - next;
        }
        next = next.max(Some(part.head.end()));
    }
    let StreamRow { written, lost, dropped, .. } = *row;
    StreamCheck { name: row.info.name.clone(), written, found, lost, dropped, gaps, missing }
}

fn decodes(recording: &Recording, row: &StreamRow, part: &super::recording::Part) -> bool {
    recording.payload(part).is_ok_and(|payload| match row.info.kind {
        StreamKind::Signal => codec::decode_chunk(&payload, row.info.channels.len()).is_some(),
        StreamKind::Face => codec::decode_frame(&payload, row.info.id).is_some(),
    })
}
