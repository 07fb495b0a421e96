//! The part of Python's pickle that data sets of arrays need. Nothing is ever executed: the only globals that are
//! understood build NumPy arrays, every other one refuses the file.

mod machine;
mod objects;
#[cfg(test)]
mod tests;
mod value;

pub use machine::load;
pub use value::{Array, Node, NumpyType, Pickle};
