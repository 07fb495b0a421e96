//! A filter that remembers its past: the single, delaying pass. APPROXIMATE beside the zero-phase form: half the
//! attenuation, and a delay that differs by frequency.

use crate::prepare::filter::{Filter, Section};

/// The running form of a designed filter, sample by sample.
#[derive(Debug, Clone)]
pub struct RunningFilter {
    sections: Vec<Section>,
    /// Empty until the first sample, which sets the steady state so that an offset makes no step.
    state: Vec<[f64; 2]>,
}

impl RunningFilter {
    pub fn new(filter: &Filter) -> RunningFilter {
        RunningFilter { sections: filter.sections().to_vec(), state: Vec::new() }
    }

    /// The next filtered sample.
    pub fn push(&mut self, sample: f64) -> f64 {
        if self.state.is_empty() {
            self.state = self.sections.iter().map(|s| s.step_state.map(|z| z * sample)).collect();
        }
        self.sections.iter().zip(&mut self.state).fold(sample, |x, (section, state)| {
            let y = section.b[0] * x + state[0];
            state[0] = section.b[1] * x - section.a[0] * y + state[1];
            state[1] = section.b[2] * x - section.a[1] * y;
            y
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::filter::Pass;

    #[test]
    fn it_starts_without_a_step() {
        let filter = Filter::butterworth(Pass::High(1.0), 2, 200.0).expect("edges fit");
        let mut running = RunningFilter::new(&filter);
        assert!((0..50).all(|_| running.push(5000.0).abs() < 1e-6));
    }
}
