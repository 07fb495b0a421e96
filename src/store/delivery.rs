//! What each stream promised and what it delivered: the verdict at the end of a session.

use super::rows::{Consent, Session, StreamRow};
use crate::signal::{Nanos, SECOND, StreamKind, seconds};
use serde::{Deserialize, Serialize};

/// A stream that begins later or ends earlier than this did not last the whole session.
const EDGE: Nanos = 2 * SECOND;
/// A device may be so far off its nominal rate before that is said.
const RATE_OFF: f64 = 0.005;

/// Samples (or frames) that are missing, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Seconds since the stream's first sample, at its nominal rate.
    pub at_s: f64,
    pub samples: u64,
    pub seconds: f64,
}

/// Promised and delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub stream: String,
    /// Samples (frames) that there should be: as many as the device counted, which is delivered and missing together.
    /// Where that is not what the nominal rate makes over the length of the session, it is the latter.
    pub promised: u64,
    pub delivered: u64,
    /// Lost in the device or on its way, and dropped here.
    pub missing: u64,
    pub gaps: Vec<Gap>,
    /// It delivered what it promised.
    pub complete: bool,
    /// Faces without the consent to store them: nothing was promised.
    #[serde(default)]
    pub withheld: bool,
    /// One sentence.
    pub verdict: String,
}

impl Delivery {
    /// Delivered and missing do not add up to what was promised: it is what the nominal rate makes, and the verdict says
    /// what came between.
    pub fn is_about(&self) -> bool {
        self.delivered + self.missing != self.promised
    }

    /// Judges one stream of a session from its row. A session that has not ended is judged up to the last arrival.
    pub fn of(session: &Session, row: &StreamRow, consent: &Consent) -> Delivery {
        let rate = if row.info.rate.is_finite() && row.info.rate > 0.0 { row.info.rate } else { 1.0 };
        let ended = session.ended.or(row.last_arrival).unwrap_or(session.started);
        let length = seconds(ended.saturating_sub(session.started)).max(0.0);
        let gap = |(at, samples): &(u64, u64)| {
            let from = at.saturating_sub(row.first_index);
            Gap { at_s: from as f64 / rate, samples: *samples, seconds: *samples as f64 / rate }
        };
        let missing = row.lost + row.dropped;
        let (stream, delivered, gaps) = (row.info.name.clone(), row.written, row.gaps.iter().map(gap).collect());
        // Only faces need a consent of their own; other streams without a sample were damaged.
        let refused = !consent.face_stored && !consent.is_from_elsewhere();
        if row.written == 0 && row.info.kind == StreamKind::Face && refused {
            // When its frames came and went is no defect of a recording that was to have none of them.
            let verdict = "not stored, for lack of consent".into();
            return Delivery { stream, promised: 0, delivered, missing, gaps, complete: false, withheld: true, verdict };
        }
        let (counted, nominal) = (row.written + missing, length * rate);
        let mut said = Vec::new();
        match (row.first_arrival, row.last_arrival) {
            (Some(first), Some(last)) => {
                said.extend(edges(session.started, ended, first, last));
                said.extend(off_rate(row, rate, first, last));
            }
            _ => said.push("nothing arrived".into()),
        }
        // A stream that is said nothing of yet promised what its device counted. The product of rate and length is off by the
        // packets at the edges and by the device's own clock: it would not be the sum of what came and what is missing.
        let alike = (counted as f64 - nominal).abs() <= rate * (RATE_OFF * length + 2.0 * seconds(EDGE));
        let promised = if said.is_empty() && row.written > 0 && alike { counted } else { nominal.round() as u64 };
        // Where faces were stored and none is there any more, they were damaged or taken out on request.
        if row.written == 0 && row.last_arrival.is_some() && row.info.kind == StreamKind::Face {
            said.push("stored, and none of it is left".into());
        }
        if missing > 0 {
            let share = 100.0 * missing as f64 / counted as f64;
            said.push(format!("{missing} missing ({share:.2} %) in {} gaps", row.gaps.len().max(1)));
        }
        let complete = said.is_empty();
        let verdict = if complete { "delivered what it promised".into() } else { said.join("; ") };
        Delivery { stream, promised, delivered, missing, gaps, complete, withheld: false, verdict }
    }
}

