//! When a frame was taken, and which number it has.

use crate::signal::{Clock, Nanos, SECOND};

/// A frame that is said to be older than this when it arrives has a wrong stamp.
const OLDEST: Nanos = 5 * SECOND;
/// Reading both clocks should take no longer; if it did, the reading was interrupted and is done again.
const READING: Nanos = 20_000;
/// More than so many periods between two frames: some are missing (devices D: the camera's own count is not passed on).
const MISSING: f64 = 1.5;

/// Monotonic time and wall time of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub monotonic: Nanos,
    pub utc: Nanos,
}

/// Reads both clocks at the same moment, to within half the time that the reading took.
pub(super) fn pair(clock: &dyn Clock) -> Pair {
    let read = || {
        let before = clock.now();
        let utc = clock.utc();
        let after = clock.now();
        (after - before, Pair { monotonic: before + (after - before) / 2, utc })
    };
    let mut best = read();
    for _ in 0..3 {
        if best.0 <= READING {
            break;
        }
        best = std::cmp::min_by_key(best, read(), |(took, _)| *took);
    }
    best.1
}

/// A wall-clock stamp on the monotonic clock; `pair` must be of the moment at which the stamp was made. A stamp that
/// cannot be right (of the future, or far in the past) is refused: the arrival then stands for it.
pub(super) fn captured(wall: Option<Nanos>, pair: Pair, arrived: Nanos) -> Nanos {
    let on_clock = wall.map(|wall| pair.monotonic - (pair.utc - wall));
    on_clock.filter(|t| (arrived - OLDEST..=arrived).contains(t)).unwrap_or(arrived)
}

/// Numbers frames by their time: where frames are missing, so are their numbers.
#[derive(Debug, Clone)]
pub(super) struct Count {
    period: f64,
    last: Option<(Nanos, u64)>,
}

impl Count {
    /// `rate`: nominal frames a second.
    pub(super) fn new(rate: f64) -> Count {
        Count { period: SECOND as f64 / rate, last: None }
    }

    /// The number of the frame that was taken at that time.
    pub(super) fn next(&mut self, captured: Nanos) -> u64 {
        let index = match self.last {
            None => 0,
            Some((before, index)) => {
                let periods = (captured - before) as f64 / self.period;
                index + if periods > MISSING { periods.round() as u64 } else { 1 }
            }
        };
        self.last = Some((captured, index));
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::SystemClock;

    #[test]
    fn wall_stamps_become_monotonic_ones() {
        let pair = Pair { monotonic: 50 * SECOND, utc: 1_790_000_000 * SECOND };
        let wall = 1_790_000_000 * SECOND - 12_345_678;
        assert_eq!(captured(Some(wall), pair, 50 * SECOND + 10), 50 * SECOND - 12_345_678);
        let arrived = 50 * SECOND;
        assert_eq!(captured(None, pair, arrived), arrived);
        assert_eq!(captured(Some(pair.utc + SECOND), pair, arrived), arrived, "of the future");
        assert_eq!(captured(Some(pair.utc - 6 * SECOND), pair, arrived), arrived, "too old");
    }

    #[test]
    fn the_two_clocks_are_read_together() {
        let clock = SystemClock;
        let offsets: Vec<Nanos> = (0..200).map(|_| pair(&clock)).map(|p| p.utc - p.monotonic).collect();
        let (least, most) = (offsets.iter().min().expect("some"), offsets.iter().max().expect("some"));
        assert!(most - least < 1_000_000, "the offset between the clocks moved by {} ns", most - least);
    }

    #[test]
    fn missing_frames_leave_holes_in_the_numbers() {
        let mut count = Count::new(30.0);
        let at = |frame: f64| (frame * SECOND as f64 / 30.0) as Nanos;
        let times = [0.0, 1.2, 1.9, 3.0, 5.0, 6.1, 66.1];
        let numbers: Vec<u64> = times.iter().map(|t| count.next(at(*t))).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 5, 6, 66]);
        assert_eq!(count.next(at(66.0)), 67, "time that runs backwards loses nothing");
    }
}
