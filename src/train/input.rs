//! From the features of an example to the input tensor of a network, by recipe: scalp images for "psd", grey
//! pictures for "face".

use super::card::Card;
use super::standardise::Standardiser;
use crate::prepare::dataset::{Dataset, Recipe};
use crate::prepare::image::{ImageError, SIDE, pixels, place};

/// Features that cannot become an input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    #[error("recipe \"{0}\" is not one that a network here can take; use \"psd\" or \"face\"")]
    Kind(String),
    #[error(transparent)]
    Image(#[from] ImageError),
    #[error("an example has {found} features, recipe {recipe} makes {expected}; prepare the data again")]
    Length { recipe: String, expected: usize, found: usize },
    #[error(
        "features of recipe {found} do not fit model \"{model}\", which was trained on {expected}; prepare them with the model's recipe"
    )]
    Recipe { model: String, expected: String, found: String },
    #[error("a face picture of {0} pixels is not square")]
    NotSquare(usize),
    #[error("the data set has no examples; record or choose sessions with usable trials")]
    Empty,
}

/// Turns features into network inputs. Made from the training part of a data set, or from a model's card.
#[derive(Debug, Clone, PartialEq)]
pub struct InputMaker {
    recipe: Recipe,
    features: usize,
    layout: Layout,
}

#[derive(Debug, Clone, PartialEq)]
enum Layout {
    /// Standardised, then placed on the 22 x 22 image (algorithms 4, 5.3).
    Scalp { standardiser: Standardiser, pixels: Vec<usize> },
    /// Pixels 0..1 to -1..1.
    Picture { side: usize },
}

impl InputMaker {
    /// For this data set, standardised on the examples `training` (indices).
    ///
    /// # Errors
    /// An unknown recipe, a montage without image cells, examples of the wrong length, no training example.
    pub fn fit(dataset: &Dataset, training: &[usize]) -> Result<Self, InputError> {
        let rows: Vec<&[f32]> = training.iter().filter_map(|&i| dataset.examples.get(i)).map(|e| e.features.as_slice()).collect();
        let first = rows.first().ok_or(InputError::Empty)?.len();
        let maker = InputMaker::new(&dataset.recipe, first, || Standardiser::of(&rows))?;
        dataset.examples.iter().try_for_each(|e| maker.check_length(&e.features))?;
        Ok(maker)
    }

    /// As the model's card says.
    ///
    /// # Errors
    /// A card of an unknown recipe or montage.
    pub fn of_card(card: &Card) -> Result<Self, InputError> {
        let pixels = card.input_shape.iter().product();
        let features = if card.recipe.kind == "face" { pixels } else { card.mean.len() };
        InputMaker::new(&card.recipe, features, || Standardiser { mean: card.mean.clone(), sd: card.sd.clone() })
    }

    fn new(recipe: &Recipe, features: usize, standardiser: impl FnOnce() -> Standardiser) -> Result<Self, InputError> {
        let (expected, layout) = match recipe.kind.as_str() {
            "psd" => {
                let pixels = pixels(&recipe.channels, recipe.bands.len())?;
                (pixels.len(), Layout::Scalp { standardiser: standardiser(), pixels })
            }
            "face" => {
                let side = (features as f64).sqrt().round() as usize;
                if side == 0 || side * side != features {
                    return Err(InputError::NotSquare(features));
                }
                (features, Layout::Picture { side })
            }
            other => return Err(InputError::Kind(other.into())),
        };
        let maker = InputMaker { recipe: recipe.clone(), features: expected, layout };
        if features == expected { Ok(maker) } else { Err(maker.wrong_length(features)) }
    }

    /// Refuses data of another recipe (invariant 7): `model` is only for the sentence.
    ///
    /// # Errors
    /// The recipes differ.
    pub fn check(&self, model: &str, recipe: &Recipe) -> Result<(), InputError> {
        if *recipe == self.recipe {
            return Ok(());
        }
        Err(InputError::Recipe { model: model.into(), expected: self.recipe.id(), found: recipe.id() })
    }

    /// The network's input, flattened row-major.
    ///
    /// # Errors
    /// Features of the wrong length.
    pub fn input(&self, features: &[f32]) -> Result<Vec<f32>, InputError> {
        self.check_length(features)?;
        Ok(match &self.layout {
            Layout::Scalp { standardiser, pixels } => place(&standardiser.apply(features), pixels),
            Layout::Picture { .. } => features.iter().map(|p| 2.0 * p - 1.0).collect(),
        })
    }

