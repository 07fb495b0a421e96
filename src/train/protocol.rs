//! Evaluation protocols: which examples train, validate, tune and test (algorithms 5.4).

use super::crossval::TrainError;
use super::split::{Assignment, Fold, SplitError, assign, folds_of};
use super::trials::Trials;
use crate::prepare::dataset::Dataset;
use crate::signal::Seed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a data set is divided for an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Folds over trials, classes spread evenly.
    GroupedKfold { folds: usize },
    /// Leave one trial out.
    Loto,
    /// Leave one subject out.
    Loso,
    /// Leave one subject out, then train the last layer on a fifth of that subject's trials and test on the others.
    LosoTuned,
    /// The paper's form of it: the fifth is drawn from the subject's windows, so trials stand on both sides.
    LosoTunedWindows,
    /// Leave one video out: nobody's answer to the tested video was trained on.
    Lovo,
    /// Folds over windows, as in the papers: windows of one trial stand on both sides.
    WindowKfold { folds: usize },
}

/// Share of the held-out subject that tunes the last layer (Gagliardi et al. 2025).
pub const TUNING_SHARE: f64 = 0.2;

/// Share of the training windows that validates where windows are drawn singly.
const WINDOW_VALIDATION_SHARE: f64 = 0.1;

/// The names of all protocols, for help and errors.
pub const NAMES: [&str; 7] = ["grouped-kfold", "loto", "loso", "loso-ft", "loso-ft-windows", "lovo", "kfold-windows"];

impl Protocol {
    /// The protocol of that name; `folds` serves the k-fold ones.
    pub fn named(name: &str, folds: usize) -> Option<Protocol> {
        let all = [
            Protocol::GroupedKfold { folds },
            Protocol::Loto,
            Protocol::Loso,
            Protocol::LosoTuned,
            Protocol::LosoTunedWindows,
            Protocol::Lovo,
            Protocol::WindowKfold { folds },
        ];
        all.into_iter().find(|p| p.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Protocol::GroupedKfold { .. } => NAMES[0],
            Protocol::Loto => NAMES[1],
            Protocol::Loso => NAMES[2],
            Protocol::LosoTuned => NAMES[3],
            Protocol::LosoTunedWindows => NAMES[4],
            Protocol::Lovo => NAMES[5],
            Protocol::WindowKfold { .. } => NAMES[6],
        }
    }

    /// "grouped 10-fold by trial".
    pub fn description(self) -> String {
        match self {
            Protocol::GroupedKfold { folds } => format!("grouped {folds}-fold by trial"),
            Protocol::Loto => "leave one trial out".into(),
            Protocol::Loso => "leave one subject out".into(),
            Protocol::LosoTuned => "leave one subject out, last layer tuned on a fifth of their trials".into(),
            Protocol::LosoTunedWindows => "leave one subject out, last layer tuned on a fifth of their windows".into(),
            Protocol::Lovo => "leave one video out".into(),
            Protocol::WindowKfold { folds } => format!("{folds}-fold over windows"),
        }
    }

    /// What must stand beside every number of a protocol whose two sides share trials; `None` for an honest one.
    pub fn leak(self) -> Option<&'static str> {
        match self {
            Protocol::WindowKfold { .. } => Some(
                "LEAKS: windows from one trial are in both training and test sets; this number does not estimate accuracy \
                 on new trials",
            ),
            Protocol::LosoTunedWindows => Some(
                "LEAKS: windows from one trial are in both tuning and test sets; this number does not estimate accuracy on \
                 new trials",
            ),
            _ => None,
        }
    }

    /// Whether single windows, not trials, are the unit of the paper's number.
    pub fn by_window(self) -> bool {
        self.leak().is_some()
    }
}

/// One training run of an evaluation. Indices into [`Dataset::examples`]; no index stands in two lists.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Shard {
    /// From 0.
    pub number: usize,
    /// Who or what is tested: "fold 3", "P07", "trial 4 of 018f...", "amusement-1.mp4".
    pub held_out: String,
    pub training: Vec<usize>,
    pub validation: Vec<usize>,
    /// What the last layer is tuned on; empty in most protocols.
    pub tuning: Vec<usize>,
    pub test: Vec<usize>,
}

