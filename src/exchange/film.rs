//! The face video of a stored session as a film: a Matroska file, and beside it a table of every frame's own stamps.

use super::mkv::{About, Writer, jpeg_size};
use super::{ExchangeError, put};
use crate::signal::{Frame, Nanos, SECOND, StreamKind, seconds};
use crate::store::Recording;
use crate::store::rows::StreamRow;
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
    let wanted = |row: &&StreamRow| row.info.kind == StreamKind::Face && stream.is_none_or(|name| row.info.name == name);
    let no_frames = || ExchangeError::NoFrames { session: session.id.to_string(), stream: stream.unwrap_or("face").into() };
    let row = recording.streams.iter().find(wanted).ok_or_else(no_frames)?;
    if !(session.simulated || recording.consent.face_shared || inside_lab) {
        return Err(ExchangeError::NotShared { participant: session.participant.clone() });
    }
    let total = recording.frame_count(row.info.id);
    let mut good = (0..total).filter_map(|place| recording.frame_at(row.info.id, place).ok()).peekable();
    let first = good.peek().ok_or_else(no_frames)?;
    let (width, height) = jpeg_size(&first.jpeg).unwrap_or((640, 480));
    let mark = if session.simulated { "SIMULATED " } else { "" };
    let title = format!("{mark}face video of {}/{}, session {}", session.participant, session.number, session.id);
    let about = About { title, begun_utc: session.started_utc + (first.captured - session.started), width, height };

    put::may_become_a_file(out).map_err(|cause| ExchangeError::Write { path: out.into(), cause })?;
    let stamps = out.with_extension("frames.tsv");
    let period = (SECOND as f64 / row.info.rate.max(1.0)) as Nanos;
    let reel = write_part(good, &about, period, &out.with_extension("mkv.part"), &stamps)?;
    let wrong = |cause| ExchangeError::Write { path: out.into(), cause };
    std::fs::rename(out.with_extension("mkv.part"), out).map_err(wrong)?;
    Ok(FilmReport {
        output: out.into(),
        stamps,
        stream: row.info.name.clone(),
        frames: reel.frames,
        seconds: seconds(reel.length + period),
        damaged: (row.written + recording.unreadable_of(row.info.id)).saturating_sub(reel.frames),
        missing: reel.missing,
        gaps: reel.gaps,
        simulated: session.simulated,
    })
}

/// What went into a film.
#[derive(Default)]
struct Reel {
    frames: u64,
    missing: u64,
    gaps: u64,
    /// From the first frame to the last, without the time that that one is shown.
    length: Nanos,
}

/// Writes the film as `part` and its table; both are whole and durable on return.
fn write_part(
    frames: impl Iterator<Item = Frame>,
    about: &About,
    period: Nanos,
    part: &Path,
    stamps: &Path,
) -> Result<Reel, ExchangeError> {
    let cannot = |path: &Path, cause| ExchangeError::Write { path: path.into(), cause };
    let (film, table) = (|cause| cannot(part, cause), |cause| cannot(stamps, cause));
    let mut writer = Writer::create(BufWriter::new(private(part).map_err(film)?), about).map_err(film)?;
    let mut lines = BufWriter::new(private(stamps).map_err(table)?);
    writeln!(lines, "index\tcaptured_ns\tarrived_ns\tpts_us").map_err(table)?;
    let mut reel = Reel::default();
    let (mut zero, mut expected) = (None, None::<u64>);
    for frame in frames {
        let since = frame.captured - *zero.get_or_insert(frame.captured);
        // Rounded to the nearest microsecond; a stamp before the first one cannot be shown and is shown at once.
        let at = (since.max(0) as u64 + 500) / 1000;
        writer.frame(at, &frame.jpeg).map_err(film)?;
        writeln!(lines, "{}\t{}\t{}\t{at}", frame.index, frame.captured, frame.arrived).map_err(table)?;
        if let Some(jump) = expected.and_then(|e| frame.index.checked_sub(e)).filter(|jump| *jump > 0) {
            (reel.gaps, reel.missing) = (reel.gaps + 1, reel.missing + jump);
        }
        expected = Some(frame.index + 1);
        (reel.frames, reel.length) = (reel.frames + 1, reel.length.max(since));
    }
    let written = writer.finish((period.max(0) / 1000) as u64).map_err(film)?;
    written.into_inner().map_err(|e| film(e.into_error()))?.sync_all().map_err(film)?;
    lines.into_inner().map_err(|e| table(e.into_error()))?.sync_all().map_err(table)?;
    Ok(reel)
}

/// A new file that only its owner can read.
fn private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
