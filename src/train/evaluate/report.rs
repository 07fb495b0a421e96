//! From the answers of all runs to the numbers of a protocol, with everything that must stand beside them.

use super::ShardAnswers;
use crate::infer::calibrate::softmax;
use crate::infer::predict::pooled;
use crate::prepare::dataset::{Dataset, Target};
use crate::train::card::Scores;
use crate::train::protocol::Protocol;
use crate::train::score::{
    ClassScore, FEWEST_PEOPLE, accuracy, argmax, clustered_interval, macro_average, per_class, scores, weighted_average,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Bins of the reliability table.
const BINS: usize = 10;

/// Precision, recall and F1 of a class by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassLine {
    pub class: String,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    pub support: usize,
}

/// One run: who was held out and how well they were answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShardLine {
    pub held_out: String,
    /// Trials tested, or windows where the protocol counts windows.
    pub tested: usize,
    pub accuracy: f64,
    pub epochs: u32,
}

/// Answers whose confidence lies in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Mean confidence and share correct.
    pub confidence: f64,
    pub accuracy: f64,
    pub count: usize,
}

/// Everything about one protocol on one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    pub protocol: Protocol,
    /// "grouped 10-fold by trial".
    pub description: String,
    /// The sentence that must stand wherever a number of this evaluation is shown.
    pub leak: Option<String>,
    pub target: Target,
    pub classes: Vec<String>,
    pub network: String,
    pub parameters: usize,
    pub recipe: String,
    pub seed: u64,
    pub participants: usize,
    pub trials: usize,
    pub windows: usize,
    /// "trial" or "window": what the scores count.
    pub unit: String,
    /// By that unit. The interval draws single units again; see `clustered_interval`. No permutation p by window,
    /// since windows of one trial are not exchangeable.
    pub scores: Scores,
    /// 95 % interval of the accuracy, participants drawn again; `None` with too few of them, or where all score the same.
    pub clustered_interval: Option<(f64, f64)>,
    /// Accuracy of single windows.
    pub window_accuracy: f64,
    pub per_class: Vec<ClassLine>,
    pub macro_average: ClassLine,
    pub weighted_average: ClassLine,
    /// Mean and standard deviation of the runs' accuracies, the papers' form.
    pub mean: f64,
    pub sd: f64,
    pub shards: Vec<ShardLine>,
    pub reliability: Vec<Reliability>,
    /// Expected calibration error over those bins.
    pub calibration_error: f64,
    pub simulated: bool,
    pub limbic_version: String,
    pub caveats: Vec<String>,
}

/// One tested unit.
struct Answer {
    label: usize,
    predicted: usize,
    confidence: f64,
    participant: usize,
}

/// The evaluation that `answers` (of all runs of the protocol) make. Empty answers give zeros, not NaN.
pub fn summarise(dataset: &Dataset, protocol: Protocol, answers: &[ShardAnswers], seed: u64) -> Evaluation {
    let classes = dataset.classes.len();
    let windows: Vec<Vec<Answer>> = answers.iter().map(|a| by_window(dataset, a)).collect();
    let trials: Vec<Vec<Answer>> = answers.iter().map(|a| by_trial(dataset, a)).collect();
    let counted = if protocol.by_window() { &windows } else { &trials };
    let all: Vec<&Answer> = counted.iter().flatten().collect();
    let (truth, predicted): (Vec<usize>, Vec<usize>) = all.iter().map(|a| (a.label, a.predicted)).unzip();
    let mut scored = scores(&truth, &predicted, classes, seed);
    if protocol.by_window() {
        scored.permutation_p = None;
    }
    let hits: Vec<bool> = all.iter().map(|a| a.label == a.predicted).collect();
    let people: Vec<usize> = all.iter().map(|a| a.participant).collect();
    let interval = clustered_interval(&hits, &people, seed);
    let of_class = per_class(&scored.confusion);
    let line = |class: &str, s: &ClassScore| ClassLine {
        class: class.into(),
        precision: s.precision,
        recall: s.recall,
        f1: s.f1,
        support: s.support,
    };
    let shards: Vec<ShardLine> = answers.iter().zip(counted).map(|(a, tested)| shard_line(a, tested)).collect();
    let (mean, sd) = mean_sd(&shards.iter().map(|s| s.accuracy).collect::<Vec<_>>());
    let (reliability, calibration_error) = reliability(&all);
    let (first, flat) = (answers.first(), windows.iter().flatten().collect::<Vec<_>>());
    Evaluation {
        protocol,
        description: protocol.description(),
        leak: protocol.leak().map(String::from),
        target: dataset.target,
        classes: dataset.classes.clone(),
        network: first.map(|a| a.network.clone()).unwrap_or_default(),
        parameters: first.map_or(0, |a| a.parameters),
        recipe: dataset.recipe.id(),
        seed,
        participants: participants(dataset).len(),
        trials: dataset.trials().len(),
        windows: dataset.examples.len(),
        unit: if protocol.by_window() { "window" } else { "trial" }.into(),
        scores: scored,
        clustered_interval: interval,
        window_accuracy: flat.iter().filter(|a| a.label == a.predicted).count() as f64 / flat.len().max(1) as f64,
        per_class: dataset.classes.iter().zip(&of_class).map(|(c, s)| line(c, s)).collect(),
        macro_average: line("macro average", &macro_average(&of_class)),
        weighted_average: line("weighted average", &weighted_average(&of_class)),
        mean,
        sd,
        shards,
        reliability,
        calibration_error,
        simulated: dataset.simulated,
        limbic_version: env!("CARGO_PKG_VERSION").into(),
        caveats: caveats(dataset, &truth, classes).into_iter().chain(no_interval(&people, interval)).collect(),
    }
}

