//! The disk guard: how long the disk will last, when to warn, when to stop while there is still room to close.
//!
//! Stopping depends on the free bytes alone, never on an estimate, and needs two looks in a row; warnings come and
//! go at different levels. So a wrong estimate or one odd reading cannot end a session.

use super::disk;
use super::error::StoreError;
use crate::signal::{Nanos, SECOND, StreamInfo, StreamKind, seconds};
use std::path::Path;

/// A recording is ended when less than this is free: enough for what waits, the last rows and the manifest.
pub const STOP_BELOW: u64 = 16 << 20;
/// Looks in a row that must find less.
const LOOKS: u32 = 2;
/// Warned when it lasts less than this many minutes, and no longer when it lasts more than the second.
const WARN_MIN: (f64, f64) = (10.0, 15.0);
/// The rate of writing is judged over the last so many seconds.
const WINDOW: Nanos = 30 * SECOND;
/// Bytes a value: counts, floats.
const COUNT_BYTES: f64 = 2.0;
const FLOAT_BYTES: f64 = 4.0;
/// Bytes of a camera frame, on the large side.
const FRAME_BYTES: f64 = 50_000.0;

/// What the disk allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DiskState {
    #[default]
    Fine,
    /// It will not last long.
    Low,
    /// End the session now.
    Full,
}

/// Watches the disk during a recording. Pure: it is told what is free.
#[derive(Debug, Clone, Default)]
pub struct DiskGuard {
    state: DiskState,
    /// Looks in a row with too little.
    short: u32,
    /// (when, bytes written) at the beginning of the window.
    since: Option<(Nanos, u64)>,
    bytes_per_s: f64,
    /// That rate was measured, not expected.
    measured: bool,
}

impl DiskGuard {
    /// `expected` = bytes a second, until the first half minute has shown the true rate.
    pub fn new(expected: f64) -> Self {
        DiskGuard { bytes_per_s: expected, ..DiskGuard::default() }
    }

    /// One look; `free` is None where the system does not say, which changes nothing.
    pub fn look(&mut self, now: Nanos, free: Option<u64>, written: u64) -> DiskState {
        let (when, before) = *self.since.get_or_insert((now, written));
        if now - when >= WINDOW {
            self.bytes_per_s = written.saturating_sub(before) as f64 / seconds(now - when);
            (self.since, self.measured) = (Some((now, written)), true);
        }
        let Some(free) = free else { return self.state };
        self.short = if free < STOP_BELOW { self.short + 1 } else { 0 };
        let minutes = self.minutes_left(free).unwrap_or(f64::INFINITY);
        self.state = match self.state {
            DiskState::Full => DiskState::Full,
            _ if self.short >= LOOKS => DiskState::Full,
            DiskState::Low if minutes > WARN_MIN.1 => DiskState::Fine,
            DiskState::Fine if minutes < WARN_MIN.0 => DiskState::Low,
            state => state,
        };
        self.state
    }

    /// Minutes until the recording would be ended; None while nothing is written.
    pub fn minutes_left(&self, free: u64) -> Option<f64> {
        minutes(free, self.bytes_per_s)
    }

    /// The same for people: what is expected is on the large side, so that it is told only where it warns.
    pub fn minutes_to_tell(&self, free: u64) -> Option<f64> {
        self.minutes_left(free).filter(|_| self.measured || self.state != DiskState::Fine)
    }
}

fn minutes(free: u64, bytes_per_s: f64) -> Option<f64> {
    (bytes_per_s > 0.0).then(|| free.saturating_sub(STOP_BELOW) as f64 / bytes_per_s / 60.0)
}

/// Bytes a second that these streams will take, on the large side.
pub fn expected_bytes_per_s(streams: &[StreamInfo], faces_stored: bool) -> f64 {
    let of = |info: &StreamInfo| match info.kind {
        StreamKind::Signal => {
            let bytes = |step: Option<f64>| if step.is_some() { COUNT_BYTES } else { FLOAT_BYTES };
            info.rate * info.channels.iter().map(|c| bytes(c.step)).sum::<f64>()
        }
        StreamKind::Face if faces_stored => info.rate * FRAME_BYTES,
        StreamKind::Face => 0.0,
    };
    streams.iter().map(of).filter(|rate| rate.is_finite()).sum()
}

