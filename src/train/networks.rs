//! The networks that limbic knows by name. A new one is a file in this folder and a line in [`ARCHITECTURES`].

pub mod face_small;
pub mod seed_a;

use super::network::{Network, NetworkError};
use crate::signal::Seed;

/// What a network is built for.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// [channels, height, width].
    pub input: [usize; 3],
    pub classes: usize,
    /// Units of the hidden dense layer.
    pub hidden: usize,
}

/// A network by name.
#[derive(Clone, Copy)]
pub struct Architecture {
    pub name: &'static str,
    /// Builds it with weights drawn from the seed.
    pub build: fn(&Size, &Seed) -> Result<Network, NetworkError>,
}

impl std::fmt::Debug for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub const ARCHITECTURES: &[Architecture] = &[seed_a::ARCHITECTURE, face_small::ARCHITECTURE];

/// Their names, for sentences.
pub fn names() -> String {
    ARCHITECTURES.iter().map(|a| a.name).collect::<Vec<_>>().join(", ")
}

/// The architecture of this name.
pub fn architecture(name: &str) -> Option<Architecture> {
    ARCHITECTURES.iter().find(|a| a.name == name).copied()
}
