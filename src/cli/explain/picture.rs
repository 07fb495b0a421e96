//! Maps as pictures: scalps where the channels are electrodes, else the map over the image that the network takes.

use crate::explain::report::{ClassExplanation, ExplainerResult, ExplanationReport};
use crate::explain::words;
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
pub fn map(report: &ExplanationReport, class: usize, result: &ExplainerResult) -> String {
    let under = report.images.get(class);
    let bands = report.bands_of(&result.map);
    let maps: Vec<(&str, &[f64])> = report.bands.iter().map(String::as_str).zip(bands.iter().map(Vec::as_slice)).collect();
    if is_scalp(report)
        && let Ok(picture) = topography::svg(&maps, &report.channels, Scale::fitting(maps.iter().map(|m| m.1)))
    {
        return picture;
    }
    image(&result.map, under, report.channels.len(), report.bands.len())
}

/// One explainer's four heads as characters.
pub fn heads(report: &ExplanationReport, class: &ClassExplanation, name: &str, width: usize, height: usize) -> String {
    let Some(result) = class.explainers.iter().find(|e| e.explainer.eq_ignore_ascii_case(name)) else {
        let known: Vec<&str> = class.explainers.iter().map(|e| e.explainer.as_str()).collect();
        return format!("{}: {name} was not tried; there are {}\n", class.class, known.join(", "));
    };
    let maps: Vec<(String, Vec<f64>)> = report.bands.iter().cloned().zip(report.bands_of(&result.map)).collect();
    let said = words::words(&result.map, &report.channels, &report.bands);
    let quality = result.qt.map_or(String::new(), |qt| format!(" (QT {qt:.3})"));
    let mut out = format!("{} by {}{quality}: {said}\n", class.class.to_uppercase(), result.explainer);
    match topography::bands_text(&maps, &report.channels, width, height, true) {
        Ok(lines) => lines.iter().for_each(|line| out += &format!("{}\n", line.trim_end())),
        Err(error) => out += &format!("{error}\n"),
    }
    out
}

/// A map [rows, columns] as squares of colour, over the class's mean picture where there is one: the more a place speaks
/// for or against the class, the more of the colour and the less of the picture is seen.
fn image(map: &[f32], under: Option<&Vec<f32>>, rows: usize, columns: usize) -> String {
    let grain = (480.0 / columns.max(rows).max(1) as f64).max(1.0);
    let (width, height) = (grain * columns as f64, grain * rows as f64);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width} {height}\" shape-rendering=\"crispEdges\">"
    );
    for (i, [r, g, b]) in colours(map, under).into_iter().enumerate() {
        let (x, y) = (grain * (i % columns.max(1)) as f64, grain * (i / columns.max(1)) as f64);
        let _ = write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{grain}\" height=\"{grain}\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>");
    }
    out + "</svg>\n"
}

/// Red, green and blue of every place of a map.
pub fn colours(map: &[f32], under: Option<&Vec<f32>>) -> Vec<[u8; 3]> {
    let values: Vec<f64> = map.iter().map(|v| f64::from(*v)).collect();
    let scale = Scale::fitting([values.as_slice()]);
    let most = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let grey = under.filter(|u| u.len() == map.len()).map(|u| bright(u));
    let one = |(i, value): (usize, &f64)| {
        let (r, g, b) = scale.rgb(*value);
        let Some(grey) = grey.as_ref().map(|g| 255.0 * g[i]) else { return [r, g, b] };
        let share = if most > 0.0 { 0.8 * (value.abs() / most).sqrt() } else { 0.0 };
        [r, g, b].map(|c| (share * f64::from(c) + (1.0 - share) * grey).round() as u8)
    };
    values.iter().enumerate().map(one).collect()
}

/// 0 for the darkest value of a picture, 1 for the brightest.
fn bright(picture: &[f32]) -> Vec<f64> {
    let (low, high) = picture.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let width = f64::from(high - low);
    picture.iter().map(|v| if width > 0.0 { f64::from(v - low) / width } else { 0.5 }).collect()
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
        let _ = writeln!(out, "<svg x=\"0\" y=\"{}\">{}</svg>", y + 28.0, map(report, i, result));
    }
    out + "</svg>\n"
}

/// Pixels of a picture's side, about.
const SIDE: usize = 320;