fn shard_line(answers: &ShardAnswers, tested: &[Answer]) -> ShardLine {
    let (truth, predicted): (Vec<usize>, Vec<usize>) = tested.iter().map(|a| (a.label, a.predicted)).unzip();
    ShardLine {
        held_out: answers.held_out.clone(),
        tested: tested.len(),
        accuracy: accuracy(&truth, &predicted),
        epochs: answers.epochs,
    }
}

/// Codes of the participants, sorted.
fn participants(dataset: &Dataset) -> Vec<&str> {
    let mut codes: Vec<&str> = dataset.examples.iter().map(|e| e.participant.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn answer(dataset: &Dataset, example: usize, probabilities: &[f64]) -> Answer {
    let example = &dataset.examples[example];
    let predicted = argmax(probabilities);
    let confidence = probabilities.get(predicted).copied().unwrap_or(0.0);
    let participant = participants(dataset).binary_search(&example.participant.as_str()).unwrap_or(0);
    Answer { label: example.label, predicted, confidence, participant }
}

fn by_window(dataset: &Dataset, answers: &ShardAnswers) -> Vec<Answer> {
    let rows = answers.logits.chunks_exact(dataset.classes.len().max(1));
    answers.test.iter().zip(rows).map(|(&i, row)| answer(dataset, i, &softmax(row, answers.temperature))).collect()
}

/// The tested windows of each trial pooled by their geometric mean.
fn by_trial(dataset: &Dataset, answers: &ShardAnswers) -> Vec<Answer> {
    let classes = dataset.classes.len().max(1);
    let mut of_trial: BTreeMap<(&str, u32), (usize, Vec<f32>)> = BTreeMap::new();
    for (&i, row) in answers.test.iter().zip(answers.logits.chunks_exact(classes)) {
        let example = &dataset.examples[i];
        of_trial.entry((&example.session, example.trial)).or_insert((i, Vec::new())).1.extend_from_slice(row);
    }
    let pool = |(i, logits): (usize, Vec<f32>)| pooled(&logits, classes, answers.temperature).map(|p| answer(dataset, i, &p));
    of_trial.into_values().filter_map(pool).collect()
}

/// Mean and sample standard deviation; 0 where there is none.
fn mean_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len();
    if n == 0 {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 })
}

