//! Deletion and insertion curves, as text and as SVG.

use crate::explain::report::{ClassExplanation, ExplainerResult};
use std::fmt::Write;

/// Colours that differ in lightness too, for the explainers in their order.
pub const COLOURS: [&str; 6] = ["#1f4e9c", "#d1495b", "#2a9d5c", "#b8860b", "#7b4fa3", "#555555"];
/// Letters of the explainers in text, in their order; where curves meet, the better explainer's stands in front.
const LETTERS: [char; 6] = ['I', 'E', 'D', 'G', 'X', 'S'];
/// Columns of text from which on the two plots stand side by side.
const SIDE_BY_SIDE: usize = 76;

/// Both curves of every explainer, in 7 bits: deletion left or above, insertion right or below.
pub fn text(class: &ClassExplanation, width: usize, height: usize) -> String {
    if class.explainers.is_empty() {
        return String::new();
    }
    let beside = width >= SIDE_BY_SIDE;
    let columns = if beside { (width - 16) / 2 } else { width.saturating_sub(7) }.clamp(10, 92);
    let rows = (height / if beside { 1 } else { 2 }).saturating_sub(4).clamp(6, 20);
    let plot = |title: &str, values: &dyn Fn(&ExplainerResult) -> Vec<f32>| lines(class, title, values, columns, rows);
    let deletion = plot("deletion: lower is better", &|e| e.deletion.clone());
    let insertion = plot("insertion: higher is better", &|e| e.insertion.clone());
    let mut out = format!("{}: {}\n", class.class, legend(class));
    if beside {
        for (left, right) in deletion.iter().zip(&insertion) {
            let wide = columns + 6;
            let _ = writeln!(out, "{}", format!("{left:<wide$}  {right}").trim_end());
        }
    } else {
        deletion.iter().chain(&insertion).for_each(|line| out += &format!("{}\n", line.trim_end()));
    }
    out
}

fn letter(i: usize) -> char {
    LETTERS.get(i).copied().unwrap_or('o')
}

/// "I IG, E EG, ...".
fn legend(class: &ClassExplanation) -> String {
    let names: Vec<String> = class.explainers.iter().enumerate().map(|(i, e)| format!("{} {}", letter(i), e.explainer)).collect();
    names.join(", ")
}

/// One plot: its title, rows of `columns` cells with a scale, and the axis.
fn lines(
    class: &ClassExplanation,
    title: &str,
    values: &dyn Fn(&ExplainerResult) -> Vec<f32>,
    columns: usize,
    rows: usize,
) -> Vec<String> {
    let mut cells = vec![vec![' '; columns]; rows];
    let mut order: Vec<usize> = (0..class.explainers.len()).collect();
    // The best one is drawn last.
    order.sort_by(|a, b| {
        let quality = |i: &usize| class.explainers[*i].qt.unwrap_or(f64::INFINITY);
        quality(b).total_cmp(&quality(a))
    });
    for i in order {
        let curve = values(&class.explainers[i]);
        for column in 0..columns {
            let at = (column * curve.len().saturating_sub(1) + (columns - 1) / 2) / (columns - 1);
            let Some(value) = curve.get(at) else { continue };
            let row = ((1.0 - value.clamp(0.0, 1.0)) * (rows - 1) as f32).round() as usize;
            if let Some(cell) = cells.get_mut(row).and_then(|line: &mut Vec<char>| line.get_mut(column)) {
                *cell = letter(i);
            }
        }
    }
    let mut out = vec![format!("     {title}")];
    for (row, line) in cells.iter().enumerate() {
        let value = 1.0 - row as f64 / (rows - 1) as f64;
        let scale = if row % 2 == 0 || row + 1 == rows { format!("{value:4.2}") } else { "    ".into() };
        out.push(format!("{scale} |{}", line.iter().collect::<String>()));
    }
    out.push(format!("      0{:>1$}", "all features", columns.saturating_sub(1)));
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
