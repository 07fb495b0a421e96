//! Expression networks: a square face in, class probabilities out.

use super::crop::{Cut, crop};
use super::{Face, FaceError, Picture, sizes};
use crate::infer::calibrate::softmax;
use crate::infer::runtime::{OnnxSession, Runtime};
use crate::prepare::faces::standardised;
use crate::train::card::Card;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Metadata key of [`About`] in models that `limbic setup --models` makes.
pub const ABOUT_KEY: &str = "limbic.expression";

/// What must be known of an expression network; stored in the file as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    pub classes: Vec<String>,
    /// "rgb" or "grey".
    pub colour: String,
    /// The network's values are `scale * v + offset` of 0-255.
    pub scale: f32,
    pub offset: f32,
    /// Side of the square over the longer side of the box.
    pub margin: f32,
    /// The last layer is a softmax.
    pub probabilities: bool,
    /// 1: not calibrated.
    pub temperature: f64,
    /// Brought to mean 0 and standard deviation 1 within the picture, as limbic's own networks are trained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standardised: bool,
}

impl About {
    fn seven(classes: [&str; 7], colour: &str, (scale, offset): (f32, f32)) -> About {
        About {
            classes: classes.map(String::from).to_vec(),
            colour: colour.into(),
            scale,
            offset,
            margin: 1.0,
            probabilities: true,
            temperature: 1.0,
            standardised: false,
        }
    }

    /// The network of the npm package @vladmandic/face-api: RGB 0-255, its scaling is in the graph.
    pub fn face_api() -> About {
        About::seven(["neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"], "rgb", (1.0, 0.0))
    }

    /// Grey networks of 64 x 64 in the tradition of FER2013.
    pub fn grey_64() -> About {
        About::seven(["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"], "grey", (2.0 / 255.0, -1.0))
    }
}

/// A network that reads expressions.
pub struct Expression {
    session: OnnxSession,
    pub about: About,
    side: usize,
    channels: usize,
}

impl Expression {
    /// Opens a network. What it is comes from the file's own words; where it has none, two well-known shapes are
    /// recognised: 3 x 112 x 112 and 1 x 64 x 64 with seven classes.
    ///
    /// # Errors
    /// No runtime or file, an input that is no square picture, a class list of another length than the output.
    pub fn open(runtime: &Runtime, path: &Path) -> Result<Expression, FaceError> {
        Expression::of(OnnxSession::load_single(runtime, path)?)
    }

    /// As [`Expression::open`], of a loaded model.
    ///
    /// # Errors
    /// As there.
    pub fn of(session: OnnxSession) -> Result<Expression, FaceError> {
        let wrong = |message: String| FaceError::NoExpression { model: session.name().into(), message };
        let size = |d: i64| usize::try_from(d).unwrap_or(0);
        let (channels, side) = match *session.input_shape() {
            [_, c, h, w] if (c == 1 || c == 3) && h == w && h >= 8 => (size(c), size(h)),
            ref other => {
                let found = sizes(other);
                return Err(wrong(format!("its input is {found}; a square picture of 1 or 3 colours is wanted")));
            }
        };
        let classes = session.outputs().first().and_then(|o| o.shape.last().copied()).map_or(0, size);
        let about = about(&session, channels, side, classes).map_err(wrong)?;
        if about.classes.len() != classes {
            let (named, found) = (about.classes.len(), classes);
            return Err(wrong(format!("it names {named} classes and answers with {found} numbers; its class list is wrong")));
        }
        Ok(Expression { session, about, side, channels })
    }

    pub fn name(&self) -> &str {
        self.session.name()
    }

    /// The crop that this network is given.
    pub fn cut(&self) -> Cut {
        Cut { side: self.side, margin: self.about.margin, level: true }
    }

    /// Probabilities of a face, in the order of [`About::classes`], at the network's temperature.
    ///
    /// # Errors
    /// The runtime fails.
    pub fn read(&self, picture: &Picture, face: &Face) -> Result<Vec<f64>, FaceError> {
        let square = crop(picture, face, &self.cut());
        Ok(self.read_squares(std::slice::from_ref(&square))?.pop().unwrap_or_default())
    }

    /// Probabilities of squares that are cut already.
    ///
    /// # Errors
    /// The runtime fails, or a square has another side than the network's.
    pub fn read_squares(&self, squares: &[Picture]) -> Result<Vec<Vec<f64>>, FaceError> {
        let input: Vec<f32> = squares.iter().flat_map(|s| self.tensor(s)).collect();
        let output = self.session.run(&input, &[squares.len(), self.channels, self.side, self.side])?;
        let temperature = self.about.temperature;
        Ok(output
            .chunks_exact(self.about.classes.len().max(1))
            .map(|row| match self.about.probabilities {
                // A softmax that is in the graph is undone by the logarithm, up to a constant that changes nothing.
                true => softmax(&row.iter().map(|p| f64::from(*p).max(1e-12).ln()).collect::<Vec<_>>(), temperature),
                false => softmax(row, temperature),
            })
            .collect())
    }

    fn tensor(&self, square: &Picture) -> Vec<f32> {
        let (scale, offset) = (self.about.scale, self.about.offset);
        if self.channels == 3 {
            return square.planes(scale, offset, false);
        }
        let luma = |p: &[u8]| 0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]);
        let grey: Vec<f32> = square.rgb.chunks_exact(3).map(|p| scale * luma(p) + offset).collect();
        if self.about.standardised { standardised(grey) } else { grey }
    }
}

fn about(session: &OnnxSession, channels: usize, side: usize, classes: usize) -> Result<About, String> {
    if let Some(text) = session.metadata(ABOUT_KEY) {
        return serde_json::from_str(text).map_err(|e| format!("its description ({ABOUT_KEY}) is not readable: {e}"));
    }
    if let Some(text) = session.metadata(crate::train::onnx::CARD_KEY) {
        let card: Card = serde_json::from_str(text).map_err(|e| format!("its card is not readable: {e}"))?;
        let scaled = |key: &str, default: f32| card.recipe.parameters.get(key).and_then(|v| v.parse().ok()).unwrap_or(default);
        return Ok(About {
            classes: card.classes.clone(),
            colour: if channels == 3 { "rgb" } else { "grey" }.into(),
            scale: scaled("pixel_scale", 1.0 / 255.0),
            offset: scaled("pixel_offset", 0.0),
            margin: scaled("margin", super::crop::TRAINING.margin),
            probabilities: false,
            temperature: card.temperature,
            standardised: card.recipe.parameters.get("scale").is_some_and(|s| s.starts_with("mean 0")),
        });
    }
    match (channels, side, classes) {
        (3, 112, 7) => Ok(About::face_api()),
        (1, 64, 7) => Ok(About::grey_64()),
        _ => Err(format!(
            "it does not say its classes, and {classes} classes of {channels} x {side} x {side} are none that limbic knows; \
             take one from `limbic setup --models` or one that limbic trained"
        )),
    }
}
