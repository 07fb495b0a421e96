//! The terminal half, a client of the lab: one file a screen (its keys and its drawing together), one a widget.

pub mod palette;
pub mod topography;
