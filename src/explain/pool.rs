//! The test samples of one class, pooled over the folds: each is asked of the network that never saw its trial.

use crate::explain::{Context, ExplainError, Explainer, Features, Metric, Options, TestSet, batch, curves, options, random};
use crate::job::Job;
use crate::signal::Seed;
use crate::train::Differentiable;
use std::collections::BTreeMap;

/// A network and the samples that were held out when it was trained.
pub(super) type Fold<'a> = (&'a dyn Differentiable, &'a TestSet);

/// One fold's share of the pool.
struct Group<'a> {
    network: &'a dyn Differentiable,
    references: &'a [f32],
    inputs: Vec<f32>,
    /// True class of each.
    labels: Vec<usize>,
    n: usize,
}

/// What an explainer said about the samples of a pool.
pub(super) struct Attributed {
    /// At the features: samples x features.
    pub maps: Vec<f32>,
    /// Mean over the samples at every input value.
    pub whole: Vec<f32>,
    /// At the features: the mean map of each fold's samples.
    pub folds: Vec<Vec<f32>>,
}

impl Attributed {
    /// Mean over all samples, feature by feature.
    pub fn mean(&self, width: usize) -> Vec<f32> {
        curves::mean(&self.maps, width)
    }
}

/// Samples of one class in a fixed order (fold by fold).
pub(super) struct Pool<'a> {
    folds: &'a [Fold<'a>],
    pub class: usize,
    /// Features of one electrode.
    bands: usize,
    /// (fold, row in its test set) per sample.
    members: Vec<(usize, usize)>,
    groups: Vec<Group<'a>>,
    /// Trial per sample, counted from 0; trials of different folds are different.
    pub trials: Vec<usize>,
    /// The electrode values of every sample: samples x features.
    pub features: Vec<f32>,
}

