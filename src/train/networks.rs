//! The networks that limbic knows by name. A new one is a file in this folder and a line in [`ARCHITECTURES`].

mod eeg_itnet;
pub mod face_small;
mod patt_lite;
pub mod seed_a;
mod seed_b_head;
mod sst_emotion;

use super::network::{Network, NetworkError};
use crate::signal::Seed;

/// What a network is built for.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// [channels, height, width].
    pub input: [usize; 3],
    pub classes: usize,
    /// Units of the hidden dense layer, or what the network says of its width.
    pub hidden: usize,
    /// Electrodes in the order of the input, where it has any.
    pub channels: Vec<String>,
}

/// A network by name.
#[derive(Clone, Copy)]
pub struct Architecture {
    pub name: &'static str,
    /// The published width, which [`Size::hidden`] scales.
    pub hidden: usize,
    /// A plain sequence of layers, which is read from its file node by node; others are built by name and filled.
    pub sequence: bool,
    /// Whether it takes features of this kind of recipe.
    pub takes: fn(&str) -> bool,
    /// What it takes, for sentences.
    pub wants: &'static str,
    /// Builds it with weights drawn from the seed.
    pub build: fn(&Size, &Seed) -> Result<Network, NetworkError>,
}

impl std::fmt::Debug for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub const ARCHITECTURES: &[Architecture] = &[
    seed_a::ARCHITECTURE,
    seed_b_head::ARCHITECTURE,
    eeg_itnet::ARCHITECTURE,
    sst_emotion::ARCHITECTURE,
    patt_lite::ARCHITECTURE,
    face_small::ARCHITECTURE,
];

/// Their names, for sentences.
pub fn names() -> String {
    ARCHITECTURES.iter().map(|a| a.name).collect::<Vec<_>>().join(", ")
}

/// The architecture of this name.
pub fn architecture(name: &str) -> Option<Architecture> {
    ARCHITECTURES.iter().find(|a| a.name == name).copied()
}
