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

/// Writes a stream; answers when it ended.
fn samples(writer: &mut SessionWriter, stream: &WholeStream) -> Result<Nanos, StoreError> {
    let WholeStream { info, data, start, stamps } = stream;
    let n = data.iter().map(Vec::len).min().unwrap_or(0);
    let rate = if info.rate.is_finite() && info.rate > 0.0 { info.rate } else { 1.0 };
    let even = |index: usize| start + (index as f64 * SECOND as f64 / rate).round() as Nanos;
    let time = |index: usize| stamps.get(index).filter(|t| t.is_finite()).map_or_else(|| even(index), |t| to_nanos(*t));
    let lost = |index: usize| data.iter().all(|channel| channel[index].is_nan());
    let step = (rate.round() as usize).max(1);
    let (mut next, mut first) = (0, 0);
    while first < n {
        if lost(first) {
            first += 1;
            continue;
        }
        // To the next whole second, or to the next hole.
        let edge = ((first / step + 1) * step).min(n);
        let last = (first + 1..edge).find(|i| lost(*i)).unwrap_or(edge);
        let rows: Vec<f32> = (first..last).flat_map(|i| data.iter().map(move |channel| channel[i])).collect();
        writer.samples(&Chunk {
            stream: info.id,
            first_index: first as u64,
            lost_before: if next == 0 { 0 } else { (first - next) as u64 },
            // As a device without delay would have stamped it: on arrival of its last sample.
            arrived: time(last - 1) + to_nanos(info.latency_s),
            device_time: (!stamps.is_empty()).then(|| time(first)),
            channels: data.len(),
            rows,
        })?;
        if writer.pending() > 8 << 20 {
            writer.flush()?;
        }
        (next, first) = (last, last);
    }
    Ok(even(n))
}
