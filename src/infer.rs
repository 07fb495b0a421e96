//! Inference: ONNX Runtime where it is installed, limbic's own forward pass otherwise; calibration and fusion.

pub mod aggregate;
pub mod calibrate;
pub mod convert;
pub mod epoch;
pub mod face;
pub mod fuse;
pub mod open;
pub mod predict;
pub mod runtime;
pub mod stack;
