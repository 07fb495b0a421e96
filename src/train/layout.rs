//! Where the features of a recipe stand in a network's input, and which of them share a mean and a deviation.

use super::input::InputError;
use crate::prepare::dataset::Recipe;
use crate::prepare::face_map;
use crate::prepare::image::{SIDE, pixels};
use crate::prepare::scalp_map::{self, COLUMNS, ROWS};
use crate::prepare::spectrogram::SpectrogramOptions;

/// How values are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Standardised, each feature by itself (algorithms 5.3).
    Each,
    /// Standardised; so many features in a row share their statistics: the samples of a channel.
    Runs(usize),
    /// Standardised; every so manieth feature shares its statistics: one kind of value at all electrodes.
    Cycle(usize),
    /// 0..1 to -1..1.
    Signed,
    /// Packed maps, as they are ([`face_map`]).
    Packed,
}

impl Scale {
    /// Which statistics scale a feature.
    pub fn group(self, feature: usize) -> usize {
        match self {
            Scale::Each => feature,
            Scale::Runs(length) => feature / length.max(1),
            Scale::Cycle(length) => feature % length.max(1),
            Scale::Signed | Scale::Packed => 0,
        }
    }
}

/// An input's shape and its features' places.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// [channels, height, width].
    pub shape: [usize; 3],
    /// Position in the flattened input of every feature (unpacked, where they are packed); all other positions hold 0.
    pub places: Vec<usize>,
    /// Positions of the values that explanations are about; channels x bands where the recipe has both.
    pub sites: Vec<usize>,
    pub scale: Scale,
}

impl Layout {
    /// For examples of `features` values. The caller compares that number with [`Layout::features`].
    ///
    /// # Errors
    /// A recipe that no network takes, electrodes without a place, a picture that is not square.
    pub fn of(recipe: &Recipe, features: usize) -> Result<Layout, InputError> {
        let (channels, bands) = (recipe.channels.len(), recipe.bands.len());
        match recipe.kind.as_str() {
            // The families of brain-heart interplay are channels x bands as well.
            kind if kind == "psd" || kind.starts_with("bhi-") => {
                let places = pixels(&recipe.channels, bands)?;
                Ok(Layout { shape: [1, SIDE, SIDE], sites: places.clone(), places, scale: Scale::Each })
            }
            "spectrogram-map" => Ok(Layout::map(recipe)),
            "spectrogram" => Layout::images(recipe),
            "face" => {
                let side = (features as f64).sqrt().round() as usize;
                if side == 0 || side * side != features {
                    return Err(InputError::NotSquare(features));
                }
                Ok(Layout::plain([1, side, side], Scale::Signed))
            }
            face_map::KIND => {
                let shape = face_map::shape(recipe).ok_or_else(|| InputError::Kind("face-map without its shape".into()))?;
                Ok(Layout::plain(shape, Scale::Packed))
            }
            "samples" => {
                let length = features / channels.max(1);
                Ok(Layout::plain([1, channels, length], Scale::Runs(length)))
            }
            "courses" => {
                let places: Vec<usize> = (0..channels * bands).map(|f| f % bands * channels + f / bands).collect();
                Ok(Layout { shape: [bands, 1, channels], sites: places.clone(), places, scale: Scale::Each })
            }
            "inception-map" => Ok(Layout::vectors(recipe, features / channels.max(1))),
            other => Err(InputError::Kind(other.into())),
        }
    }

    /// Values that an example has.
    pub fn features(&self) -> usize {
        if self.scale == Scale::Packed { self.places.len().div_ceil(face_map::EACH) } else { self.places.len() }
    }

    /// Every value in its own order.
    fn plain(shape: [usize; 3], scale: Scale) -> Layout {
        let places: Vec<usize> = (0..shape.iter().product()).collect();
        Layout { shape, sites: places.clone(), places, scale }
    }

