//! The terminal half, a client of the lab: one file a screen (its keys and its drawing together), one a widget.
//!
//! Everything but [`terminal`] is pure: keys and snapshots go in, commands and cells come out. A screen owns no
//! device and no store; it knows the world from the latest [`crate::lab::message::Snapshot`] alone.

pub mod app;
pub mod caps;
mod chrome;
pub mod command;
pub mod encode;
pub mod example;
pub mod hint;
pub mod keys;
pub mod pace;
pub mod paint;
pub mod palette;
pub mod pen;
pub mod picture;
pub mod popup;
pub mod screen;
mod sgr;
mod terminal;
pub mod topography;
pub mod widget;
pub mod words;

mod camera;
mod devices;
mod explain;
mod gate;
mod haste;
mod help;
mod home;
mod label;
mod link;
mod montage;
mod participant;
mod playlist;
mod rate;
mod rating;
mod review;
mod session;
mod summary;
mod train;

pub use app::App;
pub use caps::{Caps, Depth};
pub use link::{Input, Left, Link, Program, Standing};
pub use rate::RateScreen;
pub use screen::Place;
pub use terminal::{Options, rate, run, run_from};
