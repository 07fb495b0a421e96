//! Which electrodes and bands a network used, by the explainer that the Quality Test finds most faithful.
//!
//! Attributions of single inputs ([`Explainer`]) become one signed map per class; deletion, insertion and
//! sensitivity measure how faithful and how stable that map is; [`quality_test`] compares the explainers and a
//! random control (Gagliardi et al. 2025; algorithms section 6). The result is a value, [`report`].

mod batch;
pub mod curves;
mod deep_lift;
mod expected_gradients;
mod fits;
mod grad_cam;
mod gradient_input;
mod integrated_gradients;
mod occlusion;
mod options;
mod pipeline;
mod pool;
pub mod quality_test;
mod random;
mod recognition;
pub mod report;
mod sanity;
pub mod sensitivity;
mod smooth_grad;
pub mod words;

#[cfg(test)]
mod testing;

pub use deep_lift::{DeepLift, deep_lift};
pub use expected_gradients::{ExpectedGradients, expected_gradients};
pub use grad_cam::GradCam;
pub use gradient_input::GradientInput;
pub use integrated_gradients::IntegratedGradients;
pub use occlusion::{BandOcclusion, ElectrodeOcclusion};
pub use options::{Baseline, Features, Metric, Options, Order, PAPER};
pub use pipeline::{explain, explain_folds};
pub use random::Random;
pub use smooth_grad::SmoothGrad;

use crate::job::{Job, Stopped};
use crate::train::Differentiable;
use std::sync::Mutex;

/// Held-out samples of one network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TestSet {
    /// `n` network inputs of `Predictor::input_len` values, row-major: standardised, non-electrode values 0.
    pub inputs: Vec<f32>,
    /// True class per sample.
    pub labels: Vec<usize>,
    /// Trial per sample, as any number: samples of one trial are resampled together.
    pub trials: Vec<usize>,
    /// Training samples as network inputs, row-major; only explainers with references need them.
    pub references: Vec<f32>,
    /// Position in the input of every feature, channels x bands, row-major (`prepare::image::pixels`).
    pub pixels: Vec<usize>,
}

/// What the report calls things.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Names {
    pub model: String,
    pub recipe: String,
    pub channels: Vec<String>,
    pub bands: Vec<String>,
    pub classes: Vec<String>,
    pub simulated: bool,
}

