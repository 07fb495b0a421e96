//! Where head, nose and ears lie in a box of cells, as half-cell pixels and as lines of 7-bit letters.

/// Flat radius of the drawn head; electrodes at theta 92 degrees (radius 1) are inside.
pub const HEAD: f64 = 1.12;

/// A head in a box of cells. A cell is two square pixels on top of each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outline {
    /// Radius in pixels, which is half the width in cells; 0 when the box is too small for a head.
    pub radius: usize,
    /// Column edge of the middle.
    pub middle: usize,
    /// First cell row of the nose.
    pub first: usize,
    /// Rows that the nose takes above the head's top line.
    pub nose: usize,
}

/// What a pixel belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Outside,
    Inside,
    Line,
}

/// Smaller heads cannot be told from noise.
const LEAST: usize = 3;

impl Outline {
    /// The largest head that fits.
    pub fn new(width: usize, height: usize) -> Self {
        let fits = |nose: usize, ear: usize| (width / 2).saturating_sub(ear).min(height.saturating_sub(nose));
        let nose = if fits(2, 2) >= 20 { 2 } else { 1 };
        let radius = if nose == 2 {
            fits(2, 2)
        } else if fits(1, 2) >= 12 {
            fits(1, 2)
        } else {
            fits(1, 1).min(12)
        };
        let radius = if radius < LEAST { 0 } else { radius };
        Outline { radius, middle: width / 2, first: height.saturating_sub(radius + nose) / 2, nose }
    }

    /// Cell rows from the nose to the chin.
    pub fn rows(&self) -> usize {
        self.radius + self.nose
    }

    /// Flat coordinates (x right, y front) of a pixel's centre.
    pub fn place(&self, column: usize, pixel: usize) -> (f64, f64) {
        let (x, y) = self.offset(column, pixel);
        let unit = HEAD / self.radius.max(1) as f64;
        (x * unit, -y * unit)
    }

    /// First column and row of a text of `length` cells centred on a flat place, if both are in the picture.
    /// What lies half-way goes towards the midline, so that left and right stay mirror images.
    pub fn cell(&self, (x, y): (f64, f64), length: usize) -> Option<(usize, usize)> {
        let unit = self.radius as f64 / HEAD;
        let start = self.middle as f64 + x * unit - length as f64 / 2.0;
        let column = if x <= 0.0 { (start + 0.5).floor() } else { (start - 0.5).ceil() };
        let pixel = (self.centre() - y * unit).floor();
        (column >= 0.0 && pixel >= 0.0).then_some((column as usize, pixel as usize / 2))
    }

    fn centre(&self) -> f64 {
        (2 * (self.first + self.nose) + self.radius) as f64
    }

    /// From the head's middle to a pixel's centre, in pixels, down and right.
    fn offset(&self, column: usize, pixel: usize) -> (f64, f64) {
        (column as f64 + 0.5 - self.middle as f64, pixel as f64 + 0.5 - self.centre())
    }

    /// What a pixel belongs to when colours are drawn.
    pub fn part(&self, column: usize, pixel: usize) -> Part {
        if self.radius == 0 {
            return Part::Outside;
        }
        let (x, y) = self.offset(column, pixel);
        let (across, radius) = (x.abs(), self.radius as f64);
        let distance = x.hypot(y);
        if distance <= radius - 0.75 {
            return Part::Inside;
        }
        let rises = -radius - y; // above the head's top
        let tall = 2.0 * self.nose as f64;
        let nose = rises > 0.0 && rises < tall && (across - (tall - rises)).abs() <= 0.5;
        let beside = across - radius;
        let ear = 0.22 * radius;
        let ear = if self.radius < 12 {
            beside > 0.0 && beside < 1.0 && y.abs() <= ear
        } else {
            (beside > 1.0 && beside < 2.0 && y.abs() <= ear)
                || (beside > 0.0 && beside < 1.0 && (y.abs() - ear - 0.5).abs() <= 0.5)
        };
        if distance <= radius + 0.25 || nose || ear { Part::Line } else { Part::Outside }
    }

