//! From the chunks of an XDF file to streams: clock offsets applied, stamps on straight lines, pauses as gaps.

use super::chunks::{self, Contents, Track};
use super::clock::{self, Piece};
use crate::exchange::ExchangeError;
use crate::exchange::imported::{self, Draft, Imported, ImportedStream, ReadOptions, stream_name};
use crate::exchange::trial_text;
use crate::exchange::xml::Element;
use crate::signal::Role;
use std::path::Path;

/// Lines of other rates than this much about the nominal one are taken at the rate that the stamps tell.
const MOST_DRIFT: f64 = 200e-6;
/// More than this many seconds of pauses are not filled.
const LONGEST_GAPS_S: f64 = 86_400.0;
/// So many values of pauses are always filled.
const SHORT: usize = 1 << 16;
/// Irregular samples become annotations as long as there are not more of them.
const MOST_EVENTS: usize = 100_000;

/// Reads a file; a cut or damaged one as far as it is whole.
///
/// # Errors
/// It is no XDF, or holds no stream.
pub fn read(path: &Path, options: ReadOptions) -> Result<Imported, ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let wrong = |why: &str| ExchangeError::Malformed { path: path.into(), format: "XDF", why: why.into() };
    let mut contents = chunks::parse(&bytes).ok_or_else(|| wrong("it does not begin with \"XDF:\""))?;
    drop(bytes);
    let mut imported = Imported { format: "XDF".into(), ..Imported::default() };
    told(&contents, &mut imported.notes);
    if contents.tracks.is_empty() {
        return Err(wrong("no stream header in it is whole"));
    }
    let mut tracks: Vec<Track> = contents.order.iter().filter_map(|id| contents.tracks.remove(id)).collect();
    for track in &mut tracks {
        let stretches = clock::correct(&mut track.stamps, &track.offsets);
        if stretches > 1 {
            imported.notes.push(format!(
                "the clock of {} was set {} times; each stretch has its own offset",
                track.name,
                stretches - 1
            ));
        }
    }
    let zero = tracks.iter().filter_map(|t| t.stamps.iter().copied().filter(|t| t.is_finite()).reduce(f64::min)).reduce(f64::min);
    imported.zero_s = zero.unwrap_or(0.0);
    imported.start_utc = date(&contents.header);
    for track in tracks {
        if track.stamps.is_empty() {
            imported.notes.push(format!("stream {} is empty and left out", track.name));
        } else if track.kind.is_none() || track.rate == 0.0 {
            events(&track, &mut imported);
        } else {
            streams(&track, path, options, &mut imported)?;
        }
    }
    imported::put_main_first(&mut imported.streams);
    imported::number_names(&mut imported.streams);
    let streams = imported.streams.iter().map(|s| (&s.info, s.data.first().map_or(0, Vec::len)));
    imported.notes.extend(imported::which_eeg(streams));
    imported.annotations.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(imported)
}

fn told(contents: &Contents, notes: &mut Vec<String>) {
    for (at, bytes) in contents.damage.iter().take(5) {
        notes.push(format!("damaged at byte {at}: {bytes} bytes up to the next boundary are left out"));
    }
    if contents.damage.len() > 5 {
        notes.push(format!("and damaged at {} more places", contents.damage.len() - 5));
    }
    if contents.cut {
        notes.push("the file ends within a chunk: what is whole before is read".into());
    }
}

/// Local time as UTC where the file says no zone.
fn date(header: &Element) -> Option<i64> {
    let text = header.text_of("datetime");
    let zoned =
        chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%z").or_else(|_| chrono::DateTime::parse_from_rfc3339(text));
    zoned.ok().and_then(|at| at.timestamp_nanos_opt())
}

/// Text, and values without a rate.
fn events(track: &Track, imported: &mut Imported) {
    let zero = imported.zero_s;
    if track.stamps.len() > MOST_EVENTS {
        imported.notes.push(format!(
            "stream {} has {} samples without a rate; they are left out",
            track.name,
            track.stamps.len()
        ));
        return;
    }
    let word = |i: usize| match track.kind {
        None => track.texts.get(i).cloned().unwrap_or_default(),
        Some(_) => {
            let row = track.values.iter().skip(i * track.channels).take(track.channels);
            format!("{}: {}", track.name, row.map(f32::to_string).collect::<Vec<_>>().join(", "))
        }
    };
    if track.kind.is_some() {
        imported.notes.push(format!("stream {} has no rate; its {} samples are kept as markers", track.name, track.stamps.len()));
    }
    imported.annotations.extend(track.stamps.iter().enumerate().map(|(i, at)| {
        let word = word(i);
        let (text, lasts) = trial_text::split_duration(&word);
        (at - zero, lasts, text.to_string())
    }));
}

