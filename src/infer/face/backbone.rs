//! The frozen half of a face network: a backbone that makes maps of colour crops (MobileNetV2 or EfficientNet-Lite0 up to
//! its last maps of 14 x 14, algorithms 8.3), by ONNX Runtime.

use super::{FaceError, Picture, sizes};
use crate::infer::runtime::{OnnxSession, Runtime};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Side of the crops, pixels.
pub const SIDE: usize = 224;
/// Side of the maps: four patches want as many places.
const MAP_SIDE: usize = 14;
/// Crops that go through it at once: some 12 MB of it for each of them.
pub const BATCH: usize = 8;

/// A backbone, ready.
pub struct Backbone {
    network: OnnxSession,
    /// SHA-256 of the file, hexadecimal.
    weights: String,
    map: [usize; 3],
}

impl Backbone {
    /// Loads its file, which takes RGB of 0 to 1, channels first.
    ///
    /// # Errors
    /// No runtime, no such file, no ONNX model, or one of another input or output.
    pub fn open(runtime: &Runtime, path: &Path) -> Result<Backbone, FaceError> {
        let model = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| FaceError::Read { path: path.into(), message: e.to_string() })?;
        let network = OnnxSession::from_bytes(runtime, &model, &bytes)?;
        let three = |found: &[i64]| -> Option<[usize; 3]> {
            let wanted = found.get(1..).filter(|_| found.len() == 4)?;
            wanted.iter().map(|n| usize::try_from(*n).ok()).collect::<Option<Vec<_>>>()?.try_into().ok()
        };
        let output = network.outputs().first().map_or(&[][..], |o| o.shape.as_slice());
        let map = match (three(network.input_shape()), three(output)) {
            (Some([3, SIDE, SIDE]), Some(map @ [_, MAP_SIDE, MAP_SIDE])) if map[0] > 0 => map,
            _ => {
                let (input, output) = (sizes(network.input_shape()), sizes(output));
                return Err(FaceError::NoBackbone { model, input, output });
            }
        };
        Ok(Backbone { network, weights: Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect(), map })
    }

    /// [channels, height, width] of a map.
    pub fn map(&self) -> [usize; 3] {
        self.map
    }

    /// What tells its maps from those of another file: SHA-256, hexadecimal.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// The map of each square picture, row-major, 0 to 6; another size than [`SIDE`] is scaled first.
    ///
    /// # Errors
    /// The runtime fails.
    pub fn maps(&self, pictures: &[Picture]) -> Result<Vec<Vec<f32>>, FaceError> {
        let length = self.map.iter().product();
        let mut maps = Vec::with_capacity(pictures.len());
        for some in pictures.chunks(BATCH) {
            let input: Vec<f32> = some.iter().flat_map(|p| p.resized(SIDE, SIDE).planes(1.0 / 255.0, 0.0, false)).collect();
            let found = self.network.run(&input, &[some.len(), 3, SIDE, SIDE])?;
            maps.extend(found.chunks_exact(length).map(<[f32]>::to_vec));
        }
        Ok(maps)
    }
}
