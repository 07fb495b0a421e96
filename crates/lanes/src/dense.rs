//! The first dense layer behind the maps, of sixteen inputs at once: its sums, what changes of a patch do to them, and the
//! gradient at the maps.

use crate::{LANES, Lane, PANEL, Panels, Patch, Term, alive};
use std::sync::OnceLock;

/// Terms that are summed for every panel before the next are: their lanes and weights stay in the cache.
const BLOCK: usize = 1024;
/// Terms of a whole sum that are summed apart; fewer would round hardly less.
const PART: usize = 512;

/// A dense layer whose inputs stand as [place, channel].
#[derive(Debug)]
pub struct Dense {
    /// Weights [place x channel, units].
    forward: Panels,
    /// Weights [units, place x channel]; made where a gradient is asked for.
    back: OnceLock<Panels>,
    /// Weights as the network has them: [channel x place, units].
    weight: Vec<f32>,
    bias: Vec<f32>,
    channels: usize,
    places: usize,
}

impl Dense {
    /// Weights [channel x place, units] and a bias for each unit, behind maps of so many channels and places.
    pub fn of(weight: Vec<f32>, bias: Vec<f32>, channels: usize, places: usize) -> Self {
        let at = |row: usize, unit: usize| weight[(row % channels * places + row / channels) * bias.len() + unit];
        let forward = Panels::of(channels * places, bias.len(), at);
        Dense { forward, back: OnceLock::new(), weight, bias, channels, places }
    }

    pub fn units(&self) -> usize {
        self.bias.len()
    }

    fn back(&self) -> &Panels {
        self.back.get_or_init(|| {
            let (channels, units) = (self.channels, self.units());
            let at = |unit: usize, row: usize| self.weight[(row % channels * self.places + row / channels) * units + unit];
            Panels::of(units, channels * self.places, at)
        })
    }

    /// The layer's sums [units] of each group's maps [place, channel].
    pub fn through(&self, groups: &[&[Lane]]) -> Vec<Vec<Lane>> {
        let bias: Vec<Lane> = self.bias.iter().map(|b| [*b; LANES]).collect();
        let mut sums = vec![bias; groups.len()];
        // Parts are summed apart: one chain of thirty thousand terms rounds six times as much, enough to turn the sign of a
        // sum near 0 and thereby to open a ReLU that is closed.
        let mut parts = vec![vec![Lane::default(); self.units()]; groups.len()];
        let mut terms = vec![Vec::with_capacity(PART); groups.len()];
        for start in (0..self.forward.rows()).step_by(PART) {
            let range = start..(start + PART).min(self.forward.rows());
            for (terms, lanes) in terms.iter_mut().zip(groups) {
                terms.clear();
                alive::extend(lanes, range.clone(), start, terms);
            }
            let each: Vec<(&[Lane], &[Term])> = groups.iter().zip(&terms).map(|(l, t)| (*l, t.as_slice())).collect();
            parts.iter_mut().for_each(|part| part.fill(Lane::default()));
            self.add(&each, &mut parts);
            sums.iter_mut().zip(&parts).for_each(|(sums, part)| alive::add(sums, part));
        }
        sums
    }

    /// Adds what the changes of each group's patch make; maps are `width` places wide.
    pub fn change(&self, patches: &[&Patch], width: usize, sums: &mut [Vec<Lane>]) {
        let terms_of = |patch: &&Patch| {
            let (run, mut terms) = (patch.rect.columns() * patch.channels, Vec::new());
            for (i, row) in (patch.rect.top..patch.rect.bottom).enumerate() {
                let weight = (row * width + patch.rect.left) * patch.channels;
                alive::extend(&patch.values, i * run..(i + 1) * run, weight, &mut terms);
            }
            terms
        };
        let terms: Vec<Vec<Term>> = patches.iter().map(terms_of).collect();
        let longest = terms.iter().map(Vec::len).max().unwrap_or(0);
        for start in (0..longest).step_by(BLOCK) {
            let part = |t: &'_ [Term]| start.min(t.len())..(start + BLOCK).min(t.len());
            let each: Vec<(&[Lane], &[Term])> =
                patches.iter().zip(&terms).map(|(p, t)| (p.values.as_slice(), &t[part(t)])).collect();
            self.add(&each, sums);
        }
    }

    /// Panel by panel, so that a panel's weights are read once for all groups.
    fn add(&self, groups: &[(&[Lane], &[Term])], sums: &mut [Vec<Lane>]) {
        for panel in 0..self.forward.count() {
            for ((lanes, terms), sums) in groups.iter().zip(sums.iter_mut()) {
                self.forward.add(panel, terms, lanes, &mut sums[self.forward.range(panel)]);
            }
        }
    }

    /// The gradient at the maps of each group from that at the sums. Where neighbours differ in few units (the steps of
    /// one path do), the differences from input to input are computed and summed up.
    pub fn gradient(&self, groups: &[Vec<Lane>]) -> Vec<Vec<Lane>> {
        let mut before = vec![0.0; self.units()];
        let each: Vec<(Vec<Lane>, Vec<Term>, bool)> = groups.iter().map(|g| shorter(g, &mut before)).collect();
        let back = self.back();
        let mut gradients = vec![vec![Lane::default(); back.columns()]; groups.len()];
        for panel in 0..back.count() {
            let (range, mut last) = (back.range(panel), [0.0; PANEL]);
            for ((lanes, terms, differences), gradient) in each.iter().zip(&mut gradients) {
                let sums = &mut gradient[range.clone()];
                back.add(panel, terms, lanes, sums);
                if *differences {
                    alive::running_sums(sums, &mut last);
                } else {
                    last.iter_mut().zip(sums.iter()).for_each(|(l, s)| *l = s[LANES - 1]);
                }
            }
        }
        gradients
    }
}

/// Values or differences, whichever have fewer terms, the terms, and whether they are differences.
fn shorter(group: &[Lane], before: &mut [f32]) -> (Vec<Lane>, Vec<Term>, bool) {
    let differences = alive::differences(group, before);
    let (mut own, mut other) = (Vec::new(), Vec::new());
    alive::extend(group, 0..group.len(), 0, &mut own);
    alive::extend(&differences, 0..group.len(), 0, &mut other);
    if other.len() < own.len() { (differences, other, true) } else { (group.to_vec(), own, false) }
}
