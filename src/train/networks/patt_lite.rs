//! PAtt-Lite for faces (Ngwe et al. 2024; algorithms 8.3) with its defect mended: the attention is among the four patches
//! of one image and never across the batch, so that an answer does not depend on the other images.

use super::{Architecture, Size};
use crate::prepare::face_map;
use crate::signal::Seed;
use crate::train::layer::{Attention, BatchNorm};
use crate::train::network::{Conv2d, Dense, MapLayer, Network, NetworkError, RowLayer};

pub const ARCHITECTURE: Architecture = Architecture {
    name: "patt-lite",
    hidden: 32,
    sequence: false,
    takes: |kind| kind == "face" || kind == face_map::KIND,
    wants: "face pictures (--modality face), or a backbone's maps of them",
    build,
};

/// Maps with more channels than a picture are a backbone's features already.
const PICTURE: usize = 3;

/// A picture goes through a small backbone of depthwise convolutions trained from scratch; a backbone's features
/// (576 x 14 x 14 of MobileNetV2, 672 of EfficientNet-Lite0) go straight to the patches. `hidden` is the width of a token (32 as published; all
/// other widths follow).
fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let draws = &mut draws;
    let [channels, height, width] = size.input;
    let mut maps: Vec<MapLayer> = Vec::new();
    let (mut side, mut wide) = ([height, width], channels);
    if channels <= PICTURE {
        wide = (size.hidden / 2).max(1);
        maps.push(Conv2d { stride: [2, 2], ..Conv2d::init(channels, wide, 3, 1, draws) }.into());
        maps.extend([BatchNorm::init(wide, 1).into(), MapLayer::Relu]);
        for _ in 0..2 {
            maps.push(Conv2d { padding: [1, 1], ..Conv2d::shaped([wide, wide], [3, 3], wide, draws) }.into());
            maps.extend([BatchNorm::init(wide, 1).into(), MapLayer::Relu]);
            maps.push(Conv2d::init(wide, 2 * wide, 1, 0, draws).into());
            wide *= 2;
            maps.extend([BatchNorm::init(wide, 1).into(), MapLayer::Relu]);
        }
        side = side.map(|s| s.div_ceil(2));
    }
    let patch = 8 * size.hidden;
    // "Same" padding of a 4 x 4 window with stride 4.
    let missing = side.map(|s| (s.div_ceil(4) * 4).saturating_sub(s));
    let sides = [missing[0] / 2, missing[1] / 2, missing[0] - missing[0] / 2, missing[1] - missing[1] / 2];
    maps.push(MapLayer::Pad { sides, value: 0.0 });
    for (kernel, inputs) in [(4, wide), (2, patch)] {
        let depthwise = Conv2d::shaped([inputs, inputs], [kernel, kernel], inputs, draws);
        maps.push(Conv2d { stride: [kernel, kernel], ..depthwise }.into());
        maps.extend([Conv2d::init(inputs, patch, 1, 0, draws).into(), MapLayer::Relu]);
    }
    maps.extend([Conv2d::init(patch, patch, 1, 0, draws).into(), MapLayer::Relu, MapLayer::Dropout(0.1)]);
    // A dense layer for each token is a convolution of 1 x 1.
    maps.extend([Conv2d::init(patch, size.hidden, 1, 0, draws).into(), MapLayer::Relu]);
    maps.push(MapLayer::Attention(Box::new(Attention::init())));
    let patches = side.map(|s| s.div_ceil(4) / 2);
    maps.push(MapLayer::AvgPool2d { size: patches, stride: [1, 1] });
    maps.push(BatchNorm::init(size.hidden, 1).into());
    let rows: Vec<RowLayer> = vec![Dense::init(size.hidden, size.classes, draws).into()];
    Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Predictor;

    /// The published layer mixes the images of a batch; here an image is answered alike in any company.
    #[test]
    fn an_image_is_answered_the_same_alone_and_in_any_batch() {
        let mut draws = Seed::new(6);
        for input in [[1, 32, 32], [24, 14, 14]] {
            let size = Size { input, classes: 4, hidden: 8, channels: Vec::new() };
            let network = build(&size, &Seed::new(1)).expect("fits");
            let length = network.input_len();
            // Large values, since the answers of an untrained network hardly differ between images.
            let x: Vec<f32> = (0..7 * length).map(|_| 100.0 * draws.normal() as f32).collect();
            let together = network.logits(&x, 7);
            let spread = together.chunks(4).fold(0.0_f32, |most, row| most.max((row[0] - together[0]).abs()));
            assert!(spread > 1e-5, "all images are alike to it: {spread}");
            for i in 0..7 {
                let alone = network.logits(&x[i * length..(i + 1) * length], 1);
                let apart = alone.iter().zip(&together[4 * i..]).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
                assert!(apart <= 1e-2 * spread, "image {i} is {apart} away from itself, images {spread} from each other");
            }
        }
    }
}
