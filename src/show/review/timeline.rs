//! Predictions by trial and second: label, fused answer, face, and EEG for every second.

use super::{answer, best, letter, reported, target};
use crate::lab::message::Review;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::screen::scrolled;
use crate::store::rows::PredictionRow;

/// Columns before the seconds.
const BEFORE: u16 = 26;

/// As many trials as there are rows, the selected one among them and marked.
pub fn draw(pen: &mut Pen, rows: &[&PredictionRow], selected: usize, review: &Review) {
    let mut body = pen.panel("By trial and second");
    let Some(chosen) = rows.get(selected) else { return };
    let room = (body.height() as usize).saturating_sub(2).max(1);
    let last = rows.iter().filter_map(|r| r.timeline.last()).map(|(at, _)| *at).fold(0.0, f32::max);
    body.text(0, 0, " trial label fused face  EEG", Ink::Dim);
    if last > 0.0 {
        body.right(0, &format!("0 to {last:.0} s"), Ink::Dim);
    }
    let first = scrolled(selected, room, rows.len());
    for (y, (i, row)) in rows.iter().enumerate().skip(first).take(room).enumerate() {
        let y = 1 + y as u16;
        let sign = if i == selected { ">" } else { " " };
        body.text(0, y, &format!("{sign}{:>4}", row.trial), if i == selected { Ink::Strong } else { Ink::Plain });
        for (x, class) in [(8, row.truth), (14, answer(row)), (19, best(&row.face))] {
            let (glyph, ink) = told(row, class, x == 8);
            body.glyph(x, y, glyph, ink);
        }
        seconds(&mut body, y, row);
    }
    let legend: Vec<String> = chosen.classes.iter().map(|c| format!("{} {c}", letter(c))).collect();
    let target = target(review);
    let truth = chosen.truth.and_then(|t| chosen.classes.get(t)).map(|t| format!("{target} {t}"));
    let felt = reported(review, chosen.trial).filter(|_| target != "reported").map(|e| format!("reported {e}"));
    let told = truth.into_iter().chain(felt).collect::<Vec<_>>().join(", ");
    let y = 1 + room.min(rows.len()) as u16;
    let line = |gap| format!("{told}  {}", legend.join(gap)).trim_start().to_string();
    let fits = |line: &String| line.chars().count() <= body.width() as usize;
    let line = Some(line("  ")).filter(fits).unwrap_or_else(|| line(" "));
    let end = body.text(0, y, &line, Ink::Dim);
    let by = format!("by {}", chosen.runtime);
    if end as usize + by.len() + 2 < body.width() as usize {
        body.right(y, &by, Ink::Dim);
    }
}

/// A class as its letter; green where it is the truth, red where it is not.
fn told(row: &PredictionRow, class: Option<usize>, is_truth: bool) -> (char, Ink) {
    let glyph = class.and_then(|c| row.classes.get(c)).map_or('-', |c| letter(c));
    let ink = match (class, row.truth) {
        _ if is_truth => Ink::Strong,
        (None, _) | (_, None) => Ink::Dim,
        (a, b) if a == b => Ink::Good,
        _ => Ink::Bad,
    };
    (glyph, ink)
}

fn seconds(body: &mut Pen, y: u16, row: &PredictionRow) {
    let width = body.width().saturating_sub(BEFORE);
    let count = row.timeline.len();
    if count == 0 {
        body.text(BEFORE, y, "no seconds are stored", Ink::Dim);
        return;
    }
    let columns = count.min(width as usize);
    for x in 0..columns {
        let (_, p) = &row.timeline[x * count / columns];
        let (glyph, ink) = told(row, best(&Some(p.clone())), false);
        body.glyph(BEFORE + x as u16, y, glyph, ink);
    }
}
