//! Artefact reduction of the EEG: bad channels, wavelet-enhanced ICA, ocular and cardiac components (algorithms 1.2).

pub mod bad;
pub mod clean;
pub mod components;
pub mod events;
pub mod ica;
mod log;
mod shape;
pub mod wavelet;
pub mod wica;

pub use clean::{Cleaned, Cleaning, Companions, clean};
pub use log::CleaningLog;
