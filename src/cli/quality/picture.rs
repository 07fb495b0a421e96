//! The channels that the gate fails, as one vector picture a recording: words, four seconds of signal, spectrum and score
//! over time, a row a channel, under a channel that passes.

use super::plot::{Row, SPAN_S, rows};
use crate::cli::explain::html::escaped;
use crate::gate::{EegWindow, Method, QualityReport};
use crate::prepare::PrepareError;
use crate::prepare::spectrum::{Spectrum, density_series};
use std::fmt::Write;

/// Size of a row, and where its three panels begin and how wide they are.
const ROW: f64 = 120.0;
const WIDTH: f64 = 1180.0;
const TRACE: (f64, f64) = (260.0, 420.0);
const DENSITY: (f64, f64) = (730.0, 190.0);
const SCORES: (f64, f64) = (960.0, 200.0);
const HEIGHT: f64 = 78.0;
/// Densities drawn, uV^2/Hz, as powers of ten; frequencies up to this, Hz.
const DECADES: (f64, f64) = (-3.0, 5.0);
const HIGHEST_HZ: f64 = 100.0;

/// The picture; nothing where no channel scores below `bad`.
///
/// # Errors
/// As [`rows`].
pub fn failing(
    title: &str,
    eeg: &EegWindow,
    report: &QualityReport,
    method: Method,
    bad: f64,
) -> Result<Option<String>, PrepareError> {
    let (rows, more) = rows(eeg, report, method, bad)?;
    if rows.iter().all(|row| row.passes) {
        return Ok(None);
    }
    let height = 60.0 + ROW * rows.len() as f64 + if more > 0 { 24.0 } else { 0.0 };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    let title = format!("{title}: channels below {bad:.0} of 100, judged by the {} figures", method.name());
    text(&mut out, 12.0, 24.0, 15, &title);
    for (x, words) in [
        (TRACE.0, "signal where it is worst, uV".to_string()),
        (DENSITY.0, format!("spectrum, uV^2/Hz, 0 to {:.0} Hz", highest(eeg.rate))),
        (SCORES.0, format!("score over {:.0} s, 0 to 100", report.seconds)),
    ] {
        text(&mut out, x, 46.0, 11, &words);
    }
    let samples = eeg.data.first().map_or(0, Vec::len);
    let mut spectrum = Spectrum::new(((2.0 * eeg.rate).round() as usize).min(samples), eeg.rate)?;
    for (i, row) in rows.iter().enumerate() {
        draw(&mut out, 56.0 + ROW * i as f64, row, eeg, report, &mut spectrum);
    }
    if more > 0 {
        text(&mut out, 12.0, height - 10.0, 11, &format!("{more} more channels score below {bad:.0}"));
    }
    Ok(Some(out + "</svg>\n"))
}

fn highest(rate: f64) -> f64 {
    HIGHEST_HZ.min(rate / 2.0)
}

fn text(out: &mut String, x: f64, y: f64, size: u32, words: &str) {
    let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{}</text>", escaped(words));
}

/// One channel.
fn draw(out: &mut String, top: f64, row: &Row, eeg: &EegWindow, report: &QualityReport, spectrum: &mut Spectrum) {
    let quality = &report.channels[row.channel];
    let reason = quality.reason.map_or("", |r| r.name());
    let lead = if row.passes { "for comparison: " } else { "" };
    text(out, 12.0, top + 20.0, 14, &format!("{lead}{}  {:.1}  {reason}", quality.label, quality.score));
    for (k, line) in wrapped(&quality.detail, 40).iter().take(3).enumerate() {
        text(out, 12.0, top + 38.0 + 14.0 * k as f64, 11, line);
    }
    if !row.passes {
        let below = row.scores.iter().filter(|s| **s < 40.0).count();
        text(out, 12.0, top + 84.0, 11, &format!("{below} of {} windows below 40", row.scores.len()));
    }
    let x = &eeg.data[row.channel];
    let stretch = &x[row.start..(row.start + (SPAN_S * eeg.rate) as usize).min(x.len())];
    let (low, high) = range(stretch);
    let colour = if row.passes { "#2b6f9e" } else { "#b3361b" };
    panel(out, TRACE, top, colour, &scaled(stretch, low, high));
    let from = row.start as f64 / eeg.rate;
    let below = format!("{low:.1} to {high:.1} uV; {from:.1} to {:.1} s", from + stretch.len() as f64 / eeg.rate);
    text(out, TRACE.0, top + HEIGHT + 22.0, 11, &below);
    let bins = (highest(eeg.rate) / spectrum.step) as usize;
    let finite: Vec<f64> = x.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect();
    let windows = density_series(&finite, spectrum, spectrum.length() / 2);
    let mean = |k: usize| windows.iter().filter_map(|w| w.get(k)).sum::<f64>() / windows.len().max(1) as f64;
    let levels: Vec<f64> = (0..=bins).map(|k| mean(k).max(1e-12).log10()).collect();
    panel(out, DENSITY, top, colour, &scaled(&levels, DECADES.0, DECADES.1));
    text(out, DENSITY.0, top + HEIGHT + 22.0, 11, &format!("10^{} to 10^{}", DECADES.0, DECADES.1));
    // A single window is a line too.
    let scores = if row.scores.len() == 1 { row.scores.repeat(2) } else { row.scores.clone() };
    panel(out, SCORES, top, colour, &scaled(&scores, 0.0, 100.0));
}

