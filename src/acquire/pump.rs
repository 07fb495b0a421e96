//! Carries a source to the lab.
