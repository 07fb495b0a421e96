//! What the cleaning chain did: for the provenance, and in sentences for the experimenter.

use super::bad::BadChannel;
use super::components::{Finding, Kind};
use super::wica::Treated;
use serde::{Deserialize, Serialize};

/// What the chain did, for the provenance and for the experimenter's eye.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CleaningLog {
    pub bad: Vec<BadChannel>,
    /// Labels of the bad channels that were interpolated.
    pub interpolated: Vec<String>,
    /// Components of the first decomposition, and those that wavelets treated.
    pub components: usize,
    pub treated: Vec<Treated>,
    /// Components of the second decomposition that were taken for eyes or heart, or that the caller named.
    pub findings: Vec<Finding>,
    /// Rounds that the two searches took, and whether they settled.
    pub rounds: Vec<(usize, bool)>,
    pub notes: Vec<String>,
}

impl CleaningLog {
    /// The log in sentences.
    pub fn say(&self) -> Vec<String> {
        let mut lines = self.notes.clone();
        for bad in &self.bad {
            lines.push(format!("{} is bad: {}", bad.label, bad.reason.say()));
        }
        if !self.interpolated.is_empty() {
            lines.push(format!("interpolated: {}", self.interpolated.join(", ")));
        }
        for t in &self.treated {
            let kept = 100.0 * t.retained;
            lines.push(format!(
                "component {} treated by wavelets (kurtosis {:.1}, peak {:.0} SD): {kept:.0} % of it stays",
                t.component, t.excess_kurtosis, t.peak_sd
            ));
        }
        for f in &self.findings {
            let what = match f.kind {
                Kind::Ocular => format!("ocular (r {:.2} with {}, largest at {})", f.r, f.reference, f.site),
                Kind::Cardiac => format!("cardiac ({:.0} x the energy of chance, largest at {})", f.cardiac_ratio, f.site),
                Kind::Named => format!("named by the experimenter (largest at {})", f.site),
            };
            let done = if f.removed { "removed" } else { "kept" };
            lines.push(format!("component {} {what}: {done}, {:.1} % of the variance stays", f.component, 100.0 * f.retained));
        }
        if let Some((rounds, _)) = self.rounds.iter().find(|(_, settled)| !settled) {
            lines.push(format!(
                "the search for components ended after {rounds} rounds without settling (near-Gaussian ones do not)"
            ));
        }
        lines
    }
}
