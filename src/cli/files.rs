//! What a SESSION|FILE argument means: a file of the field where there is one, else a stored session.

use crate::cli::Common;
use crate::exchange::{self, Loaded, ReadOptions};
use crate::gate::{ChannelQuality, EegWindow, try_judge};
use crate::prepare::Signals;
use crate::rig::GateRig;
use crate::signal::Role;
use crate::store::{Home, Recording};
use anyhow::Context;
use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes a file that only its owner can read, because it shows something of a person, also where another file was in
/// its place.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let private = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        // Standard output and the like are nobody's file.
        if file.metadata()?.is_file() {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
        file.write_all(bytes.as_ref())
    };
    private().with_context(|| format!("{} cannot be written", path.display()))
}

/// Writes to standard output. A reader that has seen enough (`| head`) ends the program as after `println!`: it is no failure.
///
/// # Errors
/// It cannot be written: a full disk.
pub fn print(bytes: impl AsRef<[u8]>) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes.as_ref()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.context("cannot write to standard output"),
    }
}

/// Refuses a file's name that ends otherwise than what can be written, before anything is computed for it.
///
/// # Errors
/// One sentence that names the ends which are known.
pub fn ends_with(path: &Path, known: &[&str]) -> anyhow::Result<()> {
    let end = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    if known.contains(&end.as_str()) {
        return Ok(());
    }
    let all: Vec<String> = known.iter().map(|e| format!(".{e}")).collect();
    let choice = match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    anyhow::bail!("{} cannot be written; name a file that ends with {choice}", path.display())
}

/// The EEG of a file or of a session.
///
/// # Errors
/// The file cannot be read, or neither a file nor a session has that name, or it has no EEG.
pub fn load(name: &Path, lenient: bool, common: &Common) -> anyhow::Result<Loaded> {
    load_counted(name, lenient, common).map(|(loaded, _)| loaded)
}

/// As [`load`], and which share of the samples is there: of a session with gaps only the longest stretch is loaded.
///
/// # Errors
/// As [`load`].
pub fn load_counted(name: &Path, lenient: bool, common: &Common) -> anyhow::Result<(Loaded, f64)> {
    let (mut loaded, share) = if name.exists() || name.extension().is_some() {
        (exchange::load(name, ReadOptions { lenient, ..ReadOptions::default() })?, 1.0)
    } else {
        let home = Home::view(&common.home)?;
        let session = home.find_session(&name.to_string_lossy())?;
        stored(&home.recording(session.id)?)?
    };
    loaded.notes.extend(offsets(&loaded.eeg));
    Ok((loaded, share))
}

/// Beyond this no electrode stands, uV: the unit is wrong, or the amplifier is.
const LARGEST_OFFSET_UV: f64 = 500_000.0;

/// A sentence about channels whose mean no electrode can have. Filters take the offset off; the reader should know.
pub fn offsets(eeg: &Signals) -> Option<String> {
    let mean = |x: &Vec<f64>| x.iter().sum::<f64>() / x.len().max(1) as f64;
    let far: Vec<&str> =
        eeg.labels.iter().zip(&eeg.data).filter(|(_, x)| mean(x).abs() > LARGEST_OFFSET_UV).map(|(l, _)| l.as_str()).collect();
    (!far.is_empty()).then(|| {
        let (few, more) = (far.iter().take(6).copied().collect::<Vec<_>>().join(", "), far.len().saturating_sub(6));
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{few}{more}: offset beyond 500 mV, which no electrode has (is the unit right?); the filters take it off")
    })
}

/// What features must not keep silent about: refuses a recording without any signal, and gives a sentence for the
/// channels that the quality gate calls bad. Too short a recording is left to whoever makes the features.
///
/// # Errors
/// Every channel is flat.
pub fn bad_channels(loaded: &Loaded) -> anyhow::Result<Option<String>> {
    let said = bad(&loaded.eeg, loaded.rail)?;
    Ok(said.map(|said| format!("{said} and are in these features; `limbic quality` says more")))
}

/// Which channels the gate calls bad, where it does; `rail` = the largest value that the device gives, uV, where known.
///
/// # Errors
/// Every channel is flat.
pub fn bad(signals: &Signals, rail: Option<f64>) -> anyhow::Result<Option<String>> {
    let flat = |x: &Vec<f64>| x.iter().all(|v| *v == x[0]);
    if signals.data.iter().all(flat) {
        anyhow::bail!("all {} EEG channels are flat: there is no signal to make features of", signals.data.len());
    }
    let eeg = EegWindow {
        rate: signals.rate,
        labels: signals.labels.clone(),
        data: signals.data.clone(),
        mains_hz: 50.0,
        rail,
        expected_samples: signals.samples(),
    };
    let Ok(report) = try_judge(&eeg) else { return Ok(None) };
    let bad: Vec<&ChannelQuality> = report.channels.iter().filter(|c| c.score < GateRig::default().bad_channel).collect();
    let name = |c: &&ChannelQuality| format!("{} {}", c.label, c.reason.map_or("", |r| r.name())).trim_end().to_string();
    Ok((!bad.is_empty()).then(|| {
        let shown = bad.iter().take(6).map(name).collect::<Vec<_>>().join(", ");
        let (all, more) = (report.channels.len(), if bad.len() > 6 { ", ..." } else { "" });
        format!("{} of {all} channels are bad ({shown}{more})", bad.len())
    }))
}

fn stored(recording: &Recording) -> anyhow::Result<(Loaded, f64)> {
    let eeg = crate::study::stored_signals(recording)?;
    let row = recording.streams.iter().find(|s| !s.info.with_role(Role::Eeg).is_empty()).context("the session has no EEG")?;
    let mut notes: Vec<String> =
        exchange::which_eeg(recording.streams.iter().map(|s| (&s.info, s.written as usize))).into_iter().collect();
    let mut segments = eeg.segments();
    if segments.len() > 1 {
        notes.push(format!("only the longest of {} stretches between gaps is used", segments.len()));
    }
    segments.sort_by_key(|s| s.signals.samples());
    let share = segments.iter().map(|s| s.signals.samples()).sum::<usize>() as f64 / eeg.samples().max(1) as f64;
    let eeg: Signals = segments.pop().context("the session has no samples")?.signals;
    let rail = row.info.channels.iter().find(|c| c.role == Role::Eeg).and_then(|c| c.rail);
    Ok((Loaded { format: "session".into(), stream: row.info.clone(), eeg, rail, notes }, share))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_a_person_is_for_its_owner_also_in_the_place_of_another_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("map.svg");
        for text in ["long enough", "short"] {
            write(&path, text).expect("written");
            assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
            let mode = || std::fs::metadata(&path).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode(), 0o600);
            std::fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("ours");
        }
        let refused = write(&folder.path().join("absent/map.svg"), "").expect_err("no folder").to_string();
        assert!(refused.contains("map.svg cannot be written"), "{refused}");
    }
}
