//! Causal twins of the offline forms, for live use: they know the past only, so what they give is APPROXIMATE and is
//! never stored as a feature (algorithms 1.1 and 3.3).
//!
//! The offline forms filter forwards and backwards, and min-max series over the whole trial; here one delaying pass and
//! the range of a baseline take their places. How far apart they are is measured in the tests.

mod bands;
mod baseline;
mod filter;

pub use bands::{LiveBands, RunningBands};
pub use baseline::RunningRange;
pub use filter::RunningFilter;

/// What stands beside every live value of this module.
pub const APPROXIMATE: &str = "approximate: computed from the past alone";

#[cfg(test)]
mod tests;
