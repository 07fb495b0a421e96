//! The command line: one file a subcommand.

pub mod features;
pub mod quality;
