//! Bars: progress, scores, probabilities.

use crate::show::caps::Ink;
use crate::show::pen::Pen;

/// A bar of `width` cells filled to `fraction` (0-1), with an optional mark at another fraction.
pub fn bar(pen: &mut Pen, (x, y): (u16, u16), width: u16, fraction: f64, mark: Option<f64>, ink: Ink) {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let full = (fraction * f64::from(width)).round() as u16;
    let (on, off) = (pen.caps.pick('━', '#'), pen.caps.pick('─', '.'));
    pen.fill(x, y, width, off, Ink::Dim);
    pen.fill(x, y, full, on, ink);
    if let Some(mark) = mark.filter(|m| m.is_finite() && width > 0) {
        let at = ((mark.clamp(0.0, 1.0) * f64::from(width)).round() as u16).min(width - 1);
        let glyph = pen.caps.pick('┃', '|');
        pen.glyph(x + at, y, glyph, Ink::Strong);
    }
}
