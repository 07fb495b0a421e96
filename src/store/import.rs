//! A recording from elsewhere becomes an ordinary session.

use super::error::StoreError;
use super::home::Home;
use super::rows::{Consent, Entry, Participant, Session, SessionState, Trial};
use super::writer::SessionWriter;
use crate::signal::{Chunk, Marker, Nanos, Placement, SECOND, Segment, StreamInfo, to_nanos};

/// One stream as it stands in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeStream {
    pub info: StreamInfo,
    /// Channel-major, all channels equally long. A sample at which every channel is NaN was lost; any other NaN stays.
    pub data: Vec<Vec<f32>>,
    /// When the first sample was taken, on the session's clock.
    pub start: Nanos,
    /// Every sample's own time on the session's clock, s; empty: evenly from `start` at the nominal rate.
    pub stamps: Vec<f64>,
}

/// All that becomes a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WholeSession {
    pub streams: Vec<WholeStream>,
    pub markers: Vec<Marker>,
    pub trials: Vec<Trial>,
    pub segments: Vec<Segment>,
    pub placements: Vec<Placement>,
}

impl Home {
    /// Stores whole streams as a complete session, a second a chunk; lost samples become gaps. `session.source` says
    /// where it came from: "import:edf". Where the disk fails nothing of it is left.
    ///
    /// # Errors
    /// As [`Home::create_session`] and [`super::SessionWriter::samples`].
    pub fn import_session(
        &self,
        session: Session,
        participant: Participant,
        consent: Consent,
        whole: WholeSession,
    ) -> Result<Session, StoreError> {
        for WholeStream { info, data, .. } in &whole.streams {
            if data.len() != info.channels.len() {
                let (expected, found) = (info.channels.len(), data.len());
                return Err(StoreError::Width { stream: info.name.clone(), expected, found });
            }
        }
        let folder = self.session_dir(session.id);
        let writer = self.create_session(session, participant, consent)?;
        fill(writer, whole).inspect_err(|_| {
            // Half a recording would look like a whole one; the catalogue forgets what has no folder.
            let _ = std::fs::remove_dir_all(&folder);
            let _ = self.rebuild();
        })
    }
}

fn fill(mut writer: SessionWriter, whole: WholeSession) -> Result<Session, StoreError> {
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
    for stream in whole.streams {
        ended = ended.max(samples(&mut writer, &stream)?);
    }
    writer.close(SessionState::Complete, ended)
}

/// Chunks that wait for the writer while the next ones are made.
const AHEAD: usize = 8;

/// Writes a stream; answers when it ended. Rows are made on one core while the other packs them.
fn samples(writer: &mut SessionWriter, stream: &WholeStream) -> Result<Nanos, StoreError> {
    std::thread::scope(|scope| {
        let (sender, chunks) = std::sync::mpsc::sync_channel(AHEAD);
        // A writer that gave up has dropped its end.
        scope.spawn(move || cut(stream, |chunk| sender.send(chunk).is_ok()));
        for chunk in chunks {
            writer.take_samples(chunk)?;
            if writer.pending() > 8 << 20 {
                writer.flush()?;
            }
        }
        Ok(())
    })?;
    Ok(even(stream, stream.data.iter().map(Vec::len).min().unwrap_or(0)))
}

/// A sample's time where the stream has no stamps of its own.
fn even(stream: &WholeStream, index: usize) -> Nanos {
    stream.start + (index as f64 * SECOND as f64 / rate(stream)).round() as Nanos
}

fn rate(stream: &WholeStream) -> f64 {
    let rate = stream.info.rate;
    if rate.is_finite() && rate > 0.0 { rate } else { 1.0 }
}

/// Cuts a stream into chunks of a second at most, none across a hole, for as long as they are taken.
fn cut(stream: &WholeStream, mut take: impl FnMut(Chunk) -> bool) {
    let WholeStream { info, data, stamps, .. } = stream;
    let n = data.iter().map(Vec::len).min().unwrap_or(0);
    let stamp = |index: usize| stamps.get(index).filter(|t| t.is_finite()).map(|t| to_nanos(*t));
    let time = |index: usize| stamp(index).unwrap_or_else(|| even(stream, index));
    let lost = |index: usize| data.iter().all(|channel| channel[index].is_nan());
    let step = (rate(stream).round() as usize).max(1);
    let (mut next, mut first) = (0, 0);
    while first < n {
        if lost(first) {
            first += 1;
            continue;
        }
        // To the next whole second, or to the next hole.
        let edge = ((first / step + 1) * step).min(n);
        let last = (first + 1..edge).find(|i| lost(*i)).unwrap_or(edge);
        let mut rows = vec![0f32; (last - first) * data.len()];
        for (c, channel) in data.iter().enumerate() {
            let places = rows.iter_mut().skip(c).step_by(data.len());
            places.zip(&channel[first..last]).for_each(|(place, value)| *place = *value);
        }
        let taken = take(Chunk {
            stream: info.id,
            first_index: first as u64,
            lost_before: if next == 0 { 0 } else { (first - next) as u64 },
            // As a device without delay would have stamped it: on arrival of its last sample.
            arrived: time(last - 1) + to_nanos(info.latency_s),
            device_time: (!stamps.is_empty()).then(|| time(first)),
            channels: data.len(),
            rows,
        });
        if !taken {
            return;
        }
        (next, first) = (last, last);
    }
}
