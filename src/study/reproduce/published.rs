//! What the two papers report, and what must be said when it is compared with.

use super::{Experiment, Part, Reproduction};
use crate::train::evaluate::Evaluation;
use serde::Serialize;

/// One number of a paper.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The protocol's name here; "faces" for face pictures.
    pub protocol: &'static str,
    /// As the paper prints it, per cent.
    pub accuracy: &'static str,
    /// Where it stands and how it came about.
    pub about: &'static str,
}

/// The papers' accuracies, as far as their texts give them for all targets together.
pub fn figures(experiment: Experiment) -> Vec<Figure> {
    let figure = |protocol, accuracy, about| Figure { protocol, accuracy, about };
    match experiment {
        Experiment::Gagliardi => vec![
            figure("kfold-windows", "97-98", "10 folds over windows: one trial's windows stand on both sides"),
            figure("loto", "86 +- 27", "leave one trial out; other trials of the person and the video stay in training"),
            figure("loso", "60-67", "leave one subject out"),
        ],
        Experiment::Thanh => vec![
            figure("kfold-windows", "98.7", "the abstract: EEG of 7 men, segments of one recording on both sides"),
            figure("faces", "92.5", "the abstract: four classes of RAF-DB, one 80 to 20 division"),
        ],
    }
}

/// The paper's number for an evaluation; None where it reports none.
pub fn beside<'a>(figures: &'a [Figure], evaluation: &Evaluation, faces: bool) -> Option<&'a Figure> {
    let name = if faces { "faces" } else { evaluation.protocol.name() };
    figures.iter().find(|f| f.protocol == name)
}

/// What must be read with the tables.
pub(super) fn warnings(made: &Reproduction, simulated: bool) -> Vec<String> {
    let mut said = Vec::new();
    if simulated {
        said.push("SIMULATED: these recordings are of no human being; no number here says anything about emotion".into());
    }
    let all: Vec<&Evaluation> = made.parts.iter().flat_map(|p| &p.evaluations).collect();
    if all.iter().any(|e| e.leak.is_some()) {
        said.push(
            "numbers marked LEAKS count windows of trials that were also trained on: random folds over windows reach 99.7 % on \
             pure noise (algorithms 5.4), so neither the paper's nor these estimate accuracy on new trials"
                .into(),
        );
    }
    for e in all.iter().filter(|e| e.scores.permutation_p.is_some_and(|p| p > 0.05)).take(1) {
        said.push(format!(
            "{} and others are not told apart from labels at random (p {:.2}): the numbers stand for chance",
            e.description,
            e.scores.permutation_p.unwrap_or(1.0)
        ));
    }
    match made.experiment {
        Experiment::Gagliardi => said.push(
            "DEAP has no ECG: its brain-heart interplay is made of the plethysmograph's pulse intervals; binary classes are \
             divided at 4.5 of the raw rating"
                .into(),
        ),
        Experiment::Thanh => {
            said.push(
                "the paper gives no accuracy of the fused prediction; fusing needs sessions with EEG and face video of the same \
                 trials, which EEG data and a folder of pictures are not"
                    .into(),
            );
            said.push(
                "the pictures of RAF-DB's training and test parts are pooled and divided 80 to 20 five times, as the paper \
                 divides; RAF-DB's own test part is not kept apart"
                    .into(),
            );
        }
    }
    let refused = |p: &Part| p.refused.as_ref().map(|why| format!("{}: {why}", p.features));
    said.extend(made.parts.iter().chain(&made.faces).filter_map(refused));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_names_a_protocol_that_exists() {
        for experiment in [Experiment::Gagliardi, Experiment::Thanh] {
            for figure in figures(experiment) {
                let known = crate::train::protocol::Protocol::named(figure.protocol, 10).is_some();
                assert!(known || figure.protocol == "faces", "{figure:?}");
            }
        }
    }
}