/// The winner of every class as pixels: a row of heads each, in shares of the class's largest value, or the pictures one
/// under the other.
///
/// # Errors
/// Channels that are electrodes in part.
pub fn png(report: &ExplanationReport) -> anyhow::Result<Vec<u8>> {
    if is_scalp(report) {
        let mut maps: Vec<(String, Vec<f64>)> = Vec::new();
        for class in &report.classes {
            let Some(result) = first_two(class).first().copied() else { continue };
            let most = result.map.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
            for (band, values) in report.bands.iter().zip(report.bands_of(&result.map)) {
                let shares = values.iter().map(|v| if most > 0.0 { v / most } else { 0.0 }).collect();
                maps.push((format!("{} {} {band}", class.class, result.explainer), shares));
            }
        }
        let each: Vec<(&str, &[f64])> = maps.iter().map(|m| (m.0.as_str(), m.1.as_slice())).collect();
        return Ok(topography::png(&each, &report.channels, Scale::fitting(each.iter().map(|m| m.1)))?);
    }
    let (rows, columns) = (report.channels.len().max(1), report.bands.len().max(1));
    let grain = (SIDE / rows.max(columns)).max(1);
    let mut pixels: Vec<[u8; 3]> = Vec::new();
    for (i, class) in report.classes.iter().enumerate() {
        let Some(result) = first_two(class).first().copied() else { continue };
        let all = colours(&result.map, report.images.get(i));
        for row in all.chunks(columns) {
            let line: Vec<[u8; 3]> = row.iter().flat_map(|c| std::iter::repeat_n(*c, grain)).collect();
            (0..grain).for_each(|_| pixels.extend_from_slice(&line));
        }
        // A white line between two classes.
        pixels.extend(std::iter::repeat_n([255; 3], columns * grain * 4));
    }
    Ok(topography::encode_png(columns * grain, &pixels))
}

/// Marks from dark to bright, for a terminal that is dark.
const RAMP: &[u8] = b" .,:;ioO8";
/// From this share of the largest value on, a place of the map is drawn over the picture.
const STRONG: f64 = 0.4;

/// A class's map as characters, at most `width` x `height`: heavier letters speak more for the class. Where there is a
/// picture, it stands to the left, and again under the map's strongest places: "#" for the class, "x" against it.
pub fn text(report: &ExplanationReport, class: &ClassExplanation, width: usize, height: usize) -> String {
    let Some(result) = first_two(class).first().copied() else { return format!("{}: nothing to draw\n", class.class) };
    let (rows, columns) = (report.channels.len().max(1), report.bands.len().max(1));
    let under = report.classes.iter().position(|c| c.class == class.class).and_then(|i| report.images.get(i));
    // A character is twice as high as wide.
    let room = if under.is_some() { width.saturating_sub(2) / 2 } else { width };
    let wide = room.min(2 * columns).min(2 * height * columns / rows).max(1);
    let high = (wide * rows / columns / 2).clamp(1, height.max(1));
    let values: Vec<f64> = result.map.iter().map(|v| f64::from(*v)).collect();
    let grid = shrunk(&values, [rows, columns], [high, wide]);
    let scale = Scale::fitting(grid.iter().map(Vec::as_slice));
    let most = grid.iter().flatten().fold(0.0f64, |m, v| m.max(v.abs()));
    let picture = under.map(|u| shrunk(&bright(u), [rows, columns], [high, wide]));
    let mut out = format!("{} by {}: {}\n", class.class.to_uppercase(), result.explainer, class.verdict);
    for (y, row) in grid.iter().enumerate() {
        let line: String = match &picture {
            None => row.iter().map(|v| scale.letter(*v)).collect(),
            Some(picture) => {
                let mark = |v: &f64| char::from(RAMP[(v * (RAMP.len() - 1) as f64).round() as usize % RAMP.len()]);
                let over = |(v, p): (&f64, &f64)| match v.abs() >= STRONG * most && most > 0.0 {
                    true if *v > 0.0 => '#',
                    true => 'x',
                    false => mark(p),
                };
                let left: String = picture[y].iter().map(mark).collect();
                let right: String = row.iter().zip(&picture[y]).map(over).collect();
                format!("{left}  {right}")
            }
        };
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let (low, high) = scale.ends();
    let _ = writeln!(out, "from {low:.3} to {high:.3}");
    out
}

/// Means over areas, or copies where there is more room than values.
fn shrunk(values: &[f64], [rows, columns]: [usize; 2], [high, wide]: [usize; 2]) -> Vec<Vec<f64>> {
    let at = |y: usize, x: usize| {
        let (top, bottom) = (y * rows / high, ((y + 1) * rows / high).max(y * rows / high + 1));
        let (left, right) = (x * columns / wide, ((x + 1) * columns / wide).max(x * columns / wide + 1));
        let cells = (top..bottom.min(rows)).flat_map(|r| (left..right.min(columns)).map(move |c| r * columns + c));
        let seen: Vec<f64> = cells.filter_map(|i| values.get(i).copied()).collect();
        seen.iter().sum::<f64>() / seen.len().max(1) as f64
    };
    (0..high).map(|y| (0..wide).map(|x| at(y, x)).collect()).collect()
}
