//! Scalp maps as SVG, for reports and papers.

use super::bands::short;
use super::{Electrodes, Sites, Spline, TopographyError, contour, outline::HEAD};
use crate::show::palette::Scale;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Radius of a head in the picture's units.
const RADIUS: f64 = 90.0;
/// Picture units of one square of the colour raster.
const GRAIN: f64 = 3.0;
const PANEL: (f64, f64) = (230.0, 240.0);
/// Middle of a head within its panel.
const MIDDLE: (f64, f64) = (115.0, 135.0);

/// Maps side by side under one scale; electrode names where there is a single map, dots otherwise.
///
/// # Errors
/// A label that is no electrode or stands twice, no labels, a map with another number of values.
pub fn svg<S: AsRef<str>, E: Electrodes + ?Sized>(maps: &[(S, &[f64])], on: &E, scale: Scale) -> Result<String, TopographyError> {
    let Sites { labels, places: sites } = on.sites()?;
    if let Some((name, values)) = maps.iter().find(|m| m.1.len() != labels.len()) {
        let (name, found) = (name.as_ref().into(), values.len());
        return Err(TopographyError::Length { name, found, wanted: labels.len() });
    }
    let cells = raster();
    let points: Vec<(f64, f64)> = cells.iter().map(|c| (c.0 * HEAD / RADIUS, -c.1 * HEAD / RADIUS)).collect();
    let spline = Spline::new(&sites, &points).ok_or(TopographyError::Empty)?;
    let columns = maps.len().clamp(1, 4);
    let rows = maps.len().max(1).div_ceil(columns);
    let (width, height) = (PANEL.0 * columns as f64, PANEL.1 * rows as f64 + 50.0);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" text-anchor=\"middle\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <clipPath id=\"head\"><circle r=\"{RADIUS}\"/></clipPath>"
    );
    for (i, (name, values)) in maps.iter().enumerate() {
        let (x, y) = (PANEL.0 * (i % columns) as f64, PANEL.1 * (i / columns) as f64);
        let (title, above) = (escaped(name.as_ref()), 8.0 - MIDDLE.1 + 12.0);
        let _ = writeln!(out, "<g transform=\"translate({},{})\">", x + MIDDLE.0, y + MIDDLE.1);
        let _ = writeln!(out, "<text y=\"{above}\" font-size=\"16\">{title}</text>");
        let map = spline.at(values);
        colours(&mut out, &cells, &map, scale);
        contours(&mut out, &cells, &map, scale);
        head(&mut out);
        electrodes(&mut out, &labels, &sites, maps.len() == 1);
        out.push_str("</g>\n");
    }
    bar(&mut out, width / 2.0, height - 36.0, scale);
    out.push_str("</svg>\n");
    Ok(out)
}

/// Centres of the squares that touch the head.
fn raster() -> Vec<(f64, f64)> {
    let steps = (RADIUS / GRAIN).ceil() as i32;
    let centre = |i: i32| (f64::from(i) + 0.5) * GRAIN;
    let all = (-steps..steps).flat_map(|row| (-steps..steps).map(move |column| (centre(column), centre(row))));
    all.filter(|(x, y)| x.hypot(*y) <= RADIUS + GRAIN).collect()
}

/// One path for every colour: the runs of equal colour in each row, clipped to the head.
fn colours(out: &mut String, cells: &[(f64, f64)], map: &[f64], scale: Scale) {
    let mut paths: BTreeMap<(u8, u8, u8), String> = BTreeMap::new();
    let mut at = 0;
    while at < map.len().min(cells.len()) {
        let (colour, (x, y)) = (scale.rgb(map[at]), cells[at]);
        let run = cells[at..].iter().zip(&map[at..]);
        let length = run.take_while(|(cell, value)| cell.1 == y && scale.rgb(**value) == colour).count().max(1);
        let (left, top, wide) = (x - GRAIN / 2.0, y - GRAIN / 2.0, GRAIN * length as f64);
        let _ = write!(paths.entry(colour).or_default(), "M{left},{top}h{wide}v{GRAIN}h-{wide}z");
        at += length;
    }
    out.push_str("<g clip-path=\"url(#head)\" shape-rendering=\"crispEdges\">\n");
    for ((r, g, b), path) in paths {
        let _ = writeln!(out, "<path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"{path}\"/>");
    }
    out.push_str("</g>\n");
}

/// One path for every line of equal value, thin and dark.
fn contours(out: &mut String, cells: &[(f64, f64)], map: &[f64], scale: Scale) {
    let steps = (RADIUS / GRAIN).ceil() as i32;
    let side = 2 * steps as usize;
    let index = |v: f64| (v / GRAIN - 0.5).round() as i32 + steps;
    let mut grid = vec![None; side * side];
    for ((x, y), value) in cells.iter().zip(map) {
        if let Some(slot) = grid.get_mut(index(*y) as usize * side + index(*x) as usize) {
            *slot = Some(*value);
        }
    }
    out.push_str("<g clip-path=\"url(#head)\" fill=\"none\" stroke=\"#222\" stroke-width=\"0.7\" stroke-opacity=\"0.6\">\n");
    let place = |v: f64| (v - f64::from(steps) + 0.5) * GRAIN;
    for level in contour::levels(scale) {
        let mut path = String::new();
        for ((x0, y0), (x1, y1)) in contour::pieces(side, side, |x, y| grid[y * side + x], level) {
            let _ = write!(path, "M{:.1},{:.1}L{:.1},{:.1}", place(x0), place(y0), place(x1), place(y1));
        }
        if !path.is_empty() {
            let _ = writeln!(out, "<path d=\"{path}\"/>");
        }
    }
    out.push_str("</g>\n");
}

fn head(out: &mut String) {
    let (tip, half, ear) = (RADIUS + 14.0, 11.0, RADIUS * 0.22);
    let base = (RADIUS * RADIUS - half * half).sqrt();
    let _ = writeln!(
        out,
        "<g fill=\"none\" stroke=\"#333\" stroke-width=\"2\" stroke-linejoin=\"round\"><circle r=\"{RADIUS}\"/>\
         <path d=\"M{},{:.1} L0,{} L{half},{:.1}\"/>\
         <path d=\"M{RADIUS},{} q12,-4 10,{ear} q2,{} -10,{ear}\"/><path d=\"M-{RADIUS},{} q-12,-4 -10,{ear} q-2,{} 10,{ear}\"/></g>",
        -half,
        -base,
        -tip,
        -base,
        -ear,
        ear + 4.0,
        -ear,
        ear + 4.0
    );
}

fn electrodes(out: &mut String, labels: &[String], sites: &[(f64, f64)], names: bool) {
    for (label, (x, y)) in labels.iter().zip(sites) {
        let (x, y) = (x * RADIUS / HEAD, -y * RADIUS / HEAD);
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.6\" fill=\"#111\"/>");
        if names {
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"7\">{}</text>", y - 3.0, escaped(label));
        }
    }
}

/// The scale: a strip of colours with the values of its ends.
fn bar(out: &mut String, middle: f64, top: f64, scale: Scale) {
    const STEPS: u32 = 31;
    for i in 0..STEPS {
        let (r, g, b) = scale.rgb(scale.value_at(f64::from(i) / f64::from(STEPS - 1)));
        let x = middle + (f64::from(i) - f64::from(STEPS) / 2.0) * 4.0;
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"{top}\" width=\"4.2\" height=\"12\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>");
    }
    let (low, high) = scale.ends();
    for (x, value) in [(middle - 62.0, low), (middle + 62.0, high)] {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{}\" font-size=\"12\">{}</text>", top + 26.0, short(value));
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
