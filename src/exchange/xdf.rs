//! XDF 1.0, the files of LabRecorder: streams with their own stamps, and the offsets of their clocks.

mod chunks;
mod clock;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::read;
pub use write::write;
