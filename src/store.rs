//! Sessions on disk: a folder each of append-only, checksummed segments; sled is the catalogue over them.
//!
//! What cannot be recomputed goes to a journal first and is durable there; the catalogue is a view that can be
//! made again from journals and segments at any time. Only this module names sled.
//!
//! ```text
//! HOME/lock                       held by the one process that writes
//! HOME/db/                        the catalogue (sled)
//! HOME/home-000.seg               journal of people, models, predictions, explanations
//! HOME/models/                    files that rows point to
//! HOME/drafts.json                what was typed and not yet sent
//! HOME/0123456789abcdef/          one session: journal-000.seg, NAME-000.seg a stream, manifest.json at the end
//! ```

pub mod rows;

mod align;
mod catalogue;
mod check;
mod codec;
mod delivery;
mod disk;
mod drafts;
mod entrance;
mod erase;
mod error;
mod frames;
mod grids;
mod guard;
mod home;
mod import;
mod journal;
mod keys;
mod lane;
mod log;
mod manifest;
mod mend;
mod query;
mod recorder;
mod recording;
mod redact;
mod repair;
mod resume;
mod search;
mod segment;
mod session_id;
mod timing;
mod writer;

pub use check::{Damage, FileCheck, StreamCheck, VerifyReport};
pub use delivery::{Delivery, Gap};
pub use entrance::{CODE_RULE, is_code};
pub use erase::Erased;
pub use error::StoreError;
pub use guard::{DiskGuard, DiskState, STOP_BELOW, check_room, expected_bytes_per_s, free_bytes};
pub use home::{Home, RebuildReport};
pub use import::{Samples, WholeSession, WholeStream, Windows};
pub use recorder::{LatencySummary, Recorder, RecorderInput, RecorderStatus, StreamTally};
pub use recording::{Block, Recording, Scratch, Unreadable, tell_of_damage};
pub use redact::{How, Redacted};
pub use repair::Repaired;
pub use resume::Continuation;
pub use search::Search;
pub use segment::Recovery;
pub use timing::{ClockSummary, Stamps, StreamClock};
pub use writer::SessionWriter;
