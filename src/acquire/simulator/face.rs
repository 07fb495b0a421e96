//! The participant's face as a camera sees it: drawn, lit, a little restless, one JPEG a frame.

use super::effects::Expression;
use crate::signal::Seed;
use jpeg_encoder::{ColorType, Encoder};

/// Size of a frame, pixels.
pub const WIDTH: usize = 160;
/// Size of a frame, pixels.
pub const HEIGHT: usize = 120;
const QUALITY: u8 = 80;
/// How fast the restless parts forget, per frame.
const MEMORY: f64 = 0.9;
/// Scatter of each expression parameter from frame to frame (SD).
const RESTLESS: f64 = 0.08;
/// Scatter of the head's place, pixels (SD).
const SWAY: f64 = 1.5;
/// Scatter of a pixel, grey levels.
const GRAIN: i32 = 5;

type Rgb = [f64; 3];

/// What does not change within a participant.
struct Looks {
    skin: Rgb,
    hair: Rgb,
    /// Half axes of the head, pixels.
    head: (f64, f64),
    room: f64,
}

pub(super) struct Face {
    seed: Seed,
    looks: Looks,
    /// Slowly wandering: x, y of the head, light, and the five expression parameters.
    wander: [f64; 8],
    pixels: Vec<u8>,
}

impl Face {
    pub fn new(seed: &Seed) -> Self {
        let mut looks = seed.fork("looks");
        let tone = looks.between(0.55, 1.0);
        Face {
            looks: Looks {
                skin: [232.0 * tone, 186.0 * tone, 156.0 * tone],
                hair: [[38.0, 28.0, 24.0], [92.0, 62.0, 38.0], [150.0, 120.0, 70.0]][looks.below(3)],
                head: (looks.between(36.0, 41.0), looks.between(47.0, 51.0)),
                room: looks.between(70.0, 120.0),
            },
            seed: seed.fork("face"),
            wander: [0.0; 8],
            pixels: vec![0; 3 * WIDTH * HEIGHT],
        }
    }

    /// The next frame as a complete JPEG file; `lid` 0 = open, 1 = shut. Empty only if the encoder refuses.
    pub fn next(&mut self, feeling: &Expression, lid: f64) -> Vec<u8> {
        for value in &mut self.wander {
            *value = MEMORY * *value + (1.0 - MEMORY * MEMORY).sqrt() * self.seed.normal();
        }
        let w = self.wander;
        let restless = Expression { mouth_curve: w[3], mouth_open: w[4], brow_raise: w[5], brow_slant: w[6], eye_open: w[7] };
        let shown = restless.scaled_plus(RESTLESS, feeling);
        let place = (WIDTH as f64 / 2.0 + SWAY * w[0], HEIGHT as f64 / 2.0 + 3.0 + SWAY * w[1]);
        self.draw(place, &shown, lid);
        self.light(1.0 + 0.04 * w[2]);
        let mut jpeg = Vec::with_capacity(8192);
        match Encoder::new(&mut jpeg, QUALITY).encode(&self.pixels, WIDTH as u16, HEIGHT as u16, ColorType::Rgb) {
            Ok(()) => jpeg,
            Err(_) => Vec::new(),
        }
    }

