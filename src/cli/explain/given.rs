//! A network and samples that somebody brings: an ONNX file and NumPy arrays.

use crate::exchange::arrays::{self, Content, Stored};
use crate::explain::{Names, TestSet};
use crate::train::{Network, Predictor, onnx};
use anyhow::{Context, bail};
use std::path::Path;

/// What is to be explained.
pub struct Given {
    pub network: Network,
    pub test: TestSet,
    pub names: Names,
    /// What follows from arrays that were not there.
    pub caveats: Vec<String>,
}

/// Reads both files.
///
/// # Errors
/// An operator that limbic does not run, named; arrays that are missing or do not fit the network; values that are not
/// finite.
pub fn read(model: &Path, data: &Path) -> anyhow::Result<Given> {
    let bytes = std::fs::read(model).with_context(|| format!("cannot read {}", model.display()))?;
    let (network, card) = onnx::read_logits(&bytes).with_context(|| model.display().to_string())?;
    let arrays = Arrays { stored: arrays::read(data)?, path: data };
    let (width, classes) = (network.input_len(), Predictor::classes(&network));
    let inputs = arrays.floats("x")?.with_context(|| format!("{} has no array x: the samples", data.display()))?;
    let labels = arrays.indices("y")?.with_context(|| format!("{} has no array y: the class of every sample", data.display()))?;
    if inputs.len() != labels.len() * width {
        let [c, h, w] = network.input_shape();
        bail!(
            "x holds {} values; {} samples of {c} x {h} x {w}, as the network takes them, are {}",
            inputs.len(),
            labels.len(),
            labels.len() * width
        );
    }
    let mut caveats = Vec::new();
    let trials = arrays.indices("trials")?.unwrap_or_else(|| {
        caveats
            .push("No trials were given: intervals resample single samples and are too narrow if these belong together.".into());
        (0..labels.len()).collect()
    });
    let references = arrays.floats("references")?.unwrap_or_else(|| {
        caveats.push("No training samples were given: EG is left out, and DeepLIFT's baseline is the zero input.".into());
        Vec::new()
    });
    let [rows, lines, columns] = network.input_shape();
    let number = |n: usize| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>();
    let channels = arrays.words("channels")?;
    let bands = arrays.words("bands")?;
    let known = channels.is_some() && bands.is_some();
    let names = Names {
        model: model.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
        recipe: card.map_or("given".into(), |c| c.recipe.id()),
        channels: channels.filter(|_| known).unwrap_or_else(|| number(rows * lines)),
        bands: bands.filter(|_| known).unwrap_or_else(|| number(columns)),
        // As y calls them, so that a class is found under the number that stands in the data.
        classes: arrays.words("classes")?.unwrap_or_else(|| (0..classes).map(|i| i.to_string()).collect()),
        simulated: false,
    };
    let all = names.channels.len() * names.bands.len();
    let pixels = match arrays.indices("pixels")? {
        Some(pixels) => pixels,
        None if all == width => (0..width).collect(),
        None => bail!(
            "{} channels x {} bands are named, the network takes {width} values: the array pixels must say where each stands",
            names.channels.len(),
            names.bands.len()
        ),
    };
    Ok(Given { network, test: TestSet { inputs, labels, trials, references, pixels }, names, caveats })
}

struct Arrays<'a> {
    stored: Vec<Stored>,
    path: &'a Path,
}

impl Arrays<'_> {
    fn numbers(&self, name: &str) -> anyhow::Result<Option<&[f64]>> {
        match self.stored.iter().find(|a| a.name == name).map(|a| &a.content) {
            None => Ok(None),
            Some(Content::Numbers(values)) => match values.iter().position(|v| !v.is_finite()) {
                None => Ok(Some(values)),
                Some(at) => {
                    bail!("value {at} of {name} in {} is {}; mend or leave out that sample", self.path.display(), values[at])
                }
            },
            Some(Content::Words(_)) => bail!("{name} in {} holds words, not numbers", self.path.display()),
        }
    }

    fn floats(&self, name: &str) -> anyhow::Result<Option<Vec<f32>>> {
        Ok(self.numbers(name)?.map(|values| values.iter().map(|v| *v as f32).collect()))
    }

    fn indices(&self, name: &str) -> anyhow::Result<Option<Vec<usize>>> {
        let Some(values) = self.numbers(name)? else { return Ok(None) };
        if let Some(bad) = values.iter().find(|v| **v < 0.0 || v.fract() != 0.0) {
            bail!("{name} in {} holds {bad}; whole numbers from 0 on are wanted", self.path.display());
        }
        Ok(Some(values.iter().map(|v| *v as usize).collect()))
    }

    fn words(&self, name: &str) -> anyhow::Result<Option<Vec<String>>> {
        match self.stored.iter().find(|a| a.name == name).map(|a| &a.content) {
            None => Ok(None),
            Some(Content::Words(words)) => Ok(Some(words.clone())),
            Some(Content::Numbers(values)) => Ok(Some(values.iter().map(f64::to_string).collect())),
        }
    }
}
