//! Seed A's network for 22 x 22 scalp images (App. B of the paper; algorithms 5.1).

use super::{Architecture, Size};
use crate::signal::Seed;
use crate::train::network::{Conv2d, Dense, MapLayer, Network, NetworkError, RowLayer};

pub const ARCHITECTURE: Architecture = Architecture {
    name: "seed-a-cnn",
    hidden: 512,
    sequence: true,
    takes: |kind| !matches!(kind, "samples" | "courses" | "inception-map" | "face-map"),
    wants: "images (--features psd, bhi-..., spectrogram, spectrogram-map)",
    build,
};

/// The network for one 22 x 22 image; the paper's hidden layer has 512 units.
///
/// # Errors
/// No class at all.
pub fn seed_a(classes: usize, hidden: usize, seed: &Seed) -> Result<Network, NetworkError> {
    build(&Size { input: [1, 22, 22], classes, hidden, channels: Vec::new() }, seed)
}

/// As [`seed_a`], with other numbers of feature maps than the paper's 32 and 64.
///
/// # Errors
/// No class at all.
pub fn seed_a_of(feature_maps: [usize; 2], classes: usize, hidden: usize, seed: &Seed) -> Result<Network, NetworkError> {
    layered(feature_maps, &Size { input: [1, 22, 22], classes, hidden, channels: Vec::new() }, seed)
}

fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    layered([32, 64], size, seed)
}

/// conv 3x3 -> 32, ReLU, conv 3x3 -> 64, ReLU (padding 1 keeps the electrode grid), flatten, dropout 0.2, dense,
/// ReLU, dense.
fn layered([first, second]: [usize; 2], size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let [channels, height, width] = size.input;
    let maps = vec![
        Conv2d::init(channels, first, 3, 1, &mut draws).into(),
        MapLayer::Relu,
        Conv2d::init(first, second, 3, 1, &mut draws).into(),
        MapLayer::Relu,
    ];
    let rows = vec![
        RowLayer::Dropout(0.2),
        Dense::init(second * height * width, size.hidden, &mut draws).into(),
        RowLayer::Relu,
        Dense::init(size.hidden, size.classes, &mut draws).into(),
    ];
    Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)
}
