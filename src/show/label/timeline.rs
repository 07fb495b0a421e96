//! The clip's timeline: lanes of signals, the predictions, the segments and the cursor under one ruler.

use crate::lab::guided::{LabelLane, Labelling};
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::words;
use crate::signal::Segment;

/// Columns before the timeline: the lane's name and its range.
const BEFORE: u16 = 15;
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What lies on the timeline.
pub struct Marks<'a> {
    pub segments: &'a [Segment],
    pub selected: usize,
    /// Seconds since the first frame.
    pub cursor: f64,
    pub begun: Option<f64>,
}

/// Seconds to columns.
#[derive(Clone, Copy)]
struct Ruler {
    length_s: f64,
    columns: u16,
}

impl Ruler {
    fn column(self, second: f64) -> u16 {
        let share = (second / self.length_s.max(1e-9)).clamp(0.0, 1.0);
        BEFORE + (share * f64::from(self.columns.saturating_sub(1))).round() as u16
    }

    /// The seconds of a column, from and to.
    fn span(self, column: u16) -> (f64, f64) {
        let each = self.length_s / f64::from(self.columns.max(1));
        (f64::from(column) * each, f64::from(column + 1) * each)
    }
}

/// Draws everything under the ruler.
pub fn draw(pen: &mut Pen, open: &Labelling, marks: &Marks) {
    let ruler = Ruler { length_s: open.length_s, columns: pen.width().saturating_sub(BEFORE + 1) };
    draw_ruler(&mut pen.part(0, 0, u16::MAX, 1), ruler);
    let predicted = u16::from(!open.predictions.is_empty());
    let marked = 3;
    let below = predicted + marked + 1;
    let lanes = open.lanes.len() as u16;
    let room = pen.height().saturating_sub(1 + below);
    let each = (room / lanes.max(1)).clamp(1, 5);
    let mut y = 1;
    for lane in open.lanes.iter().take(room as usize) {
        draw_lane(&mut pen.part(0, y, u16::MAX, each), lane, open.step_s, ruler);
        y += each;
    }
    if predicted > 0 {
        draw_predictions(&mut pen.part(0, y, u16::MAX, 1), open, ruler);
        y += 1;
    }
    draw_segments(&mut pen.part(0, y, u16::MAX, marked), marks, ruler);
    draw_cursor(&mut pen.part(0, y + marked, u16::MAX, 1), marks, ruler);
}

fn draw_ruler(pen: &mut Pen, ruler: Ruler) {
    pen.text(1, 0, "seconds", Ink::Dim);
    let wanted = f64::from(ruler.columns) / 10.0;
    let step = [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0].into_iter().find(|s| ruler.length_s / s <= wanted);
    let step = step.unwrap_or(600.0);
    let ticks = (ruler.length_s / step).floor() as u32;
    for tick in 0..=ticks {
        let second = f64::from(tick) * step;
        pen.text(ruler.column(second), 0, &format!("{second:.0}"), Ink::Dim);
    }
}

/// A lane as columns that grow from its floor.
fn draw_lane(pen: &mut Pen, lane: &LabelLane, step_s: f64, ruler: Ruler) {
    let finite = || lane.values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
    pen.text(1, 0, &words::cut(&lane.name, 6), Ink::Strong);
    if low > high {
        pen.text(BEFORE, 0, "nothing was recorded", Ink::Dim);
        return;
    }
    // A share of frames is read from 0 to 100; anything else from its lowest to its highest value.
    let (low, high) = if lane.unit == "%" { (0.0, 100.0) } else { (low, high.max(low + 1e-6)) };
    pen.text(8, 0, &format!("{high:>3.0}{}", words::cut(&lane.unit, 4)), Ink::Dim);
    if pen.height() > 1 {
        pen.text(8, pen.height() - 1, &format!("{low:>3.0}"), Ink::Dim);
    }
    let rows = pen.height();
    for column in 0..ruler.columns {
        let (from, to) = ruler.span(column);
        let (first, last) = ((from / step_s) as usize, (to / step_s).ceil() as usize);
        let members = lane.values.iter().skip(first).take((last - first).max(1)).copied().filter(|v| v.is_finite());
        let (sum, count) = members.fold((0.0, 0), |(sum, n), v| (sum + v, n + 1));
        if count == 0 {
            continue;
        }
        let share = ((sum / count as f32 - low) / (high - low)).clamp(0.0, 1.0);
        draw_column(pen, BEFORE + column, rows, share, lane.name == "heart" || lane.name == "pulse");
    }
}

