//! Scalp maps as pixels: colours, lines of equal value, outline, electrodes and the scale.

use super::bands::short;
use super::{Electrodes, Spline, TopographyError, contour, outline::HEAD, png::encode};
use crate::show::palette::Scale;

/// Pixels of a panel, of the head's radius and of its middle.
const PANEL: (usize, usize) = (300, 320);
const RADIUS: f64 = 120.0;
const MIDDLE: (f64, f64) = (150.0, 178.0);
/// Rows below the heads for the scale.
const FOOT: usize = 60;

/// Letters of 3 x 5 dots, five rows of three bits each, for what names and numbers need.
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+:/";
const DOTS: [u16; 41] = [
    0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71111, 0o75757, 0o75717, 0o25755, 0o65656, 0o34443, 0o65556,
    0o74647, 0o74644, 0o34553, 0o55755, 0o72227, 0o11152, 0o55655, 0o44447, 0o57755, 0o65555, 0o25552, 0o65644, 0o25563, 0o65655,
    0o34216, 0o72222, 0o55557, 0o55552, 0o55775, 0o55255, 0o55222, 0o71247, 0o00002, 0o00700, 0o02720, 0o02020, 0o11244,
];

struct Canvas {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    fn dot(&mut self, x: i64, y: i64, colour: [u8; 3]) {
        let inside = x >= 0 && y >= 0 && (x as usize) < self.width;
        if let Some(pixel) =
            self.pixels.get_mut((y as usize).wrapping_mul(self.width).wrapping_add(x as usize)).filter(|_| inside)
        {
            *pixel = colour;
        }
    }

    /// Capital letters, twice their size, centred on `x`.
    fn text(&mut self, x: f64, y: f64, text: &str) {
        let left = x as i64 - text.len() as i64 * 4;
        for (i, letter) in text.bytes().enumerate() {
            let Some(at) = LETTERS.iter().position(|l| *l == letter.to_ascii_uppercase()) else { continue };
            for (row, column) in (0..5).flat_map(|r| (0..3).map(move |c| (r, c))) {
                if DOTS[at] >> (14 - (row * 3 + column)) & 1 == 1 {
                    for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                        self.dot(left + i as i64 * 8 + column * 2 + dx, y as i64 + row * 2 + dy, [40, 40, 40]);
                    }
                }
            }
        }
    }
}

/// Maps side by side under one scale, as a PNG file on white.
///
/// # Errors
/// A label that is no electrode or stands twice, no labels, a map with another number of values.
pub fn png<S: AsRef<str>, E: Electrodes + ?Sized>(
    maps: &[(S, &[f64])],
    on: &E,
    scale: Scale,
) -> Result<Vec<u8>, TopographyError> {
    let sites = on.sites()?.places;
    if let Some((name, values)) = maps.iter().find(|m| m.1.len() != sites.len()) {
        let (name, found) = (name.as_ref().into(), values.len());
        return Err(TopographyError::Length { name, found, wanted: sites.len() });
    }
    let columns = maps.len().clamp(1, 4);
    let rows = maps.len().max(1).div_ceil(columns);
    let (width, height) = (PANEL.0 * columns, PANEL.1 * rows + FOOT);
    let mut canvas = Canvas { width, pixels: vec![[255; 3]; width * height] };
    let reach = RADIUS as i64;
    let inside: Vec<(i64, i64)> = (-reach..=reach)
        .flat_map(|y| (-reach..=reach).map(move |x| (x, y)))
        .filter(|(x, y)| x * x + y * y <= reach * reach)
        .collect();
    let points: Vec<(f64, f64)> = inside.iter().map(|(x, y)| (*x as f64 * HEAD / RADIUS, -*y as f64 * HEAD / RADIUS)).collect();
    let spline = Spline::new(&sites, &points).ok_or(TopographyError::Empty)?;
    for (i, (name, values)) in maps.iter().enumerate() {
        let left = (PANEL.0 * (i % columns)) as f64 + MIDDLE.0;
        let top = (PANEL.1 * (i / columns)) as f64 + MIDDLE.1;
        head(&mut canvas, (left, top), &inside, &spline.at(values), scale);
        for (x, y) in &sites {
            let (x, y) = (left + x * RADIUS / HEAD, top - y * RADIUS / HEAD);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1)] {
                canvas.dot(x.round() as i64 + dx, y.round() as i64 + dy, [20; 3]);
            }
        }
        canvas.text(left, top - MIDDLE.1 + 12.0, name.as_ref());
    }
    bar(&mut canvas, width as f64 / 2.0, (PANEL.1 * rows + 8) as i64, scale);
    Ok(encode(width, &canvas.pixels))
}

fn head(canvas: &mut Canvas, (left, top): (f64, f64), inside: &[(i64, i64)], map: &[f64], scale: Scale) {
    let at = |x: i64, y: i64| (left as i64 + x, top as i64 + y);
    let step = |value: f64| contour::band(scale, value);
    for (i, ((x, y), value)) in inside.iter().zip(map).enumerate() {
        let (r, g, b) = scale.rgb(*value);
        // A contour lies where the next pixel belongs to another step; its own shade, darker.
        let next = inside.get(i + 1).filter(|(_, row)| row == y).and_then(|_| map.get(i + 1));
        let below = inside.binary_search_by_key(&(*y + 1, *x), |(x, y)| (*y, *x)).ok().and_then(|j| map.get(j));
        let line = next.into_iter().chain(below).any(|other| step(*other) != step(*value));
        let shade = |v: u8| if line { (u16::from(v) * 6 / 10) as u8 } else { v };
        let (px, py) = at(*x, *y);
        canvas.dot(px, py, [shade(r), shade(g), shade(b)]);
    }
    for angle in 0..2400 {
        let (sin, cos) = (f64::from(angle) * std::f64::consts::TAU / 2400.0).sin_cos();
        for radius in [RADIUS, RADIUS + 1.0] {
            canvas.dot((left + radius * cos).round() as i64, (top + radius * sin).round() as i64, [50; 3]);
        }
    }
    for i in 0..=48 {
        let t = f64::from(i) / 48.0;
        for side in [-1.0, 1.0] {
            let (nose_x, nose_y) = (side * 14.0 * (1.0 - t), -RADIUS - 18.0 * t);
            let turn = std::f64::consts::PI * (t - 0.5);
            let (ear_x, ear_y) = (side * (RADIUS + 9.0 * turn.cos()), 26.0 * turn.sin());
            for (x, y) in [(nose_x, nose_y), (ear_x, ear_y)] {
                for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)] {
                    canvas.dot((left + x + dx).round() as i64, (top + y + dy).round() as i64, [50; 3]);
                }
            }
        }
    }
}

fn bar(canvas: &mut Canvas, middle: f64, top: i64, scale: Scale) {
    for x in -80..80i64 {
        let (r, g, b) = scale.rgb(scale.value_at((x as f64 + 80.0) / 159.0));
        (0..14).for_each(|y| canvas.dot(middle as i64 + x, top + y, [r, g, b]));
    }
    let (low, high) = scale.ends();
    canvas.text(middle - 80.0, (top + 20) as f64, &short(low));
    canvas.text(middle + 80.0, (top + 20) as f64, &short(high));
}
