//! Scalp maps: electrode values as a head seen from above, nose up, left is left.
//!
//! A thin-plate spline over the flat projection fills the head (of seven interpolations compared with MNE it
//! was the closest); it is a matrix computed once per size, so that a frame costs one product. The same cells go to a ratatui buffer, to ANSI or 7-bit text; SVG has its own finer grid.

mod bands;
mod contour;
mod grid;
mod outline;
mod png;
mod raster;
mod sites;
mod spline;
mod svg;
mod text;

pub use bands::{Bands, bands_text, legend};
pub use grid::Grid;
pub use png::encode as encode_png;
pub use raster::png;
pub use sites::{Electrodes, Sites};
pub use spline::Spline;
pub use svg::svg;
pub use text::{ansi_lines, plain_lines};

use crate::show::palette::{self, Depth, Scale};
use crate::signal::UnknownElectrode;
use outline::{Outline, Part};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

/// Why there is no map.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TopographyError {
    #[error(transparent)]
    Unknown(#[from] UnknownElectrode),
    #[error("channel \"{0}\" stands twice in the list; a map needs one value per electrode")]
    Twice(String),
    #[error("there are no channels to draw")]
    Empty,
    #[error("map \"{name}\" has {found} values for {wanted} channels")]
    Length { name: String, found: usize, wanted: usize },
}

/// One terminal cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub glyph: char,
    pub fg: Color,
    pub bg: Color,
}

impl Cell {
    pub const BLANK: Cell = Cell { glyph: ' ', fg: Color::Reset, bg: Color::Reset };

    /// A letter in the terminal's own colours.
    pub fn letter(glyph: char) -> Cell {
        Cell { glyph, ..Cell::BLANK }
    }
}

/// Electrode names are drawn from this width on; below it they would hide the map.
const NAMES_FROM: usize = 50;
/// Lines of equal value are drawn from this radius (in pixels) on; on smaller heads they would be all there is.
const LINES_FROM: usize = 16;
/// Electrode dots are drawn from this radius (in pixels) on.
const DOTS_FROM: usize = 11;

/// A head of a fixed size for a fixed set of electrodes.
#[derive(Debug, Clone)]
pub struct Head {
    width: usize,
    height: usize,
    outline: Outline,
    labels: Vec<String>,
    sites: Vec<(f64, f64)>,
    spline: Spline,
    /// For every pixel (two a cell, row-major) its row in the spline.
    grid: Vec<Option<u32>>,
    /// For every pixel what it belongs to.
    parts: Vec<Part>,
}

impl Head {
    /// The largest head in `width` x `height` cells, nose and ears included. A box smaller than 8 x 4 stays empty.
    ///
    /// # Errors
    /// A label that is no electrode, one that stands twice, or none at all.
    pub fn new(on: &(impl Electrodes + ?Sized), width: usize, height: usize) -> Result<Self, TopographyError> {
        let Sites { labels, places: sites } = on.sites()?;
        let outline = Outline::new(width, height);
        let mut points = Vec::new();
        let (mut grid, mut parts) = (Vec::with_capacity(2 * width * height), Vec::with_capacity(2 * width * height));
        for (pixel, column) in (0..2 * height).flat_map(|p| (0..width).map(move |c| (p, c))) {
            parts.push(outline.part(column, pixel));
            let place = outline.place(column, pixel);
            let inside = outline.radius > 0 && place.0.hypot(place.1) <= outline::HEAD;
            grid.push(inside.then_some(points.len() as u32));
            if inside {
                points.push(place);
            }
        }
        let spline = Spline::new(&sites, &points).ok_or(TopographyError::Empty)?;
        Ok(Head { width, height, outline, labels, sites, spline, grid, parts })
    }

    /// Radius of the head in pixels (half its width in cells); 0 when the box is too small.
    pub fn radius(&self) -> usize {
        self.outline.radius
    }

    /// The cells of a map, `height` rows of `width`. Values are one per label; if their number differs or one is not
    /// finite, the head is drawn empty. `names`: electrode names instead of dots, where there is room.
    pub fn cells(&self, values: &[f64], scale: Scale, depth: Depth, names: bool) -> Vec<Vec<Cell>> {
        let usable = values.len() == self.labels.len() && values.iter().all(|v| v.is_finite());
        let map = if usable { self.spline.at(values) } else { Vec::new() };
        let value =
            |column: usize, pixel: usize| self.grid[pixel * self.width + column].and_then(|row| map.get(row as usize)).copied();
        let mut cells = vec![vec![Cell::BLANK; self.width]; self.height];
        if depth == Depth::Ascii {
            self.fill_letters(&mut cells, scale, value);
        } else {
            self.fill_colours(&mut cells, scale, depth, value);
        }
        if usable {
            self.mark(&mut cells, scale, depth, names, value);
        }
        cells
    }