fn draw_column(pen: &mut Pen, x: u16, rows: u16, share: f32, heart: bool) {
    let ink = if heart { Ink::Heart } else { Ink::Trace };
    let eighths = ((share * 8.0 * f32::from(rows)).round() as u16).max(1);
    for row in 0..rows {
        let filled = eighths.saturating_sub(row * 8).min(8);
        if filled == 0 {
            break;
        }
        let glyph = match (pen.caps.ascii, filled) {
            (true, 1..=2) => '.',
            (true, 3..=5) => ':',
            (true, _) => '#',
            (false, n) => EIGHTHS[usize::from(n) - 1],
        };
        pen.glyph(x, rows - 1 - row, glyph, ink);
    }
}

/// The first letter of the predicted class by the second, capital where the model is sure.
fn draw_predictions(pen: &mut Pen, open: &Labelling, ruler: Ruler) {
    pen.text(1, 0, "model", Ink::Strong);
    for (at, class, share) in &open.predictions {
        let Some(letter) = open.classes.get(*class).and_then(|c| c.chars().next()) else { continue };
        let sure = *share >= 0.5;
        let letter = if sure { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
        pen.glyph(ruler.column(f64::from(*at)), 0, letter, if sure { Ink::Strong } else { Ink::Dim });
    }
}

/// Segments as bars with the key of their emotion; what overlaps stands on rows of its own.
fn draw_segments(pen: &mut Pen, marks: &Marks, ruler: Ruler) {
    pen.text(1, 0, "felt", Ink::Strong);
    let mut ends: [Option<u16>; 3] = [None; 3];
    for (i, segment) in marks.segments.iter().enumerate() {
        let (from, to) = (ruler.column(segment.from_s), ruler.column(segment.to_s).max(ruler.column(segment.from_s) + 1));
        let row = ends.iter().position(|end| end.is_none_or(|end| end < from)).unwrap_or(2);
        ends[row] = Some(to);
        let ink = if i == marks.selected { Ink::Title } else { Ink::Accent };
        let y = row as u16;
        let bar = pen.caps.pick('━', '=');
        pen.fill(from, y, to - from, bar, ink);
        pen.glyph(from, y, '[', ink);
        pen.glyph(to, y, ']', ink);
        let letter = segment.emotion.map_or('*', |e| e.key());
        pen.glyph((from + to) / 2, y, letter, ink);
        if let Some(strong) = segment.intensity.filter(|_| to - from > 4) {
            pen.glyph((from + to) / 2 + 1, y, char::from(b'0' + strong.min(9)), ink);
        }
    }
}

fn draw_cursor(pen: &mut Pen, marks: &Marks, ruler: Ruler) {
    let at = ruler.column(marks.cursor);
    if let Some(begun) = marks.begun {
        let from = ruler.column(begun);
        let (left, right) = (from.min(at), from.max(at));
        let dots = pen.caps.pick('┄', '.');
        pen.fill(left, 0, right - left + 1, dots, Ink::Fair);
        pen.glyph(from, 0, '[', Ink::Fair);
    }
    pen.glyph(at, 0, pen.caps.pick('▲', '^'), Ink::Strong);
    let text = match marks.begun {
        Some(begun) => format!("begun at {begun:.1}"),
        None => format!("at {:.1} s", marks.cursor),
    };
    pen.text(1, 0, &words::cut(&text, BEFORE as usize - 2), if marks.begun.is_some() { Ink::Fair } else { Ink::Strong });
}