    /// Rows x columns x bands, empty cells among them.
    fn map(recipe: &Recipe) -> Layout {
        let (cells, bands) = (ROWS * COLUMNS, recipe.bands.len());
        let places = (0..cells * bands).map(|f| f % bands * cells + f / bands).collect();
        let sites = cells_of(recipe).flat_map(|cell| (0..bands).map(move |band| band * cells + cell)).collect();
        Layout { shape: [bands, ROWS, COLUMNS], places, sites, scale: Scale::Each }
    }

    /// One image a channel and band.
    fn images(recipe: &Recipe) -> Result<Layout, InputError> {
        let text = recipe.parameters.get("spectrogram").map_or("", String::as_str);
        let options: SpectrogramOptions =
            serde_json::from_str(text).map_err(|_| InputError::Kind("spectrogram without its choices".into()))?;
        let (rows, frames) = options.size();
        Ok(Layout::plain([recipe.channels.len() * recipe.bands.len(), rows, frames], Scale::Signed))
    }

    /// One vector a channel in its cell of the scalp map.
    fn vectors(recipe: &Recipe, length: usize) -> Layout {
        let cells = ROWS * COLUMNS;
        let places: Vec<usize> = cells_of(recipe).flat_map(|cell| (0..length).map(move |d| d * cells + cell)).collect();
        Layout { shape: [length, ROWS, COLUMNS], sites: places.clone(), places, scale: Scale::Cycle(length) }
    }
}

/// Cell of every channel in the scalp map, row-major.
fn cells_of(recipe: &Recipe) -> impl Iterator<Item = usize> {
    recipe.channels.iter().filter_map(|label| scalp_map::cell(label)).map(|(row, column)| row * COLUMNS + column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(kind: &str, channels: Vec<String>, bands: usize) -> Recipe {
        let bands = (0..bands).map(|b| b.to_string()).collect();
        Recipe { kind: kind.into(), channels, bands, parameters: Default::default() }
    }

    /// Places are different, inside the input, and as many as there are features.
    #[test]
    fn every_feature_has_a_place_of_its_own() {
        let mut image = recipe("spectrogram", scalp_map::labels(), 3);
        let small = SpectrogramOptions { hop: 76, transform: 144, ..SpectrogramOptions::default() };
        image.parameters.insert("spectrogram".into(), serde_json::to_string(&small).expect("JSON"));
        let some: Vec<String> = ["Fz", "Cz"].map(String::from).to_vec();
        let cases = [
            (recipe("spectrogram-map", scalp_map::labels(), 3), 105, [3, 7, 5], 84),
            (image, 28 * 3 * 73 * 7, [84, 73, 7], 28 * 3 * 73 * 7),
            (recipe("samples", some.clone(), 0), 1200, [1, 2, 600], 1200),
            (recipe("courses", some, 30), 60, [30, 1, 2], 60),
            (recipe("inception-map", scalp_map::labels(), 3), 28 * 5, [5, 7, 5], 28 * 5),
            (recipe("face", vec![], 0), 64, [1, 8, 8], 64),
        ];
        for (recipe, features, shape, sites) in cases {
            let layout = Layout::of(&recipe, features).expect("known");
            assert_eq!((layout.shape, layout.places.len(), layout.sites.len()), (shape, features, sites), "{}", recipe.kind);
            let mut places = layout.places.clone();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), features, "{}", recipe.kind);
            assert!(places.iter().chain(&layout.sites).all(|p| *p < shape.iter().product()));
        }
        // Fp1 stands in row 0, column 1; its second band is one map further on.
        let map = Layout::of(&recipe("spectrogram-map", scalp_map::labels(), 3), 105).expect("known");
        assert_eq!((map.sites[..3].to_vec(), map.places[4]), (vec![1, 36, 71], 36));
        assert_eq!((Scale::Runs(600).group(601), Scale::Cycle(5).group(7)), (1, 2));
    }
}
