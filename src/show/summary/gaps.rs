//! Where a session has holes: every stream on the time of the session.

use crate::lab::message::Snapshot;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::words;
use crate::signal::seconds;

/// A line a stream: `=` where there are samples, `!` where some are missing.
pub fn draw(pen: &mut Pen, s: &Snapshot) {
    let Some(session) = &s.session else { return };
    let length = seconds(session.ended.unwrap_or(s.now) - session.started).max(1.0);
    let width = pen.width().saturating_sub(22);
    let (whole, hole) = (pen.caps.pick('━', '='), '!');
    let rows = pen.height();
    let deliveries: Vec<_> = s.stored.iter().filter_map(|stream| stream.delivery.as_ref()).filter(|d| d.delivered > 0).collect();
    if deliveries.iter().all(|d| d.missing == 0) {
        if !deliveries.is_empty() {
            pen.wrap(0, 0, rows, "no gaps: every sample that the devices counted is there", Ink::Good);
        }
        return;
    }
    for (y, delivery) in deliveries.iter().enumerate().take(rows as usize) {
        let y = y as u16;
        pen.text(0, y, &words::cut(&delivery.stream, 8), Ink::Plain);
        pen.fill(9, y, width, whole, Ink::Dim);
        for gap in &delivery.gaps {
            let at = |s: f64| ((s / length * f64::from(width)) as u16).min(width.saturating_sub(1));
            let (from, to) = (at(gap.at_s), at(gap.at_s + gap.seconds));
            pen.fill(9 + from, y, to - from + 1, hole, Ink::Bad);
        }
        let (text, ink) = match delivery.gaps.len() {
            0 => ("whole".to_string(), Ink::Good),
            1 => ("1 gap".to_string(), Ink::Fair),
            n => (format!("{n} gaps"), Ink::Fair),
        };
        pen.text(11 + width, y, &text, ink);
    }
}
