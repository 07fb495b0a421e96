//! Correlation: a channel that goes its own way, unlike all the others; and gel bridges, which go together too well.

use crate::gate::check::{Check, Figure, ramp};
use crate::gate::{Reason, Window};
use crate::prepare::heart::median;

/// With fewer channels a good one need not resemble another.
const FEWEST: usize = 8;
const PERCENTILE: f64 = 0.98;
/// Two channels more alike than this are joined by gel.
const BRIDGE: f64 = 0.999;

pub struct Correlation;

impl Check for Correlation {
    fn reason(&self) -> Reason {
        Reason::Correlation
    }

    fn score(&self, window: &Window) -> Option<Vec<Figure>> {
        if window.filtered.len() < FEWEST {
            return None;
        }
        let table = correlations(&window.filtered);
        let alike = |(channel, row): (usize, &Vec<f64>)| {
            let others = row.iter().enumerate().filter(|(other, _)| *other != channel).map(|(_, r)| *r).collect();
            percentile(others, PERCENTILE)
        };
        let values: Vec<f64> = table.iter().enumerate().map(alike).collect();
        let (unlike, alike) = window.method.correlations(median(&values));
        // A window in which no channel resembles any other says nothing about one of them.
        let score = |value: f64| if alike > 0.0 { ramp(value, unlike, alike) } else { 1.0 };
        Some(values.iter().map(|value| Figure { score: score(*value), value: *value }).collect())
    }

    fn say(&self, value: f64, _mains_hz: f64) -> String {
        format!("follows the other channels with r = {value:.2} only, less than they follow each other")
    }
}

/// |r| of all pairs; 0 where a channel does not vary.
fn correlations(channels: &[&[f64]]) -> Vec<Vec<f64>> {
    let unit: Vec<Vec<f64>> = channels
        .iter()
        .map(|y| {
            let mean = y.iter().sum::<f64>() / y.len().max(1) as f64;
            let length = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>().sqrt();
            let scale = if length > 1e-9 { 1.0 / length } else { 0.0 };
            y.iter().map(|v| (v - mean) * scale).collect()
        })
        .collect();
    let mut table = vec![vec![0.0; channels.len()]; channels.len()];
    for i in 0..channels.len() {
        for j in 0..i {
            let r = unit[i].iter().zip(&unit[j]).map(|(a, b)| a * b).sum::<f64>().abs();
            (table[i][j], table[j][i]) = (r, r);
        }
    }
    table
}

/// Linear interpolation between the sorted values.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = share * values.len().saturating_sub(1) as f64;
    let (below, above) = (values.get(place.floor() as usize), values.get(place.ceil() as usize));
    match (below, above) {
        (Some(below), Some(above)) => below + (above - below) * place.fract(),
        _ => 0.0,
    }
}

/// Pairs of channels that a gel bridge joins in this window.
pub(super) fn bridges(window: &Window) -> Vec<(usize, usize)> {
    let table = correlations(&window.filtered);
    let pairs = (0..table.len()).flat_map(|i| (i + 1..table.len()).map(move |j| (i, j)));
    pairs.filter(|&(i, j)| table[i][j] > BRIDGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_knows_same_opposite_and_nothing() {
        let (a, b, still) = ([1.0, -1.0, 2.0, -2.0], [-2.0, 2.0, -4.0, 4.0], [3.0; 4]);
        let table = correlations(&[&a, &b, &still]);
        assert!((table[0][1] - 1.0).abs() < 1e-12 && table[0][2] == 0.0);
    }

    #[test]
    fn percentiles_interpolate() {
        assert!((percentile(vec![3.0, 1.0, 2.0], 0.75) - 2.5).abs() < 1e-12);
        assert_eq!(percentile(Vec::new(), 0.98), 0.0);
    }
}
