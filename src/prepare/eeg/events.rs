//! The moments at which a component holds its artefact: only there is anything taken out, so that the brain's share of
//! the component stays in all other seconds.

use super::shape::centre_and_spread;
use serde::{Deserialize, Serialize};

/// How moments are found and how softly they begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moments {
    /// An event is where the component lies so many robust SD from its median ...
    pub core_sd: f64,
    /// ... and reaches outwards until it comes back to this many.
    pub edge_sd: f64,
    /// Ramp on both sides of an event, s.
    pub ramp_s: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { core_sd: 5.0, edge_sd: 1.0, ramp_s: 0.1 }
    }
}

impl Moments {
    /// How much of a component goes at each sample: 1 within an event, 0 far from all, half a cosine between. None
    /// begins within `edge` samples of either end.
    pub fn weights(&self, activity: &[f64], rate: f64, edge: usize) -> Vec<f64> {
        let n = activity.len();
        let inner = edge.min(n)..n.saturating_sub(edge).max(edge.min(n));
        let (centre, spread) = centre_and_spread(&activity[inner.clone()]);
        let away: Vec<f64> = activity.iter().map(|v| (v - centre).abs()).collect();
        let mut inside = vec![false; n];
        let mut at = inner.start;
        while at < inner.end {
            if spread <= 0.0 || away[at] <= self.core_sd * spread {
                at += 1;
                continue;
            }
            let calm = |i: &usize| away[*i] < self.edge_sd * spread;
            let from = (0..at).rev().find(calm).map_or(0, |i| i + 1);
            let to = (at..n).find(calm).unwrap_or(n);
            inside[from..to].fill(true);
            at = to.max(at + 1);
        }
        ramped(&inside, (self.ramp_s * rate).round() as usize)
    }
}

/// 1 where `inside`, falling to 0 over `ramp` samples on both sides.
pub fn ramped(inside: &[bool], ramp: usize) -> Vec<f64> {
    let n = inside.len();
    // Distance to the nearest sample inside, from the left and then from the right.
    let mut distance = vec![usize::MAX; n];
    let mut walk = |order: &mut dyn Iterator<Item = usize>| {
        let mut since = usize::MAX;
        for i in order {
            since = if inside[i] { 0 } else { since.saturating_add(1) };
            distance[i] = distance[i].min(since);
        }
    };
    walk(&mut (0..n));
    walk(&mut (0..n).rev());
    let weight = |d: usize| {
        if d > ramp { 0.0 } else { 0.5 + 0.5 * (std::f64::consts::PI * d as f64 / (ramp + 1) as f64).cos() }
    };
    distance.into_iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn weights_stand_around_what_stands_out_and_nowhere_else() {
        let mut seed = Seed::new(4);
        let mut activity: Vec<f64> = (0..4000).map(|_| seed.normal()).collect();
        assert!(Moments::default().weights(&activity, 100.0, 0).iter().all(|w| *w == 0.0));
        activity[1000..1040].iter_mut().for_each(|x| *x += 9.0);
        let weights = Moments::default().weights(&activity, 100.0, 0);
        assert!(weights[1000..1040].iter().all(|w| *w == 1.0));
        assert!(weights[..980].iter().chain(&weights[1060..]).all(|w| *w == 0.0));
        assert!(weights[1045] < 1.0);
        assert!(Moments::default().weights(&activity, 100.0, 1100).iter().all(|w| *w == 0.0), "an end is no event");
        assert!(Moments::default().weights(&[2.0; 50], 100.0, 0).iter().all(|w| *w == 0.0), "flat");
    }
}
