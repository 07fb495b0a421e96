//! A session as an XDF file: samples with their times, one stream of markers, the offsets of the streams' clocks.

use super::chunks::BOUNDARY;
use crate::exchange::ExchangeError;
use crate::exchange::outgoing::{Event, Outgoing, each_stream, events};
use crate::exchange::put::Whole;
use crate::exchange::trial_text;
use crate::exchange::xml::escaped;
use crate::signal::seconds;
use crate::store::Recording;
use std::io::{self, Write};
use std::path::Path;

/// Samples of one chunk last no longer than this, s, as LabRecorder's.
const CHUNK_S: f64 = 0.5;
/// Offsets of the clocks, and boundaries for those who read damaged files, s apart.
const OFFSETS_S: f64 = 5.0;
const BOUNDARIES_S: f64 = 10.0;

/// Writes a session. Every sample carries the time that limbic derived for it; lost samples are written as NaN, so that
/// the times stay even, and named by markers. Answers the number of streams.
///
/// # Errors
/// The session cannot be read or the file cannot be written.
pub fn write(recording: &Recording, path: &Path) -> Result<usize, ExchangeError> {
    let cannot = &|cause: io::Error| ExchangeError::Write { path: path.into(), cause };
    let mut out = Whole::create(path).map_err(cannot)?;
    out.write_all(b"XDF:").map_err(cannot)?;
    let session = &recording.session;
    let date = chrono::DateTime::from_timestamp_nanos(session.started_utc).format("%Y-%m-%dT%H:%M:%S+0000");
    let head = format!("<?xml version=\"1.0\"?><info><version>1.0</version><datetime>{date}</datetime></info>");
    chunk(&mut out, 1, head.as_bytes()).map_err(cannot)?;
    let mut lines: Vec<(f64, String)> = Vec::new();
    let mut id = 0u32;
    let count = each_stream(recording, |stream| {
        id += 1;
        let first = id == 1;
        // The session's time of an event is that of its place on the stream, whatever the stream's clock.
        let in_session = |s: f64| s * stream.info.rate * stream.clock.period * 1e-9;
        let line = |e: &Event| {
            let mark = if first || stream.info.name.is_empty() { String::new() } else { format!("/{}", stream.info.name) };
            // A marker of XDF is a moment: how long it lasted stands in its text, in whole ns.
            let lasts = (in_session(e.duration_s) * 1e9).round() / 1e9;
            (stream.start as f64 * 1e-9 + in_session(e.onset_s), trial_text::with_duration(&(e.line() + &mark), lasts))
        };
        let wanted = |e: &&Event| first || e.kind == "BAD_gap";
        lines.extend(events(recording, stream).iter().filter(wanted).map(line));
        samples(&mut out, id, recording, stream, cannot)
    })?;
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    markers(&mut out, id + 1, recording, &lines).map_err(cannot)?;
    out.finish().map_err(cannot)?;
    Ok(count)
}

fn chunk(out: &mut impl Write, tag: u16, body: &[u8]) -> io::Result<()> {
    let length = body.len() as u64 + 2;
    match u32::try_from(length) {
        Ok(n) if n < 256 => out.write_all(&[1, n as u8])?,
        Ok(n) => out.write_all(&[&[4], n.to_le_bytes().as_slice()].concat())?,
        Err(_) => out.write_all(&[&[8], length.to_le_bytes().as_slice()].concat())?,
    }
    out.write_all(&tag.to_le_bytes())?;
    out.write_all(body)
}

fn with_id(id: u32, rest: &[u8]) -> Vec<u8> {
    [id.to_le_bytes().as_slice(), rest].concat()
}

/// What must be added to the stream's own stamps to be on the session's clock, s: as last measured while recording.
fn offset(recording: &Recording, stream: &Outgoing) -> f64 {
    let mut found: Vec<i64> = recording.clock_offsets.iter().filter(|o| o.stream == stream.info.id).map(|o| o.offset).collect();
    found.sort_unstable();
    found.get(found.len() / 2).map_or(0.0, |o| seconds(*o))
}

