//! `limbic calibrate`: measures a stream's fixed latency on a recorded session, stores it with the session and prints
//! the lines for the rig.

use crate::cli::Common;
use crate::prepare::faces::{centre_square, decode_grey};
use crate::prepare::heart::median;
use crate::prepare::latency::{Even, Latency, blink_latency, flash_latency};
use crate::signal::{Clock, LatencyOrigin, LatencySource, MarkerKind, Nanos, Role, StreamKind, SystemClock, seconds};
use crate::store::rows::{Entry, LatencyRow, StreamRow};
use crate::store::{Block, Home, Recording};
use anyhow::{Context, bail};

/// Measure a stream's fixed latency on a recorded session
///
/// With --aux: a photodiode or microphone in that channel, against the onsets of videos or markers (20 flashes do).
/// With --blink: ten double blinks, frontal EEG against the face camera; the session needs stored face video.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: limbic calibrate last --aux TRIG\n         limbic calibrate last --blink")]
pub struct Args {
    #[arg(default_value = "last", help = session_help!("Session: ", ""))]
    session: String,
    /// Channel that sees the flash or hears the sound
    #[arg(long, value_name = "CHANNEL", required_unless_present = "blink", conflicts_with = "blink")]
    aux: Option<String>,
    /// Blinks in the EEG against the face camera
    #[arg(long)]
    blink: bool,
    /// Only print; store nothing
    #[arg(long)]
    dry_run: bool,
}

/// Further from the setting than this is worth a warning, s.
const DISAGREES: f64 = 0.1;
/// Channels over the eyes.
const FRONTAL: [&str; 6] = ["Fp1", "Fp2", "Fpz", "AF3", "AF4", "AFz"];
/// The face is looked at so finely, and at the edges of these shares of its pixels, darkest first.
const SIDE: usize = 60;
const SHARES: [f64; 6] = [0.005, 0.02, 0.05, 0.95, 0.98, 0.995];

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    let home = if args.dry_run { Home::view(&common.home)? } else { Home::open(&common.home)? };
    let session = home.find_session(&args.session)?;
    let recording = home.recording(session.id)?;
    let (stream, measured, source) = match &args.aux {
        Some(channel) => flashes(&recording, channel)?,
        None => blinks(&recording)?,
    };
    let origin = LatencyOrigin { sd_s: measured.sd_s, source };
    let row = LatencyRow { stream: stream.info.id, latency_s: measured.latency_s, origin, measured_utc: SystemClock.utc() };
    if !args.dry_run {
        home.put(Entry::Latency(session.id, row))?;
    }
    if common.json {
        let value = serde_json::json!({ "session": session.id, "stream": stream.info.name, "latency_s": measured.latency_s,
            "latency_sd_s": measured.sd_s, "latency_source": source, "found": measured.found,
            "strength": measured.strength, "was_s": stream.info.latency_s, "stored": !args.dry_run });
        println!("{}", serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    let of = match source {
        LatencySource::Photodiode => format!("{} edges", measured.found),
        _ => format!("blinks, r = {:.2}, {} of 4 parts agree", measured.strength, measured.found),
    };
    let (value, sd) = (1e3 * measured.latency_s, 1e3 * measured.sd_s);
    println!(
        "{}: fixed latency {value:.1} +- {sd:.1} ms ({of}; the rig said {:.1} ms)",
        stream.info.name,
        1e3 * stream.info.latency_s
    );
    if (measured.latency_s - stream.info.latency_s).abs() > DISAGREES {
        println!("WARNING: that is more than {:.0} ms from the rig's setting", 1e3 * DISAGREES);
    }
    let stored = if args.dry_run { "Nothing was stored." } else { "Stored: this session's times use it from now on." };
    println!("{stored} For the rig, so that the next sessions do:\n");
    println!(
        "latency_s = {:.4}\nlatency_sd_s = {:.4}\nlatency_source = \"{}\"",
        measured.latency_s,
        measured.sd_s,
        source.name()
    );
    Ok(())
}

/// When the first sample of the block was stamped, before any latency was taken off.
fn stamped(recording: &Recording, row: &StreamRow, block: &Block) -> Nanos {
    block.start + recording.clock(row.info.id).map_or(0, |clock| clock.latency)
}

fn flashes<'a>(recording: &'a Recording, label: &str) -> anyhow::Result<(&'a StreamRow, Latency, LatencySource)> {
    let place = |row: &StreamRow| row.info.channels.iter().position(|c| c.label.eq_ignore_ascii_case(label));
    let found = recording.streams.iter().find_map(|row| Some((row, place(row)?)));
    let all = || recording.streams.iter().flat_map(|r| r.info.labels()).collect::<Vec<_>>().join(", ");
    let (row, channel) = found.with_context(|| format!("no channel is called \"{label}\"; there are {}", all()))?;
    let onsets: Vec<f64> = recording
        .markers
        .iter()
        .filter(|m| matches!(m.kind, MarkerKind::VideoOn | MarkerKind::Marker | MarkerKind::External))
        .map(|m| seconds(m.at - recording.session.started))
        .collect();
    let block = recording.whole(row.info.id)?;
    let values: Vec<f64> = block.data[channel].iter().map(|v| f64::from(*v)).collect();
    let aux = even(recording, row, &block, &values);
    Ok((row, flash_latency(aux, &onsets)?, LatencySource::Photodiode))
}

