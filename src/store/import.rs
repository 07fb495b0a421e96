//! A recording from elsewhere becomes an ordinary session.

use super::error::StoreError;
use super::home::Home;
use super::rows::{Consent, Participant, Session, SessionState};
use crate::signal::{Chunk, Nanos, SECOND, StreamInfo};

impl Home {
    /// Stores whole streams (samples channel by channel, beginning at `session.started`) as a complete session, a
    /// second a chunk. A NaN stays a NaN. `session.source` says where it came from: "import:edf".
    ///
    /// # Errors
    /// As [`Home::create_session`] and [`super::SessionWriter::samples`].
    pub fn import_session(
        &self,
        session: Session,
        participant: Participant,
        consent: Consent,
        streams: Vec<(StreamInfo, Vec<Vec<f32>>)>,
    ) -> Result<Session, StoreError> {
        let started = session.started;
        let mut writer = self.create_session(session, participant, consent)?;
        let infos: Vec<StreamInfo> = streams.iter().map(|(info, _)| info.clone()).collect();
        writer.declare_streams(&infos)?;
        let mut ended = started;
        for (info, data) in &streams {
            if data.len() != info.channels.len() {
                let (expected, found) = (info.channels.len(), data.len());
                return Err(StoreError::Width { stream: info.name.clone(), expected, found });
            }
            let n = data.iter().map(Vec::len).min().unwrap_or(0);
            let rate = if info.rate.is_finite() && info.rate > 0.0 { info.rate } else { 1.0 };
            let time = |index: usize| started + (index as f64 * SECOND as f64 / rate).round() as Nanos;
            let step = (rate.round() as usize).max(1);
            for first in (0..n).step_by(step) {
                let last = (first + step).min(n);
                let rows: Vec<f32> = (first..last).flat_map(|i| data.iter().map(move |channel| channel[i])).collect();
                // As a device without delay would have stamped it: on arrival of its last sample.
                let arrived = time(last - 1) + crate::signal::to_nanos(info.latency_s);
                writer.samples(&Chunk {
                    stream: info.id,
                    first_index: first as u64,
                    lost_before: 0,
                    arrived,
                    device_time: None,
                    channels: data.len(),
                    rows,
                })?;
                if writer.pending() > 8 << 20 {
                    writer.flush()?;
                }
            }
            ended = ended.max(time(n));
        }
        writer.close(SessionState::Complete, ended)
    }
}