    /// Inputs of these examples, one after another.
    ///
    /// # Errors
    /// As [`InputMaker::input`].
    pub fn inputs(&self, dataset: &Dataset, examples: &[usize]) -> Result<Vec<f32>, InputError> {
        let mut all = Vec::with_capacity(examples.len() * self.shape().iter().product::<usize>());
        for example in examples.iter().filter_map(|&i| dataset.examples.get(i)) {
            all.extend(self.input(&example.features)?);
        }
        Ok(all)
    }

    /// [channels, height, width] of the input.
    pub fn shape(&self) -> [usize; 3] {
        match self.layout {
            Layout::Scalp { .. } => [1, SIDE, SIDE],
            Layout::Picture { side } => [1, side, side],
        }
    }

    /// Pixel of every feature in the flattened input: where attributions are read.
    pub fn pixels(&self) -> Vec<usize> {
        match &self.layout {
            Layout::Scalp { pixels, .. } => pixels.clone(),
            Layout::Picture { side } => (0..side * side).collect(),
        }
    }

    /// Mean and standard deviation for the card; empty where the recipe scales by itself.
    pub fn standardiser(&self) -> Standardiser {
        match &self.layout {
            Layout::Scalp { standardiser, .. } => standardiser.clone(),
            Layout::Picture { .. } => Standardiser::default(),
        }
    }

    fn check_length(&self, features: &[f32]) -> Result<(), InputError> {
        if features.len() == self.features { Ok(()) } else { Err(self.wrong_length(features.len())) }
    }

    fn wrong_length(&self, found: usize) -> InputError {
        InputError::Length { recipe: self.recipe.id(), expected: self.features, found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::dataset::{Example, Target};
    use crate::signal::Montage;

    fn dataset(values: &[f32]) -> Dataset {
        let channels = Montage::biosemi32().labels;
        let bands: Vec<String> = ["theta", "alpha", "beta", "gamma"].map(String::from).to_vec();
        let examples = values
            .iter()
            .enumerate()
            .map(|(i, v)| Example {
                features: (0..128).map(|f| v * (f + 1) as f32).collect(),
                label: i % 2,
                participant: "P01".into(),
                session: "s".into(),
                trial: i as u32,
                stimulus: String::new(),
                time: 0.0,
            })
            .collect();
        let recipe = Recipe { kind: "psd".into(), channels, bands, parameters: Default::default() };
        let classes = vec!["a".into(), "b".into()];
        Dataset { recipe, target: Target::Intended, classes, examples, simulated: true }
    }

    /// Statistics come from the training examples alone: 1 and 3 give mean 2 and deviation 1, whatever the third is.
    #[test]
    fn scalp_images_are_standardised_on_the_training_part() {
        let data = dataset(&[1.0, 3.0, 4.0]);
        let maker = InputMaker::fit(&data, &[0, 1]).expect("32 sites");
        let image = maker.input(&data.examples[2].features).expect("128 features");
        assert_eq!((image.len(), maker.shape()), (484, [1, 22, 22]));
        let on_sites: f32 = maker.pixels().iter().map(|&p| image[p]).sum();
        assert!((on_sites - 256.0).abs() < 1e-3 && (image.iter().sum::<f32>() - on_sites).abs() < 1e-3);
    }

    #[test]
    fn other_features_are_refused() {
        let mut data = dataset(&[1.0, 3.0]);
        let maker = InputMaker::fit(&data, &[0]).expect("32 sites");
        assert!(matches!(maker.input(&[1.0]), Err(InputError::Length { expected: 128, found: 1, .. })));
        let other = Recipe { channels: vec!["Fz".into()], ..data.recipe.clone() };
        assert!(maker.check("eeg-1", &data.recipe).is_ok() && maker.check("eeg-1", &other).is_err());
        data.recipe.kind = "hrv".into();
        assert_eq!(InputMaker::fit(&data, &[0]), Err(InputError::Kind("hrv".into())));
        assert_eq!(InputMaker::fit(&data, &[]), Err(InputError::Empty));
    }
}
