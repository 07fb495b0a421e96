//! Channels as numbers: what stands in place of traces where only 7-bit characters can be shown.

use crate::lab::message::TraceChannel;
use crate::show::caps::Ink;
use crate::show::pen::Pen;
use crate::show::widget::bar::bar;
use crate::show::words;

/// Width of one channel's entry.
const ENTRY: u16 = 26;

/// How many channels fit.
pub fn room(width: u16, height: u16) -> usize {
    (usize::from(width / ENTRY).max(1) * usize::from(height.saturating_sub(1))).max(1)
}

/// Label, robust standard deviation with its unit, quality with its word; filled column by column.
pub fn numbers(pen: &mut Pen, channels: &[&TraceChannel], pass: f64) {
    let columns = (pen.width() / ENTRY).max(1);
    let rows = (channels.len() as u16).div_ceil(columns).min(pen.height().saturating_sub(1)).max(1);
    let used = (channels.len() as u16).div_ceil(rows).min(columns);
    for column in 0..used {
        pen.text(column * ENTRY, 0, "ch      SD       quality", Ink::Dim);
    }
    for (i, channel) in channels.iter().enumerate().take((rows * columns) as usize) {
        let (x, y) = (i as u16 / rows * ENTRY, 1 + i as u16 % rows);
        pen.text(x, y, &words::cut(&channel.label, 5), Ink::Strong);
        pen.text(x + 5, y, &format!("{:>6} {:<3}", amplitude(channel.spread), words::cut(&channel.unit, 3)), Ink::Plain);
        let Some(quality) = channel.quality else {
            pen.text(x + 16, y, "--", Ink::Dim);
            continue;
        };
        let (word, ink) = words::judged(quality, pass);
        bar(pen, (x + 16, y), 4, quality / 100.0, None, ink);
        pen.text(x + 21, y, word, ink);
    }
}

/// Three figures that stand still in a column.
fn amplitude(value: f32) -> String {
    match value.abs() {
        a if !a.is_finite() => "--".into(),
        a if a < 10.0 => format!("{value:.2}"),
        a if a < 1000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
