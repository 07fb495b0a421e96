//! Carries a source to the lab.
pub struct Pump;
