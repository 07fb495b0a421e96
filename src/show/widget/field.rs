//! A line of text being typed.

use crate::show::caps::Ink;
use crate::show::pen::{Pen, cells, clipped};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Longest line, in characters.
const LONGEST: usize = 200;

/// Text with a cursor (counted in characters).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    text: Vec<char>,
    cursor: usize,
}

impl Field {
    pub fn of(text: &str) -> Self {
        let mut field = Field::default();
        field.set(text);
        field
    }

    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub fn set(&mut self, text: &str) {
        self.text = text.chars().take(LONGEST).collect();
        self.cursor = self.text.len();
    }

    /// The first line of what was on the clipboard.
    pub fn paste(&mut self, text: &str) {
        for c in text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()) {
            self.insert(c);
        }
    }

    fn insert(&mut self, c: char) {
        if self.text.len() < LONGEST {
            self.text.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    /// False where the key is no editing key.
    pub fn handle(&mut self, key: KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) && !c.is_control() => self.insert(c),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        true
    }

    /// Draws `width` cells: the text, underscores where it may grow, and the cursor where the field has the keys.
    pub fn draw(&self, pen: &mut Pen, x: u16, y: u16, width: u16, focused: bool) {
        let text = |from: usize, to: usize| self.text[from..to].iter().collect::<String>();
        let under = self.text.get(self.cursor).copied().unwrap_or(' ');
        // Measured in columns: an emoji takes two, and what joins the character before it takes none.
        let taken = cells(under.encode_utf8(&mut [0; 4]));
        let room = usize::from(width).saturating_sub(taken.max(1));
        let first = (0..self.cursor).find(|first| cells(&text(*first, self.cursor)) <= room).unwrap_or(self.cursor);
        pen.fill(x, y, width, '_', Ink::Dim);
        let rest = text(first, self.text.len());
        pen.text(x, y, clipped(&rest, width.into()), if focused { Ink::Strong } else { Ink::Plain });
        if focused {
            let at = x + cells(&text(first, self.cursor)) as u16;
            pen.glyph(at, y, if taken == 0 { ' ' } else { under }, Ink::Selected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_edits_at_the_cursor() {
        let mut field = Field::of("P7");
        field.handle(KeyEvent::from(KeyCode::Left));
        field.handle(KeyEvent::from(KeyCode::Char('0')));
        assert_eq!(field.text(), "P07");
        field.paste("x\nsecond line");
        assert_eq!(field.text(), "P0x7");
        field.handle(KeyEvent::from(KeyCode::Backspace));
        assert_eq!(field.text(), "P07");
        assert!(!field.handle(KeyEvent::from(KeyCode::Tab)));
    }
}
