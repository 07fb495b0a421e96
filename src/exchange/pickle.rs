//! The part of Python's pickle that data sets of arrays and lists of a network's weights need. Nothing is ever executed:
//! the only globals that are understood build NumPy arrays, or are those that a caller names; every other one refuses the
//! file.

mod machine;
mod objects;
#[cfg(test)]
mod tests;
mod value;

pub use machine::{load, load_kept};
pub use value::{Array, Node, NumpyType, Pickle};
