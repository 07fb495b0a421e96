//! Deletion and insertion curves, as text and as SVG.

use crate::explain::report::ClassExplanation;
use std::fmt::Write;

/// Colours that differ in lightness too, for the explainers in their order.
pub const COLOURS: [&str; 6] = ["#1f4e9c", "#d1495b", "#2a9d5c", "#b8860b", "#7b4fa3", "#555555"];
/// Rows of a plot in text.
const ROWS: usize = 8;

/// Both curves of the winner, or of the first explainer, in 7 bits: "o" deletion, "+" insertion.
pub fn text(class: &ClassExplanation, width: usize) -> String {
    let Some(result) = class.explainers.get(class.winner.unwrap_or(0)) else { return String::new() };
    let columns = width.saturating_sub(6).clamp(10, 130);
    let mut cells = vec![vec![' '; columns]; ROWS];
    for (values, mark) in [(&result.deletion, 'o'), (&result.insertion, '+')] {
        for column in 0..columns {
            let at = column * values.len().saturating_sub(1) / (columns - 1);
            let Some(value) = values.get(at) else { continue };
            let row = ((1.0 - value.clamp(0.0, 1.0)) * (ROWS - 1) as f32).round() as usize;
            cells[row][column] = mark;
        }
    }
    let mut out = format!("{}: o deletion, + insertion, by {}\n", class.class, result.explainer);
    for (row, line) in cells.iter().enumerate() {
        let value = 1.0 - row as f64 / (ROWS - 1) as f64;
        let line: String = line.iter().collect();
        let _ = writeln!(out, "{value:4.2} |{}", line.trim_end());
    }
    let _ = writeln!(out, "     0 {:>1$}", "all features", columns.saturating_sub(2));
    out
}

/// Deletion (left) and insertion (right) of every explainer.
pub fn svg(class: &ClassExplanation, metric: &str) -> String {
    const SIZE: (f64, f64) = (330.0, 190.0);
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 260\" width=\"760\" height=\"260\" \
         font-family=\"sans-serif\" font-size=\"12\">",
    );
    for (panel, title) in ["deletion: lower is better", "insertion: higher is better"].iter().enumerate() {
        let left = 40.0 + 380.0 * panel as f64;
        let _ = write!(
            out,
            "<g transform=\"translate({left},30)\"><text x=\"165\" y=\"-10\" text-anchor=\"middle\">{title}</text>\
             <path d=\"M0 0V{h}H{w}\" fill=\"none\" stroke=\"#333\"/><text x=\"-6\" y=\"5\" text-anchor=\"end\">1</text>\
             <text x=\"-6\" y=\"{h}\" text-anchor=\"end\">0</text><text x=\"165\" y=\"206\" text-anchor=\"middle\">share of \
             features; height: {metric}</text>",
            w = SIZE.0,
            h = SIZE.1
        );
        for (i, result) in class.explainers.iter().enumerate() {
            let values = if panel == 0 { &result.deletion } else { &result.insertion };
            let last = values.len().saturating_sub(1).max(1) as f64;
            let points: Vec<String> = values
                .iter()
                .enumerate()
                .map(|(p, v)| format!("{:.1},{:.1}", SIZE.0 * p as f64 / last, SIZE.1 * (1.0 - f64::from(*v))))
                .collect();
            let colour = COLOURS[i % COLOURS.len()];
            let dash = if i < COLOURS.len() { "" } else { " stroke-dasharray=\"4 3\"" };
            let points = points.join(" ");
            let _ = write!(out, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dash}/>");
        }
        out.push_str("</g>");
    }
    for (i, result) in class.explainers.iter().enumerate() {
        let (x, colour) = (40.0 + 90.0 * i as f64, COLOURS[i % COLOURS.len()]);
        let name: String = result.explainer.chars().take(12).collect();
        let _ = write!(out, "<rect x=\"{x}\" y=\"246\" width=\"12\" height=\"4\" fill=\"{colour}\"/>");
        let _ = write!(out, "<text x=\"{}\" y=\"252\">{name}</text>", x + 16.0);
    }
    out + "</svg>"
}
