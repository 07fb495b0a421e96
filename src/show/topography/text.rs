//! Cells as lines of text, with ANSI colours or without.

use super::Cell;
use crate::show::sgr;
use ratatui::style::Color;
use std::fmt::Write;

/// The letters alone, without blanks at the end of a line.
pub fn plain_lines(cells: &[Vec<Cell>]) -> Vec<String> {
    cells.iter().map(|line| line.iter().map(|c| c.glyph).collect::<String>().trim_end().to_string()).collect()
}

/// Lines with SGR colour sequences; every line starts and ends in the terminal's own colours.
pub fn ansi_lines(cells: &[Vec<Cell>]) -> Vec<String> {
    cells.iter().map(|line| ansi_line(line)).collect()
}

fn ansi_line(line: &[Cell]) -> String {
    let end = line.iter().rposition(|c| *c != Cell::BLANK).map_or(0, |last| last + 1);
    let (mut text, mut fg, mut bg) = (String::new(), Color::Reset, Color::Reset);
    for cell in &line[..end] {
        // A blank has no foreground to change.
        if cell.glyph != ' ' && cell.fg != fg {
            fg = cell.fg;
            let _ = write!(text, "\x1b[{}m", sgr::parameters(fg, 30));
        }
        if cell.bg != bg {
            bg = cell.bg;
            let _ = write!(text, "\x1b[{}m", sgr::parameters(bg, 40));
        }
        text.push(cell.glyph);
    }
    if fg != Color::Reset || bg != Color::Reset {
        text.push_str("\x1b[0m");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_only_where_they_change_and_end_with_the_line() {
        let cell = |glyph, fg, bg| Cell { glyph, fg, bg };
        let red = cell('x', Color::Indexed(196), Color::Reset);
        let line = [red, red, cell('y', Color::Rgb(1, 2, 3), Color::White), Cell::BLANK];
        assert_eq!(ansi_line(&line), "\x1b[38;5;196mxx\x1b[38;2;1;2;3m\x1b[107my\x1b[0m");
        assert_eq!(ansi_line(&[Cell::BLANK, Cell::letter('a'), Cell::BLANK]), " a");
    }
}
