//! The choices that the paper leaves open, by name on the command line.

use crate::explain::{Baseline, ExplainError, Features, Metric, Names, Options, Order, TestSet, explainers};
use anyhow::bail;
use clap::ValueEnum;

/// How an explanation is made. Every option has a default: the paper's, or where it has none, that of algorithms 6.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "How the explanation is made")]
pub struct Choices {
    /// What deletion and insertion curves count [default: recall]
    #[arg(long, value_enum)]
    pub metric: Option<MetricName>,
    /// Rank features by signed or absolute importance [default: signed]
    #[arg(long, value_enum)]
    pub order: Option<OrderName>,
    /// What is deleted and inserted [default: electrodes]
    #[arg(long, value_enum)]
    pub features: Option<FeaturesName>,
    /// Fractions of the samples in the sensitivity curve [default: 10]
    #[arg(long, value_parser = clap::value_parser!(u16).range(2..=100))]
    pub partitions: Option<u16>,
    /// Weights of AUDC, 1 - AUIC and AUSC, with commas between [default: 1,1,1]
    #[arg(long, value_delimiter = ',', num_args = 1, value_name = "W,W,W")]
    pub weights: Vec<f64>,
    /// Explainers to compare, with commas between, or "all" [default: IG,EG,DeepLIFT,Grad-CAM]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub explainers: Vec<String>,
    /// At most so many samples of a class [default: as many as half a minute allows]
    #[arg(long)]
    pub samples: Option<usize>,
    /// Features changed between two points of a curve [default: 1]
    #[arg(long)]
    pub step: Option<usize>,
    /// What DeepLIFT compares with [default: mean]
    #[arg(long, value_enum)]
    pub baseline: Option<BaselineName>,
    /// Seed of everything that is drawn
    #[arg(long)]
    pub seed: Option<u64>,
    /// Seconds, not minutes: few samples, pairs and rankings
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// All samples, 64 steps, 200 pairs: however long it takes
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MetricName {
    /// Share of the class's samples predicted as it
    Recall,
    /// Mean probability of the class
    Probability,
    /// Share of all samples predicted as their class
    Accuracy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderName {
    Signed,
    Absolute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FeaturesName {
    Electrodes,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BaselineName {
    Mean,
    Zero,
}

impl Choices {
    /// The options for this test set.
    ///
    /// # Errors
    /// Another number of weights than three.
    pub fn options(&self, test: &TestSet, names: &Names) -> anyhow::Result<Options> {
        let seed = self.seed.unwrap_or(0);
        let base = if self.quick { Options::quick(seed) } else { Options { seed, ..Options::default() } };
        let mut options = self.over(base)?;
        // Faces and other pictures have no electrodes, and what compares with training samples must be given some.
        if self.explainers.is_empty() && test.references.is_empty() {
            options.explainers.retain(|e| e != "EG");
        }
        Ok(if self.full || self.quick { options } else { options.within(Options::AFFORDABLE, names.classes.len()) })
    }

    /// `base` with what was chosen in its place.
    ///
    /// # Errors
    /// Another number of weights than three.
    pub fn over(&self, base: Options) -> anyhow::Result<Options> {
        let weights = match self.weights[..] {
            [] => base.weights,
            [a, b, c] => [a, b, c],
            _ => bail!("--weights wants three numbers with commas between, such as 1,1,1, not {}", self.weights.len()),
        };
        let chosen = match self.explainers.as_slice() {
            [] => base.explainers,
            [all] if all == "all" => explainers().iter().map(|e| e.name().to_string()).collect(),
            some => some.to_vec(),
        };
        Ok(Options {
            metric: self.metric.map_or(base.metric, |m| match m {
                MetricName::Recall => Metric::Recall,
                MetricName::Probability => Metric::Probability,
                MetricName::Accuracy => Metric::Accuracy,
            }),
            order: self.order.map_or(base.order, |o| match o {
                OrderName::Signed => Order::Signed,
                OrderName::Absolute => Order::Absolute,
            }),
            features: self.features.map_or(base.features, |f| match f {
                FeaturesName::Electrodes => Features::Electrodes,
                FeaturesName::All => Features::All,
            }),
            baseline: self.baseline.map_or(base.baseline, |b| match b {
                BaselineName::Mean => Baseline::Mean,
                BaselineName::Zero => Baseline::Zero,
            }),
            partitions: self.partitions.map_or(base.partitions, usize::from),
            samples_per_class: self.samples.or(base.samples_per_class),
            features_per_step: self.step.unwrap_or(base.features_per_step).max(1),
            seed: self.seed.unwrap_or(base.seed),
            weights,
            explainers: chosen,
            ..base
        })
    }

    /// Whether any option was given.
    pub fn any_given(&self) -> bool {
        let words = !self.weights.is_empty() || !self.explainers.is_empty() || self.quick || self.full;
        let numbers = self.partitions.is_some() || self.samples.is_some() || self.step.is_some() || self.seed.is_some();
        let names = self.metric.is_some() || self.order.is_some() || self.features.is_some() || self.baseline.is_some();
        words || numbers || names
    }

    /// # Errors
    /// Another number of weights than three.
    pub fn check(&self) -> anyhow::Result<()> {
        self.over(Options::default()).map(drop)
    }

    /// The options for a model of so many classes that was explained with `first`.
    ///
    /// # Errors
    /// Weights that are no weights.
    pub fn for_model(&self, first: Options, classes: usize) -> Result<Options, ExplainError> {
        let quick = Options::quick(first.seed);
        let base = if self.quick { Options { features_per_step: first.features_per_step, ..quick } } else { first };
        let base = if self.full { Options { samples_per_class: None, ..base } } else { base };
        let options = self.over(base).map_err(|e| ExplainError::Mismatch(e.to_string()))?;
        Ok(if self.full || self.quick { options } else { options.within(Options::AFFORDABLE, classes) })
    }
}
