//! Seed B's head on scalp maps (Thanh and Thinh 2025; algorithms 7): three convolutions on 7 x 5 cells, each holding the
//! features of one electrode's spectrograms.

use super::{Architecture, Size};
use crate::signal::Seed;
use crate::train::network::{Conv2d, Dense, MapLayer, Network, NetworkError, RowLayer};

pub const ARCHITECTURE: Architecture = Architecture {
    name: "seed-b-head",
    hidden: 128,
    sequence: true,
    takes: |kind| matches!(kind, "spectrogram-map" | "inception-map"),
    wants: "scalp maps (--features spectrogram-map or inception-map)",
    build,
};

/// conv 3x3 -> 2 hidden, ReLU, conv 2x2 -> hidden, ReLU, conv 1x1 -> hidden / 2, ReLU, pool 2, flatten, dense hidden,
/// ReLU, dropout 0.5, dense; the paper's kernels with 256, 128, 64 and 128 at hidden = 128.
fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let draws = &mut draws;
    let ([channels, height, width], hidden) = (size.input, size.hidden);
    let narrow = (hidden / 2).max(1);
    let maps = vec![
        Conv2d::init(channels, 2 * hidden, 3, 1, draws).into(),
        MapLayer::Relu,
        Conv2d::init(2 * hidden, hidden, 2, 0, draws).into(),
        MapLayer::Relu,
        Conv2d::init(hidden, narrow, 1, 0, draws).into(),
        MapLayer::Relu,
        MapLayer::MaxPool2d { size: [2, 2], stride: [2, 2] },
    ];
    let flat = narrow * (height.saturating_sub(1) / 2) * (width.saturating_sub(1) / 2);
    let rows = vec![
        Dense::init(flat, hidden, draws).into(),
        RowLayer::Relu,
        RowLayer::Dropout(0.5),
        Dense::init(hidden, size.classes, draws).into(),
    ];
    Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_large_as_the_paper_says() {
        let size = Size { input: [2048, 7, 5], classes: 4, hidden: 128, channels: Vec::new() };
        let network = build(&size, &Seed::new(1)).expect("fits");
        // 2048 x 256 x 9 + 256, 256 x 128 x 4 + 128, 128 x 64 + 64, 384 x 128 + 128, 128 x 4 + 4
        assert_eq!(network.parameter_count(), 4_718_848 + 131_200 + 8_256 + 49_280 + 516);
    }
}
