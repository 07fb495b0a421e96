//! BIDS-EEG data sets (Pernet et al. 2019), both ways.

mod describe;
mod events;
mod lab;
mod people;
mod physio;
mod read;
mod write;

pub use read::{Run, read, runs};
pub use write::{Eeg, Options, Written, export};
