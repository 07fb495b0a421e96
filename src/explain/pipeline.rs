//! From networks and their held-out samples to the report: attributions, curves, Quality Test, words, caveats.

use crate::explain::fits::fit;
use crate::explain::pool::{Fold, Pool};
use crate::explain::quality_test::{Bench, choose};
use crate::explain::recognition::Recognition;
use crate::explain::report::{ClassExplanation, ExplanationReport};
use crate::explain::{
    ExplainError, Explainer, Features, Metric, Names, Options, TestSet, curves, options, sanity, sensitivity, words,
};
use crate::job::Job;
use crate::signal::{Seed, position_of};
use crate::train::Differentiable;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Explains one network on its held-out samples. The same seed gives the same report.
///
/// # Errors
/// A test set that does not fit the network or the names, an explainer that lacks something, a stop request.
pub fn explain(
    network: &dyn Differentiable,
    test: &TestSet,
    names: &Names,
    options: &Options,
    job: &Job,
) -> Result<ExplanationReport, ExplainError> {
    explain_folds(&[(network, test)], names, options, job)
}

/// Explains the networks of several folds together: every sample is attributed by the network that never saw its
/// trial; a class has one map, one ranking and one curve, pooled over all its samples.
///
/// # Errors
/// As [`explain`].
pub fn explain_folds(
    folds: &[(&dyn Differentiable, &TestSet)],
    names: &Names,
    options: &Options,
    job: &Job,
) -> Result<ExplanationReport, ExplainError> {
    fit(folds, names)?;
    let run = Run {
        folds,
        names,
        options,
        explainers: options.chosen()?,
        weights: options.normalised_weights()?,
        points: curves::points(changed(folds, names, options), options.features_per_step),
        blank: blank_classes(folds),
        recognition: Recognition::of(folds, names.classes.len(), job)?,
        begun: AtomicU64::new(0),
        job,
    };
    // Classes know nothing of each other, and much of the work in one of them has a single thread.
    let explained: Vec<_> = (0..names.classes.len()).into_par_iter().map(|class| run.class(class)).collect();
    let (mut notes, mut checks, mut classes) = (BTreeSet::new(), Vec::new(), Vec::new());
    for explained in explained {
        let Explained { class, notes: noted, checks: checked } = explained?;
        notes.extend(noted);
        checks.extend(checked);
        classes.push(class);
    }
    let caveats = run.caveats(&classes, notes);
    Ok(ExplanationReport {
        model: names.model.clone(),
        recipe: names.recipe.clone(),
        channels: names.channels.clone(),
        bands: names.bands.clone(),
        classes,
        metric: options.metric.name().into(),
        seed: options.seed,
        simulated: names.simulated,
        caveats,
        checks,
        images: pictures(folds, names),
    })
}

/// The mean input of every class where the channels are no electrodes, so that maps can be drawn over it.
fn pictures(folds: &[Fold], names: &Names) -> Vec<Vec<f32>> {
    if names.channels.iter().any(|c| position_of(c).is_some()) {
        return Vec::new();
    }
    let mean = |class| {
        let pool = Pool::of(folds, class, names.bands.len());
        curves::mean(&pool.features, pool.width())
    };
    (0..names.classes.len()).map(mean).collect()
}

/// How many values a curve changes.
fn changed(folds: &[Fold], names: &Names, options: &Options) -> usize {
    match options.features {
        Features::Electrodes => names.channels.len() * names.bands.len(),
        Features::All => folds.first().map_or(0, |f| f.0.input_len()),
    }
}

/// Per class: some network predicts the zero input as it.
fn blank_classes(folds: &[Fold]) -> BTreeSet<usize> {
    folds.iter().map(|(network, _)| options::predicted(&network.logits(&vec![0.0; network.input_len()], 1))).collect()
}

/// Fewer trials of a class than this are few.
const FEW_TRIALS: usize = 6;
/// Pairs of Expected Gradients in the full measure (algorithms section 6).
const FULL_PAIRS: usize = 200;

