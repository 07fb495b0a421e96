//! SST-EmotionNet (Jia et al. 2020; algorithms 9): two streams of densely connected 3-D convolutions on interpolated
//! scalp maps, one over bands, one over time, each with gates over places and over its third dimension. The
//! interpolation is the network's first layer, so that its input, and what explanations are about, are the electrodes.

use super::{Architecture, Size};
use crate::signal::{Montage, Seed};
use crate::train::layer::{BatchNorm, Conv3d, Gate, Join, Spread};
use crate::train::network::{Dense, MapLayer, Network, NetworkError, RowLayer};
use crate::train::parameters::tensor;

pub const ARCHITECTURE: Architecture = Architecture {
    name: "sst-emotionnet",
    hidden: 50,
    sequence: false,
    takes: |kind| kind == "courses",
    wants: "band entropies and courses (--features courses)",
    build,
};

/// Side of the maps.
const SIDE: usize = 32;
/// Bands of the spectral stream; what follows them is the temporal stream's.
const BANDS: usize = 5;
/// Width of an electrode's influence, radii of the head.
const REACH: f64 = 0.15;
const BLOCKS: usize = 3;
const LAYERS: usize = 2;

/// `hidden` is the width of the dense layer, 50 as published, where every layer grows its maps by 12; other widths
/// scale that growth.
fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let [kinds, _, electrodes] = size.input;
    let growth = (size.hidden * 12 / 50).max(2);
    let spread = Spread { matrix: tensor(weights(&size.channels, electrodes), [electrodes, SIDE * SIDE]), side: [SIDE, SIDE] };
    let (spectral, wide) = stream(BANDS, 0, growth, true, &mut draws);
    let (temporal, wider) = stream(kinds.saturating_sub(BANDS), BANDS, growth, false, &mut draws);
    let maps =
        vec![MapLayer::Spread(Box::new(spread)), MapLayer::Branches { parts: vec![spectral, temporal], join: Join::Concat }];
    let rows = vec![
        Dense::init(wide + wider, size.hidden, &mut draws).into(),
        RowLayer::Dropout(0.5),
        Dense::init(size.hidden, size.classes, &mut draws).into(),
    ];
    Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)
}

/// The layers of one stream over `depth` maps from `from` on, and how many values come out.
fn stream(depth: usize, from: usize, growth: usize, spectral: bool, draws: &mut Seed) -> (Vec<MapLayer>, usize) {
    let mut maps = vec![MapLayer::Take { from, count: depth }];
    let (mut depth, mut side, mut wide) = (depth, SIDE, 2 * growth);
    if spectral {
        maps.push(Conv3d::init(1, wide, [1, 3, 3], depth, draws).into());
        maps.push(Conv3d::init(wide, wide, [1, 3, 3], depth, draws).into());
    } else {
        maps.push(Conv3d { stride: 2, ..Conv3d::init(1, wide, [3, 5, 5], depth, draws) }.into());
        maps.extend([BatchNorm::init(wide, depth).into(), MapLayer::Relu]);
        maps.push(MapLayer::MaxPool2d { size: [2, 2], stride: [2, 2] });
        maps.push(MapLayer::PoolDepth { depth, size: 2, mean: false });
        (side, depth) = (side / 4, depth / 2);
    }
    for block in 0..BLOCKS {
        for _ in 0..LAYERS {
            maps.push(MapLayer::Branches { parts: vec![Vec::new(), grown(wide, growth, depth, draws)], join: Join::Concat });
            wide += growth;
        }
        if block + 1 == BLOCKS {
            break;
        }
        let kept = if spectral { wide / 2 } else { wide };
        maps.extend([BatchNorm::init(wide, depth).into(), MapLayer::Relu]);
        maps.push(Conv3d::init(wide, kept, [1, 1, 1], depth, draws).into());
        maps.push(MapLayer::AvgPool2d { size: [2, 2], stride: [2, 2] });
        if depth > 1 {
            maps.push(MapLayer::PoolDepth { depth, size: 2, mean: true });
        }
        (wide, side, depth) = (kept, side / 2, (depth / 2).max(1));
        maps.push(Gate::init(side * side, None, draws).into());
        maps.push(Gate::init(depth, Some(depth), draws).into());
    }
    maps.extend([BatchNorm::init(wide, depth).into(), MapLayer::Relu]);
    maps.push(MapLayer::AvgPool2d { size: [side, side], stride: [1, 1] });
    maps.push(MapLayer::PoolDepth { depth, size: depth, mean: true });
    (maps, wide)
}

/// What a dense layer adds to its input: 1x1x1 to 4 growth, 3x3 over places, 3 over the depth.
fn grown(wide: usize, growth: usize, depth: usize, draws: &mut Seed) -> Vec<MapLayer> {
    vec![
        BatchNorm::init(wide, depth).into(),
        MapLayer::Relu,
        Conv3d::init(wide, 4 * growth, [1, 1, 1], depth, draws).into(),
        BatchNorm::init(4 * growth, depth).into(),
        MapLayer::Relu,
        Conv3d::init(4 * growth, growth, [1, 3, 3], depth, draws).into(),
        Conv3d::init(growth, growth, [3, 1, 1], depth, draws).into(),
    ]
}

/// How much each electrode counts at each place of the map: Gaussian in the distance on the flattened head, adding up to
/// 1 inside the head, 0 outside. Zeros for labels that are no electrodes (a network that is about to be filled).
fn weights(labels: &[String], electrodes: usize) -> Vec<f32> {
    let mut all = vec![0.0f32; electrodes * SIDE * SIDE];
    let Ok(montage) = Montage::of(labels) else { return all };
    let places: Vec<(f64, f64)> = montage.positions().iter().map(|p| p.flat()).collect();
    if places.len() != electrodes {
        return all;
    }
    for pixel in 0..SIDE * SIDE {
        // From -1.1 to 1.1, the front at the top.
        let at = |i: usize| 2.2 * (i as f64 + 0.5) / SIDE as f64 - 1.1;
        let (x, y) = (at(pixel % SIDE), -at(pixel / SIDE));
        if x.hypot(y) > 1.1 {
            continue;
        }
        let near: Vec<f64> = places.iter().map(|p| -((p.0 - x).powi(2) + (p.1 - y).powi(2)) / (2.0 * REACH * REACH)).collect();
        let most = near.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = near.iter().map(|n| (n - most).exp()).sum();
        near.iter().enumerate().for_each(|(e, n)| all[e * SIDE * SIDE + pixel] = ((n - most).exp() / total) as f32);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Predictor;

    #[test]
    fn it_fits_and_its_maps_are_averages() {
        let channels = Montage::biosemi32().labels;
        let size = Size { input: [30, 1, 32], classes: 3, hidden: 9, channels: channels.clone() };
        let network = build(&size, &Seed::new(1)).expect("fits");
        assert_eq!(network.logits(&vec![0.5; 2 * 960], 2).len(), 6);
        let all = weights(&channels, 32);
        for pixel in 0..SIDE * SIDE {
            let sum: f32 = all.iter().skip(pixel).step_by(SIDE * SIDE).sum();
            assert!(sum.abs() < 1e-5 || (sum - 1.0).abs() < 1e-5);
        }
        // Oz is the electrode that counts most at the lowest middle.
        let low = 30 * SIDE + 16;
        let strongest = (0..32).max_by(|a, b| all[a * SIDE * SIDE + low].total_cmp(&all[b * SIDE * SIDE + low]));
        assert_eq!(strongest.map(|e| channels[e].as_str()), Some("Oz"));
    }
}