impl<'a> Pool<'a> {
    /// Every test sample of a class, whose features are electrodes x `bands`.
    pub fn of(folds: &'a [Fold<'a>], class: usize, bands: usize) -> Self {
        Pool::where_label(folds, class, bands, |label| label == class)
    }

    /// The test samples of every class; `class` is the one that is being explained.
    pub fn everyone(folds: &'a [Fold<'a>], class: usize, bands: usize) -> Self {
        Pool::where_label(folds, class, bands, |_| true)
    }

    fn where_label(folds: &'a [Fold<'a>], class: usize, bands: usize, wanted: impl Fn(usize) -> bool) -> Self {
        let rows = |(f, fold): (usize, &Fold<'a>)| {
            fold.1.labels.iter().enumerate().filter(|(_, l)| wanted(**l)).map(|(row, _)| (f, row)).collect::<Vec<_>>()
        };
        Pool::with(folds, class, bands, folds.iter().enumerate().flat_map(rows).collect())
    }

    fn with(folds: &'a [Fold<'a>], class: usize, bands: usize, members: Vec<(usize, usize)>) -> Self {
        let mut pool = Pool { folds, class, bands, members, groups: Vec::new(), trials: Vec::new(), features: Vec::new() };
        let mut known = BTreeMap::new();
        for (f, (network, test)) in folds.iter().enumerate() {
            let width = network.input_len();
            let mut group =
                Group { network: *network, references: &test.references, inputs: Vec::new(), labels: Vec::new(), n: 0 };
            for &(_, row) in pool.members.iter().filter(|m| m.0 == f) {
                let input = &test.inputs[row * width..(row + 1) * width];
                group.inputs.extend_from_slice(input);
                group.labels.push(test.labels[row]);
                group.n += 1;
                pool.features.extend(test.pixels.iter().map(|&p| input[p]));
                let next = known.len();
                pool.trials.push(*known.entry((f, test.trials[row])).or_insert(next));
            }
            if group.n > 0 {
                pool.groups.push(group);
            }
        }
        pool
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Features of one sample.
    pub fn width(&self) -> usize {
        self.folds.first().map_or(0, |f| f.1.pixels.len())
    }

    pub fn trial_count(&self) -> usize {
        self.trials.iter().max().map_or(0, |t| t + 1)
    }

    /// The samples of every trial.
    pub fn by_trial(&self) -> Vec<Vec<usize>> {
        let mut by_trial = vec![Vec::new(); self.trial_count()];
        for (i, &trial) in self.trials.iter().enumerate() {
            by_trial[trial].push(i);
        }
        by_trial
    }

    /// At most `limit` of the samples, drawn in turn from every trial so that none is lost before it must be.
    pub fn at_most(&self, limit: usize, seed: &mut Seed) -> Self {
        let mut by_trial = self.by_trial();
        seed.shuffle(&mut by_trial);
        by_trial.iter_mut().for_each(|samples| seed.shuffle(samples));
        let longest = by_trial.iter().map(Vec::len).max().unwrap_or(0);
        let turns = (0..longest).flat_map(|turn| by_trial.iter().filter_map(move |samples| samples.get(turn)));
        let mut kept: Vec<usize> = turns.copied().take(limit).collect();
        kept.sort_unstable();
        Pool::with(self.folds, self.class, self.bands, kept.into_iter().map(|i| self.members[i]).collect())
    }

    /// Share of the samples predicted as their class.
    pub fn recall(&self, job: &Job) -> Result<f64, ExplainError> {
        let mut hits = 0.0;
        for group in &self.groups {
            let width = group.network.input_len();
            let fill = |row: usize, buffer: &mut [f32]| buffer.copy_from_slice(&group.inputs[row * width..(row + 1) * width]);
            batch::logits(group.network, group.n, job, fill, |_, logits| {
                hits += f64::from(u8::from(options::predicted(logits) == self.class));
            })?;
        }
        Ok(hits / self.len().max(1) as f64)
    }

    /// The attributions of every sample, and the explainer's notes.
    pub fn attributions(
        &self,
        explainer: &dyn Explainer,
        options: &Options,
        job: &Job,
    ) -> Result<(Attributed, Vec<String>), ExplainError> {
        let networks: Vec<&dyn Differentiable> = self.groups.iter().map(|g| g.network).collect();
        self.attributed_by(&networks, explainer, options, job)
    }

    /// As [`Pool::attributions`], of networks whose weights were shuffled; `None` where they cannot be.
    pub fn attributions_of_shuffled(
        &self,
        explainer: &dyn Explainer,
        options: &Options,
        job: &Job,
        seed: &mut Seed,
    ) -> Result<Option<(Attributed, Vec<String>)>, ExplainError> {
        let shuffled: Option<Vec<Box<dyn Differentiable>>> = self.groups.iter().map(|g| g.network.shuffled(seed)).collect();
        let Some(shuffled) = shuffled else { return Ok(None) };
        let networks: Vec<&dyn Differentiable> = shuffled.iter().map(Box::as_ref).collect();
        self.attributed_by(&networks, explainer, options, job).map(Some)
    }

    fn attributed_by(
        &self,
        networks: &[&dyn Differentiable],
        explainer: &dyn Explainer,
        options: &Options,
        job: &Job,
    ) -> Result<(Attributed, Vec<String>), ExplainError> {
        let mut folds = Vec::with_capacity(networks.len());
        let (mut maps, mut notes) = (Vec::with_capacity(self.features.len()), Vec::new());
        let mut sums = vec![0.0f64; self.folds.first().map_or(0, |f| f.0.input_len())];
        let pixels = self.folds.first().map_or(&[][..], |f| &f.1.pixels);
        for (group, network) in self.groups.iter().zip(networks) {
            let context = Context::new(group.references, options.seed, options, job).of_features(pixels, self.bands);
            let full = explainer.attribute(*network, &group.inputs, group.n, self.class, &context)?;
            let first = maps.len();
            for map in full.chunks(group.network.input_len()) {
                maps.extend(pixels.iter().map(|&p| map[p]));
                sums.iter_mut().zip(map).for_each(|(s, v)| *s += f64::from(*v));
            }
            folds.push(curves::mean(&maps[first..], self.width()));
            notes.extend(context.notes());
        }
        let whole = sums.iter().map(|s| (s / self.len().max(1) as f64) as f32).collect();
        Ok((Attributed { maps, whole, folds }, notes))
    }

    /// As attributions that know nothing.
    pub fn noise(&self, seed: &mut Seed) -> Attributed {
        let maps = random::noise(self.features.len(), seed);
        let mut whole = random::noise(self.folds.first().map_or(0, |f| f.0.input_len()), seed);
        let mean = curves::mean(&maps, self.width());
        self.folds.first().iter().for_each(|f| f.1.pixels.iter().zip(&mean).for_each(|(&p, v)| whole[p] = *v));
        Attributed { maps, whole, folds: Vec::new() }
    }

    /// Positions in the input by descending importance; equal ones in ascending order.
    pub fn ranking(&self, attributed: &Attributed, options: &Options) -> Vec<usize> {
        if options.features == Features::All {
            let positions: Vec<usize> = (0..attributed.whole.len()).collect();
            return curves::ranking(&attributed.whole, &positions, options.order);
        }
        let pixels = self.folds.first().map_or(&[][..], |f| &f.1.pixels);
        let map = curves::mean(&attributed.maps, self.width());
        curves::ranking(&map, pixels, options.order).iter().map(|&f| pixels[f]).collect()
    }

    /// A deletion or insertion curve of every sample: samples x points. `ranked` are positions in the input, most important
    /// first.
    pub fn scores(
        &self,
        ranked: &[usize],
        points: &[usize],
        mode: curves::Mode,
        metric: Metric,
        job: &Job,
    ) -> Result<Vec<f32>, ExplainError> {
        let curves = curves::Curves { ranked, points, mode, metric };
        let mut scores = Vec::with_capacity(self.len() * points.len());
        for group in &self.groups {
            scores.extend(curves.scores(group.network, &group.inputs, &group.labels, job)?);
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::testing::Linear;

    #[test]
    fn a_limit_keeps_every_trial_and_trials_of_two_folds_apart() {
        let network = Linear { weights: vec![vec![1.0], vec![-1.0]] };
        let test = TestSet {
            inputs: (0..12).map(|i| i as f32).collect(),
            labels: [0, 0, 0, 1].repeat(3),
            trials: [0, 0, 1, 2].repeat(3),
            references: Vec::new(),
            pixels: vec![0],
        };
        let folds: [Fold; 2] = [(&network, &test), (&network, &test)];
        let pool = Pool::of(&folds, 0, 1);
        assert_eq!((pool.len(), pool.trial_count()), (18, 4));
        let few = pool.at_most(4, &mut Seed::new(5));
        assert_eq!((few.len(), few.trial_count()), (4, 4));
        assert_eq!(few.features, pool.at_most(4, &mut Seed::new(5)).features);
        assert_eq!(pool.at_most(99, &mut Seed::new(5)).features, pool.features);
    }
}
