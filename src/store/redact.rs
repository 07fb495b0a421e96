//! Redacting: the face video of a stored session is taken out of it, or blurred beyond recognition.
//!
//! The session's folder is made anew beside itself (`ID.redact`): unchanged files are linked, face segments written
//! afresh or left out, the journal continued by a row that says so, the manifest made. Then the two folders change
//! places in one step of the file system, and the old one is deleted. Whatever interrupts this, the session is
//! wholly the old or wholly the new one; opening the home next deletes what was left beside it.

use super::align::apply;
use super::codec;
use super::disk;
use super::erase::DERIVED;
use super::error::{Named, StoreError};
use super::home::Home;
use super::journal::{self, Ledger};
use super::keys::{self, Tag};
use super::lane::plain_stem;
use super::log::{Log, Place};
use super::manifest;
use super::recording::Recording;
use super::rows::{Entry, Redaction, SessionId, StreamRow};
use super::search::{Needles, Search, piece};
use super::segment::scan;
use crate::signal::{Frame, Nanos, StreamKind};
use rayon::prelude::*;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::Serialize;
use std::path::Path;

/// End of the name of a folder in which a session is made anew.
const BESIDE: &str = ".redact";
/// Frames that are blurred at once, and then made durable.
const BATCH: usize = 64;
/// Pictures of which a piece is looked for afterwards, spread over the session.
const PROBES: usize = 256;

/// What becomes of the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    Remove,
    /// Each frame stays, with its stamps, as a coarse mosaic.
    Blur,
}

/// What redacting a session did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Redacted {
    #[serde(skip)]
    pub session: SessionId,
    pub how: How,
    /// Frames that had been there.
    pub frames: u64,
    /// Frames that are left, blurred.
    pub kept: u64,
    /// Models that were trained on these pictures: their weights stay and must be judged by people.
    pub models: Vec<String>,
    /// The search for the old pictures in all files of the home.
    pub search: Search,
}

/// A picture (JPEG) made unrecognisable; None where it cannot be read, and is then removed.
type Blur<'a> = &'a (dyn Fn(&[u8]) -> Option<Vec<u8>> + Sync);

impl Home {
    /// Redacts the face video of a session that nobody records. `blur` makes a mosaic of a JPEG; `tell` hears how many
    /// frames are done and how many there are, and ends it without effect by an error.
    ///
    /// # Errors
    /// The session is being recorded or is not there, the disk, `tell`'s error, a file system that cannot exchange
    /// two folders.
    pub fn redact<E: From<StoreError>>(
        &self,
        id: SessionId,
        how: How,
        at_utc: Nanos,
        blur: Blur,
        mut tell: impl FnMut(u64, u64) -> Result<(), E>,
    ) -> Result<Redacted, E> {
        self.must_write()?;
        let _claim = Claim::of(self, id)?;
        let recording = Recording::open(self.dir(), id)?;
        let (folder, beside) = (self.session_dir(id), self.dir().join(format!("{id}{BESIDE}")));
        remove(&beside)?;
        let faces: Vec<&StreamRow> = recording.streams.iter().filter(|row| row.info.kind == StreamKind::Face).collect();
        let needles = probes(&recording, &faces, how, blur);
        let models = self.models()?.into_iter().filter(|m| m.modality == "face" && m.sessions.contains(&id));
        let models = models.map(|m| m.name).collect();

        take_over(&folder, &beside, &recording)?;
        // Before anything is written there: what is new gets a checksum of its own.
        manifest::carry(&folder, &beside)?;
        let mut entries = Vec::new();
        let total: u64 = faces.iter().map(|row| recording.frame_count(row.info.id) as u64).sum();
        let (mut done, mut all_kept) = (0, 0);
        for row in &faces {
            let frames = recording.frame_count(row.info.id) as u64;
            let mut counted = |n: u64| tell(done + n, total);
            let kept = match how {
                How::Remove => 0,
                How::Blur => blurred(&beside, &recording, row, blur, &mut counted)?,
            };
            (done, all_kept) = (done + frames, all_kept + kept);
            tell(done, total)?;
            entries.push(Entry::Stream(id, StreamRow { written: kept, ..(*row).clone() }));
            let words = if how == How::Remove { "removed" } else { "blurred" };
            let (stream, limbic_version) = (row.info.name.clone(), env!("CARGO_PKG_VERSION").to_string());
            let redaction = Redaction { at_utc, stream, how: words.into(), frames, kept, limbic_version };
            entries.push(Entry::Redaction(id, redaction));
        }
        let (rows, places) = continue_journal(&beside, id, &entries)?;
        manifest::write(&beside, id, &[])?;
        disk::sync_dir(&beside)?;
        // From here on the session is the new one.
        exchange(&beside, &folder)?;
        disk::sync_dir(self.dir())?;
        remove(&beside)?;
        // Evaluations keep crops of the pictures, features a backbone's maps of them; all can be made again.
        let derived = self.dir().join(DERIVED);
        if total > 0 && derived.exists() {
            std::fs::remove_dir_all(&derived).named("remove", &derived)?;
        }
        let bytes = disk::segment_bytes(&folder, journal::SESSION)?;
        apply(&mut self.state(), id.0, &id.to_string(), rows, &places, bytes);
        let search = needles.search(self.dir())?;
        Ok(Redacted { session: id, how, frames: total, kept: all_kept, models, search })
    }
}