/// Bins of equal width over the confidence, empty ones left out, and the expected calibration error (Guo et al. 2017).
fn reliability(answers: &[&Answer]) -> (Vec<Reliability>, f64) {
    let mut bins = [(0.0, 0usize, 0usize); BINS];
    for answer in answers {
        let bin = &mut bins[((answer.confidence * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += answer.confidence;
        bin.1 += usize::from(answer.label == answer.predicted);
        bin.2 += 1;
    }
    let filled = bins.iter().filter(|b| b.2 > 0).map(|&(sum, hits, count)| Reliability {
        confidence: sum / count as f64,
        accuracy: hits as f64 / count as f64,
        count,
    });
    let table: Vec<Reliability> = filled.collect();
    let total = answers.len().max(1) as f64;
    let error = table.iter().map(|r| r.count as f64 / total * (r.accuracy - r.confidence).abs()).sum();
    (table, error)
}

fn caveats(dataset: &Dataset, truth: &[usize], classes: usize) -> Vec<String> {
    let mut caveats = Vec::new();
    if dataset.simulated {
        caveats.push("SIMULATED data: the scores say nothing about people.".to_string());
    }
    if participants(dataset).len() == 1 {
        caveats.push("One participant: the scores say nothing about other people.".to_string());
    }
    let untested: Vec<&str> = (0..classes).filter(|c| !truth.contains(c)).map(|c| dataset.classes[c].as_str()).collect();
    if !untested.is_empty() {
        caveats.push(format!("No tested example of {}; balanced accuracy is over the other classes.", untested.join(", ")));
    }
    caveats
}

/// Why there is no interval by person, where there is none.
fn no_interval(people: &[usize], interval: Option<(f64, f64)>) -> Option<String> {
    let tested = people.iter().collect::<BTreeSet<_>>().len();
    match tested {
        _ if interval.is_some() => None,
        0 => None,
        n if n < FEWEST_PEOPLE => {
            Some(format!("Too few people for an interval: {n} tested, {FEWEST_PEOPLE} or more are needed."))
        }
        n => Some(format!("All {n} people score the same, so that drawing them again gives no interval.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::dataset::{Example, Recipe};

    /// Two people, two trials each, two windows a trial; label = parity of the trial.
    fn dataset() -> Dataset {
        let examples = (0..8usize).map(|i| Example {
            features: vec![0.0],
            label: i / 2 % 2,
            participant: format!("P{}", i / 4),
            session: format!("s{}", i / 4),
            trial: (i / 2) as u32,
            stimulus: String::new(),
            time: (i % 2) as f64,
        });
        let recipe = Recipe { kind: "psd".into(), channels: vec![], bands: vec![], parameters: Default::default() };
        let (classes, examples) = (vec!["low".into(), "high".into()], examples.collect());
        Dataset { recipe, target: Target::Valence, classes, examples, simulated: true }
    }

    fn answers(number: usize, test: Vec<usize>, logits: Vec<f32>) -> ShardAnswers {
        ShardAnswers {
            number,
            held_out: format!("P{number}"),
            test,
            logits,
            temperature: 1.0,
            epochs: 3,
            best_epoch: 2,
            network: "n".into(),
            parameters: 1,
        }
    }

    /// The first person is answered right by trial though one window is wrong; the second is all wrong.
    #[test]
    fn trials_and_windows_are_counted_apart() {
        let right = answers(0, vec![0, 1, 2, 3], vec![3.0, 0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 3.0]);
        let wrong = answers(1, vec![4, 5, 6, 7], vec![0.0, 2.0, 0.0, 2.0, 2.0, 0.0, 2.0, 0.0]);
        let all = summarise(&dataset(), Protocol::Loso, &[right, wrong], 1);
        assert_eq!((all.scores.accuracy, all.scores.trials, all.window_accuracy), (0.5, 4, 3.0 / 8.0));
        assert_eq!((all.mean, all.shards[0].accuracy, all.shards[1].accuracy), (0.5, 1.0, 0.0));
        assert!((all.sd - 0.5f64.sqrt()).abs() < 1e-12);
        assert_eq!(all.scores.confusion, [[1, 1], [1, 1]]);
        assert_eq!(all.clustered_interval, None);
        assert!(all.caveats.iter().any(|c| c == "Too few people for an interval: 2 tested, 6 or more are needed."));
        assert!(
            (all.calibration_error
                - all.reliability.iter().map(|r| r.count as f64 / 4.0 * (r.accuracy - r.confidence).abs()).sum::<f64>())
            .abs()
                < 1e-12
        );
        assert!(all.leak.is_none() && all.caveats[0].contains("SIMULATED"));
    }

    #[test]
    fn a_leaking_protocol_counts_windows_says_so_and_has_no_p() {
        let one = answers(0, (0..8).collect(), [2.0, 0.0].repeat(8));
        let all = summarise(&dataset(), Protocol::WindowKfold { folds: 2 }, &[one], 1);
        assert_eq!((all.unit.as_str(), all.scores.trials, all.scores.permutation_p), ("window", 8, None));
        assert!(all.leak.is_some_and(|l| l.contains("LEAKS")));
        assert_eq!(no_interval(&[0, 1, 2, 3, 4, 5], Some((0.4, 0.6))), None);
        assert!(no_interval(&[0, 1, 2, 3, 4, 5], None).is_some_and(|why| why.contains("All 6 people score the same")));
        let nothing = summarise(&dataset(), Protocol::Loso, &[], 1);
        assert_eq!((nothing.scores.accuracy, nothing.mean, nothing.calibration_error), (0.0, 0.0, 0.0));
    }
}
