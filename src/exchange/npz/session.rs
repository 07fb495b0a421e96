//! A session as arrays: samples, times and descriptions of every stream, what happened, what was answered.

use super::{Array, Values, write};
use crate::exchange::ExchangeError;
use crate::exchange::outgoing::{Event, each_stream, events};
use crate::signal::{seconds, to_nanos};
use crate::store::Recording;
use std::path::Path;

/// Writes a session. Of every stream NAME: `NAME` (channels x samples), `NAME_rate`, `NAME_start` (s since the session's
/// start), `NAME_times` (s, of every sample), `NAME_channels`, `NAME_units`, `NAME_roles`; then `event_onset`,
/// `event_duration` (s), `event_text`, and `trial_*`. Answers the number of streams.
///
/// # Errors
/// The session cannot be read or the file cannot be written.
pub fn session(recording: &Recording, path: &Path) -> Result<usize, ExchangeError> {
    let started = recording.session.started;
    let mut arrays = Vec::new();
    let mut lines: Vec<Event> = Vec::new();
    let count = each_stream(recording, |stream| {
        let name = &stream.info.name;
        let add = |what: &str| format!("{name}_{what}");
        let start = seconds(stream.start - started);
        if arrays.is_empty() {
            let mut found = events(recording, stream);
            // On the session's clock: the streams' own counts differ.
            let at = |s: f64| start + s * stream.info.rate * stream.clock.period * 1e-9;
            found.iter_mut().for_each(|e| (e.onset_s, e.duration_s) = (at(e.onset_s), at(e.duration_s) - start));
            lines = found;
        }
        let shape = [stream.info.channels.len(), stream.samples()];
        let mut planar = vec![0f32; shape[0] * shape[1]];
        stream.each(1, |first, data| {
            let places = planar.chunks_mut(shape[1].max(1));
            places.zip(data).for_each(|(place, channel)| place[first..first + channel.len()].copy_from_slice(channel));
            Ok::<(), ExchangeError>(())
        })?;
        arrays.push(Array::new(name, &shape, Values::F32(planar)));
        arrays.push(Array::new(&add("rate"), &[1], Values::F64(vec![stream.info.rate])));
        arrays.push(Array::new(&add("start"), &[1], Values::F64(vec![start])));
        let times = (0..stream.samples()).map(|t| stream.time_of(t) - seconds(started)).collect();
        arrays.push(Array::new(&add("times"), &shape[1..], Values::F64(times)));
        let list = |f: &dyn Fn(&crate::signal::Channel) -> String| stream.info.channels.iter().map(f).collect::<Vec<_>>();
        arrays.push(Array::labels(&add("channels"), &list(&|c| c.label.clone())));
        arrays.push(Array::labels(&add("units"), &list(&|c| c.unit.clone())));
        arrays.push(Array::labels(&add("roles"), &list(&|c| c.role.name().into())));
        Ok::<(), ExchangeError>(())
    })?;
    let n = [lines.len()];
    arrays.push(Array::new("event_onset", &n, Values::F64(lines.iter().map(|e| e.onset_s).collect())));
    arrays.push(Array::new("event_duration", &n, Values::F64(lines.iter().map(|e| e.duration_s).collect())));
    arrays.push(Array::labels("event_text", &lines.iter().map(Event::line).collect::<Vec<_>>()));
    arrays.extend(trials(recording));
    arrays.push(Array::new("simulated", &[1], Values::I64(vec![i64::from(recording.session.simulated)])));
    arrays.push(Array::new("started_utc", &[1], Values::I64(vec![recording.session.started_utc])));
    arrays.push(Array::labels("limbic_version", std::slice::from_ref(&recording.session.limbic_version)));
    write(path, &arrays)?;
    Ok(count)
}

/// One value a trial (its latest attempt); NaN and "" where there is none.
fn trials(recording: &Recording) -> Vec<Array> {
    let (trials, started) = (&recording.trials, recording.session.started);
    let n = [trials.len()];
    let numbers = |name: &str, f: &dyn Fn(&crate::store::rows::Trial) -> Option<f64>| {
        Array::new(name, &n, Values::F64(trials.iter().map(|t| f(t).unwrap_or(f64::NAN)).collect()))
    };
    let at = |t: Option<i64>| t.map(|t| (to_nanos(seconds(t - started))) as f64 * 1e-9);
    let words = |name: &str, f: &dyn Fn(&crate::store::rows::Trial) -> String| {
        Array::labels(name, &trials.iter().map(f).collect::<Vec<_>>())
    };
    vec![
        numbers("trial_number", &|t| Some(f64::from(t.number))),
        numbers("trial_on", &|t| at(t.video_on)),
        numbers("trial_off", &|t| at(t.video_off)),
        numbers("trial_valence", &|t| t.rating.valence.map(f64::from)),
        numbers("trial_arousal", &|t| t.rating.arousal.map(f64::from)),
        words("trial_emotion", &|t| t.rating.emotion.map_or(String::new(), |e| e.name().into())),
        words("trial_intended", &|t| t.intended.map_or(String::new(), |e| e.name().into())),
        words("trial_stimulus", &|t| t.stimulus.clone()),
    ]
}
