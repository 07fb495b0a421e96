//! MATLAB's MAT-files of level 5: numbers, text, cells and structs, compressed or not.

mod parse;
#[cfg(test)]
mod tests;

pub use parse::{Value, each, looks_like};
