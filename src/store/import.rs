//! A recording from elsewhere becomes an ordinary session.

mod samples;
mod twice;

use super::error::StoreError;
use super::home::Home;
use super::rows::{Consent, Entry, Participant, Session, SessionState, Trial};
use super::writer::SessionWriter;
use crate::signal::{Marker, Nanos, Placement, SECOND, Segment, StreamId, StreamInfo};
pub use samples::{Samples, Windows};
use std::sync::atomic::{AtomicBool, Ordering};
use twice::Content;

/// One stream from its first sample to its last.
#[derive(Debug)]
pub struct WholeStream {
    pub info: StreamInfo,
    pub samples: Samples,
    /// When the first sample was taken, on the session's clock.
    pub start: Nanos,
    /// Every sample's own time on the session's clock, s; empty: evenly from `start` at the nominal rate.
    pub stamps: Vec<f64>,
}

/// All that becomes a session.
#[derive(Debug, Default)]
pub struct WholeSession {
    pub streams: Vec<WholeStream>,
    pub markers: Vec<Marker>,
    pub trials: Vec<Trial>,
    pub segments: Vec<Segment>,
    pub placements: Vec<Placement>,
}

impl Home {
    /// Stores whole streams as a complete session, a second a chunk; lost samples become gaps. `session.source` says
    /// where it came from: "import:edf". Where the disk fails, or `stop` is raised, nothing of it is left.
    ///
    /// # Errors
    /// As [`Home::create_session`] and [`super::SessionWriter::samples`]; [`StoreError::Stopped`]; [`StoreError::Twice`]
    /// where the home has the same recording already.
    pub fn import_session(
        &self,
        session: Session,
        participant: Participant,
        consent: Consent,
        whole: WholeSession,
        stop: &AtomicBool,
    ) -> Result<Session, StoreError> {
        for WholeStream { info, samples, .. } in &whole.streams {
            if let Samples::Held(data) = samples
                && data.len() != info.channels.len()
            {
                let (expected, found) = (info.channels.len(), data.len());
                return Err(StoreError::Width { stream: info.name.clone(), expected, found });
            }
        }
        let folder = self.session_dir(session.id);
        let writer = self.create_session(session, participant, consent)?;
        fill(self, writer, whole, stop).inspect_err(|_| {
            // Half a recording would look like a whole one; the catalogue forgets what has no folder.
            let _ = std::fs::remove_dir_all(&folder);
            let _ = self.rebuild();
        })
    }
}

fn fill(home: &Home, mut writer: SessionWriter, whole: WholeSession, stop: &AtomicBool) -> Result<Session, StoreError> {
    let (id, mut ended) = (writer.session().id, writer.session().started);
    let infos: Vec<StreamInfo> = whole.streams.iter().map(|s| s.info.clone()).collect();
    writer.declare_streams(&infos)?;
    for trial in whole.trials {
        ended = ended.max(trial.video_off.unwrap_or(ended));
        writer.journal(Entry::Trial(id, trial))?;
    }
    let segments = whole.segments.into_iter().map(|s| Entry::Segment(id, s));
    for entry in segments.chain(whole.placements.into_iter().map(|p| Entry::Placement(id, p))) {
        writer.journal(entry)?;
    }
    for (n, marker) in whole.markers.into_iter().enumerate() {
        ended = ended.max(marker.at);
        writer.journal(Entry::Marker(id, marker))?;
        if n % 1000 == 999 {
            writer.flush_journal()?;
        }
    }
    for (n, mut stream) in whole.streams.into_iter().enumerate() {
        let mut content = Content::default();
        ended = ended.max(store(&mut writer, &mut stream, &mut content, stop)?);
        if n == 0 {
            writer.set_content(content.named());
            refuse_twice(home, &writer, stream.info.id)?;
        }
    }
    writer.close(SessionState::Complete, ended)
}

/// An error where the home has the recording already whose first stream was just written.
fn refuse_twice(home: &Home, writer: &SessionWriter, first: StreamId) -> Result<(), StoreError> {
    let import = writer.session();
    let Some(main) = writer.streams().into_iter().find(|row| row.info.id == first) else { return Ok(()) };
    home.same_as(import, &main)?.map_or(Ok(()), |there| {
        let session = format!("{}/{}", there.participant, there.number);
        Err(StoreError::Twice { what: import.rig_name.clone(), session })
    })
}

/// Chunks that wait for the writer while the next ones are made.
const AHEAD: usize = 8;

/// Writes a stream, and tells `content` what it holds; answers when it ended. Rows are made on one core while the other packs them.
fn store(
    writer: &mut SessionWriter,
    stream: &mut WholeStream,
    content: &mut Content,
    stop: &AtomicBool,
) -> Result<Nanos, StoreError> {
    let end = even(stream, stream.samples.len());
    std::thread::scope(|scope| {
        let (sender, chunks) = std::sync::mpsc::sync_channel(AHEAD);
        // A writer that gave up has dropped its end.
        scope.spawn(move || {
            samples::cut(stream, |chunk| {
                chunk.iter().for_each(|chunk| content.add(&chunk.rows));
                sender.send(chunk).is_ok()
            });
        });
        for chunk in chunks {
            if stop.load(Ordering::Relaxed) {
                return Err(StoreError::Stopped);
            }
            writer.take_samples(chunk?)?;
            if writer.pending() > 8 << 20 {
                writer.flush()?;
            }
        }
        Ok(end)
    })
}

/// A sample's time where the stream has no stamps of its own.
fn even(stream: &WholeStream, index: usize) -> Nanos {
    stream.start + (index as f64 * SECOND as f64 / rate(&stream.info)).round() as Nanos
}

fn rate(info: &StreamInfo) -> f64 {
    if info.rate.is_finite() && info.rate > 0.0 { info.rate } else { 1.0 }
}
