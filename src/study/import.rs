//! Recordings of the field become ordinary sessions.

use crate::exchange::{Opened, Source, trial_text};
use crate::signal::{Marker, MarkerKind, Nanos, Seed, Segment, seconds, to_nanos};
use crate::store::rows::{Consent, Participant, Session, SessionState, Trial, TrialState};
use crate::store::{Home, Samples, WholeSession, WholeStream};
use crate::study::StudyError;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

/// Formats whose data sets may not be passed on: a copy leaves the lab only when a person says that it stays inside.
const RESTRICTED: [&str; 3] = ["import:deap", "import:mahnob-hci", "import:seed"];

/// Whether the licence of a session's data set forbids passing it on.
pub fn is_restricted(session: &Session) -> bool {
    RESTRICTED.iter().any(|name| session.source.starts_with(name))
}

/// Stores a recording as a complete session. Without `participant` the recording's own code is taken; where `stop` is
/// raised meanwhile nothing of it is left.
///
/// # Errors
/// The home cannot be written; a code that cannot be one.
pub fn import(
    home: &Home,
    recording: impl Into<Opened>,
    source: &Source,
    participant: Option<&str>,
    now_utc: Nanos,
    stop: &AtomicBool,
) -> Result<Session, StudyError> {
    let Opened { imported, later } = recording.into();
    let file = source.path();
    let mut person =
        imported.participant.clone().unwrap_or_else(|| Participant { code: "imported".into(), ..Participant::default() });
    if let Some(code) = participant {
        person.code = code.into();
    }
    // What is known of a person already is not overwritten by a file that says less.
    if let Some(known) = home.participants()?.into_iter().find(|known| known.code == person.code) {
        person = known;
    }
    let lab = imported.lab.clone().unwrap_or_default();
    let session = Session {
        id: home.new_session_id(now_utc, &mut Seed::new(now_utc as u64)),
        participant: person.code.clone(),
        number: home.next_number(&person.code)?,
        state: SessionState::Prepared,
        started_utc: imported.start_utc.unwrap_or(now_utc),
        started: 0,
        ended: None,
        rig_name: file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        rig: lab.rig,
        playlist: lab.playlist,
        order_seed: lab.order_seed,
        player: if lab.player.is_empty() { "none".into() } else { lab.player },
        simulated: imported.streams.iter().any(|stream| stream.info.simulated),
        limbic_version: env!("CARGO_PKG_VERSION").into(),
        trials_planned: 0,
        verdict: lab.verdict,
        override_reason: lab.override_reason,
        quality: lab.quality,
        source: format!("import:{}", imported.format.to_ascii_lowercase()),
        content: String::new(),
    };
    let consent = lab.consent.unwrap_or_else(|| Consent::elsewhere(&session.rig_name));
    let whole = whole(Opened { imported, later });
    let numbers: BTreeSet<u32> = whole.trials.iter().map(|t| t.number).collect();
    let session = Session { trials_planned: lab.trials_planned.unwrap_or(numbers.len() as u32), ..session };
    Ok(home.import_session(session, person, consent, whole, stop)?)
}

/// Streams, markers and trials on the session's clock, whose zero is the recording's.
fn whole(Opened { imported, later }: Opened) -> WholeSession {
    let mut later = later.into_iter();
    let (trials, markers, placements) = (imported.trials, imported.markers, imported.placements);
    let mut made = WholeSession { trials, markers, placements, ..WholeSession::default() };
    let (mut gaps, mut felt) = (Vec::new(), Vec::new());
    for (onset, duration, text) in imported.annotations {
        let line = text.strip_prefix("Comment/").unwrap_or(&text);
        if line == "BAD_gap" || line.starts_with("BAD_gap: ") {
            gaps.push((onset, duration));
        } else if let Some(trial) = trial_text::read(line) {
            let (on, off) = (to_nanos(onset), to_nanos(onset + duration));
            made.trials.push(Trial { video_on: Some(on), video_off: (duration > 0.0).then_some(off), ..trial });
        } else if let Some(segment) = trial_text::read_felt(line) {
            felt.push((onset, duration, segment));
        } else {
            made.markers.push(marker(onset, duration, line));
        }
    }
    end_trials(&mut made);
    for (onset, duration, segment) in felt {
        let of = |t: &&Trial| (t.number, t.attempt) == (segment.trial, segment.attempt);
        match made.trials.iter().find(of).and_then(|t| t.video_on).map(seconds) {
            Some(on) => made.segments.push(Segment { from_s: onset - on, to_s: onset + duration - on, ..segment }),
            None => made.markers.push(marker(onset, duration, &trial_text::write_felt(&segment))),
        }
    }
    for (n, stream) in imported.streams.into_iter().enumerate() {
        let (mut data, mut elsewhere) = (stream.data, later.next());
        let first = stream.start_s;
        // Events are told of the first stream, that of the EEG; the others have holes of their own.
        for (onset, duration) in gaps.iter().filter(|_| n == 0) {
            // limbic's own files fill what was lost, since their formats know no missing value.
            let place = |s: f64| ((s - first) * stream.info.rate).round().max(0.0) as usize;
            let (from, to) = (place(*onset), place(onset + duration));
            elsewhere.iter_mut().for_each(|samples| samples.lose(from..to));
            for channel in &mut data {
                let (from, to) = (from.min(channel.len()), to.min(channel.len()));
                channel[from..to.max(from)].fill(f32::NAN);
            }
        }
        let samples = elsewhere.map_or_else(|| data.into(), |samples| Samples::Elsewhere(Box::new(samples)));
        made.streams.push(WholeStream { info: stream.info, samples, start: to_nanos(first), stamps: stream.stamps });
    }
    made
}

