//! A small network for grey face crops: two convolutions with pooling, one hidden dense layer. Ours, not a paper's:
//! a session has hundreds of frames, which would not feed anything larger.

use super::{Architecture, Size};
use crate::signal::Seed;
use crate::train::network::{Conv2d, Dense, MapLayer, Network, NetworkError, RowLayer};

pub const ARCHITECTURE: Architecture = Architecture {
    name: "face-small",
    hidden: 32,
    sequence: true,
    takes: |kind| kind == "face",
    wants: "face pictures (--modality face)",
    build,
};

/// The network for one grey image of `side` x `side` pixels.
///
/// # Errors
/// A side below 4, which two poolings reduce to nothing; no class at all.
pub fn face_small(side: usize, classes: usize, hidden: usize, seed: &Seed) -> Result<Network, NetworkError> {
    build(&Size { input: [1, side, side], classes, hidden, channels: Vec::new() }, seed)
}

/// conv 3x3 -> 8, ReLU, pool 2, conv 3x3 -> 16, ReLU, pool 2, flatten, dropout 0.2, dense, ReLU, dense.
fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let [channels, height, width] = size.input;
    let pool = || MapLayer::MaxPool2d { size: [2, 2], stride: [2, 2] };
    let maps = vec![
        Conv2d::init(channels, 8, 3, 1, &mut draws).into(),
        MapLayer::Relu,
        pool(),
        Conv2d::init(8, 16, 3, 1, &mut draws).into(),
        MapLayer::Relu,
        pool(),
    ];
    let rows = vec![
        RowLayer::Dropout(0.2),
        Dense::init(16 * (height / 2 / 2) * (width / 2 / 2), size.hidden, &mut draws).into(),
        RowLayer::Relu,
        Dense::init(size.hidden, size.classes, &mut draws).into(),
    ];
    Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)
}
