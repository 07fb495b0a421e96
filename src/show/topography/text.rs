//! Cells as lines of text, with ANSI colours or without.

use super::Cell;
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
            let _ = write!(text, "\x1b[{}m", code(fg, 30));
        }
        if cell.bg != bg {
            bg = cell.bg;
            let _ = write!(text, "\x1b[{}m", code(bg, 40));
        }
        text.push(cell.glyph);
    }
    if fg != Color::Reset || bg != Color::Reset {
        text.push_str("\x1b[0m");
    }
    text
}

/// SGR parameters; `base` is 30 for the foreground and 40 for the background.
fn code(colour: Color, base: u8) -> String {
    let named = |n: u8| (base + n).to_string();
    let bright = |n: u8| (base + 60 + n).to_string();
    match colour {
        Color::Reset => named(9),
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => bright(0),
        Color::LightRed => bright(1),
        Color::LightGreen => bright(2),
        Color::LightYellow => bright(3),
        Color::LightBlue => bright(4),
        Color::LightMagenta => bright(5),
        Color::LightCyan => bright(6),
        Color::White => bright(7),
        Color::Indexed(i) => format!("{};5;{i}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    }
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
