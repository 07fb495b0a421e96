//! The `.hea` file: one line of the record, one a signal, comments.

use crate::exchange::ExchangeError;
use std::path::Path;

/// One signal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Signal {
    pub file: String,
    /// 8, 16, 24, 32, 61, 80, 160, 212, 310 or 311.
    pub format: u32,
    pub per_frame: usize,
    /// Bytes of the file before the samples.
    pub offset: usize,
    /// Counts a unit.
    pub gain: f64,
    pub baseline: f64,
    pub unit: String,
    /// First value, from which differences (format 8) count.
    pub initial: i32,
    pub description: String,
}

impl Signal {
    /// The count that stands for a missing sample.
    pub fn missing(&self) -> i32 {
        match self.format {
            8 => i32::MIN,
            80 => -128,
            212 => -2048,
            310 | 311 => -512,
            24 => -(1 << 23),
            32 => i32::MIN,
            _ => -32_768,
        }
    }
}

/// What a header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// Frames a second.
    pub rate: f64,
    /// Frames; None: as many as there are.
    pub frames: Option<usize>,
    pub start_utc: Option<i64>,
    pub signals: Vec<Signal>,
    pub comments: Vec<String>,
}

impl Record {
    /// The different numbers of samples a frame.
    pub fn rates(&self) -> Vec<usize> {
        let mut rates: Vec<usize> = Vec::new();
        for signal in &self.signals {
            if !rates.contains(&signal.per_frame) {
                rates.push(signal.per_frame);
            }
        }
        rates
    }
}

pub(super) fn read(path: &Path) -> Result<Record, ExchangeError> {
    let bytes = std::fs::read(path).map_err(|cause| ExchangeError::Read { path: path.into(), cause })?;
    let wrong = |why: String| ExchangeError::Malformed { path: path.into(), format: "a WFDB header", why };
    let text = String::from_utf8_lossy(&bytes);
    let comments = text.lines().filter_map(|l| l.trim().strip_prefix('#')).map(|l| l.trim().to_string());
    let comments = comments.filter(|c| !c.is_empty()).collect();
    let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    let first = lines.next().ok_or_else(|| wrong("it is empty".into()))?;
    let mut words = first.split_whitespace();
    let name = words.next().unwrap_or_default();
    if name.contains('/') {
        let (what, way_out) = ("a record of several segments".into(), "read the segments one by one".into());
        return Err(ExchangeError::Unsupported { path: path.into(), what, way_out });
    }
    let count: usize =
        words.next().and_then(|w| w.parse().ok()).ok_or_else(|| wrong("it does not say how many signals there are".into()))?;
    let rate = words.next().map_or(Some(250.0), |w| w.split(['/', '(']).next()?.parse().ok());
    let rate = rate.filter(|r: &f64| r.is_finite() && *r > 0.0).ok_or_else(|| wrong("its rate is no number".into()))?;
    let frames = words.next().and_then(|w| w.parse().ok()).filter(|n| *n > 0);
    let (time, date) = (words.next(), words.next());
    let signals: Vec<Signal> = lines
        .take(count)
        .map(|line| signal(line).ok_or_else(|| wrong(format!("the line \"{line}\" is damaged"))))
        .collect::<Result<_, _>>()?;
    if signals.len() != count || count == 0 {
        return Err(wrong(format!("it promises {count} signals and describes {}", signals.len())));
    }
    Ok(Record { rate, frames, start_utc: start(time, date), signals, comments })
}

/// `file format[xN][:skew][+offset] gain[(baseline)][/unit] bits zero initial checksum block description`.
fn signal(line: &str) -> Option<Signal> {
    let mut words = line.split_whitespace();
    let file = words.next()?.to_string();
    let format = words.next()?;
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let after = |mark: char| format.split_once(mark).and_then(|(_, rest)| digits(rest).parse::<usize>().ok());
    let (per_frame, skew, offset) = (after('x').unwrap_or(1), after(':').unwrap_or(0), after('+').unwrap_or(0));
    let gain = words.next().unwrap_or("200");
    let (gain, unit) = gain.split_once('/').unwrap_or((gain, "mV"));
    let (gain, baseline) = match gain.split_once('(') {
        Some((gain, rest)) => (gain, rest.trim_end_matches(')').parse::<f64>().ok()),
        None => (gain, None),
    };
    let gain: f64 = gain.parse().ok().filter(|g: &f64| g.is_finite())?;
    let mut figure = || words.next().and_then(|w| w.parse::<i64>().ok());
    let (_bits, zero, initial, _checksum, _block) = (figure(), figure(), figure(), figure(), figure());
    let description = words.collect::<Vec<_>>().join(" ");
    let plausible = (1..=10_000).contains(&per_frame) && skew == 0;
    plausible.then(|| Signal {
        file,
        format: digits(format).parse().unwrap_or(0),
        per_frame,
        offset,
        gain: if gain == 0.0 { 200.0 } else { gain },
        baseline: baseline.unwrap_or(zero.unwrap_or(0) as f64),
        unit: unit.into(),
        initial: initial.unwrap_or(0) as i32,
        description: if description.is_empty() { "signal".into() } else { description },
    })
}

/// hh:mm:ss and dd/mm/yyyy.
fn start(time: Option<&str>, date: Option<&str>) -> Option<i64> {
    let date = chrono::NaiveDate::parse_from_str(date?, "%d/%m/%Y").ok()?;
    let time = chrono::NaiveTime::parse_from_str(time?, "%H:%M:%S%.f").ok()?;
    date.and_time(time).and_utc().timestamp_nanos_opt()
}
