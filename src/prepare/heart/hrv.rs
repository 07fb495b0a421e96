//! Heart-rate variability as an even series: the intervals between beats at 4 Hz by a cubic spline (algorithms 2.4).

use crate::prepare::PrepareError;
use serde::{Deserialize, Serialize};

/// Samples a second of the series.
pub const HRV_HZ: f64 = 4.0;
/// A not-a-knot spline needs four points, one an interval.
const FEWEST: usize = 4;

/// Intervals over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hrv {
    /// s: all multiples of 0.25 s between the first and the last stamp. An interval is stamped with its closing beat.
    pub times: Vec<f64>,
    /// s.
    pub intervals: Vec<f64>,
}

/// The interval series of beats in s. Nothing is extrapolated.
///
/// # Errors
/// Fewer than five beats; beats that do not rise or are no numbers.
pub fn hrv_series(beats: &[f64]) -> Result<Hrv, PrepareError> {
    if beats.len() <= FEWEST {
        return Err(PrepareError::FewBeats { have: beats.len(), need: FEWEST + 1 });
    }
    if let Some(pair) = beats.windows(2).find(|pair| pair[1].partial_cmp(&pair[0]) != Some(std::cmp::Ordering::Greater)) {
        return Err(PrepareError::Beats { from: pair[0], to: pair[1] });
    }
    let stamps = &beats[1..];
    let intervals: Vec<f64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (first, last) = ((stamps[0] * HRV_HZ).ceil() as i64, (stamps[stamps.len() - 1] * HRV_HZ).floor() as i64);
    let times: Vec<f64> = (first..=last).map(|k| k as f64 / HRV_HZ).collect();
    let spline = Spline::new(stamps, &intervals);
    Ok(Hrv { intervals: spline.along(&times), times })
}

/// A cubic through points whose third derivative is continuous at the second and the last but one (not a knot).
struct Spline<'a> {
    x: &'a [f64],
    y: &'a [f64],
    /// Slopes at the points.
    slopes: Vec<f64>,
}

impl<'a> Spline<'a> {
    /// Four points or more, x rising.
    fn new(x: &'a [f64], y: &'a [f64]) -> Self {
        let n = x.len();
        let h = |i: usize| x[i + 1] - x[i];
        let chord = |i: usize| (y[i + 1] - y[i]) / h(i);
        // Below, on and above the diagonal, and the right side. The end conditions have two unknowns each, so that the
        // system stays tridiagonal.
        let mut rows: Vec<[f64; 4]> = Vec::with_capacity(n);
        let reach = h(0) + h(1);
        let start = ((h(0) + 2.0 * reach) * h(1) * chord(0) + h(0) * h(0) * chord(1)) / reach;
        rows.push([0.0, h(1), reach, start]);
        for i in 1..n - 1 {
            rows.push([h(i), 2.0 * (h(i - 1) + h(i)), h(i - 1), 3.0 * (h(i) * chord(i - 1) + h(i - 1) * chord(i))]);
        }
        let reach = h(n - 3) + h(n - 2);
        let end = (h(n - 2).powi(2) * chord(n - 3) + (2.0 * reach + h(n - 2)) * h(n - 3) * chord(n - 2)) / reach;
        rows.push([reach, h(n - 3), 0.0, end]);
        for i in 1..n {
            let share = rows[i][0] / rows[i - 1][1];
            rows[i][1] -= share * rows[i - 1][2];
            rows[i][3] -= share * rows[i - 1][3];
        }
        let mut slopes = vec![0.0; n];
        for i in (0..n).rev() {
            let after = slopes.get(i + 1).copied().unwrap_or(0.0);
            slopes[i] = (rows[i][3] - rows[i][2] * after) / rows[i][1];
        }
        Spline { x, y, slopes }
    }

    /// Values at rising places inside the points.
    fn along(&self, places: &[f64]) -> Vec<f64> {
        let mut piece = 0;
        let mut value = |t: f64| {
            while piece + 2 < self.x.len() && t > self.x[piece + 1] {
                piece += 1;
            }
            let h = self.x[piece + 1] - self.x[piece];
            let s = t - self.x[piece];
            let chord = (self.y[piece + 1] - self.y[piece]) / h;
            let (from, to) = (self.slopes[piece], self.slopes[piece + 1]);
            let bend = (3.0 * chord - 2.0 * from - to) / h;
            let turn = (from + to - 2.0 * chord) / (h * h);
            self.y[piece] + s * (from + s * (bend + s * turn))
        };
        places.iter().map(|t| value(*t)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_reproduced_exactly() {
        let x = [0.0, 0.7, 1.1, 2.0, 3.3, 3.9];
        let cubic = |t: f64| 1.0 - 2.0 * t + 0.5 * t * t - 0.1 * t * t * t;
        let y = x.map(cubic);
        let places: Vec<f64> = (0..=39).map(|k| f64::from(k) / 10.0).collect();
        let found = Spline::new(&x, &y).along(&places);
        let worst = found.iter().zip(&places).map(|(f, t)| (f - cubic(*t)).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-12, "{worst}");
    }

    #[test]
    fn the_grid_lies_inside_the_stamps_and_too_little_is_refused() {
        let hrv = hrv_series(&[0.1, 0.9, 1.7, 2.5, 3.3, 4.1]).expect("enough beats");
        assert_eq!((hrv.times[0], hrv.times[hrv.times.len() - 1]), (1.0, 4.0));
        assert!(hrv.intervals.iter().all(|w| (w - 0.8).abs() < 1e-12));
        assert!(matches!(hrv_series(&[0.0, 1.0, 2.0, 3.0]), Err(PrepareError::FewBeats { have: 4, need: 5 })));
        assert!(matches!(hrv_series(&[0.0, 1.0, 0.5, 3.0, 4.0]), Err(PrepareError::Beats { .. })));
        assert!(hrv_series(&[0.0, 1.0, f64::NAN, 3.0, 4.0]).is_err());
    }
}
