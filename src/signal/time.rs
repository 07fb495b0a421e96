//! One clock: every time is i64 nanoseconds of CLOCK_MONOTONIC; UTC is tied to it by stored pairs (invariant 3).

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
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
    /// Names what monotonic time counts from: another number after the computer was started again. 0 = not known.
    fn origin(&self) -> u64 {
        0
    }
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

    /// The beginning of the kernel's own name for this start of the computer.
    fn origin(&self) -> u64 {
        static BOOT: OnceLock<u64> = OnceLock::new();
        *BOOT.get_or_init(|| {
            let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
            let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
            u64::from_str_radix(&digits, 16).unwrap_or(0)
        })
    }
}

/// A clock whose monotonic time is another one's, moved: a session that was begun before the computer was started
/// again goes on with its own time.
pub struct ShiftedClock {
    inner: SharedClock,
    shift: AtomicI64,
}

impl ShiftedClock {
    /// Not moved at first.
    pub fn new(inner: SharedClock) -> Self {
        ShiftedClock { inner, shift: AtomicI64::new(0) }
    }

    /// The clock that is moved.
    pub fn inner(&self) -> SharedClock {
        self.inner.clone()
    }

    /// Moves the time by so much more. Nothing may be under way that has taken stamps.
    pub fn shift(&self, by: Nanos) {
        self.shift.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Nanos {
        self.inner.now() + self.shift.load(Ordering::SeqCst)
    }

    fn utc(&self) -> Nanos {
        self.inner.utc()
    }

    fn wait(&self, duration: Duration) {
        self.inner.wait(duration);
    }

    fn is_simulated(&self) -> bool {
        self.inner.is_simulated()
    }

    /// Another one for each shift, since times of one cannot be compared with times of the other.
    fn origin(&self) -> u64 {
        let (origin, shift) = (self.inner.origin(), self.shift.load(Ordering::SeqCst));
        if origin == 0 { 0 } else { origin ^ (shift as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) }
    }
}

/// A clock that moves only when told to: the demo and the tests.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    utc_at_zero: Nanos,
    origin: u64,
}

impl ManualClock {
    /// Starts at monotonic time 0, which stands for `utc_at_zero` on the wall.
    pub fn new(utc_at_zero: Nanos) -> Self {
        ManualClock::of_origin(utc_at_zero, 0)
    }

    /// The same, as a computer that names its starts: see [`Clock::origin`].
    pub fn of_origin(utc_at_zero: Nanos, origin: u64) -> Self {
        ManualClock { now: AtomicI64::new(0), utc_at_zero, origin }
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

    fn origin(&self) -> u64 {
        self.origin
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