/// Why a model could not be explained.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ExplainError {
    #[error("no explainer is called \"{0}\"; there are {1}")]
    Unknown(String, String),
    #[error("{0} compares with training samples and was given none; pass references or leave {0} out")]
    NoReferences(&'static str),
    #[error("Grad-CAM needs a network with convolutions; leave it out for this model")]
    NoConvolution,
    #[error("DeepLIFT needs a network that limbic runs by itself; leave it out for this model")]
    NoRule,
    #[error("{0} must know which input values belong to an electrode; leave it out where there are no electrodes")]
    NoElectrodes(&'static str),
    #[error("the Grad-CAM map of {height} x {width} does not fit an input of {input} values")]
    MapShape { height: usize, width: usize, input: usize },
    #[error("Grad-CAM's map has one place here, since the network's last convolution leaves a single one: it cannot say where")]
    OnePlace,
    #[error("the test set does not fit the network: {0}")]
    Mismatch(String),
    #[error("the three weights of the Quality Test must be positive numbers, not {0:?}")]
    Weights([f64; 3]),
    #[error("there is nothing to explain: the test set has no samples")]
    Empty,
    #[error("{0} gave no finite number for class \"{1}\"; the model may be damaged, train it again")]
    NotFinite(String, String),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl ExplainError {
    /// Whether only this explainer is of no use for the network, and others may be.
    fn is_of_one_explainer(&self) -> bool {
        use ExplainError::{MapShape, NoConvolution, NoElectrodes, NoReferences, NoRule, OnePlace};
        matches!(self, NoReferences(_) | NoConvolution | NoRule | NoElectrodes(_) | MapShape { .. } | OnePlace)
    }
}

/// What an explainer may use besides the inputs, and where it leaves its notes.
pub struct Context<'a> {
    /// Training samples as network inputs, row-major; may be empty.
    pub references: &'a [f32],
    pub seed: u64,
    pub options: &'a Options,
    pub job: &'a Job,
    /// Position in the input of every feature, electrodes x `bands`, row-major; may be empty.
    pub pixels: &'a [usize],
    /// Features of one electrode.
    pub bands: usize,
    notes: Mutex<Vec<String>>,
}

impl<'a> Context<'a> {
    pub fn new(references: &'a [f32], seed: u64, options: &'a Options, job: &'a Job) -> Self {
        Context { references, seed, options, job, pixels: &[], bands: 0, notes: Mutex::default() }
    }

    /// Says where the features stand, electrodes x `bands`.
    #[must_use]
    pub fn of_features(self, pixels: &'a [usize], bands: usize) -> Self {
        Context { pixels, bands, ..self }
    }

    /// Leaves a sentence that must stand beside the result.
    pub fn note(&self, sentence: String) {
        if let Ok(mut notes) = self.notes.lock() {
            notes.push(sentence);
        }
    }

    /// The sentences left so far.
    pub fn notes(&self) -> Vec<String> {
        self.notes.lock().map(|n| n.clone()).unwrap_or_default()
    }
}

/// A way to say how much every input value speaks for a class.
pub trait Explainer: Sync {
    /// The name in reports: "IG", "Grad-CAM".
    fn name(&self) -> &'static str;

    /// Attributions of logit `class`, one per input value: `n` x input length, in the shape of `inputs`.
    ///
    /// # Errors
    /// What this explainer needs and was not given; [`ExplainError::Stopped`] on request.
    fn attribute(
        &self,
        network: &dyn Differentiable,
        inputs: &[f32],
        n: usize,
        class: usize,
        context: &Context,
    ) -> Result<Vec<f32>, ExplainError>;
}

/// All explainers. Equal Quality Tests are decided by this order (algorithms 6.3).
pub fn explainers() -> [&'static dyn Explainer; 9] {
    [
        &IntegratedGradients,
        &ExpectedGradients,
        &DeepLift,
        &GradCam,
        &GradientInput,
        &SmoothGrad,
        &ElectrodeOcclusion,
        &BandOcclusion,
        &Random,
    ]
}

/// The explainer of that name, whatever its case.
///
/// # Errors
/// [`ExplainError::Unknown`] lists the names there are.
pub fn explainer_named(name: &str) -> Result<&'static dyn Explainer, ExplainError> {
    explainers().into_iter().find(|e| e.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
        let names: Vec<_> = explainers().iter().map(|e| e.name()).collect();
        ExplainError::Unknown(name.into(), names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::testing::{Cubic, Linear};
    use super::*;

    fn attribute(explainer: &dyn Explainer, network: &dyn Differentiable, inputs: &[f32], n: usize) -> Vec<f32> {
        let (options, job) = (Options::default(), Job::silent());
        let references = vec![0.0; network.input_len()];
        let pixels: Vec<usize> = (0..network.input_len()).collect();
        let context = Context::new(&references, 5, &options, &job).of_features(&pixels, 1);
        explainer.attribute(network, inputs, n, 1, &context).expect("attributes")
    }

    #[test]
    fn on_a_linear_network_every_gradient_explainer_is_weight_times_input() {
        let network = Linear { weights: vec![vec![1.0, -1.0, 0.0], vec![2.0, 0.5, -3.0]] };
        let linear: [&dyn Explainer; 5] =
            [&IntegratedGradients, &ExpectedGradients, &GradientInput, &SmoothGrad, &ElectrodeOcclusion];
        for explainer in linear {
            let map = attribute(explainer, &network, &[1.0, 2.0, 0.0, -1.0, 0.0, 1.0], 2);
            for (got, wanted) in map.iter().zip([2.0, 1.0, 0.0, -2.0, 0.0, -3.0]) {
                assert!((got - wanted).abs() < 1e-5, "{}: {map:?}", explainer.name());
            }
        }
    }

    #[test]
    fn integrated_gradients_sum_to_the_change_of_the_logit() {
        let network = Cubic { weights: vec![0.5, -1.0, 2.0] };
        let input = [1.5, -2.0, 0.7];
        let map = attribute(&IntegratedGradients, &network, &input, 1);
        let change = network.value(&input);
        assert!((map.iter().sum::<f32>() - change).abs() <= 0.01 * change.abs() + 1e-3);
    }

    #[test]
    fn every_explainer_keeps_the_shape_and_repeats_itself() {
        let network = crate::train::networks::face_small::face_small(8, 2, 4, &crate::signal::Seed::new(1)).expect("fits");
        let inputs: Vec<f32> = (0..128).map(|i| (i as f32 * 0.7).sin()).collect();
        for explainer in explainers() {
            let first = attribute(explainer, &network, &inputs, 2);
            assert_eq!(first.len(), inputs.len(), "{}", explainer.name());
            assert!(first.iter().all(|v| v.is_finite()));
            assert_eq!(first, attribute(explainer, &network, &inputs, 2), "{}", explainer.name());
        }
    }

    #[test]
    fn an_unknown_explainer_is_answered_with_the_known_ones() {
        let error = explainer_named("LIME").err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("LIME") && error.contains("IG, EG, DeepLIFT, Grad-CAM"), "{error}");
        assert_eq!(explainer_named("grad-cam").map(|e| e.name()), Ok("Grad-CAM"));
    }

    #[test]
    fn a_missing_reference_set_is_named() {
        let (options, job) = (Options::default(), Job::silent());
        let network = Linear { weights: vec![vec![1.0], vec![1.0]] };
        let result = ExpectedGradients.attribute(&network, &[1.0], 1, 0, &Context::new(&[], 1, &options, &job));
        assert_eq!(result, Err(ExplainError::NoReferences("EG")));
        let result = GradCam.attribute(&network, &[1.0], 1, 0, &Context::new(&[], 1, &options, &job));
        assert_eq!(result, Err(ExplainError::NoConvolution));
        let result = DeepLift.attribute(&network, &[1.0], 1, 0, &Context::new(&[0.5], 1, &options, &job));
        assert_eq!(result, Err(ExplainError::NoRule));
        let result = BandOcclusion.attribute(&network, &[1.0], 1, 0, &Context::new(&[], 1, &options, &job));
        assert_eq!(result, Err(ExplainError::NoElectrodes("Occlusion by band")));
    }
}