/// Smallest and largest number of a stretch; a flat one gets some room.
fn range(x: &[f64]) -> (f64, f64) {
    let (low, high) =
        x.iter().filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    match (low.is_finite(), high > low) {
        (false, _) => (-1.0, 1.0),
        (true, false) => (low - 1.0, low + 1.0),
        (true, true) => (low, high),
    }
}

/// 0 at the bottom, 1 at the top of a panel; nothing for what is no number.
fn scaled(x: &[f64], low: f64, high: f64) -> Vec<Option<f64>> {
    x.iter().map(|v| v.is_finite().then(|| ((v - low) / (high - low)).clamp(0.0, 1.0))).collect()
}

/// A frame and a curve; at most two points a unit of width, the lowest and the highest of what falls there.
fn panel(out: &mut String, (left, width): (f64, f64), top: f64, colour: &str, values: &[Option<f64>]) {
    let _ = writeln!(out, "<rect x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"#f6f6f6\"/>", top + 8.0);
    let columns = (width as usize).min(values.len()).max(1);
    let mut path = String::new();
    let mut pen_up = true;
    for column in 0..columns {
        let (from, to) = (column * values.len() / columns, (column + 1) * values.len() / columns);
        let mut there: Vec<f64> = values[from..to].iter().flatten().copied().collect();
        if there.is_empty() {
            pen_up = true;
            continue;
        }
        if there.len() > 2 {
            let (low, high) = there.iter().fold((1.0f64, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
            there = vec![low, high];
        }
        for value in there {
            let x = left + width * (column as f64 + 0.5) / columns as f64;
            let y = top + 8.0 + HEIGHT * (1.0 - value);
            let _ = write!(path, "{}{x:.1},{y:.1}", if pen_up { "M" } else { "L" });
            pen_up = false;
        }
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1\"/>");
}

/// Words in lines of at most `most` characters.
fn wrapped(words: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::try_judge_by;

    #[test]
    fn a_flat_channel_stands_under_one_that_passes() {
        let mut seed = crate::signal::Seed::new(4);
        let mut walk = 0.0;
        let mut channel = |level: f64| {
            let mut step = || {
                walk = 0.9 * walk + level * seed.normal();
                walk
            };
            (0..2560).map(|_| step()).collect::<Vec<f64>>()
        };
        let data = vec![channel(4.0), channel(4.0), vec![2.5; 2560]];
        let labels = ["Fz", "Cz", "Pz"].map(String::from).to_vec();
        let eeg = EegWindow { rate: 256.0, labels, data, mains_hz: 50.0, rail: None, expected_samples: 2560 };
        let report = try_judge_by(&eeg, Method::Calibrated).expect("ten seconds");
        let picture = failing("a <b>", &eeg, &report, Method::Calibrated, 40.0).expect("drawn").expect("Pz fails");
        assert!(picture.contains("for comparison: ") && picture.contains("Pz  0.0  FLAT") && picture.contains("a &lt;b&gt;"));
        assert_eq!(picture.matches("<path ").count(), 6, "two channels of three panels");
        let sound = EegWindow { labels: eeg.labels[..2].to_vec(), data: eeg.data[..2].to_vec(), ..eeg };
        let report = try_judge_by(&sound, Method::Calibrated).expect("ten seconds");
        assert_eq!(failing("a", &sound, &report, Method::Calibrated, 40.0).expect("judged"), None);
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
    }
}
