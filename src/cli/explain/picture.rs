//! Maps as pictures: scalps where the channels are electrodes, else the map over the image that the network takes.

use crate::explain::report::{ClassExplanation, ExplainerResult, ExplanationReport};
use crate::show::palette::Scale;
use crate::show::topography;
use crate::signal::position_of;
use std::fmt::Write;

/// Whether every channel is an electrode with a place on the scalp.
pub fn is_scalp(report: &ExplanationReport) -> bool {
    !report.channels.is_empty() && report.channels.iter().all(|c| position_of(c).is_some())
}

/// The winner of a class, or the first explainer; and the next best.
pub fn first_two(class: &ClassExplanation) -> Vec<&ExplainerResult> {
    let mut order: Vec<usize> = (0..class.explainers.len()).collect();
    let quality = |i: &usize| class.explainers[*i].qt.unwrap_or(f64::INFINITY);
    order.sort_by(|a, b| quality(a).total_cmp(&quality(b)));
    if let Some(winner) = class.winner {
        order.retain(|i| *i != winner);
        order.insert(0, winner);
    }
    order.iter().take(2).filter_map(|i| class.explainers.get(*i)).collect()
}

/// One explainer's map: four heads, or an image.
pub fn map(report: &ExplanationReport, result: &ExplainerResult) -> String {
    let bands = report.bands_of(&result.map);
    let maps: Vec<(&str, &[f64])> = report.bands.iter().map(String::as_str).zip(bands.iter().map(Vec::as_slice)).collect();
    if is_scalp(report)
        && let Ok(picture) = topography::svg(&maps, &report.channels, Scale::fitting(maps.iter().map(|m| m.1)))
    {
        return picture;
    }
    image(&result.map, report.channels.len(), report.bands.len())
}

/// A map [rows, columns] as squares of colour.
fn image(map: &[f32], rows: usize, columns: usize) -> String {
    let values: Vec<f64> = map.iter().map(|v| f64::from(*v)).collect();
    let scale = Scale::fitting([values.as_slice()]);
    let grain = (480.0 / columns.max(rows).max(1) as f64).max(1.0);
    let (width, height) = (grain * columns as f64, grain * rows as f64);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\">"
    );
    for (i, value) in values.iter().enumerate() {
        let (r, g, b) = scale.rgb(*value);
        let (x, y) = (grain * (i % columns.max(1)) as f64, grain * (i / columns.max(1)) as f64);
        let _ = write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{grain}\" height=\"{grain}\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>");
    }
    out + "</svg>\n"
}

/// The winner of every class, one under the other.
pub fn svg(report: &ExplanationReport) -> String {
    const HEIGHT: f64 = 330.0;
    let height = HEIGHT * report.classes.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"940\" height=\"{height}\" font-family=\"sans-serif\">\n\
         <rect width=\"940\" height=\"{height}\" fill=\"white\"/>\n"
    );
    for (i, class) in report.classes.iter().enumerate() {
        let y = HEIGHT * i as f64;
        let Some(result) = first_two(class).first().copied() else { continue };
        let title = super::html::escaped(&format!("{}: {}; {}", class.class, result.explainer, class.verdict));
        let _ = writeln!(out, "<text x=\"10\" y=\"{}\" font-size=\"15\">{title}</text>", y + 20.0);
        let _ = writeln!(out, "<svg x=\"0\" y=\"{}\">{}</svg>", y + 28.0, map(report, result));
    }
    out + "</svg>\n"
}

/// A class's map over an image as characters, at most `width` x `height`: heavier letters speak more for the class.
pub fn text(report: &ExplanationReport, class: &ClassExplanation, width: usize, height: usize) -> String {
    let Some(result) = first_two(class).first().copied() else { return format!("{}: nothing to draw\n", class.class) };
    let (rows, columns) = (report.channels.len().max(1), report.bands.len().max(1));
    // A character is twice as high as wide.
    let wide = width.min(2 * columns).min(2 * height * columns / rows).max(1);
    let high = (wide * rows / columns / 2).clamp(1, height.max(1));
    let values: Vec<f64> = result.map.iter().map(|v| f64::from(*v)).collect();
    let at = |y: usize, x: usize| {
        let (top, bottom) = (y * rows / high, ((y + 1) * rows / high).max(y * rows / high + 1));
        let (left, right) = (x * columns / wide, ((x + 1) * columns / wide).max(x * columns / wide + 1));
        let cells = (top..bottom.min(rows)).flat_map(|r| (left..right.min(columns)).map(move |c| r * columns + c));
        let seen: Vec<f64> = cells.filter_map(|i| values.get(i).copied()).collect();
        seen.iter().sum::<f64>() / seen.len().max(1) as f64
    };
    let grid: Vec<Vec<f64>> = (0..high).map(|y| (0..wide).map(|x| at(y, x)).collect()).collect();
    let scale = Scale::fitting(grid.iter().map(Vec::as_slice));
    let mut out = format!("{} by {}: {}\n", class.class.to_uppercase(), result.explainer, class.verdict);
    for row in &grid {
        let line: String = row.iter().map(|v| scale.letter(*v)).collect();
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let (low, high) = scale.ends();
    let _ = writeln!(out, "from {low:.3} to {high:.3}");
    out
}