    fn draw(&mut self, place: (f64, f64), e: &Expression, lid: f64) {
        let Looks { skin, hair, head: (a, b), room } = self.looks;
        for (row, line) in self.pixels.chunks_exact_mut(3 * WIDTH).enumerate() {
            let wall = room + 0.25 * row as f64;
            line.chunks_exact_mut(3).for_each(|p| p.copy_from_slice(&[(0.8 * wall) as u8, (0.9 * wall) as u8, wall as u8]));
        }
        let (x, y) = place;
        let shade = |share: f64| skin.map(|c| c * share);
        self.ellipse((x, y + b + 22.0), (a * 1.6, 30.0), [60.0, 70.0, 95.0]); // shoulders
        self.ellipse((x, y - 5.0), (a + 4.0, b + 2.0), hair);
        self.ellipse((x, y), (a, b), skin);
        self.ellipse((x, y - b * 0.93), (a * 0.8, 9.0), hair);
        let (mut open, mouth_open) = ((1.0 + 0.6 * e.eye_open).clamp(0.15, 1.9), e.mouth_open.clamp(0.0, 1.3));
        open *= 1.0 - lid.clamp(0.0, 1.0);
        for side in [-1.0, 1.0] {
            let eye = (x + side * 15.0, y - 8.0);
            self.ellipse(eye, (8.0, 0.6 + 4.2 * open), [238.0, 238.0, 236.0]);
            if open > 0.15 {
                self.ellipse(eye, (3.2, 3.2f64.min(0.6 + 4.2 * open)), [50.0, 40.0, 36.0]);
            }
            self.stroke((eye.0 - 8.0, eye.1 - 4.4 * open), (eye.0 + 8.0, eye.1 - 4.4 * open), 0.8, shade(0.45));
            let (lift, slant) = (5.0 * e.brow_raise, 4.5 * e.brow_slant);
            let (inner, outer) = (eye.1 - 11.0 - lift - slant, eye.1 - 11.0 - lift + 0.6 * slant);
            self.stroke((eye.0 - side * 7.0, inner), (eye.0 + side * 9.0, outer), 1.7, hair.map(|c| c * 0.8));
        }
        self.stroke((x, y - 4.0), (x - 2.0, y + 9.0), 0.8, shade(0.8));
        self.stroke((x - 4.0, y + 10.0), (x + 4.0, y + 10.0), 0.9, shade(0.7));
        self.mouth((x, y + 24.0), e.mouth_curve.clamp(-1.4, 1.4), mouth_open, shade(0.55));
    }

