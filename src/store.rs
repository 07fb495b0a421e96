//! Sessions on disk: a folder each of append-only, checksummed segments; sled is the catalogue over them.
//!
//! What cannot be recomputed goes to a journal first and is durable there; the catalogue is a view that can be
//! made again from journals and segments at any time. Only this module names sled.

pub mod rows;
