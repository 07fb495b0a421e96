//! `limbic export SOURCE... --to KIND OUT`: recordings for other programs: files of the field, a BIDS data set, a file for
//! BrainFlow's playback board, the face video as a film.

mod playback;
mod tables;

use crate::cli::{Common, files, progress, text};
use crate::exchange::bids;
use crate::exchange::edf::About;
use crate::exchange::outgoing::{each_stream, events, has_samples};
use crate::exchange::{ExchangeError, brainvision, edf, film, npz, xdf};
use crate::store::rows::Session;
use crate::store::{Home, Recording};
use crate::study;
use anyhow::{Context, bail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Write recordings for other programs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: limbic export all --to bids dataset\n         limbic export P07/1 --to bdf P07.bdf\n         limbic export all --to parquet --what labels labels.parquet"
)]
pub struct Args {
    #[arg(
        required = true,
        value_name = "SOURCE... OUTPUT",
        help = session_help!("Sessions: all, PARTICIPANT, or each: ", "; for brainflow also a file. The output stands at the end")
    )]
    paths: Vec<PathBuf>,
    /// What to write: a data set (bids), the samples (xdf, edf, bdf, brainvision, npz), the face video with every frame's
    /// time (mkv), a file for BrainFlow's playback board (brainflow); a table with --what (npz, parquet)
    #[arg(long, value_parser = ["bids", "xdf", "edf", "bdf", "brainvision", "npz", "parquet", "brainflow", "mkv"])]
    to: String,
    /// What a table holds: a row a trial (labels), a trial and model (predictions), a window (features)
    #[arg(long, value_parser = ["samples", "labels", "predictions", "features"], default_value = "samples")]
    what: String,
    /// The classes of features: intended, reported, valence, arousal [default: intended]
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Which features: psd, bhi-lf-to-b, bhi-hf-to-b, bhi-b-to-lf, bhi-b-to-hf, spectrogram, spectrogram-map [default: psd]
    #[arg(long, value_name = "NAME")]
    features: Option<String>,
    /// How the EEG of a BIDS data set is written: exact floats, 16 bit, 24 bit [default: brainvision]
    #[arg(long, value_parser = ["brainvision", "edf", "bdf"])]
    eeg: Option<String>,
    /// Name of a BIDS data set [default: limbic: emotion and EEG]
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Author of a BIDS data set; may be given several times [default: n/a]
    #[arg(long, value_name = "NAME")]
    author: Vec<String>,
    /// Licence of a BIDS data set [default: n/a]
    #[arg(long, value_name = "NAME")]
    license: Option<String>,
    /// Put face video into the data set's sourcedata, of those who agreed that it is shared, and of simulated people
    #[arg(long)]
    face: bool,
    /// Which face stream, where there are several (mkv)
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// The file stays inside the lab: face video without consent to share it (mkv), data sets that may not be passed on
    #[arg(long)]
    inside_lab: bool,
}

impl Args {
    /// Refuses what this export does not look at: whoever gives it expects that it counts.
    fn check(&self) -> anyhow::Result<()> {
        if self.what != "samples" && !matches!(self.to.as_str(), "npz" | "parquet") {
            bail!("{} are written as a table: --to npz or --to parquet", self.what);
        }
        if self.what == "samples" && self.to == "parquet" {
            bail!("parquet takes a table: add --what labels, predictions or features");
        }
        let (features, bids) = (self.what == "features", self.to == "bids");
        let given = [
            ("--target", self.target.is_some(), features, "--what features"),
            ("--features", self.features.is_some(), features, "--what features"),
            ("--eeg", self.eeg.is_some(), bids, "--to bids"),
            ("--name", self.name.is_some(), bids, "--to bids"),
            ("--author", !self.author.is_empty(), bids, "--to bids"),
            ("--license", self.license.is_some(), bids, "--to bids"),
            ("--face", self.face, bids, "--to bids"),
            ("--stream", self.stream.is_some(), self.to == "mkv", "--to mkv"),
        ];
        match given.into_iter().find(|(_, given, counts, _)| *given && !counts) {
            Some((option, _, _, place)) => bail!("{option} changes nothing here: it goes with {place}; leave it out"),
            None => Ok(()),
        }
    }
}