    /// A curved band of lips, dark inside where open.
    fn mouth(&mut self, (x, y): (f64, f64), curve: f64, open: f64, lips: Rgb) {
        let half = 14.0 + 3.0 * curve.max(0.0) - 4.0 * open;
        let reach = 20;
        let (left, top) = ((x + 0.5) as i64, (y + 0.5) as i64);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let u = f64::from(dx) / half;
                if u.abs() > 1.0 {
                    continue;
                }
                let middle = -7.0 * curve * (u * u - 0.4);
                let gap = 7.0 * open * (1.0 - u * u).sqrt();
                let off = (f64::from(dy) - middle).abs();
                let red = [lips[0] * 1.25, lips[1] * 0.8, lips[2] * 0.85];
                let at = (left + i64::from(dx), top + i64::from(dy));
                self.blend(at, red, (gap + 2.2 - off).clamp(0.0, 1.0));
                self.blend(at, [45.0, 18.0, 20.0], (gap - 0.5 - off).clamp(0.0, 1.0));
            }
        }
    }

    /// A filled ellipse: whole spans inside, blended pixels along the edge.
    fn ellipse(&mut self, (x, y): (f64, f64), (a, b): (f64, f64), colour: Rgb) {
        let small = a.min(b);
        let (inner, outer) = ((1.0 - 0.5 / small).max(0.0), 1.0 + 0.5 / small);
        let solid = colour.map(|c| c as u8);
        for row in ((y - b) as i64 - 1).max(0)..=((y + b) as i64 + 1).min(HEIGHT as i64 - 1) {
            let v = (row as f64 - y) / b;
            let reach = |radius: f64| a * (radius * radius - v * v).max(0.0).sqrt();
            let (full, all) = (reach(inner), reach(outer));
            let mut column = (x - all) as i64;
            while column as f64 <= x + all {
                let past = (x + full) as i64;
                if full > 0.0 && column as f64 >= x - full && column <= past {
                    self.span(row, column..past + 1, solid);
                    column = past + 1;
                    continue;
                }
                let u = (column as f64 - x) / a;
                self.blend((column, row), colour, ((1.0 - (u * u + v * v).sqrt()) * small + 0.5).clamp(0.0, 1.0));
                column += 1;
            }
        }
    }

    fn span(&mut self, row: i64, columns: std::ops::Range<i64>, colour: [u8; 3]) {
        let clipped = columns.start.clamp(0, WIDTH as i64) as usize..columns.end.clamp(0, WIDTH as i64) as usize;
        let line = row as usize * WIDTH;
        for pixel in self.pixels[3 * (line + clipped.start)..3 * (line + clipped.end)].chunks_exact_mut(3) {
            pixel.copy_from_slice(&colour);
        }
    }

    /// A thick line.
    fn stroke(&mut self, from: (f64, f64), to: (f64, f64), half: f64, colour: Rgb) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = (dx * dx + dy * dy).max(1e-9);
        let (left, right) = (from.0.min(to.0) - half - 1.0, from.0.max(to.0) + half + 1.0);
        let (top, bottom) = (from.1.min(to.1) - half - 1.0, from.1.max(to.1) + half + 1.0);
        for row in top as i64..=bottom as i64 + 1 {
            for column in left as i64..=right as i64 + 1 {
                let (px, py) = (column as f64 - from.0, row as f64 - from.1);
                let along = ((px * dx + py * dy) / length).clamp(0.0, 1.0);
                let off = (px - along * dx).hypot(py - along * dy);
                self.blend((column, row), colour, (half + 0.5 - off).clamp(0.0, 1.0));
            }
        }
    }

    fn blend(&mut self, (column, row): (i64, i64), colour: Rgb, cover: f64) {
        if cover <= 0.0 || !(0..WIDTH as i64).contains(&column) || !(0..HEIGHT as i64).contains(&row) {
            return;
        }
        let start = 3 * (row as usize * WIDTH + column as usize);
        for (pixel, value) in self.pixels[start..start + 3].iter_mut().zip(colour) {
            *pixel = (f64::from(*pixel) + cover * (value - f64::from(*pixel))).clamp(0.0, 255.0) as u8;
        }
    }

    /// Brightness of the scene and grain of the sensor.
    fn light(&mut self, level: f64) {
        let gain = (256.0 * level) as i32;
        for eight in self.pixels.chunks_mut(8) {
            let mut bits = self.seed.bits();
            for pixel in eight {
                let grain = (bits & 0xFF) as i32 * (2 * GRAIN + 1) / 256 - GRAIN;
                bits >>= 8;
                *pixel = (((i32::from(*pixel) * gain) >> 8) + grain).clamp(0, 255) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(jpeg: &[u8]) -> Vec<u8> {
        zune_jpeg::JpegDecoder::new(std::io::Cursor::new(jpeg)).decode().expect("a JPEG")
    }

    /// Mean grey of a rectangle.
    fn grey(pixels: &[u8], columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> f64 {
        let area = (columns.len() * rows.len() * 3) as f64;
        let at = |(r, c): (usize, usize)| (0..3).map(|k| f64::from(pixels[3 * (r * WIDTH + c) + k])).sum::<f64>();
        rows.flat_map(|r| columns.clone().map(move |c| (r, c))).map(at).sum::<f64>() / area
    }

    #[test]
    fn frames_are_jpeg_and_show_the_expression() {
        let frames = |e: Expression, lid: f64| {
            let mut face = Face::new(&Seed::new(4));
            let all: Vec<Vec<u8>> = (0..20).map(|_| decoded(&face.next(&e, lid))).collect();
            (0..all[0].len()).map(|i| (all.iter().map(|f| u32::from(f[i])).sum::<u32>() / 20) as u8).collect::<Vec<u8>>()
        };
        let rest = frames(Expression::default(), 0.0);
        assert_eq!(rest.len(), 3 * WIDTH * HEIGHT);
        let shut = frames(Expression::default(), 1.0);
        let gasp = frames(Expression { mouth_open: 1.0, ..Expression::default() }, 0.0);
        let eyes = |p: &[u8]| grey(p, 59..72, 52..59) + grey(p, 89..102, 52..59);
        let mouth = |p: &[u8]| grey(p, 74..86, 81..93);
        assert!((eyes(&rest) - eyes(&shut)).abs() > 20.0, "{} {}", eyes(&rest), eyes(&shut));
        assert!(mouth(&rest) - mouth(&gasp) > 15.0, "{} {}", mouth(&rest), mouth(&gasp));
    }
}
