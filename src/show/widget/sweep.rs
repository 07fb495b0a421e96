//! Traces that stand still while a gap sweeps over them, as on bedside monitors; braille, own rasteriser.
//!
//! Every column is sent to the terminal once: measured 18 to 25 times cheaper on the wire than scrolling.

use crate::lab::message::{TraceChannel, Traces};
use crate::show::caps::Ink;
use crate::show::pen::Pen;

/// Dot columns that stay blank behind the newest one: the cursor.
const GAP: u64 = 6;

/// Values of one lane: the middle and half of the height, in the channel's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub centre: f32,
    pub half: f32,
}

/// How a lane is swept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sweep {
    /// Seconds from edge to edge, as near as whole columns allow.
    pub window_s: f64,
    /// Dots by which the newest one advances at a time.
    pub step: u64,
}

impl Sweep {
    /// Columns a dot, and dots that are complete, on a lane of so many dots.
    fn dots(self, traces: &Traces, dots: u64) -> (u64, u64) {
        let per_dot = ((traces.columns_per_s * self.window_s / dots.max(1) as f64).round() as u64).max(1);
        let complete = (traces.newest_column + 1) / per_dot;
        (per_dot, complete / self.step.max(1) * self.step.max(1))
    }
}

/// One scale for channels that are to be compared: 3 robust standard deviations of the median channel, rounded up to
/// 1, 2, 3, 5 or 7 times a power of ten so that it stands still.
pub fn common_scale<'a>(channels: impl Iterator<Item = &'a TraceChannel>) -> f32 {
    let mut spreads: Vec<f32> = channels.map(|c| c.spread).filter(|s| s.is_finite() && *s > 0.0).collect();
    spreads.sort_by(f32::total_cmp);
    round_up(spreads.get(spreads.len() / 2).map_or(1.0, |s| 3.0 * s))
}

/// A scale of its own: everything shown fits.
pub fn own_scale(channel: &TraceChannel) -> Scale {
    let finite = channel.columns.iter().filter(|(a, b)| a.is_finite() && b.is_finite());
    let (low, high) = finite.fold((f32::MAX, f32::MIN), |(l, h), (a, b)| (l.min(*a), h.max(*b)));
    if low > high {
        return Scale { centre: 0.0, half: 1.0 };
    }
    let half = round_up(((high - low) / 2.0).max(f32::MIN_POSITIVE));
    Scale { centre: ((low + high) / 2.0 / (half / 4.0)).round() * (half / 4.0), half }
}

fn round_up(value: f32) -> f32 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10f32.powf(value.log10().floor());
    // A little slack, so that 0.2 is 2 x 0.1 in single precision too.
    let lead = value / power / 1.0001;
    [1.0, 2.0, 3.0, 5.0, 7.0].into_iter().find(|step| lead <= *step).unwrap_or(10.0) * power
}

/// Draws one channel over the whole pen.
pub fn lane(pen: &mut Pen, channel: &TraceChannel, traces: &Traces, sweep: Sweep, scale: Scale, ink: Ink) {
    let (w, h) = (pen.width() as usize, pen.height() as usize);
    if w == 0 || h == 0 || channel.columns.is_empty() {
        return;
    }
    let dots = 2 * w as u64;
    let (per_dot, complete) = sweep.dots(traces, dots);
    let count = channel.columns.len() as u64;
    let oldest = (traces.newest_column + 1).saturating_sub(count);
    let first = complete.saturating_sub(dots.saturating_sub(GAP)).max(oldest.div_ceil(per_dot));
    let mut cells = vec![0u8; w * h];
    let mut before: Option<(usize, usize)> = None;
    for group in first..complete {
        let from = (group * per_dot).saturating_sub(oldest) as usize;
        let members = channel.columns.iter().skip(from).take(per_dot as usize);
        let Some((top, bottom)) = span(members, scale, 4 * h) else {
            before = None;
            continue;
        };
        // Touches its left neighbour, so that steep slopes stay one line.
        let (from, to) = before.map_or((top, bottom), |(t, b)| (top.min(b), bottom.max(t)));
        let position = (group % dots) as usize;
        for dot in from..=to {
            cells[dot / 4 * w + position / 2] |= DOTS[position % 2][dot % 4];
        }
        before = (position + 1 < dots as usize).then_some((top, bottom));
    }
    for (i, bits) in cells.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
        let glyph = char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ');
        pen.glyph((i % w) as u16, (i / w) as u16, glyph, ink);
    }
}

