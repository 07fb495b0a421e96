//! Files for BrainFlow's playback board: written from any recording, and looked into before BrainFlow plays them,
//! because BrainFlow skips lines that do not fit without a word.
//!
//! The format is BrainFlow's own: one line a sample, every row of the master board, separated by tabs.

use super::board::{self, Descr};
use super::ffi::Api;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Lines that [`inspect`] reads.
const LOOK: usize = 4096;
/// A file's rate further than this from the board's nominal one is a rate of its own.
const RATE_TOLERANCE: f64 = 0.05;

/// What is to be played.
#[derive(Debug, Clone, PartialEq)]
pub struct Signals {
    /// Samples a second; written into the stamps, which set the pace of playback.
    pub rate: f64,
    /// Stamp of the first sample, seconds since 1970, UTC.
    pub start_utc: f64,
    /// EEG channels in microvolts, all of one length.
    pub channels: Vec<Vec<f32>>,
}

/// A board whose files have room for so many EEG channels: the same rate before another, then the fewest channels.
/// Answers its number, the `master_board` of the playback.
pub fn master_board_for(api: &Api, channels: usize, rate: f64) -> Option<(i32, Descr)> {
    let fits = |d: &Descr| d.eeg_channels.len() >= channels && d.timestamp_channel.is_some() && d.sampling_rate > 0.0;
    board::all(api)
        .filter(|(number, descr)| *number >= 0 && fits(descr))
        .min_by_key(|(number, descr)| (descr.sampling_rate != rate, descr.eeg_channels.len(), *number))
}

/// Writes a playback file for the board that `descr` describes; answers the samples. The package number counts to 255
/// and starts again, the marker is 0, rows without a channel are 0.
///
/// # Errors
/// The file cannot be written; more channels than the board has EEG rows; channels of different lengths.
pub fn write_file(path: &Path, descr: &Descr, signals: &Signals) -> io::Result<usize> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
    if signals.channels.len() > descr.eeg_channels.len() {
        return Err(invalid(format!(
            "{} channels, {} has {} EEG rows",
            signals.channels.len(),
            descr.name,
            descr.eeg_channels.len()
        )));
    }
    let samples = signals.channels.first().map_or(0, Vec::len);
    if samples == 0 || signals.channels.iter().any(|c| c.len() != samples) {
        return Err(invalid("no samples, or channels of different lengths".into()));
    }
    // It holds a person's signals: only its owner can read it, also where another file was in its place.
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let mut file = BufWriter::new(file);
    let mut line = vec![0.0_f64; descr.num_rows];
    for i in 0..samples {
        for (channel, row) in signals.channels.iter().zip(&descr.eeg_channels) {
            line[*row] = f64::from(channel[i]);
        }
        if let Some(row) = descr.package_num_channel {
            line[row] = (i % 256) as f64;
        }
        if let Some(row) = descr.timestamp_channel {
            line[row] = signals.start_utc + i as f64 / signals.rate;
        }
        let fields: Vec<String> = line.iter().map(|v| format!("{v:.6}")).collect();
        writeln!(file, "{}", fields.join("\t"))?;
    }
    file.flush()?;
    Ok(samples)
}

/// The rate of a playback file: the board's nominal one, or the file's own where its stamps say otherwise.
///
/// # Errors
/// A sentence: the file cannot be read, is empty, or has another board's number of columns.
pub fn inspect(path: &Path, descr: &Descr) -> Result<f64, String> {
    let name = path.display();
    let file = File::open(path).map_err(|e| format!("cannot open the playback file {name}: {e}"))?;
    let mut stamps = Vec::new();
    for (number, line) in BufReader::new(file).lines().take(LOOK).enumerate() {
        let line = line.map_err(|e| format!("cannot read the playback file {name}: {e}"))?;
        let separator = if line.contains('\t') { '\t' } else { ',' };
        let fields: Vec<&str> = line.trim_end().split(separator).collect();
        if fields.len() != descr.num_rows {
            return Err(format!(
                "line {} of the playback file {name} has {} columns, a file of {} has {}; master_board must name the board that recorded it",
                number + 1,
                fields.len(),
                descr.name,
                descr.num_rows
            ));
        }
        let stamp = descr.timestamp_channel.and_then(|row| fields[row].trim().parse::<f64>().ok());
        stamps.extend(stamp);
    }
    match stamps[..] {
        [] => Err(format!("the playback file {name} is empty")),
        [first, .., last] if last > first => {
            let rate = (stamps.len() - 1) as f64 / (last - first);
            let nominal = (rate / descr.sampling_rate - 1.0).abs() < RATE_TOLERANCE;
            Ok(if nominal { descr.sampling_rate } else { (rate * 10.0).round() / 10.0 })
        }
        _ => Ok(descr.sampling_rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descr() -> Descr {
        Descr {
            name: "Two".into(),
            num_rows: 5,
            sampling_rate: 250.0,
            eeg_channels: vec![1, 2],
            package_num_channel: Some(0),
            timestamp_channel: Some(3),
            marker_channel: Some(4),
            ..Descr::default()
        }
    }

    #[test]
    fn a_written_file_reads_back_with_its_rate() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("play.tsv");
        let ramp: Vec<f32> = (0..600).map(|i| i as f32).collect();
        for (rate, seen) in [(250.0, 250.0), (249.0, 250.0), (128.0, 128.0)] {
            let signals = Signals { rate, start_utc: 1.7e9, channels: vec![ramp.clone(), ramp.clone()] };
            assert_eq!(write_file(&path, &descr(), &signals).expect("written"), 600);
            assert_eq!(inspect(&path, &descr()), Ok(seen));
            assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);
        }
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(text.lines().nth(257), Some("1.000000\t257.000000\t257.000000\t1700000002.007812\t0.000000"));
    }

    #[test]
    fn another_boards_file_is_refused_with_its_columns() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("play.tsv");
        std::fs::write(&path, "1\t2\t3\n").expect("written");
        let error = inspect(&path, &descr()).expect_err("refused");
        assert!(error.contains("has 3 columns, a file of Two has 5"), "{error}");
        assert!(inspect(&folder.path().join("none"), &descr()).expect_err("missing").contains("cannot open"));
    }

    #[test]
    fn too_many_channels_are_refused() {
        let signals = Signals { rate: 250.0, start_utc: 0.0, channels: vec![vec![0.0]; 3] };
        assert!(write_file(Path::new("unused"), &descr(), &signals).is_err());
    }
}
