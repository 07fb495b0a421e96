//! Inference: ONNX Runtime where it is installed, limbic's own forward pass otherwise; calibration and fusion.

pub mod runtime;