/// The training runs of a protocol, a function of data and seed only.
///
/// # Errors
/// Fewer trials, subjects or videos than the protocol needs, one class only.
pub fn shards(dataset: &Dataset, protocol: Protocol, seed: u64) -> Result<Vec<Shard>, TrainError> {
    let trials = Trials::of(dataset)?;
    let first = |t: usize| &dataset.examples[trials.examples[t][0]];
    let count = trials.keys.len();
    let (assignment, names) = match protocol {
        Protocol::WindowKfold { folds } => return window_folds(dataset, folds, seed),
        Protocol::GroupedKfold { folds } => {
            let names = (1..=folds).map(|f| format!("fold {f}")).collect();
            (assign(&trials.keys, &trials.labels, folds, seed)?, names)
        }
        Protocol::Loto => grouped(&trials, "trial", |t| format!("trial {} of {}", trials.keys[t].1, trials.keys[t].0))?,
        Protocol::Loso | Protocol::LosoTuned | Protocol::LosoTunedWindows => {
            grouped(&trials, "subject", |t| first(t).participant.clone())?
        }
        Protocol::Lovo => {
            if (0..count).any(|t| first(t).stimulus.is_empty()) {
                return Err(SplitError::NoStimulus.into());
            }
            grouped(&trials, "video", |t| first(t).stimulus.clone())?
        }
    };
    let folds = folds_of(&trials.keys, &trials.labels, &assignment, seed)?;
    Ok(folds.iter().map(|fold| shard(fold, &trials, &names, protocol, seed)).collect())
}

/// One fold per different name, numbered in the order of the names.
fn grouped(trials: &Trials, what: &'static str, name: impl Fn(usize) -> String) -> Result<(Assignment, Vec<String>), SplitError> {
    let of_trial: Vec<String> = (0..trials.keys.len()).map(name).collect();
    let mut names = of_trial.clone();
    names.sort();
    names.dedup();
    if names.len() < 2 {
        return Err(SplitError::OneGroup { what, name: names.concat() });
    }
    let place = |name: &String| names.binary_search(name).unwrap_or(0);
    let assignment = trials.keys.iter().cloned().zip(of_trial.iter().map(place)).collect();
    Ok((assignment, names))
}

fn shard(fold: &Fold, trials: &Trials, names: &[String], protocol: Protocol, seed: u64) -> Shard {
    let mut draws = Seed::new(seed).fork(&format!("tuning {}", fold.number));
    let (mut tuning, mut test) = (Vec::new(), trials.examples_of(&fold.test));
    match protocol {
        Protocol::LosoTuned => {
            let (for_tuning, rest) = tuning_trials(&fold.test, &trials.labels, &mut draws);
            (tuning, test) = (trials.examples_of(&for_tuning), trials.examples_of(&rest));
        }
        Protocol::LosoTunedWindows => {
            draws.shuffle(&mut test);
            tuning = test.split_off(test.len() - (test.len() as f64 * TUNING_SHARE).round() as usize);
            tuning.sort_unstable();
            test.sort_unstable();
        }
        _ => {}
    }
    Shard {
        number: fold.number,
        held_out: names.get(fold.number).cloned().unwrap_or_else(|| format!("fold {}", fold.number + 1)),
        training: trials.examples_of(&fold.training),
        validation: trials.examples_of(&fold.validation),
        tuning,
        test,
    }
}

/// A fifth of a subject's trials, one of every class that can spare one first, and the rest. A class never gives its
/// last trial, so that all that the subject has are tested.
fn tuning_trials(of_subject: &[usize], labels: &[usize], draws: &mut Seed) -> (Vec<usize>, Vec<usize>) {
    let wanted = ((of_subject.len() as f64 * TUNING_SHARE).round() as usize).max(1);
    let mut by_label: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    of_subject.iter().for_each(|&t| by_label.entry(labels[t]).or_default().push(t));
    by_label.values_mut().for_each(|group| draws.shuffle(group));
    let mut tuning = Vec::new();
    while tuning.len() < wanted {
        let before = tuning.len();
        for group in by_label.values_mut().filter(|g| g.len() > 1) {
            if tuning.len() < wanted || before == 0 {
                tuning.extend(group.pop());
            }
        }
        if tuning.len() == before {
            break;
        }
    }
    let mut rest: Vec<usize> = by_label.into_values().flatten().collect();
    tuning.sort_unstable();
    rest.sort_unstable();
    (tuning, rest)
}

