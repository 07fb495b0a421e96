//! Beats that were missed, invented or misplaced, put right before heart-rate variability is measured
//! (algorithms 2.3; the default method is described and measured in docs/beat-correction.md).

use super::{PLAUSIBLE_S, inverse_gaussian, two_sided};
use serde::{Deserialize, Serialize};

/// How beats are corrected; belongs in the provenance of every feature made from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeatMethod {
    /// Beats stay as they were found.
    None,
    /// The reference of algorithms 2.3: greedy, from the past alone.
    InverseGaussian,
    /// Edits are weighed, and new beats placed, by an autoregressive model of the intervals on both sides.
    #[default]
    TwoSided,
}

/// What was done to a beat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum EditKind {
    /// So many beats were put in before this one.
    Missed { beats: usize },
    /// The beat was taken out.
    Extra,
    /// The beat was moved by so many seconds.
    Moved { by: f64 },
}

/// One change, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Time of the beat as it was found, s.
    pub at: f64,
    #[serde(flatten)]
    pub kind: EditKind,
}

/// Whether measures of variability can be believed (algorithms 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HrvQuality {
    Good,
    /// More than 5 % of the beats were corrected: "HRV doubtful".
    Doubtful,
    /// More than 20 %: no brain-heart measure is made from it.
    Excluded,
}

/// Corrected beats and how they came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// s, ascending.
    pub beats: Vec<f64>,
    /// In order of time.
    pub edits: Vec<Edit>,
    pub method: BeatMethod,
    /// Edited beats over found ones, 0-1.
    pub share: f64,
    /// Intervals outside 0.3-2 s that no edit explains: pauses in the signal, or a heart that needs a physician.
    pub implausible: usize,
}

impl Corrected {
    pub fn quality(&self) -> HrvQuality {
        match self.share {
            share if share > 0.2 => HrvQuality::Excluded,
            share if share > 0.05 => HrvQuality::Doubtful,
            _ => HrvQuality::Good,
        }
    }

    /// The sentence for the report.
    pub fn say(&self) -> String {
        let word = match self.quality() {
            HrvQuality::Good => "",
            HrvQuality::Doubtful => ": HRV doubtful",
            HrvQuality::Excluded => ": excluded from brain-heart measures",
        };
        let percent = 100.0 * self.share;
        format!("{} of {} beats corrected ({percent:.1} %){word}", self.edited(), self.found())
    }

    fn edited(&self) -> usize {
        edited(&self.edits)
    }

    fn found(&self) -> usize {
        let change: isize = self.edits.iter().map(|e| e.kind.added()).sum();
        self.beats.len().saturating_add_signed(-change)
    }
}

impl EditKind {
    /// Beats more than before.
    fn added(self) -> isize {
        match self {
            EditKind::Missed { beats } => beats as isize,
            EditKind::Extra => -1,
            EditKind::Moved { .. } => 0,
        }
    }
}

fn edited(edits: &[Edit]) -> usize {
    edits.iter().map(|e| if let EditKind::Missed { beats } = e.kind { beats } else { 1 }).sum()
}

/// Corrects beats in s, ascending. Values that are no numbers or do not rise are taken out first, as extra beats.
pub fn correct(beats: &[f64], method: BeatMethod) -> Corrected {
    let (clean, mut edits) = rising(beats);
    let (beats, made) = match method {
        BeatMethod::None => (clean, Vec::new()),
        BeatMethod::InverseGaussian => inverse_gaussian::correct(&clean),
        BeatMethod::TwoSided => two_sided::correct(&clean),
    };
    let found = clean_count(&beats, &made, edits.len());
    edits.extend(made);
    edits.sort_by(|a, b| a.at.total_cmp(&b.at));
    let implausible = beats.windows(2).filter(|pair| !PLAUSIBLE_S.contains(&(pair[1] - pair[0]))).count();
    Corrected { share: edited(&edits) as f64 / found.max(1) as f64, beats, edits, method, implausible }
}

/// Beats that were given, from those that remain.
fn clean_count(beats: &[f64], made: &[Edit], dropped: usize) -> usize {
    let change: isize = made.iter().map(|e| e.kind.added()).sum();
    beats.len().saturating_add_signed(-change) + dropped
}

fn rising(beats: &[f64]) -> (Vec<f64>, Vec<Edit>) {
    let (mut clean, mut edits): (Vec<f64>, Vec<Edit>) = (Vec::with_capacity(beats.len()), Vec::new());
    for &beat in beats {
        if beat.is_finite() && clean.last().is_none_or(|last| beat > *last) {
            clean.push(beat);
        } else {
            edits.push(Edit { at: beat, kind: EditKind::Extra });
        }
    }
    (clean, edits)
}