fn even<'a>(recording: &Recording, row: &StreamRow, block: &Block, values: &'a [f64]) -> Even<'a> {
    let start = seconds(stamped(recording, row, block) - recording.session.started);
    let rate = recording.clock(row.info.id).map_or(block.rate, |clock| 1e9 / clock.period);
    Even { values, start, rate }
}

fn blinks(recording: &Recording) -> anyhow::Result<(&StreamRow, Latency, LatencySource)> {
    let frontal = |row: &StreamRow| -> Vec<usize> {
        let eeg = row.info.with_role(Role::Eeg).into_iter();
        eeg.filter(|i| FRONTAL.iter().any(|f| f.eq_ignore_ascii_case(&row.info.channels[*i].label))).collect()
    };
    let found = recording.streams.iter().map(|row| (row, frontal(row))).find(|(_, columns)| !columns.is_empty());
    let (row, columns) = found.with_context(|| format!("no EEG channel over the eyes was recorded ({})", FRONTAL.join(", ")))?;
    let Some(face) = recording.streams.iter().find(|r| r.info.kind == StreamKind::Face) else {
        bail!("the session has no face stream; connect the camera and record again");
    };
    let block = recording.whole(row.info.id)?;
    let samples = block.data.first().map_or(0, Vec::len);
    let mean = |t: usize| columns.iter().map(|c| f64::from(block.data[*c][t])).sum::<f64>() / columns.len() as f64;
    let values: Vec<f64> = (0..samples).map(mean).collect();
    let looks = looks(recording, face)?;
    if looks.is_empty() {
        bail!("no face frames are stored; record with the consent to store them (--face)");
    }
    // Where a blink shows depends on the face and the light: what follows the EEG best is taken.
    let eeg = even(recording, row, &block, &values);
    let mut best: Option<Latency> = None;
    let mut refused = None;
    for look in &looks {
        match blink_latency(eeg, look) {
            Ok(found) if best.is_none_or(|b| found.strength > b.strength) => best = Some(found),
            Ok(_) => {}
            Err(why) => refused = Some(why),
        }
    }
    match (best, refused) {
        (Some(found), _) => Ok((row, found, LatencySource::CrossCorr)),
        (None, Some(why)) => Err(why.into()),
        (None, None) => bail!("no face frame could be looked at"),
    }
}

/// For each of some shares of the brightest and darkest pixels of the upper half of the face: (time, how far their edge is
/// from its median of a second) for every frame. Shut lids hide the whites and the pupils; a head that moves within the
/// picture changes no such share.
fn looks(recording: &Recording, face: &StreamRow) -> anyhow::Result<Vec<Vec<(f64, f64)>>> {
    let mut edges: Vec<Vec<(f64, f64)>> = vec![Vec::new(); SHARES.len()];
    for frame in recording.frames(face.info.id, Nanos::MIN, Nanos::MAX)? {
        let Ok(grey) = decode_grey(&frame.jpeg) else { continue };
        let mut pixels = centre_square(&grey, SIDE);
        pixels.truncate(SIDE * SIDE / 2);
        pixels.sort_unstable_by(f32::total_cmp);
        let at = seconds(frame.captured - recording.session.started);
        for (series, share) in edges.iter_mut().zip(SHARES) {
            series.push((at, f64::from(pixels[(share * (pixels.len() - 1) as f64).round() as usize])));
        }
    }
    let half = (face.info.rate / 2.0).round().max(1.0) as usize;
    let about = |series: &Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        let near = |i: usize| &series[i.saturating_sub(half)..(i + half + 1).min(series.len())];
        let usual = |i: usize| median(&near(i).iter().map(|(_, v)| *v).collect::<Vec<_>>());
        series.iter().enumerate().map(|(i, (at, v))| (*at, (v - usual(i)).abs())).collect()
    };
    Ok(edges.iter().filter(|series| series.len() > 1).map(about).collect())
}
