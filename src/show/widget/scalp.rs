//! Heads: which electrode is in what state, and the border to the topography drawer.

use crate::gate::QualityReport;
use crate::show::caps::{Caps, Depth, Ink};
use crate::show::palette::{self, Scale};
use crate::show::pen::Pen;
use crate::show::topography::{self, Bands, Head, TopographyError};
use crate::show::words;
use crate::signal::position_of;
use std::cell::RefCell;
use std::rc::Rc;

/// The outline is a little wider than the ring of electrodes, so that every one of them lies inside.
const OUTLINE: f64 = 1.16;

/// A head seen from above, nose up, with one glyph at each electrode. Labels that are no electrodes are left out.
fn marks_on(pen: &mut Pen, electrodes: &[(&str, char, Ink)]) {
    outline(pen);
    for (label, glyph, ink) in electrodes {
        if let Some((x, y)) = cell(pen, label) {
            pen.glyph(x, y, *glyph, *ink);
        }
    }
}

/// An electrode with its name on a head.
pub struct Spot {
    pub label: String,
    pub sign: char,
    pub ink: Ink,
}

/// A head with every electrode's sign and, where there is room beside it, its name.
pub fn named(pen: &mut Pen, spots: &[Spot]) {
    // A cell is about twice as high as wide; a head that fills a wide pen would be a lying egg.
    let height = pen.height();
    let width = pen.width().min(height.saturating_mul(2) + height / 2);
    let left = (pen.width() - width) / 2;
    let mut head = pen.part(left, 0, width, height);
    outline(&mut head);
    let roomy = head.width() >= 38 && head.height() >= 15;
    let places: Vec<Option<(u16, u16)>> = spots.iter().map(|spot| cell(&head, &spot.label)).collect();
    let mut taken: Vec<(u16, u16)> = places.iter().copied().flatten().collect();
    for (spot, place) in spots.iter().zip(&places) {
        let Some((x, y)) = *place else { continue };
        head.glyph(x, y, spot.sign, spot.ink);
        // A name that would cover another electrode is left out; the list beside the head has it.
        let cells: Vec<(u16, u16)> = (1..=spot.label.chars().count() as u16).map(|i| (x + i, y)).collect();
        if roomy && cells.iter().all(|c| !taken.contains(c)) {
            head.text(x + 1, y, &spot.label, spot.ink);
            taken.extend(cells);
        }
    }
}

/// The head of a quality report: o ok, ! fair, X bad.
pub fn quality(pen: &mut Pen, report: &QualityReport, pass: f64) {
    let marks: Vec<(&str, char, Ink)> = report
        .channels
        .iter()
        .map(|c| match words::judged(c.score, pass) {
            ("ok", ink) => (c.label.as_str(), 'o', ink),
            ("fair", ink) => (c.label.as_str(), '!', ink),
            (_, ink) => (c.label.as_str(), 'X', ink),
        })
        .collect();
    marks_on(pen, &marks);
}

/// Named maps under one scale, with their legend; as large as the room allows.
pub fn bands(pen: &mut Pen, labels: &[String], maps: &[(String, Vec<f64>)], limit: f64) {
    let (width, height) = (usize::from(pen.width()), usize::from(pen.height()));
    let colours = colours(pen.caps);
    let shape = (maps.len(), width, height);
    let drawn = DRAWN.with_borrow(|kept| {
        let same =
            |d: &&Drawn| d.shape == shape && d.limit == limit && d.colours == colours && d.maps == maps && d.labels == labels;
        kept.as_ref().filter(same).map(|d| d.cells.clone())
    });
    let made = || -> Result<Rc<Cells>, TopographyError> {
        let heads = kept(&BANDS, labels, shape, || Bands::new(labels, maps.len(), width, height))?;
        let named: Vec<(&str, &[f64])> = maps.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
        let cells = Rc::new(heads.cells(&named, Scale::Signed(limit), colours, false));
        let drawn = Drawn { labels: labels.to_vec(), maps: maps.to_vec(), limit, shape, colours, cells: cells.clone() };
        DRAWN.set(Some(drawn));
        Ok(cells)
    };
    match drawn.map_or_else(made, Ok) {
        Ok(cells) => {
            let (area, buffer) = pen.raw();
            topography::copy(buffer, area, &cells);
        }
        Err(error) => pen.centred(0, &error.to_string(), Ink::Bad),
    }
}

/// Rows of a picture.
type Cells = Vec<Vec<topography::Cell>>;

/// The maps drawn last: most frames show the same ones again.
struct Drawn {
    labels: Vec<String>,
    maps: Vec<(String, Vec<f64>)>,
    limit: f64,
    shape: Shape,
    colours: palette::Depth,
    cells: Rc<Cells>,
}

