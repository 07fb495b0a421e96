//! How often a visitor is shown something: additive increase, multiplicative decrease on how long it takes to take a
//! snapshot up (AIMD, Chiu and Jain 1989).
//!
//! Only the answer of the far end tells: a socket takes bytes long after nobody reads them.

use crate::signal::{Nanos, SECOND};
use std::collections::VecDeque;

/// Snapshots a second: at the start, at most (the lab makes no more), at least.
const START: f64 = 5.0;
const MOST: f64 = 10.0;
const LEAST: f64 = 0.5;
/// Shown and not taken up yet, at most.
const AHEAD: usize = 2;
/// An answer is late when it takes 1.5 times the shortest and this: a screen looks into its slot ten times a second.
const SLACK: Nanos = 150 * SECOND / 1000;
/// An answer that has not come for so long counts as late already.
const PATIENCE: Nanos = SECOND;

/// One visitor's pace.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    shortest: Option<Nanos>,
    last: Option<Nanos>,
    /// (number, shown at, counted as late already), oldest first.
    ahead: VecDeque<(u64, Nanos, bool)>,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { per_second: START, shortest: None, last: None, ahead: VecDeque::new() }
    }
}

impl Pace {
    /// How long the next snapshot has to wait; None where only an answer can make room.
    pub fn wait(&mut self, now: Nanos) -> Option<Nanos> {
        self.notice(now);
        if self.ahead.len() >= AHEAD {
            return None;
        }
        let gap = (SECOND as f64 / self.per_second) as Nanos;
        Some(self.last.map_or(0, |last| last + gap - now).max(0))
    }

    pub fn shown(&mut self, seq: u64, now: Nanos) {
        self.last = Some(now);
        self.ahead.push_back((seq, now, false));
    }

    /// The visitor has taken up this one, and so all before it. Numbers that were never shown change nothing.
    pub fn seen(&mut self, seq: u64, now: Nanos) {
        let Some(at) = self.ahead.iter().position(|(s, ..)| *s == seq) else { return };
        let mut counted = false;
        let mut took = 0;
        for (_, shown, late) in self.ahead.drain(..=at) {
            (took, counted) = (now - shown, late);
        }
        let shortest = self.shortest.map_or(took, |s| s.min(took));
        self.shortest = Some(shortest);
        if took > shortest + shortest / 2 + SLACK {
            if !counted {
                self.slower();
            }
        } else {
            self.per_second = (self.per_second + 1.0).min(MOST);
        }
    }

    /// How long the oldest unanswered one is out.
    pub fn silence(&self, now: Nanos) -> Nanos {
        self.ahead.front().map_or(0, |(_, shown, _)| now - shown)
    }

    fn notice(&mut self, now: Nanos) {
        if let Some((_, shown, late)) = self.ahead.front_mut()
            && !*late
            && now - *shown > PATIENCE
        {
            *late = true;
            self.slower();
        }
    }

    fn slower(&mut self) {
        self.per_second = (self.per_second / 2.0).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = SECOND / 1000;

    /// Snapshots taken up by a visitor that needs `delay` for each, over half a minute.
    fn shown_in_half_a_minute(delay: Nanos) -> usize {
        let (mut pace, mut shown, mut due) = (Pace::default(), 0, VecDeque::new());
        for now in (0..30_000).map(|ms| ms * MS) {
            while due.front().is_some_and(|(at, _)| *at <= now) {
                let (_, seq) = due.pop_front().expect("looked at");
                pace.seen(seq, now);
            }
            if pace.wait(now) == Some(0) {
                shown += 1;
                pace.shown(shown as u64, now);
                due.push_back((now + delay, shown as u64));
            }
        }
        shown
    }

    #[test]
    fn a_quick_visitor_gets_all_and_a_slow_one_what_it_takes() {
        assert!(shown_in_half_a_minute(20 * MS) > 280);
        let slow = shown_in_half_a_minute(2 * SECOND);
        assert!((8..=31).contains(&slow), "{slow}");
        assert_eq!(shown_in_half_a_minute(100 * SECOND), 2);
    }

    #[test]
    fn a_link_that_becomes_slow_gets_fewer_and_recovers() {
        let mut pace = Pace::default();
        let mut now = 0;
        let mut exchange = |pace: &mut Pace, seq: u64, took: Nanos| {
            now += 2 * SECOND;
            assert_eq!(pace.wait(now), Some(0));
            pace.shown(seq, now);
            now += took;
            pace.seen(seq, now);
        };
        (0..10).for_each(|seq| exchange(&mut pace, seq, 10 * MS));
        assert_eq!(pace.per_second, MOST);
        (10..12).for_each(|seq| exchange(&mut pace, seq, 400 * MS));
        assert_eq!(pace.per_second, MOST / 4.0);
        (12..30).for_each(|seq| exchange(&mut pace, seq, 10 * MS));
        assert_eq!(pace.per_second, MOST);
    }

    #[test]
    fn numbers_that_were_never_shown_change_nothing() {
        let mut pace = Pace::default();
        pace.shown(4, 0);
        pace.seen(99, MS);
        assert_eq!(pace.silence(3 * SECOND), 3 * SECOND);
        pace.seen(4, MS);
        assert_eq!(pace.silence(3 * SECOND), 0);
    }
}