struct Run<'a> {
    folds: &'a [Fold<'a>],
    names: &'a Names,
    options: &'a Options,
    explainers: Vec<&'static dyn Explainer>,
    weights: [f64; 3],
    points: Vec<usize>,
    blank: BTreeSet<usize>,
    recognition: Recognition,
    /// Units of work begun, in all classes.
    begun: AtomicU64,
    job: &'a Job,
}

/// What came of one class.
struct Explained {
    class: ClassExplanation,
    notes: Vec<String>,
    checks: Vec<String>,
}

impl Run<'_> {
    /// Says what comes next; a class is one unit of work per explainer's maps, one per its curves, one for the control.
    fn report(&self, class: usize, what: &str) -> Result<(), ExplainError> {
        let total = self.names.classes.len() * (2 * self.explainers.len() + 1);
        let done = self.begun.fetch_add(1, Ordering::Relaxed).min(total as u64 - 1);
        let detail = format!("{}: {what}", self.names.classes[class]);
        Ok(self.job.report_with("explain", done, total as u64, &detail)?)
    }

    /// A class before anything is known but its samples.
    fn unexplained(&self, class: usize, pool: &Pool, recall: f64) -> ClassExplanation {
        ClassExplanation {
            class: self.names.classes[class].clone(),
            samples: pool.len(),
            trials: pool.trial_count(),
            recall,
            explainers: Vec::new(),
            random: None,
            random_ausc: None,
            random_interval: None,
            winner: None,
            verdict: "no test samples of this class".into(),
            blank_is_this_class: self.blank.contains(&class),
            words: String::new(),
        }
    }

    fn class(&self, class: usize) -> Result<Explained, ExplainError> {
        let (mut notes, mut checks) = (Vec::new(), Vec::new());
        let everyone = Pool::of(self.folds, class, self.names.bands.len());
        let mut seed = Seed::new(self.options.seed).fork(&format!("explained samples of class {class}"));
        let limit = self.options.samples_per_class.unwrap_or(usize::MAX).max(1);
        let pool = everyone.at_most(limit, &mut seed);
        let mut explanation = self.unexplained(class, &pool, everyone.recall(self.job)?);
        if pool.len() == 0 {
            return Ok(Explained { class: explanation, notes, checks });
        }
        let (options, weights, points, job) = (self.options, self.weights, &self.points, self.job);
        let bands = self.names.bands.len();
        let all = (options.metric == Metric::Accuracy)
            .then(|| Pool::everyone(self.folds, class, bands).at_most(limit.saturating_mul(self.names.classes.len()), &mut seed));
        let bench = Bench { pool: &pool, scored: all.as_ref().unwrap_or(&pool), options, weights, points, job };
        let mut all_maps = Vec::with_capacity(self.explainers.len());
        let mut impossible = None;
        for explainer in &self.explainers {
            self.report(class, explainer.name())?;
            let (attributed, remarks) = match pool.attributions(*explainer, options, job) {
                Err(error) if error.is_of_one_explainer() && self.explainers.len() > 1 => {
                    notes.push(format!("{} was left out: {error}", explainer.name()));
                    impossible = Some(error);
                    continue;
                }
                other => other?,
            };
            if attributed.maps.iter().any(|v| !v.is_finite()) {
                return Err(ExplainError::NotFinite(explainer.name().into(), explanation.class));
            }
            notes.extend(remarks.into_iter().map(|r| format!("{}: {r}", explanation.class)));
            self.report(class, &format!("{}, deletion and insertion", explainer.name()))?;
            let result = bench.measure(explainer.name(), &attributed)?;
            if result.map.iter().all(|v| *v == 0.0) {
                notes
                    .push(format!("{}: the map of {} is zero everywhere and ranks nothing", explanation.class, result.explainer));
            }
            explanation.explainers.push(result);
            all_maps.push(attributed);
        }
        // With every one of them left out there is nothing to report on.
        if let Some(error) = impossible.filter(|_| explanation.explainers.is_empty()) {
            return Err(error);
        }
        self.report(class, "random rankings")?;
        let control = bench.random()?;
        explanation.random = control.map(|c| c.mean);
        (explanation.random_ausc, explanation.random_interval) = (control.map(|c| c.ausc), control.map(|c| c.interval));
        self.conclude(class, &mut explanation);
        if let Some(winner) = explanation.winner {
            let name = explanation.class.as_str();
            checks.extend(sanity::agreement(name, self.explainers[winner].name(), &all_maps[winner]));
            checks.extend(sanity::randomised(name, &pool, self.explainers[winner], options, job)?);
        }
        Ok(Explained { class: explanation, notes, checks })
    }

    /// The winner, the sentence about it and its words; no winner where the network does not know the class.
    fn conclude(&self, class: usize, explanation: &mut ClassExplanation) {
        let random = explanation.random.map(|r| r.2);
        let (winner, mut verdict) = choose(&explanation.explainers, random, explanation.samples);
        let Some(winner) = winner else {
            explanation.verdict = verdict;
            return;
        };
        let told = self.recognition.told(class);
        if told.apart == Some(false) {
            explanation.verdict = format!("nothing can be concluded: {}", told.unproven());
            return;
        }
        let overlaps = |own: (f64, f64)| explanation.random_interval.is_some_and(|control| own.1 >= control.0);
        if explanation.explainers[winner].qt_interval.is_some_and(overlaps) {
            verdict += "; its interval reaches into that of random rankings";
        }
        (explanation.winner, explanation.verdict) = (Some(winner), verdict);
        explanation.words = words::words(&explanation.explainers[winner].map, &self.names.channels, &self.names.bands);
    }

    fn caveats(&self, classes: &[ClassExplanation], notes: BTreeSet<String>) -> Vec<String> {
        let mut caveats = vec!["The Quality Test measures agreement with the network, not physiology.".to_string()];
        let left_out: usize =
            self.folds.iter().map(|f| f.1.labels.len()).sum::<usize>() - classes.iter().map(|c| c.samples).sum::<usize>();
        if let Some(limit) = self.options.samples_per_class.filter(|_| left_out > 0) {
            caveats.push(format!(
                "At most {limit} test samples of a class, drawn evenly over its trials; {left_out} were left out."
            ));
        }
        if self.folds.len() > 1 {
            let folds = self.folds.len();
            caveats.push(format!("Pooled over {folds} fold networks, each asked only about trials it never saw."));
        }
        if self.options.pairs < FULL_PAIRS && self.explainers.iter().any(|e| e.name() == "EG") {
            let pairs = self.options.pairs;
            caveats.push(format!("EG averages over {pairs} pairs of a training sample and a place, not {FULL_PAIRS}."));
        }
        if self.options.features_per_step > 1 {
            let step = self.options.features_per_step;
            caveats.push(format!("Deletion and insertion change {step} electrode values at a time, not one."));
        }
        if let Some(limit) = self.options.random_samples.filter(|l| classes.iter().any(|c| c.samples > *l)) {
            caveats.push(format!("Each random ranking was tried on {limit} samples of a class."));
        }
        let least = classes.iter().map(|c| c.samples).filter(|n| *n >= sensitivity::LEAST_SAMPLES).min();
        if let Some(n) = least.filter(|n| *n < 50 && self.options.metric == Metric::Recall) {
            caveats.push(format!("Recall moves in steps of 1/{n} in the smallest class."));
        }
        if classes.iter().all(|c| c.winner.is_none()) {
            caveats.push(
                "Nothing can be concluded: in no class does an explainer beat random rankings on a class that the network knows."
                    .into(),
            );
        }
        if let Some(few) = classes.iter().map(|c| c.trials).filter(|t| *t > 0 && *t < FEW_TRIALS).min() {
            caveats.push(format!("The smallest class has {few} trials: intervals over so few are rough."));
        }
        for class in classes.iter().filter(|c| c.blank_is_this_class && self.options.metric == Metric::Recall) {
            let name = &class.class;
            caveats.push(format!("The blank input is predicted as {name}: its deletion and insertion say little."));
        }
        caveats.extend(notes.into_iter().map(|note| note + "."));
        caveats
    }
}

#[cfg(test)]
mod tests;
