//! From recordings to features: filters, spectra, heart, scalp images, data sets.

pub mod dataset;
pub mod image;