pub fn run(args: &Args, common: &Common) -> anyhow::Result<()> {
    args.check()?;
    let (output, sources) = args.paths.split_last().context("name what to export and where to")?;
    if sources.is_empty() {
        bail!("only {} is named; an export takes what to export and, last, where to", output.display());
    }
    if args.what != "samples" {
        check_name(output, &args.to)?;
    }
    if args.to == "brainflow" {
        let [source] = sources else { bail!("brainflow takes one recording") };
        return playback::run(source, output, common);
    }
    let home = Home::view(&common.home)?;
    let sessions = chosen(&home, sources)?;
    if let Some(session) = sessions.iter().find(|s| study::is_restricted(s) && !args.inside_lab) {
        let source_kind = format!("session {}/{} ({})", session.participant, session.number, session.source);
        return Err(ExchangeError::Restricted { source_kind }.into());
    }
    if args.what != "samples" {
        return tables::run(args, &home, &sessions, output, common);
    }
    let write = |recording: &Recording, out: &Path| match args.to.as_str() {
        "mkv" => face_video(args, recording, out, common),
        _ => one_file(args, recording, out, common),
    };
    match (args.to.as_str(), sessions.as_slice()) {
        ("bids", _) => data_set(args, &home, &sessions, output, common),
        (kind, [only]) => {
            check_name(output, ending(kind))?;
            write(&home.recording(only.id)?, output)
        }
        (_, several) => {
            // Every session gets a file of its own in that folder.
            let mut written = 0;
            for session in several {
                let out = output.join(format!("{}_{}.{}", session.participant, session.number, ending(&args.to)));
                match write(&home.recording(session.id)?, &out) {
                    Ok(()) => written += 1,
                    Err(e) if is_empty(&e) => eprintln!("! {}/{} is left out: {e}", session.participant, session.number),
                    Err(e) => return Err(e),
                }
            }
            if written == 0 {
                bail!("none of the {} sessions holds what {} is made of", several.len(), args.to)
            }
            Ok(())
        }
    }
}

/// What a file of that kind ends with.
fn ending(kind: &str) -> &str {
    if kind == "brainvision" { "vhdr" } else { kind }
}

/// A name that ends otherwise than what is written into it would lie; one without an end promises nothing.
fn check_name(output: &Path, ending: &str) -> anyhow::Result<()> {
    if output.extension().is_some() { files::ends_with(output, &[ending]) } else { Ok(()) }
}

/// Whether a session only lacks what was to be written.
fn is_empty(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ExchangeError::NoSamples { .. } | ExchangeError::NoFrames { .. }))
}

/// The sessions that words mean, each once; imports that were cut off are said and left out.
fn chosen(home: &Home, words: &[PathBuf]) -> anyhow::Result<Vec<Session>> {
    let mut found: Vec<Session> = Vec::new();
    let all = home.sessions()?;
    for word in words {
        let word = word.to_string_lossy();
        let of_person: Vec<Session> = all.iter().filter(|s| word == "all" || s.participant == word).cloned().collect();
        let meant = if of_person.is_empty() { vec![home.find_session(&word)?] } else { of_person };
        found.extend(meant.into_iter().filter(|s| !found.iter().any(|f| f.id == s.id)).collect::<Vec<_>>());
    }
    let (half, mut found): (Vec<Session>, Vec<Session>) = found.into_iter().partition(Session::is_half_import);
    let why = "its import was not finished; import it again";
    match half.first() {
        Some(only) if found.is_empty() => bail!("{}/{}: {why}", only.participant, only.number),
        _ => half.iter().for_each(|s| eprintln!("! {}/{} is left out: {why}", s.participant, s.number)),
    }
    found.sort_by(|a, b| (&a.participant, a.number).cmp(&(&b.participant, b.number)));
    Ok(found)
}

