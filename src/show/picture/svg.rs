//! Cells as a vector picture: letters as text, half blocks and braille dots as shapes, so that no font spoils them.

use crate::show::sgr;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;

/// Size of a cell.
const WIDE: f64 = 8.4;
const TALL: f64 = 17.0;

/// The sixteen themed colours as many terminals have them.
const THEME: [u32; 16] = [
    0x1c1c1c, 0xcd3131, 0x3f9a3f, 0xb58900, 0x3b6fd4, 0xa349a4, 0x2596a8, 0xc8c8c8, 0x6f6f6f, 0xf06a6a, 0x6fc96f, 0xe5c05b,
    0x6f9cf0, 0xd07fd0, 0x5fc8d8, 0xf5f5f5,
];

/// The picture; `light`: dark letters on white.
pub fn svg(buffer: &Buffer, light: bool) -> String {
    let (ink, paper) = if light { (0x202020, 0xffffff) } else { (0xd4d4d4, 0x121218) };
    let (width, height) = (f64::from(buffer.area.width) * WIDE, f64::from(buffer.area.height) * TALL);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.1} {:.1}\" font-family=\"monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#{paper:06x}\"/>\n",
        width + 12.0,
        height + 12.0
    );
    for (row, cells) in buffer.content.chunks(usize::from(buffer.area.width).max(1)).enumerate() {
        let y = 6.0 + row as f64 * TALL;
        let mut from = 0;
        while from < cells.len() {
            let like = |cell: &Cell| (cell.fg, cell.bg, cell.modifier) == (cells[from].fg, cells[from].bg, cells[from].modifier);
            let end = (from + 1..cells.len()).find(|i| !like(&cells[*i])).unwrap_or(cells.len());
            run(&mut out, &cells[from..end], (6.0 + from as f64 * WIDE, y), (ink, paper));
            from = end;
        }
    }
    out + "</svg>\n"
}

/// Cells that look alike.
fn run(out: &mut String, cells: &[Cell], (x, y): (f64, f64), (ink, paper): (u32, u32)) {
    let first = &cells[0];
    let (mut fg, mut bg) = (rgb(first.fg).unwrap_or(ink), rgb(first.bg));
    if first.modifier.contains(Modifier::REVERSED) {
        (fg, bg) = (bg.unwrap_or(paper), Some(fg));
    }
    if first.modifier.contains(Modifier::DIM) {
        fg = mix(fg, paper);
    }
    if let Some(bg) = bg {
        rectangle(out, (x, y), (cells.len() as f64 * WIDE, TALL), bg);
    }
    let mut text = String::new();
    for (i, cell) in cells.iter().enumerate() {
        let left = x + i as f64 * WIDE;
        let letter = cell.symbol().chars().next().unwrap_or(' ');
        if shape(out, letter, (left, y), fg) {
            text.push(' ');
        } else {
            text.push_str(cell.symbol());
        }
    }
    let shown = text.trim_end();
    if shown.is_empty() {
        return;
    }
    let bold = if first.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let escaped = shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let length = shown.chars().count() as f64 * WIDE;
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" fill=\"#{fg:06x}\"{bold} xml:space=\"preserve\">{escaped}</text>",
        y + 13.0
    );
}

/// Draws what is a shape rather than a letter; false where it is a letter.
fn shape(out: &mut String, letter: char, (x, y): (f64, f64), fg: u32) -> bool {
    match letter {
        '\u{2580}' => rectangle(out, (x, y), (WIDE, TALL / 2.0), fg),
        '\u{2584}' => rectangle(out, (x, y + TALL / 2.0), (WIDE, TALL / 2.0), fg),
        '\u{2588}' => rectangle(out, (x, y), (WIDE, TALL), fg),
        '\u{2800}'..='\u{28ff}' => {
            const DOTS: [(f64, f64); 8] =
                [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];
            let bits = u32::from(letter) - 0x2800;
            for (_, (column, row)) in DOTS.iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0) {
                rectangle(out, (x + 1.0 + column * WIDE / 2.0, y + 1.0 + row * TALL / 4.0), (2.0, 2.4), fg);
            }
        }
        _ => return false,
    }
    true
}

fn rectangle(out: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: u32) {
    // A little wider, so that no seam shows between two.
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"#{colour:06x}\"/>",
        width + 0.1
    );
}

fn mix(a: u32, b: u32) -> u32 {
    [16, 8, 0].into_iter().map(|shift| (((a >> shift & 0xff) * 2 + (b >> shift & 0xff)) / 3) << shift).sum()
}

/// 0xrrggbb; None for the terminal's own.
fn rgb(colour: Color) -> Option<u32> {
    if let Some(index) = sgr::themed(colour) {
        return Some(THEME[usize::from(index)]);
    }
    match colour {
        Color::Indexed(i @ 0..=15) => Some(THEME[usize::from(i)]),
        Color::Indexed(i) => {
            let (r, g, b) = crate::show::palette::of_index(i);
            Some(u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b))
        }
        Color::Rgb(r, g, b) => Some(u32::from(r) << 16 | u32::from(g) << 8 | u32::from(b)),
        _ => None,
    }
}
