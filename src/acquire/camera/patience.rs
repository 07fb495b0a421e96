//! How long the camera is waited for, and how long between attempts to open it again.

use std::time::Duration;

/// How long is too long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Without a frame: a stall.
    pub stall: Duration,
    /// For opening.
    pub open: Duration,
    /// Before the first new attempt; doubled with each.
    pub pause: Duration,
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            stall: Duration::from_secs(2),
            open: Duration::from_secs(5),
            pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(1),
        }
    }
}
