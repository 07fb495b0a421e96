//! Several maps beside each other under one scale: the four bands of an explanation or of a recording.

use super::{Cell, Electrodes, Head, TopographyError, ansi_lines, copy, outline::Outline, plain_lines};
use crate::show::palette::{Depth, Scale};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns kept free between two heads.
const GAP: usize = 2;
/// Heads are not drawn further apart than this, so that the eye can compare them.
const WIDEST_GAP: usize = 10;

/// Heads of one size in a box, each with its name above, and the scale below.
#[derive(Debug, Clone)]
pub struct Bands {
    head: Head,
    width: usize,
    height: usize,
    count: usize,
    columns: usize,
    /// Cells of one head with its name and its share of the gaps.
    slot: (usize, usize),
    left: usize,
}

impl Bands {
    /// `count` maps of these electrodes in `width` x `height` cells, in as many columns as make the heads largest.
    ///
    /// # Errors
    /// As [`Head::new`].
    pub fn new(on: &(impl Electrodes + ?Sized), count: usize, width: usize, height: usize) -> Result<Self, TopographyError> {
        let count = count.max(1);
        // One line of each row of heads holds the names, one line of the box the scale.
        let room = |columns: usize| {
            let wide = (width / columns).saturating_sub(if columns > 1 { GAP } else { 0 });
            (wide, (height.saturating_sub(1) / count.div_ceil(columns)).saturating_sub(1))
        };
        let radius = |columns: usize| Outline::new(room(columns).0, room(columns).1).radius;
        // Of equally large heads the arrangement closer to a square: fewer columns.
        let columns = (1..=count).fold(1, |best, columns| if radius(columns) > radius(best) { columns } else { best });
        let (wide, tall) = room(columns);
        let outline = Outline::new(wide, tall);
        let wide = wide.min(2 * outline.radius + 2 + WIDEST_GAP).max(2 * outline.radius);
        let tall = tall.min(outline.rows());
        let slot = (wide + if columns > 1 { GAP } else { 0 }, tall + 1);
        let left = width.saturating_sub(slot.0 * columns) / 2;
        Ok(Bands { head: Head::new(on, wide, tall)?, width, height, count, columns, slot, left })
    }

    /// Radius of the heads in pixels; 0 when the box is too small for them.
    pub fn radius(&self) -> usize {
        self.head.radius()
    }

    /// Lines that are used: heads, names and scale.
    pub fn lines(&self) -> usize {
        (self.slot.1 * self.count.div_ceil(self.columns) + 1).min(self.height)
    }

    /// The cells, `height` rows of `width`. Maps beyond the count of [`Bands::new`] are not drawn.
    pub fn cells<S: AsRef<str>>(&self, maps: &[(S, &[f64])], scale: Scale, depth: Depth, names: bool) -> Vec<Vec<Cell>> {
        let mut cells = vec![vec![Cell::BLANK; self.width]; self.height];
        for (i, (name, values)) in maps.iter().take(self.count).enumerate() {
            let (x, y) = (self.left + i % self.columns * self.slot.0, i / self.columns * self.slot.1);
            let middle = x + self.head.outline.middle;
            write(&mut cells, middle.saturating_sub(name.as_ref().chars().count().div_ceil(2)), y, name.as_ref(), depth);
            let head = self.head.cells(values, scale, depth, names);
            for (row, line) in head.iter().enumerate() {
                for (column, cell) in line.iter().enumerate() {
                    if let Some(target) = cells.get_mut(y + 1 + row).and_then(|l| l.get_mut(x + column)) {
                        *target = *cell;
                    }
                }
            }
        }
        let legend = legend(scale, depth);
        if let Some(line) = self.lines().checked_sub(1).and_then(|last| cells.get_mut(last)) {
            let start = self.width.saturating_sub(legend.len()) / 2;
            line.iter_mut().skip(start).zip(legend).for_each(|(target, cell)| *target = cell);
        }
        cells
    }

    /// Draws into the top left of `area`, clipped to it.
    pub fn draw<S: AsRef<str>>(
        &self,
        buffer: &mut Buffer,
        area: Rect,
        maps: &[(S, &[f64])],
        scale: Scale,
        depth: Depth,
        names: bool,
    ) {
        copy(buffer, area, &self.cells(maps, scale, depth, names));
    }

    /// As text without empty lines at the end.
    pub fn text<S: AsRef<str>>(&self, maps: &[(S, &[f64])], scale: Scale, depth: Depth, names: bool) -> Vec<String> {
        let mut cells = self.cells(maps, scale, depth, names);
        cells.truncate(self.lines());
        if depth == Depth::Ascii { plain_lines(&cells) } else { ansi_lines(&cells) }
    }
}

/// Maps as lines of text for a box of cells, under one scale that fits them all: signed and symmetric if any value is
/// below zero. `ascii`: 7 bits without colour, otherwise 256 colours.
///
/// # Errors
/// As [`Head::new`], and a map whose number of values is not the number of labels.
pub fn bands_text(
    maps: &[(String, Vec<f64>)],
    labels: &[String],
    width: usize,
    height: usize,
    ascii: bool,
) -> Result<Vec<String>, TopographyError> {
    if let Some((name, values)) = maps.iter().find(|m| m.1.len() != labels.len()) {
        return Err(TopographyError::Length { name: name.clone(), found: values.len(), wanted: labels.len() });
    }
    let maps: Vec<(&str, &[f64])> = maps.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let scale = Scale::fitting(maps.iter().map(|m| m.1));
    let depth = if ascii { Depth::Ascii } else { Depth::Ansi256 };
    Ok(Bands::new(labels, maps.len(), width, height)?.text(&maps, scale, depth, true))
}

fn write(cells: &mut [Vec<Cell>], x: usize, y: usize, text: &str, depth: Depth) {
    let Some(line) = cells.get_mut(y) else { return };
    for (target, glyph) in line.iter_mut().skip(x).zip(text.chars()) {
        let drawable = !glyph.is_control() && (glyph.is_ascii() || depth != Depth::Ascii);
        *target = Cell::letter(if drawable { glyph } else { '?' });
    }
}

/// The scale with its ends: "-1.2 &MXvao~`'   .:-=+*#%@ +1.2", or a bar of colours.
pub fn legend(scale: Scale, depth: Depth) -> Vec<Cell> {
    let (low, high) = scale.ends();
    let signed = matches!(scale, Scale::Signed(_));
    let steps = if signed { 19 } else { 10 };
    let bar = (0..steps).map(|i| {
        let value = scale.value_at(f64::from(i) / f64::from(steps - 1));
        match depth {
            Depth::Ascii => Cell::letter(scale.letter(value)),
            _ => Cell { glyph: '\u{2588}', fg: scale.colour(value, depth), bg: ratatui::style::Color::Reset },
        }
    });
    let plus = if signed && high > 0.0 { "+" } else { "" };
    let (before, after) = (format!("{} ", short(low)), format!(" {plus}{}", short(high)));
    before.chars().map(Cell::letter).chain(bar).chain(after.chars().map(Cell::letter)).collect()
}

/// Three significant digits.
pub(super) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".into();
    }
    if !(1e-3..1e5).contains(&size) {
        return format!("{value:.1e}");
    }
    let digits = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}
