//! The background half: owns sources, store, player, protocol and the running job. Screens speak to it in messages.

pub mod message;
