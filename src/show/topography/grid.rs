//! A map as numbers on a square grid, for other programs and for comparison with them.

use super::{Electrodes, Spline, TopographyError, outline::HEAD};

/// A grid over the head for a fixed set of electrodes.
pub struct Grid {
    /// Flat places of the electrodes: x right, y front; the rim at theta 92 degrees has radius 1.
    pub sites: Vec<(f64, f64)>,
    /// Coordinates along either side, from low to high.
    pub axis: Vec<f64>,
    spline: Spline,
    /// Row by row from the front, its place among the points inside the head.
    inside: Vec<Vec<Option<usize>>>,
}

impl Grid {
    /// `points` on each side, from one edge of the drawn head to the other.
    ///
    /// # Errors
    /// A label that is no electrode or stands twice, or no labels.
    pub fn new(on: &(impl Electrodes + ?Sized), points: usize) -> Result<Grid, TopographyError> {
        let sites = on.sites()?.places;
        let step = 2.0 * HEAD / (points.max(2) - 1) as f64;
        let axis: Vec<f64> = (0..points).map(|i| -HEAD + step * i as f64).collect();
        let mut places = Vec::new();
        let mut place = |x: f64, y: f64| {
            (x.hypot(y) <= HEAD).then(|| {
                places.push((x, y));
                places.len() - 1
            })
        };
        let inside = axis.iter().rev().map(|y| axis.iter().map(|x| place(*x, *y)).collect()).collect();
        let spline = Spline::new(&sites, &places).ok_or(TopographyError::Empty)?;
        Ok(Grid { sites, axis, spline, inside })
    }

    /// The map, front row first; None outside the head.
    pub fn at(&self, values: &[f64]) -> Vec<Vec<Option<f64>>> {
        let map = self.spline.at(values);
        self.inside.iter().map(|row| row.iter().map(|i| i.and_then(|i| map.get(i).copied())).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_the_head_and_its_values() {
        let labels: Vec<String> = ["Fz", "Cz", "Pz", "T7", "T8"].map(String::from).to_vec();
        let grid = Grid::new(&labels, 21).expect("electrodes");
        let map = grid.at(&[1.0, 0.0, -1.0, 0.0, 0.0]);
        assert_eq!((map.len(), map[0].len(), map[0][0]), (21, 21, None), "corners lie outside");
        assert!(map[10][10].is_some_and(|v| v.abs() < 1e-9), "Cz lies in the middle");
        assert!(map[4][10] > map[16][10], "the front is above the back");
    }
}
