//! From the features of an example to the input tensor of a network, by recipe: scalp images for "psd", scalp maps,
//! spectrograms, stretches of samples, grey pictures for "face", a backbone's maps for "face-map".

use super::card::Card;
use super::layout::{Layout, Scale};
use super::standardise::Standardiser;
use crate::prepare::dataset::{Dataset, Recipe};
use crate::prepare::face_map;
use crate::prepare::image::ImageError;

/// Features that cannot become an input.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    #[error("recipe \"{0}\" is not one that a network here can take; `limbic train --help` lists the features that are")]
    Kind(String),
    #[error("session {session}, trial {trial}: the features at {time:.1} s hold a value that is no number; leave the trial out")]
    NotANumber { session: String, trial: u32, time: f64 },
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
    layout: Layout,
    standardiser: Standardiser,
}

impl InputMaker {
    /// For this data set, standardised on the examples `training` (indices).
    ///
    /// # Errors
    /// An unknown recipe, a montage without image cells, examples of the wrong length or without a number, no training
    /// example.
    pub fn fit(dataset: &Dataset, training: &[usize]) -> Result<Self, InputError> {
        let rows: Vec<&[f32]> = training.iter().filter_map(|&i| dataset.examples.get(i)).map(|e| e.features.as_slice()).collect();
        let first = rows.first().ok_or(InputError::Empty)?.len();
        let layout = Layout::of(&dataset.recipe, first)?;
        let mut maker = InputMaker { recipe: dataset.recipe.clone(), layout, standardiser: Standardiser::default() };
        for example in &dataset.examples {
            maker.check_length(&example.features)?;
            if example.features.iter().any(|v| !v.is_finite()) {
                return Err(InputError::NotANumber {
                    session: example.session.clone(),
                    trial: example.trial,
                    time: example.time,
                });
            }
        }
        if !matches!(maker.layout.scale, Scale::Signed | Scale::Packed) {
            maker.standardiser = Standardiser::grouped(&rows, |feature| maker.layout.scale.group(feature));
        }
        Ok(maker)
    }

    /// As the model's card says.
    ///
    /// # Errors
    /// A card of an unknown recipe or montage, or one that contradicts itself.
    pub fn of_card(card: &Card) -> Result<Self, InputError> {
        let features = match card.recipe.kind.as_str() {
            "inception-map" => card.recipe.channels.len() * card.input_shape.first().copied().unwrap_or(0),
            face_map::KIND => card.input_shape.iter().product::<usize>().div_ceil(face_map::EACH),
            kind if kind == "psd" || kind.starts_with("bhi-") => card.mean.len(),
            _ => card.input_shape.iter().product(),
        };
        let layout = Layout::of(&card.recipe, features)?;
        let standardiser = Standardiser { mean: card.mean.clone(), sd: card.sd.clone() };
        let groups = (0..layout.places.len()).map(|f| layout.scale.group(f) + 1).max().unwrap_or(0);
        let maker = InputMaker { recipe: card.recipe.clone(), layout, standardiser };
        let scaled =
            matches!(maker.layout.scale, Scale::Signed | Scale::Packed) || [card.mean.len(), card.sd.len()] == [groups; 2];
        let fits = features == maker.layout.features() && card.input_shape == maker.layout.shape;
        if fits && scaled { Ok(maker) } else { Err(maker.wrong_length(features)) }
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
        if self.layout.scale == Scale::Packed {
            return Ok(face_map::unpack(features, self.layout.places.len()));
        }
        let mut input = vec![0.0; self.shape().iter().product()];
        let Standardiser { mean, sd } = &self.standardiser;
        for (feature, (value, &place)) in features.iter().zip(&self.layout.places).enumerate() {
            input[place] = match self.layout.scale {
                Scale::Signed => 2.0 * value - 1.0,
                Scale::Packed => *value,
                scale => {
                    let group = scale.group(feature);
                    (value - mean[group]) / sd[group]
                }
            };
        }
        Ok(input)
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
        self.layout.shape
    }

    /// Positions in the flattened input where attributions are read: channels x bands where the recipe has both.
    pub fn pixels(&self) -> Vec<usize> {
        self.layout.sites.clone()
    }

    /// Mean and standard deviation for the card; empty where the recipe scales by itself.
    pub fn standardiser(&self) -> Standardiser {
        self.standardiser.clone()
    }

    fn check_length(&self, features: &[f32]) -> Result<(), InputError> {
        if features.len() == self.layout.features() { Ok(()) } else { Err(self.wrong_length(features.len())) }
    }

    fn wrong_length(&self, found: usize) -> InputError {
        InputError::Length { recipe: self.recipe.id(), expected: self.layout.features(), found }
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
        let mut hole = data.clone();
        hole.examples[1].features[7] = f32::NAN;
        assert!(InputMaker::fit(&hole, &[0]).is_err_and(|e| e.to_string().starts_with("session s, trial 1: ")));
        data.recipe.kind = "hrv".into();
        assert_eq!(InputMaker::fit(&data, &[0]), Err(InputError::Kind("hrv".into())));
        assert_eq!(InputMaker::fit(&data, &[]), Err(InputError::Empty));
    }
}
