//! One clock: every time is i64 nanoseconds of CLOCK_MONOTONIC; UTC is tied to it by stored pairs (invariant 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Nanoseconds of the session's monotonic clock (or, where said, since the Unix epoch).
pub type Nanos = i64;

/// One second in [`Nanos`].
pub const SECOND: Nanos = 1_000_000_000;

/// Nanoseconds as seconds, for display and arithmetic on durations.
pub fn seconds(t: Nanos) -> f64 {
    t as f64 / SECOND as f64
}

/// Seconds as nanoseconds, rounded to the nearest.
pub fn to_nanos(seconds: f64) -> Nanos {
    (seconds * SECOND as f64).round() as Nanos
}

/// Where time comes from. Whatever needs time takes one of these, so that tests and the demo can run a session
/// as fast as the machine allows.
pub trait Clock: Send + Sync {
    /// Monotonic time.
    fn now(&self) -> Nanos;
    /// Wall time: nanoseconds since the Unix epoch, UTC.
    fn utc(&self) -> Nanos;
    /// Lets time pass: sleeps on a real clock, advances a manual one.
    fn wait(&self, duration: Duration);
    /// True where time only moves when somebody waits.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// A clock that threads share.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Nanos {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        t.tv_sec * SECOND + t.tv_nsec
    }

    fn utc(&self) -> Nanos {
        let t = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        t.tv_sec * SECOND + t.tv_nsec
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock that moves only when told to: the demo and the tests.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    utc_at_zero: Nanos,
}

impl ManualClock {
    /// Starts at monotonic time 0, which stands for `utc_at_zero` on the wall.
    pub fn new(utc_at_zero: Nanos) -> Self {
        ManualClock { now: AtomicI64::new(0), utc_at_zero }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Nanos {
        self.now.load(Ordering::SeqCst)
    }

    fn utc(&self) -> Nanos {
        self.utc_at_zero + self.now()
    }

    fn wait(&self, duration: Duration) {
        self.now.fetch_add(duration.as_nanos() as i64, Ordering::SeqCst);
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
