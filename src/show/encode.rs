//! Changed cells as the fewest bytes that a terminal understands: short ways for the cursor, only the attributes that
//! change, blanks to the end of a line as one order.
//!
//! Only orders of ECMA-48 that xterm, tmux, screen and the Linux console share are used.

use crate::show::sgr;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// What a cell is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

const PLAIN: Look = Look { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

/// Attributes and their codes: on, off. Bold and dim share the code that ends them.
const ATTRIBUTES: [(Modifier, u8, u8); 5] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
];

/// Unchanged cells that are written again where that is cheaper than a jump over them.
const BRIDGE: u16 = 4;
/// Blanks that are worth an order to erase them.
const ERASE: usize = 4;

/// The terminal's state as far as we set it.
#[derive(Debug, Default)]
pub struct Encoder {
    /// Where the cursor stands (column, row); None: not known.
    at: Option<(u16, u16)>,
    look: Option<Look>,
    out: Vec<u8>,
}

impl Encoder {
    /// Forgets what is known: the next cells are addressed and dressed in full.
    pub fn forget(&mut self) {
        (self.at, self.look) = (None, None);
    }

    /// Erases everything.
    pub fn clear(&mut self) {
        self.forget();
        self.out.extend_from_slice(b"\x1b[m\x1b[2J");
        self.look = Some(PLAIN);
    }

    /// The bytes so far; the state stays.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// What turns `before` into `after`, buffers of one size. Invisible differences must have been evened out by
    /// [`even`].
    pub fn differences(&mut self, before: &Buffer, after: &Buffer) {
        let width = after.area.width;
        let mut erased: Option<(u16, u16)> = None;
        for (x, y, cell) in before.diff(after) {
            if erased.is_some_and(|(row, from)| row == y && x >= from) {
                continue;
            }
            let rest = after.content.get(usize::from(y) * usize::from(width) + usize::from(x)..).unwrap_or_default();
            let rest = &rest[..rest.len().min(usize::from(width - x))];
            if rest.len() >= ERASE && rest.iter().all(is_blank) {
                self.bridge(after, x, y);
                self.go(x, y);
                self.dress(PLAIN);
                self.out.extend_from_slice(b"\x1b[K");
                erased = Some((y, x));
                continue;
            }
            self.bridge(after, x, y);
            self.go(x, y);
            self.write(cell, width);
        }
    }

    /// Writes the few unchanged cells between the cursor and (x, y) again where they look like the pen.
    fn bridge(&mut self, after: &Buffer, x: u16, y: u16) {
        let Some((from, row)) = self.at.filter(|(from, row)| *row == y && *from < x && x - from <= BRIDGE) else { return };
        let cells: Vec<&Cell> = (from..x).filter_map(|c| after.cell((c, row))).collect();
        let cheap = |cell: &&Cell| cell.symbol().len() == 1 && Some(look(cell)).is_some_and(|l| self.suits(cell, l));
        if cells.iter().all(cheap) {
            cells.iter().for_each(|cell| self.out.extend_from_slice(cell.symbol().as_bytes()));
            self.at = Some((x, row));
        }
    }

    /// Whether the cell can be written as the pen is.
    fn suits(&self, cell: &Cell, wanted: Look) -> bool {
        self.look
            .is_some_and(|pen| pen == wanted || (cell.symbol() == " " && unseen(pen) && unseen(wanted) && pen.bg == wanted.bg))
    }

    fn write(&mut self, cell: &Cell, width: u16) {
        let wanted = look(cell);
        if !self.suits(cell, wanted) {
            self.dress(wanted);
        }
        self.out.extend_from_slice(cell.symbol().as_bytes());
        // Behind the last column terminals differ; so they do about the width of rare letters.
        let known = narrow(cell.symbol());
        self.at = self.at.filter(|(x, _)| known && x + 1 < width).map(|(x, y)| (x + 1, y));
    }

    /// Moves the cursor by the shortest order.
    fn go(&mut self, x: u16, y: u16) {
        if self.at == Some((x, y)) {
            return;
        }
        let mut best = format!("\x1b[{};{}H", y + 1, x + 1);
        if x == 0 {
            best = format!("\x1b[{}H", y + 1);
        }
        if let Some((from, row)) = self.at.filter(|(_, row)| *row <= y && y - row <= 4) {
            let down = "\n".repeat(usize::from(y - row));
            for way in [along(from, x), format!("\r{}", along(0, x))] {
                if down.len() + way.len() < best.len() {
                    best = format!("{down}{way}");
                }
            }
        }
        self.out.extend_from_slice(best.as_bytes());
        self.at = Some((x, y));
    }

