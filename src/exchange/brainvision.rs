//! BrainVision Core Data Format 1.0: a header, markers, samples in three files.

mod read;
mod write;

pub use read::read;
pub use write::write;