/// A stream of samples on an even grid; several where its computer was exchanged and then ran at another rate, or where
/// its pauses are longer than all that was recorded.
fn streams(track: &Track, path: &Path, options: ReadOptions, imported: &mut Imported) -> Result<(), ExchangeError> {
    let pieces = clock::pieces(&track.stamps, track.rate).unwrap_or_else(|| {
        let first = "its samples are taken evenly from the first one on";
        imported.notes.push(format!("the stamps of {} are damaged; {first}", track.name));
        clock::nominal(&track.stamps, track.rate)
    });
    let groups = clock::even(&pieces, track.rate, MOST_DRIFT);
    if groups.len() > 1 {
        imported.notes.push(format!(
            "{} ran at {} different rates; it becomes as many streams, each with its own times",
            track.name,
            groups.len()
        ));
    }
    let most = (track.stamps.len() as f64).max((SHORT / track.channels) as f64);
    for group in groups {
        let parts = clock::near(&pieces, group, track.rate, most);
        if parts.len() > 1 {
            let n = parts.len();
            imported
                .notes
                .push(format!("{} paused for longer than it recorded; it becomes {n} streams with their own times", track.name));
        }
        for part in parts {
            let stream = stream(track, &pieces[part], path, options, imported)?;
            imported.streams.push(stream);
        }
    }
    Ok(())
}

fn stream(
    track: &Track,
    pieces: &[Piece],
    path: &Path,
    options: ReadOptions,
    imported: &mut Imported,
) -> Result<ImportedStream, ExchangeError> {
    let (measured, steps) = clock::rate(pieces, track.rate);
    // Half a minute tells the rate better than the header where both disagree.
    let off = (measured / track.rate - 1.0).abs() > MOST_DRIFT && steps > 100;
    let rate = if off { measured } else { track.rate };
    if off {
        imported.notes.push(format!("{} says {} Hz and delivered {measured:.4} Hz, which is taken", track.name, track.rate));
    }
    let start = pieces.first().map_or(0.0, |p| p.start);
    let (places, gaps) = places(pieces, start, rate);
    if gaps as f64 / rate > LONGEST_GAPS_S {
        return Err(ExchangeError::Gaps { path: path.into(), seconds: gaps as f64 / rate });
    }
    if gaps > 0 {
        let (n, s) = (pieces.len() - 1, gaps as f64 / rate);
        imported.notes.push(format!("{} has {n} pauses, {s:.3} s in all", track.name));
    }
    let drafts = drafts(&track.header, track.channels);
    let made = imported::channels(&drafts, &mut imported.notes);
    let length = places.last().zip(pieces.last()).map_or(0, |(at, p)| at + p.count);
    let mut data = vec![vec![f32::NAN; length]; track.channels];
    for (piece, at) in pieces.iter().zip(&places) {
        for (c, (channel, (_, factor))) in data.iter_mut().zip(&made).enumerate() {
            for i in 0..piece.count {
                let value = track.values.get((piece.first + i) * track.channels + c).copied().unwrap_or(f32::NAN);
                channel[at + i] = if *factor == 1.0 { value } else { (f64::from(value) * factor) as f32 };
            }
        }
    }
    let stamps = if options.raw_stamps { own_stamps(track, pieces, &places, length, imported.zero_s) } else { Vec::new() };
    let channels: Vec<_> = made.into_iter().map(|(c, _)| c).collect();
    let name = stream_name(&channels, &plain(&track.name));
    let simulated = track.header.text_of("name").contains("SIMULATED") || track.header.find("simulated").is_some();
    let device = format!("XDF stream {} ({})", track.name, track.header.text_of("type"));
    let mut info = imported::info(imported.streams.len(), &name, device, rate, channels);
    info.simulated = simulated;
    info.clock = "LSL stamps, clock offsets applied".into();
    Ok(ImportedStream { info, data, start_s: start - imported.zero_s, stamps })
}

/// Where each piece begins on the grid, and how many places stay empty.
fn places(pieces: &[Piece], start: f64, rate: f64) -> (Vec<usize>, usize) {
    let (mut end, mut gaps) = (0usize, 0usize);
    let place = |piece: &Piece| {
        let wanted = ((piece.start - start) * rate).round().max(0.0) as usize;
        let at = wanted.max(end);
        gaps = gaps.saturating_add(at - end);
        end = at.saturating_add(piece.count);
        at
    };
    (pieces.iter().map(place).collect(), gaps)
}

fn own_stamps(track: &Track, pieces: &[Piece], places: &[usize], length: usize, zero: f64) -> Vec<f64> {
    let mut stamps = vec![f64::NAN; length];
    for (piece, at) in pieces.iter().zip(places) {
        for i in 0..piece.count {
            stamps[at + i] = track.stamps[piece.first + i] - zero;
        }
    }
    stamps
}

/// Labels, units and types as far as the stream's description has them.
fn drafts(header: &Element, count: usize) -> Vec<Draft> {
    let described: Vec<&Element> = header.find("channels").map(|c| c.all("channel").collect()).unwrap_or_default();
    let kind = header.text_of("type");
    (0..count)
        .map(|i| {
            let channel = described.get(i);
            let text = |name| channel.map_or("", |c| c.text_of(name));
            let label = if text("label").is_empty() { format!("ch{}", i + 1) } else { text("label").to_string() };
            let said = if text("type").is_empty() { kind } else { text("type") };
            let unit = if text("unit").is_empty() && role(said) == Some(Role::Eeg) { "uV" } else { text("unit") };
            Draft::new(&label, unit, role(said))
        })
        .collect()
}

fn role(kind: &str) -> Option<Role> {
    crate::exchange::roles::named(kind)
}

/// A name that can stand in a file's name.
fn plain(name: &str) -> String {
    let kept: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(24).collect();
    let kept = kept.trim_matches('-').to_string();
    if kept.is_empty() { "signals".into() } else { kept }
}