/// Keeps everyone else from writing to the session meanwhile.
struct Claim<'a>(&'a Home, SessionId);

impl Claim<'_> {
    fn of(home: &Home, id: SessionId) -> Result<Claim<'_>, StoreError> {
        if home.state().live.insert(id) { Ok(Claim(home, id)) } else { Err(StoreError::Live { session: id }) }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.state().live.remove(&self.1);
    }
}

/// Pieces of the pictures as they are now, but for those that a mosaic leaves as they are: a mosaic itself.
fn probes(recording: &Recording, faces: &[&StreamRow], how: How, blur: Blur) -> Needles {
    let mut needles = Needles::default();
    for row in faces {
        let count = recording.frame_count(row.info.id);
        let step = count.div_ceil(PROBES).max(1);
        let frames = (0..count).step_by(step).filter_map(|place| recording.frame_at(row.info.id, place).ok());
        frames.filter(|frame| how == How::Remove || !stays(&frame.jpeg, blur)).for_each(|frame| needles.probe(&frame.jpeg));
    }
    needles
}

/// The piece that would be looked for is also in the blurred picture.
fn stays(jpeg: &[u8], blur: Blur) -> bool {
    let (piece, blurred) = (piece(jpeg), blur(jpeg).unwrap_or_default());
    piece.is_some_and(|piece| blurred.windows(piece.len()).any(|window| window == piece))
}

