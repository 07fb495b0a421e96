//! Where a session has holes: every stream on the time of the session.

use crate::lab::message::{Review, Snapshot};
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::words;
use crate::signal::seconds;

/// The stored session's streams, where they were loaded and are those of this session.
fn stored(s: &Snapshot) -> Option<&Review> {
    let session = s.session.as_ref()?;
    s.review.as_deref().filter(|r| r.session.id == session.id)
}

/// A line a stream: `=` where there are samples, `!` where some are missing.
pub fn draw(pen: &mut Pen, s: &Snapshot) {
    let Some(session) = &s.session else { return };
    let length = seconds(session.ended.unwrap_or(s.now) - session.started).max(1.0);
    let width = pen.width().saturating_sub(22);
    let (whole, hole) = (pen.caps.pick('━', '='), '!');
    let rows = pen.height();
    let Some(review) = stored(s) else {
        let text = if s.lost == 0 {
            "no gaps: every sample that the devices counted is there".to_string()
        } else {
            format!("{} samples and frames are missing; reading where ...", s.lost)
        };
        pen.wrap(0, 0, rows, &text, if s.lost == 0 { Ink::Good } else { Ink::Fair });
        return;
    };
    for (y, row) in review.streams.iter().enumerate().take(rows as usize) {
        let y = y as u16;
        pen.text(0, y, &words::cut(&row.info.name, 8), Ink::Plain);
        pen.fill(9, y, width, whole, Ink::Dim);
        for (index, missing) in &row.gaps {
            let at = |i: u64| (i.saturating_sub(row.first_index) as f64 / row.info.rate / length * f64::from(width)) as u16;
            let (from, to) = (at(*index).min(width.saturating_sub(1)), at(index + missing).min(width.saturating_sub(1)));
            pen.fill(9 + from, y, to - from + 1, hole, Ink::Bad);
        }
        let (text, ink) = match row.gaps.len() {
            0 => ("whole".to_string(), Ink::Good),
            1 => ("1 gap".to_string(), Ink::Fair),
            n => (format!("{n} gaps"), Ink::Fair),
        };
        pen.text(11 + width, y, &text, ink);
    }
}