/// Refuses a session for which there is no room.
///
/// # Errors
/// [`StoreError::NoRoom`], which names the minutes that there is room for.
pub fn check_room(home: &Path, planned_s: f64, bytes_per_s: f64) -> Result<(), StoreError> {
    let Some(free) = disk::free_bytes(home) else { return Ok(()) };
    let room = minutes(free, bytes_per_s).unwrap_or(f64::INFINITY);
    let wanted = planned_s / 60.0;
    if free >= STOP_BELOW && room >= wanted {
        return Ok(());
    }
    // Whole minutes that are there and that are needed: rounded alike, 6.6 and 7 would be the same.
    let minutes = if free < STOP_BELOW { 0 } else { room as usize };
    Err(StoreError::NoRoom { home: home.into(), minutes, wanted: wanted.ceil() as usize, free: free >> 20 })
}

/// Free bytes where the home lies; None where that means nothing.
pub fn free_bytes(home: &Path) -> Option<u64> {
    disk::free_bytes(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn it_stops_after_two_looks_and_only_for_want_of_bytes() {
        let mut guard = DiskGuard::new(1e9);
        assert_eq!(guard.look(0, Some(1000 * MIB), 0), DiskState::Low, "a silly estimate warns at most");
        assert_eq!(guard.look(1, Some(STOP_BELOW - 1), 0), DiskState::Low, "one look may be odd");
        assert_eq!(guard.look(2, Some(STOP_BELOW), 0), DiskState::Low);
        assert_eq!(guard.look(3, None, 0), DiskState::Low);
        assert_eq!(guard.look(4, Some(0), 0), DiskState::Low);
        assert_eq!(guard.look(5, Some(0), 0), DiskState::Full);
        assert_eq!(guard.look(6, Some(1000 * MIB), 0), DiskState::Full, "an ended session does not begin again");
    }

    #[test]
    fn warnings_come_and_go_at_different_levels() {
        // 1 MiB a second: a minute is 60 MiB.
        let mut guard = DiskGuard::new(MIB as f64);
        let free = |minutes: u64| Some(STOP_BELOW + minutes * 60 * MIB);
        let states: Vec<DiskState> = [30, 11, 9, 12, 14, 16, 12, 9].iter().map(|m| guard.look(0, free(*m), 0)).collect();
        let (f, l) = (DiskState::Fine, DiskState::Low);
        assert_eq!(states, [f, f, l, l, l, f, f, l]);
        assert_eq!(guard.minutes_left(STOP_BELOW + 90 * 60 * MIB), Some(90.0));
    }

    #[test]
    fn the_true_rate_replaces_the_expected_one() {
        let mut guard = DiskGuard::new(100.0 * MIB as f64);
        let free = STOP_BELOW + 600 * MIB;
        assert_eq!((guard.minutes_left(free), guard.minutes_to_tell(free)), (Some(0.1), None));
        guard.look(0, Some(free), 0);
        assert_eq!(guard.minutes_to_tell(free), Some(0.1), "it warns");
        for s in 0..=30 {
            guard.look(s * SECOND, Some(free), s as u64 * MIB);
        }
        assert_eq!((guard.minutes_left(free), guard.minutes_to_tell(free)), (Some(10.0), Some(10.0)));
        let mut ample = DiskGuard::new(12.0 * MIB as f64);
        let told: Vec<_> = (0..=30)
            .map(|s| {
                ample.look(s * SECOND, Some(1000 * free), s as u64 * MIB);
                ample.minutes_to_tell(1000 * free).is_some()
            })
            .collect();
        assert_eq!(told.iter().position(|told| *told), Some(30), "a disk that is not low is judged by what was measured");
        assert_eq!(DiskGuard::new(0.0).minutes_left(free), None);
    }

    #[test]
    fn a_session_without_room_is_refused_in_minutes() {
        let dir = tempfile::tempdir().expect("dir");
        assert!(check_room(dir.path(), 60.0, 1.0).is_ok());
        let refused = check_room(dir.path(), 1e9, 1e9).expect_err("no disk is as large").to_string();
        assert!(refused.contains("room for 0 minutes") && refused.contains("needs about 16666667 minutes"), "{refused}");
        let free = free_bytes(dir.path()).expect("known");
        let room = |minutes: f64, planned_s| {
            let rate = free.saturating_sub(STOP_BELOW) as f64 / 60.0 / minutes;
            check_room(dir.path(), planned_s, rate).expect_err("too little").to_string()
        };
        assert!(room(1.5, 3600.0).contains("room for 1 minute at") && room(1.5, 3600.0).contains("about 60 minutes;"));
        assert!(room(0.5, 45.0).contains("room for 0 minutes") && room(0.5, 45.0).contains("about 1 minute;"));
    }
}