/// The cell of a lane `width` cells wide in which what happened `back` columns ago stands; None where the sweep has
/// gone over it.
pub fn place(traces: &Traces, back: f64, width: u16, sweep: Sweep) -> Option<u16> {
    let dots = 2 * u64::from(width);
    let (per_dot, complete) = sweep.dots(traces, dots);
    let group = (traces.newest_column as f64 - back).max(0.0) as u64 / per_dot;
    let seen = group < complete && group >= complete.saturating_sub(dots.saturating_sub(GAP));
    (dots > 0 && back >= 0.0 && seen).then(|| (group % dots / 2) as u16)
}

/// Bits of a braille cell: [column][row].
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// First and last dot row (0 = top) of some columns; None where nothing finite was measured.
fn span<'a>(columns: impl Iterator<Item = &'a (f32, f32)>, scale: Scale, rows: usize) -> Option<(usize, usize)> {
    let finite = columns.filter(|(a, b)| a.is_finite() && b.is_finite());
    let (low, high) = finite.fold((f32::MAX, f32::MIN), |(l, h), (a, b)| (l.min(*a), h.max(*b)));
    if low > high {
        return None;
    }
    let row = |value: f32| {
        let t = ((value - scale.centre) / scale.half.max(f32::MIN_POSITIVE)).clamp(-1.0, 1.0);
        ((1.0 - t) / 2.0 * (rows - 1) as f32).round() as usize
    };
    Some((row(high).min(rows - 1), row(low).min(rows - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::caps::{Caps, Depth};
    use crate::signal::Role;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    fn channel(columns: Vec<(f32, f32)>) -> TraceChannel {
        TraceChannel { label: "Fz".into(), role: Role::Eeg, unit: "uV".into(), quality: None, centre: 0.0, spread: 1.0, columns }
    }

    fn drawn(newest: u64, columns: Vec<(f32, f32)>) -> String {
        let traces = Traces { channels: vec![], columns_per_s: 10.0, newest_column: newest };
        let mut buf = Buffer::empty(Rect::new(0, 0, 10, 1));
        let area = buf.area;
        let mut pen = Pen::new(&mut buf, area, Caps { ascii: false, depth: Depth::Mono, light: false });
        lane(
            &mut pen,
            &channel(columns),
            &traces,
            Sweep { window_s: 2.0, step: 1 },
            Scale { centre: 0.0, half: 1.0 },
            Ink::Trace,
        );
        buf.content.iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn a_rising_line_rises_and_leaves_a_gap() {
        // 20 dot columns of which 14 are shown; columns 6..=19, so the first three cells are the gap.
        let columns = (0..20).map(|i| ((i as f32 - 12.5) / 6.5, (i as f32 - 12.5) / 6.5)).collect();
        let line = drawn(19, columns);
        assert_eq!(line.chars().take(3).collect::<String>(), "   ", "{line}");
        assert!(line.chars().nth(3).is_some_and(|c| "⣀⡠".contains(c)), "{line}");
        assert!(line.chars().nth(9).is_some_and(|c| "⠊⠉".contains(c)), "{line}");
    }

    #[test]
    fn what_was_drawn_stands_still_while_the_sweep_goes_on() {
        let value = |i: u64| ((i as f32 * 0.7).sin(), (i as f32 * 0.7).sin());
        let before: Vec<char> = drawn(31, (12..32).map(value).collect()).chars().collect();
        let after: Vec<char> = drawn(33, (14..34).map(value).collect()).chars().collect();
        let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
        assert!(changed <= 3, "{changed} cells changed for two new columns");
    }

    #[test]
    fn scales_stand_still() {
        for (value, rounded) in [(37.0, 50.0), (51.0, 70.0), (0.2, 0.2), (8.0, 10.0)] {
            assert!((round_up(value) / rounded - 1.0).abs() < 1e-5, "{value} became {}", round_up(value));
        }
        assert_eq!(own_scale(&channel(vec![])), Scale { centre: 0.0, half: 1.0 });
    }
}
