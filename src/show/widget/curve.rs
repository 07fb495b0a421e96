//! Learning curves in plain characters: t = training loss, v = validation loss over epochs.

use crate::show::caps::Ink;
use crate::show::pen::Pen;

/// Draws (epoch, training loss, validation loss, validation accuracy) points with an axis over the whole pen; `without`
/// stands there where there is no point.
pub fn curve(pen: &mut Pen, points: &[(u32, f32, f32, f32)], without: &str) {
    let (w, h) = (pen.width(), pen.height());
    let (down, across, corner) = (pen.caps.pick('│', '|'), pen.caps.pick('─', '-'), pen.caps.pick('└', '+'));
    if w < 20 || h < 5 {
        return;
    }
    let (left, bottom) = (6u16, h - 2);
    for y in 0..bottom {
        pen.glyph(left, y, down, Ink::Dim);
    }
    pen.fill(left, bottom, w - left, across, Ink::Dim);
    pen.glyph(left, bottom, corner, Ink::Dim);
    let losses = points.iter().flat_map(|p| [p.1, p.2]).filter(|l| l.is_finite());
    let highest = losses.fold(0f32, f32::max);
    if points.is_empty() || highest <= 0.0 {
        pen.text(left + 3, bottom / 2, without, Ink::Dim);
        return;
    }
    let last = points.iter().map(|p| p.0).max().unwrap_or(1).max(10);
    for (row, share) in [(0, 1.0), (bottom / 2, 0.5), (bottom - 1, 0.0)] {
        pen.text(0, row, &format!("{:>5.2}", highest * share), Ink::Dim);
    }
    let end = format!("epoch {last}");
    pen.text(left, h - 1, "0", Ink::Dim);
    pen.right(h - 1, &end, Ink::Dim);
    let place = |epoch: u32, loss: f32| {
        let x = left + 1 + (epoch as f32 / last as f32 * f32::from(w - left - 2)).round() as u16;
        let y = ((1.0 - loss / highest) * f32::from(bottom - 1)).round().clamp(0.0, f32::from(bottom - 1)) as u16;
        (x, y)
    };
    for &(epoch, train, validation, _) in points {
        for (loss, glyph, ink) in [(train, 't', Ink::Cool), (validation, 'v', Ink::Warm)] {
            if loss.is_finite() {
                let (x, y) = place(epoch, loss);
                pen.glyph(x, y, glyph, ink);
            }
        }
    }
}
