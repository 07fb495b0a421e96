//! WFDB records as PhysioNet keeps them: a text header, samples of format 212 or 16, annotations of the MIT format.

use std::path::Path;

pub struct Record {
    pub rate: f64,
    /// Names as the header has them.
    pub names: Vec<String>,
    /// Channel-major, in the header's units.
    pub data: Vec<Vec<f64>>,
}

pub fn read(header: &Path) -> Record {
    let text = std::fs::read_to_string(header).expect("the header can be read");
    let mut lines =
        text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()).map(|l| l.split_whitespace().collect::<Vec<_>>());
    let first = lines.next().expect("a first line");
    let (channels, rate): (usize, f64) = (first[1].parse().expect("channels"), first[2].parse().expect("rate"));
    let signals: Vec<Vec<&str>> = lines.take(channels).collect();
    let bytes = std::fs::read(header.with_file_name(signals[0][0])).expect("the samples can be read");
    let (format, skip) = signals[0][1].split_once('+').map_or((signals[0][1], 0), |(f, s)| (f, s.parse().expect("offset")));
    let counts: Vec<f64> = match format {
        "16" => bytes[skip..].chunks_exact(2).map(|b| f64::from(i16::from_le_bytes([b[0], b[1]]))).collect(),
        "212" => bytes[skip..].chunks_exact(3).flat_map(twelve_bits).collect(),
        other => panic!("format {other} is not known here"),
    };
    let scaled = |channel: usize| {
        let gain_text = signals[channel][2];
        let (gain, base) = match gain_text.split_once('(') {
            Some((gain, rest)) => (gain, rest.split(')').next().expect("a bracket").parse().expect("baseline")),
            None => (gain_text, signals[channel][4].parse().expect("zero")),
        };
        let gain: f64 = gain.split('/').next().expect("a gain").parse().expect("a gain");
        let base: f64 = base;
        counts.iter().skip(channel).step_by(channels).map(|c| (c - base) / gain).collect()
    };
    let name = |s: &Vec<&str>| s.last().copied().unwrap_or_default().to_string();
    Record { rate, names: signals.iter().map(name).collect(), data: (0..channels).map(scaled).collect() }
}

/// Two samples of twelve bits lie in three bytes.
fn twelve_bits(b: &[u8]) -> [f64; 2] {
    let signed = |v: i32| f64::from(if v >= 2048 { v - 4096 } else { v });
    let (low, high) = (i32::from(b[1] & 0x0F), i32::from(b[1] >> 4));
    [signed(i32::from(b[0]) | low << 8), signed(i32::from(b[2]) | high << 8)]
}

/// Times of the annotated beats, s.
pub fn beats(annotations: &Path, rate: f64) -> Vec<f64> {
    const SKIP: u16 = 59;
    const AUX: u16 = 63;
    let bytes = std::fs::read(annotations).expect("the annotations can be read");
    let word = |at: usize| bytes.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let (mut at, mut sample, mut beats) = (0, 0i64, Vec::new());
    while let Some(value) = word(at).filter(|v| *v != 0) {
        at += 2;
        let (kind, step) = (value >> 10, value & 0x3FF);
        match kind {
            SKIP => {
                let (high, low) = (word(at).expect("a long skip"), word(at + 2).expect("a long skip"));
                sample += i64::from(i32::from(high as i16) << 16 | i32::from(low));
                at += 4;
            }
            AUX => at += usize::from(step.next_multiple_of(2)),
            60..=62 => {}
            kind => {
                sample += i64::from(step);
                if matches!(kind, 1..=13 | 25 | 30 | 34 | 35 | 38 | 41) {
                    beats.push(sample as f64 / rate);
                }
            }
        }
    }
    beats
}