/// Links everything into the new folder but the face video, the manifest and half-written files.
fn take_over(folder: &Path, beside: &Path, recording: &Recording) -> Result<(), StoreError> {
    disk::private_dir(beside).named("create", beside)?;
    for name in disk::file_names(folder)? {
        let from = folder.join(&name);
        let stays = match disk::segment_parts(&name) {
            Some((stem, _)) => stem == journal::SESSION || !shows_faces(&from, stem, recording)?,
            None => name != manifest::NAME && !name.ends_with(".part"),
        };
        if stays {
            let to = beside.join(&name);
            // File systems without links get a copy.
            std::fs::hard_link(&from, &to).or_else(|_| copy(&from, &to)).named("copy", &from)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut target = disk::private_file().create_new(true).open(to)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut target)?;
    target.sync_all()
}

/// The segment belongs to a stream of pictures. One that is damaged all over goes by its name: what is left of
/// pictures in it must not stay.
fn shows_faces(path: &Path, stem: &str, recording: &Recording) -> Result<bool, StoreError> {
    let kind = |stream: u16| recording.streams.iter().find(|row| row.info.id.0 == stream).map(|row| row.info.kind);
    let mut found = None;
    scan(path, |_, key, _| {
        let of = keys::parse_data_key(key).and_then(|(_, stream, _)| kind(stream));
        found = found.or(of);
        of.is_some()
    })?;
    let by_name =
        || recording.streams.iter().any(|row| row.info.kind == StreamKind::Signal && stem == plain_stem(&row.info.name));
    Ok(found.map_or_else(|| !by_name(), |kind| kind == StreamKind::Face))
}

/// Writes a stream's pictures blurred into the new folder; answers how many there are.
fn blurred<E: From<StoreError>>(
    beside: &Path,
    recording: &Recording,
    row: &StreamRow,
    blur: Blur,
    tell: &mut impl FnMut(u64) -> Result<(), E>,
) -> Result<u64, E> {
    let (stream, count) = (row.info.id, recording.frame_count(row.info.id));
    let mut log = Log::behind(beside, &plain_stem(&row.info.name))?;
    let (mut kept, mut expected) = (0, None::<u64>);
    for begin in (0..count).step_by(BATCH) {
        tell(begin as u64)?;
        let one = |place: usize| {
            let frame = recording.frame_at(stream, place).ok()?;
            Some(Frame { jpeg: blur(&frame.jpeg)?, ..frame })
        };
        let batch: Vec<Option<Frame>> = (begin..count.min(begin + BATCH)).into_par_iter().map(one).collect();
        for frame in batch.into_iter().flatten() {
            let lost = expected.map_or(0, |e| frame.index.saturating_sub(e));
            expected = Some(frame.index + 1);
            let key = keys::data_key(recording.session.id, stream.0, kept);
            log.put_with(&key, |out| codec::encode_frame(&frame, frame.index, lost, out))?;
            kept += 1;
        }
        log.flush()?;
    }
    Ok(kept)
}

/// Writes the rows into a new segment of the journal.
fn continue_journal(beside: &Path, id: SessionId, entries: &[Entry]) -> Result<(Vec<keys::Pair>, Vec<Place>), StoreError> {
    let seq = Ledger::of_session(beside, id)?.frames as u32;
    let mut log = Log::behind(beside, journal::SESSION)?;
    let mut rows = Vec::new();
    for (seq, entry) in (seq..).zip(entries) {
        let row = (keys::key_of(entry, id.0, seq)?, keys::seal(entry)?);
        log.put(&row.0, &row.1)?;
        rows.push(row);
    }
    Ok((rows, log.flush()?))
}

fn exchange(beside: &Path, folder: &Path) -> Result<(), StoreError> {
    renameat_with(CWD, beside, CWD, folder, RenameFlags::EXCHANGE).map_err(|e| match e {
        rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS => StoreError::NoExchange { home: folder.into() },
        other => StoreError::Io { what: "exchange", path: beside.into(), cause: other.into() },
    })
}

fn remove(beside: &Path) -> Result<(), StoreError> {
    if beside.exists() {
        std::fs::remove_dir_all(beside).named("remove", beside)?;
        disk::sync_dir(beside.parent().unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

/// Deletes what redactions that were cut short have left beside their sessions; answers a sentence for each.
pub(super) fn clear_left_behind(dir: &Path) -> Result<Vec<String>, StoreError> {
    let mut notices = Vec::new();
    for entry in std::fs::read_dir(dir).named("list", dir)? {
        let name = entry.named("list", dir)?.file_name().to_string_lossy().into_owned();
        let id = name.strip_suffix(BESIDE).and_then(|id| u64::from_str_radix(id, 16).ok()).map(SessionId);
        let Some(id) = id.filter(|id| format!("{id}{BESIDE}") == name) else { continue };
        let rows = |folder: &Path| {
            let ledger = Ledger::of_session(folder, id).ok()?;
            Some(ledger.rows.keys().filter(|key| key.first() == Some(&(Tag::Redaction as u8))).count())
        };
        let took_effect = rows(&dir.join(id.to_string())) > rows(&dir.join(&name));
        remove(&dir.join(&name))?;
        notices.push(if took_effect {
            format!("a redaction of session {id} had been cut short after it took effect; its old pictures are deleted now")
        } else {
            format!("a redaction of session {id} had been cut short before it took effect; say `limbic redact {id}` again")
        });
    }
    Ok(notices)
}