fn edges(started: Nanos, ended: Nanos, first: Nanos, last: Nanos) -> Vec<String> {
    let mut said = Vec::new();
    if first - started > EDGE {
        said.push(format!("began {:.1} s late", seconds(first - started)));
    }
    if ended - last > EDGE {
        said.push(format!("fell silent {:.1} s before the end", seconds(ended - last)));
    }
    said
}

/// The rate as counted between first and last arrival, missing samples included. What a device had gathered before it
/// was read comes at once: so much more or less than the rate asks for says nothing.
fn off_rate(row: &StreamRow, rate: f64, first: Nanos, last: Nanos) -> Option<String> {
    let length = seconds(last - first);
    if length < 30.0 || row.written == 0 {
        return None;
    }
    let counted = (row.written + row.lost + row.dropped) as f64;
    let off = (counted - rate * length).abs() > rate * (RATE_OFF * length + seconds(EDGE));
    off.then(|| format!("{:.2} a second instead of {rate:.2}", counted / length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{StreamId, StreamInfo};
    use crate::store::rows::{SessionId, SessionState};

    /// A stream that was written from 1 s to 41 s.
    fn row(kind: StreamKind, rate: f64, written: u64) -> StreamRow {
        let info = StreamInfo {
            id: StreamId(0),
            name: "x".into(),
            kind,
            device: "x".into(),
            rate,
            channels: Vec::new(),
            clock: "x".into(),
            latency_s: 0.0,
            latency_origin: crate::signal::LatencyOrigin::default(),
            simulated: true,
        };
        let (first_arrival, last_arrival) = (Some(SECOND), Some(41 * SECOND));
        StreamRow { info, written, lost: 0, dropped: 0, first_arrival, last_arrival, first_index: 0, gaps: Vec::new() }
    }

    fn session(ended: Nanos) -> Session {
        let prepared = Session::prepared(SessionId(1), "P07", 1, (0, SECOND));
        Session { state: SessionState::Complete, ended: Some(ended), simulated: true, ..prepared }
    }

    #[test]
    fn faces_that_were_not_to_be_stored_are_neither_late_nor_missing() {
        // After an interruption only the frames behind it are known of, as none before it was written.
        for first_arrival in [Some(30 * SECOND), None] {
            let row = StreamRow { first_arrival, ..row(StreamKind::Face, 10.0, 0) };
            let judged = Delivery::of(&session(41 * SECOND), &row, &Consent::default());
            assert_eq!((judged.verdict.as_str(), judged.promised), ("not stored, for lack of consent", 0));
        }
    }

    #[test]
    fn what_came_and_what_is_missing_make_what_was_promised_or_it_is_called_about() {
        let row = StreamRow { lost: 3000, ..row(StreamKind::Signal, 500.0, 17_000) };
        let of = |ended| Delivery::of(&session(ended), &row, &Consent::default());
        // The session's clock goes on until the last packet has come; the device counts.
        let within = of(41 * SECOND + SECOND / 10);
        assert_eq!((within.promised, within.is_about()), (20_000, false), "{}", within.verdict);
        let silent = of(61 * SECOND);
        assert_eq!((silent.promised, silent.is_about()), (30_000, true), "{}", silent.verdict);
    }

    #[test]
    fn a_wrong_rate_is_told_and_what_came_at_once_at_the_beginning_is_not() {
        let said = |written| off_rate(&row(StreamKind::Signal, 500.0, written), 500.0, SECOND, 41 * SECOND);
        assert_eq!((said(20_000), said(20_700)), (None, None), "0.7 s were waiting");
        assert_eq!(said(21_500).as_deref(), Some("537.50 a second instead of 500.00"));
        assert_eq!(said(18_500).as_deref(), Some("462.50 a second instead of 500.00"));
    }
}
