//! Heads: which electrode is in what state, and the border to the topography drawer.

use crate::gate::QualityReport;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::words;
use crate::signal::position_of;

/// Signed ramps for one cell: the sign is in the shape, not only in the colour.
const POSITIVE: [char; 9] = ['.', ':', '-', '=', '+', '*', '#', '%', '@'];
const NEGATIVE: [char; 9] = ['\'', '`', '~', 'o', 'a', 'v', 'X', 'M', '&'];

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

/// Named maps side by side, with the legend of their common scale below.
pub fn bands(pen: &mut Pen, labels: &[String], maps: &[(String, Vec<f64>)], limit: f64) {
    let (w, h) = (pen.width(), pen.height());
    let each = w / (maps.len() as u16).max(1);
    // A cell is about twice as high as wide: a head of w cells is w / 2 high.
    let rows = h.saturating_sub(2).min(each / 2);
    let width = each.saturating_sub(2).min(rows * 2 + 3);
    for (i, (name, map)) in maps.iter().enumerate() {
        let x = i as u16 * each;
        pen.part(x, 0, each, 1).centred(0, name, Ink::Strong);
        topography(&mut pen.part(x + (each - width) / 2, 1, width, rows), labels, map, limit);
    }
    pen.centred((rows + 2).min(h.saturating_sub(1)), &legend(limit), Ink::Dim);
}

/// Values of the electrodes over a head; `limit` is the value of the strongest glyph, the same for every head of a
/// screen.
pub fn topography(pen: &mut Pen, labels: &[String], values: &[f64], limit: f64) {
    outline(pen);
    for (label, value) in labels.iter().zip(values) {
        let Some((x, y)) = cell(pen, label) else { continue };
        let strength = if limit > 0.0 && value.is_finite() { (value / limit).clamp(-1.0, 1.0) } else { 0.0 };
        let step = (strength.abs() * 9.0).ceil() as usize;
        match step.checked_sub(1) {
            None => pen.glyph(x, y, pen.caps.pick('·', ' '), Ink::Dim),
            Some(i) if strength > 0.0 => pen.glyph(x, y, POSITIVE[i.min(8)], Ink::Warm),
            Some(i) => pen.glyph(x, y, NEGATIVE[i.min(8)], Ink::Cool),
        }
    }
}

/// One line that explains the glyphs.
pub fn legend(limit: f64) -> String {
    let ramp = |glyphs: [char; 9]| glyphs.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
    format!("for {}   against {}   ends at +-{limit:.3}", ramp(POSITIVE), ramp(NEGATIVE))
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