    /// The head in letters: (column, row, letter). Lines meet at cell corners: `_` lies on the lower edge of its
    /// cell, `/` and `\` join opposite corners. None of these letters means a value.
    pub fn letters(&self) -> Vec<(usize, usize, char)> {
        let mut letters = Vec::new();
        if self.radius == 0 {
            return letters;
        }
        for k in 0..self.radius {
            let ((top, bottom), (upper, lower)) = (self.line(k), self.line(k + 1));
            let mut put = |row: usize, left: char, right: char| {
                letters.push((self.middle - self.radius + k, row, left));
                letters.push((self.middle + self.radius - 1 - k, row, right));
            };
            if upper == top {
                put(top - 1, '_', '_');
            } else {
                put(upper, '/', '\\');
                (upper + 1..top).for_each(|row| put(row, '|', '|'));
            }
            if lower == bottom {
                put(bottom - 1, '_', '_');
            } else {
                put(lower - 1, '\\', '/');
                (bottom..lower - 1).for_each(|row| put(row, '|', '|'));
            }
        }
        self.ears(&mut letters);
        let brow = self.first + self.nose - 1;
        if self.nose == 2 {
            letters.retain(|l| l.1 != brow || l.0 + 2 < self.middle || l.0 > self.middle + 1);
            letters.extend([(self.middle - 2, brow, '/'), (self.middle + 1, brow, '\\')]);
        } else {
            letters.retain(|l| l.1 != brow || l.0 + 1 < self.middle || l.0 > self.middle);
        }
        letters.extend([(self.middle - 1, self.first, '/'), (self.middle, self.first, '\\')]);
        letters
    }

    fn ears(&self, letters: &mut Vec<(usize, usize, char)>) {
        let half = if self.radius < 6 { 1 } else { (self.radius + 5) / 10 + 1 };
        // An odd radius puts the middle into a row, an even one between two.
        let rows = if self.radius % 2 == 1 { 2 * half - 1 } else { 2 * (half - usize::from(half > 1)) };
        let start = self.first + self.nose + (self.radius - rows.min(self.radius)) / 2;
        for i in 0..rows {
            let (left, right) = match (i, rows) {
                (0, 1) => ('(', ')'),
                (0, _) => ('/', '\\'),
                (i, _) if i + 1 == rows => ('\\', '/'),
                _ => ('|', '|'),
            };
            if self.middle > self.radius {
                letters.push((self.middle - self.radius - 1, start + i, left));
            }
            letters.push((self.middle + self.radius, start + i, right));
        }
    }

    /// The rows of values between the head's lines in a column: first and one past the last.
    pub fn inner_rows(&self, column: usize) -> (usize, usize) {
        let k = if column >= self.middle {
            (self.middle + self.radius).checked_sub(column + 1)
        } else {
            (column + self.radius).checked_sub(self.middle)
        };
        k.filter(|k| *k < self.radius).map_or((0, 0), |k| self.line(k))
    }

    /// Row lines of the upper and the lower arc at the column edge `k` cells from the left.
    fn line(&self, k: usize) -> (usize, usize) {
        let radius = self.radius as f64;
        let across = (radius - k as f64) / radius;
        let depth = radius / 2.0 * (1.0 - (1.0 - across * across).max(0.0).sqrt());
        let top = (self.first + self.nose) as f64;
        let middle = (top + radius / 2.0).round();
        ((top + depth).round().min(middle) as usize, (top + radius - depth).round().max(middle) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_symmetric_and_inside_its_box() {
        for (width, height) in (10..120).flat_map(|w| (5..60).map(move |h| (w, h))) {
            let outline = Outline::new(width, height);
            let letters = outline.letters();
            for (column, row, letter) in &letters {
                assert!(*column < width && *row < height, "{width}x{height}: {letter} at {column},{row}");
                let mirror = match letter {
                    '/' => '\\',
                    '\\' => '/',
                    '(' => ')',
                    ')' => '(',
                    same => *same,
                };
                let other = (2 * outline.middle - 1 - column, *row, mirror);
                assert!(letters.contains(&other), "{width}x{height}: no mirror of {letter} at {column},{row}");
            }
        }
    }

    #[test]
    fn places_and_cells_agree() {
        let outline = Outline::new(60, 30);
        for place in [(0.01, 0.0), (-0.9, 0.1), (0.3, 0.8), (0.0, -0.99)] {
            let (column, row) = outline.cell(place, 1).expect("inside");
            let near = (0..2).map(|half| outline.place(column, 2 * row + half));
            let unit = HEAD / outline.radius as f64;
            assert!(near.into_iter().any(|p| (p.0 - place.0).abs() <= unit && (p.1 - place.1).abs() <= unit));
        }
    }
}