    /// Draws the map into the top left of `area`, clipped to it.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, values: &[f64], scale: Scale, depth: Depth, names: bool) {
        copy(buffer, area, &self.cells(values, scale, depth, names));
    }

    fn fill_letters(&self, cells: &mut [Vec<Cell>], scale: Scale, value: impl Fn(usize, usize) -> Option<f64>) {
        for column in 0..self.width {
            let (first, end) = self.outline.inner_rows(column);
            for (row, line) in cells.iter_mut().enumerate().take(end).skip(first) {
                line[column] = both(&value, column, row).map_or(Cell::BLANK, |v| Cell::letter(scale.letter(v)));
            }
        }
        for (column, row, letter) in self.outline.letters() {
            cells[row][column] = Cell::letter(letter);
        }
    }

    fn fill_colours(&self, cells: &mut [Vec<Cell>], scale: Scale, depth: Depth, value: impl Fn(usize, usize) -> Option<f64>) {
        let lines = self.outline.radius >= LINES_FROM;
        // A line of equal value stands where the pixel to the right or below lies in another band.
        let band = |column, pixel| value(column, pixel).map(|v| contour::band(scale, v));
        let rows = (0..2 * self.height).filter(|_| lines);
        let bands: Vec<Option<i64>> = rows.flat_map(|p| (0..self.width).map(move |c| (c, p))).map(|(c, p)| band(c, p)).collect();
        let crossed = |column: usize, at: usize| {
            let right = if column + 1 < self.width { bands[at + 1] } else { None };
            let below = bands.get(at + self.width).copied().flatten();
            right.is_some_and(|b| Some(b) != bands[at]) || below.is_some_and(|b| Some(b) != bands[at])
        };
        let pixel = |column: usize, pixel: usize| {
            let at = pixel * self.width + column;
            match self.parts[at] {
                Part::Outside => None,
                Part::Line => Some(palette::line(depth)),
                Part::Inside => value(column, pixel).map(|v| match lines && crossed(column, at) {
                    true => scale.line(v, depth),
                    false => scale.colour(v, depth),
                }),
            }
        };
        for (row, line) in cells.iter_mut().enumerate() {
            for (column, cell) in line.iter_mut().enumerate() {
                *cell = match (pixel(column, 2 * row), pixel(column, 2 * row + 1)) {
                    (None, None) => Cell::BLANK,
                    (Some(fg), None) => Cell { glyph: '\u{2580}', fg, bg: Color::Reset },
                    (None, Some(fg)) => Cell { glyph: '\u{2584}', fg, bg: Color::Reset },
                    (Some(fg), Some(bg)) => Cell { glyph: '\u{2580}', fg, bg },
                };
            }
        }
    }

    /// Names or dots on the electrodes whose cell lies wholly inside the head; a name never touches another.
    fn mark(
        &self,
        cells: &mut [Vec<Cell>],
        scale: Scale,
        depth: Depth,
        names: bool,
        value: impl Fn(usize, usize) -> Option<f64>,
    ) {
        let names = names && self.width >= NAMES_FROM;
        if self.outline.radius < DOTS_FROM || (depth == Depth::Ascii && !names) {
            return;
        }
        let mut taken = vec![vec![false; self.width]; self.height];
        for (label, &site) in self.labels.iter().zip(&self.sites) {
            let text: Vec<char> = if names { label.chars().collect() } else { vec!['\u{2022}'] };
            let Some((column, row)) = self.outline.cell(site, text.len()) else { continue };
            let inside = |c: usize| {
                row < self.height
                    && c < self.width
                    && (0..2).all(|half| self.parts[(2 * row + half) * self.width + c] == Part::Inside)
            };
            // At the rim a name may move two cells towards the midline.
            let inwards = |by: usize| if site.0 < 0.0 { column + by } else { column.saturating_sub(by) };
            let fits = |start: &usize| (*start..start + text.len()).all(inside);
            let Some(start) = (0..=2).map(inwards).find(fits) else { continue };
            let end = start + text.len();
            if names && (start.saturating_sub(1)..=end.min(self.width - 1)).any(|c| taken[row][c]) {
                continue;
            }
            let ink = scale.ink(both(&value, (start + end) / 2, row).unwrap_or(0.0), depth);
            for (c, glyph) in (start..end).zip(text) {
                let here = both(&value, c, row).unwrap_or(0.0);
                cells[row][c] = Cell { glyph, fg: ink, bg: scale.colour(here, depth) };
                taken[row][c] = true;
            }
        }
    }
}

/// Mean of a cell's two pixels, or the one that is inside.
fn both(value: &impl Fn(usize, usize) -> Option<f64>, column: usize, row: usize) -> Option<f64> {
    match (value(column, 2 * row), value(column, 2 * row + 1)) {
        (Some(a), Some(b)) => Some((a + b) / 2.0),
        (a, b) => a.or(b),
    }
}

/// Copies cells into the top left of `area`, clipped; blank cells leave what was there.
pub fn copy(buffer: &mut Buffer, area: Rect, cells: &[Vec<Cell>]) {
    let area = area.intersection(*buffer.area());
    for (y, line) in (area.top()..area.bottom()).zip(cells) {
        for (x, cell) in (area.left()..area.right()).zip(line).filter(|(_, cell)| **cell != Cell::BLANK) {
            if let Some(target) = buffer.cell_mut((x, y)) {
                target.set_char(cell.glyph).set_fg(cell.fg).set_bg(cell.bg);
            }
        }
    }
}

#[cfg(test)]
mod tests;
