//! Parts that several screens draw with; one file each.

pub mod bar;
pub mod curve;
pub mod field;
pub mod lanes;
pub mod numbers;
pub mod scalp;
pub mod sweep;
