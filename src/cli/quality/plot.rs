//! The channels that the gate fails, drawn beside a channel that it passes: four seconds where each is worst.

use crate::gate::window::HOP_S;
use crate::gate::{EegWindow, Method, QualityReport, window_scores_by};
use crate::prepare::PrepareError;

/// Seconds drawn.
const SPAN_S: f64 = 4.0;
const COLUMNS: usize = 72;
const ROWS: usize = 4;
/// Failing channels drawn; the rest is counted.
const MOST: usize = 24;

/// Plots of all channels below `bad`, worst first, after the best channel of the recording.
///
/// # Errors
/// As [`window_scores_by`].
pub fn failing(eeg: &EegWindow, report: &QualityReport, method: Method, bad: f64) -> Result<String, PrepareError> {
    let windows = window_scores_by(eeg, method)?;
    let mut failing: Vec<usize> = (0..report.channels.len()).filter(|i| report.channels[*i].score < bad).collect();
    failing.sort_by(|a, b| report.channels[*a].score.total_cmp(&report.channels[*b].score));
    if failing.is_empty() {
        return Ok(format!("\nno channel scores below {bad:.0}, so none is drawn\n"));
    }
    let score = |i: usize, window: usize| windows[window].channels.get(i).map_or(0.0, |s| s.score);
    // The first window of the stretch, moved back where the stretch would pass the end.
    let start = |window: usize| {
        let last = eeg.data.first().map_or(0, Vec::len).saturating_sub((SPAN_S * eeg.rate) as usize);
        ((window as f64 * HOP_S * eeg.rate) as usize).min(last)
    };
    let best = (0..report.channels.len()).max_by(|a, b| report.channels[*a].score.total_cmp(&report.channels[*b].score));
    let mut text = String::new();
    if let Some(best) = best.filter(|i| report.channels[*i].score >= bad) {
        text += &one(eeg, report, best, start(windows.len() / 2), "for comparison, ");
    }
    for &channel in failing.iter().take(MOST) {
        let worst = (0..windows.len()).min_by(|a, b| score(channel, *a).total_cmp(&score(channel, *b)));
        text += &one(eeg, report, channel, start(worst.unwrap_or(0)), "");
    }
    if failing.len() > MOST {
        text += &format!("\n{} more channels score below {bad:.0}\n", failing.len() - MOST);
    }
    Ok(text)
}

fn one(eeg: &EegWindow, report: &QualityReport, channel: usize, start: usize, lead: &str) -> String {
    let quality = &report.channels[channel];
    let reason = quality.reason.map_or(String::new(), |r| format!(", {}", r.name()));
    let x = eeg.data.get(channel).map_or(&[][..], |x| &x[start..(start + (SPAN_S * eeg.rate) as usize).min(x.len())]);
    let (low, high) =
        x.iter().filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let seconds = start as f64 / eeg.rate;
    let to = seconds + x.len() as f64 / eeg.rate;
    let mut text =
        format!("\n{lead}{}: {:.1}{reason}; {seconds:.1} to {to:.1} s, {low:.1} to {high:.1} uV\n", quality.label, quality.score);
    for line in draw(x, low, high) {
        text += &format!("  {}\n", line.trim_end());
    }
    text
}

/// A curve in braille, each of whose cells has two columns and four rows of dots; what a column spans is filled.
fn draw(x: &[f64], low: f64, high: f64) -> Vec<String> {
    const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
    let (columns, rows) = (2 * COLUMNS, 4 * ROWS);
    let mut cells = vec![vec![0u32; COLUMNS]; ROWS];
    let level = |v: f64| {
        let share = if high > low { (high - v) / (high - low) } else { 0.5 };
        (share * (rows - 1) as f64).round() as usize
    };
    for column in 0..columns {
        let (from, to) = (column * x.len() / columns, ((column + 1) * x.len()).div_ceil(columns));
        let levels: Vec<usize> =
            x[from.min(x.len())..to.min(x.len())].iter().filter(|v| v.is_finite()).map(|v| level(*v)).collect();
        let (Some(top), Some(bottom)) = (levels.iter().min(), levels.iter().max()) else { continue };
        for dot in *top..=*bottom {
            cells[dot / 4][column / 2] |= DOTS[dot % 4][column % 2];
        }
    }
    let glyph = |cell: &u32| char::from_u32(0x2800 + cell).unwrap_or(' ');
    cells.iter().map(|row| row.iter().map(glyph).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        let x: Vec<f64> = (0..1000).map(f64::from).collect();
        let lines = draw(&x, 0.0, 999.0);
        let dots = |row: usize, column: usize| lines[row].chars().nth(column).map_or(0, |c| c as u32 - 0x2800);
        assert_eq!((lines.len(), lines[0].chars().count()), (ROWS, COLUMNS));
        assert!(dots(ROWS - 1, 0) != 0 && dots(0, COLUMNS - 1) != 0 && dots(0, 0) == 0 && dots(ROWS - 1, COLUMNS - 1) == 0);
        assert!(draw(&[5.0; 100], 5.0, 5.0).iter().any(|line| line.chars().any(|c| c != '\u{2800}')), "a flat line is a line");
        assert!(draw(&[], 0.0, 1.0).iter().all(|line| line.chars().all(|c| c == '\u{2800}')));
    }
}
