//! EEG-ITNet (Salami et al. 2022; algorithms 9): three inception branches over time and electrodes, then four blocks of
//! dilated causal convolutions. Designed for motor imagery; here a baseline on stretches of samples.

use super::{Architecture, Size};
use crate::signal::Seed;
use crate::train::layer::{BatchNorm, Join};
use crate::train::network::{Conv2d, Curve, Dense, Limit, MapLayer, Network, NetworkError, RowLayer};

pub const ARCHITECTURE: Architecture = Architecture {
    name: "eeg-itnet",
    hidden: 14,
    sequence: false,
    takes: |kind| kind == "samples",
    wants: "stretches of samples (--features samples)",
    build,
};

/// Number of temporal filters and their length, as published for 125 samples a second.
const BRANCHES: [(usize, usize); 3] = [(2, 16), (4, 32), (8, 64)];
/// The authors' rate across subjects; within one they take 0.4.
const DROPOUT: f64 = 0.2;

/// [1, electrodes, samples]; `hidden` is the number of maps of the last 1 x 1 convolution (14 in the authors' code).
fn build(size: &Size, seed: &Seed) -> Result<Network, NetworkError> {
    let mut draws = seed.fork("weights");
    let draws = &mut draws;
    let [_, electrodes, samples] = size.input;
    let (elu, pool) = (|| MapLayer::Curve(Curve::Elu(1.0)), || MapLayer::AvgPool2d { size: [1, 4], stride: [1, 4] });
    let branch = |(filters, length): (usize, usize), draws: &mut Seed| {
        vec![
            MapLayer::Pad { sides: [0, (length - 1) / 2, 0, length / 2], value: 0.0 },
            Conv2d::shaped([1, filters], [1, length], 1, draws).into(),
            BatchNorm::init(filters, 1).into(),
            Conv2d::shaped([filters, filters], [electrodes, 1], filters, draws).into(),
            BatchNorm::init(filters, 1).into(),
            elu(),
        ]
    };
    let parts = BRANCHES.into_iter().map(|b| branch(b, draws)).collect();
    let wide: usize = BRANCHES.iter().map(|b| b.0).sum();
    let mut maps = vec![MapLayer::Branches { parts, join: Join::Concat }, pool(), MapLayer::Dropout(DROPOUT)];
    for dilation in [1, 2, 4, 8] {
        let mut block = Vec::new();
        for _ in 0..2 {
            block.push(MapLayer::Pad { sides: [0, 3 * dilation, 0, 0], value: 0.0 });
            let conv = Conv2d::shaped([wide, wide], [1, 4], wide, draws);
            block.push(Conv2d { dilation: [1, dilation], ..conv }.into());
            block.extend([BatchNorm::init(wide, 1).into(), elu(), MapLayer::Dropout(DROPOUT)]);
        }
        maps.push(MapLayer::Branches { parts: vec![Vec::new(), block], join: Join::Sum });
    }
    maps.push(Conv2d::shaped([wide, size.hidden], [1, 1], 1, draws).into());
    maps.extend([BatchNorm::init(size.hidden, 1).into(), elu(), pool(), MapLayer::Dropout(DROPOUT)]);
    let rows: Vec<RowLayer> = vec![Dense::init(size.hidden * (samples / 4 / 4), size.classes, draws).into()];
    let network = Network::new(&format!("{} hidden={}", ARCHITECTURE.name, size.hidden), size.input, maps, rows)?;
    // Odd convolutions of the branches are temporal, even ones spatial; neither has a bias.
    let network = (1..=6).fold(network, |n, conv| n.limited(&format!("conv{conv}.bias"), Limit::Zero));
    let network = [2, 4, 6].iter().fold(network, |n, conv| n.limited(&format!("conv{conv}.weight"), Limit::Norm(1.0)));
    Ok(network.limited("dense1.weight", Limit::Norm(0.25)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 600 samples at 200 a second: 150, then 37 places of 14 maps.
    #[test]
    fn as_large_as_published_and_within_its_limits() {
        let size = Size { input: [1, 32, 600], classes: 4, hidden: 14, channels: Vec::new() };
        let network = build(&size, &Seed::new(1)).expect("fits");
        let parameters = network.parameters();
        let dense = parameters.iter().find(|p| p.name == "dense1.weight").expect("there");
        assert_eq!(dense.shape(), [518, 4]);
        for column in 0..4 {
            let norm: f32 = dense.values().iter().skip(column).step_by(4).map(|w| w * w).sum();
            assert!(norm <= 0.0626, "{norm}");
        }
        let spatial = parameters.iter().find(|p| p.name == "conv6.weight").expect("there");
        assert_eq!((spatial.shape(), parameters[1].values()), (vec![8, 1, 32, 1], vec![0.0; 2]));
    }
}