fn samples(
    out: &mut impl Write,
    id: u32,
    recording: &Recording,
    stream: &Outgoing,
    cannot: &dyn Fn(io::Error) -> ExchangeError,
) -> Result<(), ExchangeError> {
    let (rate, n) = (stream.info.rate, stream.samples());
    let offset = offset(recording, stream);
    chunk(out, 2, &with_id(id, header(recording, stream).as_bytes())).map_err(cannot)?;
    let step = ((CHUNK_S * rate).floor() as usize).max(1);
    let (mut next_offset, mut next_boundary) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
    stream.each(step, |before, data| {
        let there = data.first().map_or(0, Vec::len);
        for first in (0..there).step_by(step) {
            let at = stream.time_of(before + first);
            if at >= next_offset {
                offset_chunk(out, id, at - offset, offset).map_err(cannot)?;
                next_offset = at + OFFSETS_S;
            }
            if at >= next_boundary {
                chunk(out, 5, &BOUNDARY).map_err(cannot)?;
                next_boundary = at + BOUNDARIES_S;
            }
            let last = (first + step).min(there);
            let mut body = with_id(id, &[4]);
            body.extend(((last - first) as u32).to_le_bytes());
            for t in first..last {
                body.push(8);
                body.extend((stream.time_of(before + t) - offset).to_le_bytes());
                data.iter().for_each(|c| body.extend(c[t].to_le_bytes()));
            }
            chunk(out, 3, &body).map_err(cannot)?;
        }
        Ok::<(), ExchangeError>(())
    })?;
    offset_chunk(out, id, stream.time_of(n.saturating_sub(1)) - offset, offset).map_err(cannot)?;
    footer(out, id, stream.time_of(0) - offset, stream.time_of(n.saturating_sub(1)) - offset, n).map_err(cannot)
}

fn offset_chunk(out: &mut impl Write, id: u32, at: f64, offset: f64) -> io::Result<()> {
    chunk(out, 4, &with_id(id, &[at.to_le_bytes(), offset.to_le_bytes()].concat()))
}

fn footer(out: &mut impl Write, id: u32, first: f64, last: f64, n: usize) -> io::Result<()> {
    let text = format!(
        "<?xml version=\"1.0\"?><info><first_timestamp>{first}</first_timestamp><last_timestamp>{last}</last_timestamp>\
         <sample_count>{n}</sample_count></info>"
    );
    chunk(out, 6, &with_id(id, text.as_bytes()))
}

fn header(recording: &Recording, stream: &Outgoing) -> String {
    let info = &stream.info;
    let mark = if info.simulated { "SIMULATED " } else { "" };
    let mut text = format!(
        "<?xml version=\"1.0\"?><info><name>{mark}{}</name><type>{}</type><channel_count>{}</channel_count>\
         <nominal_srate>{}</nominal_srate><channel_format>float32</channel_format><source_id>{}</source_id>\
         <created_at>{}</created_at><desc><manufacturer>limbic {}</manufacturer><participant>{}</participant><device>{}</device><channels>",
        escaped(&info.name),
        info.channels.first().map_or("EEG", |c| c.role.name()),
        info.channels.len(),
        info.rate,
        recording.session.id,
        stream.time_of(0),
        escaped(&recording.session.limbic_version),
        escaped(&recording.session.participant),
        escaped(&info.device),
    );
    for channel in &info.channels {
        let unit = if channel.unit == "uV" { "microvolts" } else { &channel.unit };
        let (label, unit) = (escaped(&channel.label), escaped(unit));
        text += &format!("<channel><label>{label}</label><unit>{unit}</unit><type>{}</type></channel>", channel.role.name());
    }
    text + "</channels></desc></info>"
}

fn markers(out: &mut impl Write, id: u32, recording: &Recording, lines: &[(f64, String)]) -> io::Result<()> {
    let head = format!(
        "<?xml version=\"1.0\"?><info><name>limbic markers</name><type>Markers</type><channel_count>1</channel_count>\
         <nominal_srate>0</nominal_srate><channel_format>string</channel_format><source_id>{}</source_id>\
         <desc><manufacturer>limbic</manufacturer></desc></info>",
        recording.session.id
    );
    chunk(out, 2, &with_id(id, head.as_bytes()))?;
    for (at, text) in lines {
        let mut body = with_id(id, &[1, 1, 8]);
        body.extend(at.to_le_bytes());
        body.push(4);
        body.extend((text.len() as u32).to_le_bytes());
        body.extend(text.as_bytes());
        chunk(out, 3, &body)?;
    }
    footer(out, id, lines.first().map_or(0.0, |l| l.0), lines.last().map_or(0.0, |l| l.0), lines.len())
}
