//! From recordings to features: filters, spectra, heart, scalp images, data sets.

pub mod causal;
pub mod dataset;
pub mod eeg;
mod error;
pub mod face_map;
pub mod faces;
pub mod features;
pub mod filter;
pub mod heart;
pub mod image;
pub mod interplay;
pub mod interpolate;
pub mod latency;
pub mod linear;
pub mod mosaic;
pub mod physiology;
pub mod pulse;
pub mod recipes;
pub mod reference;
pub mod resample;
pub mod scalp_map;
pub mod signals;
pub mod spectrogram;
pub mod spectrum;

pub use error::PrepareError;
pub use features::{PsdOptions, Reference, Scale, band_map, feature_channels, psd_features};
pub use signals::{Segment, Signals};
