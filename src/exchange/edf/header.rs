//! The header of EDF, EDF+, BDF and BDF+: 256 bytes of the file, then 256 bytes a signal, field by field
//! (Kemp et al. 1992; Kemp and Olivan 2003).

use crate::exchange::ExchangeError;
use chrono::NaiveDate;
use std::path::Path;

/// One signal as the file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct SignalHeader {
    pub label: String,
    pub transducer: String,
    pub unit: String,
    pub physical: (f64, f64),
    pub digital: (f64, f64),
    /// Samples in one record.
    pub samples: usize,
}

/// What the file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// 24-bit samples (BDF) instead of 16-bit ones.
    pub bdf: bool,
    /// "EDF", "EDF+C", "EDF+D", "BDF", ...
    pub format: String,
    pub patient: String,
    pub recording: String,
    /// Start in ns since 1970; the format knows no time zone, so local time is read as UTC, as other readers do.
    pub start_utc: Option<i64>,
    pub bytes: usize,
    /// -1 while the file was being written.
    pub records: i64,
    pub record_s: f64,
    pub signals: Vec<SignalHeader>,
}

impl Header {
    /// Bytes of one sample.
    pub fn width(&self) -> usize {
        if self.bdf { 3 } else { 2 }
    }

    /// Bytes of one record.
    pub fn record_bytes(&self) -> usize {
        self.signals.iter().map(|s| s.samples * self.width()).sum()
    }

    /// Records may lie apart in time.
    pub fn discontinuous(&self) -> bool {
        self.format.ends_with("+D")
    }
}

/// ASCII by the standard; Latin-1 in practice, for the micro sign.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect::<String>().trim_matches(|c: char| c.is_whitespace() || c == '\0').to_string()
}

/// Reads the header of the file `bytes`; `path` names it in errors.
///
/// # Errors
/// No EDF signature, a file shorter than its header, fields that are no numbers.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Header, ExchangeError> {
    let not_edf = |why: String| ExchangeError::NotEdf { path: path.into(), why };
    let fixed = bytes.get(..256).ok_or_else(|| not_edf(format!("it has {} bytes, a header has 256 or more", bytes.len())))?;
    let bdf = fixed[0] == 0xFF && &fixed[1..8] == b"BIOSEMI";
    if !bdf && text(&fixed[..8]) != "0" {
        return Err(not_edf("it begins with neither \"0\" nor 255 and \"BIOSEMI\"".into()));
    }
    let number = |from: usize, to: usize, field| number(&fixed[from..to], field, "the file", path);
    let (records, record_s) = (number(236, 244, "the number of records")?, number(244, 252, "the length of a record")?);
    let count = number(252, 256, "the number of signals")?;
    if !(1.0..=4096.0).contains(&count) || !(0.0..=86_400.0).contains(&record_s) {
        return Err(not_edf(format!("it announces {count} signals in records of {record_s} s")));
    }
    let count = count as usize;
    let per_signal = bytes
        .get(256..256 * (count + 1))
        .ok_or_else(|| not_edf(format!("its header takes {} bytes and the file has {}", 256 * (count + 1), bytes.len())))?;
    let (reserved, kind) = (text(&fixed[192..236]), if bdf { "BDF" } else { "EDF" });
    let plus = ["+C", "+D"].into_iter().find(|mark| reserved.starts_with(&format!("{kind}{mark}"))).unwrap_or("");
    let recording = text(&fixed[88..168]);
    Ok(Header {
        bdf,
        format: format!("{kind}{plus}"),
        patient: text(&fixed[8..88]),
        start_utc: start(&text(&fixed[168..176]), &text(&fixed[176..184]), &recording),
        recording,
        bytes: 256 * (count + 1),
        records: records as i64,
        record_s,
        signals: signals(per_signal, count, path)?,
    })
}

fn signals(table: &[u8], count: usize, path: &Path) -> Result<Vec<SignalHeader>, ExchangeError> {
    // Each field stands for all signals in a row before the next field begins.
    let field = |i: usize, offset: usize, width: usize| &table[count * offset + i * width..][..width];
    (0..count)
        .map(|i| {
            let label = text(field(i, 0, 16));
            let value = |offset, name| number(field(i, offset, 8), name, &format!("signal \"{label}\""), path);
            let samples = value(216, "the samples per record")?;
            if !(0.0..=1e7).contains(&samples) {
                let of = format!("signal \"{label}\"");
                let (field, value, wanted) = ("the samples per record", samples.to_string(), "count from 0 to 10,000,000");
                return Err(ExchangeError::Field { path: path.into(), field, of, value, wanted });
            }
            Ok(SignalHeader {
                transducer: text(field(i, 16, 80)),
                unit: text(field(i, 96, 8)),
                physical: (value(104, "the physical minimum")?, value(112, "the physical maximum")?),
                digital: (value(120, "the digital minimum")?, value(128, "the digital maximum")?),
                samples: samples as usize,
                label,
            })
        })
        .collect()
}

fn number(bytes: &[u8], field: &'static str, of: &str, path: &Path) -> Result<f64, ExchangeError> {
    let value = text(bytes);
    // Some writers use their locale's decimal comma.
    value.replace(',', ".").parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| ExchangeError::Field {
        path: path.into(),
        field,
        of: of.into(),
        value,
        wanted: "number",
    })
}

/// dd.mm.yy and hh.mm.ss; years from 85 are of the last century. EDF+ repeats the date with a full year.
fn start(date: &str, time: &str, recording: &str) -> Option<i64> {
    let parts = |s: &str| s.split(['.', ':', '-', '/']).map(|p| p.trim().parse::<u32>().ok()).collect::<Option<Vec<u32>>>();
    let (date, time) = (parts(date)?, parts(time)?);
    let (&[day, month, short], &[hour, minute, second]) = (date.as_slice(), time.as_slice()) else { return None };
    let long = recording.strip_prefix("Startdate ").and_then(|rest| rest.split(' ').next()?.rsplit('-').next()?.parse().ok());
    let year: i32 = long.unwrap_or(if short >= 85 { 1900 + short as i32 } else { 2000 + short as i32 });
    NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)?.and_utc().timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_century_rule_and_the_long_form() {
        let nanos = |s: i64| Some(s * 1_000_000_000);
        assert_eq!(start("01.01.70", "00.00.00", ""), nanos(3_155_760_000));
        assert_eq!(start("02.01.85", "00.00.01", ""), nanos(473_472_001));
        assert_eq!(start("02.03.85", "00.00.00", "Startdate 02-MAR-2085 X X X"), nanos(3_634_329_600));
        assert_eq!(start("X.X.X", "00.00.00", ""), None);
    }
}