    /// Puts the attributes on that the next letters need.
    fn dress(&mut self, wanted: Look) {
        if self.look == Some(wanted) {
            return;
        }
        let fresh = if wanted == PLAIN { "\x1b[m".into() } else { order("0", &changes(PLAIN, wanted)) };
        let best = match self.look {
            Some(before) => {
                let step = order("", &changes(before, wanted));
                if step.len() < fresh.len() { step } else { fresh }
            }
            None => fresh,
        };
        self.out.extend_from_slice(best.as_bytes());
        self.look = Some(wanted);
    }
}

/// Evens out what cannot be seen: the colour and weight of blanks.
pub fn even(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol() == " " && !cell.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED) {
            cell.fg = Color::Reset;
            cell.modifier = Modifier::empty();
        }
    }
}

fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && look(cell) == PLAIN
}

fn look(cell: &Cell) -> Look {
    Look { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
}

/// A blank shows nothing but its background.
fn unseen(look: Look) -> bool {
    !look.modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED)
}

/// One column everywhere: 7 bits, Latin, box drawing, blocks, geometry and braille.
fn narrow(symbol: &str) -> bool {
    let mut letters = symbol.chars();
    let first = letters.next().map_or(0, u32::from);
    letters.next().is_none() && matches!(first, 0x20..0x7f | 0xa0..0x300 | 0x2500..0x2600 | 0x2800..0x2900)
}

/// From a column to another in the same row.
fn along(from: u16, to: u16) -> String {
    match (i32::from(to) - i32::from(from), from) {
        (0, _) => String::new(),
        (1, _) => "\x1b[C".into(),
        (steps @ 2.., _) => format!("\x1b[{steps}C"),
        (back @ -4..=-1, _) => "\x08".repeat(back.unsigned_abs() as usize),
        (back, _) => format!("\x1b[{}D", back.unsigned_abs()),
    }
}

fn order(first: &str, codes: &[String]) -> String {
    let codes: Vec<&str> = (!first.is_empty()).then_some(first).into_iter().chain(codes.iter().map(String::as_str)).collect();
    format!("\x1b[{}m", codes.join(";"))
}

/// The codes that lead from one look to another.
fn changes(before: Look, after: Look) -> Vec<String> {
    let mut codes = Vec::new();
    let mut standing = before.modifier;
    for (attribute, _, off) in ATTRIBUTES {
        if standing.contains(attribute) && !after.modifier.contains(attribute) {
            codes.push(off.to_string());
            // What shares the code has gone with it.
            ATTRIBUTES.iter().filter(|a| a.2 == off).for_each(|a| standing.remove(a.0));
        }
    }
    for (attribute, on, _) in ATTRIBUTES {
        if after.modifier.contains(attribute) && !standing.contains(attribute) {
            codes.push(on.to_string());
        }
    }
    if before.fg != after.fg {
        codes.push(sgr::parameters(after.fg, 30));
    }
    if before.bg != after.bg {
        codes.push(sgr::parameters(after.bg, 40));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    fn encoded(before: &Buffer, after: &Buffer) -> String {
        let mut encoder = Encoder::default();
        encoder.clear();
        encoder.take();
        encoder.differences(before, after);
        String::from_utf8(encoder.take()).expect("text")
    }

    #[test]
    fn nothing_changed_costs_nothing_and_a_letter_costs_its_place() {
        let empty = Buffer::empty(Rect::new(0, 0, 20, 5));
        let mut one = empty.clone();
        one.set_string(3, 1, "x", Style::new());
        assert_eq!(encoded(&one, &one), "");
        assert_eq!(encoded(&empty, &one), "\x1b[2;4Hx");
    }

    #[test]
    fn columns_go_down_by_two_bytes_a_row_and_small_gaps_are_written_over() {
        let empty = Buffer::empty(Rect::new(0, 0, 20, 5));
        let mut column = empty.clone();
        (1..4).for_each(|y| _ = column.set_stringn(7, y, "|", 1, Style::new()));
        assert_eq!(encoded(&empty, &column), "\x1b[2;8H|\n\x08|\n\x08|");
        let mut before = empty.clone();
        before.set_string(0, 0, "a-b", Style::new());
        let mut after = empty.clone();
        after.set_string(0, 0, "c-d", Style::new());
        assert_eq!(encoded(&before, &after), "\x1b[1Hc-d");
    }

    #[test]
    fn attributes_change_by_the_shorter_order_and_long_blanks_are_erased() {
        let empty = Buffer::empty(Rect::new(0, 0, 20, 2));
        let mut dressed = empty.clone();
        dressed.set_string(0, 0, "ab", Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        dressed.set_string(2, 0, "cd", Style::new().fg(Color::Red));
        dressed.set_string(4, 0, "ef", Style::new());
        assert_eq!(encoded(&empty, &dressed), "\x1b[1H\x1b[1;31mab\x1b[22mcd\x1b[mef");
        assert_eq!(encoded(&dressed, &empty), "\x1b[1H\x1b[K");
    }
}
