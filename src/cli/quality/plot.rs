//! The channels that the gate fails, drawn beside a channel that it passes: four seconds where each is worst.

use crate::gate::window::HOP_S;
use crate::gate::{EegWindow, Method, QualityReport, window_scores_by};
use crate::prepare::PrepareError;

/// Seconds drawn.
pub const SPAN_S: f64 = 4.0;
const COLUMNS: usize = 72;
const ROWS: usize = 4;
/// Failing channels drawn; the rest is counted.
const MOST: usize = 24;

/// One channel to be drawn.
pub struct Row {
    pub channel: usize,
    /// First sample of the stretch where it is worst.
    pub start: usize,
    /// It is there for comparison.
    pub passes: bool,
    /// Its score in every window.
    pub scores: Vec<f64>,
}

/// The best channel of the recording (where it passes), then those below `bad`, worst first; and how many more there are.
///
/// # Errors
/// As [`window_scores_by`].
pub fn rows(eeg: &EegWindow, report: &QualityReport, method: Method, bad: f64) -> Result<(Vec<Row>, usize), PrepareError> {
    let windows = window_scores_by(eeg, method)?;
    let by_score = |a: &usize, b: &usize| report.channels[*a].score.total_cmp(&report.channels[*b].score);
    let mut failing: Vec<usize> = (0..report.channels.len()).filter(|i| report.channels[*i].score < bad).collect();
    failing.sort_by(by_score);
    let more = failing.len().saturating_sub(MOST);
    // The first window of the stretch, moved back where the stretch would pass the end.
    let start = |window: usize| {
        let last = eeg.data.first().map_or(0, Vec::len).saturating_sub((SPAN_S * eeg.rate) as usize);
        ((window as f64 * HOP_S * eeg.rate) as usize).min(last)
    };
    let row = |channel: usize, passes: bool| {
        let scores: Vec<f64> = windows.iter().map(|w| w.channels.get(channel).map_or(0.0, |s| s.score)).collect();
        let worst = (0..scores.len()).min_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap_or(0);
        Row { channel, start: start(if passes { windows.len() / 2 } else { worst }), passes, scores }
    };
    let best = (0..report.channels.len()).max_by(by_score).filter(|i| report.channels[*i].score >= bad);
    let rows = best.into_iter().map(|i| row(i, true)).chain(failing.into_iter().take(MOST).map(|i| row(i, false)));
    Ok((rows.collect(), more))
}

/// Plots of all channels below `bad` as characters; with `ascii` of 7 bits.
///
/// # Errors
/// As [`rows`].
pub fn failing(eeg: &EegWindow, report: &QualityReport, method: Method, bad: f64, ascii: bool) -> Result<String, PrepareError> {
    let (rows, more) = rows(eeg, report, method, bad)?;
    if rows.iter().all(|row| row.passes) {
        return Ok(format!("\nno channel scores below {bad:.0}, so none is drawn\n"));
    }
    let lead = |row: &Row| if row.passes { "for comparison, " } else { "" };
    let mut text: String = rows.iter().map(|row| one(eeg, report, (row.channel, row.start), lead(row), ascii)).collect();
    if more > 0 {
        text += &format!("\n{more} more channels score below {bad:.0}\n");
    }
    Ok(text)
}

fn one(eeg: &EegWindow, report: &QualityReport, (channel, start): (usize, usize), lead: &str, ascii: bool) -> String {
    let quality = &report.channels[channel];
    let reason = quality.reason.map_or(String::new(), |r| format!(", {}", r.name()));
    let x = eeg.data.get(channel).map_or(&[][..], |x| &x[start..(start + (SPAN_S * eeg.rate) as usize).min(x.len())]);
    let (low, high) =
        x.iter().filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let seconds = start as f64 / eeg.rate;
    let to = seconds + x.len() as f64 / eeg.rate;
    let mut text =
        format!("\n{lead}{}: {:.1}{reason}; {seconds:.1} to {to:.1} s, {low:.1} to {high:.1} uV\n", quality.label, quality.score);
    for line in draw(x, low, high, ascii) {
        text += &format!("  {}\n", line.trim_end());
    }
    text
}

/// A curve in braille, each of whose cells has two columns and four rows of dots; what a column spans is filled. With
/// `ascii` a cell says whether its upper half, its lower half or both are touched.
fn draw(x: &[f64], low: f64, high: f64, ascii: bool) -> Vec<String> {
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
    let (upper, lower) = (0x01 | 0x08 | 0x02 | 0x10, 0x04 | 0x20 | 0x40 | 0x80);
    let glyph = |cell: &u32| match (cell & upper != 0, cell & lower != 0) {
        _ if !ascii => char::from_u32(0x2800 + cell).unwrap_or(' '),
        (true, true) => '|',
        (true, false) => '\'',
        (false, true) => '.',
        (false, false) => ' ',
    };
    cells.iter().map(|row| row.iter().map(glyph).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_line_goes_from_the_lower_left_to_the_upper_right() {
        let x: Vec<f64> = (0..1000).map(f64::from).collect();
        let lines = draw(&x, 0.0, 999.0, false);
        let dots = |row: usize, column: usize| lines[row].chars().nth(column).map_or(0, |c| c as u32 - 0x2800);
        assert_eq!((lines.len(), lines[0].chars().count()), (ROWS, COLUMNS));
        assert!(dots(ROWS - 1, 0) != 0 && dots(0, COLUMNS - 1) != 0 && dots(0, 0) == 0 && dots(ROWS - 1, COLUMNS - 1) == 0);
        assert!(
            draw(&[5.0; 100], 5.0, 5.0, false).iter().any(|line| line.chars().any(|c| c != '\u{2800}')),
            "a flat line is a line"
        );
        assert!(draw(&[], 0.0, 1.0, false).iter().all(|line| line.chars().all(|c| c == '\u{2800}')));
        let letters = draw(&x, 0.0, 999.0, true);
        assert!(letters.iter().all(|line| line.is_ascii()) && !letters[0].ends_with(' '));
        assert!(letters[0].starts_with(' ') && letters[ROWS - 1].ends_with(' ') && !letters[ROWS - 1].starts_with(' '));
    }
}