/// Values of the electrodes over one head with their names; `limit` is the end of the scale, the same for every head
/// of a screen.
pub fn topography(pen: &mut Pen, labels: &[String], values: &[f64], limit: f64) {
    let (width, height) = (usize::from(pen.width()), usize::from(pen.height()));
    match kept(&HEADS, labels, (1, width, height), || Head::new(labels, width, height)) {
        Ok(head) => {
            let colours = colours(pen.caps);
            let (area, buffer) = pen.raw();
            head.draw(buffer, area, values, Scale::Signed(limit), colours, true);
        }
        Err(error) => pen.centred(0, &error.to_string(), Ink::Bad),
    }
}

/// Heads that were drawn lately: their matrices cost far more than a frame.
type Kept<T> = RefCell<Vec<(Vec<String>, Shape, Rc<T>)>>;
/// How many maps, columns and rows.
type Shape = (usize, usize, usize);

thread_local! {
    static BANDS: Kept<Bands> = const { RefCell::new(Vec::new()) };
    static DRAWN: RefCell<Option<Drawn>> = const { RefCell::new(None) };
    static HEADS: Kept<Head> = const { RefCell::new(Vec::new()) };
}

/// How many sizes are kept.
const KEPT: usize = 6;

/// What was made for these electrodes and this shape before, else what `make` makes.
fn kept<T>(
    store: &'static std::thread::LocalKey<Kept<T>>,
    labels: &[String],
    shape: Shape,
    make: impl FnOnce() -> Result<T, TopographyError>,
) -> Result<Rc<T>, TopographyError> {
    store.with_borrow_mut(|kept| {
        if let Some((.., found)) = kept.iter().find(|(l, s, _)| *s == shape && l == labels) {
            return Ok(found.clone());
        }
        let made = Rc::new(make()?);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((labels.to_vec(), shape, made.clone()));
        Ok(made)
    })
}

/// One line that explains the scale, in what the maps are drawn with.
pub fn legend(pen: &mut Pen, limit: f64) {
    let cells = topography::legend(Scale::Signed(limit), colours(pen.caps));
    let (before, after) = ("against ", " for");
    let x = (pen.width() as usize).saturating_sub(cells.len() + before.len() + after.len()) / 2;
    let x = pen.text(x as u16, 0, before, Ink::Dim);
    let (area, buffer) = pen.raw();
    let room = area.right().saturating_sub(area.x + x);
    topography::copy(buffer, ratatui::layout::Rect { x: area.x + x, width: room, ..area }, &[cells.clone()]);
    pen.text(x + cells.len() as u16, 0, after, Ink::Dim);
}

/// What the drawer may use.
fn colours(caps: Caps) -> palette::Depth {
    match (caps.ascii, caps.depth) {
        (true, _) | (_, Depth::Mono) => palette::Depth::Ascii,
        (_, Depth::Sixteen) => palette::Depth::Ansi16,
        (_, Depth::TwoFiftySix) => palette::Depth::Ansi256,
        (_, Depth::True) => palette::Depth::True,
    }
}

fn cell(pen: &Pen, label: &str) -> Option<(u16, u16)> {
    let (w, h) = (pen.width(), pen.height());
    if w < 5 || h < 4 {
        return None;
    }
    let (x, y) = position_of(label)?.flat();
    let at = |v: f64, cells: u16| ((v / OUTLINE + 1.0) / 2.0 * f64::from(cells - 1)).round() as u16;
    Some((at(x, w), at(-y, h)))
}

fn outline(pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    if w < 5 || h < 4 {
        return;
    }
    let (slash, back) = (pen.caps.pick('╱', '/'), pen.caps.pick('╲', '\\'));
    let (side, across) = (pen.caps.pick('│', '|'), pen.caps.pick('─', '-'));
    let half = |y: u16| (1.0 - ((f64::from(y) + 0.5) / f64::from(h) * 2.0 - 1.0).powi(2)).max(0.0).sqrt();
    let middle = f64::from(w - 1) / 2.0;
    for y in 0..h {
        let reach = half(y) * middle;
        let (left, right) = ((middle - reach).round() as u16, (middle + reach).round() as u16);
        if y == 0 || y == h - 1 {
            pen.fill(left, y, right - left + 1, across, Ink::Dim);
        }
        let slope = (f64::from(y) + 0.5) / f64::from(h);
        let (l, r) = if slope < 0.3 {
            (slash, back)
        } else if slope > 0.7 {
            (back, slash)
        } else {
            (side, side)
        };
        pen.glyph(left, y, l, Ink::Dim);
        pen.glyph(right, y, r, Ink::Dim);
    }
    pen.glyph((w - 1) / 2, 0, pen.caps.pick('▲', '^'), Ink::Dim);
}
