//! Quiet for a machine that records: the seven threads that sled keeps for its files wait one second at a time, and each
//! waking costs an idle processor more than a write of the recorder's.
//!
//! Threads take over the timer slack of the thread that starts them, and sled starts its own within our first calls. The
//! kernel may let a wait with slack end later by so much; work for those threads wakes them at once as ever.

use rustix::thread::set_current_timer_slack;
use std::num::NonZeroU64;

/// Nanoseconds: as late as an idle look at an empty queue may be.
const SLACK: Option<NonZeroU64> = NonZeroU64::new(60_000_000_000);

/// While it lives, what this thread starts inherits the slack.
pub(super) struct Idle;

impl Idle {
    /// Where the kernel knows no slack, the threads wake as they always did.
    pub(super) fn begin() -> Idle {
        let _ = set_current_timer_slack(SLACK); // only comfort is at stake
        Idle
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let _ = set_current_timer_slack(None); // as above: back to this thread's own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::thread::current_timer_slack;

    #[test]
    fn threads_that_are_started_meanwhile_inherit_the_slack_and_we_do_not_keep_it() {
        // The kernel tells the lower 32 bits only.
        let slack = || current_timer_slack().expect("known") as u32;
        let before = slack();
        let idle = Idle::begin();
        let inherited = std::thread::spawn(slack).join().expect("ends");
        drop(idle);
        assert_eq!((inherited, slack()), (SLACK.map_or(0, NonZeroU64::get) as u32, before));
    }
}
