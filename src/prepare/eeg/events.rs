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
    /// ... and reaches outwards until it comes back to this many ...
    pub edge_sd: f64,
    /// ... and so much farther, s: a high-pass at 0.5 Hz leaves a swing of the other sign on both sides of a blink, an
    /// eighth of its height but longer than the blink itself. Recipes that do not name it were made without.
    #[serde(default)]
    pub reach_s: f64,
    /// Ramp on both sides of an event, s.
    pub ramp_s: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Moments { core_sd: 5.0, edge_sd: 1.0, reach_s: 0.75, ramp_s: 0.1 }
    }
}

impl Moments {
    /// How much of a component goes at each sample: 1 within an event, 0 far from all, half a cosine between. The `edge`
    /// samples of either end, where filters ring, make no event of their own; where there are events between them, what
    /// stands out as far at the ends is one too.
    pub fn weights(&self, activity: &[f64], rate: f64, edge: usize) -> Vec<f64> {
        let n = activity.len();
        let inner = edge.min(n)..n.saturating_sub(edge).max(edge.min(n));
        let (centre, spread) = centre_and_spread(&activity[inner.clone()]);
        let away: Vec<f64> = activity.iter().map(|v| (v - centre).abs()).collect();
        let core = |i: &usize| away[*i] > self.core_sd * spread;
        if spread <= 0.0 || !inner.clone().any(|i| core(&i)) {
            return vec![0.0; n];
        }
        let reach = (self.reach_s * rate).round() as usize;
        let calm = |i: &usize| away[*i] < self.edge_sd * spread;
        let mut inside = vec![false; n];
        let mut at = 0;
        while let Some(event) = (at..n).find(core) {
            let from = (0..event).rev().find(calm).map_or(0, |i| i + 1);
            let to = (event..n).find(calm).unwrap_or(n);
            inside[from.saturating_sub(reach)..(to + reach).min(n)].fill(true);
            at = to;
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
        assert!(weights[925..1115].iter().all(|w| *w == 1.0), "the swing beside it goes too");
        assert!(weights[..905].iter().chain(&weights[1135..]).all(|w| *w == 0.0));
        let narrow = Moments { reach_s: 0.0, ..Moments::default() }.weights(&activity, 100.0, 0);
        assert!(narrow[..980].iter().chain(&narrow[1060..]).all(|w| *w == 0.0) && narrow[1045] < 1.0);
        assert!(Moments::default().weights(&activity, 100.0, 1100).iter().all(|w| *w == 0.0), "an end is no event");
        activity[10..40].iter_mut().for_each(|x| *x += 9.0);
        assert!(Moments::default().weights(&activity, 100.0, 100)[10..40].iter().all(|w| *w == 1.0), "but among events it is");
        assert!(Moments::default().weights(&[2.0; 50], 100.0, 0).iter().all(|w| *w == 0.0), "flat");
    }
}