fn window_folds(dataset: &Dataset, folds: usize, seed: u64) -> Result<Vec<Shard>, TrainError> {
    let count = dataset.examples.len();
    if folds < 2 {
        return Err(SplitError::TooFewFolds(folds).into());
    }
    if count < folds {
        return Err(SplitError::TooFew { folds, trials: count }.into());
    }
    let mut order: Vec<usize> = (0..count).collect();
    Seed::new(seed).fork("window folds").shuffle(&mut order);
    let shards = (0..folds).map(|number| {
        let mut test: Vec<usize> = order.iter().copied().skip(number).step_by(folds).collect();
        let mut training: Vec<usize> =
            (0..folds).filter(|f| *f != number).flat_map(|f| order.iter().copied().skip(f).step_by(folds)).collect();
        let kept = training.len() - (training.len() as f64 * WINDOW_VALIDATION_SHARE).round() as usize;
        let mut validation = training.split_off(kept.max(1));
        [&mut training, &mut validation, &mut test].into_iter().for_each(|part| part.sort_unstable());
        Shard { number, held_out: format!("fold {}", number + 1), training, validation, tuning: Vec::new(), test }
    });
    Ok(shards.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::dataset::{Example, Recipe, Target};
    use std::collections::BTreeSet;

    /// `people` who watch the same `videos`, of two classes, `windows` each.
    fn dataset(people: usize, videos: usize, windows: usize) -> Dataset {
        let mut examples = Vec::new();
        for (person, video, window) in
            (0..people).flat_map(|p| (0..videos).flat_map(move |v| (0..windows).map(move |w| (p, v, w))))
        {
            examples.push(Example {
                features: vec![0.0; 16],
                label: video % 2,
                participant: format!("P{person:02}"),
                session: format!("s{person}"),
                trial: video as u32 + 1,
                stimulus: format!("v{video}"),
                time: window as f64,
            });
        }
        let recipe = Recipe { kind: "face".into(), channels: vec![], bands: vec![], parameters: Default::default() };
        Dataset { recipe, target: Target::Intended, classes: vec!["a".into(), "b".into()], examples, simulated: true }
    }

    fn all(folds: usize) -> Vec<Protocol> {
        NAMES.iter().filter_map(|name| Protocol::named(name, folds)).collect()
    }

    #[test]
    fn every_name_is_a_protocol_and_back() {
        assert_eq!(all(5).iter().map(|p| p.name()).collect::<Vec<_>>(), NAMES);
        assert_eq!(Protocol::named("bootstrap", 5), None);
    }

    /// In every protocol the parts are disjoint; where it does not say that it leaks, they share no trial either.
    #[test]
    fn a_protocol_leaks_exactly_when_it_says_so() {
        let data = dataset(5, 8, 6);
        let trial = |i: &usize| (data.examples[*i].session.clone(), data.examples[*i].trial);
        for protocol in all(5) {
            let mut shared = false;
            let mut tested = 0;
            for shard in shards(&data, protocol, 3).expect("enough of everything") {
                let seen: Vec<usize> = [shard.training.clone(), shard.validation.clone(), shard.tuning.clone()].concat();
                let seen_once: BTreeSet<_> = seen.iter().collect();
                assert_eq!(seen_once.len(), seen.len(), "{protocol:?}");
                assert!(shard.test.iter().all(|i| !seen_once.contains(i)) && !shard.training.is_empty());
                let trials: BTreeSet<_> = seen.iter().map(trial).collect();
                shared |= shard.test.iter().any(|i| trials.contains(&trial(i)));
                tested += shard.test.len();
            }
            assert_eq!(shared, protocol.leak().is_some(), "{protocol:?}");
            let tuned = matches!(protocol, Protocol::LosoTuned | Protocol::LosoTunedWindows);
            assert!(if tuned { tested < data.examples.len() } else { tested == data.examples.len() }, "{protocol:?}");
        }
    }

    #[test]
    fn subjects_and_videos_are_left_out_whole() {
        let data = dataset(4, 6, 3);
        let held = |protocol| shards(&data, protocol, 1).expect("fits").iter().map(|s| s.held_out.clone()).collect::<Vec<_>>();
        assert_eq!(held(Protocol::Loso), ["P00", "P01", "P02", "P03"]);
        assert_eq!(held(Protocol::Lovo), ["v0", "v1", "v2", "v3", "v4", "v5"]);
        assert_eq!(held(Protocol::Loto).len(), 24);
        for shard in shards(&data, Protocol::LosoTuned, 1).expect("fits") {
            let labels: BTreeSet<usize> = shard.tuning.iter().map(|&i| data.examples[i].label).collect();
            assert_eq!((labels.len(), shard.tuning.len(), shard.test.len()), (2, 6, 12));
        }
    }

    #[test]
    fn one_subject_or_unknown_videos_are_named() {
        let error = shards(&dataset(1, 6, 2), Protocol::Loso, 1).expect_err("one subject").to_string();
        assert!(error.contains("subject") && error.contains("P00"), "{error}");
        let mut data = dataset(2, 6, 2);
        data.examples[0].stimulus.clear();
        assert!(shards(&data, Protocol::Lovo, 1).is_err());
    }
}