/// A trial whose line says no length ended with its video: at the first marker of that before the next trial begins.
fn end_trials(made: &mut WholeSession) {
    let begins: Vec<Nanos> = made.trials.iter().filter_map(|t| t.video_on).collect();
    let ends: Vec<Nanos> = made.markers.iter().filter(|m| m.kind == MarkerKind::VideoOff).map(|m| m.at).collect();
    for trial in made.trials.iter_mut().filter(|t| t.video_off.is_none() && t.state == TrialState::Done) {
        let Some(on) = trial.video_on else { continue };
        let next = begins.iter().copied().filter(|begin| *begin > on).min();
        trial.video_off = ends.iter().copied().filter(|end| *end > on).min().filter(|end| next.is_none_or(|next| *end <= next));
    }
}

/// A line of limbic's own becomes the marker that it was; any other text one from outside.
fn marker(onset: f64, duration: f64, line: &str) -> Marker {
    let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
    let kind = MarkerKind::named(word);
    let text = if kind.is_some() { rest } else { line };
    let text = trial_text::with_duration(text, duration);
    Marker { at: to_nanos(onset), kind: kind.unwrap_or(MarkerKind::External), text, trial: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Imported;

    #[test]
    fn lines_of_limbics_own_become_what_they_were() {
        let annotations = vec![
            (1.0, 0.0, "video-on: clip".to_string()),
            (2.0, 3.0, "Comment/trial 1.1 done valence=6 stimulus=clip".into()),
            (0.02, 0.02, "BAD_gap".into()),
            (4.0, 0.5, "S  1".into()),
            (6.0, 0.0, "trial 2.1 done stimulus=cut".into()),
            (8.0, 0.0, "trial 3.1 done stimulus=clip".into()),
            (10.0, 0.0, "video-off: clip".into()),
            (2.5, 1.0, "felt 1.1/1 emotion=fear intensity=7 live=no marked=5 by=participant".into()),
        ];
        let info = crate::signal::StreamInfo {
            id: crate::signal::StreamId(0),
            name: "eeg".into(),
            kind: crate::signal::StreamKind::Signal,
            device: String::new(),
            rate: 100.0,
            channels: vec![crate::signal::Channel::eeg("Fz")],
            clock: String::new(),
            latency_s: 0.0,
            latency_origin: Default::default(),
            simulated: false,
        };
        let stream = crate::exchange::ImportedStream { info, data: vec![vec![1.0; 5]], start_s: 0.0, stamps: Vec::new() };
        let made = whole(Imported { annotations, streams: vec![stream], ..Imported::default() }.into());
        assert_eq!((made.markers[0].kind, made.markers[0].text.as_str()), (MarkerKind::VideoOn, "clip"));
        assert_eq!((made.markers[1].kind, made.markers[1].text.as_str()), (MarkerKind::External, "S  1 (lasts 0.5 s)"));
        let felt = &made.segments[0];
        assert_eq!((felt.from_s, felt.to_s, felt.intensity, felt.by.as_str()), (0.5, 1.5, Some(7), "participant"));
        assert_eq!((made.trials[0].video_off, made.trials[0].rating.valence), (Some(5_000_000_000), Some(6.0)));
        assert_eq!(made.trials.iter().map(|t| t.video_off).collect::<Vec<_>>()[1..], [None, Some(10_000_000_000)]);
        let Samples::Held(data) = &made.streams[0].samples else { panic!("in memory") };
        assert_eq!(data[0].iter().map(|v| v.is_nan()).collect::<Vec<_>>(), [false, false, true, true, false]);
    }
}
