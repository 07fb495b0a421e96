//! What is known of the converters behind one stream's channels: declared by the source, or found in what came.

use super::codec::{self, Grid};
use crate::signal::Channel;

/// Samples of all channels together that are looked at, at most.
const MOST_VALUES: usize = 1 << 21;
/// After so many looks in vain it is looked no more often.
const MOST_TRIES: u32 = 10;

/// The grid of each channel.
pub(super) struct Grids {
    known: Vec<Option<Grid>>,
    declared: Vec<bool>,
    /// The grid did not hold for a frame since it was found.
    stale: Vec<bool>,
    /// Samples that are gathered for the next look, sample by sample.
    seen: Vec<f32>,
    /// Frames until the next look begins; None = there is nothing to look for.
    wait: Option<u32>,
    tries: u32,
}

impl Grids {
    pub(super) fn new(channels: &[Channel]) -> Grids {
        let declared: Vec<bool> = channels.iter().map(|c| c.step.is_some()).collect();
        let wait = declared.contains(&false).then_some(0);
        let known = channels.iter().map(|c| c.step.map(|step| Grid { step, offset: c.zero })).collect();
        Grids { known, stale: vec![false; declared.len()], declared, seen: Vec::new(), wait, tries: 0 }
    }

    pub(super) fn known(&self) -> &[Option<Grid>] {
        &self.known
    }

    /// Looks at the samples of a frame (packet by packet, sample by sample) before it is packed, where something is to be
    /// found.
    pub(super) fn look(&mut self, rows: &[&[f32]]) {
        let channels = self.known.len();
        match &mut self.wait {
            None => return,
            Some(0) => {}
            Some(frames) => return *frames -= 1,
        }
        rows.iter().for_each(|rows| self.seen.extend_from_slice(rows));
        // The second and later looks are longer: the first may have been too short for the signal.
        let enough = codec::ENOUGH << self.tries.min(2);
        if self.seen.len() < (channels * enough).min(MOST_VALUES) {
            return;
        }
        for c in 0..channels {
            if !self.wants(c) {
                continue;
            }
            let values: Vec<f32> = self.seen.iter().skip(c).step_by(channels).copied().collect();
            if let Some(grid) = codec::detect(&values) {
                (self.known[c], self.stale[c]) = (Some(grid), false);
            }
        }
        self.seen = Vec::new();
        self.tries = (self.tries + 1).min(MOST_TRIES);
        let missing = (0..channels).any(|c| self.wants(c));
        self.wait = missing.then_some(1 << self.tries);
    }

    fn wants(&self, c: usize) -> bool {
        !self.declared[c] && (self.known[c].is_none() || self.stale[c])
    }

    /// `used` = what each channel of the frame was counted in: a grid that was found and did not hold is looked for
    /// again.
    pub(super) fn judge(&mut self, used: &[Option<Grid>]) {
        for (c, used) in used.iter().enumerate() {
            if used.is_none() && !self.declared[c] && self.known[c].is_some() && !self.stale[c] {
                self.stale[c] = true;
                self.wait = self.wait.or(Some(1 << self.tries));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Seed;

    #[test]
    fn a_grid_is_found_over_several_frames_and_again_when_it_no_longer_holds() {
        let mut seed = Seed::new(5);
        let mut frame = |step: f64, offset: f64| -> Vec<f32> {
            (0..20).flat_map(|_| [((30.0 * seed.normal()).round() * step + offset) as f32, 2.0]).collect()
        };
        let channels = [Channel::eeg("Fz"), Channel { step: Some(1.0), ..Channel::eeg("count") }];
        let mut grids = Grids::new(&channels);
        (0..3).for_each(|_| grids.look(&[&frame(0.1, 0.03)]));
        assert_eq!(grids.known(), [None, Some(Grid::of(1.0))], "60 samples are too few");
        grids.look(&[&frame(0.1, 0.03)]);
        let found = grids.known()[0].expect("found");
        assert!((found.step - 0.1).abs() < 1e-6, "{found:?}");
        grids.judge(&[Some(found), None]);
        grids.look(&[&frame(0.25, 0.0)]);
        assert_eq!(grids.known()[0], Some(found), "what holds is not looked for");
        grids.judge(&[None, Some(Grid::of(1.0))]);
        (0..12).for_each(|_| grids.look(&[&frame(0.25, 0.0)]));
        let found = grids.known()[0].expect("found again");
        assert!((found.step - 0.25).abs() < 1e-6 && found.offset == 0.0, "{found:?}");
    }
}
