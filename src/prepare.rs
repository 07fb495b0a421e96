//! From recordings to features: filters, spectra, heart, scalp images, data sets.

pub mod dataset;
mod error;
pub mod faces;
pub mod features;
pub mod filter;
pub mod heart;
pub mod image;
pub mod interpolate;
pub mod latency;
pub mod mosaic;
pub mod pulse;
pub mod reference;
pub mod signals;
pub mod spectrum;

pub use error::PrepareError;
pub use features::{PsdOptions, Reference, Scale, band_map, feature_channels, psd_features};
pub use signals::{Segment, Signals};