fn data_set(args: &Args, home: &Home, sessions: &[Session], root: &Path, common: &Common) -> anyhow::Result<()> {
    let options = bids::Options {
        eeg: match args.eeg.as_deref() {
            Some("edf") => bids::Eeg::Edf,
            Some("bdf") => bids::Eeg::Bdf,
            _ => bids::Eeg::BrainVision,
        },
        name: args.name.clone().unwrap_or_else(|| "limbic: emotion and EEG".into()),
        authors: if args.author.is_empty() { vec!["n/a".into()] } else { args.author.clone() },
        license: args.license.clone().unwrap_or_else(|| "n/a".into()),
        face: args.face,
        bad_below: crate::rig::GateRig::default().bad_channel,
    };
    let report = bids::export(home, sessions, root, &options, &progress::job());
    progress::clear();
    let report = report?;
    if common.json {
        println!("{:#}", json!({ "output": root, "report": report }));
        return Ok(());
    }
    let (new, same) = (report.written.len(), report.unchanged.len());
    println!("{new} sessions written, {same} were there already; {} participants in {}", report.participants, root.display());
    report.notes.iter().for_each(|note| println!("! {note}"));
    Ok(())
}

/// The samples of a session in one file, or one a stream where the format knows a single rate.
fn one_file(args: &Args, recording: &Recording, output: &Path, common: &Common) -> anyhow::Result<()> {
    if !has_samples(recording) {
        return Err(ExchangeError::NoSamples { session: recording.session.id.to_string(), format: args.to.clone() }.into());
    }
    let mut files: Vec<PathBuf> = vec![output.into()];
    let streams = match args.to.as_str() {
        "xdf" => xdf::write(recording, output)?,
        "npz" => npz::session(recording, output)?,
        kind => {
            files.clear();
            each_stream(recording, |stream| {
                let path = if files.is_empty() { output.to_path_buf() } else { beside(output, &stream.info.name) };
                let session = &recording.session;
                let began = session.started_utc + (stream.start - session.started);
                let events = events(recording, stream);
                let about = About {
                    participant: &session.participant,
                    session: &session.id.to_string(),
                    began,
                    simulated: session.simulated,
                };
                match kind {
                    "brainvision" => brainvision::write(
                        &path.with_extension("vhdr"),
                        stream,
                        &events,
                        session.is_dated().then_some(began),
                        "",
                    )?,
                    _ => edf::write(&path, kind == "bdf", stream, &events, about)?,
                }
                files.push(path);
                Ok::<(), ExchangeError>(())
            })?
        }
    };
    if common.json {
        println!("{}", json!({ "session": recording.session.id, "files": files, "streams": streams }));
        return Ok(());
    }
    let mark = text::simulated_mark(recording.session.simulated);
    for file in &files {
        println!("{}/{}{mark} in {}", recording.session.participant, recording.session.number, file.display());
    }
    Ok(())
}

/// "P07.bdf" and "ppg" give "P07_ppg.bdf".
fn beside(output: &Path, stream: &str) -> PathBuf {
    let stem = output.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let end = output.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    output.with_file_name(format!("{stem}_{stream}{end}"))
}

/// The face video of a session; what is damaged or missing is said and left out.
fn face_video(args: &Args, recording: &Recording, output: &Path, common: &Common) -> anyhow::Result<()> {
    let report = film::film(recording, args.stream.as_deref(), output, args.inside_lab)?;
    if common.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        let mark = text::simulated_mark(report.simulated);
        println!("{} frames, {:.1} s of {}{mark} in {}", report.frames, report.seconds, report.stream, report.output.display());
        println!("every frame's own stamps in {}", report.stamps.display());
        if report.missing > 0 {
            println!("! {} frames are missing, in {} places", report.missing, report.gaps);
        }
    }
    if report.damaged > 0 {
        bail!("{} frames of the session are damaged and were left out; the others are written", report.damaged);
    }
    Ok(())
}
