//! limbic: emotion experiments from electrode to explanation.
//!
//! Samples flow one way: **acquire -> gate -> present -> store -> prepare -> train -> infer -> explain ->
//! show or export**. Every stage is a module of that name; the words they share stand in [`signal`].
//! ARCHITECTURE.md has the borders and the invariants; `tests/borders.rs` holds the checkable ones.

pub mod signal;

pub mod native;
pub mod rig;

pub mod acquire;
pub mod gate;
pub mod present;
pub mod store;

pub mod exchange;
pub mod prepare;

pub mod explain;
pub mod infer;
pub mod train;

pub mod study;

pub mod job;
pub mod lab;

pub mod cli;
pub mod show;
