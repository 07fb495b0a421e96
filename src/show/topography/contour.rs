//! Lines of equal value: where they lie on a scale, and their pieces over a grid of points (marching squares, Lorensen and
//! Cline 1987, in the plane).

use crate::show::palette::Scale;

/// Lines between the ends of a scale.
const LINES: f64 = 6.0;

/// Which of the bands between two lines a value lies in. No line lies at zero of a signed scale, where noise would draw it
/// everywhere.
pub fn band(scale: Scale, value: f64) -> i64 {
    (scale.place(value) * LINES - 0.5).floor() as i64
}

/// The values at which lines are drawn.
pub fn levels(scale: Scale) -> Vec<f64> {
    (0..LINES as usize).map(|i| scale.value_at((i as f64 + 0.5) / LINES)).collect()
}

/// A piece of a line, from point to point.
pub type Piece = ((f64, f64), (f64, f64));

/// The pieces of one line. `at` gives the value at a column and row, None outside; points are in columns and rows.
pub fn pieces(columns: usize, rows: usize, at: impl Fn(usize, usize) -> Option<f64>, level: f64) -> Vec<Piece> {
    let mut found = Vec::new();
    for (row, column) in (0..rows.saturating_sub(1)).flat_map(|r| (0..columns.saturating_sub(1)).map(move |c| (r, c))) {
        let corners = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dx, dy)| (column + dx, row + dy));
        let values = corners.map(|(x, y)| at(x, y));
        let [Some(a), Some(b), Some(c), Some(d)] = values else { continue };
        let values = [a, b, c, d];
        // Where the line crosses each of the four edges.
        let mut crossings = Vec::with_capacity(4);
        for (one, next) in [(0, 1), (1, 2), (2, 3), (3, 0)] {
            let (from, to): (f64, f64) = (values[one], values[next]);
            if (from < level) != (to < level) {
                let t = (level - from) / (to - from);
                let ((x0, y0), (x1, y1)) = (corners[one], corners[next]);
                let along = |p: usize, q: usize| p as f64 + (q as f64 - p as f64) * t;
                crossings.push((along(x0, x1), along(y0, y1)));
            }
        }
        match crossings[..] {
            [p, q] => found.push((p, q)),
            // A saddle: the middle decides which corners belong together.
            [p, q, r, s] if ((a + b + c + d) / 4.0 < level) == (a < level) => found.extend([(p, q), (r, s)]),
            [p, q, r, s] => found.extend([(s, p), (q, r)]),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cone_has_circles_and_a_saddle_does_not_cross_itself() {
        let cone = |x: usize, y: usize| Some((x as f64 - 20.0).hypot(y as f64 - 20.0));
        let ring = pieces(41, 41, cone, 12.0);
        assert!(ring.len() > 60);
        for ((x, y), _) in &ring {
            assert!(((x - 20.0).hypot(y - 20.0) - 12.0).abs() < 0.05, "{x} {y}");
        }
        let saddle = pieces(2, 2, |x, y| Some(if x == y { 1.0 } else { 0.0 }), 0.4);
        assert_eq!(saddle.len(), 2);
        assert_eq!(pieces(2, 2, |x, _| (x > 0).then_some(1.0), 0.5), []);
    }

    #[test]
    fn no_line_lies_at_zero() {
        let scale = Scale::Signed(3.0);
        assert!(levels(scale).iter().all(|l| l.abs() > 0.1));
        assert_eq!(band(scale, 0.05), band(scale, -0.05));
        assert_ne!(band(scale, 3.0), band(scale, -3.0));
    }
}
