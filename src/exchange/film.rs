//! The face video of a stored session as a film: a Matroska file, and beside it a table of every frame's own stamps.

use super::ExchangeError;
use super::mkv::{About, Writer, jpeg_size};
use crate::signal::{Nanos, SECOND, StreamKind, seconds};
use crate::store::Recording;
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What was written, and what was not there to write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilmReport {
    pub output: PathBuf,
    /// The table: index, captured_ns, arrived_ns, pts_us.
    pub stamps: PathBuf,
    pub stream: String,
    pub frames: u64,
    pub seconds: f64,
    /// Frames that the session should have and that were damaged: their bytes no longer agree with their checksums.
    pub damaged: u64,
    /// Frames that never came (their numbers are missing), in how many places; damaged ones among them.
    pub missing: u64,
    pub gaps: u64,
    pub simulated: bool,
}

/// Writes the film of a session. Pictures of a person leave the lab only with their consent; with `inside_lab` the
/// caller says that the file stays. Damaged frames are left out and counted.
///
/// # Errors
/// No such stream or no frame in it, no consent, a file that cannot be written.
pub fn film(recording: &Recording, stream: Option<&str>, out: &Path, inside_lab: bool) -> Result<FilmReport, ExchangeError> {
    let session = &recording.session;
    let faces = recording.streams.iter().filter(|row| row.info.kind == StreamKind::Face);
    let row = faces.clone().find(|row| stream.is_none_or(|name| row.info.name == name));
    let no_frames = || ExchangeError::NoFrames { session: session.id.to_string(), stream: stream.unwrap_or("face").into() };
    let row = row.ok_or_else(no_frames)?;
    if !(session.simulated || recording.consent.face_shared || inside_lab) {
        return Err(ExchangeError::NotShared { participant: session.participant.clone() });
    }
    let total = recording.frame_count(row.info.id);
    let mut good = (0..total).filter_map(|place| recording.frame_at(row.info.id, place).ok()).peekable();
    let first = good.peek().ok_or_else(no_frames)?;
    let zero = first.captured;
    let (width, height) = jpeg_size(&first.jpeg).unwrap_or((640, 480));
    let mark = if session.simulated { "SIMULATED " } else { "" };
    let title = format!("{mark}face video of {}/{}, session {}", session.participant, session.number, session.id);
    let about = About { title, begun_utc: session.started_utc + (zero - session.started), width, height };

    let wrong = |path: &Path| {
        let path = path.to_path_buf();
        move |cause| ExchangeError::Write { path, cause }
    };
    let table_path = out.with_extension("frames.tsv");
    let part = out.with_extension("mkv.part");
    let film = BufWriter::new(private(&part).map_err(wrong(&part))?);
    let mut writer = Writer::create(film, &about).map_err(wrong(&part))?;
    let mut table = BufWriter::new(private(&table_path).map_err(wrong(&table_path))?);
    writeln!(table, "index\tcaptured_ns\tarrived_ns\tpts_us").map_err(wrong(&table_path))?;
    let (mut written, mut gaps, mut missing) = (0, 0, 0);
    let mut expected: Option<u64> = None;
    let mut last: Nanos = zero;
    for frame in good {
        // Rounded to the nearest microsecond; a stamp before the first one cannot be shown and is shown at once.
        let at = ((frame.captured - zero).max(0) as u64 + 500) / 1000;
        writer.frame(at, &frame.jpeg).map_err(wrong(&part))?;
        writeln!(table, "{}\t{}\t{}\t{at}", frame.index, frame.captured, frame.arrived).map_err(wrong(&table_path))?;
        if let Some(jump) = expected.and_then(|e| frame.index.checked_sub(e)).filter(|jump| *jump > 0) {
            (gaps, missing) = (gaps + 1, missing + jump);
        }
        (expected, last, written) = (Some(frame.index + 1), last.max(frame.captured), written + 1);
    }
    let finished = writer.finish((1e6 / row.info.rate.max(1.0)) as u64).map_err(wrong(&part))?;
    let file = finished.into_inner().map_err(|e| wrong(&part)(e.into_error()))?;
    file.sync_all().and_then(|()| std::fs::rename(&part, out)).map_err(wrong(out))?;
    table.flush().map_err(wrong(&table_path))?;
    Ok(FilmReport {
        output: out.into(),
        stamps: table_path,
        stream: row.info.name.clone(),
        frames: written,
        seconds: seconds(last - zero + (SECOND as f64 / row.info.rate.max(1.0)) as Nanos),
        damaged: row.written.saturating_sub(written),
        missing,
        gaps,
        simulated: session.simulated,
    })
}

/// A new file that only its owner can read.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
