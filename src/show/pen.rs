//! Writes text and lines into a part of the screen; whatever does not fit is clipped, at any size.

use crate::show::caps::{Caps, Ink};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

/// A rectangle of the screen to draw in. Coordinates count from its own top left corner.
pub struct Pen<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    pub caps: Caps,
}

impl<'a> Pen<'a> {
    pub fn new(buf: &'a mut Buffer, area: Rect, caps: Caps) -> Self {
        let area = area.intersection(buf.area);
        Pen { buf, area, caps }
    }

    pub fn width(&self) -> u16 {
        self.area.width
    }

    pub fn height(&self) -> u16 {
        self.area.height
    }

    /// The rectangle in screen coordinates, for drawers that take a `Buffer`.
    pub fn raw(&mut self) -> (Rect, &mut Buffer) {
        (self.area, self.buf)
    }

    /// A part of this rectangle.
    pub fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Pen<'_> {
        let x = x.min(self.area.width);
        let y = y.min(self.area.height);
        let area = Rect {
            x: self.area.x + x,
            y: self.area.y + y,
            width: width.min(self.area.width - x),
            height: height.min(self.area.height - y),
        };
        Pen { buf: self.buf, area, caps: self.caps }
    }

    /// Everything from that row on.
    pub fn below(&mut self, y: u16) -> Pen<'_> {
        self.part(0, y, u16::MAX, u16::MAX)
    }

    /// Writes one line; returns the column after it.
    pub fn text(&mut self, x: u16, y: u16, text: &str, ink: Ink) -> u16 {
        if y >= self.area.height || x >= self.area.width {
            return x;
        }
        let room = (self.area.width - x) as usize;
        let style = self.caps.style(ink);
        let (end, _) = self.buf.set_stringn(self.area.x + x, self.area.y + y, text, room, style);
        end - self.area.x
    }

    /// Writes pieces one after another; returns the column after the last.
    pub fn line(&mut self, x: u16, y: u16, pieces: &[(&str, Ink)]) -> u16 {
        pieces.iter().fold(x, |x, (text, ink)| self.text(x, y, text, *ink))
    }

    /// Writes a text that ends at the right edge.
    pub fn right(&mut self, y: u16, text: &str, ink: Ink) {
        let length = cells(text) as u16;
        self.text(self.area.width.saturating_sub(length), y, text, ink);
    }

    /// Writes a text in the middle.
    pub fn centred(&mut self, y: u16, text: &str, ink: Ink) {
        let length = cells(text) as u16;
        self.text(self.area.width.saturating_sub(length) / 2, y, text, ink);
    }

    /// Word-wrapped text from column `x` to the right edge, at most `rows` rows (the last ends in dots when more
    /// would follow); returns the rows used.
    pub fn wrap(&mut self, x: u16, y: u16, rows: u16, text: &str, ink: Ink) -> u16 {
        let width = self.area.width.saturating_sub(x);
        let lines = wrapped(text, width as usize);
        let shown = lines.len().min(rows.min(self.area.height.saturating_sub(y)) as usize);
        for (i, line) in lines.iter().take(shown).enumerate() {
            let cut = i + 1 == shown && shown < lines.len();
            if cut {
                let kept: String = line.chars().take((width as usize).saturating_sub(3)).collect();
                self.text(x, y + i as u16, &format!("{kept}..."), ink);
            } else {
                self.text(x, y + i as u16, line, ink);
            }
        }
        shown as u16
    }

    pub fn glyph(&mut self, x: u16, y: u16, glyph: char, ink: Ink) {
        if x < self.area.width && y < self.area.height {
            let style = self.caps.style(ink);
            if let Some(cell) = self.buf.cell_mut((self.area.x + x, self.area.y + y)) {
                cell.set_char(glyph).set_style(style);
            }
        }
    }

    /// The same glyph `count` times.
    pub fn fill(&mut self, x: u16, y: u16, count: u16, glyph: char, ink: Ink) {
        for i in x..x.saturating_add(count).min(self.area.width) {
            self.glyph(i, y, glyph, ink);
        }
    }

    /// Reverses a whole row and points at it: where the keys go. Rows that can be selected leave column 0 blank.
    pub fn select(&mut self, y: u16) {
        let sign = self.caps.pick('▸', '>');
        self.glyph(0, y, sign, Ink::Strong);
        for x in 0..self.area.width {
            if let Some(cell) = self.buf.cell_mut((self.area.x + x, self.area.y + y)).filter(|_| y < self.area.height) {
                // One even bar: the words on it say what their colours said.
                cell.fg = Color::Reset;
                cell.modifier.remove(Modifier::DIM);
                cell.modifier.insert(Modifier::REVERSED);
            }
        }
    }

    /// Blanks everything.
    pub fn clear(&mut self) {
        for y in 0..self.area.height {
            for x in 0..self.area.width {
                if let Some(cell) = self.buf.cell_mut((self.area.x + x, self.area.y + y)) {
                    cell.reset();
                }
            }
        }
    }

    /// A titled rule over the top row; what is left below it.
    pub fn section(&mut self, title: &str) -> Pen<'_> {
        let dash = self.caps.pick('─', '-');
        let width = self.area.width;
        self.fill(0, 0, width, dash, Ink::Dim);
        if !title.is_empty() {
            self.text(1, 0, &format!(" {title} "), Ink::Accent);
        }
        self.below(1)
    }

    /// A frame with a title where there is room for one, else [`Pen::section`]; what is left inside.
    pub fn panel(&mut self, title: &str) -> Pen<'_> {
        if self.buf.area.width < 100 || self.buf.area.height < 32 || self.area.height < 5 || self.area.width < 12 {
            return self.section(title);
        }
        self.frame(title, Ink::Dim);
        let (width, height) = (self.area.width, self.area.height);
        self.part(2, 1, width - 4, height - 2)
    }

    /// A frame around everything, with a title in it.
    pub fn frame(&mut self, title: &str, ink: Ink) {
        let (w, h) = (self.area.width, self.area.height);
        if w < 2 || h < 2 {
            return;
        }
        let (across, down) = (self.caps.pick('─', '-'), self.caps.pick('│', '|'));
        self.fill(0, 0, w, across, ink);
        self.fill(0, h - 1, w, across, ink);
        for y in 1..h - 1 {
            self.glyph(0, y, down, ink);
            self.glyph(w - 1, y, down, ink);
        }
        for (x, y, corner) in [(0, 0, '╭'), (w - 1, 0, '╮'), (0, h - 1, '╰'), (w - 1, h - 1, '╯')] {
            let glyph = self.caps.pick(corner, '+');
            self.glyph(x, y, glyph, ink);
        }
        if !title.is_empty() {
            self.part(2, 0, w.saturating_sub(4), 1).text(0, 0, &format!(" {title} "), Ink::Accent);
        }
    }
}

/// Columns that a text takes: two for an emoji or a letter of East Asia, none for an accent that joins the one before.
pub fn cells(text: &str) -> usize {
    ratatui::text::Span::raw(text).width()
}

/// As many of the first characters as `width` columns hold.
pub fn clipped(text: &str, width: usize) -> &str {
    let ends = text.char_indices().map(|(i, c)| i + c.len_utf8());
    ends.take_while(|end| cells(&text[..*end]) <= width).last().map_or("", |end| &text[..end])
}

/// Breaks a text at blanks into lines of at most `width` characters; longer words are cut.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    if width == 0 {
        return Vec::new();
    }
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            let used = line.chars().count();
            if used > 0 && used + 1 + word.len() > width {
                lines.push(std::mem::take(&mut line));
            } else if used > 0 {
                line.push(' ');
            }
            while word.len() > width {
                lines.push(word.drain(..width).collect());
            }
            line.extend(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_are_cut() {
        assert_eq!(wrapped("plug or gel T8", 7), ["plug or", "gel T8"]);
        assert_eq!(wrapped("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert!(wrapped("anything", 0).is_empty());
    }
}
